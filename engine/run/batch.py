"""Many cases at once: eight side by side on the fixed tree, or program by program.

A network whose tree without evidence is small takes all rows through that one tree, whatever is
observed in each. Otherwise rows that share a pattern of evidence, absent leaves aside, share a
program. Blocks of rows go to threads.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.core import core
from fascinet.engine.run.cores import CoreBatch
from fascinet.engine.run.fixed import FixedTree
from fascinet.engine.run.loaded import Loaded
from fascinet.engine.run.solver import Solver
from fascinet.engine.tables.fold import Packed
from fascinet.engine.tables.request import Request, pattern_of
from fascinet.model.gates import Array

States: TypeAlias = NDArray[np.int16]
Rows: TypeAlias = NDArray[np.int64]

BLOCK = 1024  # rows that one thread takes at a time
EQUAL = 1000  # entries from which a case costs more than to look whether it equals another
MOSTLY = 0.8  # equal rows are answered once if no more than this share of all are distinct


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
        State of each variable, -1 for unknown.
    posteriors : bool
        If false, the first result has no rows.
    wanted : frozenset of int, optional
        Only these variables are needed; the others may be NaN.
    dtype : {"float64", "float32"}
        Of the posteriors.
    """
    states = np.ascontiguousarray(states)
    tree = solver.rows_tree if len(states) > 1 else None
    if tree is None or tree.size > EQUAL:
        first, which = distinct_rows(states)
        if 0 < len(first) <= MOSTLY * len(states):
            some = solve_states(
                solver, states[first], posteriors=posteriors, wanted=wanted, threads=threads,
                dtype=dtype,
            )  # fmt: skip
            return (some[0][which] if posteriors else some[0]), some[1][which]
    places = int(solver.starts[-1])
    answers = np.full((len(states) if posteriors else 0, places), np.nan, dtype)
    logs = np.full(len(states), -np.inf)
    asked = wanted if posteriors else frozenset[int]()
    if tree is not None:
        jobs = _fixed_jobs(solver, tree, states, answers, logs)
    elif solver.core is not None and asked is not None and _by_cores(solver, asked):
        jobs = CoreBatch(solver, states, asked, answers, logs).jobs(distinct_rows)
    else:
        jobs = _program_jobs(solver, states, wanted if posteriors else frozenset(), answers, logs)
    with ThreadPoolExecutor(threads or cpu_count() or 1) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()
    doubtful = np.flatnonzero(np.isnan(logs))
    for i in doubtful.tolist():
        values, logs[i] = solver.solve(request_of(states[i]), wanted if posteriors else frozenset())
        if posteriors:
            answers[i] = values
    return answers, logs


def distinct_rows(states: States) -> tuple[Rows, Rows]:
    """Return the first of each set of equal rows, and for each row which set it is in."""
    if not states.size:
        return np.arange(min(len(states), 1)), np.zeros(len(states), np.int64)
    if core is not None:
        found = core.distinct_rows(np.ascontiguousarray(states), states.shape[1])
        first, which = (np.frombuffer(x, np.int64) for x in found)
        return first, which
    keys = np.ascontiguousarray(states).view([("", f"V{2 * states.shape[1]}")]).ravel()
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    return first, which.ravel()


def request_of(row: States) -> Request:
    """Return a row as a request."""
    seen = np.flatnonzero(row >= 0).tolist()
    return Request({v: int(row[v]) for v in seen}, {}, frozenset())


def states_of(requests: Sequence[Request], variables: int) -> States:
    """Return the observed states of requests, one row each, -1 for unknown."""
    states = np.full((len(requests), variables), -1, np.int16)
    for row, request in zip(states, requests, strict=True):
        for v, s in request.states.items():
            row[v] = s
    return states


Job: TypeAlias = Callable[[], None]


def _by_cores(solver: Solver, asked: frozenset[int]) -> bool:
    """Whether rows may go by their positive findings: gates at leaves, and none of them asked."""
    return bool(solver.folder.rows) and asked.isdisjoint(solver.folder.rows)


def _fixed_jobs(
    solver: Solver, tree: FixedTree, states: States, answers: Array, logs: Array
) -> list[Job]:
    def job(begin: int) -> Job:
        rows = slice(begin, begin + BLOCK)

        def work() -> None:
            out = answers[rows] if len(answers) else None
            solver.core.find_rows(tree.named, states[rows], out, logs[rows])

        return work

    return [job(begin) for begin in range(0, len(states), BLOCK)]


def _program_jobs(
    solver: Solver, states: States, wanted: frozenset[int] | None, answers: Array, logs: Array
) -> list[Job]:
    """Return a job for each block of rows that share a program."""
    gates = np.array([b.is_max for b in solver.net.blocks], bool)
    codes = np.where(states < 0, 0, np.where((states == 0) & gates, 1, 2)).astype(np.int16)
    if wanted is None:  # absent leaves are folded: rows differ by what else they observe
        leaves = np.zeros(len(gates), bool)
        leaves[list(solver.folder.rows)] = True
        codes[(codes == 1) & leaves] = 0
    first, which = distinct_rows(codes)
    order = np.argsort(which, kind="stable")
    ends = np.searchsorted(which[order], np.arange(len(first) + 1))
    jobs: list[Job] = []

    def job(rows: Rows) -> Job:
        return lambda: _run_rows(solver, states, rows, wanted, answers, logs)

    for p in range(len(first)):
        rows = order[ends[p] : ends[p + 1]]
        jobs.extend(job(rows[k : k + BLOCK]) for k in range(0, len(rows), BLOCK))
    return jobs


def _run_rows(
    solver: Solver,
    states: States,
    rows: Rows,
    wanted: frozenset[int] | None,
    answers: Array,
    logs: Array,
) -> None:
    """Answer rows that share a program, in place."""
    asked = [request_of(states[i]) for i in rows]
    kept = [solver.folder.fold(r) if wanted is None else (r, 0.0) for r in asked]
    patterns = [pattern_of(solver.net, r, wanted) for r, _ in kept]
    loaded = solver.program(patterns[0])
    alike = [k for k, pattern in enumerate(patterns) if pattern == patterns[0]]
    some = rows[alike]
    out = np.full((len(some), int(solver.starts[-1])), np.nan) if len(answers) else None
    seen, weights = _cases(solver, loaded, [kept[k][0] for k in alike])
    found = loaded.run_rows(seen, weights, out)
    logs[some] = found + np.array([kept[k][1] for k in alike])
    for k in set(range(len(rows))) - set(alike):  # likelihoods that could not be folded
        logs[rows[k]] = np.nan
    if out is not None:
        out[:, solver.net.certain] = 1.0
        for row, k in zip(out, alike, strict=True):  # rows differ by the absent leaves in them
            for v, s in asked[k].states.items():
                row[solver.starts[v] : solver.starts[v + 1]] = 0.0
                row[solver.starts[v] + s] = 1.0
        out[np.isneginf(logs[some])] = np.nan
        answers[some] = out


def _cases(
    solver: Solver, loaded: Loaded, requests: Sequence[Request]
) -> tuple[NDArray[np.int64], Array]:
    """Return the cases of one program as rows."""
    states = np.zeros((len(requests), len(solver.net.cards)), np.int64)
    weights = np.ones((len(requests), int(loaded.program.sizes[2])))
    for i, request in enumerate(requests):
        if isinstance(request.soft, Packed):
            states[i, list(request.states)] = list(request.states.values())
            weights[i] = request.soft.numbers
        else:
            states[i], weights[i] = solver.case(request, loaded)
    return states, weights
