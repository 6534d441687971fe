"""A network as arrays: every parameter, and every value derived from one, in one flat base.

A program reads its factor tables straight from `base` by offset and strides, so a new case with
the same observed variables only moves offsets. For a leaky noisy-MAX

    X = max(L, Z_1, …, Z_n),   z_i = P(Z_i | u_i),   l = P(L)

the base also holds, for each link i, the non-negative transition tables of its accumulators
Y_i = max(L, Z_1, …, Z_i):

    step   [y', u, y]     z_i(y) if y > y', P(Z_i ≤ y) if y = y', else 0        (X not observed)
    first  [u, y]         the step taken from the leak
    bstep  [k, b', u, b]  b = [max = k], all ≤ k: (P(Z<k), P(Z=k); 0, P(Z≤k))    (X = k observed)
    bfirst [k, u, b]      the same, taken from the leak

All are sums and products of non-negative numbers, so nothing cancels. Behind its last state k the
binary tables have one more, in which the gate does not matter: it gives 1 whatever its parents are.
So one program serves cases in which a finding is there and cases in which it is not.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import log2, prod

import numpy as np
from numpy.typing import NDArray

from fascinet.model.gates import Array, Function, Gate, NoisyMax, max_convolve
from fascinet.model.network import Network

TINY = 1e-290  # products of parameters below this are not kept as one number
SMALL_GATE = 4  # a noisy-MAX of at most so many table entries is worked as a table


@dataclass(frozen=True)
class LinkBlocks:
    """Where the tables of one link start in the base."""

    link: int
    first: int
    step: int
    bfirst: int
    bstep: int


@dataclass(frozen=True)
class GateBlocks:
    """Where one gate lies in the base.

    Attributes
    ----------
    offset, strides
        The table, or of a noisy-MAX that is worked link by link the leak.
    links : tuple of LinkBlocks
        Transition tables, if it is worked link by link.
    gate : Gate
    leak, raw : int, tuple of int
        Of any noisy-MAX of two parents or more, where its leak and links start.
    bleak : int
        Where [k, b] of the leak alone starts, if the product of it and a link may leave the range
        of a double, so that there can be no table of both; else -1.
    """

    offset: int
    strides: tuple[int, ...]
    links: tuple[LinkBlocks, ...] = ()
    gate: Gate | None = None
    leak: int = -1
    raw: tuple[int, ...] = ()
    bleak: int = -1

    @property
    def is_max(self) -> bool:
        """Whether the gate is worked link by link."""
        return bool(self.links)


@dataclass(frozen=True)
class NetworkArrays:
    """A network without names.

    Attributes
    ----------
    cards : tuple of int
        States of each variable.
    parents : tuple of tuples of int
    children : tuple of tuples of int
    blocks : tuple of GateBlocks
    maxima : dict of int to int
        Where [a, b, y] = [y = max(a, b)] starts, for each number of states that needs one.
    base : array
        All values, read-only.
    """

    cards: tuple[int, ...]
    parents: tuple[tuple[int, ...], ...]
    children: tuple[tuple[int, ...], ...]
    blocks: tuple[GateBlocks, ...]
    maxima: dict[int, int]
    base: Array

    def with_base(self, base: Array) -> "NetworkArrays":
        """Return the same network with other numbers."""
        other = replace(self, base=base)
        other.__dict__["begins"] = self.begins  # a cached property that does not depend on them
        return other

    def family(self, v: int) -> int:
        """Return the entries of a variable's table over its parents and itself."""
        return prod(self.cards[u] for u in (*self.parents[v], v))

    @cached_property
    def begins(self) -> NDArray[np.int64]:
        """Where each block of the base starts: a table, a link, a leak."""
        found = {-1, *self.maxima.values()}
        for blocks in self.blocks:
            found |= {blocks.offset, blocks.leak, blocks.bleak, *blocks.raw}
            for link in blocks.links:
                found |= {link.link, link.first, link.step, link.bfirst, link.bstep}
        return np.array(sorted(found - {-1}), np.int64)

    @cached_property
    def least(self) -> Array:
        """log2 of the least positive value of each block, 0 where there is none."""
        if not len(self.base):
            return np.zeros(0)
        positive = np.where(self.base > 0.0, self.base, np.inf)
        least = np.minimum.reduceat(positive, self.begins)
        return np.log2(np.where(least < np.inf, least, 1.0))

    @cached_property
    def certain(self) -> NDArray[np.int64]:
        """Places in a flat answer of variables with one state."""
        return self.starts[:-1][np.array(self.cards, dtype=np.int64) == 1]

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Place of each variable's states in a flat answer; the last item is its length."""
        return np.concatenate([[0], np.cumsum(self.cards)]).astype(np.int64)


class _Base:
    """Collects arrays into one flat base and hands out their offsets."""

    def __init__(self) -> None:
        self.parts: list[Array] = []
        self.size = 0

    def add(self, values: Array) -> int:
        """Append `values` and return where they start."""
        offset = self.size
        self.parts.append(values.ravel())
        self.size += values.size
        return offset


