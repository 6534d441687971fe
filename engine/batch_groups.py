"""Rows grouped by core: which rows share a program, and the program of each group.

Rows that agree in what is observed above the leaves are sorted by core, larger ones first. A core
gets a program of its own where running its rows through the smallest program that holds it would
cost more than to plan another. See `batch_core.py`.
"""

from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.batch_core import (
    CORE,
    FIXED,
    GATE,
    INNER,
    TABLE,
    Core,
    has_core,
    make_core,
)
from fascinet.engine.decompose import Pattern, Query, window
from fascinet.engine.order import bits
from fascinet.engine.plan import Plan
from fascinet.engine.solver import Solver
from fascinet.model.errors import BudgetError

if TYPE_CHECKING:
    from fascinet.engine.native import NativeProgram

Rows: TypeAlias = NDArray[np.int64]
ENTRY = 2.5e-9  # seconds of one entry of a program, a row
ASKED = 0.3e-9  # and of each leaf that is asked for
PLANNED = 8e-3  # seconds that are worth the plan of another program
QUERIED = 12e-3  # and more if it asks for leaves
CHANGES = 2  # variables by which a cluster may change to take more rows in
KEPT = 2**24  # entries of all programs that are kept
MOST = 1024  # and how many
SIZES = 2**16  # and of how many programs the entries are known

_kept: WeakKeyDictionary[Solver, "Groups"] = WeakKeyDictionary()
_lock = Lock()


@dataclass(frozen=True)
class Key:
    """What a group's program depends on.

    Attributes
    ----------
    fixed : frozenset of int
        Observed variables that the program slices.
    core : frozenset of int
        Leaf gates that may be observed above state 0.
    asked : frozenset of int
        Leaves whose posteriors are wanted.
    """

    fixed: frozenset[int]
    core: frozenset[int]
    asked: frozenset[int]


@dataclass(frozen=True)
class GroupProgram:
    """A program for all rows of a group.

    Attributes
    ----------
    flat : NativeProgram
    core : int array
        The gates of `Key.core`.
    soft, soft_at : int64 arrays
        Variables that bear a margin; where each variable's likelihood starts, -1 if it has none.
    stops : int32 array
        The cliques that leaf queries visit.
    simple : int64 array
        Leaves whose posterior is read from one parent's.
    """

    flat: "NativeProgram"
    core: NDArray[np.int64]
    soft: NDArray[np.int64]
    soft_at: NDArray[np.int64]
    stops: NDArray[np.int32]
    simple: NDArray[np.int64]

    @property
    def entries(self) -> float:
        """Entries of all cliques."""
        return self.flat.plan.entries


class Groups:
    """The core of one solver's network, and the programs of its groups."""

    def __init__(self, solver: Solver) -> None:
        self.core: Core = make_core(solver.net)
        self.starts = solver.starts
        self._planner = Solver(self.core.net, solver.starts, solver.budget, "numba")
        self._programs: dict[Key, GroupProgram] = {}
        self._sizes: dict[Key, float] = {}
        self._held = 0.0
        self._lock = Lock()

    def program(self, key: Key) -> GroupProgram:
        """Return the program of a group.

        Raises
        ------
        BudgetError
        """
        with self._lock:
            found = self._programs.pop(key, None)
            if found is not None:
                self._programs[key] = found  # the last used is the last to go
                return found
        found = make_program(self.core, key, self._planner)
        with self._lock:
            self._programs[key] = found
            self._held += found.entries
            while self._held > KEPT or len(self._programs) > MOST:
                oldest = next(iter(self._programs))
                self._held -= self._programs.pop(oldest).entries
        return found

    def knows(self, key: Key) -> bool:
        """Whether a program is at hand."""
        return key in self._programs

    def entries(self, key: Key) -> float:
        """Return the entries of a group's program, known even after it was dropped."""
        found = self._sizes.get(key)
        if found is None:
            found = self.program(key).entries
            with self._lock:
                self._sizes[key] = found
                if len(self._sizes) > SIZES:
                    del self._sizes[next(iter(self._sizes))]
        return found

    def drop(self, key: Key, but: Key) -> None:
        """Forget a program that is not worth its work, unless it is also another's."""
        with self._lock:
            if key != but and key in self._programs:
                self._held -= self._programs.pop(key).entries


