"""Cases grouped by pattern of evidence: a program for each pattern, equal rows answered once."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.batch_groups import groups_of
from fascinet.engine.decompose import Pattern
from fascinet.engine.junction import Plan, clique_size
from fascinet.engine.request import Request
from fascinet.engine.solver import Solver
from fascinet.model.gates import Array

if TYPE_CHECKING:
    from fascinet.engine.native import NativeProgram

States = NDArray[np.int16]
BLOCK = 256  # cases that one thread takes at a time
LARGE = 300_000  # entries from which tiles are faster than lanes
ROWED, LONG = 30_000, 16  # or so many, if most lie in cliques with an axis of so many states
FEW = 4  # from so many cases on (of a pattern, where there are no gates), a case is a lane


def pattern_rows(solver: Solver, states: States) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the distinct patterns, one row each, and the pattern of each case.

    A pattern has 0 for unknown, 1 for a noisy-MAX in state 0, 2 for any other observed state.
    """
    is_max = np.array([b.is_max for b in solver.net.blocks], dtype=bool)
    codes = np.where(states < 0, 0, np.where((states == 0) & is_max, 1, 2)).astype(np.uint8)
    keys = np.ascontiguousarray(codes).view([("", f"V{codes.shape[1]}")]).ravel()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return codes[first], inverse.ravel()


def pattern_from(row: NDArray[np.uint8], wanted: frozenset[int] | None) -> Pattern:
    """Return the pattern that a row of codes stands for."""
    observed = frozenset(np.flatnonzero(row).tolist())
    return Pattern(observed, frozenset(np.flatnonzero(row == 1).tolist()), targets=wanted)


