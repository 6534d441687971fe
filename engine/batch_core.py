"""What of a row's evidence needs a program of its own, and what is a number on a program's margin.

Of the findings of a network with gates few shape the work. With u the parents of a leaf X:

    X = 0, a noisy-MAX       P(X = 0 | u) = l(0) ∏ z_i(0 | u_i)     a likelihood on each parent
    X a table of which one parent is not observed                    a likelihood on that parent
    X not observed                                                   nothing
    X > 0, a noisy-MAX                                               binds its parents: the *core*

So rows share a program where they share the core and what is observed above the leaves; each row
brings its likelihoods. A core that lies within another may use the other's program: where a gate is
not part of the row's core its transition tables are swapped for ones that pass b = 1 on, so that it
multiplies everything by one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.arrays import GateBlocks, LinkBlocks, NetworkArrays
from fascinet.model.gates import Array

INNER, TABLE, GATE = 0, 1, 2  # kinds of variable: not a leaf, a leaf with a table, a noisy-MAX leaf
UNKNOWN, FIXED, CORE, MARGIN = 0, 1, 2, 3  # what a row's finding is to its program


@dataclass(frozen=True)
class Core:
    """A network laid out for cores and margins.

    Attributes
    ----------
    net : NetworkArrays
        With one more state of every leaf gate's transition tables, which stands for "no matter".
    kinds : uint8 array, shape (variables,)
        `INNER`, `TABLE` or `GATE`.
    cards, leaks : int64 arrays, shape (variables,)
        States; where a gate's leak, or a table, starts.
    ptr, parents, links : int64 arrays
        Parents as compressed rows; where the link of each starts, or its stride in the table.
    """

    net: NetworkArrays
    kinds: NDArray[np.uint8]
    cards: NDArray[np.int64]
    leaks: NDArray[np.int64]
    ptr: NDArray[np.int64]
    parents: NDArray[np.int64]
    links: NDArray[np.int64]

    @cached_property
    def inner(self) -> frozenset[int]:
        """The variables that are no leaves."""
        return frozenset(np.flatnonzero(self.kinds == INNER).tolist())

    @cached_property
    def bearing(self) -> frozenset[int]:
        """The variables above leaves: what a margin may lie on."""
        leaves = np.flatnonzero(self.kinds != INNER)
        return frozenset(u for v in leaves.tolist() for u in self.net.parents[v])

    @property
    def tables(self) -> tuple[NDArray[np.int64], ...]:
        """What the kernels read of it."""
        return self.cards, self.leaks, self.ptr, self.parents, self.links


def has_core(net: NetworkArrays) -> bool:
    """Whether a network has leaves that are worked as gates."""
    return any(b.is_max and not kids for b, kids in zip(net.blocks, net.children, strict=True))


def make_core(net: NetworkArrays) -> Core:
    """Return a network laid out for cores and margins."""
    kinds = np.array([_kind(net, v) for v in range(len(net.cards))], np.uint8)
    leaks, links = list[int](), list[int]()
    for blocks in net.blocks:
        leaks.append(blocks.offset)
        links += [k.link for k in blocks.links] if blocks.is_max else blocks.strides[:-1]
    ptr = np.cumsum([0, *map(len, net.parents)]).astype(np.int64)
    parents = np.array([u for us in net.parents for u in us], np.int64)
    return Core(
        with_neutral(net, np.flatnonzero(kinds == GATE).tolist()),
        kinds, np.array(net.cards, np.int64), np.array(leaks, np.int64),
        ptr, parents, np.array(links, np.int64),
    )  # fmt: skip


def _kind(net: NetworkArrays, v: int) -> int:
    if net.children[v]:
        return INNER
    return GATE if net.blocks[v].is_max else TABLE


def with_neutral(net: NetworkArrays, gates: Iterable[int]) -> NetworkArrays:
    """Return a network whose `gates` have one more observed state, under which all factors are one.

    A chain of binary accumulators ends with b = 1. In the added state each step leads to b = 1 for
    certain, from wherever it starts, and the maximum of two such is 1 again.
    """
    parts, size, blocks = [net.base], net.base.size, list(net.blocks)

    def add(offset: int, shape: tuple[int, ...]) -> int:
        nonlocal size
        table = net.base[offset : offset + int(np.prod(shape))].reshape(shape)
        rest = np.zeros((1, *shape[1:]))
        rest[..., 1] = 1.0
        parts.extend((table.ravel(), rest.ravel()))
        size += table.size + rest.size
        return size - table.size - rest.size

    for v in gates:
        m, links = net.cards[v], list[LinkBlocks]()
        for u, link in zip(net.parents[v], net.blocks[v].links, strict=True):
            k = net.cards[u]
            first, step = add(link.bfirst, (m, k, 2)), add(link.bstep, (m, 2, k, 2))
            links.append(replace(link, bfirst=first, bstep=step))
        blocks[v] = _with_links(net.blocks[v], tuple(links))
    base: Array = np.concatenate(parts)
    base.setflags(write=False)
    return replace(net, base=base, blocks=tuple(blocks))


def _with_links(blocks: GateBlocks, links: tuple[LinkBlocks, ...]) -> GateBlocks:
    return replace(blocks, links=links)
