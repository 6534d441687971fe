"""How the tables of a junction tree lie: the order of their axes, and joins of small factors.

A table is walked along its last axes, so an array meets it well if its own last axes are the same,
in the same order, or if it has none of them. And a large table that many small factors meet (a
hub's leaves send dozens of messages over the hub alone) would be walked once for each. So factors
whose joint scope is well smaller than the table meet in a table of their own, a *join*: a node
without a variable, whose message is the product of its factors (Shenoy 1997, Int. J. Approx.
Reasoning 17:239, with joins of any arity). A join of one factor is a copy whose axes lie in order.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

import numpy as np

from fascinet.engine.plan.order import Elimination, Ints
from fascinet.engine.tables.factors import Factors, Flags
from fascinet.model.gates import Array

LARGE = 4000  # entries of a table whose factors are joined
SMALL = 16  # entries of a calibrated table whose axes are ordered
LONG = 64  # entries in a row of which more are no better
SAVES = 2  # a join has at most 1 / SAVES of the table's entries


Item: TypeAlias = tuple[str, int]  # "factor", "message" of a node, or "join", and which
Placed: TypeAlias = tuple[frozenset[int], Item]  # with its scope


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Nodes in order of elimination, a join before the node that it serves.

    Attributes
    ----------
    cards : int array
        States of all variables; a join stands for one of one state.
    order : int array
        The variable of each node.
    start, separator : int arrays
        The axes of node i's separator are separator[start[i]] ... separator[start[i + 1]].
    parent : int array
        Of each node, -1 for none.
    home : int array
        The node of each factor; the number of nodes for those without free variables.
    conditional : bool array
        Whether a node's factors alone sum to 1 over its rows.
    """

    cards: Ints
    order: Ints
    start: Ints
    separator: Ints
    parent: Ints
    home: Ints
    conditional: Flags


@dataclass
class Join:
    """Factors and messages that are multiplied together before they meet a table."""

    scope: frozenset[int]
    members: list[Item]
    axes: list[int] = field(default_factory=list[int])


def arrange(factors: Factors, made: Elimination, soft: frozenset[int] | None) -> Arrangement:
    """Return how the tables of an elimination lie.

    Parameters
    ----------
    soft : frozenset of int, optional
        Variables whose rows have weights. None: the tree will be calibrated, its tables take the
        place of factors, and anything may be known of any variable.
    """
    order, start = made.order, made.start
    position = np.full(len(factors.cards), -1, np.int64)
    position[order] = np.arange(len(order))
    below = np.flatnonzero(np.diff(start))
    parent = np.full(len(order), -1, np.int64)
    parent[below] = position[made.neighbours[start[below]]]
    rows, free = np.repeat(np.arange(len(factors)), np.diff(factors.ptr)), factors.free
    home = np.full(len(factors), len(order), np.int64)
    np.minimum.at(home, rows[free], position[factors.variable[free]])
    own = np.bincount(home, minlength=len(order) + 1)[:-1]
    heads = np.flatnonzero(factors.head >= 0)
    heads = heads[home[heads] < len(order)]
    heads = heads[order[home[heads]] == factors.head[heads]]
    conditional = np.zeros(len(order), bool)
    conditional[home[heads]] = own[home[heads]] == 1
    plain = Arrangement(factors.cards, order, start, made.neighbours, parent, home, conditional)
    entries = entries_of(plain)
    joiner = Joiner(factors, plain)
    if soft is None:
        for i in np.flatnonzero(entries >= SMALL).tolist():
            joiner.serve(i, [], np.flatnonzero(parent == i).tolist(), bool(entries[i] >= LARGE))
        return joiner.arrangement()
    live = ~conditional | _marked(int(order.max(initial=-1)) + 1, soft)[order]
    for i in np.flatnonzero(parent >= 0).tolist():
        live[parent[i]] |= live[i]
    for i in np.flatnonzero((entries >= LARGE) & live).tolist():
        own, children = np.flatnonzero(home == i), np.flatnonzero(parent == i)
        joiner.serve(i, own.tolist(), children.tolist())
    return joiner.arrangement()


