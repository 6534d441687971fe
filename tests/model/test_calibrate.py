"""Logistic priors keep their marginals and odds ratios; the fit moves priors toward targets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fascinet.model.calibrate import logistic_table, outer, shift_odds
from fascinet.model.load import load_knowledge
from tools.refit_priors import Reached, logit, step, targets

probabilities = st.floats(0.001, 0.6)
ratios = st.floats(0.1, 20.0)


@given(probabilities, st.floats(0.05, 0.9), ratios)
def test_binary_table_has_its_marginal_and_odds_ratio(p: float, share: float, ratio: float) -> None:
    marginal = np.array([[1.0 - p, p]])
    log_odds = np.array([[0.0, 0.0], [0.0, np.log(ratio)]])
    weights = np.array([[1.0 - share, share]])
    table = logistic_table(marginal, log_odds, weights)
    assert table.shape == (1, 2, 2)
    assert np.allclose((weights[..., None] * table).sum(axis=1), marginal, atol=1e-9)
    odds = table[0, :, 1] / table[0, :, 0]
    assert np.isclose(odds[1] / odds[0], ratio)


@given(probabilities, probabilities, ratios)
def test_three_states_keep_their_marginals(p: float, q: float, ratio: float) -> None:
    total = 1.0 + p + q
    marginal = np.array([[1.0 / total, p / total, q / total]] * 3)
    log_odds = np.zeros((2, 2, 3))
    log_odds[1, :, 1], log_odds[:, 1, 2] = np.log(ratio), -np.log(ratio)
    weights = outer([np.array([[0.4, 0.6]] * 3), np.array([[0.5, 0.5]] * 3)], 3)
    table = logistic_table(marginal, log_odds, weights)
    assert np.allclose((weights[..., None] * table).sum(axis=(1, 2)), marginal, atol=1e-8)
    assert np.allclose(table.sum(axis=-1), 1.0)


def test_outer_is_the_product_of_its_parts() -> None:
    a, b = np.array([[0.2, 0.8], [0.5, 0.5]]), np.array([[0.1, 0.3, 0.6]] * 2)
    assert np.allclose(outer([a, b], 2), a[:, :, None] * b[:, None, :])
    assert outer([], 2).shape == (2,)


@given(probabilities, probabilities, probabilities)
def test_shifting_odds_takes_the_base_to_the_new(p: float, base: float, new: float) -> None:
    assert np.isclose(shift_odds(base, base, new), new)
    assert (shift_odds(p, base, new) >= p) == (new >= base) or np.isclose(base, new)


def test_a_step_of_the_fit_moves_each_prior_toward_its_target() -> None:
    wanted = list(targets(load_knowledge()))[:6]
    high = [Reached(t, min(0.99, t.figure.p * 1.5)) for t in wanted]
    fitted, worst = step({}, high)
    assert worst > 0.0
    for target in wanted:
        moved = fitted[target.cause][target.setting][target.state]
        assert logit(moved) < logit(target.figure.p)
