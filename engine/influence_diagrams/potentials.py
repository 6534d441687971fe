"""Pairs of a probability and a utility, and how variables leave them.

A potential is (φ, ψ): to sum out a chance variable X,  φ' = Σ_X φ,  ψ' = Σ_X φ ψ / φ' ; to maximise
over a decision D,  φ' = max_D φ,  ψ' = max_D ψ (Jensen, Jensen & Dittmer 1994; Madsen & Jensen
1999, doi:10.1016/S0004-3702(99)00034-4). Where φ' = 0 nothing can happen, and ψ' is 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fascinet.model.diagram import InfluenceDiagram
from fascinet.model.errors import BudgetError
from fascinet.model.gates import Array
from fascinet.model.network import Network

BUDGET = 2**26  # table entries
AXES = 50  # of arrays
NOISE = 1e-12  # relative difference below which two utilities are equal


@dataclass(frozen=True, eq=False)
class Factor:
    """A table over some variables, an axis a variable."""

    scope: tuple[str, ...]
    table: Array

    def over(self, scope: Sequence[str]) -> Array:
        """Return the table with an axis for each variable of a larger scope."""
        order = sorted(range(len(self.scope)), key=lambda i: scope.index(self.scope[i]))
        shape = [1] * len(scope)
        for i in order:
            shape[scope.index(self.scope[i])] = self.table.shape[i]
        return np.transpose(self.table, order).reshape(shape)


def union(parts: Sequence[Factor], last: str, cards: Mapping[str, int]) -> tuple[str, ...]:
    """Return the scope of a product, `last` at its end.

    Raises
    ------
    BudgetError
    """
    scope = (*dict.fromkeys(v for p in parts for v in p.scope if v != last), last)
    size = float(np.prod([float(cards[v]) for v in scope]))
    if size > BUDGET or len(scope) > AXES:
        raise BudgetError(len(scope), size, BUDGET, "let a decision observe less")
    return scope


def product(parts: Sequence[Factor], scope: Sequence[str], cards: Mapping[str, int]) -> Array:
    """Return the product of probabilities over a scope."""
    out = np.ones([cards[v] for v in scope])
    for part in parts:
        out = out * part.over(scope)
    return out


def total(parts: Sequence[Factor], scope: Sequence[str], cards: Mapping[str, int]) -> Array:
    """Return the sum of utilities over a scope."""
    out = np.zeros([cards[v] for v in scope])
    for part in parts:
        out = out + part.over(scope)
    return out


def cards_of(diagram: InfluenceDiagram) -> dict[str, int]:
    """Return the number of states of every variable and decision."""
    return {v: len(diagram.network.states(v)) for v in diagram.network.variables}


def chances(diagram: InfluenceDiagram, known: Mapping[str, str]) -> list[Factor]:
    """Return the tables of the chance variables, cut down to what is known."""
    network = diagram.network
    parts = [
        Factor((*network.parents(v), v), network.cpt(v))
        for v in network.variables
        if v not in diagram.decisions
    ]
    return [_cut(network, part, known) for part in parts]


def terms(diagram: InfluenceDiagram, known: Mapping[str, str]) -> list[Factor]:
    """Return the utilities that add up, cut down to what is known."""
    return [_cut(diagram.network, Factor(u.parents, u.values), known) for u in diagram.terms]


def _cut(network: Network, part: Factor, known: Mapping[str, str]) -> Factor:
    at = tuple(network.state_index(v, known[v]) if v in known else slice(None) for v in part.scope)
    return Factor(tuple(v for v in part.scope if v not in known), part.table[at])


class Pool:
    """All probabilities and utilities of a diagram, variables leaving one by one.

    Parameters
    ----------
    chances, utilities : list of Factor
    cards : mapping of variable to int
    """

    def __init__(
        self, chances: list[Factor], utilities: list[Factor], cards: Mapping[str, int]
    ) -> None:
        self.chances, self.utilities, self.cards = chances, utilities, cards

    def next_of(self, waiting: Sequence[str]) -> str:
        """Return the variable whose leaving makes the smallest table."""

        def size(v: str) -> float:
            near = {u for p in (*self.chances, *self.utilities) if v in p.scope for u in p.scope}
            return float(np.prod([float(self.cards[u]) for u in near]))

        return min(waiting, key=size)

    def take(self, v: str) -> tuple[tuple[str, ...], Array, Array, bool]:
        """Take all factors on `v` out; return their scope, product, sum, and if there is a sum."""
        chances = [p for p in self.chances if v in p.scope]
        utilities = [p for p in self.utilities if v in p.scope]
        self.chances = [p for p in self.chances if v not in p.scope]
        self.utilities = [p for p in self.utilities if v not in p.scope]
        scope = union([*chances, *utilities], v, self.cards)
        return (
            scope, product(chances, scope, self.cards), total(utilities, scope, self.cards),
            bool(utilities),
        )  # fmt: skip

    def sum_all(self, waiting: Sequence[str]) -> None:
        """Sum chance variables out, the smallest table first."""
        left = list(waiting)
        while left:
            left.remove(v := self.next_of(left))
            self.sum_out(v)

    def sum_out(self, v: str) -> None:
        """Sum a chance variable out."""
        scope, phi, psi, is_worth = self.take(v)
        left = phi.sum(axis=-1)
        self.add_chance(scope[:-1], left)
        if is_worth:
            mean = (phi * psi).sum(axis=-1)
            worth = np.divide(mean, left, out=np.zeros_like(mean), where=left > 0.0)
            self.utilities.append(Factor(scope[:-1], worth))

    def add_chance(self, scope: tuple[str, ...], table: Array) -> None:
        """Keep a probability unless it is one everywhere: what comes later says nothing."""
        if np.abs(table - 1.0).max() > NOISE:
            self.chances.append(Factor(scope, table))

    def maximise(self, d: str) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.bool_]]:
        """Maximise over a decision; return scope, best state and whether it can come about."""
        scope, phi, psi, _ = self.take(d)
        possible = phi.max(axis=-1)
        able = np.where(phi > 0.0, psi, -np.inf)
        top = able.max(axis=-1, keepdims=True)
        best = np.argmax(
            able >= top - NOISE * np.abs(np.where(possible[..., None], top, 0)), axis=-1
        )
        worth = np.take_along_axis(psi, best[..., None], axis=-1)[..., 0]
        self.add_chance(scope[:-1], possible)
        self.utilities.append(Factor(scope[:-1], np.where(possible > 0.0, worth, 0.0)))
        return scope[:-1], best, possible > 0.0