def groups_of(solver: Solver) -> Groups | None:
    """Return the groups of a solver's network; None if it has no leaves that are gates."""
    with _lock:
        if solver not in _kept:
            if not has_core(solver.net):
                return None
            _kept[solver] = Groups(solver)
        return _kept[solver]


def free_parents(core: Core, v: int, fixed: frozenset[int]) -> int:
    """Return how many parents of a variable are not observed."""
    return sum(u not in fixed for u in core.net.parents[v])


def plan_of(core: Core, key: Key, solver: Solver) -> Plan:
    """Return the plan of a group: everything above the leaves, its margin, its core."""
    observed = key.fixed | key.core
    married = {v for v in key.asked if core.kinds[v] == TABLE} - key.fixed
    married = {v for v in married if free_parents(core, v, key.fixed) > 1}
    pattern = Pattern(
        observed, soft=core.inner - key.fixed, targets=core.inner | married - key.fixed
    )
    plan = solver.plan(pattern)
    queries = [query_of(core, v, key.fixed) for v in sorted(key.asked) if core.kinds[v] == GATE]
    return replace(plan, factors=replace(plan.factors, queries=queries))


def query_of(core: Core, v: int, fixed: frozenset[int]) -> Query:
    """Return the query of a leaf gate, whether or not it is part of the core."""
    net, blocks = core.net, core.net.blocks[v]
    pairs = zip(net.parents[v], blocks.raw, strict=True)
    return Query(v, blocks.leak, tuple(window(at, [(u, net.cards[v])], fixed) for u, at in pairs))


def make_program(core: Core, key: Key, solver: Solver) -> GroupProgram:
    """Return the program of a group; `solver` is of the core's network."""
    from fascinet.engine.native import native_program

    plan = plan_of(core, key, solver)
    if plan.entries > solver.budget:
        raise BudgetError(plan.largest, plan.entries, solver.budget)
    flat = native_program(core.net, plan, solver.starts)
    soft_at, at = np.full(len(core.cards), -1, np.int64), 0
    for u in flat.soft_order:
        soft_at[u] = at
        at += int(core.cards[u])
    simple = [
        v
        for v in sorted(key.asked - key.fixed)
        if core.kinds[v] == TABLE and free_parents(core, v, key.fixed) <= 1
    ]
    soft = np.array(flat.soft_order, np.int64)
    gates = np.array(sorted(key.core), np.int64)
    return GroupProgram(flat, gates, soft, soft_at, stops_of(flat), np.array(simple, np.int64))


def stops_of(flat: "NativeProgram") -> NDArray[np.int32]:
    """Return where the cliques that leaf queries visit lie in a program."""
    if not flat.keep:
        return np.zeros(0, np.int32)
    asks = flat.lanes
    records = [asks[asks[1] + 8 * g :][:8] for g in range(asks[0])]
    last = max((int(r[2]) for r in records), default=0)
    return np.unique(asks[asks[2] : asks[2] + 8 * last : 8]).astype(np.int32)


@dataclass
class Item:
    """Rows that are alike, or a cluster of them, in bits: bit v for variable v.

    Attributes
    ----------
    fixed, leaves, core : int
        Observed above the leaves; observed leaves with tables that bind parents; the core.
    rows : list of arrays
    """

    fixed: int
    leaves: int
    core: int
    rows: list[Rows]

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(len(rows) for rows in self.rows)

    def with_room_for(self, other: "Item") -> "Item":
        """Return what both may go through."""
        rows = [*self.rows, *other.rows]
        return Item(self.fixed & other.fixed, self.leaves, self.core | other.core, rows)

    def distance(self, other: "Item") -> int:
        """Return by how many variables this would have to change to take another in."""
        return (other.core & ~self.core).bit_count() + (self.fixed & ~other.fixed).bit_count()


