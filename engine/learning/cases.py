"""A frame of cases as distinct rows with their weights, and what each has bearing on."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.api.frame_codes import encode
from fascinet.model.errors import LearningError
from fascinet.model.network import Network

States = NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Cases:
    """Distinct rows of data.

    Attributes
    ----------
    network : Network
    states : array, shape (rows, variables)
        State of each variable, -1 where it is unknown.
    weights : array, shape (rows,)
        How often each occurs.
    first : array of int, shape (rows,)
        Where in the data each occurs first.
    """

    network: Network
    states: States
    weights: NDArray[np.float64]
    first: NDArray[np.int64]

    @property
    def total(self) -> int:
        """How many cases there are in all."""
        return int(self.weights.sum())

    @cached_property
    def evidence(self) -> list[dict[str, str]]:
        """What is known of each row."""
        names, states = (
            self.network.variables,
            [self.network.states(v) for v in self.network.variables],
        )
        seen, ends = np.nonzero(self.states >= 0), np.cumsum((self.states >= 0).sum(axis=1))
        pairs = [
            (names[v], states[v][s])
            for v, s in zip(seen[1].tolist(), self.states[seen].tolist(), strict=True)
        ]
        return [dict(pairs[a:b]) for a, b in pairwise([0, *ends.tolist()])]

    @cached_property
    def relevant(self) -> NDArray[np.bool_]:
        """Whether each row has bearing on each variable: it, or a descendant, is observed.

        What is barren (Shachter 1986, doi:10.1287/opre.34.6.871) tells nothing of its own figures.
        """
        network = self.network
        below = np.eye(len(network.variables), dtype=np.float32)
        for v in reversed(network.topological):
            for child in network.children(v):
                below[network.index[v]] = np.maximum(
                    below[network.index[v]], below[network.index[child]]
                )
        return (self.states >= 0).astype(np.float32) @ below.T > 0.0


def read_cases(network: Network, frame: Any) -> Cases:
    """Return the distinct cases of a DataFrame: a column a variable, missing cells unknown.

    Raises
    ------
    LearningError
        If there is no row, or nothing is known in any.
    EvidenceError, UnknownVariableError, UnknownStateError
    """
    states = np.ascontiguousarray(encode(network, frame))
    if not len(states) or not (states >= 0).any():
        what = "has no rows" if not len(states) else "has no cell that is not missing"
        raise LearningError(f"nothing can be learnt: the data {what}")
    rows, first, counts = np.unique(states, axis=0, return_index=True, return_counts=True)
    return Cases(network, rows, counts.astype(np.float64), first)
