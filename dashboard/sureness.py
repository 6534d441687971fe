"""How sure: every parameter's effect on one cause, with its figure and source."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fascinet.dashboard import service
from fascinet.dashboard.figures import figure_of, parameter_name
from fascinet.dashboard.state import Case
from fascinet.engine.analyses.sensitivity import Sensitivity, sensitivity

LEAST_SWING = 1e-4


@dataclass(frozen=True)
class Lever:
    """One parameter and what it does to the cause in focus.

    Attributes
    ----------
    index : int
        Position among the parameters of the network.
    name : str
    variable, state : str
    parents : mapping
    value, low, high : float
        The figure and its cited range.
    at_low, at_high : float
        The posterior at the ends of the range.
    flips : tuple of float
        Values at which another cause becomes the most probable.
    a, b, c, d : float
        p(t) = (a t + b) / (c t + d).
    grade, source : str
        Of the figure; empty when it is computed from others.
    """

    index: int
    name: str
    variable: str
    state: str
    parents: Mapping[str, str]
    value: float
    low: float
    high: float
    at_low: float
    at_high: float
    flips: tuple[float, ...]
    a: float
    b: float
    c: float
    d: float
    grade: str
    source: str

    @property
    def swing(self) -> float:
        """How far the cited range moves the posterior."""
        return abs(self.at_high - self.at_low)

    def at(self, t: float) -> float:
        """Return the posterior if the parameter were `t`."""
        return min(1.0, max(0.0, (self.a * t + self.b) / (self.c * t + self.d)))


@lru_cache(maxsize=32)
def functions(case: Case, cause: str) -> Sensitivity:
    """Return the sensitivity functions of a cause being present."""
    known = service.resources()
    states = tuple(s for s in known.network.states(cause) if s != known.resting[cause])
    return sensitivity(
        known.engine, cause, states,
        service.evidence_of(case), soft=case.soft_evidence,
    )  # fmt: skip


@lru_cache(maxsize=32)
def levers(case: Case, cause: str, count: int = 40) -> tuple[Lever, ...]:
    """Return the cited parameters whose range moves the cause most, widest first."""
    found = functions(case, cause)
    swing = np.nan_to_num(np.abs(found.posterior_high - found.posterior_low))
    out: list[Lever] = []
    for i in np.argsort(-swing, kind="stable"):
        if len(out) == count or swing[i] <= LEAST_SWING:
            break
        lever = _lever(found, int(i))
        if lever.grade and lever.state != service.resources().resting.get(lever.variable):
            out.append(lever)
    return tuple(out)


def _lever(found: Sensitivity, i: int) -> Lever:
    known = service.resources()
    index = int(found.index[i])
    variable, state, parents = found.parameters.labels[index]
    figure = figure_of(known.knowledge, variable, state, parents)
    turns = (float(found.flip_low[i]), float(found.flip_high[i]))
    return Lever(
        index, parameter_name(known.network, variable, state, parents), variable, state, parents,
        float(found.value[i]), float(found.low[i]), float(found.high[i]),
        float(found.posterior_low[i]), float(found.posterior_high[i]),
        tuple(t for t in turns if np.isfinite(t)),
        float(found.a[i]), float(found.b[i]), float(found.c[i]), float(found.d[i]),
        figure.grade if figure else "", figure.source if figure else "",
    )  # fmt: skip
