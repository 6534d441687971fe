"""All derivatives of a small network of tables by one fixed tree, ready for any hard evidence.

Each clique holds F, the product of its tables, and for each of them G, the product of the others,
so a case multiplies only messages. With m the children's messages and λ the derivative that comes
from above, an entry that fits the evidence gives

    ∂ ln P / ∂ table += λ · G · ∏ m,      λ of child d += λ · F · ∏ m of the other children,

products taken from the left and from the right: nothing is divided, zeros stay exact.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from math import prod
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.arrays import NetworkArrays, c_strides
from fascinet.engine.decompose import Pattern
from fascinet.engine.kernels_numpy import view
from fascinet.engine.plan import Plan
from fascinet.engine.program import compile_program
from fascinet.engine.solver import WHOLE, Solver
from fascinet.model.gates import Array

Ints = NDArray[np.int64]
Words = NDArray[np.uint32]


@dataclass(frozen=True)
class DerivativeTree:
    """The arrays that the kernel reads.

    Attributes
    ----------
    cliques : int64 array, shape (cliques, 8)
        Entries start, entries, rows, columns, message start, parent or -1, first child link, first
        table link; one more record closes the list. Children come before parents.
    product : array
        F of all cliques.
    rows_above : uint32 array
        For each entry of a clique, child by child, the row of the child's message.
    children : int64 array, shape (links, 2)
        Message start of a child, start in `rows_above`.
    others, places : arrays
        For each entry of a clique, table by table: G, and the table's entry in the base.
    tables : int64 array
        Start in `others` and `places` of each clique's tables.
    message, scale : array
        Messages and their scales without evidence.
    seats : int64 array, shape (variables, 4)
        Home clique, outer, states, inner of each variable.
    """

    cliques: Ints
    product: Array
    rows_above: Words
    children: Ints
    others: Array
    places: Words
    tables: Ints
    message: Array
    scale: Array
    seats: Ints

    @cached_property
    def entry(self) -> list[Callable[..., int]]:
        """What runs the kernel on these arrays, once it is known."""
        return []

    @cached_property
    def arrays(self) -> tuple[Any, ...]:
        """All fields in order."""
        return tuple(getattr(self, f.name) for f in fields(self))


def rows_of(shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> Words:
    """Return where each entry of a table lies in a window of some strides."""
    rows = np.array([offset], np.int64)
    for card, stride in zip(shape, strides, strict=True):
        rows = np.add.outer(rows, stride * np.arange(card)).ravel()
    return rows.astype(np.uint32)


@dataclass
class _Node:
    """A clique, or a place where messages are multiplied before they reach a wider clique."""

    scope: tuple[int, ...]
    cut: int
    windows: tuple[tuple[int, tuple[int, ...]], ...]  # offset and strides of each table
    below: list[int]


class _Builder:
    """Lays a plan without evidence out as a `DerivativeTree`."""

    def __init__(self, net: NetworkArrays, plan: Plan) -> None:
        self.net, self.plan, self.cards = net, plan, plan.factors.cards
        self.nodes: list[_Node] = []
        self.home: dict[int, tuple[int, int]] = {}
        self.kids: list[list[int]] = [[] for _ in plan.cliques]
        for d, clique in enumerate(plan.cliques):
            if clique.parent >= 0:
                self.kids[clique.parent].append(d)
        self._lay_nodes()
        self.shapes = [tuple(self.cards[v] for v in n.scope) for n in self.nodes]
        self.rows = [prod(s[: n.cut]) for s, n in zip(self.shapes, self.nodes, strict=True)]
        self.message_at = np.cumsum([0, *self.rows])
        self.parent = [-1] * len(self.nodes)
        for c, node in enumerate(self.nodes):
            for d in node.below:
                self.parent[d] = c

    def _lay_nodes(self) -> None:
        """Add the nodes, children first; a message within a sibling's is multiplied into that."""
        steps = compile_program(self.net, self.plan).steps
        raw: list[int] = []
        for c, step in enumerate(steps):
            below = self._merge([(raw[d], self._separator(raw[d])) for d in self.kids[c]])
            windows = tuple((o.offset, o.strides) for o in step.operands)
            raw.append(len(self.nodes))
            self.nodes.append(_Node(step.scope, step.cut, windows, below))
            for axis in range(step.cut, len(step.scope)):
                self.home[step.scope[axis]] = raw[c], axis

    def _separator(self, node: int) -> tuple[int, ...]:
        return self.nodes[node].scope[: self.nodes[node].cut]

    def _merge(self, kids: list[tuple[int, tuple[int, ...]]]) -> list[int]:
        kids.sort(key=lambda k: (prod(self.cards[v] for v in k[1]), k[0]))
        inside: dict[int, list[int]] = {}
        top: list[int] = []
        for i, (d, scope) in enumerate(kids):
            node = d
            if i in inside:
                node = len(self.nodes)
                self.nodes.append(_Node(scope, len(scope), (), [d, *inside[i]]))
            wider = (j for j in range(i + 1, len(kids)) if set(scope) <= set(kids[j][1]))
            j = next(wider, -1)
            (top if j < 0 else inside.setdefault(j, [])).append(node)
        return top

    def run(self) -> DerivativeTree:
        """Return the tree."""
        sizes = [prod(shape) for shape in self.shapes]
        entry = np.cumsum([0, *sizes])
        links = np.cumsum([0, *(len(n.below) for n in self.nodes)])
        owned = np.cumsum([0, *(len(n.windows) for n in self.nodes)])
        records = [
            (entry[c], sizes[c], self.rows[c], sizes[c] // self.rows[c], self.message_at[c],
             self.parent[c], links[c], owned[c])
            for c in range(len(self.nodes))
        ]  # fmt: skip
        records.append((entry[-1], 0, 0, 0, self.message_at[-1], -1, links[-1], owned[-1]))
        maps = [self._map(c, d) for c, node in enumerate(self.nodes) for d in node.below]
        children = np.zeros((len(maps), 2), np.int64)
        children[:, 0] = [self.message_at[d] for node in self.nodes for d in node.below]
        children[:, 1] = np.cumsum([0, *(m.size for m in maps)])[:-1]
        products, others, places = self._tables()
        message, scale = self._prior(products, maps)
        return DerivativeTree(
            np.array(records, np.int64),
            joined([p.ravel() for p in products], np.float64),
            joined(maps, np.uint32),
            children,
            joined(others, np.float64),
            joined(places, np.uint32),
            np.cumsum([0, *(p.size for p in places)])[:-1].astype(np.int64),
            message,
            scale,
            self._seats(),
        )

    def _map(self, c: int, d: int) -> Words:
        """Return for each entry of a node the row of a message from below."""
        inside = self._separator(d)
        own = c_strides(tuple(self.cards[v] for v in inside))
        strides = dict(zip(inside, own, strict=True))
        return rows_of(self.shapes[c], tuple(strides.get(v, 0) for v in self.nodes[c].scope))

    def _tables(self) -> tuple[list[Array], list[Array], list[Words]]:
        products: list[Array] = []
        others: list[Array] = []
        places: list[Words] = []
        for shape, node in zip(self.shapes, self.nodes, strict=True):
            windows = [view(self.net.base, at, shape, strides) for at, strides in node.windows]
            left = [np.ones(shape)]
            for window in windows:
                left.append(left[-1] * window)
            right, backwards = np.ones(shape), list[Array]()
            for window, before in zip(reversed(windows), reversed(left[:-1]), strict=True):
                backwards.append((before * right).ravel())
                right = right * window
            products.append(left[-1])
            others.extend(reversed(backwards))
            places.extend(rows_of(shape, strides, at) for at, strides in node.windows)
        return products, others, places

    def _prior(self, products: list[Array], maps: list[Words]) -> tuple[Array, Array]:
        """Return the messages without evidence, and their scales."""
        message, scale = np.empty(int(self.message_at[-1])), np.empty(len(self.nodes))
        left = iter(maps)
        for c, node in enumerate(self.nodes):
            table = products[c].ravel().copy()
            for d in node.below:
                table *= message[self.message_at[d] + next(left).astype(np.int64)]
            sums = table.reshape(self.rows[c], -1).sum(axis=1)
            scale[c] = sums.max()
            message[self.message_at[c] : self.message_at[c + 1]] = sums / scale[c]
        return message, scale

    def _seats(self) -> Ints:
        seats = np.zeros((len(self.net.cards), 4), np.int64)
        for v in range(len(self.net.cards)):
            c, axis = self.home[v]
            shape = self.shapes[c]
            seats[v] = c, prod(shape[:axis]), shape[axis], c_strides(shape)[axis]
        return seats


