"""Run the groups of a batch: buffers, blocks, threads."""

# pyright: basic
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from threading import local

import numpy as np

from fascinet.engine.batch_clusters import Clusters, items_of
from fascinet.engine.batch_core_numba import WIDTH, classify, run_core
from fascinet.engine.batch_fused_numba import run_fused
from fascinet.engine.batch_groups import GroupProgram, Groups, asked_leaves
from fascinet.engine.batch_subsets import Job, jobs_of, row_costs, terms_of
from fascinet.engine.batch_subsets_numba import rows_needed, run_subsets
from fascinet.engine.batch_tree import aligned

BLOCK = 256  # rows that one thread takes at a time
_threads = local()


def by_core(
    groups: Groups,
    states: np.ndarray,
    wanted: frozenset[int] | None,
    threads: int,
    out: np.ndarray,
    logs: np.ndarray,
    status: np.ndarray,
) -> None:
    """Answer rows in place; `status` is not `DONE` where a row must be answered again.

    Parameters
    ----------
    states : int16 array, shape (cases, variables)
        In C order.
    out : array, shape (cases, places) or (0, places)
    """
    core, starts = groups.core, groups.starts
    asked = asked_leaves(core, wanted) if len(out) else frozenset[int]()
    roles = np.empty(states.shape, np.uint8)
    classify(states, core.kinds, core.ptr, core.parents, roles)
    coded = states.copy()

    def work(job: tuple[GroupProgram, np.ndarray]) -> None:
        run_group(groups, job[0], states, coded, roles, job[1], out, logs, status)

    items, jobs = items_of(core, roles), []
    clusters = Clusters(groups, asked, row_costs(groups, items, asked))
    for program, rows in clusters.run(items):
        for v in program.core:
            coded[rows, v] = np.where(states[rows, v] > 0, states[rows, v], core.cards[v])
        jobs.extend((program, rows[k : k + BLOCK]) for k in range(0, len(rows), BLOCK))
    rare = jobs_of(groups, clusters.rare, roles, asked)
    out[:, core_certain(starts)] = 1.0
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, jobs))
        list(pool.map(lambda job: run_rare(groups, job, states, roles, out, logs, status), rare))


def core_certain(starts: np.ndarray) -> np.ndarray:
    """Return the places of variables with one state."""
    return starts[:-1][np.diff(starts) == 1]


def run_group(
    groups: Groups,
    program: GroupProgram,
    states: np.ndarray,
    coded: np.ndarray,
    roles: np.ndarray,
    rows: np.ndarray,
    out: np.ndarray,
    logs: np.ndarray,
    status: np.ndarray,
) -> None:
    """Answer the cases `rows`, all of one group."""
    flat, core = program.flat, groups.core
    buffers = np.zeros(2 * WIDTH, np.int64), np.zeros(2 * WIDTH), np.zeros(WIDTH, np.uint8)
    net = core.net.base, core.tables, core.kinds
    frame = states, coded, roles, rows, program.soft, program.soft_at, program.simple
    if not flat.keep:
        ints, static = program.fused
        run_fused(
            flat.prog, ints, static, *net, *frame, program.read, groups.starts,
            vectors(int(ints[7])), buffers, out, logs, status,
        )  # fmt: skip
        return
    size, entries, queries = int(flat.prog[11]), int(flat.prog[10]), program.queries
    run_core(
        flat.prog, queries.asks, queries.leaves, queries.where, queries.numbers, queries.stops,
        *net, *frame, groups.starts, vectors(2 * size - entries),
        vectors(int(queries.asks[9]), "sent"), np.empty((queries.states, WIDTH)), buffers,
        out, logs, status,
    )  # fmt: skip


def run_rare(
    groups: Groups,
    job: Job,
    states: np.ndarray,
    roles: np.ndarray,
    out: np.ndarray,
    logs: np.ndarray,
    status: np.ndarray,
) -> None:
    """Answer the cases of a job, each with a core of its own."""
    program, owners, core = job.program, job.owners, groups.core
    ints, static = program.fused
    queries = tuple(getattr(job.queries, f.name) for f in fields(job.queries))
    need = rows_needed(owners.sizes, int(ints[0]), owners.deep, 1 << job.findings)
    buffers = np.zeros(2 * WIDTH, np.int64), np.zeros(2 * WIDTH), np.zeros(WIDTH, np.uint8)
    run_subsets(
        program.flat.prog, ints, static, owners.sizes, owners.of, owners.likelihood, owners.deep,
        *terms_of(job.findings), core.net.base, core.tables, core.kinds, states, roles, job.rows,
        program.soft, program.soft_at, program.simple, queries, groups.starts,
        vectors(int(ints[7]) + need), buffers, out, logs, status,
    )  # fmt: skip


def vectors(rows: int, name: str = "work") -> np.ndarray:
    """Return this thread's work space of a name, at least so many vectors."""
    held = getattr(_threads, name, None)
    if held is None or len(held) < rows:
        held = aligned(rows, WIDTH, np.dtype(np.float64))
        setattr(_threads, name, held)
    return held
