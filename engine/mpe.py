"""Most probable explanations: max-product bucket elimination, sums before maxima.

MPE maximises over every free variable, MAP over some and sums over the rest; the order then has to
eliminate the summed variables first (Park & Darwiche 2004, doi:10.1613/jair.1236), which may cost a
wider clique than posteriors do. The accumulators of noisy-MAX gates are always summed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np

from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.decompose import Factors, Pattern
from fascinet.engine.kernels_numpy import Case, offset_of, view
from fascinet.engine.order import bits, eliminate, moral_graph
from fascinet.engine.junction import lay_out
from fascinet.model.errors import BudgetError
from fascinet.model.gates import Array

REMEDY = (
    "leave the unobserved leaves out with map_query(): a maximum over a leaf of a large gate "
    "brings all its parents together, a sum does not"
)

Valued = tuple[tuple[int, ...], Array]  # scope and table, one axis a variable


@dataclass(frozen=True)
class Explanation:
    """A most probable assignment h* = argmax_h P(h, e).

    Attributes
    ----------
    assignment : mapping of str to str
        State of each variable that was maximised.
    log_prob : float
        ln P(h*, e).
    log_prob_evidence : float
        ln P(e).
    """

    assignment: Mapping[str, str]
    log_prob: float
    log_prob_evidence: float

    @property
    def probability(self) -> float:
        """P(h* | e) = P(h*, e) / P(e)."""
        return exp(self.log_prob - self.log_prob_evidence)

    def to_json(self) -> str:
        """Return the fields as JSON text."""
        fields = {
            "assignment": dict(self.assignment),
            "log_prob": self.log_prob,
            "log_prob_evidence": self.log_prob_evidence,
            "probability": self.probability,
        }
        return json.dumps(fields)

    def _repr_html_(self) -> str:
        from fascinet.engine.display.reports import assignment_html

        return assignment_html(self)


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


def product(parts: Sequence[Valued], last: int) -> Valued:
    """Return the product of tables, the variable `last` on the last axis."""
    scope = (*sorted({v for s, _ in parts for v in s if v != last}), last)
    axis = {v: i for i, v in enumerate(scope)}
    total = np.ones((1,) * len(scope))
    for s, table in parts:
        order = sorted(range(len(s)), key=lambda i: axis[s[i]])
        shape = [1] * len(scope)
        for i in order:
            shape[axis[s[i]]] = table.shape[i]
        total = total * np.transpose(table, order).reshape(shape)
    return scope, total


def valued_factors(net: NetworkArrays, factors: Factors, case: Case) -> tuple[list[Valued], float]:
    """Return the factors' tables for a case, and ln of the product of those without scope."""
    out: list[Valued] = []
    constant = 0.0
    for f in factors.factors:
        at = offset_of(f.offset, f.slices, case)
        if f.scope:
            shape = tuple(factors.cards[v] for v in f.scope)
            out.append((f.scope, view(net.base, at, shape, f.strides)))
        else:
            constant += log(net.base[at]) if net.base[at] > 0.0 else -np.inf
    out.extend(((v,), likelihood) for v, likelihood in case.soft.items())
    return out, constant


def maximise(
    net: NetworkArrays, case: Case, pattern: Pattern, wanted: set[int], budget: float
) -> tuple[dict[int, int], float]:
    """Return the best states of `wanted` and ln P(best, e); -inf if e is impossible.

    Raises
    ------
    BudgetError
        If a table of the constrained elimination exceeds the budget.
    """
    factors, _ = lay_out(net, pattern, eliminate)
    scopes = [f.scope for f in factors.factors]
    order, most, width = constrained_order(scopes, factors.cards, wanted)
    if most > budget or width > 32:
        raise BudgetError(width, most, budget, REMEDY)
    parts, total = valued_factors(net, factors, case)
    if total == -np.inf:
        return {}, total
    trace: list[Valued] = []
    for v in order:
        bucket = [p for p in parts if v in p[0]]
        parts = [p for p in parts if v not in p[0]]
        scope, table = product(bucket, v)
        if v in wanted:
            trace.append((scope, table))
            table = table.max(axis=-1)
        else:
            table = table.sum(axis=-1)
        top = float(table.max())
        if top <= 0.0:
            return {}, -np.inf
        total += log(top)
        if len(scope) > 1:
            parts.append((scope[:-1], table / top))
    best: dict[int, int] = {}
    for scope, table in reversed(trace):
        row = table[tuple(best[u] for u in scope[:-1])]
        best[scope[-1]] = int(np.argmax(row))
    return best, total
