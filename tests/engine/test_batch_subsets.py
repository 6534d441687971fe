"""Rows with positive findings of their own, through one program: equal to single cases."""

import numpy as np
import pytest

from fascinet.engine import batch_clusters, batch_subsets
from fascinet.engine.search.approximate import sample
from fascinet.engine.batch_clusters import Clusters, items_of
from fascinet.engine.batch_core import GATE
from fascinet.engine.batch_core_numba import classify
from fascinet.engine.batch_groups import Groups, Key
from fascinet.engine.batch_patterns import by_pattern
from fascinet.engine.batch_subsets import jobs_of, often_fixed, parts_of, row_costs, terms_of
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.engine.engine import Engine
from fascinet.engine.request import Request
from fascinet.model.network import Network
from tests.engine.rows import check_rows
from tests.engine.test_batch_core import clinic, rows_of
from tests.strategies import random_network


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let no core have a program of its own; tell the positive findings of each job."""
    monkeypatch.setattr(batch_clusters, "PLANNED", np.inf)
    monkeypatch.setattr(Clusters, "_nearest", lambda *_: None)
    seen = list[int]()

    def told(*args: object) -> list[batch_subsets.Job]:
        jobs = jobs_of(*args)  # pyright: ignore[reportArgumentType]  (handed on as they come)
        seen.extend(job.findings for job in jobs)
        return jobs

    monkeypatch.setattr("fascinet.engine.batch_core_run.jobs_of", told)
    return seen


def above(net: Network) -> frozenset[int]:
    """Return the variables that have children."""
    return frozenset(v for v, name in enumerate(net.variables) if net.children(name))


@pytest.mark.parametrize("seed", range(6))
def test_rows_equal_single_cases(seed: int, always: list[int]) -> None:
    net = clinic(seed)
    check_rows(net, rows_of(net, seed, 40, 0.5), above(net), 1e-12)
    check_rows(net, rows_of(net, seed + 50, 40, 0.9), above(net), 1e-12)
    check_rows(net, rows_of(net, seed + 99, 40, 0.4), None, 1e-12)
    assert max(always) >= 4
    assert 0 in always


@pytest.mark.parametrize("seed", range(8))
def test_any_network_with_gates(seed: int, always: list[int]) -> None:
    net = random_network(seed, 7 + seed, parents=5)
    check_rows(net, rows_of(net, seed, 24, 0.4), above(net), 1e-12)
    check_rows(net, rows_of(net, seed + 9, 24, 0.3), None, 1e-12)
    check_rows(net, rows_of(net, seed + 9, 24, 0.3), frozenset({len(net.variables) - 1}), 1e-12)


def test_more_positive_findings_than_sets_are_made_for_go_another_way(always: list[int]) -> None:
    net = clinic(5, findings=14)
    states = rows_of(net, 5, 30, 0.0)
    gates = [v for v in range(len(net.variables)) if net.variables[v].startswith("x")]
    states[:, gates] = 1
    states[::2, gates[:8]] = -1
    check_rows(net, states, above(net), 1e-12)
    assert all(n < len(batch_subsets.ROW) for n in always)


def test_large_trees_are_not_worked_by_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    net = clinic(1)
    groups = Groups(Engine(net, backend="numba").solver)
    states, core = rows_of(net, 3, 60, 0.5), groups.core
    roles = np.empty(states.shape, np.uint8)
    classify(states, core.kinds, core.ptr, core.parents, roles)
    items = items_of(core, roles)
    assert len(row_costs(groups, items, frozenset())) == len(batch_subsets.ROW)
    monkeypatch.setattr(batch_subsets, "ROOM", 192 * 4 * groups.entries(Key(0, 0, frozenset())))
    assert len(row_costs(groups, items, frozenset())) in (3, 4)
    small = Engine(net, backend="numba", budget=1)
    assert row_costs(Groups(small.solver), items, frozenset()) == ()


@pytest.mark.parametrize("planned", [False, True])
@pytest.mark.parametrize("leaves", [False, True])
def test_impossible_rows_and_zeros_are_exact(
    planned: bool, leaves: bool, always: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    if planned:
        monkeypatch.setattr(batch_clusters, "PLANNED", -1.0)
        monkeypatch.setattr(batch_clusters, "QUERIED", 0.0)
    net = clinic(0)
    engine = Engine(net, backend="numba")
    states = rows_of(net, 7, 150, 0.8)
    wanted = None if leaves else above(net)
    values, logs = by_pattern(engine.solver, states, True, wanted, 1)
    assert bool(always) != planned
    slow = Engine(net, backend="numpy")
    dead = zeros = 0
    for i, row in enumerate(states):
        hard = {v: net.states(v)[s] for v, s in zip(net.variables, row, strict=True) if s >= 0}
        possible = slow.log_prob_evidence(hard) > -np.inf
        assert possible == (logs[i] > -np.inf)
        dead += not possible
        if possible:
            found = slow.posterior(hard)
            for v in range(len(net.variables)) if wanted is None else wanted:
                want = found.array(net.variables[v])
                mine = values[i, engine.layout.slices[net.variables[v]]]
                assert ((want == 0.0) == (mine == 0.0)).all()
                zeros += int((want == 0.0).sum())
    assert dead > 0
    assert zeros > 0


def test_tiny_likelihoods_are_left_to_the_careful_path(always: list[int]) -> None:
    from fascinet.model.gates import NoisyMax, Table

    names = {"c": ["no", "yes"]} | {f"x{i}": ["no", "yes"] for i in range(300)}
    faint = NoisyMax(
        tuple([np.array([[1.0, 0.0], [1e-4, 1 - 1e-4]])] * 2), np.array([1e-4, 0.9999])
    )
    gates = {"c": Table(np.array([0.5, 0.5]))} | {f"x{i}": faint for i in range(300)}
    names |= {"d": ["no", "yes"]}
    gates["d"] = Table(np.array([0.3, 0.7]))
    net = Network(names, {f"x{i}": ["c", "d"] for i in range(300)}, gates)
    states = np.zeros((20, len(net.variables)), np.int16)
    states[:, [net.index["c"], net.index["d"]]] = -1
    states[:10, net.index["x7"]] = 1
    for i, row in enumerate(states):
        row[net.index[f"x{100 + i}"]] = -1
    check_rows(net, states, above(net), 1e-10)
    assert 1 in always


def test_the_same_bits_on_each_run(always: list[int]) -> None:
    net = clinic(2)
    states = rows_of(net, 2, 300, 0.6)
    runs = [
        by_pattern(Engine(net, backend="numba").solver, states, True, above(net), threads)
        for threads in (1, 1, 3)
    ]
    for values, logs in runs[1:]:
        np.testing.assert_array_equal(values, runs[0][0])
        np.testing.assert_array_equal(logs, runs[0][1])


@pytest.mark.parametrize("findings", range(4))
def test_terms_multiply_sets_by_their_union(findings: int) -> None:
    ptr, terms = terms_of(findings)
    sets = 1 << findings
    for a in range(sets):
        for b in range(sets):
            found = terms[ptr[a * sets + b] : ptr[a * sets + b + 1]].tolist()
            inside = [[s for s in range(sets) if not s & ~m] for m in (a, b, a | b)]
            parts = [
                (inside[0][t & 255], inside[1][t >> 8 & 255], inside[2][t >> 16]) for t in found
            ]
            assert all(x | y == z for x, y, z in parts)
            assert len(set(parts)) == len(inside[0]) * len(inside[1])


def test_cores_that_come_again_get_a_program_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    net = clinic(3)
    groups = Groups(Engine(net, backend="numba").solver)
    states, core = rows_of(net, 3, 60, 0.5), groups.core
    roles = np.empty(states.shape, np.uint8)
    classify(states, core.kinds, core.ptr, core.parents, roles)
    items = items_of(core, roles)
    first = Clusters(groups, frozenset(), batch_subsets.ROW)
    first.run(items)
    assert len(first.rare) > len(first.found)
    monkeypatch.setattr(batch_clusters, "PLANNED", 2e-4)  # so that a few times do
    for _ in range(60):
        last = Clusters(groups, frozenset(), batch_subsets.ROW)
        last.run(items)
    assert not last.rare
    assert often_fixed(items, 1e9) == 0


def test_queries_end_in_a_clique_at_the_roots_or_nowhere() -> None:
    tops = set[int]()
    for seed in range(4):
        groups = Groups(Engine(clinic(seed), backend="numba").solver)
        leaves = frozenset(np.flatnonzero(groups.core.kinds == GATE).tolist())
        for fixed in (0, 0b1111):
            program = groups.program(Key(fixed, 0, frozenset()))
            owners, queries = parts_of(groups.core, program, leaves)
            assert parts_of(groups.core, program, leaves)[1] is queries
            assert owners.deep >= 1
            tops |= {min(t, 0) for t in queries.tops.tolist()}
    assert tops == {-2, -1, 0}


@pytest.mark.parametrize("asked", ["above", "all"])
def test_rows_drawn_from_the_shipped_network(asked: str, shipped_rows: np.ndarray) -> None:
    net = shipped_reasoner().network
    engine = Engine(net, backend="numba")
    wanted = above(net) if asked == "above" else None
    values, logs = by_pattern(engine.solver, shipped_rows, True, wanted, 2)
    for i, row in enumerate(shipped_rows):
        hard = {v: net.states(v)[s] for v, s in zip(net.variables, row, strict=True) if s >= 0}
        want = engine.posterior(hard)
        assert logs[i] == pytest.approx(want.log_prob_evidence, abs=1e-9)
        for v in sorted(wanted) if wanted is not None else range(len(net.variables)):
            name = net.variables[v]
            mine = values[i, engine.layout.slices[name]]
            np.testing.assert_allclose(mine, want.array(name), atol=1e-12)
            assert mine.min() >= 0.0
            assert mine.max() <= 1.0


@pytest.fixture(scope="module")
def shipped_rows() -> np.ndarray:
    """Rows drawn from the shipped network, 15 variables seen in each, some above the leaves."""
    net = shipped_reasoner().network
    drawn, _ = sample(net, Request({}, {}, frozenset()), 24, 5)
    rng, count = np.random.default_rng(5), len(net.variables)
    rows = np.full((24, count), -1, np.int16)
    for i, row in enumerate(rows):
        for v in rng.choice(count, 15, replace=False):
            row[v] = drawn[int(v)][i]
    return rows
