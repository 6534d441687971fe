"""Which rows of a batch share a program: clusters of kinds of rows.

A program serves every row that has observed all that it slices and whose core lies within its own,
so rows can be brought together under a wider program. It costs more a row, and less to plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.batch_core import CORE, FIXED, INNER, Core
from fascinet.engine.batch_groups import GroupProgram, Groups, Key, Rows
from fascinet.model.errors import BudgetError

ENTRY = 1.5e-9  # seconds of one entry of a program, a row
ASKED = 0.1e-9  # and of each leaf that is asked for
PLANNED = 8e-3  # seconds that are worth the plan of another program
QUERIED = 12e-3  # and more if it asks for leaves
CHANGES = 2  # variables by which a cluster may change to take more rows in
GROWS = 1.3  # how much longer a plan takes for one more gate in its core


@dataclass
class Item:
    """Rows that are alike, or a cluster of them, in bits: bit v for variable v.

    Attributes
    ----------
    fixed, leaves, core : int
        Observed above the leaves; observed leaves with tables that bind parents; the core.
    count : int
        How many rows there are.
    rows : list of arrays
    """

    fixed: int
    leaves: int
    core: int
    count: int
    rows: list[Rows]

    def with_room_for(self, other: "Item") -> "Item":
        """Return what both may go through, with no list of rows."""
        count = self.count + other.count
        return Item(self.fixed & other.fixed, self.leaves, self.core | other.core, count, [])

    def distance(self, other: "Item") -> int:
        """Return by how many variables this would have to change to take another in."""
        return (other.core & ~self.core).bit_count() + (self.fixed & ~other.fixed).bit_count()


def items_of(core: Core, roles: NDArray[np.uint8]) -> list[Item]:
    """Return the distinct kinds of rows."""
    inner = bits_of(core.kinds == INNER)
    found: list[Item] = []
    for rows in equal_rows(np.concatenate([roles == FIXED, roles == CORE], axis=1)):
        fixed, mine = bits_of(roles[rows[0]] == FIXED), bits_of(roles[rows[0]] == CORE)
        found.append(Item(fixed & inner, fixed & ~inner, mine, len(rows), [rows]))
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
    with large cores come first, so that most of the others lie within one of them. What rows have
    cost so far in a wider program counts: those that come again and again get one of their own.

    Parameters
    ----------
    groups : Groups
    asked : frozenset of int
        Leaves that are asked for.
    sets : sequence of float
        Seconds of a row that goes without a program for its core (`batch_subsets.py`), by how many
        gates there are in it. Such items are left in `rare`.
    """

    def __init__(self, groups: "Groups", asked: frozenset[int], sets: Sequence[float] = ()) -> None:
        self.groups, self.asked, self.sets = groups, asked, sets
        self.rare = list[Item]()
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
        return Key(item.fixed | item.leaves, item.core, self.asked)

    def _take(self, item: Item) -> None:
        """Put an item into the nearest cluster if that is the cheaper way, or make one of it."""
        own = self._key(item)
        known = self.groups.knows(own)
        cluster = None if known else self._nearest(item)
        if not known and self._is_rare(item, own, cluster):
            self.rare.append(item)
            return
        if cluster is None:
            self._program(item)
            self.found.append(item)
            return
        wider = cluster.with_room_for(item)
        spent = self.groups.spent.get(own, 0.0) + self._extra(cluster, wider)
        if spent < self.planned:
            self.groups.spent[own] = spent
            cluster.fixed, cluster.core, cluster.count = wider.fixed, wider.core, wider.count
            cluster.rows += item.rows
        else:
            self.groups.drop(self._key(wider), self._key(cluster))
            self._program(item)
            self.found.append(item)

    def _is_rare(self, item: Item, own: Key, cluster: Item | None) -> bool:
        """Whether sets of findings cost less than a program, or a cluster that takes all as it is.

        What such rows have cost so far counts, as above.
        """
        many = item.core.bit_count()
        if many >= len(self.sets):
            return False
        cost = self.sets[many] * item.count
        if cluster is not None and cluster.distance(item) == 0:
            if self.entry * item.count * self.groups.entries(self._key(cluster)) < cost:
                return False
        return self.groups.spend(own, cost) < self.planned * GROWS**many

    def _nearest(self, item: Item) -> Item | None:
        """Return the cluster that has to change least to take an item in, if any is near."""
        best, least = None, (CHANGES + 1, 0)
        for cluster in self.found:
            far = cluster.distance(item), cluster.core.bit_count()
            if far < least and cluster.leaves == item.leaves:
                best, least = cluster, far
        return best

    def _extra(self, cluster: Item, wider: Item) -> float:
        """Return the seconds that a wider cluster costs beyond a narrower one."""
        try:
            after = self.groups.entries(self._key(wider))
        except BudgetError:
            return np.inf
        before = self.groups.entries(self._key(cluster))
        return self.entry * (wider.count * after - cluster.count * before)
