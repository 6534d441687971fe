"""From the junction tree of a small network to the arrays by which its derivatives are taken.

There is one node a variable, as `whole_layout.py` lays them out. A node holds F, the product of its
tables over its variable and its separator, and for each of them G, the product of the others.
"""

from math import log, prod

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.decompose import Factor
from fascinet.engine.junction import Plan
from fascinet.engine.whole_layout import (
    ALONE,
    LANES,
    NODE,
    PARTLY,
    Ints,
    Node,
    TreeLayout,
    eliminated,
    enumerate_places,
    link,
    padded,
)
from fascinet.model.gates import Array

TABLE = 5  # words of a table's record


class DerivativeLayout(TreeLayout):
    """Lays out a plan without evidence."""

    def __init__(self, net: NetworkArrays, plan: Plan, starts: Ints) -> None:
        cards = plan.factors.cards
        nodes = [Node(v, np.ones(()), axes) for _, v, axes in eliminated(plan)]
        link(nodes, cards)
        super().__init__(nodes, cards, starts)
        self.net, self.float_at = net, 0
        self.factors: list[list[Factor]] = [[] for _ in nodes]
        place = {n.variable: i for i, n in enumerate(nodes)}
        for factor in plan.factors.factors:
            self.factors[min(place[v] for v in factor.scope)].append(factor)
        self.windows = [[self.window(n, f) for f in self.factors[i]] for i, n in enumerate(nodes)]
        self.scale: list[float] = []
        self.prior: list[Array] = []
        for i in range(len(nodes)):
            self.calibrate(i)

    def calibrate(self, i: int) -> None:
        """Make a node's F, and its message without evidence; both scaled so that its top is 1."""
        node = self.nodes[i]
        table = np.ones([self.cards[v] for v in (node.variable, *node.given)])
        for window in self.windows[i]:
            table *= window
        node.table, message = table, table
        for k in node.kids:
            message = message * self.spread(node, self.nodes[k].given, self.prior[k])
        message = message.sum(axis=0)
        self.scale.append(float(message.max(initial=0.0)) or 1.0)
        node.table = table / self.scale[i]
        self.prior.append(message / self.scale[i])

    def spread(self, node: Node, scope: tuple[int, ...], table: Array) -> Array:
        """Return a table over some of a node's variables with all of the node's axes."""
        axes = (node.variable, *node.given)
        order = sorted(range(len(scope)), key=lambda j: axes.index(scope[j]))
        return table.transpose(order).reshape([self.cards[v] if v in scope else 1 for v in axes])

    def window(self, node: Node, factor: Factor) -> Array:
        """Return a factor with all of a node's axes."""
        cards = [self.cards[v] for v in factor.scope]
        places = factor.offset + enumerate_places(cards, factor.strides)
        return self.spread(node, factor.scope, self.net.base[places].reshape(cards))

    def lay_out(self) -> tuple[NDArray[np.int32], Array, int, int]:
        """Return the ints, the floats, the scratch's place and the length of the work space.

        The ints: the nodes' records, the seats as in `TreeLayout`, then lists and maps.
        """
        count, places = len(self.nodes), int(self.starts[-1])
        self.map_at = NODE * count + 2 * places
        self.room(padded(count))  # each node's scale
        records = np.zeros((count, NODE), np.int64)
        for i, node in enumerate(self.nodes):
            message = np.zeros(node.width)
            message[self.row(node)] = self.prior[i].ravel()
            self.keep(message)
            records[i, 5] = self.room(node.width)
        for i, node in enumerate(self.nodes):
            records[i, :5] = (
                self.keep(self.pad(node)), self.cards[node.variable], node.width, node.parent,
                node.mode,
            )  # fmt: skip
            records[i, 6:12] = self.room(node.width), *self.below(node), *self.own_tables(i)
            if node.mode == PARTLY:
                records[i, 12:16] = self.gather_maps(node)
        scratch = self.room(max(map(self.buffers, self.nodes), default=0) + LANES)
        ints = np.concatenate([records.ravel(), self.seats().ravel(), *self.maps])
        return ints.astype(np.int32), np.concatenate([np.zeros(0), *self.tables]), scratch, self.top

    def keep(self, values: Array) -> int:
        """Keep numbers for the kernel; return where they start."""
        at = self.float_at
        self.tables.append(values)
        self.float_at += values.size
        return at

    def pad(self, node: Node) -> Array:
        """Return a node's F, its rows padded with zeros."""
        return self.rows(node, node.table)

    def rows(self, node: Node, table: Array) -> Array:
        """Return a table over a node's variables, its rows padded with zeros."""
        out = np.zeros((self.cards[node.variable], node.width))
        out[:, self.row(node)] = table.reshape(len(out), -1)
        return out.ravel()

    def below(self, node: Node) -> tuple[int, int, int]:
        """Return where a node's list of those below is, and how many are not alone, and alone."""
        kids = sorted(node.kids, key=lambda k: (self.nodes[k].mode == ALONE, k))
        alone = sum(self.nodes[k].mode == ALONE for k in kids)
        return self.map(np.array(kids, np.int64)), len(kids) - alone, alone

    def buffers(self, node: Node) -> int:
        """Return how much scratch a node needs."""
        size = self.cards[node.variable] * node.width
        return 2 * (self.cards[node.variable] + LANES) + size * (3 + len(node.kids))

    def own_tables(self, i: int) -> tuple[int, int]:
        """Return where the records of a node's tables are, and how many."""
        node, windows = self.nodes[i], self.windows[i]
        records = np.zeros((len(windows), TABLE), np.int64)
        for t, factor in enumerate(self.factors[i]):
            others = np.full(node.table.shape, 1.0 / self.scale[i])
            for j, window in enumerate(windows):
                if j != t:
                    others = others * window
            entries = prod(self.cards[v] for v in factor.scope)
            records[t] = (
                self.keep(self.rows(node, others)), factor.offset, entries,
                *self.table_map(node, factor),
            )  # fmt: skip
        return self.map(records.ravel()), len(windows)

    def table_map(self, node: Node, factor: Factor) -> tuple[int, int]:
        """Return the map from a factor's entries to the node's, and how many meet in each."""
        steps = {node.variable: node.width, **node.strides}
        axes = sorted(range(len(factor.scope)), key=lambda j: -factor.strides[j])
        inside = [factor.scope[j] for j in axes]
        others = [v for v in steps if v not in inside]
        cards = self.cards
        first = enumerate_places([cards[v] for v in inside], [steps[v] for v in inside])
        first = np.concatenate([first, np.zeros(padded(first.size) - first.size, np.int64)])
        rest = enumerate_places([cards[v] for v in others], [steps[v] for v in others])
        return self.map(first, rest), len(rest)

    @property
    def log_scale(self) -> float:
        """The sum of the logarithms of what the nodes were divided by."""
        return sum(map(log, self.scale))

    @property
    def entries(self) -> int:
        """Entries of all tables."""
        return sum(prod(self.cards[v] for v in f.scope) for fs in self.factors for f in fs)

    @property
    def dense(self) -> bool:
        """Whether each table lies in the base without gaps, as the kernel writes it."""
        for factors in self.factors:
            for f in factors:
                cards = [self.cards[v] for v in f.scope]
                places = enumerate_places(cards, f.strides)
                if not np.array_equal(np.sort(places), np.arange(places.size)):
                    return False
        return True
