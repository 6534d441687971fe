"""The layout of a plan by compiled search: the twin of `plan.lay_out`."""

from collections import OrderedDict
from threading import Lock
from typing import TypeAlias

import numpy as np

from fascinet.engine import junction as plan
from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.decompose import Factor, Factors, Opened, Pattern, open_gates, star_scopes
from fascinet.engine.junction import Clique, Layout, Plan, lay_sweep, make_plan
from fascinet.engine.junction_numba import join_tree
from fascinet.engine.layout_numba import search, search_order
from fascinet.engine.native_leaves import ints, rows_of
from fascinet.engine.order import Elimination

Graph: TypeAlias = tuple[tuple[tuple[int, ...], ...], tuple[int, ...], frozenset[int]]
KEPT = 256  # layouts: some kilobytes each


class Layouts:
    """Searches for layouts, and keeps what it found for each graph."""

    def __init__(self) -> None:
        self._found: OrderedDict[Graph, Layout] = OrderedDict()
        self._lock = Lock()

    def plan(self, net: NetworkArrays, pattern: Pattern) -> Plan:
        """Return the plan of a pattern."""
        return make_plan(net, pattern, self.lay_out, join)

    def lay_out(self, net: NetworkArrays, pattern: Pattern) -> Layout:
        """Return the factors and an elimination order, the cheapest of many tries."""
        opened = open_gates(net, pattern)
        if not opened.gates:  # another evidence set is then another graph
            return search_layout(net, pattern, opened)
        bare = without_likelihoods(opened)
        graph = graph_of(net, pattern, bare)
        with self._lock:
            found = self._found.get(graph)
        if found is None:
            found = search_layout(net, pattern, bare)
            with self._lock:
                self._found[graph] = found
                if len(self._found) > KEPT:
                    self._found.popitem(last=False)
        laid, elimination = found
        made = laid.factors[len(bare.out.factors) :]
        factors = Factors(laid.cards, [*opened.out.factors, *made], opened.out.queries)
        return factors, elimination


def without_likelihoods(opened: Opened) -> Opened:
    """Return all that bears on the order: a factor of one variable marries nobody.

    So evidence sets that differ by absent findings or by likelihoods have one layout.
    """
    given = opened.out.factors
    free = sorted({v for f in given for v in f.scope})
    alone = [Factor(0, (v,), (1,)) for v in free]
    joint = [f for f in given if len(f.scope) > 1]
    return Opened(Factors(list(opened.out.cards), [*alone, *joint]), opened.gates)


def graph_of(net: NetworkArrays, pattern: Pattern, bare: Opened) -> Graph:
    """Return all that a search depends on."""
    near = {v for g in bare.gates for v in (g, *net.parents[g])}
    return tuple(f.scope for f in bare.out.factors), bare.gates, pattern.observed & near


def search_layout(net: NetworkArrays, pattern: Pattern, opened: Opened) -> Layout:
    """Return the cheapest of many tries."""
    scopes, cards, hubs = star_scopes(net, pattern, opened)
    weight = np.log2(ints(cards).astype(np.float64))
    if not opened.gates:
        return opened.out, elimination_of(*search_order(*rows_of(scopes), weight))
    factors, widths, order, rows, work = search(
        *board(net, pattern, opened, hubs, len(cards)), *rows_of(scopes), weight
    )
    best = with_factors(opened.out, factors, widths), elimination_of(order, rows, work)
    if work > plan.SWEEP:
        return min([best, *lay_sweep(net, pattern, opened, hubs)], key=lambda t: t[1].work)
    return best


def join(factors: Factors, elimination: Elimination) -> tuple[list[Clique], dict[int, int]]:
    """Return the junction tree of an elimination, as `plan.junction_tree` does."""
    count = len(factors.cards)
    words = (count + 63) // 64
    masks = b"".join(mask.to_bytes(8 * words, "little") for mask in elimination.neighbours)
    parents, ptr, scopes, cuts, home, homes = join_tree(
        ints(elimination.order), np.frombuffer(masks, np.uint64).reshape(-1, words),
        *rows_of([f.scope for f in factors.factors]), count,
    )  # fmt: skip
    assigned: list[list[int]] = [[] for _ in range(len(parents))]
    for f, c in enumerate(homes.tolist()):
        if c >= 0:
            assigned[c].append(f)
    at, flat = ptr.tolist(), scopes.tolist()
    cliques = [
        Clique(tuple(flat[at[c] : at[c + 1]]), cut, parent, tuple(assigned[c]))
        for c, (cut, parent) in enumerate(zip(cuts.tolist(), parents.tolist(), strict=True))
    ]
    return cliques, {v: c for v, c in enumerate(home.tolist()) if c >= 0}


def elimination_of(order: np.ndarray, rows: np.ndarray, work: float) -> Elimination:
    """Return an order and its neighbour rows as Python ints."""
    neighbours = tuple(int.from_bytes(row.tobytes(), "little") for row in rows)
    return Elimination(tuple(order.tolist()), neighbours, work)


def board(
    net: NetworkArrays, pattern: Pattern, opened: Opened, hubs: dict[int, int], stars: int
) -> tuple[np.ndarray, ...]:
    """Return the open gates as `mirror_numba.mirror` reads them."""
    observed = np.zeros(len(net.cards), np.uint8)
    observed[list(pattern.observed)] = 1
    p_ptr, p_var = rows_of([net.parents[g] for g in opened.gates])
    links = [link for g in opened.gates for link in net.blocks[g].links]
    maxima = np.zeros(max(net.maxima, default=0) + 1, np.int64)
    maxima[list(net.maxima)] = list(net.maxima.values())
    hub, number = np.full(stars, -1, np.int64), {g: i for i, g in enumerate(opened.gates)}
    for v, g in hubs.items():
        hub[v] = number[g]
    return (
        ints(net.cards), observed, *rows_of([f.scope for f in opened.out.factors]),
        ints(opened.gates), p_ptr, p_var,
        ints([(k.link, k.first, k.step, k.bfirst, k.bstep) for k in links]).reshape(-1, 5),
        maxima, hub,
    )  # fmt: skip


def with_factors(given: Factors, made: np.ndarray, cards: np.ndarray) -> Factors:
    """Return the factors with those of the accumulators added."""
    out = Factors(cards.tolist(), list(given.factors), given.queries)
    for f in made.tolist():
        axes, slices = f[2 : 2 + 2 * f[1]], f[9 : 9 + 2 * f[8]]
        pairs = tuple((v, stride) for stride, v in zip(slices[::2], slices[1::2], strict=True))
        out.factors.append(Factor(f[0], tuple(axes[::2]), tuple(axes[1::2]), pairs))
    return out
