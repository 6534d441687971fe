"""Noisy-MAX gates taken apart along an elimination order, without tables over all parents.

A gate X = max(leak, Z_1, ..., Z_n) is worked link by link: an accumulator holds the maximum so far,
and each link's factor says how it goes on, P(after | before, parent). An order found on the graph
in which each gate is a star tells which parents meet when. Bucket elimination is played through on
it: when a parent is eliminated, the accumulators that its gates hold there take one step, and two
accumulators of one gate that meet become one, after = max(a, b). So accumulators form a tree that
mirrors the elimination tree, and only the gates that are open at a place are carried through it.

`search_layout` is the twin of `core/layout_search.h`.
"""

from collections.abc import Iterator, Sequence
from math import inf
from typing import TypeAlias

import numpy as np

from fascinet.engine.plan.gate_problem import Bucket, GateProblem, Link, Numbered
from fascinet.engine.plan.order import (
    Elimination,
    Found,
    Graph,
    Ints,
    bits,
    follow,
    greedy,
    jitter,
    mask_of,
    measure_of,
    uniform,
)

LEAST, CHEAP, MOST = 4, 12, 300  # tries: at least, at the first price, at most
WORTH, WORTH_LATER = 1500.0, 10000.0  # table entries that a try is worth
AXES = 4  # of a step, at most

Layout: TypeAlias = tuple[Ints, Ints, Elimination]


