"""Rows that share a core share a program: equal to single cases, whatever is brought together."""

import numpy as np
import pytest

from fascinet.engine import batch_clusters
from fascinet.engine.batch_core import CORE, FIXED, MARGIN, UNKNOWN, make_core
from fascinet.engine.batch_core_numba import classify
from fascinet.engine.batch_core_run import by_core
from fascinet.engine.batch_groups import Groups, Key, groups_of, plan_of
from fascinet.engine.batch_patterns import by_pattern
from fascinet.engine.engine import Engine
from fascinet.engine.kernels_numpy import Case, collect, distribute, marginals
from fascinet.engine.steps import compile_program
from fascinet.engine.solver import Solver
from fascinet.model.gates import Gate, NoisyMax, Table
from fascinet.model.network import Network
from tests.engine.rows import check_rows
from tests.strategies import random_network


def clinic(seed: int, causes: int = 6, findings: int = 9) -> Network:
    """Return context → causes → findings with gates, tables and zeros; every finding a leaf."""
    rng = np.random.default_rng(seed)
    states = {"sex": ["f", "m"]} | {
        f"c{i}": ["no", "yes", "bad"][: 2 + i % 2] for i in range(causes)
    }
    parents: dict[str, list[str]] = {f"c{i}": ["sex"] for i in range(0, causes, 2)}
    gates: dict[str, Gate] = {"sex": Table(np.array([0.4, 0.6]))}
    for i in range(causes):
        cards = [2] * (i % 2 == 0)
        gates[f"c{i}"] = Table(rng.dirichlet(np.ones(len(states[f"c{i}"])), cards))
    for j in range(findings):
        m, k = 2 + j % 3, 1 + int(rng.integers(4))
        above = [f"c{i}" for i in rng.choice(causes, k, replace=False)]
        parents[f"x{j}"], states[f"x{j}"] = above, [str(s) for s in range(m)]
        cards = [len(states[u]) for u in above]
        if j % 4 == 3:
            gates[f"x{j}"] = Table(rng.dirichlet(np.ones(m), cards))
            continue
        links = [rng.dirichlet(np.full(m, 0.5), c) for c in cards]
        for link in links:
            link[0] = np.eye(m)[0]
        leak = np.eye(m)[0] if j % 5 == 0 else rng.dirichlet(np.full(m, 0.7))
        gates[f"x{j}"] = NoisyMax(tuple(links), leak)
    return Network(states, parents, gates)


def rows_of(net: Network, seed: int, count: int, share: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cards = np.array([len(net.states(v)) for v in net.variables])
    drawn = rng.integers(0, cards, (count, len(cards)))
    return np.where(rng.random(drawn.shape) < share, drawn, -1).astype(np.int16)


def check(net: Network, states: np.ndarray, wanted: frozenset[int] | None = None) -> None:
    check_rows(net, states, wanted, 1e-12)


@pytest.mark.parametrize("planned", [0.0, 1e9])
@pytest.mark.parametrize("seed", range(6))
def test_rows_equal_single_cases(
    seed: int, planned: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_clusters, "PLANNED", planned)  # never bring together; always
    monkeypatch.setattr(batch_clusters, "CHANGES", 99)
    net = clinic(seed)
    assert groups_of(Engine(net, backend="numba").solver) is not None
    check(net, rows_of(net, seed, 40, 0.5))
    check(net, rows_of(net, seed + 100, 40, 0.3), frozenset({1, 3, len(net.variables) - 1}))


@pytest.mark.parametrize("seed", range(8))
def test_any_network_with_gates(seed: int) -> None:
    net = random_network(seed, 7 + seed, parents=5)
    check(net, rows_of(net, seed, 24, 0.4))


def test_one_program_serves_rows_of_smaller_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_clusters, "PLANNED", 1e9)
    monkeypatch.setattr(batch_clusters, "CHANGES", 99)
    net = clinic(1)
    solver, states = Engine(net, backend="numba").solver, rows_of(net, 1, 60, 0.4)
    leaves = [v for v in range(len(net.variables)) if solver.net.children[v]]
    states[:, [v for v in leaves if v != 0]] = -1  # tables with two free parents differ still
    table = [v for v, k in enumerate(make_core(solver.net).kinds) if k == 1]
    states[:, table] = -1
    groups = Groups(solver)
    shape = (len(states), int(solver.starts[-1]))
    by_core(groups, states, None, 1, np.empty(shape), np.empty(60), np.empty(60, np.uint8))
    used = batch_clusters.Clusters(groups, frozenset())
    roles = np.empty(states.shape, np.uint8)
    core = groups.core
    classify(states, core.kinds, core.ptr, core.parents, roles)
    found = used.run(batch_clusters.items_of(core, roles))
    assert len(found) == 1
    assert sorted(np.concatenate([rows for _, rows in found]).tolist()) == list(range(60))


def test_roles_of_findings() -> None:
    net = clinic(2)
    core = make_core(Engine(net).solver.net)
    states = np.full((1, len(net.variables)), -1, np.int16)
    gates = [v for v, k in enumerate(core.kinds) if k == 2]
    states[0, 0], states[0, gates[0]], states[0, gates[1]] = 1, 0, 1
    roles = np.empty(states.shape, np.uint8)
    classify(states, core.kinds, core.ptr, core.parents, roles)
    assert roles[0, 0] == FIXED
    assert roles[0, gates[0]] == MARGIN
    assert roles[0, gates[1]] == CORE
    assert roles[0, gates[2]] == UNKNOWN


def test_the_added_state_of_a_gate_multiplies_by_one() -> None:
    net = clinic(3)
    solver = Engine(net, backend="numba").solver
    groups = Groups(solver)
    planner = Solver(groups.core.net, solver.starts, 2**27, "numpy")
    core, gates = groups.core, [v for v, k in enumerate(groups.core.kinds) if k == 2]
    plan = plan_of(core, Key(0, sum(1 << v for v in gates), frozenset()), planner)
    states = {v: int(core.cards[v]) for v in gates}
    soft = {v: np.ones(int(core.cards[v])) for v in plan.pattern.soft}
    case, program = Case(states, soft), compile_program(core.net, plan)
    tree = collect(core.net, program, case)
    assert tree.log_prob == pytest.approx(0.0, abs=1e-12)
    prior = Engine(net, backend="numpy").prior()
    for v, marginal in marginals(program, distribute(program, tree)).items():
        if v < len(net.variables):
            np.testing.assert_allclose(marginal, prior.array(net.variables[v]), atol=1e-12)


def test_a_wider_program_than_the_budget_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_clusters, "PLANNED", 1e9)
    monkeypatch.setattr(batch_clusters, "CHANGES", 99)
    net = clinic(4)
    solver, states = Engine(net, backend="numba").solver, rows_of(net, 4, 30, 0.3)
    groups = Groups(solver)
    own = [groups.program(Key(0, 1 << v, frozenset())).entries
           for v, k in enumerate(groups.core.kinds) if k == 2]  # fmt: skip
    small = Engine(net, backend="numba", budget=int(4 * max(own)))
    values, logs = by_pattern(small.solver, states, True, None, 1)
    want, expected = by_pattern(solver, states, True, None, 1)
    np.testing.assert_allclose(logs, expected, atol=1e-12)
    np.testing.assert_allclose(values, want, atol=1e-12)
