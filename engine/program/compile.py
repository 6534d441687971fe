"""From factors and an elimination order to a program: shapes and strides, no numbers."""

import numpy as np

from fascinet.engine.plan.order import Elimination, Ints
from fascinet.engine.program.arrange import Arrangement, arrange
from fascinet.engine.program.program import AXIS, NODE, OPERAND, SLICE, Program, Records
from fascinet.engine.tables.factors import Factors


class Axes:
    """Finds the axis of a variable in a node's table: 0 the rows, then the separator's."""

    def __init__(self, made: Arrangement) -> None:
        self._count = len(made.cards)
        size = np.diff(made.start)
        node = np.repeat(np.arange(len(size)), size)
        keys = node * self._count + made.separator
        self._sorted = np.argsort(keys, kind="stable")
        self._keys = keys[self._sorted]
        self._axis = np.arange(len(keys)) - np.repeat(made.start[:-1], size) + 1
        self._variable = made.order

    def of(self, node: Ints, variable: Ints) -> Ints:
        """Return the axis of each variable in each node's table."""
        own = self._variable[node] == variable
        if not len(self._keys):
            return np.zeros(len(node), np.int64)
        at = np.searchsorted(self._keys, node * self._count + variable)
        found = self._axis[self._sorted[np.minimum(at, len(self._keys) - 1)]]
        return np.where(own, 0, found)


def ranges(owner: Ints, count: int) -> Ints:
    """Return where the items of each owner start, the items sorted by owner; last their number."""
    return np.searchsorted(owner, np.arange(count + 1)).astype(np.int64)


def separator_strides(ptr: Ints, states: Ints) -> tuple[Ints, Ints]:
    """Return the strides of each separator's axes, the last axis fastest, and its entries."""
    size = np.diff(ptr)
    strides, width = np.ones(len(states), np.int64), np.ones(len(size), np.int64)
    for back in range(int(size.max(initial=0))):
        rows = np.flatnonzero(size > back)
        at = ptr[rows + 1] - 1 - back
        strides[at] = width[rows]
        width[rows] *= states[at]
    return strides, width


def compile_program(
    factors: Factors,
    elimination: Elimination,
    soft: frozenset[int],
    starts: Ints,
    blocks: Ints,
    calibrated: bool = False,
) -> Program:
    """Return the program of factors along an elimination order.

    Parameters
    ----------
    factors : Factors
    elimination : Elimination
    soft : frozenset of int
        Variables whose rows have weights.
    starts : int array
        Place of each variable's states in an answer; the last item is its length.
    blocks : int array
        Where each block of the base starts.
    calibrated : bool
        Whether the tree is to be calibrated for any evidence.
    """
    made = arrange(factors, elimination, None if calibrated else soft)
    cards, order, ptr = made.cards, made.order, made.start
    count = len(order)
    axes = Axes(made)
    nodes, strides = np.zeros(count, NODE), _Strides(1 + np.diff(ptr))
    steps, width = separator_strides(ptr, cards[made.separator])
    nodes["variable"], nodes["states"], nodes["width"] = order, cards[order], width
    nodes["axes"], nodes["axes_end"] = ptr[:-1], ptr[1:]
    nodes["table"] = np.cumsum(width * cards[order]) - width * cards[order]
    nodes["message"] = np.cumsum(width) - width
    nodes["place"] = -1
    known = np.flatnonzero(order < len(starts) - 1)
    nodes["place"][known] = starts[order[known]]
    weights = np.full(len(factors.observed), -1, np.int64)
    likely = np.array(sorted(soft), np.int64)
    weights[likely] = np.cumsum(cards[likely]) - cards[likely]
    nodes["weight"] = -1
    nodes["weight"][known] = weights[order[known]]
    _hang(nodes, axes, made, steps, strides)
    children = np.argsort(made.parent, kind="stable")[int((made.parent < 0).sum()) :]
    at = ranges(made.parent[children], count)
    nodes["children"], nodes["children_end"] = at[:-1], at[1:]
    nodes["conditional"] = made.conditional
    operands, scalars, slices = _operands(factors, made, axes, nodes, strides, blocks)
    sizes = [(width * cards[order]).sum(), width.sum(), cards[likely].sum(), starts[-1]]
    separator = np.empty(len(made.separator), AXIS)
    separator["variable"] = made.separator
    separator["states"] = cards[made.separator]
    return Program(
        nodes, separator, operands, slices, strides.all(), children.astype(np.int64), scalars,
        weights, factors.observed.copy(), factors.queries, np.array(sizes, np.int64),
    )  # fmt: skip


class _Strides:
    """Hands out stretches of the strides, one a view of a node's table."""

    def __init__(self, length: Ints) -> None:
        self._length, self._size = length, 0
        self._parts: list[Ints] = []

    def add(self, node: Ints, view: Ints, axis: Ints, stride: Ints) -> Ints:
        """Add a view of each node, with strides on some axes; return where the views start."""
        length = self._length[node]
        start = np.cumsum(length) - length
        part = np.zeros(int(length.sum()), np.int64)
        part[start[view] + axis] = stride
        self._parts.append(part)
        start += self._size
        self._size += len(part)
        return start

    def all(self) -> Ints:
        """Return all strides."""
        return np.concatenate(self._parts)


def _hang(nodes: Records, axes: Axes, made: Arrangement, steps: Ints, strides: _Strides) -> None:
    """Hang each node on its parent, and tell how that sees its message."""
    size = np.diff(made.start)
    below = np.flatnonzero(size)
    nodes["parent"] = made.parent
    view = np.repeat(np.arange(len(below)), size[below])
    axis = axes.of(made.parent[below][view], made.separator)
    nodes["seen"][below] = strides.add(made.parent[below], view, axis, steps)


def _operands(
    factors: Factors,
    arrangement: Arrangement,
    axes: Axes,
    nodes: Records,
    strides: _Strides,
    blocks: Ints,
) -> tuple[Records, Records, Records]:
    """Return operands by node, scalars, and the slices of both."""
    rows = np.repeat(np.arange(len(factors)), np.diff(factors.ptr))
    free, home, nowhere = factors.free, arrangement.home, len(nodes)
    order = np.argsort(home, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    made = np.zeros(len(factors), OPERAND)
    made["offset"] = factors.offset[order]
    made["block"] = np.searchsorted(blocks, factors.offset[order], side="right") - 1
    cut = np.flatnonzero(~free)
    cut = cut[np.argsort(place[rows[cut]], kind="stable")]
    slices = np.empty(len(cut), SLICE)
    slices["variable"], slices["stride"] = factors.variable[cut], factors.stride[cut]
    at = ranges(place[rows[cut]], len(factors))
    made["slices"], made["slices_end"] = at[:-1], at[1:]
    last = int((home < nowhere).sum())
    node = home[order[:last]]
    kept = np.flatnonzero(free)
    axis = axes.of(home[rows[kept]], factors.variable[kept])
    made["strides"][:last] = strides.add(node, place[rows[kept]], axis, factors.stride[kept])
    at = ranges(node, nowhere)
    nodes["operands"], nodes["operands_end"] = at[:-1], at[1:]
    return made[:last].copy(), made[last:].copy(), slices
