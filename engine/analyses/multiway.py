"""Two-way and n-way sensitivity: several parameters at once.

For parameters of different rows, P(e, h) and P(e) are multilinear under proportional co-variation
(Castillo, Gutiérrez & Hadi 1997, doi:10.1109/3468.594909; Kjærulff & van der Gaag 2000,
arXiv:1301.3868), so their values at the 2^n corners of a box fix them everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.analyses import covariation
from fascinet.engine.analyses.access import (
    Evidence,
    Soft,
    Vectors,
    log_probs,
    requests_of,
    require_possible,
    vectors_of,
    with_hypothesis,
)
from fascinet.engine.analyses.hypotheses import Hypothesis, is_state
from fascinet.engine.analyses.parameters import Parameters, parameters_of
from fascinet.engine.analyses.redraw import log_probs_of
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.model.errors import ArgumentError
from fascinet.model.network import Network
from fascinet.model.plural import counted

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

MOST = 8


@dataclass(frozen=True, eq=False, repr=False)
class Multiway(Result):
    """A posterior as a function of n parameters.

    Attributes
    ----------
    parameters : Parameters
    index : tuple of int
        The n parameters, all of different rows.
    joint, evidence : arrays, shape (2, …, 2)
        P(e, h) and P(e) with each parameter at 0 or 1, divided by P(e) at the present values.
    """

    parameters: Parameters
    hypothesis: Hypothesis
    index: tuple[int, ...]
    joint: Array
    evidence: Array

    def at(self, *values: Array | float) -> Array:
        """Return the posterior at parameter values (arrays broadcast against each other)."""
        t = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in values))
        if len(t) != len(self.index):
            raise ArgumentError("values", f"{len(self.index)}", str(len(t)))
        top, below = (interpolate(corners, t) for corners in (self.joint, self.evidence))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(below > 0.0, top / below, np.nan)

    def surface(self, points: int = 21) -> Array:
        """Return the posterior on a grid over [0, 1]^n, shape (points, …)."""
        axes = np.meshgrid(*[np.linspace(0.0, 1.0, points)] * len(self.index), indexing="ij")
        return self.at(*axes)

    def columns(self) -> Columns:
        """Return one row a parameter."""
        return self.parameters.named(self.index)

    def title(self) -> str:
        """Return what varies."""
        return f"P({self.hypothesis.name}) as a function of {counted(len(self.index), 'parameter')}"


def interpolate(corners: Array, t: Sequence[Array]) -> Array:
    """Return the multilinear function with the given corner values, at points t."""
    value = corners.reshape(corners.shape + (1,) * t[0].ndim)
    for x in t:
        value = value[0] * (1.0 - x) + value[1] * x
    return value


def multiway(
    engine: "Engine",
    target: str,
    state: str,
    parameters: Sequence[int],
    evidence: Evidence | None = None,
    *,
    soft: Soft | None = None,
) -> Multiway:
    """Return the posterior as a function of several parameters, given by index.

    `parameters_of(network).find(variable, state, parents)` names an index.

    Raises
    ------
    ArgumentError
        If two parameters belong to one row, or there are more than 8.
    """
    network = engine.network
    figures = parameters_of(network)
    index = tuple(int(i) for i in parameters)
    rows = [int(figures.row[i]) for i in index]
    if len(set(rows)) < len(rows) or not 1 <= len(rows) <= MOST:
        raise ArgumentError("parameters", f"1 to {MOST} of different rows", index)
    hypothesis = is_state(network, target, state)
    base = vectors_of(network, evidence or {}, soft)
    scale = require_possible(engine, evidence or {}, soft)
    cases = [with_hypothesis(base, hypothesis), base]
    corners = [
        _varied(figures, dict(zip(index, corner, strict=True)))
        for corner in product((0.0, 1.0), repeat=len(index))
    ]
    values = np.exp(_log_probs(engine, cases, corners) - scale)
    table = values.T.reshape((2,) + (2,) * len(index))
    return Multiway(figures, hypothesis, index, frozen(table[0]), frozen(table[1]))


def _log_probs(engine: "Engine", cases: Sequence[Vectors], corners: Sequence[Array]) -> Array:
    """Return ln P of the cases under each set of parameters, shape (corners, cases)."""
    if all(x.any() for case in cases for x in case.values()):
        asked = requests_of(engine.network, cases)
        logs = log_probs_of(engine, [r for r, _ in asked], iter(corners))
        return logs + np.array([scale for _, scale in asked])
    figures = parameters_of(engine.network)
    return np.array([log_probs(type(engine)(figures.rebuild(x)), cases) for x in corners])


def changed(figures: Parameters, values: dict[int, float], scheme: str = "proportional") -> Network:
    """Return the network with some parameters set, their rows co-varied."""
    return figures.rebuild(_varied(figures, values, scheme))


def _varied(figures: Parameters, values: dict[int, float], scheme: str = "proportional") -> Array:
    out = figures.values.copy()
    for i, t in values.items():
        cut, entry = figures.place(i)
        out[cut] = covariation.vary(figures.values[cut], entry, t, scheme)
    return out
