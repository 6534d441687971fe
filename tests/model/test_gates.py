"""Gates against the definition: enumerate every hidden noise outcome."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fascinet.model.errors import NetworkError
from fascinet.model.gates import Function, NoisyMax, Table, deterministic_or, noisy_or


def distribution(size: int) -> st.SearchStrategy[np.ndarray]:
    """Distributions in which zeros are common."""
    weights = st.lists(st.sampled_from([0, 0, 1, 2, 5, 9]), min_size=size, max_size=size)
    return weights.filter(any).map(lambda w: np.array(w) / sum(w))


@st.composite
def noisy_max_gates(draw: st.DrawFn) -> NoisyMax:
    states = draw(st.integers(2, 4))
    cards = draw(st.lists(st.integers(1, 3), min_size=0, max_size=4))
    links = tuple(np.stack([draw(distribution(states)) for _ in range(c)]) for c in cards)
    return NoisyMax(links, draw(distribution(states)))


def enumerate_noisy_max(gate: NoisyMax) -> np.ndarray:
    """Sum over the leak and every Z_i of P(outcome), X their maximum."""
    table = np.zeros((*gate.cards, gate.states))
    for parents in itertools.product(*(range(c) for c in gate.cards)):
        rows = [gate.leak, *(link[u] for link, u in zip(gate.links, parents, strict=True))]
        for outcome in itertools.product(range(gate.states), repeat=len(rows)):
            chance = np.prod([row[z] for row, z in zip(rows, outcome, strict=True)])
            table[(*parents, max(outcome))] += chance
    return table


@given(noisy_max_gates())
def test_noisy_max_is_the_maximum_of_its_noise(gate: NoisyMax) -> None:
    np.testing.assert_allclose(gate.to_table(), enumerate_noisy_max(gate), rtol=1e-13, atol=1e-16)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.floats(0, 1))
def test_noisy_or_is_one_minus_the_product_of_failures(links: list[float], leak: float) -> None:
    table = noisy_or(links, leak).to_table()
    for parents in itertools.product((0, 1), repeat=len(links)):
        fail = (1 - leak) * np.prod([1 - p for p, on in zip(links, parents, strict=True) if on])
        assert table[(*parents, 0)] == pytest.approx(fail, abs=1e-15)


def test_small_probabilities_keep_their_digits() -> None:
    table = noisy_or([1e-12, 1e-13], leak=1e-14).to_table()
    assert table[1, 1, 1] == pytest.approx(1.11e-12, rel=1e-3)
    assert table[0, 0, 1] == 1e-14


def test_deterministic_or_has_no_noise() -> None:
    table = deterministic_or([2, 3]).to_table()
    assert table[0, 0].tolist() == [1.0, 0.0]
    assert np.all(table.reshape(-1, 2)[1:] == [0.0, 1.0])


def test_function_gives_its_outcome() -> None:
    gate = Function(np.array([[0, 1], [2, 1]]), 3)
    assert gate.cards == (2, 2)
    assert gate.to_table()[1, 0].tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Table(np.array([0.5, 0.505])), "off by 0.005"),
        (lambda: Table(np.array([1.5, -0.5])), "at least 0"),
        (lambda: Table(np.array([np.nan, 1.0])), "finite"),
        (lambda: NoisyMax((np.eye(3),), np.array([1.0, 0.0])), "link 0"),
        (lambda: Function(np.array([0, 3]), 3), "0 to 2"),
    ],
)
def test_bad_gates_say_what_is_wrong(make, says: str) -> None:
    with pytest.raises(NetworkError, match=says):
        make()


def test_arrays_are_read_only() -> None:
    gate = noisy_or([0.3], 0.1)
    with pytest.raises(ValueError, match="read-only"):
        gate.leak[0] = 0.5
