"""Elimination orders: greedy ones, and the best of many that are jittered.

The interaction graph has a node a variable and an edge between two that stand in one factor. To
eliminate a variable is to join its neighbours pairwise (fill-in) and to remove it; its clique is
the variable with its neighbours. Sizes of cliques are products of states, multiplied in one order,
so that this module and its compiled twin, `core/order.h`, find the same order to the last bit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, prod
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Measure: TypeAlias = Literal["fill", "size"]

LEAST, MOST = 4, 64  # tries: the first two without noise
HUGE = 1e300  # a clique's size at most, as a cost
LONG = 16  # states from which a variable is worth a loop of its own
WORTH = 1.0  # a try is worth so many table entries a pair of variables


@dataclass(frozen=True, eq=False)
class Elimination:
    """An elimination order and what it makes.

    Attributes
    ----------
    order : int array
        Variables, first eliminated first.
    start, neighbours : int arrays
        The neighbours of order[k] when its turn comes, by the order in which they are eliminated
        themselves: neighbours[start[k]] ... neighbours[start[k + 1]].
    work : float
        Sum of the sizes of all cliques.
    """

    order: Ints
    start: Ints
    neighbours: Ints
    work: float


def long_last(found: Elimination, cards: NDArray[np.float64]) -> Elimination:
    """Return an order with variables of many states moved to the end of their cliques.

    Within a clique any order will do, and the variable that goes last is the last axis of every
    table that has it, so that tables are walked in long runs.
    """
    long = found.order[cards[found.order] >= LONG]
    if not len(long):
        return found
    separators = np.split(found.neighbours, found.start[1:-1])
    after = {v: set(s.tolist()) for v, s in zip(found.order.tolist(), separators, strict=True)}
    moved = False
    for v in long[::-1].tolist():
        rest, passed = after[v], list[int]()
        while (above := next((u for u in rest if after[u] == rest - {u}), None)) is not None:
            if cards[above] >= cards[v]:
                break
            passed.append(above)
            rest = after[above]
        if not passed:
            continue
        moved = True
        for u in (v, *sorted(passed, key=cards.__getitem__)):
            after[u] = rest
            rest = rest | {u}
    return _ordered(after, cards) if moved else found


def _ordered(after: dict[int, set[int]], cards: NDArray[np.float64]) -> Elimination:
    """Return an elimination, given which of each variable's neighbours go after it."""
    place: dict[int, int] = {}
    for v in reversed(after):
        waiting = [v]
        while waiting:
            left = after[waiting[-1]] - place.keys()
            if left:
                waiting.append(left.pop())
            else:
                place.setdefault(waiting.pop(), -len(place))
    order = sorted(after, key=place.__getitem__)
    rows = [sorted(after[v], key=place.__getitem__) for v in order]
    work = sum(prod(float(cards[u]) for u in (v, *row)) for v, row in zip(order, rows, strict=True))
    start = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    neighbours = np.array([v for row in rows for v in row], np.int64)
    return Elimination(np.array(order, np.int64), start, neighbours, work)


@dataclass
class Graph:
    """An interaction graph: for each variable the bit set of its neighbours, and its states."""

    adjacent: list[int]
    states: list[float]
    present: list[bool]

    @classmethod
    def of(cls, scopes: Iterable[Sequence[int]], states: Sequence[float]) -> "Graph":
        """Return the graph of some factors' scopes."""
        graph = cls([0] * len(states), [float(s) for s in states], [False] * len(states))
        for scope in scopes:
            graph.connect(scope)
        return graph

    def connect(self, scope: Sequence[int]) -> None:
        """Join the variables of one scope."""
        mask = mask_of(scope)
        for v in scope:
            self.present[v] = True
            self.adjacent[v] |= mask & ~(1 << v)


@dataclass(frozen=True)
class Found:
    """An order with a bit set of neighbours for each place, and its work."""

    order: list[int]
    neighbours: list[int]
    work: float

    def lists(self) -> Elimination:
        """Return it as arrays."""
        place = {v: k for k, v in enumerate(self.order)}
        rows = [sorted(bits(mask), key=place.__getitem__) for mask in self.neighbours]
        return Elimination(
            np.array(self.order, np.int64),
            np.cumsum([0, *map(len, rows)]).astype(np.int64),
            np.array([v for row in rows for v in row], np.int64),
            self.work,
        )


def mask_of(variables: Iterable[int]) -> int:
    """Return the bit set of some variables."""
    mask = 0
    for v in variables:
        mask |= 1 << v
    return mask


