"""One order of axes for a whole network, so that tables, messages and cliques agree on it.

An operand meets a clique's table in long runs if the axes of both lie in the same order, and the
last axis is long. So the variables get a rank: those of few states first, then by the vectors that
their states fill, and among equals children before parents, since children are mostly eliminated
earlier. Tables
are copied into this order once a network, whatever the evidence. A long last axis is padded with
zeros to whole vectors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from fascinet.model.gates import Array

Ints = NDArray[np.int64]
LONG = 8  # an axis of so many states is long enough for vectors of its own
LANES = 4


@dataclass(frozen=True)
class AxisOrder:
    """Tables by rank.

    Attributes
    ----------
    rank : int64 array
        Of each variable.
    offsets : int64 array
        Where each variable's gate starts in the base.
    tables : int64 array
        Where its table starts in the copy; -1 if its gate is worked otherwise.
    shift : int64 array
        How much further what follows the table of each variable's gate lies in the copy.
    ptr, scope, stride : int64 arrays
        Each table's variables by rank and their strides in the copy, as compressed rows.
    source : int32 array
        The copy's item i is base[source[i]], or 0 if that is -1.
    """

    rank: Ints
    offsets: Ints
    tables: Ints
    shift: Ints
    ptr: Ints
    scope: Ints
    stride: Ints
    source: NDArray[np.int32]

    @cached_property
    def places(self) -> Ints:
        """Where each item of the base lies in the copy."""
        kept = np.flatnonzero(self.source >= 0)
        out = np.empty(kept.size, np.int64)
        out[self.source[kept]] = kept
        return out

    def copy(self, base: Array) -> Array:
        """Return the base with each table by rank."""
        out = base[self.source]
        out[self.source < 0] = 0.0
        return out

    def owners(self, offsets: Ints) -> Ints:
        """Return, of each window by its offset, the variable whose whole table it is on, or -1."""
        seat = np.searchsorted(self.offsets, offsets, side="right") - 1
        return np.where((self.offsets[seat] == offsets) & (self.tables[seat] >= 0), seat, -1)

    def moved(self, offsets: Ints) -> Ints:
        """Return where windows lie in the copy."""
        seat = np.searchsorted(self.offsets, offsets, side="right") - 1
        whole = (self.offsets[seat] == offsets) & (self.tables[seat] >= 0)
        return np.where(whole, self.tables[seat], offsets + self.shift[seat])


def rank_of(cards: Sequence[int], parents: Sequence[Sequence[int]]) -> Ints:
    """Return the rank of each variable: by vectors of states, children before parents."""
    depth = np.zeros(len(cards), np.int64)
    for v in topological(parents):
        depth[v] = max((depth[u] + 1 for u in parents[v]), default=0)
    vectors = np.array([padded(c) // LANES if c >= LONG else 0 for c in cards], np.int64)
    order = np.lexsort((np.arange(len(cards)), -depth, vectors))
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


def padded(states: int) -> int:
    """Return the room that a last axis takes."""
    return -(-states // LANES) * LANES if states >= LONG else states


def axis_order(
    cards: Sequence[int],
    parents: Sequence[Sequence[int]],
    gates: Sequence[tuple[int, Sequence[int] | None]],
    size: int,
) -> AxisOrder:
    """Return the order of a network's axes.

    Parameters
    ----------
    cards, parents
    gates
        Of each variable (offset, strides over its parents and itself), None without a table; the
        offsets ascend.
    size : int
        Length of the base.
    """
    rank, pieces = rank_of(cards, parents), list[NDArray[np.int32]]()
    tables, shift = np.full(len(cards), -1, np.int64), np.zeros(len(cards), np.int64)
    ptr, scopes, strides, at, grown = [0], list[int](), list[int](), 0, 0
    for v, (offset, old) in enumerate(gates):
        if old is not None:
            pieces.append(np.arange(at, offset, dtype=np.int32))
            axes = sorted(zip((*parents[v], v), old, strict=True), key=lambda a: rank[a[0]])
            shape = [cards[u] for u, _ in axes]
            table = by_rank(offset, shape, [s for _, s in axes])
            pieces.append(table)
            tables[v], at = offset + grown, offset + prod(shape)
            grown += table.size - prod(shape)
            shape[-1] = padded(shape[-1])
            scopes.extend(u for u, _ in axes)
            strides.extend(prod(shape[i + 1 :]) for i in range(len(shape)))
        shift[v] = grown
        ptr.append(len(scopes))
    pieces.append(np.arange(at, size, dtype=np.int32))
    offsets, rows, scope, stride = (
        np.array(x, np.int64) for x in ([offset for offset, _ in gates], ptr, scopes, strides)
    )
    source = np.concatenate(pieces)
    return AxisOrder(rank, offsets, tables, shift, rows, scope, stride, source)


def by_rank(offset: int, shape: Sequence[int], strides: Sequence[int]) -> NDArray[np.int32]:
    """Return where the items of a table by rank are found in the base, -1 where there is none."""
    grid = np.arange(offset, offset + prod(shape), dtype=np.int32)
    view = np.ndarray(shape, np.int32, grid, 0, [4 * s for s in strides])
    out = np.full((*shape[:-1], padded(shape[-1])), -1, np.int32)
    out[..., : shape[-1]] = view
    return out.ravel()
