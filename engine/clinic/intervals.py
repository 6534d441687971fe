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

import numpy as np

from fascinet.engine.analyses import uncertainty
from fascinet.engine.analyses.access import Gradients
from fascinet.engine.analyses.hypotheses import Hypothesis, present
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.ranges import cited_ranges
from fascinet.engine.analyses.reverse import joint_slopes
from fascinet.engine.api.engine import Engine
from fascinet.engine.api.posterior import Posterior
from fascinet.engine.clinic.lanes import Lanes
from fascinet.engine.clinic.ranking import likelihoods
from fascinet.model.case import Case
from fascinet.model.gates import Array
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.clinic.reasoner import Reasoner

WIDTH = 2 * 1.959964
LEAST = 1e-3


def cause_intervals(
    reasoner: "Reasoner", lanes: Lanes, posterior: Posterior
) -> tuple[Mapping[str, tuple[float, float]], Array]:
    """Return the 95% interval of P(cause present | evidence) for every cause.

    And ∂ ln P(e) / ∂ θ by all parameters of the engine that the lanes ask.
    """
    unknown = [c for c in reasoner.causes if c in lanes.flat]
    log_prob, shares, slopes = lanes.slopes([present(reasoner.network, c) for c in unknown])
    found = lanes.coarse.slopes(slopes)
    gradient = Gradients(log_prob, shares, found[-1], found[:-1])
    network = lanes.coarse.fine.network
    sizes = row_sizes(network)
    low, high = uncertainty.delta_bounds(parameters_of(network), gradient, sizes)
    spans = dict(zip(unknown, zip(low.tolist(), high.tolist(), strict=True), strict=True))
    known = {c: reasoner.present(posterior, c) for c in reasoner.causes if c not in spans}
    return spans | {c: (p, p) for c, p in known.items()}, slopes[-1]


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