def bits(mask: int) -> Iterator[int]:
    """Yield the members of a bit set, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def uniform(seed: int) -> Iterator[float]:
    """Yield Knuth's linear congruential numbers in [0, 1), in steps that add up exactly."""
    while True:
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (seed >> 40) * 2.0**-24


class _Elimination:
    """A graph that is being eliminated."""

    def __init__(self, graph: Graph) -> None:
        self.states, self.adjacent = graph.states, list(graph.adjacent)
        self.order: list[int] = []
        self.neighbours: list[int] = []
        self.work = 0.0

    def size(self, v: int) -> float:
        """Return the entries of the variable's clique."""
        product = self.states[v]
        for u in bits(self.adjacent[v]):
            product *= self.states[u]
        return product

    def fill(self, v: int) -> int:
        """Return the edges that are missing in the clique, each counted from both its ends."""
        mine = self.adjacent[v]
        return sum((mine & ~self.adjacent[u]).bit_count() - 1 for u in bits(mine))

    def remove(self, v: int, size: float) -> int:
        """Take a variable out and join its neighbours; return their bit set."""
        clique = self.adjacent[v]
        self.order.append(v)
        self.neighbours.append(clique)
        self.work += size
        for u in bits(clique):
            self.adjacent[u] = (self.adjacent[u] | clique) & ~(1 << u) & ~(1 << v)
        return clique

    def found(self) -> Found:
        """Return what was found."""
        return Found(self.order, self.neighbours, self.work)


def greedy(
    graph: Graph, measure: Measure, noise: Sequence[float], bound: float | None = None
) -> Found | None:
    """Return a greedy order, or None as soon as its work is not below `bound`.

    Parameters
    ----------
    graph : Graph
    measure : {"fill", "size"}
        Next is the variable that adds the fewest edges, or whose clique is the smallest. Ties go to
        the smaller clique, then to the lower number.
    noise : sequence of float
        Added to the edges, or multiplied with the size.
    bound : float, optional
    """
    out = _Elimination(graph)
    alive = [v for v, here in enumerate(graph.present) if here]
    size = {v: out.size(v) for v in alive}
    fill = {v: out.fill(v) for v in alive} if measure == "fill" else {}

    def cost(v: int) -> tuple[float, float]:
        return fill[v] + noise[v] if fill else min(size[v] * noise[v], HUGE), size[v]

    costs = {v: cost(v) for v in alive}
    while alive:
        v = min(alive, key=costs.__getitem__)
        alive.remove(v)
        if bound is not None and out.work + size[v] >= bound:
            return None
        near = clique = out.remove(v, size[v])
        if fill and fill[v]:  # an edge that came may have been missing in a clique further off
            for u in bits(clique):
                near |= out.adjacent[u]
        for u in bits(near):
            size[u] = out.size(u)
            if fill:
                fill[u] = out.fill(u)
            costs[u] = cost(u)
    return out.found()


def follow(graph: Graph, order: Iterable[int]) -> Found:
    """Return what a given order makes."""
    out = _Elimination(graph)
    for v in order:
        out.remove(v, out.size(v))
    return out.found()


def jitter(count: int, measure: Measure, k: int, seed: int) -> list[float]:
    """Return the noise of try `k`: none for the first two, then more and less in turn."""
    strong = k // 2 % 2 == 1
    height = 0.0 if k < 2 else (6.0 if strong else 3.0)  # missing edges
    if measure == "size":
        height = 0.0 if k < 2 else (15.0 if strong else 3.0)  # up to 16 or 4 times the size
    numbers = uniform(seed)
    base = 0.0 if measure == "fill" else 1.0
    return [base + height * next(numbers) for _ in range(count)]


def measure_of(k: int) -> Measure:
    """Return what try `k` goes by."""
    return "fill" if k % 2 == 0 else "size"


def search_order(start: Ints, values: Ints, states: NDArray[np.float64]) -> Elimination:
    """Return the best of many orders of a plain graph.

    Parameters
    ----------
    start, values : int arrays
        The factors' scopes as compressed rows.
    states : float array
    """
    ends, flat = start.tolist(), values.tolist()
    graph = Graph.of((flat[a:b] for a, b in zip(ends, ends[1:], strict=False)), states.tolist())
    count = len(states)
    best = Found([], [], inf)
    for k in range(MOST):
        if k >= LEAST and WORTH * k * (float(count) * count) >= best.work:
            break
        measure = measure_of(k)
        noise = jitter(count, measure, k, k + 1)
        best = greedy(graph, measure, noise, best.work if k else None) or best
    return best.lists()
