"""Cutset conditioning: one small program, run given each joint state of a few variables.

A variable that many others depend on ties them together in one large table. Where it is not
observed the case is worked out given each state c of such variables, the cutset, and with L their
likelihood

    P(x, e) = Σ_c L(c) P(x, e, c)

exactly (Pearl 1988, *Probabilistic Reasoning in Intelligent Systems*, section 4.4.2).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.engine.tables.pattern import Pattern, relevant
from fascinet.engine.tables.request import Request
from fascinet.model.gates import Array

Ints: TypeAlias = NDArray[np.int64]
MOST = 64  # joint states of a cutset


@dataclass(frozen=True, eq=False)
class Cutset:
    """Some variables, and all their joint states.

    Attributes
    ----------
    variables : tuple of int
    points : int array, shape (joint states, variables)
        One empty row where there are no variables.
    """

    variables: tuple[int, ...]
    points: Ints

    @classmethod
    def of(cls, net: NetworkArrays, variables: Sequence[int]) -> "Cutset":
        """Return the cutset of some variables of a network."""
        cards = [net.cards[v] for v in variables]
        points = np.indices(cards, np.int64).reshape(len(cards), prod(cards)).T
        return cls(tuple(variables), points)

    def __len__(self) -> int:
        return len(self.points)

    def pattern(self, given: Pattern) -> Pattern:
        """Return the pattern with these variables observed."""
        mine = frozenset(self.variables)
        return replace(given, observed=given.observed | mine, soft=given.soft - mine)

    def request(self, given: Request) -> Request:
        """Return the request without what it says of these variables."""
        soft = {v: x for v, x in given.soft.items() if v not in self.variables}
        return Request(given.states, soft, given.cut)

    def states(self, given: Ints) -> Ints:
        """Return observed states, a row for each joint state."""
        out = np.tile(given, (len(self), 1))
        out[:, self.variables] = self.points
        return out

    def likelihood(self, soft: Mapping[int, Array]) -> Array:
        """Return L of each joint state, shape (joint states,)."""
        out = np.ones(len(self))
        for i, v in enumerate(self.variables):
            if v in soft:
                out *= soft[v][self.points[:, i]]
        return out

    def join(self, logs: Array, likelihood: Array) -> tuple[Array, Array]:
        """Return ln Σ_c L(c) P(e, c), and the share of each joint state in it.

        Parameters
        ----------
        logs : array, shape (rows, joint states)
            ln P(e, c).
        likelihood : array, shape (rows, joint states)

        Returns
        -------
        logs : array, shape (rows,)
        shares : array, shape (rows, joint states)
            All 0 where P(e) is 0.
        """
        with np.errstate(divide="ignore"):
            each = logs + np.log(likelihood)
        top = each.max(axis=1)
        safe = np.where(top > -np.inf, top, 0.0)
        shares = np.exp(each - safe[:, None])
        total = shares.sum(axis=1)
        shares /= np.where(total > 0.0, total, 1.0)[:, None]
        with np.errstate(divide="ignore"):
            return safe + np.log(total), shares

    def mix(self, answers: Array, shares: Array, begins: Sequence[int]) -> Array:
        """Return Σ_c P(c | e) P(x | e, c), NaN where P(e) is 0.

        Parameters
        ----------
        answers : array, shape (rows, joint states, places)
            Written to: the places of these variables.
        begins : sequence of int
            Where each variable of the network begins in an answer.
        """
        for i, v in enumerate(self.variables):
            here = answers[:, :, begins[v] : begins[v + 1]]
            here[:] = np.eye(here.shape[2])[self.points[:, i]]
        counted = np.where(shares[:, :, None] > 0.0, answers, 0.0)
        out: Array = np.einsum("rc,rcx->rx", shares, counted)
        out[~(shares > 0.0).any(axis=1)] = np.nan
        return out


def cutsets(net: NetworkArrays, pattern: Pattern) -> Iterator[Cutset]:
    """Yield ever larger cutsets: of the free roots, those with the most children."""
    known = pattern.observed | pattern.cut
    roots = [v for v in relevant(net, pattern) if not net.parents[v] and v not in known]
    roots.sort(key=lambda v: (-len(net.children[v]), v))
    for count in range(1, len(roots) + 1):
        if prod(net.cards[v] for v in roots[:count]) > MOST:
            return
        yield Cutset.of(net, roots[:count])