def c_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides, in entries, of a C-ordered array."""
    strides = [1] * len(shape)
    for i in range(len(shape) - 2, -1, -1):
        strides[i] = strides[i + 1] * shape[i + 1]
    return tuple(strides)


def step_table(link: Array) -> Array:
    """Return [y', u, y]: the accumulator's move from y' to y when the parent is in state u."""
    return np.moveaxis(step_rows(link), 1, 0)


def bstep_table(link: Array) -> Array:
    """Return [k, b', u, b]: the move of b = [max = k] with all values at most k."""
    return np.moveaxis(bstep_rows(link), 0, 2)


def step_rows(rows: Array) -> Array:
    """Return [row, y', y] for distributions along the last axis."""
    states = rows.shape[-1]
    diagonal = np.arange(states)
    table = np.triu(np.ones((states, states)), 1) * rows[:, None, :]
    table[:, diagonal, diagonal] = np.cumsum(rows, axis=1)
    return table


def bstep_rows(rows: Array) -> Array:
    """Return [row, k, b', b] for distributions along the last axis."""
    upto = np.cumsum(rows, axis=1)
    table = np.zeros((*rows.shape, 2, 2))
    table[:, 1:, 0, 0] = upto[:, :-1]
    table[:, :, 0, 1] = rows
    table[:, :, 1, 1] = upto
    return table


def max_table(states: int) -> Array:
    """Return [a, b, y] = [y = max(a, b)]."""
    k = np.arange(states)
    return np.eye(states)[np.maximum(k[:, None], k[None, :])]


def max_prefixes(gate: NoisyMax) -> list[Array]:
    """Return the distributions of max(L, Z_1, …, Z_i) for i = 0, 1, …, one axis a parent."""
    out = [gate.leak]
    for link in gate.links[:-1]:
        out.append(max_convolve(out[-1][..., None, :], link))
    return out


def silent_first(card: int) -> Array:
    """Return [u, b] of a gate that does not matter: b = 1 whatever the parent."""
    return np.broadcast_to(np.array([0.0, 1.0]), (1, card, 2))


def silent_step(card: int) -> Array:
    """Return [b', u, b] of a gate that does not matter: b = b' whatever the parent."""
    return np.broadcast_to(np.eye(2)[:, None, :], (1, 2, card, 2))


def _add_max(base: _Base, gate: NoisyMax) -> GateBlocks:
    """Append the leak, and link by link its tables, worked for all rows of all links at once."""
    rows = np.concatenate(gate.links)
    step, bstep = step_rows(rows), bstep_rows(rows)
    below = np.concatenate([[0.0], np.cumsum(gate.leak)[:-1]])
    first = (gate.leak[:, None] * step).sum(axis=1)
    bfirst = below[:, None] * bstep[:, :, 0] + gate.leak[:, None] * bstep[:, :, 1]
    leak, links, at = base.add(gate.leak), list[LinkBlocks](), 0
    for card in gate.cards:
        part = slice(at, at + card)
        links.append(
            LinkBlocks(
                base.add(rows[part]),
                base.add(first[part]),
                base.add(step[part].transpose(1, 0, 2)),
                base.add(np.concatenate([bfirst[part].transpose(1, 0, 2), silent_first(card)])),
                base.add(np.concatenate([bstep[part].transpose(1, 2, 0, 3), silent_step(card)])),
            )
        )
        at += card
    apart = min(smallest(gate.leak) * smallest(x) for x in gate.links) < TINY
    bleak = -1
    if apart:
        pairs = np.stack([below, gate.leak], axis=1)
        bleak = base.add(np.concatenate([pairs, [[0.0, 1.0]]]))
    raw = tuple(b.link for b in links)
    return GateBlocks(leak, (1,), tuple(links), gate, leak, raw, bleak)


def smallest(values: Array) -> float:
    """Return the least positive number, 1 if there is none."""
    positive = values[values > 0.0]
    return float(positive.min()) if positive.size else 1.0


def is_small(gate: Gate, leaf: bool) -> bool:
    """Whether a noisy-MAX is as well worked as a table.

    A leaf of two parents or more never is: as a table it would marry its parents even when it is
    not observed, while as a gate it is a query on the calibrated tree and marries nobody.
    """
    size = float(np.prod([float(c) for c in (*gate.cards, gate.states)]))
    few = len(gate.cards) < 2
    if isinstance(gate, NoisyMax) and gate.cards:
        parts = [log2(smallest(x)) for x in (*gate.links, gate.leak)]
        if sum(parts) < log2(TINY):
            return False
    return isinstance(gate, Function) or few or (not leaf and size <= SMALL_GATE)


def add_gate(base: _Base, gate: Gate, leaf: bool = False) -> GateBlocks:
    """Append a gate's values to the base."""
    if isinstance(gate, NoisyMax) and not is_small(gate, leaf):
        return _add_max(base, gate)
    table = gate.to_table()
    offset, strides = base.add(table), c_strides(table.shape)
    if isinstance(gate, NoisyMax) and len(gate.links) > 1:
        leak = base.add(gate.leak)
        raw = tuple(base.add(link) for link in gate.links)
        return GateBlocks(offset, strides, (), gate, leak, raw)
    return GateBlocks(offset, strides, (), gate)


def gate_values(gate: Gate, leaf: bool = False) -> Array:
    """Return what the base holds of one gate, from its offset on."""
    base = _Base()
    add_gate(base, gate, leaf)
    return np.concatenate(base.parts)


def network_arrays(network: Network) -> NetworkArrays:
    """Return the network as arrays; the one place where names become ints."""
    index = network.index
    parents = tuple(tuple(index[u] for u in network.parents(v)) for v in network.variables)
    children: list[list[int]] = [[] for _ in parents]
    for v, us in enumerate(parents):
        for u in us:
            children[u].append(v)
    base = _Base()
    blocks = tuple(
        add_gate(base, network.gate(v), not kids)
        for v, kids in zip(network.variables, children, strict=True)
    )
    cards = tuple(len(network.states(v)) for v in network.variables)
    levels = {m for m, b in zip(cards, blocks, strict=True) if b.is_max}
    maxima = {m: base.add(max_table(m)) for m in sorted(levels | {2} if levels else levels)}
    values = np.concatenate(base.parts) if base.parts else np.zeros(0)
    values.setflags(write=False)
    return NetworkArrays(
        cards,
        parents,
        tuple(tuple(c) for c in children),
        blocks,
        maxima,
        values,
    )