def joined(parts: list[Any], kind: type) -> Any:
    """Return arrays one after the other."""
    return np.concatenate([np.zeros(0, kind), *parts])


_trees: WeakKeyDictionary[Solver, DerivativeTree | None] = WeakKeyDictionary()
_lock = Lock()


def derivative_tree(solver: Solver) -> DerivativeTree | None:
    """Return the tree of a solver's network; None where patterns serve better.

    That is where the network is large, has noisy-MAX gates, or the kernels are not in use yet.
    """
    if not solver.native:
        return None
    if solver in _trees:
        return _trees[solver]
    with _lock:
        if solver not in _trees:
            tree: DerivativeTree | None = None
            if not any(b.raw for b in solver.net.blocks):
                plan = solver.plan(Pattern())
                if plan.entries <= min(WHOLE, solver.budget) and not plan.scalars:
                    tree = _Builder(solver.net, plan).run()
            _trees[solver] = tree
        return _trees[solver]


def tree_derivatives(
    solver: Solver, tree: DerivativeTree, places: list[int]
) -> tuple[int, float, Array]:
    """Return a status, ln P(e) and ∂ ln P / ∂ base.

    Parameters
    ----------
    places : list of int
        Place in the flat answer of each observed state.
    """
    from fascinet.engine.derivatives_tree_numba import derive

    grad, result = np.zeros(solver.net.base.size), np.empty(1)
    given = (*tree.arrays, solver.net.starts, np.array(places, np.int64), grad, result)
    if not tree.entry:
        tree.entry.append(derive.bound(*given))
    return tree.entry[0](*given), result[0], grad
