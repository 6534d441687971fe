"""From factors to a junction tree: the plan, which can be printed before anything runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.decompose import Factors, Opened, Pattern, open_gates, star_scopes
from fascinet.engine.mirror import Mirror
from fascinet.engine.order import Elimination, bits, eliminate, follow
from fascinet.engine.sweep import sweep_order

Search: TypeAlias = Callable[[Sequence[Sequence[int]], Sequence[int], str], Elimination]
MEASURES = ("fill", "weight")
SWEEP = 2.0**24  # estimated work from which the search for a sweep pays


@dataclass(frozen=True)
class Clique:
    """One clique of the junction tree.

    Attributes
    ----------
    scope : tuple of int
        The separator's variables, then the residual ones; each later eliminated first.
    cut : int
        How many of the scope are the separator's.
    parent : int
        Index of the parent clique, always later in the list; -1 for a root.
    factors : tuple of int
        Factors multiplied into it.
    """

    scope: tuple[int, ...]
    cut: int
    parent: int
    factors: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """A junction tree for one pattern of evidence.

    Attributes
    ----------
    factors : Factors
    cliques : tuple of Clique
        Children before parents.
    scalars : tuple of int
        Factors without free variables.
    home : dict of int to int
        For each free variable the clique in which it is residual.
    entries : float
        Σ over cliques of the product of the states: table entries in all.
    largest : int
        Variables in the widest clique.
    """

    pattern: Pattern
    factors: Factors
    cliques: tuple[Clique, ...]
    scalars: tuple[int, ...]
    home: dict[int, int]
    entries: float
    largest: int

    def __str__(self) -> str:
        sizes = [clique_size(c, self.factors.cards) for c in self.cliques]
        return (
            f"Plan: {len(self.home)} free variables, {len(self.factors.factors)} factors, "
            f"{len(self.cliques)} cliques, widest {self.largest} variables, "
            f"largest {max(sizes, default=1):,} entries, {self.entries:,.0f} entries in all, "
            f"{len(self.factors.queries)} leaf queries"
        )


def clique_size(clique: Clique, cards: Sequence[int]) -> int:
    """Return the number of entries of a clique's table."""
    return prod(cards[v] for v in clique.scope)


def _grow(elimination: Elimination, count: int) -> tuple[list[list[int]], list[int]]:
    """Return residual variables and parent of each elimination clique, absorbed ones empty."""
    position = [-1] * count
    for i, v in enumerate(elimination.order):
        position[v] = i
    first = [min((position[u] for u in bits(n)), default=-1) for n in elimination.neighbours]
    residual = [[v] for v in elimination.order]
    absorbed = [-1] * len(first)
    for i, parent in enumerate(first):
        if parent < 0:
            continue
        v, mine = elimination.order[parent], elimination.neighbours[i]
        if mine == elimination.neighbours[parent] | 1 << v and absorbed[parent] < 0:
            absorbed[parent] = i
    return _absorb(residual, first, absorbed)


def _absorb(
    residual: list[list[int]], parent: list[int], absorbed: list[int]
) -> tuple[list[list[int]], list[int]]:
    """Merge each clique that lies inside one of its children into that child."""
    into = list(range(len(parent)))
    for i in range(len(parent)):
        if absorbed[i] >= 0:
            into[i] = into[absorbed[i]]
            residual[into[i]].extend(residual[i])
            residual[i] = []
    for i in range(len(parent)):
        if absorbed[i] >= 0:
            parent[into[i]] = parent[i]
    return residual, [into[p] if p >= 0 else -1 for p in parent]


