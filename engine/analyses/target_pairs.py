"""P(target, candidate | e) for few targets, by one inference for each state of each target.

The product rule: P(t, x | e) = P(t | e) · P(x | e, t). Every target is a soft finding, flat but for
the one in question, so that all inferences share one program.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.access import Vectors
from fascinet.engine.analyses.pairs import by_number
from fascinet.engine.analyses.results import Array, frozen
from fascinet.engine.tables.request import Request
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine


@dataclass(frozen=True, eq=False)
class Seats:
    """Where the candidates' states lie.

    Attributes
    ----------
    wanted : frozenset of int
        The candidates by number.
    places : array
        Place in a flat answer of each candidate's states, candidate by candidate.
    spans : dict of str to slice
        Where the states of each lie in `places`.
    """

    wanted: frozenset[int]
    places: NDArray[np.int64]
    spans: dict[str, slice]


@lru_cache(maxsize=64)
def seats_of(network: Network, candidates: tuple[str, ...]) -> Seats:
    """Return the seats of candidates in answers about a network."""
    sizes = np.array([len(network.states(v)) for v in network.variables])
    starts = np.cumsum(sizes) - sizes
    numbers = [network.index[v] for v in candidates]
    ends = np.cumsum(sizes[numbers]).tolist()
    places = [np.arange(starts[v], starts[v] + sizes[v]) for v in numbers]
    spans = {
        name: slice(end - int(sizes[v]), end)
        for name, v, end in zip(candidates, numbers, ends, strict=True)
    }
    return Seats(frozenset(numbers), np.concatenate([np.zeros(0, np.int64), *places]), spans)


def pairs_by_target(
    engine: "Engine", vectors: Vectors, targets: Sequence[str], candidates: Sequence[str]
) -> dict[tuple[str, str], Array]:
    """Return P(t, x | e), shape (target states, candidate states), of every pair; 0 if P(e) = 0.

    Parameters
    ----------
    vectors : dict of str to array
        The evidence as likelihoods.
    """
    network = engine.network
    seats = seats_of(network, tuple(candidates))
    states, soft = by_number(network, {v: x for v, x in vectors.items() if v not in targets})
    flat = {network.index[t]: vectors.get(t, np.ones(len(network.states(t)))) for t in targets}
    request = Request(states, {**soft, **flat}, frozenset())
    out: dict[tuple[str, str], Array] = {}
    for t in targets:
        joint = joint_of(engine, request, network.index[t], seats)
        out |= {(t, v): joint[:, span] for v, span in seats.spans.items()}
    return out


def joint_of(engine: "Engine", request: Request, target: int, seats: Seats) -> Array:
    """Return P(t, x | e), shape (target states, states of all candidates); 0 if P(e) = 0."""
    likelihood = request.soft[target]
    joint = np.zeros((likelihood.size, seats.places.size))
    possible = all(any(x.tolist()) for x in request.soft.values())
    states = [i for i, x in enumerate(likelihood.tolist()) if x and possible]
    points = np.zeros((likelihood.size, likelihood.size))
    np.fill_diagonal(points, likelihood)
    cases = [
        Request(request.states, {**request.soft, target: points[i]}, request.cut) for i in states
    ]
    values, logs = engine.solver.solve_each(cases, seats.wanted)
    top = logs.max(initial=-np.inf)
    if top > -np.inf:
        weight = np.exp(logs - top)
        live = logs > -np.inf
        rows = values[:, seats.places] * (weight / weight.sum())[:, None]
        joint[np.array(states)[live]] = rows[live]
    return frozen(joint)
