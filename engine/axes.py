"""One order of axes for a whole network, so that tables, messages and cliques agree on it.

An operand meets a clique's table in long runs if the axes of both lie in the same order, and the
last axis is long. So the variables get a rank: those of few states first, those of many last, and
within either group children before parents, since children are mostly eliminated earlier. Tables
are copied into this order once a network, whatever the evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
LONG = 8  # an axis of so many states is long enough for a loop of its own


@dataclass(frozen=True)
class AxisOrder:
    """Tables by rank.

    Attributes
    ----------
    rank : int64 array
        Of each variable.
    offsets : int64 array
        Where each variable's table starts in the base; -1 if its gate is worked otherwise.
    ptr, scope, stride : int64 arrays
        Each table's variables by rank and their strides in the copy, as compressed rows.
    source : int32 array
        base[source] is the copy; what is not a table keeps its place.
    """

    rank: Ints
    offsets: Ints
    ptr: Ints
    scope: Ints
    stride: Ints
    source: NDArray[np.int32]


def rank_of(cards: Sequence[int], parents: Sequence[Sequence[int]]) -> Ints:
    """Return the rank of each variable: few states first, children before parents."""
    depth = np.zeros(len(cards), np.int64)
    for v in topological(parents):
        depth[v] = max((depth[u] + 1 for u in parents[v]), default=0)
    long = np.array(cards, np.int64) >= LONG
    order = np.lexsort((np.arange(len(cards)), -depth, long))
    rank = np.empty(len(cards), np.int64)
    rank[order] = np.arange(len(cards))
    return rank


def topological(parents: Sequence[Sequence[int]]) -> list[int]:
    """Return the variables, parents before children."""
    order: list[int] = []
    seen = [False] * len(parents)
    for v in range(len(parents)):
        stack = [(v, False)]
        while stack:
            u, done = stack.pop()
            if done:
                order.append(u)
            elif not seen[u]:
                seen[u] = True
                stack.append((u, True))
                stack.extend((w, False) for w in parents[u] if not seen[w])
    return order


def axis_order(
    cards: Sequence[int],
    parents: Sequence[Sequence[int]],
    tables: Sequence[tuple[int, Sequence[int]] | None],
    size: int,
) -> AxisOrder:
    """Return the order of a network's axes.

    Parameters
    ----------
    cards, parents
    tables
        Of each variable (offset, strides over its parents and itself), None if it has no table.
    size : int
        Length of the base.
    """
    rank = rank_of(cards, parents)
    source = np.arange(size, dtype=np.int32)
    offsets, ptr = np.full(len(cards), -1, np.int64), [0]
    scopes: list[int] = []
    strides: list[int] = []
    for v, table in enumerate(tables):
        if table is not None:
            offset, old = table
            axes = sorted(zip((*parents[v], v), old, strict=True), key=lambda a: rank[a[0]])
            shape = [cards[u] for u, _ in axes]
            grid = np.arange(offset, offset + prod(shape), dtype=np.int32)
            view = np.ndarray(shape, np.int32, grid, 0, [4 * s for _, s in axes])
            source[offset : offset + grid.size] = view.ravel()
            offsets[v] = offset
            scopes.extend(u for u, _ in axes)
            strides.extend(prod(shape[i + 1 :]) for i in range(len(shape)))
        ptr.append(len(scopes))
    rows = (np.array(x, np.int64) for x in (ptr, scopes, strides))
    return AxisOrder(rank, offsets, *rows, source)
