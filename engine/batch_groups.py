"""The programs that rows of a batch share; see `batch_core.py`.

Which rows share one is told in `batch_clusters.py`.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.batch_core import (
    GATE,
    INNER,
    TABLE,
    Core,
    has_core,
    make_core,
)
from fascinet.engine.batch_joins import with_joins
from fascinet.engine.decompose import Pattern, Query, window
from fascinet.engine.order import bits
from fascinet.engine.junction import Plan
from fascinet.engine.solver import Solver
from fascinet.model.errors import BudgetError
from fascinet.model.gates import Array

if TYPE_CHECKING:
    from fascinet.engine.native import NativeProgram

Rows: TypeAlias = NDArray[np.int64]
KEPT = 2**24  # entries of all programs that are kept
MOST = 1024  # and how many
SIZES = 2**16  # and of how many programs the entries are known

_kept: WeakKeyDictionary[Solver, "Groups"] = WeakKeyDictionary()
_lock = Lock()


@dataclass(frozen=True)
class Key:
    """What a group's program depends on; sets of variables as the bits of an int.

    Attributes
    ----------
    fixed_bits : int
        Observed variables that the program slices.
    core_bits : int
        Leaf gates that may be observed above state 0.
    asked : frozenset of int
        Leaves whose posteriors are wanted.
    """

    fixed_bits: int
    core_bits: int
    asked: frozenset[int]

    @cached_property
    def fixed(self) -> frozenset[int]:
        """The variables of `fixed_bits`."""
        return frozenset(bits(self.fixed_bits))

    @cached_property
    def core(self) -> frozenset[int]:
        """The variables of `core_bits`."""
        return frozenset(bits(self.core_bits))


@dataclass(frozen=True)
class LeafQueries:
    """The leaf queries of a program for `batch_leaves_numba.py`.

    Attributes
    ----------
    asks : int32 array
        One level of one leaf a batch, leaf by leaf.
    leaves : int64 array
        The leaf of each batch.
    where, numbers : arrays
        What links say, and where that of each operand starts, -1 for a message.
    stops : int64 array
        Records of the cliques that are visited.
    states : int
        Of the leaf that has most.
    """

    asks: NDArray[np.int32]
    leaves: NDArray[np.int64]
    where: NDArray[np.int64]
    numbers: Array
    stops: NDArray[np.int64]
    states: int


@dataclass(frozen=True, eq=False)
class GroupProgram:
    """A program for all rows of a group.

    Attributes
    ----------
    flat : NativeProgram
    base : array
        What the program reads.
    places : int
        States of all variables.
    core : int array
        The gates of `Key.core`.
    soft, soft_at : int64 arrays
        Variables that bear a margin; where each variable's likelihood starts, -1 if it has none.
    queries : LeafQueries
        Its leaf queries.
    simple : int64 array
        Leaves whose posterior is read from one parent's.
    read : int64 array
        The variables of the tree.
    """

    flat: "NativeProgram"
    base: Array
    places: int
    core: NDArray[np.int64]
    soft: NDArray[np.int64]
    soft_at: NDArray[np.int64]
    queries: LeafQueries
    simple: NDArray[np.int64]
    read: NDArray[np.int64]

    @cached_property
    def fused(self) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """The program for `batch_fused_numba.py`, where no leaf is asked for."""
        from fascinet.engine.batch_fused_layout import fuse

        return fuse(self.flat.prog, self.base, self.places)

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
        self.spent: dict[Key, float] = {}  # seconds that rows cost beyond a program of their own
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

    def spend(self, key: Key, seconds: float) -> float:
        """Count what rows cost beyond a program of their own; return all of it so far."""
        with self._lock:
            if len(self.spent) > SIZES:
                self.spent = {}
            self.spent[key] = spent = self.spent.get(key, 0.0) + seconds
        return spent

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
                    self._sizes, self.spent = {}, {}
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
        observed, soft=(core.inner | married) - key.fixed, targets=core.inner | married - key.fixed
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
    from fascinet.engine.native import NativeProgram

    plan = plan_of(core, key, solver)
    if plan.entries > solver.budget:
        raise BudgetError(plan.largest, plan.entries, solver.budget)
    tree = [v for v in sorted(plan.home) if v < len(core.cards)]
    if not plan.factors.queries:
        plan = with_joins(plan)
    flat = NativeProgram(core.net, plan, solver.starts)
    soft_at, at = np.full(len(core.cards), -1, np.int64), 0
    for u in flat.soft_order:
        soft_at[u] = at
        at += int(core.cards[u])
    simple = [
        v
        for v in sorted(key.asked - key.fixed)
        if core.kinds[v] == TABLE and free_parents(core, v, key.fixed) <= 1
    ]
    return GroupProgram(
        flat, core.net.base, int(solver.starts[-1]), np.array(sorted(key.core), np.int64),
        np.array(flat.soft_order, np.int64), soft_at, queries_of(core.net, flat, solver.starts),
        np.array(simple, np.int64), np.array(tree, np.int64),
    )  # fmt: skip


def queries_of(net: NetworkArrays, flat: "NativeProgram", starts: NDArray[np.int64]) -> LeafQueries:
    """Return a program's leaf queries, laid out for rows in the lanes."""
    if not flat.keep:
        none = np.zeros(0, np.int64)
        return LeafQueries(np.zeros(16, np.int32), none, none, np.zeros(0), none, 0)
    from fascinet.engine.batch_leaves_numba import link_numbers
    from fascinet.engine.native_leaves import flat_lanes

    asks = flat_lanes(net, flat.plan, starts, flat.prog, 1)
    records = asks[asks[1] : asks[1] + 8 * asks[0]].reshape(-1, 8)
    lanes = asks[asks[7] :][: 8 * asks[8]].reshape(-1, 8)[records[:, 5]]
    order = np.lexsort((lanes[:, 2], lanes[:, 0]))  # levels of a leaf one after the other
    records[:] = records[order].copy()
    leaves = np.searchsorted(starts, lanes[order, 0], side="right") - 1
    stops = np.unique(asks[asks[2] : asks[3] : 8])
    numbers, where = link_numbers(asks, net.base)
    return LeafQueries(
        asks, leaves.astype(np.int64), where, numbers, stops.astype(np.int64),
        int(lanes[:, 1].max(initial=1)),
    )  # fmt: skip


def asked_leaves(core: Core, wanted: frozenset[int] | None) -> frozenset[int]:
    """Return the leaves among the wanted variables."""
    leaves = frozenset(np.flatnonzero(core.kinds != INNER).tolist())
    return leaves if wanted is None else leaves & wanted
