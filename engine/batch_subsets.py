"""Rows whose positive findings are their own: one program for all, with sets of findings in it.

A program of `batch_groups.py` is planned for a core, the gates that may be observed above state 0.
Rows drawn at random have a core each, and planning one costs a thousand times what a row does. So a
row whose core is rare goes through the program of the empty core, in which each number becomes one
for every set of the row's positive findings (`batch_subsets_numba.py`).
"""

# pyright: basic
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.batch_clusters import Clusters, Item
from fascinet.engine.batch_core import CORE, GATE, TABLE, Core
from fascinet.engine.batch_fused_layout import NODE, PART
from fascinet.engine.batch_groups import GroupProgram, Groups, Key, Rows
from fascinet.engine.order import bits
from fascinet.model.errors import BudgetError
from fascinet.model.gates import Array

# Seconds of a row, by its positive findings, on a tree of `ENTRIES`; with so many leaves asked for.
ROW = (9e-6, 12e-6, 18e-6, 35e-6, 100e-6, 300e-6, 9e-4, 3e-3)
ASKED = (0.12e-3, 0.2e-3, 0.4e-3, 1.2e-3, 4e-3, 1.2e-2, 5e-2)
ENTRIES, LEAVES = 2000, 100
ROOM = 2**28  # bytes of a thread's work space
SHARE = 0.25  # of the rows observe a variable above the leaves that programs slice
BLOCK = 256  # rows that one thread takes at a time

_made: "WeakKeyDictionary[GroupProgram, dict[frozenset[int], tuple[Owners, SetQueries]]]" = (
    WeakKeyDictionary()
)
_lock = Lock()


@dataclass(frozen=True)
class Job:
    """Rows with equally many positive findings, and the program that they go through."""

    program: GroupProgram
    owners: "Owners"
    queries: "SetQueries"
    findings: int
    rows: Rows


@dataclass(frozen=True)
class Owners:
    """What is multiplied into the cliques of a program with an empty core.

    Attributes
    ----------
    sizes : int64 array
        Rows of each: the likelihoods, then the messages.
    of : int64 array
        That of each operand, -1 for a table that observed states slice.
    likelihood : int64 array, shape (variables,)
        That of each variable's likelihood, -1 if it has none.
    deep : int
        Operands of the clique that has most.
    """

    sizes: NDArray[np.int64]
    of: NDArray[np.int64]
    likelihood: NDArray[np.int64]
    deep: int


def owners_of(program: GroupProgram, cards: NDArray[np.int64]) -> Owners:
    """Return the owners of a program."""
    ints, _ = program.fused
    cliques = int(ints[0])
    nodes = ints[16 : 16 + NODE * cliques].reshape(cliques, NODE).astype(np.int64)
    many = int(nodes[:, 7].max(initial=0))
    sources = ints[ints[2] : ints[2] + PART * many : PART].astype(np.int64)
    owner = np.full(int(ints[7]) + 1, -1, np.int64)
    owner[program.soft_at[program.soft]] = np.arange(len(program.soft))
    owner[nodes[:, 3]] = len(program.soft) + np.arange(cliques)
    likelihood = np.full(len(cards), -1, np.int64)
    likelihood[program.soft] = np.arange(len(program.soft))
    return Owners(
        np.concatenate([cards[program.soft], nodes[:, 0]]),
        owner[sources],
        likelihood,
        int((nodes[:, 7] - nodes[:, 6]).max(initial=0)),
    )


@dataclass(frozen=True)
class SetQueries:
    """The leaf queries of a program, as `batch_subsets_leaves_numba.py` tells them."""

    levels: Rows
    leaves: Rows
    tops: Rows
    ptr: Rows
    stops: Rows
    marks: Rows
    where: Rows
    numbers: Array


