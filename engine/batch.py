"""Many cases at once: through one tree by vectors of cases, or grouped by pattern of evidence.

A network whose tree without evidence is small enough takes all rows through that one tree, whatever
is observed in each (`batch_program.py`). Otherwise one program is compiled for each distinct
pattern in the batch. Estimated work decides; blocks go to threads.
"""

from collections.abc import Sequence
from os import cpu_count
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from fascinet.engine.batch_patterns import (
    BLOCK,
    States,
    answer_again,
    by_pattern,
    distinct_rows,
    pattern_from,
    pattern_rows,
)
from fascinet.engine.batch_program import BatchProgram, compile_batch
from fascinet.engine.batch_xp import run_rows_numpy
from fascinet.engine.decompose import Pattern, open_gates, star_scopes
from fascinet.engine.order import eliminate
from fascinet.engine.request import Request
from fascinet.engine.solver import Solver
from fascinet.model.gates import Array

if TYPE_CHECKING:
    from fascinet.engine.batch_tree import BatchTree

FEW = 16  # fewer cases are not worth a tree of their own
WIDEST = 2**19  # entries of a tree beyond which its work space (64 bytes an entry) is too large
STEP = 0.15e-9  # seconds of one multiplication or addition of the tree, a case
ENTRY = 3e-9  # seconds of one entry of a pattern's program, a case
LEAST = 0.15e-6  # seconds that any program of one case takes, a variable
PLANNED = 20e-6  # seconds to plan and lay out a pattern's program, a variable
COPIED = 2e-6  # seconds of a case from which equal rows are looked for
MOSTLY = 0.8  # and answered once, if no more than this share of the rows are distinct

_programs: WeakKeyDictionary[Solver, BatchProgram | None] = WeakKeyDictionary()
_trees: "WeakKeyDictionary[Solver, BatchTree]" = WeakKeyDictionary()
_lock = Lock()


def program_of(solver: Solver) -> BatchProgram | None:
    """Return the one tree of a solver's network for any batch; None if it would be too large."""
    with _lock:
        if solver not in _programs:
            pattern = Pattern(joint=frozenset(range(len(solver.net.cards))))
            _programs[solver] = None
            if least_work(solver, pattern) <= WIDEST:
                plan = solver.plan(pattern)
                if plan.entries <= min(WIDEST, solver.budget):
                    _programs[solver] = compile_batch(solver.net, plan)
        return _programs[solver]


def least_work(solver: Solver, pattern: Pattern) -> float:
    """Return the work of a quick order with each gate as a star, which no tree is much below."""
    opened = open_gates(solver.net, pattern)
    if not opened.gates:
        return 0.0  # planned as fast as that
    scopes, cards, _ = star_scopes(solver.net, pattern, opened)
    return eliminate(scopes, cards, "fill").work


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


def is_dear(program: BatchProgram | None) -> bool:
    """Whether a case costs more than to look whether it is equal to another."""
    return program is None or program.work * STEP > COPIED


def solve_states(
    solver: Solver,
    states: States,
    *,
    posteriors: bool = True,
    wanted: frozenset[int] | None = None,
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
    wanted : frozenset of int, optional
        Only these variables are needed; the others may be NaN.
    dtype : {"float64", "float32"}
        Of the posteriors. In float32 the tree is also worked in it, at about twice the speed; ln
        P(e) then has single precision too.
    """
    threads = threads or cpu_count() or 1
    native = solver.native or (solver.backend == "auto" and len(states) >= BLOCK)
    program = program_of(solver) if len(states) >= FEW else None
    if program is not None and is_worth_it(solver, program, states):
        if is_dear(program):
            first, which = distinct_rows(states)
            if len(first) <= MOSTLY * len(states):
                some = np.asfortranarray(states[first])
                out, logs = solve_states(
                    solver, some, posteriors=posteriors, threads=threads, dtype=dtype
                )
                return np.take(out.T, which, axis=1).T if posteriors else out, logs[which]
        if native:
            tree = tree_of(solver, program)
            out, logs, status = tree.run(states, dtype, threads, posteriors)
        else:
            out, logs, status = run_rows_numpy(program, states, dtype, posteriors)
        out = out.T
    else:
        out, logs = by_pattern(solver, states, posteriors, wanted, threads)
        return out.astype(dtype, copy=False), logs
    answer_again(solver, states, np.flatnonzero(status != 1), out if posteriors else None, logs)
    return out, logs


def states_of(requests: Sequence[Request], variables: int) -> States:
    """Return the observed states of requests, one row each, -1 for unknown."""
    states = np.full((len(requests), variables), -1, np.int16)
    for row, request in zip(states, requests, strict=True):
        for v, s in request.states.items():
            row[v] = s
    return states
