"""One case by number, and the pattern of evidence that its program depends on."""

from collections.abc import Mapping
from dataclasses import dataclass

from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.engine.tables.pattern import Pattern
from fascinet.model.gates import Array


@dataclass(frozen=True)
class Request:
    """One case by number.

    Attributes
    ----------
    states : dict of int to int
        Observed state of each finding and intervention.
    soft : mapping of int to array
        Likelihood of each state.
    cut : frozenset of int
        Interventions.
    """

    states: dict[int, int]
    soft: Mapping[int, Array]
    cut: frozenset[int]


def pattern_of(net: NetworkArrays, request: Request, targets: frozenset[int] | None) -> Pattern:
    """Return what the structure of the request's program depends on."""
    low = frozenset(
        v
        for v, s in request.states.items()
        if s == 0 and v not in request.cut and net.blocks[v].is_max
    )
    return Pattern(frozenset(request.states), low, frozenset(request.soft), request.cut, targets)