def distinct_rows(states: States) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first of each set of equal rows, and for each row which set it is in."""
    if len(states) < BLOCK:  # not worth the start of the kernels
        _, first, which = np.unique(states, axis=0, return_index=True, return_inverse=True)
        return first, which.ravel()
    from fascinet.engine.frames_numba import are_alike, mix, number

    columns = np.ascontiguousarray(states.T)
    weights = np.random.default_rng(0).integers(2**32, size=(len(columns), 2), dtype=np.uint32)
    keys = np.empty((2, len(states)), np.uint32)
    which, first = np.empty(len(states), np.int64), np.empty(len(states), np.int64)
    mix(columns, weights, keys)
    first = first[: number(keys, which, first)]
    if not are_alike(columns, which, first):  # two rows of one key
        _, first, which = np.unique(states, axis=0, return_index=True, return_inverse=True)
    return first, which.ravel()


def by_pattern(
    solver: Solver,
    states: States,
    posteriors: bool,
    wanted: frozenset[int] | None,
    threads: int,
) -> tuple[Array, Array]:
    """Return posteriors (cases, places) and ln P(e) (cases,); NaN and -inf where impossible."""
    first, which = distinct_rows(states)
    if len(first) == len(states):
        return _by_pattern(solver, states, posteriors, wanted, threads)
    out, logs = _by_pattern(solver, states[first], posteriors, wanted, threads)
    return (out[which] if posteriors else out), logs[which]


def _by_pattern(
    solver: Solver,
    states: States,
    posteriors: bool,
    wanted: frozenset[int] | None,
    threads: int,
) -> tuple[Array, Array]:
    cases = len(states)
    out = np.full((cases if posteriors else 0, int(solver.starts[-1])), np.nan)
    out[:, solver.net.certain] = 1.0
    logs, status = np.full(cases, -np.inf), np.zeros(cases, np.uint8)
    targets = wanted if posteriors else frozenset[int]()
    native, groups = solver.native or cases >= BLOCK, None
    if native and cases >= FEW:
        groups = groups_of(solver)
    if groups is not None:
        from fascinet.engine.batch_core_run import by_core

        by_core(groups, np.ascontiguousarray(states), targets, threads, out, logs, status)
    elif native:  # else they are answered one by one
        states = np.ascontiguousarray(states)
        patterns, which = pattern_rows(solver, states)
        order = np.argsort(which, kind="stable")
        bounds = np.searchsorted(which[order], np.arange(len(patterns) + 1))

        def work(job: tuple[int, NDArray[np.int64]]) -> None:
            pattern = pattern_from(patterns[job[0]], targets)
            run_rows(solver, pattern, states, job[1], out, logs, status)

        jobs: list[tuple[int, NDArray[np.int64]]] = []
        for p in range(len(patterns)):
            rows = order[bounds[p] : bounds[p + 1]]
            jobs.extend((p, rows[k : k + BLOCK]) for k in range(0, len(rows), BLOCK))
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, jobs))
    doubtful = np.flatnonzero(status != 1)
    answer_again(solver, states, doubtful, out if posteriors else None, logs, wanted)
    return out, logs


def run_rows(
    solver: Solver,
    pattern: Pattern,
    states: States,
    rows: NDArray[np.int64],
    out: Array,
    logs: Array,
    status: NDArray[np.uint8],
) -> None:
    """Answer the cases of one pattern in place."""
    flat = solver.program(pattern).flat
    if not flat.keep and is_large(flat.plan):
        return _run_tiles(solver, flat, states, rows, out, logs, status)
    if not flat.keep and len(rows) >= FEW:
        return _run_lanes(solver, flat, states, rows, out, logs, status)
    from fascinet.engine.leaf_walk import joined
    from fascinet.engine.many_numba import run_many

    run_many(
        flat.prog, *joined(flat.walks), solver.net.base, states, rows, flat.keep,
        solver.starts, out, logs, status,
    )  # fmt: skip


def _run_lanes(
    solver: Solver,
    flat: "NativeProgram",
    states: States,
    rows: NDArray[np.int64],
    out: Array,
    logs: Array,
    status: NDArray[np.uint8],
) -> None:
    """Answer the cases of one pattern, a case a lane."""
    from fascinet.engine.batch_pattern_numba import WIDTH, run_group
    from fascinet.engine.batch_tree import aligned

    size, entries = int(flat.prog[11]), int(flat.prog[10])
    work = aligned(2 * size - entries, WIDTH, np.dtype(np.float64))
    buffers = np.zeros(2 * WIDTH, np.int64), np.zeros(2 * WIDTH), np.zeros(WIDTH, np.uint8)
    run_group(flat.prog, solver.net.base, states, rows, work, buffers, out, logs, status)
    _tell_findings(solver, states, rows, out)


def _tell_findings(solver: Solver, states: States, rows: NDArray[np.int64], out: Array) -> None:
    """Write the posteriors of what the cases of one pattern observed: ones and zeros."""
    if len(out):
        for v in np.flatnonzero(states[rows[0]] >= 0):
            out[rows[:, None], np.arange(solver.starts[v], solver.starts[v + 1])] = 0.0
            out[rows, solver.starts[v] + states[rows, v]] = 1.0


def is_large(plan: Plan) -> bool:
    """Whether case after case by tiles is faster than a case a lane.

    Lanes outgrow the caches; long axes, which tiles work in vectors anyway, gain nothing from them.
    """
    if plan.entries < ROWED:
        return False
    cards = plan.factors.cards
    sizes = [(clique_size(c, cards), max(cards[v] for v in c.scope)) for c in plan.cliques]
    long = sum(size for size, states in sizes if states >= LONG)
    return plan.entries >= LARGE or 2 * long >= plan.entries


def _run_tiles(
    solver: Solver,
    flat: "NativeProgram",
    states: States,
    rows: NDArray[np.int64],
    out: Array,
    logs: Array,
    status: NDArray[np.uint8],
) -> None:
    """Answer the cases of one pattern one by one, by tiles."""
    from fascinet.engine.native import run_tiles

    for i in rows:
        obs = np.maximum(states[i], 0).astype(np.int64)
        told = out[i] if len(out) else None
        status[i], logs[i] = run_tiles(solver.net, flat, obs, {}, told)
    _tell_findings(solver, states, rows, out)


def answer_again(
    solver: Solver,
    states: States,
    rows: NDArray[np.int64],
    out: Array | None,
    logs: Array,
    wanted: frozenset[int] | None = None,
) -> None:
    """Answer rows on the careful path of single cases, equal rows once."""
    if not rows.size:
        return
    first, which = distinct_rows(states[rows])
    for k, i in enumerate(rows[first]):
        seen = np.flatnonzero(states[i] >= 0)
        request = Request({int(v): int(states[i, v]) for v in seen}, {}, frozenset())
        same = rows[which == k]
        if out is None:
            logs[same] = solver.log_prob(request)
        else:
            out[same], logs[same] = solver.solve(request, wanted)