class Accumulators:
    """Plays bucket elimination through and lays out the accumulators.

    Parameters
    ----------
    problem : Numbered
    sweep : bool
        Bring all that holds a gate along when its parent is eliminated, so that none ever merge.

    Attributes
    ----------
    steps : list of rows
        Tables: offset, the variable that it is a distribution of (-1 for none), number of axes,
        then variable and stride of each axis, observed ones included.
    states : list of int
        States of each accumulator.
    order : list of int
        All variables, as they were eliminated.
    """

    def __init__(self, problem: Numbered, sweep: bool = False) -> None:
        self.problem, self.sweep = problem, sweep
        self.steps: list[list[int]] = []
        self.states: list[int] = []
        self.order: list[int] = []
        self.buckets = [Bucket(mask_of(s)) for s in problem.scopes if len(s) > 1]
        self.left: list[list[int]] = []  # of each gate: links that were not stepped over yet
        self.alive = [0] * len(problem.gates)  # of each gate: accumulators
        self.leaked = [False] * len(problem.gates)
        self.gates_of: dict[int, list[int]] = {}
        for g in range(len(problem.gates)):
            self._open(g)

    def run(self, star: Sequence[int], hubs: dict[int, int]) -> "Accumulators":
        """Eliminate along an order of the star graph."""
        for v in star:
            g = hubs.get(v, -1)
            if g >= 0 and (self.left[g] or self.alive[g]):
                self._finish(g)
            if v < len(self.problem.names):
                self._eliminate(v)
        return self

    # ---------------------------------------------------------------- one gate

    def _seen(self, g: int) -> bool:
        return self.problem.observed[self.problem.gates[g][0]]

    def _open(self, g: int) -> None:
        """Take in the links of observed parents at once: they need no place."""
        _, first, end, *_ = self.problem.gates[g]
        parents = {
            i: self.problem.place.get(self.problem.links[i].parent, -1) for i in range(first, end)
        }
        known = [i for i, u in parents.items() if u < 0]
        self.left.append([i for i, u in parents.items() if u >= 0])
        for u in {parents[i]: 0 for i in self.left[g]}:
            self.gates_of.setdefault(u, []).append(g)
        if not known:
            return
        bucket, before = Bucket(), -1
        for i in known:
            after = self._step(bucket, g, i, before, i == known[-1] and not self.left[g])
            if before >= 0:
                self._eliminate_from(bucket, before)
            before = after
        self._keep(bucket, g, before)
        self._add(bucket)

    def _keep(self, bucket: Bucket, g: int, accumulator: int) -> None:
        if accumulator >= len(self.problem.names):
            bucket.held[g] = accumulator
            self.alive[g] += 1

    def _complete(self, g: int) -> bool:
        return not self.left[g] and not self.alive[g]

    def _step(self, bucket: Bucket, g: int, i: int, before: int, complete: bool) -> int:
        """Step over link i, from accumulator `before` or from the start; return the next."""
        problem, link = self.problem, self.problem.links[i]
        seen, alone = self._seen(g), -1
        if before < 0 and not self.leaked[g] and problem.gates[g][3] >= 0:
            before = alone = self._start_from_leak(bucket, g)
        width = 2 if seen else problem.states[problem.gates[g][0]]
        parent_states = problem.states[link.parent]
        level, axes = 4 * parent_states, list[tuple[int, int]]()
        if before >= 0:
            offset = link.binary_step if seen else link.step
            axes.append((before, parent_states * width))
        elif self.leaked[g]:
            offset = link.binary_step if seen else link.link
        else:
            self.leaked[g] = True
            offset = link.binary_first if seen else link.first
            level = 2 * parent_states
        axes.append((problem.place.get(link.parent, ~link.parent), width))
        after = self._add_step(bucket, g, offset, axes, complete, level)
        if alone >= 0:
            self._eliminate_from(bucket, alone)
        return after

    def _start_from_leak(self, bucket: Bucket, g: int) -> int:
        """Add an accumulator that holds the leak alone; return it."""
        self.leaked[g] = True
        seen = self._seen(g)
        offset = self.problem.gates[g][4 if seen else 3]
        return self._add_step(bucket, g, offset, [], False, 2 if seen else 0)

    def _add_step(
        self, bucket: Bucket, g: int, offset: int, axes: list[tuple[int, int]], complete: bool,
        level: int,
    ) -> int:  # fmt: skip
        """Add a table over some axes (~v for an observed v) and what they lead to; return that.

        It leads to the gate itself where that is complete, and to nothing (-1) where it is observed
        too: of the two entries, the one for `maximum = k` is read.
        """
        variable, seen = self.problem.gates[g][0], self._seen(g)
        after = -1
        if not complete:
            after = len(self.problem.names) + len(self.states)
            self.states.append(2 if seen else self.problem.states[variable])
        elif not seen:
            after = self.problem.place[variable]
        if after >= 0:
            axes = [*axes, (after, 1)]
        else:
            offset += 1
        for v, _ in axes:
            bucket.variables |= 1 << v if v >= 0 else 0
        if seen and level:
            axes = [*axes, (~variable, level)]
        row = [offset, -1 if seen else self._name(after), len(axes)]
        for v, stride in axes:
            row += [self._name(v), stride]
        self.steps.append(row + [0] * (3 + 2 * AXES - len(row)))
        return after

    def _name(self, v: int) -> int:
        """Return the network's number of a variable; accumulators follow."""
        if v < 0:
            return ~v
        names = self.problem.names
        return names[v] if v < len(names) else v - len(names) + len(self.problem.states)

    # ---------------------------------------------------------------- buckets

    def _add(self, bucket: Bucket) -> None:
        if bucket.variables:
            self.buckets.append(bucket)

    def _eliminate_from(self, bucket: Bucket, v: int) -> None:
        bucket.variables &= ~(1 << v)
        self.order.append(v)

    def _product(self, wanted: list[Bucket]) -> Bucket:
        """Take buckets out and join them two by two, the smallest first: few accumulators meet."""
        gone = {id(bucket) for bucket in wanted}
        self.buckets = [bucket for bucket in self.buckets if id(bucket) not in gone]
        wanted = sorted(wanted, key=lambda bucket: bucket.variables.bit_count())
        product = wanted[0] if wanted else Bucket()
        for bucket in wanted[1:]:
            product = self._join(product, bucket)
        return product

    def _join(self, a: Bucket, b: Bucket) -> Bucket:
        """Join two buckets; two accumulators of one gate become one."""
        joined = Bucket(a.variables | b.variables, {**a.held, **b.held})
        for g in sorted(a.held.keys() & b.held.keys()):
            one, two = a.held[g], b.held[g]
            del joined.held[g]
            self.alive[g] -= 2
            width = self.states[one - len(self.problem.names)]
            axes = [(one, width * width), (two, width)]
            offset = self.problem.maxima[width]
            after = self._add_step(joined, g, offset, axes, self._complete(g), 0)
            self._eliminate_from(joined, one)
            self._eliminate_from(joined, two)
            self._keep(joined, g, after)
        return joined

    def _advance(self, bucket: Bucket, g: int, links: list[int]) -> None:
        """Step over some links of a gate, from the accumulator that the bucket holds, if any."""
        before = bucket.held.pop(g, -1)
        self.alive[g] -= before >= 0
        for i in links:
            self.left[g].remove(i)
            after = self._step(bucket, g, i, before, self._complete(g))
            if before >= 0:
                self._eliminate_from(bucket, before)
            before = after
        self._keep(bucket, g, before)

    def _finish(self, g: int) -> None:
        """Bring together all that is left of a gate."""
        bucket = self._product([b for b in self.buckets if g in b.held])
        self._advance(bucket, g, list(self.left[g]))
        self._add(bucket)

    def _links(self, g: int, v: int) -> list[int]:
        """Return the links of a gate on parent `v` that were not stepped over yet."""
        name = self.problem.names[v]
        return [i for i in self.left[g] if self.problem.links[i].parent == name]

    def _eliminate(self, v: int) -> None:
        """Eliminate a variable of the network: its gates take a step, then it is summed out."""
        mine = {g: self._links(g, v) for g in self.gates_of.get(v, [])}
        mine = {g: links for g, links in mine.items() if links}
        along = mine.keys() if self.sweep else set[int]()
        bucket = self._product(
            [b for b in self.buckets if b.variables >> v & 1 or along & b.held.keys()]
        )
        for g, links in mine.items():
            self._advance(bucket, g, links)
        self._eliminate_from(bucket, v)
        self._add(bucket)

    # ---------------------------------------------------------------- its graph

    def graph(self) -> Graph:
        """Return the interaction graph of all factors, accumulators' included."""
        problem = self.problem
        cards = [*(problem.states[v] for v in problem.names), *self.states]
        graph = Graph.of(problem.scopes, cards)
        for row in self.steps:
            graph.connect([v for v in self._scope(row) if v >= 0])
        return graph

    def _scope(self, row: list[int]) -> Iterator[int]:
        named, first = len(self.problem.states), len(self.problem.names)
        for i in range(row[2]):
            v = row[3 + 2 * i]
            yield v - named + first if v >= named else self.problem.place.get(v, -1)

    def layout(self, found: Found) -> Layout:
        """Return the steps, the states of the accumulators, and the order of all variables."""
        laid = found.lists()
        elimination = Elimination(
            self.problem.rename(laid.order), laid.start, self.problem.rename(laid.neighbours),
            laid.work,
        )  # fmt: skip
        steps = np.array(self.steps, np.int64).reshape(-1, 3 + 2 * AXES)
        return steps, np.array(self.states, np.int64), elimination


