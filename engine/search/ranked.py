"""The k most probable explanations, one search each: the space that is left is cut up after each.

After the best assignment a of a part of the space, the rest of it falls into disjoint pieces: piece
i agrees with a on the first i - 1 variables and differs on variable i (Lawler 1972,
doi:10.1287/mnsc.18.7.401; Nilsson 1998, doi:10.1023/A:1008990218483). Each piece is a request with
findings and with likelihoods of zero, whose best assignment `most_probable` finds; the best of all
pieces comes next.
"""

from collections.abc import Set
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np

from fascinet.engine.run.solver import Solver
from fascinet.engine.search.branches import Best, most_probable
from fascinet.engine.tables.request import Request
from fascinet.model.gates import Array


@dataclass(order=True)
class Piece:
    """A part of the space and its best assignment; the heap gives the most probable first."""

    key: float
    serial: int
    fixed: dict[int, int] = field(compare=False)
    allowed: dict[int, Array] = field(compare=False)
    states: dict[int, int] = field(compare=False)


def ranked(solver: Solver, request: Request, wanted: Set[int], count: int) -> list[Best]:
    """Return the `count` most probable states of `wanted` with ln P of each and the evidence.

    Fewer if there are not so many of positive probability.

    Raises
    ------
    BudgetError
    """
    heap, found = list[Piece](), list[Best]()
    pieces = [(dict[int, int](), dict[int, Array]())]
    made = 0
    while len(found) < count:
        for fixed, allowed in pieces:
            made += 1
            states, log = _best(solver, request, wanted, fixed, allowed)
            if log > -np.inf:
                heappush(heap, Piece(-log, made, fixed, allowed, states))
        if not heap:
            break
        top = heappop(heap)
        found.append((top.states, -top.key))
        pieces = _pieces(solver, top) if len(found) < count else []
    return found


def _best(
    solver: Solver, request: Request, wanted: Set[int], fixed: dict[int, int],
    allowed: dict[int, Array],
) -> Best:  # fmt: skip
    """Return the best assignment of a piece."""
    soft = {**request.soft}
    log = 0.0
    for v, s in fixed.items():  # a likelihood of what is fixed is a factor
        if v in soft:
            with np.errstate(divide="ignore"):
                log += float(np.log(soft.pop(v)[s]))
    if log == -np.inf:
        return {}, log
    soft |= {v: soft.get(v, 1.0) * x for v, x in allowed.items()}
    if any(not x.any() for x in soft.values()):
        return {}, -np.inf
    part = Request({**request.states, **fixed}, soft, request.cut)
    left = frozenset(wanted) - fixed.keys()
    if not left:
        return dict(fixed), log + solver.log_prob(part)
    states, value = most_probable(solver, part, left)
    return {**fixed, **states}, value + log


def _pieces(solver: Solver, piece: Piece) -> list[tuple[dict[int, int], dict[int, Array]]]:
    """Return what is left of a piece without its best assignment, in disjoint pieces."""
    out: list[tuple[dict[int, int], dict[int, Array]]] = []
    fixed = dict(piece.fixed)
    for v, s in sorted(piece.states.items()):
        if v in piece.fixed:
            continue
        others = piece.allowed.get(v, np.ones(solver.net.cards[v])).copy()
        others[s] = 0.0
        rest = {u: x for u, x in piece.allowed.items() if u not in fixed and u != v}
        if others.any():
            out.append((dict(fixed), rest | {v: others}))
        fixed[v] = s
    return out
