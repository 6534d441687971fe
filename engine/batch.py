"""Many cases at once: grouped by pattern of evidence, each group through one program.

Small networks of tables take all cases through one fixed tree, a case a SIMD lane; other networks
compile one program for each distinct pattern in the batch. Blocks go to threads; memory is bounded
by the caller's chunks.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.decompose import Pattern
from fascinet.engine.request import Request
from fascinet.engine.solver import Solver
from fascinet.model.gates import Array

States = NDArray[np.int16]
BLOCK = 256  # cases that one thread takes at a time


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


def solve_states(
    solver: Solver, states: States, *, posteriors: bool = True, threads: int | None = None
) -> tuple[Array, Array]:
    """Return posteriors (cases, places) and ln P(e) (cases,); NaN and -inf where impossible.

    Parameters
    ----------
    states : array, shape (cases, variables)
        State of each variable, -1 for unknown.
    posteriors : bool
        If false, the first result has no rows.
    """
    threads = threads or cpu_count() or 1
    whole = solver.whole
    if whole is not None and posteriors:
        out, logs, status = whole.batch(states, threads)
    else:
        out, logs, status = _by_pattern(solver, states, posteriors, threads)
    for i in np.flatnonzero(status != 1):
        seen = np.flatnonzero(states[i] >= 0)
        request = Request({int(v): int(states[i, v]) for v in seen}, {}, frozenset())
        if posteriors:
            out[i], logs[i] = solver.solve(request, None)
        else:
            logs[i] = solver.log_prob(request)
    return out, logs


def _by_pattern(
    solver: Solver, states: States, posteriors: bool, threads: int
) -> tuple[Array, Array, NDArray[np.uint8]]:
    cases = len(states)
    out = np.full((cases if posteriors else 0, int(solver.starts[-1])), np.nan)
    out[:, solver.net.certain] = 1.0
    logs, status = np.full(cases, -np.inf), np.zeros(cases, np.uint8)
    if cases == 0:
        return out, logs, status
    if not solver.native and cases < BLOCK:
        return out, logs, status  # the caller answers them one by one
    patterns, which = pattern_rows(solver, states)
    order = np.argsort(which, kind="stable")
    bounds = np.searchsorted(which[order], np.arange(len(patterns) + 1))
    with ThreadPoolExecutor(threads) as pool:
        jobs: list[tuple[int, NDArray[np.int64]]] = []
        for p in range(len(patterns)):
            rows = order[bounds[p] : bounds[p + 1]]
            jobs.extend((p, rows[k : k + BLOCK]) for k in range(0, len(rows), BLOCK))

        def work(job: tuple[int, NDArray[np.int64]]) -> None:
            pattern = pattern_from(patterns[job[0]], None if posteriors else frozenset())
            run_rows(solver, pattern, states, job[1], out, logs, status)

        list(pool.map(work, jobs))
    return out, logs, status


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
    from fascinet.engine.many_numba import run_many

    flat = solver.program(pattern).flat
    run_many(
        flat.prog, flat.lanes, flat.sizes, solver.net.base, states, rows, flat.keep,
        solver.starts, out, logs, status,
    )  # fmt: skip


def states_of(requests: Sequence[Request], variables: int) -> States:
    """Return the observed states of requests, one row each, -1 for unknown."""
    states = np.full((len(requests), variables), -1, np.int16)
    for row, request in zip(states, requests, strict=True):
        for v, s in request.states.items():
            row[v] = s
    return states
