"""From a network and an evidence set to factors, gates taken apart without 2^n tables.

A `Pattern` says which variables are observed and, for the child of a noisy-MAX, whether in state 0
or above; it is all that the structure of a program depends on. A `Factor` is a window on the base:
its offset moves with the observed states, its scope and strides do not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fascinet.engine.arrays import GateBlocks, NetworkArrays

QUERY_PARENTS = 3  # an unobserved noisy-MAX leaf of so many unobserved parents is asked afterwards


@dataclass(frozen=True)
class Pattern:
    """What the structure of a program depends on.

    Attributes
    ----------
    observed : frozenset of int
        Variables whose state is known, interventions included.
    low : frozenset of int
        Those of them that are noisy-MAX variables in state 0.
    soft : frozenset of int
        Variables with a likelihood.
    cut : frozenset of int
        Interventions: observed, and their own gate left out.
    targets : frozenset of int or None
        Whose posteriors are wanted; None means all.
    """

    observed: frozenset[int] = frozenset()
    low: frozenset[int] = frozenset()
    soft: frozenset[int] = frozenset()
    cut: frozenset[int] = frozenset()
    targets: frozenset[int] | None = None


@dataclass(frozen=True)
class Factor:
    """A window on the base.

    value(x) = base[offset + Σ_j stride_j · x_j + Σ_s stride_s · observed state of s]
    """

    offset: int
    scope: tuple[int, ...]
    strides: tuple[int, ...]
    slices: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Query:
    """An unobserved noisy-MAX leaf, worked on the calibrated tree.

    Attributes
    ----------
    variable : int
    leak : int
        Offset of the leak's distribution.
    links : tuple of Factor
        One a link: scope (parent,) or () if it is observed, then the states with stride 1.
    """

    variable: int
    leak: int
    links: tuple[Factor, ...]


@dataclass
class Factors:
    """The result: factors over variables (auxiliary ones numbered after the network's)."""

    cards: list[int]
    factors: list[Factor] = field(default_factory=list[Factor])
    queries: list[Query] = field(default_factory=list[Query])

    def new_variable(self, card: int) -> int:
        """Add an auxiliary variable and return its number."""
        self.cards.append(card)
        return len(self.cards) - 1


def relevant(net: NetworkArrays, pattern: Pattern) -> set[int]:
    """Return the variables that are not barren: ancestors of evidence and targets."""
    if pattern.targets is None:
        return set(range(len(net.cards)))
    seen: set[int] = set()
    stack = [*pattern.observed, *pattern.soft, *pattern.targets]
    while stack:
        v = stack.pop()
        if v not in seen:
            seen.add(v)
            if v not in pattern.cut:
                stack.extend(net.parents[v])
    return seen


def window(offset: int, axes: Iterable[tuple[int, int]], observed: frozenset[int]) -> Factor:
    """Return the factor over the unobserved among `axes` (pairs variable, stride)."""
    scope: list[int] = []
    strides: list[int] = []
    slices: list[tuple[int, int]] = []
    for v, stride in axes:
        if v in observed:
            slices.append((v, stride))
        else:
            scope.append(v)
            strides.append(stride)
    return Factor(offset, tuple(scope), tuple(strides), tuple(slices))


class _Decomposer:
    """Takes the gates of one network apart for one pattern."""

    def __init__(self, net: NetworkArrays, pattern: Pattern, rank: Sequence[int] | None) -> None:
        self.net, self.pattern, self.rank = net, pattern, rank
        self.out = Factors(list(net.cards))
        self.kept = relevant(net, pattern)

    def run(self) -> Factors:
        for v in sorted(self.kept):
            if v in self.pattern.cut:
                continue
            blocks = self.net.blocks[v]
            if not blocks.is_max:
                axes = zip((*self.net.parents[v], v), blocks.strides, strict=True)
                self.out.factors.append(window(blocks.offset, axes, self.pattern.observed))
            elif v not in self.pattern.observed:
                self._unobserved(v, blocks)
            elif v in self.pattern.low:
                self._resting(v, blocks)
            else:
                self._raised(v, blocks)
        return self.out

    def _order(self, v: int) -> list[int]:
        """Positions of the links, observed parents first, then by rank of elimination."""
        parents, rank = self.net.parents[v], self.rank
        known = self.pattern.observed
        return sorted(
            range(len(parents)),
            key=lambda i: (-1 if parents[i] in known else rank[parents[i]] if rank else i, i),
        )

    def _unobserved(self, v: int, blocks: GateBlocks) -> None:
        parents, m = self.net.parents[v], self.net.cards[v]
        free = sum(u not in self.pattern.observed for u in parents)
        barren = v not in self.pattern.soft and not any(
            c in self.kept for c in self.net.children[v]
        )
        if barren and free >= QUERY_PARENTS:
            links = tuple(
                window(b.link, [(u, m)], self.pattern.observed)
                for u, b in zip(parents, blocks.links, strict=True)
            )
            self.out.queries.append(Query(v, blocks.offset, links))
            return
        before = -1
        order = self._order(v)
        for i in order:
            u, link = parents[i], blocks.links[i]
            after = v if i == order[-1] else self.out.new_variable(m)
            if before < 0:
                offset, axes = link.first, [(u, m), (after, 1)]
            else:
                card = self.net.cards[u]
                offset, axes = link.step, [(before, card * m), (u, m), (after, 1)]
            self.out.factors.append(window(offset, axes, self.pattern.observed))
            before = after

    def _resting(self, v: int, blocks: GateBlocks) -> None:
        """X = 0: a product of one factor a parent, P(Z_i = 0 | u_i), and of the leak's."""
        m = self.net.cards[v]
        self.out.factors.append(Factor(blocks.offset, (), ()))
        for u, link in zip(self.net.parents[v], blocks.links, strict=True):
            self.out.factors.append(window(link.link, [(u, m)], self.pattern.observed))

    def _raised(self, v: int, blocks: GateBlocks) -> None:
        """X = k > 0: a chain of binary accumulators b = [max = k], the last one true."""
        parents = self.net.parents[v]
        before, order = -1, self._order(v)
        for i in order:
            u, link = parents[i], blocks.links[i]
            card = self.net.cards[u]
            if before < 0:
                offset, axes, level = link.bfirst, [(u, 2)], 2 * card
            else:
                offset, axes, level = link.bstep, [(before, 2 * card), (u, 2)], 4 * card
            if i == order[-1]:
                offset += 1
            else:
                before = self.out.new_variable(2)
                axes.append((before, 1))
            factor = window(offset, axes, self.pattern.observed)
            slices = (*factor.slices, (v, level))
            self.out.factors.append(Factor(offset, factor.scope, factor.strides, slices))


def decompose(net: NetworkArrays, pattern: Pattern, rank: Sequence[int] | None = None) -> Factors:
    """Return the factors of the network under a pattern of evidence.

    Parameters
    ----------
    net, pattern
    rank : sequence of int, optional
        Place of each variable in an elimination order; the chains of accumulators follow it, so
        that all gates take their parents in the same order.
    """
    return _Decomposer(net, pattern, rank).run()


def star_scopes(net: NetworkArrays, pattern: Pattern) -> Factors:
    """Return scopes alone, each noisy-MAX as a star around its variable, to find an order."""
    out = Factors(list(net.cards))
    kept = relevant(net, pattern)
    for v in sorted(kept):
        if v in pattern.cut:
            continue
        blocks, parents = net.blocks[v], net.parents[v]
        if not blocks.is_max:
            out.factors.append(window(0, ((u, 0) for u in (*parents, v)), pattern.observed))
        elif v in pattern.low or _asked(net, pattern, kept, v):
            out.factors.extend(window(0, [(u, 0)], pattern.observed) for u in parents)
        else:
            hub = out.new_variable(2) if v in pattern.observed else v
            out.factors.extend(window(0, [(u, 0), (hub, 0)], pattern.observed) for u in parents)
    return out


def _asked(net: NetworkArrays, pattern: Pattern, kept: set[int], v: int) -> bool:
    """Whether an unobserved noisy-MAX is a query on the calibrated tree."""
    if v in pattern.observed or v in pattern.soft:
        return False
    free = sum(u not in pattern.observed for u in net.parents[v])
    return free >= QUERY_PARENTS and not any(c in kept for c in net.children[v])