def items_of(core: Core, roles: NDArray[np.uint8]) -> list[Item]:
    """Return the distinct kinds of rows."""
    inner = bits_of(core.kinds == INNER)
    found: list[Item] = []
    for rows in equal_rows(np.concatenate([roles == FIXED, roles == CORE], axis=1)):
        fixed, mine = bits_of(roles[rows[0]] == FIXED), bits_of(roles[rows[0]] == CORE)
        found.append(Item(fixed & inner, fixed & ~inner, mine, [rows]))
    return found


def bits_of(marks: NDArray[np.bool_]) -> int:
    """Return marks as the bits of an int."""
    return int.from_bytes(np.packbits(marks, bitorder="little").tobytes(), "little")


def equal_rows(marks: NDArray[np.bool_]) -> list[Rows]:
    """Return the row numbers in lists, one for each distinct row of marks."""
    packed = np.ascontiguousarray(np.packbits(marks, axis=1))
    keys = packed.view([("", f"V{packed.shape[1]}")]).ravel()
    _, which = np.unique(keys, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    cuts = np.flatnonzero(np.diff(which.ravel()[order])) + 1
    return np.split(order, cuts)


class Clusters:
    """Brings kinds of rows together where one wider program costs less than planning two.

    A program serves every row that has observed all that it slices and whose core lies within its
    own: what else is observed above the leaves comes as a likelihood, 1 for the state seen. Kinds
    with large cores come first, so that most of the others lie within one of them.
    """

    def __init__(self, groups: "Groups", asked: frozenset[int]) -> None:
        self.groups, self.asked = groups, asked
        self.entry = ENTRY + ASKED * len(asked)
        self.planned = PLANNED + QUERIED * bool(asked)
        self.found: list[Item] = []

    def run(self, items: list[Item]) -> list[tuple[GroupProgram, Rows]]:
        """Return the programs, and which rows go through each."""
        for item in sorted(items, key=lambda i: (-i.core.bit_count(), i.fixed.bit_count(), i.core)):
            self._take(item)
        return [(self._program(c), np.concatenate(c.rows)) for c in self.found]

    def _program(self, item: Item) -> GroupProgram:
        return self.groups.program(self._key(item))

    def _key(self, item: Item) -> Key:
        fixed = frozenset(bits(item.fixed | item.leaves))
        return Key(fixed, frozenset(bits(item.core)), self.asked)

    def _take(self, item: Item) -> None:
        """Put an item into the nearest cluster if that is the cheaper way, or make one of it."""
        near = [c for c in self.found if c.leaves == item.leaves and c.distance(item) <= CHANGES]
        if not near or self.groups.knows(self._key(item)):
            self._program(item)
            self.found.append(item)
            return
        cluster = min(near, key=lambda c: (c.distance(item), c.core.bit_count()))
        wider = cluster.with_room_for(item)
        if self._extra(cluster, wider) < self.planned:
            cluster.fixed, cluster.core, cluster.rows = wider.fixed, wider.core, wider.rows
        else:
            self.groups.drop(self._key(wider), self._key(cluster))
            self._program(item)
            self.found.append(item)

    def _extra(self, cluster: Item, wider: Item) -> float:
        """Return the seconds that a wider cluster costs beyond a narrower one."""
        try:
            after = self.groups.entries(self._key(wider))
        except BudgetError:
            return np.inf
        before = self.groups.entries(self._key(cluster))
        return self.entry * (wider.count * after - cluster.count * before)


def asked_leaves(core: Core, wanted: frozenset[int] | None) -> frozenset[int]:
    """Return the leaves among the wanted variables."""
    leaves = frozenset(np.flatnonzero(core.kinds != INNER).tolist())
    return leaves if wanted is None else leaves & wanted
