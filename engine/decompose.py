"""From a network and an evidence set to factors, gates taken apart without 2^n tables.

A `Pattern` says which variables are observed and, for the child of a noisy-MAX, whether in state 0
or above; it is all that the structure of a program depends on. A `Factor` is a window on the base:
its offset moves with the observed states, its scope and strides do not.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from fascinet.engine.arrays import NetworkArrays

WINDOWS = 4000  # that are kept
QUERY_PARENTS = 2  # an unobserved noisy-MAX leaf of so many unobserved parents is asked afterwards

Kept = TypeVar("Kept")


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
    joint : frozenset of int
        Variables that must not be set apart as leaf queries.
    """

    observed: frozenset[int] = frozenset()
    low: frozenset[int] = frozenset()
    soft: frozenset[int] = frozenset()
    cut: frozenset[int] = frozenset()
    targets: frozenset[int] | None = None
    joint: frozenset[int] = frozenset()


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


def keep_window(net: NetworkArrays, key: tuple[int, ...], made: Kept) -> Kept:
    """Keep what was made for later evidence sets, and return it; all goes when there is much."""
    if len(net.windows) > WINDOWS:
        net.windows.clear()
    net.windows[key] = made
    return made


def leaf_query(net: NetworkArrays, v: int, observed: frozenset[int]) -> Query:
    """Return the query of a leaf; made once for each set of observed parents."""
    parents, blocks = net.parents[v], net.blocks[v]
    key = (v, *[u for u in parents if u in observed])
    found: Query | None = net.windows.get(key)
    if found is None:
        links = tuple(
            window(at, [(u, net.cards[v])], observed)
            for u, at in zip(parents, blocks.raw, strict=True)
        )
        found = keep_window(net, key, Query(v, blocks.leak, links))
    return found


def table_window(net: NetworkArrays, v: int, observed: frozenset[int]) -> Factor:
    """Return a table's factor; made once where nobody in it is observed."""
    family = (*net.parents[v], v)
    blocks = net.blocks[v]
    if not observed.isdisjoint(family):
        return window(blocks.offset, zip(family, blocks.strides, strict=True), observed)
    key = (v, v)  # a leaf query's key has parents after the variable
    found: Factor | None = net.windows.get(key)
    if found is None:
        axes = zip(family, blocks.strides, strict=True)
        found = keep_window(net, key, window(blocks.offset, axes, observed))
    return found


def is_query(net: NetworkArrays, pattern: Pattern, kept: set[int], v: int) -> bool:
    """Whether an unobserved noisy-MAX is worked afterwards, as a query on the calibrated tree."""
    if v in pattern.observed or v in pattern.soft or v in pattern.joint:
        return False
    if not net.blocks[v].raw:
        return False
    free = sum(u not in pattern.observed for u in net.parents[v])
    return free >= QUERY_PARENTS and not any(c in kept for c in net.children[v])


@dataclass
class Opened:
    """A network under a pattern: what needs no choice is done, the other gates are left open.

    Attributes
    ----------
    out : Factors
        Tables, resting gates and queries.
    gates : tuple of int
        Noisy-MAX variables whose accumulators are still to be laid out.
    """

    out: Factors
    gates: tuple[int, ...]


def open_gates(net: NetworkArrays, pattern: Pattern) -> Opened:
    """Return the factors of all gates but those that need accumulators."""
    out, kept, gates = Factors(list(net.cards)), relevant(net, pattern), list[int]()
    for v in sorted(kept):
        if v in pattern.cut:
            continue
        if is_query(net, pattern, kept, v):
            out.queries.append(leaf_query(net, v, pattern.observed))
        elif not net.blocks[v].is_max:
            out.factors.append(table_window(net, v, pattern.observed))
        elif v in pattern.low:
            _resting(net, pattern, v, out)
        else:
            gates.append(v)
    return Opened(out, tuple(gates))


def _resting(net: NetworkArrays, pattern: Pattern, v: int, out: Factors) -> None:
    """X = 0: a product of one factor a parent, P(Z_i = 0 | u_i), and of the leak's."""
    blocks = net.blocks[v]
    out.factors.append(Factor(blocks.offset, (), ()))
    for u, link in zip(net.parents[v], blocks.links, strict=True):
        out.factors.append(window(link.link, [(u, net.cards[v])], pattern.observed))


def star_scopes(
    net: NetworkArrays, pattern: Pattern, opened: Opened
) -> tuple[list[tuple[int, ...]], list[int], dict[int, int]]:
    """Return scopes, states and hubs with each open gate as a star, to find an order on.

    A gate that is not observed is its own hub; an observed one gets a binary hub of its own.
    """
    scopes = [f.scope for f in opened.out.factors]
    cards, hubs = list(net.cards), dict[int, int]()
    for g in opened.gates:
        hub = g
        if g in pattern.observed:
            hub = len(cards)
            cards.append(2)
        hubs[hub] = g
        scopes.append((hub,))
        scopes.extend((u, hub) for u in net.parents[g] if u not in pattern.observed)
    return scopes, cards, hubs
