"""Leaf queries that go up the tree together, against NumPy's pairs."""

from collections import Counter
from dataclasses import dataclass, replace
from threading import Thread
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fascinet.engine import kernels_log, kernels_numpy, leaf_walk
from fascinet.engine import kernels_numba as kernels
from fascinet.engine.engine import Engine
from fascinet.engine.leaf_fours_layout import FOUR, cliques_of, fill_fours, make_fours, users_of
from fascinet.engine.leaves import ask, roots_of
from fascinet.engine.many_numba import run_many
from fascinet.engine.native import NativeProgram, run
from fascinet.engine.steps import compile_program
from fascinet.engine.request import Request, pattern_of, read_request
from fascinet.model.gates import Gate, NoisyMax, Table
from fascinet.model.network import Network
from tests.strategies import Query as Case
from tests.strategies import distribution, random_evidence


def leafy(
    seed: int, causes: int, leaves: int, parts: int, most: int = 5, zeros: float = 0.3
) -> Network:
    """Return parts of causes in tables and noisy-MAX leaves of two to `most` parents in any."""
    rng = np.random.default_rng(seed)
    names = [f"c{i}" for i in range(causes)]
    cards = {v: int(rng.choice([2, 2, 2, 3, 4])) for v in names}
    above: dict[str, list[str]] = {}
    for i, v in enumerate(names):
        mine = names[i % parts : i : parts]
        above[v] = rng.choice(mine, min(len(mine), int(rng.integers(0, 4))), False).tolist()
    gates: dict[str, Gate] = {
        v: Table(distribution(rng, *(cards[u] for u in above[v]), cards[v], zeros=zeros))
        for v in names
    }
    network = {v: [f"s{k}" for k in range(cards[v])] for v in names}
    for i in range(leaves):
        v, m = f"x{i}", int(rng.choice([2, 2, 3, 4, 5, 9]))
        above[v] = rng.choice(names, int(rng.integers(2, most + 1)), False).tolist()
        links = tuple(distribution(rng, cards[u], m, zeros=zeros) for u in above[v])
        network[v], gates[v] = (
            [f"s{k}" for k in range(m)],
            NoisyMax(links, distribution(rng, m, zeros=zeros)),
        )
    return Network(network, above, gates)


@dataclass(frozen=True)
class Bench:
    """A case with leaf queries, its program and both answers; None if P(e) = 0."""

    engine: Engine
    program: NativeProgram
    found: np.ndarray
    expected: dict[int, np.ndarray]


def expected_leaves(
    engine: Engine, program: NativeProgram, request: Request
) -> dict[int, np.ndarray]:
    """Return the leaves' posteriors by NumPy's pairs."""
    steps = compile_program(engine.arrays, program.plan)
    case = kernels_numpy.Case(request.states, request.soft)
    tree = kernels_log.collect(engine.arrays, steps, case)
    if tree.log_prob == -np.inf:
        return {}
    beliefs = kernels_numpy.distribute(steps, tree)
    root = roots_of([c.parent for c in program.plan.cliques])
    return {
        q.variable: ask(engine.arrays, steps, q, case, tree, beliefs, root)
        for q in program.plan.factors.queries
    }


def bench(network: Network, seed: int, share: float | None) -> Bench | None:
    """Answer a case both ways; None if it has no leaf queries or cannot be."""
    engine = Engine(network, backend="numba")
    query = Case(network, {}, {}) if share is None else random_evidence(network, seed, share)
    request = read_request(network, query.hard, query.soft, None)
    plan = engine.solver.plan(pattern_of(engine.arrays, request, None))
    program = NativeProgram(engine.arrays, plan, engine.arrays.starts)
    if not program.keep:
        return None
    expected = expected_leaves(engine, program, request)
    found = np.full(int(engine.arrays.starts[-1]), np.nan)
    status, _ = run(engine.arrays, program, request.states, request.soft, found)
    assert (status == kernels.DONE) == bool(expected)
    return Bench(engine, program, found, expected) if expected else None


