"""From the junction tree of a small network to one node a variable, as arrays.

A clique P(a, b | s) is split into P(a | b, s) and P(b | s). So each node has one variable of its
own, whose marginal it gives, and hangs on the node of that variable of its separator which goes
first: the smallest table that holds the separator. Three ways lead from a node to the one above:

    alone    the separator is the variable above: what the node believes of it is its marginal
    full     the separator is the whole table above, padding and all: the belief is that table
    partly   the separator is some of it: messages and beliefs are gathered through a map
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.junction import Plan
from fascinet.model.gates import Array

Ints = NDArray[np.int64]
LANES = 4
NODE = 16  # words of a record
ROOT, ALONE, FULL, PARTLY = range(4)
MIXED, RUN, SAME = range(3)  # of each four places in a map: one after the other, or one for all
WASTE = 1.34  # a row may be so much longer than it need be, to be the whole table above


def padded(n: int) -> int:
    """Return the next multiple of a vector's lanes."""
    return -(-n // LANES) * LANES


def enumerate_places(cards: Sequence[int], strides: Sequence[int]) -> Ints:
    """Return the place of each configuration, the last axis fastest."""
    places = np.zeros(1, np.int64)
    for card, stride in zip(cards, strides, strict=True):
        places = np.add.outer(places, stride * np.arange(card)).ravel()
    return places


def patterned(places: Ints) -> tuple[Ints, Ints]:
    """Return a map's pattern and the map, where -1, in padding, has become what suits it."""
    groups = places.reshape(-1, LANES)
    for pattern, step in ((RUN, 1), (SAME, 0)):
        fitting = groups[:, :1] + step * np.arange(LANES)
        if np.array_equal(fitting[groups >= 0], groups[groups >= 0]) and groups[:, 0].min() >= 0:
            return np.array([pattern]), fitting.ravel()
    return np.array([MIXED]), np.maximum(places, 0)


@dataclass
class Node:
    """P(variable | separator), rows by state of the variable, each row padded.

    Attributes
    ----------
    variable : int
    given : tuple of int
        The separator, in the order of its axes.
    table : array
        Axes: the variable, then `axes`.
    axes : tuple of int
        The separator as the table has it.
    parent, mode : int
    strides : dict of int to int
        Step in a row from one state of a separator's variable to the next.
    width : int
        Length of a row.
    kids : list of int
    """

    variable: int
    table: Array
    axes: tuple[int, ...]
    given: tuple[int, ...] = ()
    parent: int = -1
    mode: int = ROOT
    strides: dict[int, int] = field(default_factory=dict[int, int])
    width: int = LANES
    kids: list[int] = field(default_factory=list[int])


def split_order(residual: Sequence[int], wanted: list[frozenset[int]]) -> list[int]:
    """Return the residual variables, first those that the fewest separators below contain.

    What hangs on a variable that goes late hangs on a small table.
    """
    rest, order, open_ = list(residual), list[int](), list(wanted)
    while rest:
        v = min(reversed(rest), key=lambda v: sum(v in s for s in open_))
        order.append(v)
        rest.remove(v)
        open_ = [s for s in open_ if v not in s]
    return order


def eliminated(plan: Plan) -> list[tuple[int, int, tuple[int, ...]]]:
    """Return clique, variable and separator of each node, those below first."""
    found: list[tuple[int, int, tuple[int, ...]]] = []
    below: list[list[frozenset[int]]] = [[] for _ in plan.cliques]
    for c, clique in enumerate(plan.cliques):
        scope = list(clique.scope)
        for v in split_order(scope[clique.cut :], below[c]):
            scope.remove(v)
            found.append((c, v, tuple(scope)))
        if clique.parent >= 0:
            below[clique.parent].append(frozenset(scope))
    return found


def split(plan: Plan, tables: Sequence[Array]) -> list[Node]:
    """Return the nodes, those below first, from P(residual | separator) of each clique."""
    nodes: list[Node] = []
    left = [(clique.scope, table) for clique, table in zip(plan.cliques, tables, strict=True)]
    for c, v, axes in eliminated(plan):
        scope, table = left[c]
        axis = scope.index(v)
        sums = table.sum(axis, keepdims=True)
        share = np.divide(table, sums, out=np.zeros_like(table), where=sums > 0.0)
        nodes.append(Node(v, np.moveaxis(share, axis, 0), axes))
        left[c] = axes, sums.squeeze(axis)
    return nodes


def link(nodes: list[Node], cards: Sequence[int]) -> None:
    """Hang each node on another, and choose the order of its axes to suit that one."""
    place = {n.variable: i for i, n in enumerate(nodes)}
    for i in range(len(nodes) - 1, -1, -1):
        node = nodes[i]
        if not node.axes:
            continue
        node.parent = min(place[v] for v in node.axes)
        above = nodes[node.parent]
        above.kids.append(i)
        node.given = tuple(v for v in (above.variable, *above.given) if v in node.axes)
        size = prod(cards[v] for v in node.given)
        whole = len(node.given) == 1 + len(above.given)
        node.width, node.mode = padded(size), ALONE if len(node.given) == 1 else PARTLY
        steps = [size := size // cards[v] for v in node.given]
        node.strides = dict(zip(node.given, steps, strict=True))
        full = cards[above.variable] * above.width
        if node.mode == PARTLY and whole and full <= WASTE * node.width:
            node.width, node.mode = full, FULL
            node.strides = {above.variable: above.width, **above.strides}


class TreeLayout:
    """Lays nodes out as the ints and floats that `whole_numba.py` reads."""

    def __init__(self, nodes: list[Node], cards: Sequence[int], starts: Ints) -> None:
        self.nodes, self.cards, self.starts = nodes, cards, starts
        self.maps: list[Ints] = []
        self.tables: list[Array] = []
        self.top = 0

    def run(self) -> tuple[NDArray[np.int32], Array, int]:
        """Return the ints, the floats, and how long the work space is.

        The ints: the nodes' records, node and state of each place in the answer (-1 if it has
        none), then the maps.
        """
        count, places = len(self.nodes), int(self.starts[-1])
        self.map_at = NODE * count + 2 * places
        ones = self.room(LANES)  # what is believed of the empty separator of a root
        records, table_at = np.zeros((count, NODE), np.int64), 0
        for i in range(count - 1, -1, -1):
            node = self.nodes[i]
            size = self.cards[node.variable] * node.width
            records[i, :3] = table_at, self.cards[node.variable], node.width
            records[i, 3:5] = node.parent, node.mode
            records[i, 5:9] = [self.room(n) for n in (node.width, size, *self.marginal_rooms(node))]
            records[i, 9] = self.place(node.variable)
            records[i, 10] = any(self.nodes[k].mode >= FULL for k in node.kids)
            if node.parent >= 0:
                above = records[node.parent]
                records[i, 11] = {ALONE: above[7], FULL: above[6]}.get(node.mode, 0)
                if node.mode == PARTLY:
                    records[i, 11:16] = [self.room(node.width), *self.gather_maps(node)]
            else:
                records[i, 11] = ones
            self.tables.append(self.pad(node))
            table_at += size
        ints = np.concatenate([records.ravel(), self.seats().ravel(), *self.maps])
        self.room(LANES)  # a run may end in padding
        return ints.astype(np.int32), np.concatenate([np.zeros(0), *self.tables]), self.top

    def room(self, size: int) -> int:
        """Return where the next `size` numbers of the work space start."""
        at, self.top = self.top, self.top + size
        return at

    def marginal_rooms(self, node: Node) -> tuple[int, int]:
        """Return the lengths of a node's marginal and of the product of messages about it."""
        card = padded(self.cards[node.variable])
        return card, card

    def place(self, v: int) -> int:
        """Return a variable's place in the answer; -1 for an auxiliary one."""
        return int(self.starts[v]) if v < len(self.starts) - 1 else -1

    def pad(self, node: Node) -> Array:
        """Return a node's table, its rows padded with zeros."""
        order = [0, *(1 + node.axes.index(v) for v in node.given)]
        card = self.cards[node.variable]
        table = np.zeros((card, node.width))
        table[:, self.row(node)] = node.table.transpose(order).reshape(card, -1)
        return table.ravel()

    def row(self, node: Node) -> Ints:
        """Return the place in a row of each configuration of the separator."""
        cards = [self.cards[v] for v in node.given]
        return enumerate_places(cards, [node.strides[v] for v in node.given])

    def gather_maps(self, node: Node) -> tuple[int, int, int, int]:
        """Return step, up map, down map and number of entries that a message's row comes from.

        Up: for each place in a row of the table above, the place in the message, where a state of
        the variable above is a step. Down: for each place in the message an entry of the table
        above, then what is added to it for each configuration of those that are summed out. The
        word before a map tells its pattern.
        """
        above = self.nodes[node.parent]
        inside = [v for v in above.given if v in node.strides]
        others = [v for v in above.given if v not in node.strides]
        cards = {v: self.cards[v] for v in (above.variable, *above.given)}
        up = np.full(above.width, -1, np.int64)
        up[self.row(above)] = enumerate_places(
            [cards[v] for v in above.given], [node.strides.get(v, 0) for v in above.given]
        )
        down = np.full(node.width, -1, np.int64)
        steps = {above.variable: above.width, **above.strides}
        whole = [above.variable, *inside]
        down[self.row(node)] = enumerate_places(
            [cards[v] for v in whole], [steps[v] for v in whole]
        )
        summed = enumerate_places([cards[v] for v in others], [steps[v] for v in others])
        up_at = 1 + self.map(*patterned(up))
        down_at = 1 + self.map(*patterned(down), summed)
        return node.strides[above.variable], up_at, down_at, len(summed)

    def map(self, *parts: Ints) -> int:
        """Keep a map; return where it starts."""
        at = self.map_at
        self.maps.extend(parts)
        self.map_at += sum(p.size for p in parts)
        return at

    def seats(self) -> Ints:
        """Return node and state of each place in the answer."""
        seats = np.full((int(self.starts[-1]), 2), -1, np.int64)
        for i, node in enumerate(self.nodes):
            at, card = self.place(node.variable), self.cards[node.variable]
            if at >= 0:
                seats[at : at + card, 0], seats[at : at + card, 1] = i, np.arange(card)
        return seats
