"""Batches by positive findings against single cases: silent gates, weights, leaves of all kinds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fascinet as fn
from fascinet.engine.api.engine import Engine
from fascinet.engine.core import core
from fascinet.engine.run.batch import request_of, solve_states
from fascinet.model.gates import NoisyMax, Table
from fascinet.model.network import Network
from tests.strategies import distribution

pytestmark = pytest.mark.skipif(core is None, reason="the core is not compiled here")


def clinic(seed: int, causes: int, findings: int, zeros: float = 0.2) -> Network:
    """Return causes in a chain, some of them joined, above leaves that are gates and tables."""
    rng = np.random.default_rng(seed)
    cards = {f"c{i}": int(rng.integers(1, 4)) for i in range(causes)}
    cards |= {f"x{i}": int(rng.integers(2, 4)) for i in range(findings)}
    above: dict[str, list[str]] = {}
    gates: dict[str, Table | NoisyMax] = {}
    tops = [v for v in cards if v[0] == "c"]
    for i, v in enumerate(tops):
        above[v] = [
            str(u) for u in rng.choice(tops[:i], int(rng.integers(0, min(i, 2) + 1)), False)
        ]
        gates[v] = Table(distribution(rng, *[cards[u] for u in above[v]], cards[v], zeros=zeros))
    for v in (v for v in cards if v[0] == "x"):
        count = int(rng.integers(0, min(causes, 4) + 1))
        above[v] = [str(u) for u in rng.choice(tops, count, False)]
        if count and rng.random() < 0.7:
            links = tuple(distribution(rng, cards[u], cards[v], zeros=zeros) for u in above[v])
            gates[v] = NoisyMax(links, distribution(rng, cards[v], zeros=zeros))
        else:
            shape = [cards[u] for u in above[v]]
            gates[v] = Table(distribution(rng, *shape, cards[v], zeros=zeros))
    return Network({v: [f"s{k}" for k in range(c)] for v, c in cards.items()}, above, gates)


def random_rows(network: Network, seed: int, count: int) -> np.ndarray:
    """Return rows in which about half of all is known."""
    rng = np.random.default_rng(seed)
    cards = np.array([len(network.states(v)) for v in network.variables])
    rows = rng.integers(0, cards, (count, len(cards)))
    return np.where(rng.random(rows.shape) < 0.5, rows, -1).astype(np.int16)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 9), st.sampled_from([0.0, 0.3]))
def test_a_batch_answers_as_single_cases_do(
    seed: int, causes: int, findings: int, zeros: float
) -> None:
    network = clinic(seed, causes, findings, zeros)
    solver = Engine(network).solver
    leaves = set(solver.folder.rows)
    wanted = frozenset(range(len(network.variables))) - leaves
    rows = random_rows(network, seed, 21)
    answers, logs = solve_states(solver, rows, wanted=wanted)
    starts = solver.starts
    for row, answer, log in zip(rows, answers, logs, strict=True):
        want, log_prob = Engine(network, backend="numpy").solver.solve(request_of(row), wanted)
        assert log == pytest.approx(log_prob, rel=1e-10, abs=1e-11)
        for v in wanted:
            here = slice(starts[v], starts[v + 1])
            np.testing.assert_allclose(answer[here], want[here], atol=1e-11, rtol=1e-9)


def test_numbers_that_leave_the_range_of_doubles_are_answered_all_the_same() -> None:
    tiny = np.array([[1e-200, 1.0 - 1e-200], [1e-120, 1.0 - 1e-120]])
    names = [f"x{i}" for i in range(5)]
    gates = {"c": Table(np.array([0.5, 0.5])), "d": Table(np.array([0.9, 0.1]))}
    gates |= {v: NoisyMax((tiny, tiny), np.array([1.0, 0.0])) for v in names}
    network = Network({v: ["n", "y"] for v in gates}, {v: ["c", "d"] for v in names}, gates)
    solver, rows = Engine(network).solver, np.zeros((3, 7), np.int16)
    rows[:, :2] = -1
    rows[1, 2:4] = 1
    wanted = frozenset({0, 1})
    answers, logs = solve_states(solver, rows, wanted=wanted)
    for row, answer, log in zip(rows, answers, logs, strict=True):
        want, log_prob = Engine(network, backend="numpy").solver.solve(request_of(row), wanted)
        assert log == pytest.approx(log_prob, rel=1e-12)
        np.testing.assert_allclose(answer[:4], want[:4], atol=1e-12)


def test_rows_of_the_shipped_network_are_its_single_cases() -> None:
    network = fn.load()
    engine, rng = Engine(network), np.random.default_rng(5)
    names = ("weakness", "cramps", "anxiety_symptoms", "age_group", "setting")
    rows = [
        {"twitching": "yes"}
        | {v: str(rng.choice(network.states(v))) for v in names if rng.random() < 0.6}
        for _ in range(24)
    ]
    logs = engine.batch_log_prob([(row, None) for row in rows])
    alone = [engine.log_prob_evidence(row) for row in rows]
    assert logs == pytest.approx(alone, abs=1e-11)