def junction_tree(
    factors: Factors, elimination: Elimination
) -> tuple[list[Clique], dict[int, int]]:
    """Return the cliques, children before parents, and the home of each variable."""
    count = len(factors.cards)
    position = [-1] * count
    for i, v in enumerate(elimination.order):
        position[v] = i
    residual, parent = _grow(elimination, count)
    kept = _children_first(residual, parent)
    number = {old: new for new, old in enumerate(kept)}
    home = {v: number[i] for i in kept for v in residual[i]}
    assigned: list[list[int]] = [[] for _ in kept]
    for f, factor in enumerate(factors.factors):
        if factor.scope:
            assigned[home[min(factor.scope, key=position.__getitem__)]].append(f)
    cliques: list[Clique] = []
    for new, old in enumerate(kept):
        own = set(residual[old])
        last = max(residual[old], key=position.__getitem__)
        separator = bits(elimination.neighbours[position[last]])
        scope = [
            *sorted(separator, key=position.__getitem__, reverse=True),
            *sorted(own, key=position.__getitem__, reverse=True),
        ]
        up = number[parent[old]] if parent[old] >= 0 else -1
        cliques.append(Clique(tuple(scope), len(separator), up, tuple(assigned[new])))
    return cliques, home


def _children_first(residual: list[list[int]], parent: list[int]) -> list[int]:
    """Return the indices of the non-empty cliques, each before its parent."""
    depth: dict[int, int] = {}

    def deep(i: int) -> int:
        path: list[int] = []
        while i >= 0 and i not in depth:
            path.append(i)
            i = parent[i]
        level = depth[i] if i >= 0 else -1
        for j in reversed(path):
            level += 1
            depth[j] = level
        return level

    kept = [i for i, r in enumerate(residual) if r]
    for i in kept:
        deep(i)
    return sorted(kept, key=lambda i: (-depth[i], i))


def cheapest(scopes: Sequence[Sequence[int]], cards: Sequence[int], search: Search) -> Elimination:
    """Return the cheaper of the min-fill and the min-weight order."""
    return min((search(scopes, cards, m) for m in MEASURES), key=lambda e: e.work)


Layout: TypeAlias = tuple[Factors, Elimination]
Lay: TypeAlias = Callable[[NetworkArrays, Pattern], Layout]


def lay_out(net: NetworkArrays, pattern: Pattern, search: Search = eliminate) -> Layout:
    """Return the factors and an elimination order, the cheapest of its tries."""
    opened = open_gates(net, pattern)
    scopes, cards, hubs = star_scopes(net, pattern, opened)
    if not opened.gates:
        return opened.out, cheapest(scopes, cards, search)
    tries: list[Layout] = []
    for measure in MEASURES:
        rough = search(scopes, cards, measure)
        mirror = Mirror(net, pattern, opened, hubs).run(rough.order)
        windows, widths = [f.scope for f in mirror.out.factors], mirror.out.cards
        tries.append((mirror.out, follow(windows, widths, mirror.order)))
        tries.append((mirror.out, cheapest(windows, widths, search)))
    if min(e.work for _, e in tries) > SWEEP:
        tries.extend(lay_sweep(net, pattern, opened, hubs))
    return min(tries, key=lambda t: t[1].work)


def lay_sweep(
    net: NetworkArrays, pattern: Pattern, opened: Opened, hubs: dict[int, int]
) -> list[Layout]:
    """Return the sweep's factors and order; nothing where there are too many gates for it."""
    order = sweep_order(net, pattern, opened)
    if order is None:
        return []
    mirror = Mirror(net, pattern, opened, hubs, sweep=True).run(order)
    windows, widths = [f.scope for f in mirror.out.factors], mirror.out.cards
    return [(mirror.out, follow(windows, widths, mirror.order))]


Join: TypeAlias = Callable[[Factors, Elimination], tuple[list[Clique], dict[int, int]]]


def make_plan(
    net: NetworkArrays, pattern: Pattern, lay: Lay | None = None, join: Join = junction_tree
) -> Plan:
    """Return the plan for a pattern of evidence.

    Parameters
    ----------
    lay : callable, optional
        Finds the factors and their order; `lay_out` by default.
    join : callable
        Makes a junction tree of them.
    """
    factors, elimination = (lay or lay_out)(net, pattern)
    cliques, home = join(factors, elimination)
    sizes = [clique_size(c, factors.cards) for c in cliques]
    return Plan(
        pattern,
        factors,
        tuple(cliques),
        tuple(i for i, f in enumerate(factors.factors) if not f.scope),
        home,
        float(sum(sizes)),
        max((len(c.scope) for c in cliques), default=0),
    )
