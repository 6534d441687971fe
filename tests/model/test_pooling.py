"""Pooled studies against SciPy's beta-binomial on a finer grid, and as figures of the knowledge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from fascinet.model.pooling import pool
from fascinet.model.schema import Figure

counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def slow(studies: list[tuple[int, int]]) -> tuple[float, float, float]:
    """Integrate over shares and correlations with SciPy, on an even, finer grid."""
    logit = np.linspace(-11, 11, 800)
    mean = 1 / (1 + np.exp(-logit))
    rho = (np.arange(600) + 0.5) / 1000
    m, r = np.meshgrid(mean, rho, indexing="ij")
    a, b = m * (1 - r) / r, (1 - m) * (1 - r) / r
    log = 0.5 * np.log(m * (1 - m)) + 48 * np.log1p(-r)
    log += sum(betabinom.logpmf(k, n, a, b) for k, n in studies)
    weight = np.exp(log - log.max()).sum(axis=1)
    weight /= weight.sum()
    low, middle, high = np.interp([0.025, 0.5, 0.975], np.cumsum(weight) - weight / 2, logit)
    return tuple(1 / (1 + np.exp(-np.array([middle, low, high]))))


@pytest.mark.parametrize(
    "studies", [[(30, 100)], [(30, 100), (36, 100)], [(0, 180), (0, 35)], [(9, 31), (56, 100)]]
)
def test_pooling_is_the_integral(studies: list[tuple[int, int]]) -> None:
    assert pool(studies) == pytest.approx(slow(studies), rel=0.03, abs=5e-4)


@given(st.lists(counts, min_size=1, max_size=5))
def test_a_pooled_share_lies_within_its_range_and_says_the_same_of_the_other_side(studies) -> None:
    p, low, high = pool(studies)
    assert 0 < low < p < high < 1
    other = pool([(n - k, n) for k, n in studies])
    assert other == pytest.approx((1 - p, 1 - high, 1 - low), abs=1e-6)


def test_studies_that_disagree_leave_a_wider_range_than_one_that_is_as_large() -> None:
    one, many = pool([(120, 400)]), pool([(5, 100), (20, 100), (40, 100), (55, 100)])
    agree = pool([(30, 100)] * 4)
    assert agree[2] - agree[1] < many[2] - many[1]
    assert agree[2] - agree[1] < one[2] - one[1]


def test_a_figure_of_studies_takes_p_n_and_source_from_them() -> None:
    studies = [
        {"source": "a", "n": 100, "events": 30, "where": "Table 1", "read": "full_text"},
        {"source": "b", "n": 200, "events": 72, "where": "abstract", "read": "abstract"},
    ]
    figure = Figure.model_validate({"grade": "B", "studies": studies})
    assert (figure.n, figure.source) == (300, "b")
    assert (figure.p, *figure.range) == figure.pooled
    own = Figure.model_validate({"grade": "B", "studies": studies, "p": 0.3, "range": (0.2, 0.4)})
    assert (own.p, own.range) == (0.3, (0.2, 0.4))