def star_graph(problem: Numbered) -> tuple[Graph, dict[int, int]]:
    """Return the graph with each gate as a star, and which gate a variable is the hub of.

    A gate that is not observed is its own hub; an observed one gets a binary hub of its own.
    """
    cards = [problem.states[v] for v in problem.names]
    hubs: dict[int, int] = {}
    for g, (variable, *_) in enumerate(problem.gates):
        if problem.observed[variable]:
            hubs[len(cards)] = g
            cards.append(2)
        else:
            hubs[problem.place[variable]] = g
    graph = Graph.of(problem.scopes, cards)
    for hub, g in hubs.items():
        graph.connect([hub])
        for link in problem.links[problem.gates[g][1] : problem.gates[g][2]]:
            if not problem.observed[link.parent]:
                graph.connect([problem.place[link.parent], hub])
    return graph, hubs


def search_layout(problem: GateProblem) -> Layout:
    """Return the least work among many orders of the star graph, each played through.

    Greedy orders differ much in the width that they lead to where gates overlap. A try costs about
    as much as some table entries of a run: there are as many as the best work so far is worth.
    """
    numbered = Numbered(problem)
    star, hubs = star_graph(numbered)
    best = Found([], [], inf)
    kept: Accumulators | None = None
    for k in range(MOST):
        if k >= LEAST and k * (WORTH if k < CHEAP else WORTH_LATER) >= best.work:
            break
        measure = measure_of(k)
        rough = greedy(star, measure, jitter(len(star.states), measure, k, k + 1))
        laid = Accumulators(numbered).run(rough.order if rough else [], hubs)
        found = _best_order(laid.graph(), k, best)
        if found is not best or kept is None:
            best, kept = found, laid
    assert kept is not None
    return kept.layout(best)


def _best_order(graph: Graph, k: int, best: Found) -> Found:
    """Return the best of the orders of a laid-out graph and `best`.

    The smallest clique first seldom wins: it is not worth a late try.
    """
    count = len(graph.states)
    first = k == 0
    for measure in ("fill", "size") if k < LEAST else ("fill",):
        numbers, height = uniform(7 * k + 3), 0.0 if k < 4 else 1.0
        base = 1.0 if measure == "size" else 0.0
        noise = [height * next(numbers) + base for _ in range(count)]
        best = greedy(graph, measure, noise, None if first else best.work) or best
        first = False
    return best


def sweep_layout(problem: GateProblem, order: Sequence[int]) -> Layout:
    """Return the layout along one order of the network's free variables, as a sweep."""
    numbered = Numbered(problem)
    _, hubs = star_graph(numbered)
    laid = Accumulators(numbered, sweep=True).run([numbered.place[v] for v in order], hubs)
    return laid.layout(follow(laid.graph(), laid.order))


__all__ = [
    "AXES", "Accumulators", "GateProblem", "Layout", "Link", "Numbered", "bits", "search_layout",
    "star_graph", "sweep_layout",
]  # fmt: skip
