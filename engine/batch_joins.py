"""Joins for the programs of batches: small operands of a clique meet in smaller tables first.

A clique may receive a dozen messages and likelihoods over few of its variables each. Where the
joint scope of two of them is well smaller than the clique they are multiplied in a clique of their
own that has no residual variables (binary join trees; Shenoy 1997, Int. J. Approx. Reasoning
17:239). What no row changes is left out: it is multiplied once, when a program is laid out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

from fascinet.engine.junction import Clique, Plan, clique_size

SAVES = 3.0  # a join has at most 1/SAVES of the clique's entries


@dataclass
class Operand:
    """Something that is multiplied into a clique.

    Attributes
    ----------
    scope : frozenset of int
    child, factor, soft : int
        One of the three is not -1: a clique below, a factor, a variable with a likelihood.
    inside : list of Operand
        If it is a join, what meets in it.
    """

    scope: frozenset[int]
    child: int = -1
    factor: int = -1
    soft: int = -1
    inside: "list[Operand] | None" = None


def meet(operands: list[Operand], entries: float, size: Callable[[frozenset[int]], int]) -> None:
    """Join operands in place, the pair with the smallest joint scope first."""
    while len(operands) > 1:
        pairs = (
            (size(a.scope | b.scope), i, j)
            for i, a in enumerate(operands)
            for j, b in enumerate(operands[:i])
        )
        least, i, j = min(pairs)
        if least * SAVES > entries:
            return
        a, b = operands.pop(i), operands.pop(j)
        if a.inside is None or a.scope != a.scope | b.scope:
            a, b = b, a
        if a.inside is not None and a.scope == a.scope | b.scope:
            a.inside.append(b)
            operands.append(a)
        else:
            operands.append(Operand(a.scope | b.scope, inside=[a, b]))


class Joiner:
    """Lays joins into a plan without leaf queries."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.cards = plan, plan.factors.cards
        self.children: list[list[int]] = [[] for _ in plan.cliques]
        for c, clique in enumerate(plan.cliques):
            if clique.parent >= 0:
                self.children[clique.parent].append(c)
        self.soft: list[list[int]] = [[] for _ in plan.cliques]
        for v in plan.pattern.soft:
            self.soft[plan.home[v]].append(v)
        self.cliques: list[Clique] = []
        self.number = [-1] * len(plan.cliques)
        self.home = dict(plan.home)

    def size(self, scope: frozenset[int]) -> int:
        """Return the entries of a table over a scope."""
        return prod(self.cards[v] for v in scope)

    def run(self) -> Plan:
        """Return the plan with joins; homes tell where likelihoods are multiplied in."""
        for c in range(len(self.plan.cliques)):
            self._clique(c)
        entries = float(sum(clique_size(c, self.cards) for c in self.cliques))
        return replace(self.plan, cliques=tuple(self.cliques), home=self.home, entries=entries)

    def _clique(self, c: int) -> None:
        clique, factors = self.plan.cliques[c], self.plan.factors.factors
        cliques = self.plan.cliques
        steady = [f for f in clique.factors if not factors[f].slices]
        operands = [
            *(
                Operand(frozenset(cliques[d].scope[: cliques[d].cut]), child=d)
                for d in self.children[c]
            ),
            *(
                Operand(frozenset(factors[f].scope), factor=f)
                for f in clique.factors
                if factors[f].slices
            ),
            *(Operand(frozenset((v,)), soft=v) for v in self.soft[c]),
        ]
        meet(operands, clique_size(clique, self.cards), self.size)
        before = len(self.cliques)
        joins = [o for o in operands if o.inside is not None]
        here = before + sum(count(o) for o in joins)
        for join in joins:
            self._join(join, here, clique.scope)
        steady += [o.factor for o in operands if o.factor >= 0]
        self._attach([o for o in operands if o.inside is None], here)
        self.number[c] = here
        self.cliques.append(Clique(clique.scope, clique.cut, -1, tuple(steady)))

    def _join(self, join: Operand, parent: int, above: tuple[int, ...]) -> None:
        """Append a join, what it is made of before it."""
        assert join.inside is not None
        here = len(self.cliques) + count(join) - 1
        scope = tuple(v for v in above if v in join.scope)
        for part in join.inside:
            if part.inside is not None:
                self._join(part, here, scope)
        self._attach([o for o in join.inside if o.inside is None], here)
        own = tuple(o.factor for o in join.inside if o.factor >= 0)
        self.cliques.append(Clique(scope, len(scope), parent, own))

    def _attach(self, operands: list[Operand], here: int) -> None:
        """Let children send to, and likelihoods lie in, a clique."""
        for o in operands:
            if o.child >= 0:
                d = self.number[o.child]
                self.cliques[d] = replace(self.cliques[d], parent=here)
            elif o.soft >= 0:
                self.home[o.soft] = here


def count(operand: Operand) -> int:
    """Return how many joins there are in an operand, itself included."""
    return 0 if operand.inside is None else 1 + sum(map(count, operand.inside))


def with_joins(plan: Plan) -> Plan:
    """Return a plan in which small operands meet first."""
    return Joiner(plan).run()
