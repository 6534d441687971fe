"""A plan laid out for analyses: every operand of every clique as a plain list of places.

The kernels of the engine walk maps in blocks; here each entry of a clique's table simply knows
where each operand's value lies, which takes more memory and lets a kernel follow many answers at
once. A layout belongs to one pattern of evidence and is kept with its program.

Operands of a clique, in order: factors of the network (kind `BASE`), soft evidence (`SOFT`), the
messages of its children (`MESSAGE`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.cells import FACTOR, LIKELY, cells_of
from fascinet.engine.analyses.results import Array
from fascinet.engine.compiled import Compiled
from fascinet.engine.junction import Plan

if TYPE_CHECKING:
    from fascinet.engine.arrays import NetworkArrays

Index = NDArray[np.int64]
Places = NDArray[np.int32]
BASE, SOFT, MESSAGE = 0, 1, 2
SMALL = 512  # entries of the tables whose lists of places are kept for others alike


@dataclass(frozen=True, eq=False)
class Tree:
    """Cliques, children before parents, and their operands.

    Attributes
    ----------
    size, rows, parent, message : arrays, shape (cliques,)
        Entries; entries of the separator, which leads; the parent or -1; where the clique's
        message starts among all messages.
    first : array, shape (cliques + 1,)
        Operands of clique c are first[c] … first[c + 1].
    kind, source, place, extent : arrays, shape (operands,)
        Kind; place in the base, in the soft evidence, or the child; where its list of places
        starts; one more than the largest place.
    where : array of int32
        For each operand, the place of its value for each entry of the clique.
    soft : dict of int to int
        Where the likelihoods of each soft variable start.
    slices : tuple of (operand, stride, variable)
        Offsets that move with observed states.
    scalars : tuple of (offset, slices)
        Factors without a free variable.
    sizes : tuple of int
        Entries of the largest clique, most operands of a clique, length of all messages, of all
        soft evidence.
    slots : array, shape (cliques,)
        Where messages start if their space is used again once their parent has read them.
    space : int
        The length of all in this way.
    """

    size: Index
    rows: Index
    parent: Index
    message: Index
    first: Index
    kind: Index
    source: Index
    place: Index
    extent: Index
    where: Places
    soft: Mapping[int, int]
    slices: tuple[tuple[int, int, int], ...]
    scalars: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
    sizes: tuple[int, int, int, int]
    slots: Index
    space: int

    def offsets(self, states: Mapping[int, int]) -> Index:
        """Return where each operand starts for the observed states."""
        out = self.source.copy()
        for operand, stride, v in self.slices:
            out[operand] += stride * states[v]
        return out

    def scalar_places(self, states: Mapping[int, int]) -> Index:
        """Return the places in the base of the factors without a free variable."""
        places = [o + sum(stride * states[v] for v, stride in cut) for o, cut in self.scalars]
        return np.array(places, dtype=np.int64)

    def likelihoods(self, soft: Mapping[int, Array]) -> Array:
        """Return all soft evidence in one array."""
        out = np.ones(max(self.sizes[3], 1))
        for v, at in self.soft.items():
            out[at : at + len(soft[v])] = soft[v]
        return out


_kept: WeakKeyDictionary[Compiled, dict[int | None, Tree]] = WeakKeyDictionary()


def tree_of(net: "NetworkArrays", compiled: Compiled, root: int | None = None) -> Tree:
    """Return the layout of a program, kept as long as the program is."""
    kept = _kept.setdefault(compiled, {})
    if root not in kept:
        kept[root] = lay_out(compiled.plan, root)
    return kept[root]


def lay_out(plan: Plan, root: int | None = None) -> Tree:
    """Return the layout of a plan, its last clique that of a soft variable `root` if given."""
    cards, cells = np.array(plan.factors.cards, dtype=np.int64), cells_of(plan, root)
    count = len(cells)
    soft, total = dict[int, int](), 0
    for v in sorted(plan.pattern.soft):
        soft[v], total = total, total + int(cards[v])
    size, rows, first = (np.zeros(count + k, dtype=np.int64) for k in (0, 0, 1))
    parent = np.full(count, -1, dtype=np.int64)
    kind: list[int] = []
    source: list[int] = []
    parts: list[Places] = []
    slices: list[tuple[int, int, int]] = []
    for c, cell in enumerate(cells):
        shape = [plan.factors.cards[v] for v in cell.scope]
        size[c], rows[c] = prod(shape), prod(shape[: cell.cut])
        axis = {v: i for i, v in enumerate(cell.scope)}
        for what, number in sorted(cell.parts):
            if what == FACTOR:
                f = plan.factors.factors[number]
                slices += [(len(kind), stride, v) for v, stride in f.slices]
                _add(kind, source, parts, BASE, f.offset, _places(shape, axis, f.scope, f.strides))
                continue
            if what == LIKELY:
                places = _places(shape, axis, (number,), (1,))
                _add(kind, source, parts, SOFT, soft[number], places)
                continue
            scope = cells[number].scope[: cells[number].cut]
            places = _places(shape, axis, scope, _strides(cards, scope))
            _add(kind, source, parts, MESSAGE, number, places)
            parent[number] = c
        first[c + 1] = len(kind)
    lengths = np.array([len(p) for p in parts], dtype=np.int64)
    extent = np.array([int(p[-1]) + 1 for p in parts], dtype=np.int64)
    where = np.concatenate(parts) if parts else np.zeros(0, np.int32)
    scalars = tuple((plan.factors.factors[i].offset, plan.factors.factors[i].slices)
                    for i in plan.scalars)  # fmt: skip
    most = int(np.diff(first).max(initial=1))
    sizes = (int(size.max(initial=1)), most, int(rows.sum()), total)
    return Tree(
        size, rows, parent, np.cumsum(rows) - rows, first, np.array(kind, dtype=np.int64),
        np.array(source, dtype=np.int64), np.cumsum(lengths) - lengths, extent, where, soft,
        tuple(slices), scalars, sizes, *_slots(rows, parent),
    )  # fmt: skip


class Space:
    """Stretches of one table that are taken and given back."""

    def __init__(self) -> None:
        self.length, self._gaps = 0, list[tuple[int, int]]()

    def take(self, size: int) -> int:
        """Return the start of a free stretch."""
        for i, (low, high) in enumerate(self._gaps):
            if high - low >= size:
                self._gaps[i] = low + size, high
                return low
        self.length += size
        return self.length - size

    def give(self, start: int, size: int) -> None:
        """Free a stretch."""
        joined: list[tuple[int, int]] = []
        for low, high in sorted([*self._gaps, (start, start + size)]):
            if joined and joined[-1][1] == low:
                joined[-1] = joined[-1][0], high
            elif low < high:
                joined.append((low, high))
        self._gaps = joined


def _slots(rows: Index, parent: Index) -> tuple[Index, int]:
    """Return where messages start if each is given up after its parent's is made."""
    at, space = np.zeros(len(rows), dtype=np.int64), Space()
    below: list[list[int]] = [[] for _ in rows]
    for c, size in enumerate(rows.tolist()):
        at[c] = space.take(size)
        for d in below[c]:
            space.give(int(at[d]), int(rows[d]))
        if parent[c] >= 0:
            below[parent[c]].append(c)
    return at, space.length


