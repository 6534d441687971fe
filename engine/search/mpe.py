"""Most probable explanations: max-product bucket elimination, sums before maxima.

MPE maximises over every free variable, MAP over some and sums over the rest; the order then has to
eliminate the summed variables first (Park & Darwiche 2004, doi:10.1613/jair.1236), which may cost a
wider clique than posteriors do. The accumulators of noisy-MAX gates are always summed. Tables are
logarithms: a product of all variables' probabilities leaves the range of a double.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp

import numpy as np

from fascinet.engine.run.solver import Solver
from fascinet.engine.search.elimination import constrained_order
from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.engine.tables.factors import Factors
from fascinet.engine.tables.request import Request, pattern_of
from fascinet.model.errors import BudgetError
from fascinet.model.gates import Array
from fascinet.model.lazy import Lazy

reports_room = Lazy("fascinet.engine.display.reports")

REMEDY = (
    "leave the unobserved leaves out with map_query(): a maximum over a leaf of a large gate "
    "brings all its parents together, a sum does not"
)

Valued = tuple[tuple[int, ...], Array]  # scope and ln of the table, one axis a variable


@dataclass(frozen=True)
class Assignment:
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
        return reports_room.assignment_html(self)


def product(parts: Sequence[Valued], last: int) -> Valued:
    """Return the product of tables of logarithms, the variable `last` on the last axis."""
    scope = (*sorted({v for s, _ in parts for v in s if v != last}), last)
    axis = {v: i for i, v in enumerate(scope)}
    total = np.zeros((1,) * len(scope))
    for s, table in parts:
        order = sorted(range(len(s)), key=lambda i: axis[s[i]])
        shape = [1] * len(scope)
        for i in order:
            shape[axis[s[i]]] = table.shape[i]
        total = total + np.transpose(table, order).reshape(shape)
    return scope, total


def log(values: Array) -> Array:
    """Return the natural logarithm, -inf for zeros, without a warning."""
    with np.errstate(divide="ignore"):
        return np.log(values)


def log_sum(values: Array) -> Array:
    """Return ln of the sum of exponentials over the last axis."""
    top = values.max(axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    return log(np.exp(values - top).sum(axis=-1)) + top[..., 0]


def valued_factors(
    net: NetworkArrays, factors: Factors, request: Request
) -> tuple[list[Valued], float]:
    """Return ln of the factors' tables for a case, and ln of those without scope."""
    out: list[Valued] = []
    constant, free = 0.0, factors.free
    for f, offset in enumerate(factors.offset.tolist()):
        axes = slice(int(factors.ptr[f]), int(factors.ptr[f + 1]))
        variables, strides = factors.variable[axes].tolist(), factors.stride[axes].tolist()
        own = [a for a, on in enumerate(free[axes].tolist()) if on]
        at = offset + sum(
            stride * request.states[v]
            for a, (v, stride) in enumerate(zip(variables, strides, strict=True))
            if a not in own
        )
        scope = tuple(variables[a] for a in own)
        shape = tuple(int(factors.cards[v]) for v in scope)
        steps = tuple(8 * strides[a] for a in own)
        table = log(np.ndarray(shape, np.float64, net.base, 8 * at, steps))  # pyright: ignore
        if scope:
            out.append((scope, table))
        else:
            constant += float(table)
    out.extend(((v,), log(np.asarray(likelihood))) for v, likelihood in request.soft.items())
    return out, constant


def maximise(solver: Solver, request: Request, wanted: set[int]) -> tuple[dict[int, int], float]:
    """Return the best states of `wanted` and ln P(best, e); -inf if e is impossible.

    Raises
    ------
    BudgetError
        If a table of the constrained elimination exceeds the budget.
    """
    factors = joint_factors(solver, request, frozenset(wanted))
    order, most, width = constrained_order(scopes_of(factors), factors.cards.tolist(), wanted)
    if most > solver.budget or width > 32:
        raise BudgetError(width, most, solver.budget, REMEDY)
    parts, total = valued_factors(solver.net, factors, request)
    trace: list[Valued] = []
    for v in order:
        bucket = [p for p in parts if v in p[0]]
        parts = [p for p in parts if v not in p[0]]
        scope, table = product(bucket, v)
        if v in wanted:
            trace.append((scope, table))
        parts.append((scope[:-1], table.max(axis=-1) if v in wanted else log_sum(table)))
    total += sum(float(table) for _, table in parts)
    if not total > -np.inf:
        return {}, -np.inf
    best: dict[int, int] = {}
    for scope, table in reversed(trace):
        row = table[tuple(best[u] for u in scope[:-1])]
        best[scope[-1]] = int(np.argmax(row))
    return best, total


def joint_factors(solver: Solver, request: Request, wanted: frozenset[int]) -> Factors:
    """Return the factors of a pattern in which no wanted leaf is set apart as a query."""
    pattern = replace(pattern_of(solver.net, request, wanted), joint=wanted)
    return solver.plan(pattern).factors


def scopes_of(factors: Factors) -> list[list[int]]:
    """Return the free variables of each factor."""
    ptr, flat = factors.scopes()
    ends, values = ptr.tolist(), flat.tolist()
    return [values[a:b] for a, b in zip(ends, ends[1:], strict=False)]
