"""How sure: every parameter's effect on one cause, with its figure and source."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fascinet.dashboard import service
from fascinet.dashboard.figures import figure_of, parameter_name
from fascinet.dashboard.state import Case
from fascinet.dashboard.words import label
from fascinet.engine.analyses.sensitivity import Sensitivity, sensitivity
from fascinet.engine.analyses.uncertainty import uncertainty

LEAST_SWING = 1e-4
DRAWS = 2000
PLACES = 5


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
def levers(
    case: Case, cause: str, count: int = 40, least: float = LEAST_SWING
) -> tuple[Lever, ...]:
    """Return the cited parameters whose range moves the cause most, widest first.

    Parameters
    ----------
    count : int
        At most so many.
    least : float
        A range that moves the posterior by no more than this is left out.
    """
    found = functions(case, cause)
    swing = np.nan_to_num(np.abs(found.posterior_high - found.posterior_low))
    out: list[Lever] = []
    for i in np.argsort(-swing, kind="stable"):
        if len(out) == count or swing[i] <= least:
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


@dataclass(frozen=True)
class Standing:
    """Where one cause would stand if all figures moved within their ranges at once.

    Attributes
    ----------
    cause, name : str
    places : tuple of float
        P(place k in the ranking), k = 1 to `PLACES`; the first is `p_top`.
    """

    cause: str
    name: str
    places: tuple[float, ...]


@lru_cache(maxsize=32)
def standings(case: Case, count: int = 6) -> tuple[Standing, ...]:
    """Return the causes that come first most often, with the probability of each place.

    The ranking is by P(cause present and producing the complaint | evidence), the draws are those
    of `fascinet.engine.analyses.uncertainty`: normal log odds by the delta method.
    """
    known = service.resources()
    found = uncertainty(
        known.engine, service.evidence_of(case), draws=DRAWS, soft=case.soft_evidence
    )
    place = np.argsort(np.argsort(-found.draws, axis=1), axis=1)
    shares = [(place == k).mean(axis=0) for k in range(PLACES)]
    order = np.lexsort((-found.posterior, place.mean(axis=0)))[:count]
    return tuple(
        Standing(h.name, label(known.network, h.name), tuple(float(s[i]) for s in shares))
        for i in order
        for h in (found.hypotheses[i],)
    )