def entries_of(plain: Arrangement) -> Array:
    """Return the entries of each table."""
    logs = np.log2(plain.cards)
    node = np.repeat(np.arange(len(plain.order)), np.diff(plain.start))
    sums = np.bincount(node, logs[plain.separator], len(plain.order))
    return np.exp2(sums + logs[plain.order])


class Joiner:
    """Finds the joins of large tables.

    Parameters
    ----------
    factors : Factors
    plain : Arrangement
        Without joins, the axes in order of elimination.
    """

    def __init__(self, factors: Factors, plain: Arrangement) -> None:
        self.factors, self.plain = factors, plain
        self.orders: dict[int, list[int]] = {}  # axes of large nodes
        self.cards: list[int] = plain.cards.tolist()
        self.joins: dict[int, list[Join]] = {}  # by the node that they serve

    def _size(self, scope: frozenset[int]) -> int:
        return prod(self.cards[v] for v in scope)

    def _axes(self, i: int) -> list[int]:
        """Return the axes of a node's separator in their order."""
        plain = self.plain
        found = self.orders.get(i)
        if found is None:
            found = plain.separator[plain.start[i] : plain.start[i + 1]].tolist()
        return found

    def _scope(self, f: int) -> frozenset[int]:
        axes = slice(int(self.factors.ptr[f]), int(self.factors.ptr[f + 1]))
        variables, seen = self.factors.variable[axes].tolist(), self.factors.observed
        return frozenset(v for v in variables if v >= len(seen) or not seen[v])

    def serve(self, i: int, own: list[int], children: list[int], joins: bool = True) -> None:
        """Order the axes of one table and join its factors, the smallest first."""
        v, axes = int(self.plain.order[i]), self._axes(i)
        full = self._size(frozenset(axes)) * self.cards[v]
        items: list[Placed] = [(self._scope(f), ("factor", f)) for f in own]
        items += [(frozenset(self._axes(c)), ("message", c)) for c in children]
        made: list[Join] = []
        if joins:
            items = self._merge(made, items, full)
        self.orders[i] = axes = self._order(axes, full, items)
        for scope, item in items:
            if joins and SAVES * self._size(scope) <= full and not self._lies(item, [v, *axes]):
                made.append(Join(scope, [item]))
        for join in made:
            join.axes = [u for u in (v, *axes) if u in join.scope]
        if made:
            self.joins[i] = made

    def _merge(self, made: list[Join], items: list[Placed], full: int) -> list[Placed]:
        """Join items as long as the joint scope of two is small; return what is left of them."""
        left = dict(enumerate(items))
        sizes: dict[tuple[int, int], int] = {}
        fresh = list(left)
        while True:
            for b in fresh:
                for a in left:
                    if a < b:
                        sizes[a, b] = self._size(left[a][0] | left[b][0])
            size, a, b = min(((n, *pair) for pair, n in sizes.items()), default=(full, 0, 0))
            if size * SAVES > full:
                return list(left.values())
            sizes = {pair: n for pair, n in sizes.items() if a not in pair and b not in pair}
            fresh = [max(left) + 1]
            left[fresh[0]] = self._join(made, left.pop(a), left.pop(b))

    def _order(self, axes: list[int], full: int, items: list[Placed]) -> list[int]:
        """Return the order of a table's axes: those last that the most entries in a row share.

        A message that is too large to be copied keeps its order.
        """
        large = max(items, key=lambda item: self._size(item[0]), default=None)
        if large and large[1][0] == "message" and SAVES * self._size(large[0]) > full:
            kept = [u for u in self._axes(large[1][1]) if u in axes]
            return [u for u in axes if u not in kept] + kept
        groups: dict[tuple[bool, ...], list[int]] = {}
        for u in axes:
            groups.setdefault(tuple(u in scope for scope, _ in items), []).append(u)
        last = max(
            groups.values(), key=lambda g: (min(self._size(frozenset(g)), LONG), axes.index(g[0])),
            default=[],
        )  # fmt: skip
        return [u for u in axes if u not in last] + last

    def _join(self, joins: list[Join], one: Placed, two: Placed) -> Placed:
        """Bring two items into one join: that of one of them if it is as large as both."""
        scope = one[0] | two[0]
        for a, b in ((one, two), (two, one)):
            if a[1][0] == "join" and a[0] == scope:
                if b[1][0] == "join" and b[0] == scope:
                    joins[a[1][1]].members += joins[b[1][1]].members
                    joins[b[1][1]].members = []
                else:
                    joins[a[1][1]].members.append(b[1])
                return a
        joins.append(Join(scope, [one[1], two[1]]))
        return scope, ("join", len(joins) - 1)

    def _lies(self, item: Item, axes: list[int]) -> bool:
        """Whether an item's own axes lie in the order of a table's, its rows outermost."""
        kind, which = item
        if kind == "join":
            return True
        if kind == "message":
            mine = self._axes(which)
            return mine == [u for u in axes if u in mine]
        here = slice(int(self.factors.ptr[which]), int(self.factors.ptr[which + 1]))
        pairs = zip(
            self.factors.variable[here].tolist(), self.factors.stride[here].tolist(), strict=True
        )
        stride = dict(pairs)
        step = 1
        for u in reversed([u for u in axes[1:] if u in stride]):
            if stride[u] != step:
                return False
            step *= self.cards[u]
        return True

    def arrangement(self) -> Arrangement:
        """Return the nodes with the joins among them."""
        plain, count = self.plain, len(self.plain.order)
        some = np.zeros(count, np.int64)
        some[list(self.joins)] = [sum(bool(j.members) for j in js) for js in self.joins.values()]
        place = np.arange(count + 1) + np.append(np.cumsum(some), some.sum())
        total = int(place[-1])
        order, parent = np.empty(total, np.int64), np.full(total, -1, np.int64)
        order[place[:-1]] = plain.order
        parent[place[:-1]] = np.where(plain.parent < 0, -1, place[plain.parent])
        conditional = np.zeros(total, bool)
        conditional[place[:-1]] = plain.conditional
        home, scopes = place[plain.home], {int(place[i]): a for i, a in self.orders.items()}
        made = len(self.cards)
        for i, joins in self.joins.items():
            real = sorted(
                (k for k, j in enumerate(joins) if j.members), key=lambda k: len(joins[k].scope)
            )
            at = {k: int(place[i]) - len(real) + n for n, k in enumerate(real)}
            parent[list(at.values())] = place[i]
            for k in real:
                order[at[k]], made = made, made + 1
                scopes[at[k]] = joins[k].axes
                conditional[at[k]] = all(kind != "factor" for kind, _ in joins[k].members)
                for kind, which in joins[k].members:
                    if kind == "factor":
                        home[which] = at[k]
                    else:
                        parent[at[which] if kind == "join" else place[which]] = at[k]
        size = np.zeros(total, np.int64)
        size[place[:-1]] = np.diff(plain.start)
        joined = _marked(total, scopes)
        old = np.repeat(~joined[place[:-1]], np.diff(plain.start))
        size[list(scopes)] = [len(scope) for scope in scopes.values()]
        start = np.append(0, np.cumsum(size))
        separator = np.empty(start[-1], np.int64)
        new = np.repeat(joined, size)
        separator[~new] = plain.separator[old]
        separator[new] = [v for at in sorted(scopes) for v in scopes[at]]
        cards = np.append(plain.cards, np.ones(made - len(self.cards), np.int64))
        return Arrangement(cards, order, start, separator, parent, home, conditional)


def _marked(count: int, some: Iterable[int]) -> Flags:
    """Return which of so many numbers are among some (np.isin imports numpy.ma, some 20 ms)."""
    mask = np.zeros(count, bool)
    mask[np.array([i for i in some if i < count], np.int64)] = True
    return mask
