"""Batches by pattern: a case a lane equals single cases, on networks with large gates and trees."""

import numpy as np
import pytest

from fascinet.engine import batch_patterns
from fascinet.engine.batch_patterns import by_pattern, distinct_rows
from fascinet.engine.engine import Engine
from fascinet.model.network import Network
from tests.engine.networks import cases, network
from tests.engine.rows import check_rows
from tests.strategies import random_network


def rows_of_few_patterns(net: Network, seed: int, patterns: int, each: int) -> np.ndarray:
    """Return rows that share few sets of observed variables, their states at random."""
    rng = np.random.default_rng(seed)
    cards = np.array([len(net.states(v)) for v in net.variables])
    parts = [
        np.where(rng.random(len(cards)) < 0.3, rng.integers(0, cards, (each, len(cards))), -1)
        for _ in range(patterns)
    ]
    return np.concatenate(parts).astype(np.int16)


def check(net: Network, states: np.ndarray, wanted: frozenset[int] | None) -> None:
    check_rows(net, states, wanted, 1e-11)


@pytest.mark.parametrize("seed", range(14))
@pytest.mark.parametrize("some", [False, True])
def test_lanes_of_a_pattern_equal_single_cases(seed: int, some: bool) -> None:
    net = random_network(seed, 6 + seed, parents=6)
    states = rows_of_few_patterns(net, seed, 3, 11)
    check(net, states, frozenset({0, 2, 5}) if some else None)


@pytest.mark.parametrize("seed", range(14))
@pytest.mark.parametrize("some", [False, True])
def test_tiles_of_a_pattern_equal_single_cases(
    seed: int, some: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As large programs are answered, impossible rows among them."""
    monkeypatch.setattr(batch_patterns, "is_large", lambda plan: True)
    net = random_network(seed, 6 + seed, parents=3, states=9)
    states = rows_of_few_patterns(net, seed, 3, 11)
    check(net, states, frozenset({0, 2, 5}) if some else None)


def test_which_programs_are_large() -> None:
    engine = Engine(network("pathfinder"), backend="numba")
    assert batch_patterns.is_large(engine.plan(cases("pathfinder")[0])) == (
        engine.plan(cases("pathfinder")[0]).entries >= batch_patterns.ROWED
    )
    assert batch_patterns.is_large(Engine(network("link"), backend="numba").plan({}))
    assert not batch_patterns.is_large(Engine(network("win95pts"), backend="numba").plan({}))


@pytest.mark.parametrize("name", ["pathfinder", "pigs"])
def test_lanes_of_large_networks(name: str) -> None:
    net, case = network(name), cases(name)[0]
    engine = Engine(net, backend="numba")
    row = np.full(len(net.variables), -1, np.int16)
    for v, s in case.items():
        row[net.index[v]] = net.state_index(v, s)
    states = np.tile(row, (6, 1))
    first = net.index[next(iter(case))]
    states[1:, first] = np.arange(1, 6) % len(net.states(net.variables[first]))
    values, logs = by_pattern(engine.solver, states, True, None, 1)
    for i, given in enumerate(states):
        hard = {v: net.states(v)[s] for v, s in zip(net.variables, given, strict=True) if s >= 0}
        if logs[i] == -np.inf:
            assert engine.log_prob_evidence(hard) == -np.inf
            continue
        want = engine.posterior(hard)
        assert logs[i] == pytest.approx(want.log_prob_evidence, abs=1e-9)
        np.testing.assert_allclose(values[i], want.flat, atol=1e-10)


def test_tiny_evidence_is_answered_again_with_all_digits() -> None:
    rng = np.random.default_rng(1)
    names = [f"x{i}" for i in range(300)]
    from fascinet.model.gates import Table

    step = Table(np.array([[1.0 - 1e-90, 1e-90], [0.5, 0.5]]))
    gates = {names[0]: Table(np.array([0.5, 0.5]))} | {v: step for v in names[1:]}
    above = {v: [u] for u, v in zip(names, names[1:], strict=False)}
    net = Network({v: ["a", "b"] for v in names}, above, gates)
    states = np.full((8, 300), -1, np.int16)
    states[:, ::3] = rng.integers(0, 2, (8, 100))
    check(net, states, None)


def test_equal_rows_are_found_whatever_their_order() -> None:
    rng = np.random.default_rng(0)
    states = rng.integers(-1, 2, (500, 6)).astype(np.int16)
    first, which = distinct_rows(states)
    np.testing.assert_array_equal(states[first][which], states)
    assert len(first) == len(np.unique(states, axis=0))