class QueryLayout:
    """Lays leaf queries out over the tree of a program with an empty core."""

    def __init__(self, core: Core, program: GroupProgram, owners: Owners) -> None:
        ints, _ = program.fused
        cliques = int(ints[0])
        nodes = ints[16 : 16 + NODE * cliques].reshape(cliques, NODE)
        self.core, self.owners = core, owners
        self.parents, self.operands = nodes[:, 5].tolist(), nodes[:, 6:8].tolist()
        self.of, self.first = owners.of.tolist(), len(owners.sizes) - cliques
        self.home = {
            o: c
            for c, (low, high) in enumerate(self.operands)
            for o in self.of[low:high]
            if 0 <= o < self.first
        }
        self.lists: tuple[list[int], ...] = tuple([] for _ in range(6))
        self.ptr, self.numbers, self.filled = [0], list[Array](), 0

    def run(self, asked: frozenset[int]) -> SetQueries:
        """Return the queries of leaves that are gates."""
        for v in sorted(asked):
            if self.core.kinds[v] == GATE:
                self._leaf(v)
        levels, leaves, tops, stops, marks, where = (np.array(x, np.int64) for x in self.lists)
        numbers = np.concatenate([np.zeros(0), *self.numbers])
        ptr = np.array(self.ptr, np.int64)
        return SetQueries(levels, leaves, tops, ptr, stops, marks, where, numbers)

    def _leaf(self, v: int) -> None:
        core, likelihood = self.core, self.owners.likelihood
        links = {
            int(likelihood[u]): int(core.links[a])
            for a, u in enumerate(core.parents[core.ptr[v] : core.ptr[v + 1]], int(core.ptr[v]))
            if likelihood[u] >= 0
        }
        top, changed = self._span({self.home[o] for o in links})
        states = int(core.cards[v])
        for k in range(1, states):
            levels, leaves, tops, stops, marks, where = self.lists
            levels.append(k)
            leaves.append(v)
            tops.append(top)
            for c in sorted(changed):
                stops.append(c)
                marks.append(len(where))
                low, high = self.operands[c]
                where.extend(self._mark(o, links, changed, states, k) for o in self.of[low:high])
            self.ptr.append(len(stops))

    def _mark(self, o: int, links: dict[int, int], changed: set[int], states: int, k: int) -> int:
        """Return what a query changes of an operand: see `batch_subsets_leaves_numba.py`."""
        if o in links:
            rows = int(self.owners.sizes[o])
            at, base = links[o], self.core.net.base
            table = base[at : at + rows * states].reshape(rows, states)
            self.numbers.append(table[:, :k].sum(axis=1))
            self.filled += rows
            return self.filled - rows
        return -1 if o - self.first in changed and o >= self.first else -2

    def _span(self, homes: set[int]) -> tuple[int, set[int]]:
        """Return where the paths up from some cliques meet, and the cliques on them."""
        if not homes:
            return -2, set()
        paths = [self._path(c) for c in homes]
        common = set(paths[0]).intersection(*paths[1:])
        top = min(common, default=-1)
        return top, {c for path in paths for c in path if top < 0 or c <= top}

    def _path(self, c: int) -> list[int]:
        path = list[int]()
        while c >= 0:
            path.append(c)
            c = self.parents[c]
        return path


def parts_of(core: Core, program: GroupProgram, asked: frozenset[int]) -> tuple[Owners, SetQueries]:
    """Return a program's owners and leaf queries, laid out once."""
    with _lock:
        made = _made.setdefault(program, {})
        if asked not in made:
            owners = owners_of(program, core.cards)
            made[asked] = owners, QueryLayout(core, program, owners).run(asked)
        return made[asked]


@lru_cache(len(ROW))
def terms_of(findings: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the terms of all products for so many positive findings."""
    from fascinet.engine.batch_sets_numba import lay_terms

    return lay_terms(findings)


def row_costs(groups: Groups, items: Sequence[Item], asked: frozenset[int]) -> tuple[float, ...]:
    """Return the seconds of a row that goes without a program, by its positive findings.

    There are none for so many findings that the work space would be too large.
    """
    core = groups.core
    often = often_fixed(items, SHARE * sum(item.count for item in items))
    tables = frozenset(v for v in asked if core.kinds[v] == TABLE)
    whole = max(alike(items, often), key=lambda item: item.count)
    try:
        entries = groups.entries(Key(whole.fixed, 0, tables))
    except BudgetError:
        return ()
    gates = sum(1 for v in asked if core.kinds[v] == GATE)
    scale = entries / ENTRIES * (max(gates / LEAVES, 0.1) if gates else 1.0)
    costs = ASKED if gates else ROW
    return tuple(scale * cost for f, cost in enumerate(costs) if 3 * 64 * 2.0**f * entries <= ROOM)


def jobs_of(
    groups: Groups, rare: list[Item], roles: NDArray[np.uint8], asked: frozenset[int]
) -> list[Job]:
    """Return the work of rare items."""
    core, jobs = groups.core, list[Job]()
    tables = frozenset(v for v in asked if core.kinds[v] == TABLE)
    seen = frozenset(bits(reduce(or_, (item.leaves for item in rare), 0)))
    often = often_fixed(rare, SHARE * sum(item.count for item in rare))
    for some in ([i for i in rare if not i.leaves], [i for i in rare if i.leaves]):
        inside = tables | seen if some and some[0].leaves else tables
        for program, rows in Clusters(groups, inside).run(alike(some, often)):
            owners, queries = parts_of(core, program, asked)
            many = (roles[rows] == CORE).sum(axis=1)
            for findings in np.unique(many).tolist():
                mine = rows[many == findings]
                jobs += [
                    Job(program, owners, queries, findings, mine[k : k + BLOCK])
                    for k in range(0, len(mine), BLOCK)
                ]
    return jobs


def alike(items: Sequence[Item], often: int) -> list[Item]:
    """Return items that only tell what is observed above the leaves, rows of like cores adjacent.

    An observed table with several free parents is in the tree, and a likelihood tells its state.
    """
    found = dict[int, Item]()
    for item in sorted(items, key=lambda i: i.core):
        whole = found.setdefault(item.fixed & often, Item(item.fixed & often, 0, 0, 0, []))
        whole.count += item.count
        whole.rows += item.rows
    return list(found.values())


def often_fixed(items: Sequence[Item], least: float) -> int:
    """Return the variables above the leaves, in bits, that at least so many rows observe."""
    count: dict[int, int] = {}
    for item in items:
        for v in bits(item.fixed):
            count[v] = count.get(v, 0) + item.count
    return sum(1 << v for v, n in count.items() if n >= least)