def possible(sizes: tuple[int, int, int, int]) -> tuple[Bench, Network, int]:
    """Return the first case of such sizes whose P(e) > 0, with its network and seed."""
    for seed in range(100):
        network = leafy(seed, *sizes)
        made = bench(network, seed, 0.1)
        if made is not None:
            return made, network, seed
    raise AssertionError("no case is possible")


def check(bench: Bench) -> None:
    """Hold the leaves against NumPy's, zeros exactly."""
    starts = bench.engine.arrays.starts
    for v, expected in bench.expected.items():
        found = bench.found[starts[v] : starts[v + 1]]
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-16)
        np.testing.assert_array_equal(found == 0.0, expected == 0.0)


shape = st.tuples(st.integers(0, 10**6), st.integers(2, 24), st.integers(1, 24), st.integers(1, 4))


@settings(max_examples=120, deadline=None, derandomize=True)
@given(shape, st.sampled_from([0.0, 0.1, 0.3]), st.integers(2, 9))
def test_leaves_are_those_of_pairs(
    shape: tuple[int, int, int, int], share: float, most: int
) -> None:
    seed, causes, leaves, parts = shape
    made = bench(leafy(seed, causes, leaves, min(parts, causes), min(most, causes)), seed, share)
    if made is not None:
        check(made)


def test_every_way_is_met() -> None:
    met: Counter[str] = Counter()
    for seed in range(24):
        made = bench(leafy(seed, 14 + seed % 8, 40, 1 + seed % 3, 8), seed, 0.1)
        if made is None:
            continue
        check(made)
        for walk in made.program.walks:
            asks = walk.asks.astype(int)
            steps = asks[asks[1] :][: 4 * asks[0]].reshape(-1, 4)
            for c, first, last, _ in steps.tolist():
                columns = int(made.program.prog[c + 2])
                met[f"columns {min(columns, 3)}"] += 1
                for r in asks[asks[2] + 16 * first : asks[2] + 16 * last].reshape(-1, 16):
                    met[f"fours {r[0]}"] += 1
                    met[f"operands {r[1]}"] += 1
                    met["links at the separator"] += int(r[3] >= 0)
                    ends = asks[asks[5] + 4 * r[5] : asks[5] + 4 * r[6]].reshape(-1, 4)
                    met["all end"] += int((ends[:, 3] == 0).sum())
                    met["some end"] += int((ends[:, 3] == 1).sum())
            met["known links"] += int(asks[12] > 0)
    for way in (
        *(f"fours {n}" for n in (1, 2, 3, 4)), *(f"operands {n}" for n in (1, 2, 3, 4)),
        "columns 2", "columns 3", "links at the separator", "all end", "some end", "known links",
    ):  # fmt: skip
        assert met[way] > 0, way


@pytest.mark.parametrize(("limit", "most"), [("MOST", 600), ("MANY", 7)])
def test_long_buffers_and_many_queries_are_parted(limit: str, most: int) -> None:
    whole, network, seed = possible((16, 30, 2, 6))
    with mock.patch.object(leaf_walk, limit, most):
        parted = bench(network, seed, 0.1)
    assert parted is not None
    assert len(whole.program.walks) == 1
    assert len(parted.program.walks) > 2
    check(parted)


def test_other_numbers_than_the_programs_own_are_read() -> None:
    network, other, rng = leafy(1, 12, 20, 1), leafy(1, 12, 20, 1), np.random.default_rng(0)
    for v in network.variables:
        gate = network.gate(v)
        if isinstance(gate, NoisyMax):
            links = tuple(distribution(rng, *np.shape(link)) for link in gate.links)
            other = other.with_gate(v, NoisyMax(links, gate.leak))
    mine, theirs = bench(network, 1, None), bench(other, 1, None)
    assert mine is not None
    assert theirs is not None
    found = np.full_like(theirs.found, np.nan)
    run(theirs.engine.arrays, mine.program, {}, {}, found)
    check(replace(theirs, found=found))
    assert not np.allclose(found, mine.found, equal_nan=True)


