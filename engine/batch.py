"""Many cases at once: through one tree by vectors of cases, or grouped by pattern of evidence.

A network whose tree without evidence is small enough takes all rows through that one tree, whatever
is observed in each (`batch_program.py`). Otherwise one program is compiled for each distinct
pattern in the batch. Estimated work decides; blocks go to threads.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.batch_program import BatchProgram, compile_batch
from fascinet.engine.batch_xp import run_rows_numpy
from fascinet.engine.decompose import Pattern
from fascinet.engine.request import Request
from fascinet.engine.solver import Solver
from fascinet.model.gates import Array

if TYPE_CHECKING:
    from fascinet.engine.batch_tree import BatchTree

States = NDArray[np.int16]
BLOCK = 256  # cases that one thread takes at a time
FEW = 16  # fewer cases are not worth a tree of their own
WIDEST = 2**19  # entries of a tree beyond which its work space (64 bytes an entry) is too large
STEP = 0.15e-9  # seconds of one multiplication or addition of the tree, a case
ENTRY = 3e-9  # seconds of one entry of a pattern's program, a case
LEAST = 0.15e-6  # seconds that any program of one case takes, a variable
PLANNED = 20e-6  # seconds to plan and lay out a pattern's program, a variable

_programs: WeakKeyDictionary[Solver, BatchProgram | None] = WeakKeyDictionary()
_trees: "WeakKeyDictionary[Solver, BatchTree]" = WeakKeyDictionary()
_lock = Lock()


def program_of(solver: Solver) -> BatchProgram | None:
    """Return the one tree of a solver's network for any batch; None if it would be too large."""
    with _lock:
        if solver not in _programs:
            everything = frozenset(range(len(solver.net.cards)))
            plan = solver.plan(Pattern(joint=everything))
            small = plan.entries <= min(WIDEST, solver.budget)
            _programs[solver] = compile_batch(solver.net, plan) if small else None
        return _programs[solver]


def tree_of(solver: Solver, program: BatchProgram) -> "BatchTree":
    """Return a program with what the compiled kernels need."""
    from fascinet.engine.batch_tree import make_tree

    with _lock:
        if solver not in _trees:
            _trees[solver] = make_tree(program)
        return _trees[solver]


def is_worth_it(solver: Solver, program: BatchProgram, states: States) -> bool:
    """Whether one tree for all rows costs less than a program for each pattern, by estimate."""
    one = len(states) * program.work * STEP
    planned = PLANNED * len(solver.net.cards)
    if one < planned or program.work * STEP < LEAST * len(solver.net.cards):
        return True
    patterns, which = pattern_rows(solver, states)
    most = int(np.argmax(np.bincount(which)))
    entries = solver.plan(pattern_from(patterns[most], None)).entries
    return one <= len(patterns) * planned + len(states) * entries * ENTRY


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
    solver: Solver,
    states: States,
    *,
    posteriors: bool = True,
    threads: int | None = None,
    dtype: str = "float64",
) -> tuple[Array, Array]:
    """Return posteriors (cases, places) and ln P(e) (cases,); NaN and -inf where impossible.

    Parameters
    ----------
    states : array, shape (cases, variables)
        State of each variable, -1 for unknown. Best in Fortran order.
    posteriors : bool
        If false, the first result has no rows.
    dtype : {"float64", "float32"}
        Of the posteriors. In float32 the tree is also worked in it, at about twice the speed; ln
        P(e) then has single precision too.
    """
    threads = threads or cpu_count() or 1
    native = solver.native or (solver.backend == "auto" and len(states) >= BLOCK)
    program = program_of(solver) if len(states) >= FEW else None
    if program is not None and is_worth_it(solver, program, states):
        if native:
            tree = tree_of(solver, program)
            out, logs, status = tree.run(states, dtype, threads, posteriors)
        else:
            out, logs, status = run_rows_numpy(program, states, dtype, posteriors)
        out = out.T
    else:
        out, logs, status = _by_pattern(solver, states, posteriors, threads)
        out = out.astype(dtype, copy=False)
    _answer_again(solver, states, np.flatnonzero(status != 1), out if posteriors else None, logs)
    return out, logs


def _answer_again(
    solver: Solver, states: States, rows: NDArray[np.int64], out: Array | None, logs: Array
) -> None:
    """Answer rows on the careful path of single cases, equal rows once."""
    if not rows.size:
        return
    distinct, which = np.unique(states[rows], axis=0, return_inverse=True)
    for k, row in enumerate(distinct):
        seen = np.flatnonzero(row >= 0)
        request = Request({int(v): int(row[v]) for v in seen}, {}, frozenset())
        same = rows[which.ravel() == k]
        if out is None:
            logs[same] = solver.log_prob(request)
        else:
            out[same], logs[same] = solver.solve(request, None)


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
        flat.prog, flat.lanes, solver.net.base, states, rows, flat.keep,
        solver.starts, out, logs, status,
    )  # fmt: skip


def states_of(requests: Sequence[Request], variables: int) -> States:
    """Return the observed states of requests, one row each, -1 for unknown."""
    states = np.full((len(requests), variables), -1, np.int16)
    for row, request in zip(states, requests, strict=True):
        for v, s in request.states.items():
            row[v] = s
    return states
