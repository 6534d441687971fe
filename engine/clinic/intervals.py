"""Intervals of posteriors from the ranges of the parameters, by the delta method.

Each row of parameters counts once, as the Dirichlet whose variances its cited ranges give; see
`fascinet.engine.analyses.uncertainty` for the formula. A range is taken as a 95% interval, so that
its standard deviation is (high − low) / 3.92 and ν + 1 = θ (1 − θ) / sd²; the row has the least ν
of its entries. `Engine.uncertainty` fits each Beta's quantiles instead, which takes longer and
differs where a range is wide.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from fascinet.engine.analyses import uncertainty
from fascinet.engine.analyses.access import Gradients
from fascinet.engine.analyses.hypotheses import Hypothesis, present
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.ranges import cited_ranges
from fascinet.engine.analyses.reverse import joint_slopes
from fascinet.engine.api.engine import Engine
from fascinet.engine.api.posterior import Posterior
from fascinet.engine.clinic.coarse import Coarse
from fascinet.engine.clinic.lanes import Lanes
from fascinet.engine.clinic.ranking import likelihoods
from fascinet.engine.tables.jacobian import differences
from fascinet.model.case import Case
from fascinet.model.gates import Array
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.clinic.reasoner import Reasoner

WIDTH = 2 * 1.959964
LEAST = 1e-3


def cause_intervals(
    reasoner: "Reasoner", lanes: Lanes, posterior: Posterior
) -> Mapping[str, tuple[float, float]]:
    """Return the 95% interval of P(cause present | evidence) for every cause."""
    unknown = [c for c in reasoner.causes if c in lanes.flat]
    spread = spread_of(lanes.coarse)
    _, shares, found = lanes.slopes(
        [present(reasoner.network, c) for c in unknown], spread.jacobian
    )  # fmt: skip
    low, high = spread.bounds(shares, found)
    spans = dict(zip(unknown, zip(low.tolist(), high.tolist(), strict=True), strict=True))
    known = {c: reasoner.present(posterior, c) for c in reasoner.causes if c not in spans}
    return spans | {c: (p, p) for c, p in known.items()}


class Spread:
    """The delta method over the rows of parameters that have a range, the others left out.

    With g_k the slope by entry k of a row θ of concentration ν, and d_k = g_k − g_0,

        Var = Σ_rows [ Σ_k θ_k d_k² − (Σ_k θ_k d_k)² ] / (ν + 1)

    so the engine is asked for the d_k alone: a row without bearing gives zeros.

    Parameters
    ----------
    coarse : Coarse

    Attributes
    ----------
    jacobian : Jacobian
        Of the engine's base by the differences.
    """

    def __init__(self, coarse: Coarse) -> None:
        network = coarse.fine.network
        figures, sizes = parameters_of(network), row_sizes(network)
        rows = np.flatnonzero(np.isfinite(sizes))
        rows = rows[np.argsort(figures.widths[rows], kind="stable")]  # rows of two entries first
        later = figures.widths[rows] - 1
        first = np.repeat(figures.starts[rows], later)
        ends = np.cumsum(later)
        starts = ends - later
        others = first + 1 + np.arange(len(first)) - np.repeat(starts, later)
        theta, weight = figures.values[others], np.repeat(1.0 / (sizes[rows] + 1.0), later)
        pairs = int((later == 1).sum())
        self._squares = theta * weight
        self._squares[:pairs] *= 1.0 - theta[:pairs]
        self._pairs, self._theta = pairs, theta[pairs:]
        self._starts, self._weight = starts[pairs:] - pairs, 1.0 / (sizes[rows[pairs:]] + 1.0)
        self.jacobian = differences(
            coarse.engine.solver.jacobian, coarse.parameters(others), coarse.parameters(first)
        )

    def bounds(self, posterior: Array, slopes: Array) -> tuple[Array, Array]:
        """Return 2.5% and 97.5% points of every posterior, as `uncertainty.delta_bounds` does.

        Parameters
        ----------
        posterior : array, shape (H,)
        slopes : array, shape (H + 1, differences)
            Of every P(e, h), then of P(e), over P(e).
        """
        found = slopes[:-1] - np.multiply.outer(posterior, slopes[-1])
        mixed = found[:, self._pairs :] * self._theta
        variance = np.square(found, out=found) @ self._squares
        if len(self._starts):
            variance -= np.add.reduceat(mixed, self._starts, axis=1) ** 2 @ self._weight
        return uncertainty.log_odds_bounds(posterior, np.sqrt(np.maximum(variance, 0.0)))


_kept: "WeakKeyDictionary[Engine, Spread]" = WeakKeyDictionary()


def spread_of(coarse: Coarse) -> Spread:
    """Return the spread of an engine's parameters, kept."""
    found = _kept.get(coarse.engine)
    if found is None:
        found = _kept[coarse.engine] = Spread(coarse)
    return found


def gradients(engine: Engine, case: Case, hypotheses: list[Hypothesis]) -> Gradients:
    """Return ∂P(e)/∂θ and ∂P(e, h)/∂θ of every hypothesis, divided by P(e)."""
    network = engine.network
    given = likelihoods(network, case)
    states = {network.index[v]: network.state_index(v, s) for v, s in case.hard.items()}
    soft = {network.index[v]: given[v] for v in case.soft}
    log_prob, posterior, slopes = joint_slopes(engine, states, soft, hypotheses)
    return Gradients(log_prob, posterior, slopes[-1], slopes[:-1])


@lru_cache(maxsize=8)
def row_sizes(network: Network) -> Array:
    """Return ν of every row of parameters, shape (R,); ∞ where no entry has a range."""
    figures = parameters_of(network)
    low, high = cited_ranges(figures)
    deviation = np.nan_to_num(high - low) / WIDTH
    theta = figures.values
    entries = np.full(theta.shape, np.inf)
    open_ = (deviation > 0) & (theta > 0) & (theta < 1)
    entries[open_] = theta[open_] * (1 - theta[open_]) / deviation[open_] ** 2 - 1
    rows = np.minimum.reduceat(np.maximum(entries, LEAST), figures.starts)
    return np.where(figures.widths > 1, rows, np.inf)
