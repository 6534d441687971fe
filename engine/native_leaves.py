"""Leaf queries as ints: laid out once a program, for lanes or for pairs."""

# pyright: basic
from collections.abc import Sequence
from math import prod

import numpy as np

from fascinet.engine import kernels_numba as kernels
from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.decompose import Factor, Query
from fascinet.engine.lanes_numba import WIDTH
from fascinet.engine.leaves import roots_of, spanning
from fascinet.engine.plan import Plan

Records = list[list[int]]


class LaneLayout:
    """Lays the leaf queries of a plan out for `lanes_numba.py`."""

    def __init__(self, net: NetworkArrays, plan: Plan, starts: np.ndarray) -> None:
        self.net, self.plan, self.starts = net, plan, starts
        self.parents = [c.parent for c in plan.cliques]
        self.root = roots_of(self.parents)
        self.batches: Records = []
        self.stops: Records = []
        self.axes: Records = []
        self.links: Records = []
        self.lanes: Records = []
        self.slices: list[int] = []
        self.kids: list[int] = []

    def run(self) -> np.ndarray:
        """Return the ints."""
        queries = sorted(self.plan.factors.queries, key=self._homes)
        lanes = [(q, k) for q in queries for k in range(1, self.net.cards[q.variable])]
        for i in range(0, len(lanes), WIDTH):
            self._batch(lanes[i : i + WIDTH])
        return self._join()

    def _homes(self, query: Query) -> tuple[list[int], int]:
        homes = {self.plan.home[link.scope[0]] for link in query.links if link.scope}
        return sorted(homes, reverse=True), query.variable

    def _link(self, lane: int, k: int, factor: Factor, m: int) -> None:
        begin = len(self.slices) // 2
        for v, stride in factor.slices:
            self.slices.extend((stride, v))
        self.links.append([lane, k, factor.offset, begin, len(self.slices) // 2, m, 0, 0])

    def _batch(self, lanes: list[tuple[Query, int]]) -> None:
        by_variable: dict[int, list[tuple[int, int, Factor, int]]] = {}
        first, known = len(self.lanes), len(self.links)
        for i, (query, k) in enumerate(lanes):
            m = self.net.cards[query.variable]
            self.lanes.append([int(self.starts[query.variable]), m, k, query.leak, 0, 0, 0, 0])
            for link in query.links:
                if link.scope:
                    by_variable.setdefault(link.scope[0], []).append((i, k, link, m))
                else:
                    self._link(i, k, link, m)
        span = (known, len(self.links))
        by_clique: dict[int, list[int]] = {}
        for v in sorted(by_variable):
            by_clique.setdefault(self.plan.home[v], []).append(v)
        path, tops = spanning(self.parents, set(by_clique), self.root)
        begin = len(self.stops)
        number = {c: begin + i for i, c in enumerate(path)}
        below: dict[int, list[int]] = {}
        for c in path:
            if c not in tops:
                below.setdefault(self.parents[c], []).append(number[c])
        for c in path:
            axes = self._axes(c, by_clique.get(c, []), by_variable)
            kids = (len(self.kids), len(self.kids) + len(below.get(c, [])))
            self.kids.extend(below.get(c, []))
            clique = kernels.HEAD + kernels.CLIQUE * c
            self.stops.append([clique, int(c in tops), *axes, *kids, 0, 0])
        self.batches.append([len(lanes), begin, len(self.stops), *span, first, 0, 0])

    def _axes(
        self,
        c: int,
        variables: list[int],
        by_variable: dict[int, list[tuple[int, int, Factor, int]]],
    ) -> tuple[int, int]:
        scope, cards = self.plan.cliques[c].scope, self.plan.factors.cards
        begin = len(self.axes)
        for v in variables:
            axis, first = scope.index(v), len(self.links)
            for lane, k, factor, m in by_variable[v]:
                self._link(lane, k, factor, m)
            outer = prod(cards[u] for u in scope[:axis])
            inner = prod(cards[u] for u in scope[axis + 1 :])
            self.axes.append([outer, cards[v], inner, first, len(self.links), 0, 0, 0])
        return begin, len(self.axes)

    def _join(self) -> np.ndarray:
        parts = (self.batches, self.stops, self.axes, self.links)
        at, pointers = 16, list[int]()
        for part in parts:
            pointers.append(at)
            at += 8 * len(part)
        p_slice, p_kid = at, at + len(self.slices)
        p_lane = p_kid + len(self.kids)
        head = [len(self.batches), *pointers, p_slice, p_kid, p_lane, len(self.lanes)]
        flat = head + [0] * (16 - len(head))
        for part in parts:
            flat.extend(i for record in part for i in record)
        flat += self.slices + self.kids
        flat.extend(i for record in self.lanes for i in record)
        return np.array(flat, dtype=np.int32)


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
