"""Likelihood weighting: for networks whose plan exceeds any budget, and only on request.

Each draw samples the free variables from their parents and is weighted by the likelihood of the
evidence (Fung & Chang 1990; Shachter & Peot 1990). With weights w and indicators 1[x = s],

    P(x = s | e) ≈ Σ w 1[x = s] / Σ w,      P(e) ≈ Σ w / n,
    error² ≈ Σ w² (1[x = s] − p)² / (Σ w)²   (delta method),

and the effective sample size (Σ w)² / Σ w² tells how far to trust the error itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.run.evidence import Hard, Soft, read_request
from fascinet.engine.tables.request import Request
from fascinet.model.arguments import whole_number
from fascinet.model.errors import ImpossibleEvidenceError
from fascinet.model.gates import Array, Function, NoisyMax
from fascinet.model.lazy import Lazy
from fascinet.model.network import Network

reports_room = Lazy("fascinet.engine.display.reports")

Draws = dict[int, NDArray[np.int64]]


@dataclass(frozen=True)
class Approximation:
    """Estimates with their errors.

    Attributes
    ----------
    posteriors : mapping of str to array
        Estimated P(variable | evidence), shape (states,).
    errors : mapping of str to array
        Standard error of each estimate.
    log_prob_evidence : float
        ln of the estimated P(evidence).
    effective_samples : float
        (Σ w)² / Σ w².
    """

    posteriors: Mapping[str, Array]
    errors: Mapping[str, Array]
    log_prob_evidence: float
    effective_samples: float

    def __getitem__(self, variable: str) -> Array:
        return self.posteriors[variable]

    def _repr_html_(self) -> str:
        return reports_room.approximation_html(self)


def rows(network: Network, variable: str, drawn: Draws, count: int) -> Array:
    """Return P(variable | drawn parents) of each draw, shape (draws, states)."""
    gate = network.gate(variable)
    parents = tuple(drawn[network.index[u]] for u in network.parents(variable))
    if isinstance(gate, NoisyMax):
        upto = np.tile(np.cumsum(gate.leak), (count, 1))
        for link, states in zip(gate.links, parents, strict=True):
            upto *= np.cumsum(link, axis=1)[states]
        return np.diff(upto, axis=1, prepend=0.0)
    if isinstance(gate, Function):
        return np.eye(gate.states)[np.broadcast_to(gate.outcome[parents], (count,))]
    return np.broadcast_to(gate.values[parents], (count, gate.states))


def sample(network: Network, request: Request, count: int, seed: int) -> tuple[Draws, Array]:
    """Return the draws and the natural logarithm of each draw's weight."""
    rng = np.random.default_rng(seed)
    drawn: Draws = {}
    log_weight = np.zeros(count)
    for variable in network.topological:
        v = network.index[variable]
        if v in request.cut:
            drawn[v] = np.full(count, request.states[v])
            continue
        table = rows(network, variable, drawn, count)
        with np.errstate(divide="ignore"):
            if v in request.states:
                drawn[v] = np.full(count, request.states[v])
                log_weight += np.log(table[:, request.states[v]])
                continue
            draws = rng.random(count)[:, None] * table.sum(axis=1, keepdims=True)
            drawn[v] = (np.cumsum(table, axis=1) <= draws).sum(axis=1).clip(0, table.shape[1] - 1)
            if v in request.soft:
                log_weight += np.log(request.soft[v][drawn[v]])
    return drawn, log_weight


def likelihood_weighting(
    network: Network,
    evidence: Hard | None = None,
    *,
    soft: Soft | None = None,
    do: Hard | None = None,
    samples: int = 20_000,
    seed: int = 0,
) -> Approximation:
    """Return estimates of all posteriors.

    Raises
    ------
    ImpossibleEvidenceError
        If every draw has weight zero: the evidence is impossible, or too rare for the draws.
    """
    samples, seed = whole_number("samples", samples), whole_number("seed", seed, 0)
    request = read_request(network, evidence, soft, do)
    drawn, log_weight = sample(network, request, samples, seed)
    top = float(log_weight.max())
    if top == -np.inf:
        raise ImpossibleEvidenceError(dict(evidence or {}))
    weight = np.exp(log_weight - top)
    total = float(weight.sum())
    posteriors: dict[str, Array] = {}
    errors: dict[str, Array] = {}
    for variable in network.variables:
        states = len(network.states(variable))
        hit = np.eye(states)[drawn[network.index[variable]]]
        p = weight @ hit / total
        posteriors[variable] = p
        errors[variable] = np.sqrt((weight**2) @ (hit - p) ** 2) / total
    effective = total**2 / float((weight**2).sum())
    log_prob = top + float(np.log(total / samples))
    return Approximation(posteriors, errors, log_prob, effective)
