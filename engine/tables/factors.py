"""A network under a pattern of evidence as factors: windows on the base.

A factor has axes, pairs of a variable and a stride. Where the variable is observed, the axis moves
the factor's offset with the observed state; the others are the factor's scope:

    value(x) = base[offset + sum over free axes of stride * x + sum over the others of
                    stride * observed state]

So a table's factor is the same whatever is observed, and all that a network can need without
choices lies in one catalogue, made once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.engine.tables.pattern import Pattern, relevant

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
QUERY_PARENTS = 2  # an unobserved noisy-MAX leaf of so many unobserved parents is asked afterwards


@dataclass(frozen=True, eq=False)
class Factors:
    """Windows on the base.

    Attributes
    ----------
    cards : int array
        States of the network's variables, then of auxiliary ones.
    observed : bool array
        Of the network's variables.
    offset : int array, shape (factors,)
    ptr : int array, shape (factors + 1,)
        The axes of factor f are ptr[f] ... ptr[f + 1].
    variable, stride : int arrays
        The axes, observed ones included.
    head : int array, shape (factors,)
        The variable that the factor is a distribution of, given its other axes; -1 for none.
    gates : tuple of int
        Noisy-MAX variables whose accumulators are still to be laid out.
    queries : tuple of int
        Unobserved noisy-MAX leaves, to be worked on the calibrated tree.
    """

    cards: Ints
    observed: Flags
    offset: Ints
    ptr: Ints
    variable: Ints
    stride: Ints
    head: Ints
    gates: tuple[int, ...] = ()
    queries: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.offset)

    @property
    def free(self) -> Flags:
        """Which axes belong to a scope."""
        seen = np.zeros(len(self.cards), bool)
        seen[: len(self.observed)] = self.observed
        return ~seen[self.variable]

    def scopes(self) -> tuple[Ints, Ints]:
        """Return the scopes as compressed rows."""
        free = self.free
        ends = np.concatenate([[0], np.cumsum(free)])
        return ends[self.ptr], self.variable[free]

    def take(self, rows: Ints) -> "Factors":
        """Return some of the factors, in the order given."""
        size = np.diff(self.ptr)[rows]
        ptr = np.concatenate([[0], np.cumsum(size)])
        at = np.arange(ptr[-1]) + np.repeat(self.ptr[rows] - ptr[:-1], size)
        return Factors(
            self.cards, self.observed, self.offset[rows], ptr, self.variable[at],
            self.stride[at], self.head[rows], self.gates, self.queries,
        )  # fmt: skip

    def joined(self, cards: Ints, more: "Factors") -> "Factors":
        """Return these factors and those of accumulators, which bring variables of their own."""
        return Factors(
            cards, self.observed, np.concatenate([self.offset, more.offset]),
            np.concatenate([self.ptr, self.ptr[-1] + more.ptr[1:]]),
            np.concatenate([self.variable, more.variable]),
            np.concatenate([self.stride, more.stride]),
            np.concatenate([self.head, more.head]), (), self.queries,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All factors that need no choice.

    Attributes
    ----------
    all : Factors
        First each variable's table (without axes if its gate is worked link by link), then for each
        such gate its leak and its links as they count where the variable rests in state 0.
    rest : int array, shape (variables + 1,)
        The rows of each gate's leak and links.
    """

    all: Factors
    rest: Ints


def catalogue(net: NetworkArrays) -> Catalogue:
    """Return the catalogue of a network."""
    offset: list[int] = []
    axes: list[list[tuple[int, int]]] = []
    head: list[int] = []
    for v, blocks in enumerate(net.blocks):
        family = (
            [] if blocks.is_max else list(zip((*net.parents[v], v), blocks.strides, strict=True))
        )
        offset.append(blocks.offset)
        axes.append(family)
        head.append(v)
    rest = [len(offset)]
    for v, blocks in enumerate(net.blocks):
        if blocks.is_max:
            offset.append(blocks.offset)
            axes.append([])
            for u, link in zip(net.parents[v], blocks.links, strict=True):
                offset.append(link.link)
                axes.append([(u, net.cards[v])])
        rest.append(len(offset))
    head += [-1] * (len(offset) - len(head))
    flat = [pair for row in axes for pair in row]
    ends = np.cumsum([0, *map(len, axes)])
    pairs = np.array(flat, np.int64).reshape(-1, 2)
    factors = Factors(
        np.array(net.cards, np.int64), np.zeros(len(net.cards), bool), np.array(offset, np.int64),
        ends.astype(np.int64), pairs[:, 0].copy(), pairs[:, 1].copy(), np.array(head, np.int64),
    )  # fmt: skip
    return Catalogue(factors, np.array(rest, np.int64))


def is_query(net: NetworkArrays, pattern: Pattern, kept: set[int], v: int) -> bool:
    """Whether an unobserved noisy-MAX is worked afterwards, as a query on the calibrated tree."""
    if v in pattern.observed or v in pattern.soft or v in pattern.joint or not net.blocks[v].raw:
        return False
    if any(c in kept for c in net.children[v]):
        return False
    return sum(u not in pattern.observed for u in net.parents[v]) >= QUERY_PARENTS


def open_gates(net: NetworkArrays, known: Catalogue, pattern: Pattern) -> Factors:
    """Return the factors of all relevant gates but those that need accumulators."""
    kept = relevant(net, pattern)
    rows: list[int] = []
    gates: list[int] = []
    queries: list[int] = []
    for v in sorted(kept):
        if v in pattern.cut:
            continue
        if net.blocks[v].raw and is_query(net, pattern, kept, v):
            queries.append(v)
        elif not net.blocks[v].is_max:
            rows.append(v)
        elif v in pattern.low:
            rows.extend(range(int(known.rest[v]), int(known.rest[v + 1])))
        else:
            gates.append(v)
    every = known.all
    observed = np.zeros(len(net.cards), bool)
    observed[list(pattern.observed)] = True
    some = every.take(np.array(rows, np.int64))
    return Factors(
        some.cards, observed, some.offset, some.ptr, some.variable, some.stride, some.head,
        tuple(gates), tuple(queries),
    )  # fmt: skip


def star_scopes(
    net: NetworkArrays, factors: Factors
) -> tuple[list[Sequence[int]], list[int], dict[int, int]]:
    """Return scopes, states and hubs with each open gate as a star, to find an order on.

    A gate that is not observed is its own hub; an observed one gets a binary hub of its own.
    """
    ptr, flat = factors.scopes()
    ends, all_ = ptr.tolist(), flat.tolist()
    scopes: list[Sequence[int]] = [all_[a:b] for a, b in zip(ends, ends[1:], strict=False)]
    cards, hubs = factors.cards.tolist(), dict[int, int]()
    for g in factors.gates:
        hub = g
        if factors.observed[g]:
            hub = len(cards)
            cards.append(2)
        hubs[hub] = g
        scopes.append((hub,))
        scopes.extend((u, hub) for u in net.parents[g] if not factors.observed[u])
    return scopes, cards, hubs
