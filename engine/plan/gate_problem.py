"""A network's open gates as the search for their accumulators takes them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.plan.order import Ints


@dataclass(frozen=True)
class Link:
    """One parent's part of a gate, and where its tables start in the base.

    Attributes
    ----------
    parent : int
    link, first, step : int
        Of a gate that is not observed: P(Z | u), P(max(leak, Z) | u) and
        P(max(before, Z) | before, u).
    binary_first, binary_step : int
        Of one observed in state k: the same for [the maximum is k] where it is k at most.
    """

    parent: int
    link: int
    first: int
    step: int
    binary_first: int
    binary_step: int


@dataclass(frozen=True)
class GateProblem:
    """A network under a pattern of evidence: factors that are there, and gates that are open.

    Attributes
    ----------
    states : int array
        Of the network's variables.
    observed : bool array
    start, values : int arrays
        The free variables of each factor, as compressed rows.
    gates : int array, shape (gates, 5)
        Variable, first link, end of the links; where the leak's own tables start, that of the gate
        not observed and of the gate observed: -1 if the leak is worked into the first link's.
    links : int array, shape (links, 6)
        The fields of `Link`.
    maxima : int array
        Where the table [y = max(a, b)] starts, by number of states.
    """

    states: Ints
    observed: NDArray[np.bool_]
    start: Ints
    values: Ints
    gates: Ints
    links: Ints
    maxima: Ints


@dataclass
class Bucket:
    """A factor or message that is still alive.

    Attributes
    ----------
    variables : int
        Bit set.
    held : dict of int to int
        For each gate that is open in it, the accumulator.
    """

    variables: int = 0
    held: dict[int, int] = field(default_factory=dict[int, int])


class Numbered:
    """A problem with its free variables in a row: numbers as the search goes by them."""

    def __init__(self, problem: GateProblem) -> None:
        self.states = problem.states.tolist()
        self.observed = problem.observed.tolist()
        self.gates = [tuple(g) for g in problem.gates.tolist()]
        self.links = [Link(*row) for row in problem.links.tolist()]
        self.maxima = problem.maxima.tolist()
        ends, flat = problem.start.tolist(), problem.values.tolist()
        scopes = [flat[a:b] for a, b in zip(ends, ends[1:], strict=False)]
        free = {v for scope in scopes for v in scope} | {link.parent for link in self.links}
        free |= {g for g, *_ in self.gates}
        self.names = sorted(v for v in free if not self.observed[v])
        self.place = {v: i for i, v in enumerate(self.names)}
        self.scopes = [[self.place[v] for v in scope] for scope in scopes]

    def rename(self, values: Ints) -> Ints:
        """Return the network's numbers; accumulators follow the network's variables."""
        count = len(self.names)
        names = np.array([*self.names, -1], np.int64)
        late = values - count + len(self.states)
        return np.where(values < count, names[np.minimum(values, count)], late)
