"""Intervals of posteriors from the ranges of the parameters, by the delta method.

With every parameter θ known to a cited range (its 95% interval), and all independent,

    var(logit p) ≈ Σ_θ (∂ logit p / ∂ logit θ)² ((logit high − logit low) / 3.92)²

where the other entries of θ's row co-vary in proportion. `Engine.uncertainty` draws from the Beta
and Dirichlet distributions instead, and agrees where the ranges are not very wide.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.analyses.access import gradients
from fascinet.engine.analyses.covariation import slopes
from fascinet.engine.analyses.hypotheses import Hypothesis, present
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.ranges import cited_ranges
from fascinet.engine.engine import Engine
from fascinet.engine.posterior import Posterior
from fascinet.model.case import Case
from fascinet.model.gates import Array

if TYPE_CHECKING:
    from fascinet.engine.reasoner import Reasoner

WIDTH = 2 * 1.959964
EDGE = 1e-9


def cause_intervals(
    reasoner: "Reasoner", engine: Engine, case: Case, posterior: Posterior
) -> Mapping[str, tuple[float, float]]:
    """Return the 95% interval of P(cause present | evidence) for every cause."""
    unknown = [c for c in reasoner.causes if c not in case.hard and c not in case.do]
    hypotheses = [_present(reasoner, c) for c in unknown]
    spans = dict(zip(unknown, delta_intervals(engine, case, hypotheses), strict=True))
    known = {c: reasoner.present(posterior, c) for c in reasoner.causes if c not in spans}
    return spans | {c: (p, p) for c, p in known.items()}


def _present(reasoner: "Reasoner", cause: str) -> Hypothesis:
    return present(reasoner.network, cause)


def delta_intervals(
    engine: Engine, case: Case, hypotheses: list[Hypothesis]
) -> list[tuple[float, float]]:
    """Return the interval of P(h | evidence) for each hypothesis."""
    figures = parameters_of(engine.network)
    found = gradients(engine, case.hard, case.soft, hypotheses)
    p = np.clip(found.posterior, EDGE, 1 - EDGE)
    change = slopes(found.joint - found.posterior[:, None] * found.evidence,
                    figures.values, figures.row)  # fmt: skip
    theta = np.clip(figures.values, EDGE, 1 - EDGE)
    low, high = cited_ranges(figures)
    spread = np.nan_to_num(logit(high) - logit(low)) / WIDTH
    per_logit = change * theta * (1 - theta) / (p * (1 - p))[:, None]
    deviation = np.sqrt(((per_logit * spread) ** 2).sum(axis=1))
    ends = [expit(logit(p) + sign * WIDTH / 2 * deviation) for sign in (-1, 1)]
    return [
        (float(min(a, x)), float(max(b, x))) for a, b, x in zip(*ends, found.posterior, strict=True)
    ]


def logit(p: Array) -> Array:
    """Return ln p / (1 − p), p kept off 0 and 1 by 1e-9."""
    p = np.clip(p, EDGE, 1 - EDGE)
    return np.log(p) - np.log1p(-p)


def expit(x: Array) -> Array:
    """Return 1 / (1 + e^−x)."""
    return 1.0 / (1.0 + np.exp(-x))
