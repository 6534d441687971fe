"""The cliques of a plan as cells, small operands of one clique gathered in cells of their own.

A clique of thousands of entries may hold a dozen factors of three or four values each; every kernel
would multiply, and differentiate, all of them entry by entry. Gathered on the few variables that
they share, they become one message of a small cell below the clique.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from fascinet.engine.plan import Plan

FACTOR, LIKELY, BELOW = 0, 1, 2
SHARE = 4  # a cell that is split off has at most this share of the clique's entries
JOINED = 64  # entries to which operands on different variables are gathered
Part = tuple[int, int]


@dataclass
class Cell:
    """One table.

    Attributes
    ----------
    scope : tuple of int
        The separator's variables, then the others.
    cut : int
        How many are the separator's.
    parts : list of (kind, number)
        Operands: a factor of the plan, the likelihood of a variable, the cell below.
    """

    scope: tuple[int, ...]
    cut: int
    parts: list[Part] = field(default_factory=list[Part])


def cells_of(plan: Plan) -> list[Cell]:
    """Return the cells of a plan, those below before those above."""
    cards, soft = plan.factors.cards, dict[int, list[int]]()
    for v in sorted(plan.pattern.soft):
        soft.setdefault(plan.home[v], []).append(v)
    cells: list[Cell] = []
    below: list[list[int]] = [[] for _ in plan.cliques]
    for c, clique in enumerate(plan.cliques):
        parts = [(FACTOR, f) for f in clique.factors]
        parts += [(LIKELY, v) for v in soft.get(c, ())]
        parts += [(BELOW, d) for d in below[c]]
        whole = Cell(clique.scope, clique.cut, parts)
        _gather(plan, cells, whole, cards)
        cells.append(whole)
        if clique.parent >= 0:
            below[clique.parent].append(len(cells) - 1)
    return cells


def _scope(plan: Plan, cells: Sequence[Cell], part: Part) -> frozenset[int]:
    kind, number = part
    if kind == FACTOR:
        return frozenset(plan.factors.factors[number].scope)
    if kind == LIKELY:
        return frozenset((number,))
    return frozenset(cells[number].scope[: cells[number].cut])


def _gather(plan: Plan, cells: list[Cell], whole: Cell, cards: Sequence[int]) -> None:
    """Move small operands of a cell into new cells below it: first the smallest, then those inside.

    The first round joins what fits together in few entries, the second what lies within another.
    """
    most = prod(cards[v] for v in whole.scope) // SHARE
    for bound in (min(JOINED, most), most):
        scopes = {part: _scope(plan, cells, part) for part in whole.parts}
        sizes = {part: prod(cards[v] for v in scope) for part, scope in scopes.items()}
        left = sorted((p for p in whole.parts if sizes[p] <= bound), key=lambda p: -sizes[p])
        while left:
            union, group = scopes[left[0]], [left[0]]
            for part in left[1:]:
                wider = union | scopes[part]
                if wider == union or prod(cards[v] for v in wider) <= min(JOINED, bound):
                    union, group = wider, [*group, part]
            left = [p for p in left if p not in group]
            if len(group) > 1 and any(kind != LIKELY for kind, _ in group):
                scope = tuple(v for v in whole.scope if v in union)
                cells.append(Cell(scope, len(scope), sorted(group)))
                whole.parts = [p for p in whole.parts if p not in group]
                whole.parts.append((BELOW, len(cells) - 1))
