"""Simulated cases have the distribution they are drawn from."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fascinet as fn
from fascinet.engine.analyses import draw_cases
from fascinet.model.errors import FascinetError, ImpossibleEvidenceError
from tests.oracle import posteriors, weigh
from tests.strategies import random_evidence, random_network

CASES = 4000


def test_examples_run() -> None:
    assert doctest.testmod(draw_cases).failed == 0


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_shares_of_states_are_posteriors(seed: int) -> None:
    network = random_network(seed, 5, parents=3, states=3)
    hard = random_evidence(network, seed).hard
    if weigh(network, hard).sum() < 1e-9:
        return
    want, _ = posteriors(network, hard)
    frame = fn.simulate(network, CASES, hard, seed=seed)
    for v in network.variables:
        for p, state in zip(want[v], network.states(v), strict=True):
            spread = np.sqrt(max(p * (1 - p), 0.0) / CASES)  # rounding may leave p above 1
            assert abs(frame[v].eq(state).mean() - p) < 6 * spread + 1e-9


def test_pairs_of_states_have_their_joint_probability() -> None:
    asia = fn.example("asia")
    frame = fn.simulate(asia, 20_000, {"dysp": "yes"})
    joint = fn.Engine(asia).joint(["smoke", "bronc"], {"dysp": "yes"})
    for s in ("yes", "no"):
        for b in ("yes", "no"):
            p, seen = joint[s, b], (frame["smoke"].eq(s) & frame["bronc"].eq(b)).mean()
            assert abs(seen - p) < 5 * np.sqrt(p * (1 - p) / len(frame))


def test_an_intervention_cuts_its_causes_and_cells_go_missing() -> None:
    asia = fn.example("asia")
    frame = fn.simulate(asia, 5000, do={"bronc": "yes"}, missing=0.3)
    assert frame["bronc"].dropna().eq("yes").all()
    assert abs(frame["smoke"].dropna().eq("yes").mean() - 0.5) < 0.04
    assert abs(frame.isna().to_numpy().mean() - 0.3) < 0.01


def test_the_same_seed_draws_the_same_and_nothing_draws_nothing() -> None:
    asia = fn.example("asia")
    assert fn.simulate(asia, 50, seed=3).equals(fn.simulate(asia, 50, seed=3))
    assert fn.simulate(asia, 0).shape == (0, 8)


def test_bad_requests_are_refused() -> None:
    asia = fn.example("asia")
    with pytest.raises(ImpossibleEvidenceError):
        fn.simulate(asia, 5, {"either": "no", "lung": "yes"})
    with pytest.raises(FascinetError, match="cases: expected a whole number"):
        fn.simulate(asia, -1)
    with pytest.raises(FascinetError, match="missing: expected a number of 0 to 1"):
        fn.simulate(asia, 5, missing=1.5)
    with pytest.raises(FascinetError, match="did you mean 'smoke'"):
        fn.simulate(asia, 5, {"smoek": "yes"})
