"""Orders of elimination in which some variables come last."""

from collections.abc import Sequence
from math import log

import numpy as np


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


def constrained_order(
    scopes: Sequence[Sequence[int]], cards: Sequence[int], later: set[int]
) -> tuple[list[int], float, int]:
    """Return a greedy order that leaves `later` to the end, its largest table and that's width."""
    adjacent = moral_graph(scopes, len(cards))
    left = {v for v, a in enumerate(adjacent) if a >= 0}
    order: list[int] = []
    most, width = 1.0, 0
    weight = np.log2(np.array(cards, dtype=np.float64))

    def cost(v: int) -> tuple[bool, float, int]:
        return v in later, float(weight[v] + sum(weight[u] for u in bits(adjacent[v]))), v

    costs = {v: cost(v) for v in left}
    while left:
        v = min(left, key=costs.__getitem__)
        left.discard(v)
        order.append(v)
        near = bits(adjacent[v])
        if costs[v][1] > log(most) / log(2.0):
            most, width = 2.0 ** costs[v][1], len(near) + 1
        for u in near:
            adjacent[u] = (adjacent[u] | adjacent[v]) & ~(1 << u) & ~(1 << v)
        for u in near:
            costs[u] = cost(u)
    return order, most, width
