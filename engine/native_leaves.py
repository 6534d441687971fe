"""Leaf queries as ints: laid out once a program, for lanes or for pairs."""

# pyright: basic
from collections.abc import Sequence
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from fascinet.engine import kernels_numba as kernels
from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.decompose import Factor, Query
from fascinet.engine.lanes_layout import lay_lanes
from fascinet.engine.leaves import roots_of, spanning
from fascinet.engine.junction import Plan

Layout = tuple[Query, int, int]  # levels of a query: the first, how many


def flat_lanes(
    net: NetworkArrays, plan: Plan, starts: np.ndarray, prog: np.ndarray, width: int
) -> np.ndarray:
    """Return a plan's leaf queries as ints for batches of rows, `width` lanes to a batch."""
    parts = levels_of(net, plan.factors.queries, width)
    return lay_lanes(*lane_inputs(net, plan, starts, prog, parts), width)


def lane_inputs(
    net: NetworkArrays, plan: Plan, starts: np.ndarray, prog: np.ndarray, asks: Sequence[Layout]
) -> tuple[np.ndarray, ...]:
    """Return the tree and parts of its leaf queries as arrays, as `lay_lanes` takes them."""
    parents = [c.parent for c in plan.cliques]
    links = [link for query, _, _ in asks for link in query.links]
    c_ptr, c_scope = rows_of([c.scope for c in plan.cliques])
    q_ptr = starts_of([query.links for query, _, _ in asks])
    s_ptr = starts_of([link.slices for link in links])
    pairs = [(stride, v) for link in links for v, stride in link.slices]
    home = np.full(len(plan.factors.cards), -1, np.int64)
    home[list(plan.home)] = list(plan.home.values())
    return (
        prog, ints(plan.factors.cards), starts, ints(parents), ints(roots_of(parents)),
        c_ptr, c_scope, home, q_ptr, ints([q.variable for q, _, _ in asks]),
        ints([q.leak for q, _, _ in asks]), ints([first for _, first, _ in asks]),
        ints([count for _, _, count in asks]),
        ints([link.scope[0] if link.scope else -1 for link in links]),
        ints([link.offset for link in links]), s_ptr, ints(pairs).reshape(-1, 2),
    )  # fmt: skip


def levels_of(net: NetworkArrays, queries: Sequence[Query], width: int) -> list[Layout]:
    """Return queries as parts of at most `width` levels, a query's in order."""
    return [
        (q, k, min(width, net.cards[q.variable] - k))
        for q in queries
        for k in range(1, net.cards[q.variable], width)
    ]


def ints(values: Sequence[Any]) -> np.ndarray:
    """Return int64s."""
    return np.array(values, dtype=np.int64)


def starts_of(lists: Sequence[Sequence[Any]]) -> np.ndarray:
    """Return where each list starts among all their items, and where the last one ends."""
    ptr = np.zeros(len(lists) + 1, np.int64)
    np.cumsum([len(x) for x in lists], out=ptr[1:])
    return ptr


def rows_of(lists: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return lists of ints as compressed rows: where each starts, and all items."""
    return starts_of(lists), ints(list(chain.from_iterable(lists)))


def flat_pairs(
    net: NetworkArrays, plan: Plan, starts: np.ndarray, queries_: Sequence[Query]
) -> np.ndarray:
    """Return leaf queries as ints for the pairs of `leaves_numba.py`."""
    parents = [c.parent for c in plan.cliques]
    root = roots_of(parents)
    cards = plan.factors.cards
    queries: list[list[int]] = []
    stops: list[list[int]] = []
    links: list[list[int]] = []
    slices: list[int] = []
    lists: list[int] = []

    def add_link(factor: Factor, outer: int, card: int, inner: int) -> None:
        begin = len(slices) // 2
        for v, stride in factor.slices:
            slices.extend((stride, v))
        links.append([factor.offset, begin, len(slices) // 2, 0, outer, card, inner, 0])

    for query in queries_:
        begin = len(links)
        by_clique: dict[int, list[Factor]] = {}
        for link in query.links:
            if link.scope:
                by_clique.setdefault(plan.home[link.scope[0]], []).append(link)
            else:
                add_link(link, 1, 1, 1)
        known = (begin, len(links))
        path, tops = spanning(parents, set(by_clique), root)
        number = {c: len(stops) + i for i, c in enumerate(path)}
        first_stop = len(stops)
        for c in path:
            scope = plan.cliques[c].scope
            begin = len(links)
            for link in by_clique.get(c, []):
                axis = scope.index(link.scope[0])
                outer = prod(cards[v] for v in scope[:axis])
                inner = prod(cards[v] for v in scope[axis + 1 :])
                add_link(link, outer, cards[scope[axis]], inner)
            below = [number[d] for d in path if parents[d] == c and d not in tops]
            clique = kernels.HEAD + kernels.CLIQUE * c
            span = (len(lists), len(lists) + len(below))
            lists.extend(below)
            stops.append([clique, int(c in tops), begin, len(links), *span, 0, 0])
        place = int(starts[query.variable])
        m = net.cards[query.variable]
        queries.append([place, m, query.leak, first_stop, len(stops), *known, 0])
    return _join(queries, stops, links, slices, lists)


def _join(
    queries: list[list[int]],
    stops: list[list[int]],
    links: list[list[int]],
    slices: list[int],
    lists: list[int],
) -> np.ndarray:
    """Return the parts as one array, pointers filled in."""
    p_query = 8
    p_stop = p_query + 8 * len(queries)
    p_link = p_stop + 8 * len(stops)
    p_slice = p_link + 8 * len(links)
    p_list = p_slice + len(slices)
    for link in links:
        link[3] = p_slice
    for stop in stops:
        stop[6] = p_list
    flat = [len(queries), p_query, p_stop, p_link, 0, 0, 0, 0]
    for part in (queries, stops, links):
        flat.extend(i for record in part for i in record)
    return np.array(flat + slices + lists, dtype=np.int32)
