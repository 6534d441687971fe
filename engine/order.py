"""Elimination orders: greedy min-fill and min-weight on bit sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2


@dataclass(frozen=True)
class Elimination:
    """An elimination order and what it makes.

    Attributes
    ----------
    order : tuple of int
        Variables, first eliminated first.
    neighbours : tuple of int
        For each in turn, a bit set of its neighbours when it is eliminated.
    work : float
        Sum of the sizes of all elimination cliques.
    """

    order: tuple[int, ...]
    neighbours: tuple[int, ...]
    work: float


def bits(mask: int) -> list[int]:
    """Return the positions of the set bits, ascending."""
    out: list[int] = []
    while mask:
        low = mask & -mask
        out.append(low.bit_length() - 1)
        mask ^= low
    return out


def moral_graph(scopes: Sequence[Sequence[int]], count: int) -> list[int]:
    """Return a bit set of neighbours a variable; -1 marks variables in no scope."""
    adjacent = [-1] * count
    for scope in scopes:
        mask = 0
        for v in scope:
            mask |= 1 << v
        for v in scope:
            adjacent[v] = (0 if adjacent[v] < 0 else adjacent[v]) | mask
    return [a if a < 0 else a & ~(1 << v) for v, a in enumerate(adjacent)]


def fill_of(v: int, adjacent: list[int]) -> int:
    """Return twice the number of arcs that eliminating `v` adds."""
    mine = adjacent[v]
    return sum((mine & ~adjacent[u]).bit_count() - 1 for u in bits(mine))


def eliminate(
    scopes: Sequence[Sequence[int]], cards: Sequence[int], measure: str = "fill"
) -> Elimination:
    """Return a greedy order; ties by clique weight, then by number, so it is deterministic.

    Parameters
    ----------
    scopes, cards
    measure : {"fill", "weight"}
        Next is the variable that adds the fewest arcs, or whose clique is the smallest.
    """
    adjacent = moral_graph(scopes, len(cards))
    weight = [log2(c) for c in cards]
    left = {v for v, a in enumerate(adjacent) if a >= 0}

    def cost(v: int) -> tuple[float, float, int]:
        clique = weight[v] + sum(weight[u] for u in bits(adjacent[v]))
        return (fill_of(v, adjacent), clique, v) if measure == "fill" else (clique, 0.0, v)

    costs = {v: cost(v) for v in left}
    order: list[int] = []
    neighbours: list[int] = []
    work = 0.0
    while left:
        v = min(left, key=costs.__getitem__)
        mine = adjacent[v]
        work += 2.0 ** (weight[v] + sum(weight[u] for u in bits(mine)))
        left.discard(v)
        order.append(v)
        neighbours.append(mine)
        near = mine
        for u in bits(mine):
            adjacent[u] = (adjacent[u] | mine) & ~(1 << u) & ~(1 << v)
            near |= adjacent[u] if costs[v][0] else 0
        for u in bits(near):
            costs[u] = cost(u)
    return Elimination(tuple(order), tuple(neighbours), work)


def follow(
    scopes: Sequence[Sequence[int]], cards: Sequence[int], order: Sequence[int]
) -> Elimination:
    """Return what a given elimination order makes."""
    adjacent = moral_graph(scopes, len(cards))
    weight = [log2(c) for c in cards]
    neighbours: list[int] = []
    work = 0.0
    for v in order:
        mine = adjacent[v]
        near = bits(mine)
        work += 2.0 ** (weight[v] + sum(weight[u] for u in near))
        neighbours.append(mine)
        for u in near:
            adjacent[u] = (adjacent[u] | mine) & ~(1 << u) & ~(1 << v)
    return Elimination(tuple(order), tuple(neighbours), work)