def _add(
    kind: list[int], source: list[int], parts: list[Places], what: int, at: int, places: Places
) -> None:
    kind.append(what)
    source.append(at)
    parts.append(places)


def _strides(cards: Index, scope: Sequence[int]) -> tuple[int, ...]:
    sizes = [int(cards[v]) for v in scope]
    return tuple(prod(sizes[i + 1 :]) for i in range(len(sizes)))


def _places(
    shape: Sequence[int], axis: Mapping[int, int], scope: Sequence[int], strides: Sequence[int]
) -> Places:
    """Return, for each entry of a table, the place of an operand's value."""
    steps = [0] * len(shape)
    for v, stride in zip(scope, strides, strict=True):
        steps[axis[v]] = stride
    spread = _kept_spread if prod(shape) <= SMALL else _spread
    return spread(tuple(shape), tuple(steps))


def _spread(shape: tuple[int, ...], steps: tuple[int, ...]) -> Places:
    """Return Σ step · index over the axes, entry by entry: small tables share theirs."""
    out = np.zeros(1, dtype=np.int32)
    for card, step in zip(shape, steps, strict=True):
        if step:
            out = (out[:, None] + np.arange(card, dtype=np.int32) * np.int32(step)).reshape(-1)
        elif card > 1:
            out = np.repeat(out, card)
    return out


_kept_spread = lru_cache(maxsize=4096)(_spread)