def test_leaves_of_one_state_are_certain() -> None:
    coin = Table(np.array([0.5, 0.5]))
    leaf = NoisyMax((np.ones((2, 1)), np.ones((2, 1))), np.ones(1))
    network = Network(
        {"a": ["n", "y"], "b": ["n", "y"], "x": ["only"]}, {"x": ["a", "b"]},
        {"a": coin, "b": coin, "x": leaf},
    )  # fmt: skip
    engine = Engine(network, backend="numba")
    plan = engine.solver.plan(pattern_of(engine.arrays, read_request(network, {}, {}, None), None))
    assert NativeProgram(engine.arrays, plan, engine.arrays.starts).walks == ()
    assert engine.posterior({}).array("x").tolist() == [1.0]


@pytest.mark.parametrize("many", [7, 256])
def test_many_cases_of_one_program_get_what_single_ones_get(many: int) -> None:
    network = leafy(1, 14, 20, 2, 5, zeros=0.0)
    engine = Engine(network, backend="numba")
    net, seen = engine.arrays, {"c3": "s0", "c7": "s0", "x0": "s0"}
    plan = engine.solver.plan(pattern_of(net, read_request(network, seen, {}, None), None))
    program = NativeProgram(net, plan, net.starts)
    with mock.patch.object(leaf_walk, "MANY", many):
        asks, ends = leaf_walk.joined(program.walks)
    assert len(ends) == (2 if many > 100 else 1 + len(program.walks)) > 1
    rng = np.random.default_rng(0)
    states = np.full((40, len(net.cards)), -1, np.int16)
    for v in ("c3", "c7"):
        states[:, network.index[v]] = rng.integers(0, len(network.states(v)), 40)
    states[:, network.index["x0"]] = 0  # the pattern's gates in state 0 stay there
    out, logs, status = np.zeros((40, int(net.starts[-1]))), np.zeros(40), np.zeros(40, np.uint8)
    run_many(
        program.prog, asks, ends, net.base, states, np.arange(40), True, net.starts, out, logs,
        status,
    )  # fmt: skip
    compared = 0
    for row, mine, done in zip(states.tolist(), out, status.tolist(), strict=True):
        known = {v: s for v, s in enumerate(row) if s >= 0}
        single = np.full(mine.shape, np.nan)
        if done == kernels.DONE and run(net, program, known, {}, single)[0] == kernels.DONE:
            for q in program.plan.factors.queries:
                at = slice(net.starts[q.variable], net.starts[q.variable + 1])
                np.testing.assert_allclose(mine[at], single[at], rtol=1e-10, atol=1e-16)
                compared += 1
    assert compared > 0


@pytest.mark.parametrize("seed", range(3))
def test_threads_get_the_same_bits(seed: int) -> None:
    made, network, seed = possible((18, 40 + seed, 2, 6))
    query = random_evidence(network, seed, 0.1)
    request = read_request(network, query.hard, query.soft, None)
    answers = [np.full_like(made.found, np.nan) for _ in range(16)]

    def answer(out: np.ndarray) -> None:
        for _ in range(20):
            run(made.engine.arrays, made.program, request.states, request.soft, out)

    threads = [Thread(target=answer, args=(out,)) for out in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for out in answers:
        np.testing.assert_array_equal(out, made.found)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 20), st.floats(0.05, 0.9))
def test_fours_hold_every_query_and_changes_make_them_cheaper(
    seed: int, queries: int, cliques: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    marks = (rng.random((queries, cliques)) < share).astype(np.uint8)
    weights, lanes = 1.0 + rng.random(cliques), rng.integers(1, 5, queries)
    four, fours = make_fours(marks, weights, lanes)
    assert set(four.tolist()) <= set(range(fours))
    assert np.bincount(four, lanes).max() <= FOUR

    def price(of: np.ndarray) -> float:
        return sum(float(marks[of == g].any(axis=0) @ weights) for g in range(fours))

    ptr, items = cliques_of(marks, weights)
    first, counts, _ = fill_fours(ptr, items, *users_of(ptr, items, cliques), weights, lanes)
    assert len(counts) == fours
    assert price(four) <= price(first) * (1 + 1e-12)
    for a in range(queries):  # no exchange is left that would pay, unless the sweeps ran out
        for b in range(a):
            other = four.copy()
            other[a], other[b] = four[b], four[a]
            if np.bincount(other, lanes).max() <= FOUR and queries <= 12:
                assert price(other) >= price(four) * (1 - 1e-9)
