"""The cliques of a plan as cells, small operands of one clique gathered in cells of their own.

A clique of thousands of entries may hold a dozen factors of three or four values each; every kernel
would multiply, and differentiate, all of them entry by entry. Gathered on the few variables that
they share, they become one message of a small cell below the clique.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from fascinet.engine.junction import Plan

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


@dataclass(frozen=True)
class Node:
    """A clique as the plan has it, or turned so that messages run towards another root.

    Attributes
    ----------
    scope : tuple of int
        The separator's variables, then the others.
    cut, parent : int
        How many are the separator's; the number of the parent, -1 for a root.
    parts : tuple of (kind, number)
        Factors and likelihoods.
    """

    scope: tuple[int, ...]
    cut: int
    parent: int
    parts: tuple[Part, ...]


def cells_of(plan: Plan, root: int | None = None) -> list[Cell]:
    """Return the cells of a plan, those below before those above.

    With a soft variable as `root` its tree ends in a cell of that variable alone.
    """
    nodes = _nodes(plan)
    if root is not None:
        nodes = _turned(nodes, plan.home[root], root)
    cells: list[Cell] = []
    below: list[list[int]] = [[] for _ in nodes]
    for c in _upwards(nodes):
        node = nodes[c]
        whole = Cell(node.scope, node.cut, [*node.parts, *((BELOW, d) for d in below[c])])
        _gather(plan, cells, whole, plan.factors.cards)
        cells.append(whole)
        if node.parent >= 0:
            below[node.parent].append(len(cells) - 1)
    return cells


def _nodes(plan: Plan) -> list[Node]:
    soft: dict[int, list[int]] = {}
    for v in sorted(plan.pattern.soft):
        soft.setdefault(plan.home[v], []).append(v)
    return [
        Node(q.scope, q.cut, q.parent, (*((FACTOR, f) for f in q.factors),
                                        *((LIKELY, v) for v in soft.get(c, ()))))
        for c, q in enumerate(plan.cliques)
    ]  # fmt: skip


def _turned(nodes: list[Node], home: int, root: int) -> list[Node]:
    """Return the nodes with the way from `home` up turned round, and a last node for the root."""
    out, above, separator = list(nodes), len(nodes), (root,)
    c = home
    while c >= 0:
        node = nodes[c]
        scope = (*separator, *(v for v in node.scope if v not in separator))
        parts = tuple(p for p in node.parts if p != (LIKELY, root))
        out[c] = Node(scope, len(separator), above, parts)
        separator, above, c = node.scope[: node.cut], c, node.parent
    return [*out, Node((root,), 0, -1, ((LIKELY, root),))]


def _upwards(nodes: Sequence[Node]) -> list[int]:
    """Return the nodes, each right after all that lies below it; the last root last."""
    below: list[list[int]] = [[] for _ in nodes]
    for c, node in enumerate(nodes):
        if node.parent >= 0:
            below[node.parent].append(c)
    out: list[int] = []
    stack = [c for c, node in enumerate(nodes) if node.parent < 0]
    while stack:
        out.append(stack.pop())
        stack += below[out[-1]]
    return out[::-1]


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
