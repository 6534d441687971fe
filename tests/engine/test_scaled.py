"""Numbers of any size: sums and products beside exact fractions, zeros included."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fascinet.engine.reference.scaled import LEAST, Scaled

doubles = st.one_of(
    st.just(0.0), st.floats(5e-324, 1.0), st.integers(-1070, 0).map(lambda e: 2.0**e)
)


def exact(number: Scaled) -> list[Fraction]:
    pairs = zip(number.mantissa.ravel().tolist(), number.exponent.ravel().tolist(), strict=True)
    return [Fraction(m) * Fraction(2) ** e if m else Fraction(0) for m, e in pairs]


@given(st.lists(st.tuples(doubles, doubles, doubles), min_size=1, max_size=5))
def test_a_sum_of_products_is_right_however_small(rows: list[tuple[float, float, float]]) -> None:
    parts = [Scaled.of(np.array(column)) for column in zip(*rows, strict=True)]
    product = parts[0].times(parts[1]).times(parts[2])
    want = [Fraction(a) * Fraction(b) * Fraction(c) for a, b, c in rows]
    for got, one in zip(exact(product), want, strict=True):
        assert abs(got - one) <= one * Fraction(1, 2**50)
    total = exact(product.sum(axis=0).reshape((1,)))[0]
    assert abs(total - sum(want)) <= sum(want) * Fraction(1, 2**48)


def test_zero_has_the_least_exponent() -> None:
    assert Scaled.of(np.zeros(2)).exponent.tolist() == [LEAST, LEAST]
