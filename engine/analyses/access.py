"""The one border between analyses and the engine: many evidence sets at once, and derivatives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.hypotheses import Hypothesis
from fascinet.engine.analyses.results import Array
from fascinet.engine.analyses.reverse import joint_slopes
from fascinet.engine.run.evidence import Soft, checked, likelihood, read_request, warn_unset
from fascinet.engine.tables.request import Request
from fascinet.model.errors import EvidenceError, ImpossibleEvidenceError
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

Evidence = Mapping[str, str]
Vectors = dict[str, Array]
Case = tuple[dict[str, str], dict[str, Any]]


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


def vectors_of(network: Network, evidence: Evidence, soft: Soft | None = None) -> Vectors:
    """Return all findings as likelihood vectors, hard ones as zeros and a one."""
    out: Vectors = {}
    for v, state in evidence.items():
        out[v] = np.zeros(len(network.states(v)))
        out[v][network.state_index(v, state)] = 1.0
    for v, given in checked("soft", soft).items():
        if v in out:
            raise EvidenceError(f"{v!r} is given twice, as hard and as soft evidence")
        network.check(v)
        out[v] = likelihood(network, v, given)
    return out


def with_hypothesis(vectors: Vectors, hypothesis: Hypothesis) -> Vectors:
    """Return the findings and the hypothesis as one set."""
    indicator = np.array(hypothesis.indicator)
    return vectors | {hypothesis.variable: vectors.get(hypothesis.variable, 1.0) * indicator}


def opposite(hypothesis: Hypothesis) -> Hypothesis:
    """Return the hypothesis that holds wherever this one does not."""
    return Hypothesis(
        f"not {hypothesis.name}", hypothesis.variable, tuple(1.0 - x for x in hypothesis.indicator)
    )


def log_probs(engine: "Engine", cases: Sequence[Vectors]) -> Array:
    """Return log P of every set of likelihood vectors, shape (cases,); -inf where impossible.

    One-state vectors go in as hard evidence, so that programs are specialised to them; vectors of
    ones are no evidence.
    """
    out = np.full(len(cases), -np.inf)
    live = [i for i, case in enumerate(cases) if _is_possible(case)]
    split = [_split(engine.network, cases[i]) for i in live]
    if split:
        out[live] = np.asarray(engine.batch_log_prob([(h, s) for h, s, _ in split]))
        out[live] += [scale for _, _, scale in split]
    return out


def requests_of(network: Network, cases: Sequence[Vectors]) -> list[tuple[Request, float]]:
    """Return each set of possible likelihood vectors by number, and ln of its scale."""
    out: list[tuple[Request, float]] = []
    for case in cases:
        hard, soft, scale = _split(network, case)
        out.append((read_request(network, hard, soft, None), scale))
    return out


def _is_possible(case: Vectors) -> bool:
    """Whether every finding leaves a state."""
    return all(any(x.tolist()) for x in case.values())


def _split(network: Network, case: Vectors) -> tuple[dict[str, str], dict[str, Any], float]:
    hard: dict[str, str] = {}
    soft: dict[str, Any] = {}
    scale = 0.0
    for v, vector in case.items():
        values = vector.tolist()  # a few numbers: quicker than arrays
        some = [i for i, x in enumerate(values) if x]
        if len(some) == 1:
            hard[v] = network.states(v)[some[0]]
            scale += log(values[some[0]])
        elif any(x != 1.0 for x in values):
            soft[v] = vector
    return hard, soft, scale


def batch_marginals(
    engine: "Engine", cases: Sequence[Vectors], variables: Sequence[str]
) -> tuple[dict[str, Array], Array]:
    """Return P(v | case) as one array (cases, states) a variable, and log P of the cases.

    Impossible cases are NaN with log P = -inf.
    """
    layout = engine.layout
    logs = np.full(len(cases), -np.inf)
    values = np.full((len(cases), layout.total), np.nan)
    wanted = frozenset(engine.network.index[v] for v in variables)
    for i, case in enumerate(cases):
        if _is_possible(case):
            ((request, scale),) = requests_of(engine.network, [case])
            values[i], logs[i] = engine.solver.solve(request, wanted)
            logs[i] += scale
    return {v: values[:, layout.slices[v]] for v in variables}, logs


def log_odds(engine: "Engine", hypothesis: Hypothesis, cases: Sequence[Vectors]) -> Array:
    """Return ln P(h | case) - ln P(not h | case), capped at ± CAP nats; NaN if impossible."""
    other = opposite(hypothesis)
    both = [with_hypothesis(c, h) for c in cases for h in (hypothesis, other)]
    logs = log_probs(engine, both).reshape(-1, 2)
    with np.errstate(invalid="ignore"):
        return np.clip(logs[:, 0] - logs[:, 1], -CAP, CAP)


CAP = 15.0 * np.log(10.0)
"""Largest log odds in nats, 150 decibans: certainty beyond 1 in 10^15 is not told apart."""


def require_possible(engine: "Engine", evidence: Evidence, soft: Soft | None) -> float:
    """Return log P(e), or raise `ImpossibleEvidenceError`."""
    warn_unset(engine.chosen, evidence, soft)
    log_prob = float(engine.log_prob_evidence(dict(evidence), soft))
    if not np.isfinite(log_prob):
        engine.posterior(dict(evidence), soft=soft)
        raise ImpossibleEvidenceError(dict(evidence))
    return log_prob


def gradients(
    engine: "Engine", evidence: Evidence, soft: Soft | None, hypotheses: Sequence[Hypothesis]
) -> Gradients:
    """Return the derivatives of P(e) and of every P(e, h) by all parameters, in one pass.

    Hypotheses are soft findings, flat but in their own lane, so that one program serves all.

    Raises
    ------
    UnknownVariableError, UnknownStateError, EvidenceError, ImpossibleEvidenceError
    """
    warn_unset(engine.chosen, evidence, soft)
    network = engine.network
    vectors = vectors_of(network, evidence, soft)
    likely = {v: x for v, x in vectors.items() if v not in evidence}
    free = [h for h in hypotheses if h.variable not in evidence]
    log_prob, posterior, slopes = _slopes(engine, evidence, likely, free)
    place = {id(h): i for i, h in enumerate(free)}
    shares = np.array([
        posterior[place[id(h)]] if id(h) in place
        else h.indicator[network.state_index(h.variable, evidence[h.variable])]
        for h in hypotheses
    ])  # fmt: skip
    if len(free) == len(hypotheses):
        return Gradients(log_prob, shares, slopes[-1], slopes[:-1])
    joint = [
        slopes[place[id(h)]] if id(h) in place else slopes[-1] * p
        for h, p in zip(hypotheses, shares, strict=True)
    ]
    return Gradients(log_prob, shares, slopes[-1], np.array(joint).reshape(-1, slopes.shape[1]))


def _slopes(
    engine: "Engine", evidence: Evidence, vectors: Vectors, free: Sequence[Hypothesis]
) -> tuple[float, Array, Array]:
    """Return ln P(e), P(h | e) and slopes of all P(e, h), then of P(e)."""
    index = engine.network.index
    states = {index[v]: engine.network.state_index(v, s) for v, s in evidence.items()}
    soft = {index[v]: x for v, x in vectors.items()}
    log_prob, posterior, found = joint_slopes(engine, states, soft, free)
    if log_prob == -np.inf:
        require_possible(engine, evidence, {v: x.tolist() for v, x in vectors.items()})
    return log_prob, posterior, found


def entropy(probabilities: Array) -> Array:
    """Return the entropy in bits over the last axis; 0 log 0 = 0."""
    safe = np.where(probabilities > 0.0, probabilities, 1.0)
    return -(probabilities * np.log2(safe)).sum(axis=-1)
