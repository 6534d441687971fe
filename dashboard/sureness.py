"""How sure: every parameter's effect on one cause, with its figure and source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fascinet.dashboard import service
from fascinet.dashboard.figures import figure_of, parameter_name
from fascinet.dashboard.state import Case
from fascinet.engine.analyses.sensitivity import Sensitivity, sensitivity
from fascinet.engine.analyses.uncertainty import uncertainty

LEAST_SWING = 1e-4
DRAWS = 2000
PLACES = 5
RIVALS = 5  # causes that contend for first place


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
        Values at which the cause takes or loses first place: the one that accounts best for the
        findings, as the differential ranks.
    winners : tuple of str
        The cause that takes first place at each of them.
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
    winners: tuple[str, ...]
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
        lever = _lever(case, found, int(i))
        if lever.grade and lever.state != service.resources().resting.get(lever.variable):
            out.append(lever)
    return tuple(out)


def _lever(case: Case, found: Sensitivity, i: int) -> Lever:
    known = service.resources()
    index = int(found.index[i])
    variable, state, parents = found.parameters.labels[index]
    figure = figure_of(known.knowledge, variable, state, parents)
    turns = flips(case, index)
    return Lever(
        index, parameter_name(known.network, variable, state, parents), variable, state, parents,
        float(found.value[i]), float(found.low[i]), float(found.high[i]),
        float(found.posterior_low[i]), float(found.posterior_high[i]),
        tuple(t for t, _ in turns), tuple(winner for _, winner in turns),
        float(found.a[i]), float(found.b[i]), float(found.c[i]), float(found.d[i]),
        figure.grade if figure else "", figure.source if figure else "",
    )  # fmt: skip


def shares(case: Case) -> dict[str, float]:
    """Return, of the first causes, how far each accounts for the findings where it is present."""
    first = service.ranked(case)[:RIVALS]
    return {e.cause: e.responsibility / max(e.posterior, 1e-12) for e in first}


def flips(case: Case, index: int) -> tuple[tuple[float, str], ...]:
    """Return the values of one parameter at which first place changes hands, and who takes it.

    A cause's score is P(present), a ratio of two linear functions of the parameter, times the
    share that it accounts for where it is present, held at its value. First place changes where
    the first cause's score meets a rival's: a root of a quadratic.
    """
    weight = shares(case)
    first, *rivals = weight
    top = _curve(case, first, index)
    roots: list[tuple[float, str]] = []
    for rival in rivals:
        other = _curve(case, rival, index)
        a, b, c, d = top
        e, f, g, h = other
        u, v = weight[first], weight[rival]
        crossing = np.roots([
            u * a * g - v * e * c, u * (a * h + b * g) - v * (e * d + f * c), u * b * h - v * f * d
        ])  # fmt: skip
        real = (float(t.real) for t in crossing if abs(t.imag) < 1e-9)
        roots += [(t, rival) for t in real if 0 < t < 1]
    return _nearest(sorted(roots), float(functions(case, first).parameters.values[index]))


def _nearest(roots: Sequence[tuple[float, str]], value: float) -> tuple[tuple[float, str], ...]:
    """Return the first turn on each side of the value: beyond it another cause is first."""
    below = [turn for turn in roots if turn[0] < value]
    above = [turn for turn in roots if turn[0] >= value]
    return (*below[-1:], *above[:1])


def _curve(case: Case, cause: str, index: int) -> tuple[float, float, float, float]:
    """Return a, b, c, d of P(cause present) as a function of one parameter."""
    found = functions(case, cause)
    at = np.flatnonzero(found.index == index)
    if not at.size:  # the parameter does not bear on this cause
        p = 1.0 - service.beliefs(case)[cause][service.resources().resting[cause]]
        return 0.0, p, 0.0, 1.0
    i = int(at[0])
    return float(found.a[i]), float(found.b[i]), float(found.c[i]), float(found.d[i])


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

    The draws are ranked by what the differential sorts by: how far a cause accounts for the
    findings. That is P(present) times the share that the cause accounts for where it is present;
    P(present) is drawn (normal log odds by the delta method, see
    `fascinet.engine.analyses.uncertainty`), the share stays at its value, so that with every
    figure at its cited value place k is row k of the differential.
    """
    known = service.resources()
    entries = service.ranked(case)
    found = uncertainty(
        known.engine, service.evidence_of(case), [e.cause for e in entries],
        draws=DRAWS, soft=case.soft_evidence,
    )  # fmt: skip
    absent = {h.name: i for i, h in enumerate(found.hypotheses)}
    columns = [absent[f"{e.cause}={known.resting[e.cause]}"] for e in entries]
    share = np.array([e.responsibility / max(e.posterior, 1e-12) for e in entries])
    score = (1.0 - found.draws[:, columns]) * share
    place = np.argsort(np.argsort(-score, axis=1, kind="stable"), axis=1)
    places = np.stack([(place == k).mean(axis=0) for k in range(PLACES)], axis=1)
    order = np.lexsort((np.arange(len(entries)), -places[:, 0]))[:count]
    return tuple(
        Standing(entries[i].cause, entries[i].label, tuple(float(p) for p in places[i]))
        for i in order
    )
