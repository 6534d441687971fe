"""The one border between analyses and the engine: many evidence sets at once, and derivatives."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.analyses.hypotheses import Evidence, Hypothesis, Soft, merged
from fascinet.engine.analyses.parameters import Parameters, parameters_of
from fascinet.engine.analyses.results import Array
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.engine import Engine

Case = tuple[Evidence, Soft | None]


@dataclass(frozen=True, eq=False)
class Gradients:
    """First derivatives of probabilities by every parameter, all divided by P(e).

    Both are linear in each row of parameters, so that along a direction d inside one row with
    sum zero, P(t) = P + t (gradient · d) is exact and not a first-order guess.

    Attributes
    ----------
    log_prob_evidence : float
        log P(e).
    posterior : array, shape (H,)
        P(h | e).
    evidence : array, shape (P,)
        ∂P(e)/∂θ / P(e).
    joint : array, shape (H, P)
        ∂P(e, h)/∂θ / P(e).
    """

    log_prob_evidence: float
    posterior: Array
    evidence: Array
    joint: Array


def log_probs(engine: "Engine", cases: Sequence[Case]) -> Array:
    """Return log P(e) of every case; -inf where impossible."""
    return np.asarray(engine.batch_log_prob(list(cases)), dtype=np.float64)


def probabilities(
    engine: "Engine", evidence: Evidence, soft: Soft | None, hypotheses: Sequence[Hypothesis]
) -> tuple[float, Array]:
    """Return log P(e) and P(h | e) of every hypothesis."""
    posterior = engine.posterior(evidence, soft=soft)
    values = [h.probability(np.asarray(posterior.array(h.variable))) for h in hypotheses]
    return float(posterior.log_prob_evidence), np.array(values, dtype=np.float64)


def gradients(
    engine: "Engine", evidence: Evidence, soft: Soft | None, hypotheses: Sequence[Hypothesis]
) -> Gradients:
    """Return the derivatives of P(e) and of every P(e, h) by all parameters."""
    log_prob, posterior = probabilities(engine, evidence, soft, hypotheses)
    network = engine.network
    cases = [(evidence, soft)]
    cases += [(evidence, merged(soft, h, network)) for h in hypotheses]
    slopes = vertex_slopes(engine, cases, log_prob)
    return Gradients(log_prob, posterior, slopes[0], slopes[1:])


def vertex_slopes(engine: "Engine", cases: Sequence[Case], log_scale: float) -> Array:
    """Return ∂P(case)/∂θ / exp(log_scale) by re-inference, shape (cases, P).

    P(case) is linear in each row of parameters, so its value with the row at a vertex e_j is the
    derivative by θ_j. Exact and slow: one inference a parameter.
    """
    figures = parameters_of(engine.network)
    out = np.zeros((len(cases), len(figures.values)))
    for index in range(len(figures.values)):
        corner = type(engine)(at_vertex(figures, index))
        out[:, index] = np.exp(log_probs(corner, cases) - log_scale)
    return out


def at_vertex(figures: Parameters, index: int) -> Network:
    """Return the network in which the row of a parameter puts all its mass on it."""
    values = figures.values.copy()
    values[figures.place(index)[0]] = 0.0
    values[index] = 1.0
    return figures.rebuild(values)


def entropy(probabilities: Array) -> Array:
    """Return the entropy in bits over the last axis; 0 log 0 = 0."""
    safe = np.where(probabilities > 0.0, probabilities, 1.0)
    return -(probabilities * np.log2(safe)).sum(axis=-1)


def log_odds(p: Array) -> Array:
    """Return the natural log odds; infinite at 0 and 1."""
    with np.errstate(divide="ignore"):
        return np.log(p) - np.log1p(-p)


def is_impossible(log_probability: float) -> bool:
    """Return whether a log probability means zero."""
    return math.isinf(log_probability) or math.isnan(log_probability)
