"""Exact most probable explanations by branch and bound over all but the leaves.

With x the variables that are not set apart, and the leaves set apart in g (see `mpe_leaves.py`),

    max_{x, y} P(x, y, e) = max_x f(x),      f(x) = A(x) · ∏_leaves g(x)

where A is worked once as a product of tables over x: the accumulators of noisy-MAX gates are summed
out of it beforehand. With g replaced by its bound, which is a product of likelihoods, max-product
elimination gives an upper bound r on f and the x where it lies. If f(x) = r there, nothing better
is left under the decisions taken; else a parent of the leaf whose bound is loosest is decided, one
branch a state. The branch with the highest r comes first, so the first to be settled is the best.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np

from fascinet.engine.run.solver import Solver
from fascinet.engine.search.elimination import constrained_order
from fascinet.engine.search.leaves import read_leaf
from fascinet.engine.search.mpe import (
    REMEDY,
    Valued,
    joint_factors,
    log_sum,
    maximise,
    product,
    scopes_of,
    valued_factors,
)
from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.engine.tables.request import Request
from fascinet.model.errors import BudgetError
from fascinet.model.gates import Array

NODES = 20_000  # branches after which the search gives up
EQUAL = 1e-12  # relative difference of a bound and a value that are one number
Best = tuple[dict[int, int], float]


@dataclass(order=True)
class Node:
    """Decisions taken, and what they leave possible.

    Attributes
    ----------
    key : float
        −ln r: the heap gives the highest bound first.
    serial : int
    decided : dict of int to int
    states : dict of int to int
        Where the bound lies.
    """

    key: float
    serial: int
    decided: dict[int, int] = field(compare=False)
    states: dict[int, int] = field(compare=False)


class Search:
    """One search.

    Parameters
    ----------
    solver : Solver
        Plans, with its budget for the entries of a table.
    request : Request
        Hard and soft evidence.
    barren : set of int
        Variables that are summed out to one: see `barren_in`.
    """

    def __init__(self, solver: Solver, request: Request, barren: Set[int] = frozenset()) -> None:
        self.solver, self.request, self.barren = solver, request, barren
        self.net = net = solver.net
        apart = {v for v in range(len(net.cards)) if v not in barren and self._is_apart(v)}
        self.parts, self.order, self.total = self._layout(apart, solver.budget)
        self.leaves = [read_leaf(net, request, v) for v in sorted(apart)]
        self.made = 0

    def _is_apart(self, v: int) -> bool:
        """Whether a leaf is bounded: free, or likely in part, with two free parents or more."""
        free = sum(u not in self.request.states for u in self.net.parents[v])
        return self._is_leaf(v) and v not in self.request.states and free > 1

    def _is_leaf(self, v: int) -> bool:
        return all(c in self.barren for c in self.net.children[v])

    # ---------------------------------------------------------------- tables

    def _layout(self, apart: set[int], budget: float) -> tuple[list[Valued], list[int], float]:
        """Return tables over x, an order to maximise them in, and ln of what was taken out.

        Observed gates that would bring too many parents together are set apart as well.
        """
        while True:
            request = self._without(apart)
            free = frozenset(range(len(self.net.cards))) - self.barren
            wanted = free - apart - request.states.keys()
            factors = joint_factors(self.solver, request, wanted)
            cards = factors.cards.tolist()
            order, most, width = constrained_order(scopes_of(factors), cards, set(wanted))
            if most <= budget and width <= 32:
                parts, total = valued_factors(self.net, factors, request)
                return self._summed(parts, order, wanted, total)
            wide = [v for v, s in request.states.items() if s and self._can_leave(v)]
            if not wide:
                raise BudgetError(width, most, budget, REMEDY)
            apart.add(max(wide, key=lambda v: (len(self.net.parents[v]), v)))

    def _can_leave(self, v: int) -> bool:
        free = sum(u not in self.request.states for u in self.net.parents[v])
        return self.net.blocks[v].is_max and self._is_leaf(v) and free > 1

    def _without(self, apart: set[int]) -> Request:
        request = self.request
        states = {v: s for v, s in request.states.items() if v not in apart}
        soft = {v: x for v, x in request.soft.items() if v not in apart}
        return Request(states, soft, request.cut)

    def _summed(
        self, parts: list[Valued], order: Sequence[int], wanted: frozenset[int], total: float
    ) -> tuple[list[Valued], list[int], float]:
        """Sum everything out that is not wanted."""
        for v in order:
            if v in wanted:
                continue
            scope, table = product([p for p in parts if v in p[0]], v)
            parts = [p for p in parts if v not in p[0]]
            if len(scope) > 1:
                parts.append((scope[:-1], log_sum(table)))
            else:
                total += float(log_sum(table))
        return parts, [v for v in order if v in wanted], total

    # ---------------------------------------------------------------- bounds

    def relaxed(self, decided: Mapping[int, int]) -> tuple[float, dict[int, int]]:
        """Return ln r under decisions, and where it lies; -inf if nothing is possible."""
        total, likelihood = self.total, dict[int, Array]()
        for leaf in self.leaves:
            value, shares = leaf.bound(decided)
            total += value
            for u, share in shares.items():
                likelihood[u] = likelihood[u] + share if u in likelihood else share
        parts: list[Valued] = [((u,), x) for u, x in likelihood.items()]
        for scope, table in self.parts:
            cut = tuple(decided.get(v, slice(None)) for v in scope)
            left = tuple(v for v in scope if v not in decided)
            parts.append((left, np.asarray(table[cut])))
        return maximised(parts, [v for v in self.order if v not in decided], decided, total)

    def exact(self, states: Mapping[int, int]) -> float:
        """Return ln f at a point."""
        total = self.total
        for scope, table in self.parts:
            total += float(table[tuple(states[v] for v in scope)])
        for leaf in self.leaves:
            total += leaf.value([states[u] for u in leaf.parents])[0]
        return total

    # ---------------------------------------------------------------- the search

    def run(self) -> Best:
        """Return the best states of all free variables and ln P of them with the evidence.

        Raises
        ------
        BudgetError
            If the search has not ended after `NODES` branches.
        """
        best, value, heap = dict[int, int](), -np.inf, list[Node]()
        self._push(heap, {}, value)
        while heap:
            node = heappop(heap)
            if -node.key <= value + EQUAL:
                break
            here = self.exact(node.states)
            if here > value:
                best, value = node.states, here
            if here >= -node.key - EQUAL * max(1.0, abs(node.key)):
                continue
            for decided in self._branches(node):
                self._push(heap, decided, value)
            if self.made > NODES:
                raise BudgetError(len(self.order), self.made, NODES, REMEDY)
        return self._with_leaves(best), value

    def _push(self, heap: list[Node], decided: dict[int, int], least: float) -> None:
        self.made += 1
        bound, states = self.relaxed(decided)
        if bound > least + EQUAL:
            heappush(heap, Node(-bound, self.made, decided, states))

    def _branches(self, node: Node) -> list[dict[int, int]]:
        """Return the decisions of each branch: a parent of the leaf whose bound is loosest."""
        parent, most = -1, -1.0
        for leaf in self.leaves:
            value, shares = leaf.bound(node.decided)
            here = [node.states[u] for u in leaf.parents]
            bound = value + sum(float(shares[u][node.states[u]]) for u in shares)
            exact, _ = leaf.value(here)
            loose = bound - exact if exact > -np.inf else np.inf
            if loose > max(most, EQUAL) or (parent < 0 and shares):
                gain = {u: float(shares[u][node.states[u]]) for u in shares}
                if gain:
                    parent, most = max(gain, key=lambda u: (gain[u], -u)), loose
        return [{**node.decided, parent: s} for s in range(self.net.cards[parent])]

    def _with_leaves(self, states: dict[int, int]) -> dict[int, int]:
        """Return states with those of the leaves that were set apart and not observed."""
        out = dict(states)
        for leaf in self.leaves:
            if states and leaf.variable not in self.request.states:
                out[leaf.variable] = leaf.value([states[u] for u in leaf.parents])[1]
        return out


def maximised(
    parts: list[Valued], order: Sequence[int], decided: Mapping[int, int], total: float
) -> tuple[float, dict[int, int]]:
    """Return ln of the largest product of tables and where it lies, by bucket elimination."""
    place = {v: i for i, v in enumerate(order)}
    buckets: list[list[Valued]] = [[] for _ in order]
    trace: list[Valued] = []
    for part in parts:
        if part[0]:
            buckets[min(place[v] for v in part[0])].append(part)
        else:
            total += float(part[1])
    for v, bucket in zip(order, buckets, strict=True):
        scope, table = product(bucket, v)
        trace.append((scope, table))
        if len(scope) > 1:
            buckets[min(place[u] for u in scope[:-1])].append((scope[:-1], table.max(axis=-1)))
        else:
            total += float(table.max())
    if not total > -np.inf:
        return -np.inf, {}
    states = dict(decided)
    for scope, table in reversed(trace):
        states[scope[-1]] = int(np.argmax(table[tuple(states[u] for u in scope[:-1])]))
    return total, states


def has_wide_leaves(net: NetworkArrays, request: Request) -> bool:
    """Whether a leaf gate that is not observed would bring several free parents together."""
    return any(
        b.is_max
        and not net.children[v]
        and v not in request.states
        and sum(u not in request.states for u in net.parents[v]) > 1
        for v, b in enumerate(net.blocks)
    )


def barren_in(net: NetworkArrays, request: Request, wanted: Set[int]) -> set[int]:
    """Return the variables that are neither asked for nor seen, nor is any descendant."""
    out: set[int] = set()
    told = {*wanted, *request.states, *request.soft}
    todo = [v for v, children in enumerate(net.children) if not children]
    while todo:
        v = todo.pop()
        if v not in told and all(c in out for c in net.children[v]):
            out.add(v)
            todo.extend(net.parents[v])
    return out


def most_probable(solver: Solver, request: Request, wanted: Set[int]) -> Best:
    """Return the best states of `wanted` and ln P of them with the evidence.

    By elimination; if all are wanted that matter, by branch and bound where leaves are wide or the
    elimination is too large.

    Raises
    ------
    BudgetError
    """
    net = solver.net
    barren = barren_in(net, request, wanted)
    is_whole = len(wanted) + len(barren) + len(request.states) == len(net.cards)
    if not is_whole or barren or not has_wide_leaves(net, request):
        try:
            return maximise(solver, request, set(wanted))
        except BudgetError:
            if not (is_whole and any(b.is_max for b in net.blocks)):
                raise
    return Search(solver, request, barren).run()
