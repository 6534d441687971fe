"""Numbers behind a differential: responsibility, presence of groups, conflict."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fascinet.engine.engine import Engine
from fascinet.engine.posterior import Posterior
from fascinet.engine.responsibility import Evidence, Owner, disablement, responsibility
from fascinet.model.case import Case
from fascinet.model.gates import Array
from fascinet.model.network import Network

# the modifiers of twitching say how it looks, and need no account beside twitching itself
MODIFIERS = frozenset({"twitch_duration", "twitch_spread"})
SIGNS = frozenset({"finding", "test"})
DECIBAN = 10 / np.log(10)
EDGE = 1e-12


def kind(network: Network, name: str) -> str:
    """Return the kind of a variable, as its meta says."""
    return str(network.meta.get(name, {}).get("kind", ""))


def likelihoods(network: Network, case: Case) -> dict[str, Array]:
    """Return all evidence as likelihood vectors in state order."""
    hard = {
        k: np.eye(len(network.states(k)))[network.state_index(k, v)] for k, v in case.hard.items()
    }
    soft = {k: np.array([v[s] for s in network.states(k)]) for k, v in case.soft.items()}
    return hard | soft


def positive(network: Network, case: Case, resting: Mapping[str, str]) -> tuple[str, ...]:
    """Return the findings out of their resting state, modifiers of twitching left out."""
    return tuple(
        name
        for name, vector in likelihoods(network, case).items()
        if kind(network, name) in SIGNS
        and name not in MODIFIERS
        and vector[network.state_index(name, resting[name])] < vector.max()
    )


def responsibilities(
    engine: Engine,
    case: Case,
    posterior: Posterior,
    prior: Posterior,
    owners: Sequence[Owner],
    found: Sequence[str],
) -> dict[str, float]:
    """Return r_c of every owner over the positive findings `found`.

    The weight of a finding is −ln of its probability in the setting: what it tells.
    """
    vectors = likelihoods(engine.network, case)
    evidence = Evidence(vectors, float(posterior.log_prob_evidence))
    weights = np.array([_weight(engine, f, vectors[f], prior) for f in found])
    matrix = disablement(engine, found, evidence, owners)
    scores = responsibility(matrix, weights)
    return {owner.name: float(s) for owner, s in zip(owners, scores, strict=True)}


def _weight(engine: Engine, finding: str, likelihood: Array, prior: Posterior) -> float:
    """Return what a finding tells; for the complaint, what it tells in the setting alone."""
    if finding not in prior.evidence:
        return information(prior.array(finding), likelihood)
    ground = {k: v for k, v in prior.evidence.items() if k != finding}
    return float(engine.log_prob_evidence(ground) - prior.log_prob_evidence)


def information(marginal: Array, likelihood: Array) -> float:
    """Return −ln P(finding) in nats, its likelihood scaled to at most one.

    >>> round(information(np.array([0.75, 0.25]), np.array([0.0, 2.0])), 6)
    1.386294
    """
    return float(-np.log(max(marginal @ (likelihood / likelihood.max()), EDGE)))


def group_posteriors(
    engine: Engine,
    case: Case,
    posterior: Posterior,
    members: Mapping[str, Iterable[str]],
    resting: Mapping[str, str],
) -> dict[str, float]:
    """Return P(any cause of the group present | e) = 1 − P(all at rest, e) / P(e)."""
    logs: list[float] = []
    queries: list[tuple[dict[str, str], Mapping[str, Any]]] = []
    for causes in members.values():
        rest = {c: resting[c] for c in causes if c not in case.hard and c not in case.do}
        soft = {k: v for k, v in case.soft.items() if k not in rest}
        logs.append(sum(np.log(case.soft[c][rest[c]]) for c in rest if c in case.soft))
        queries.append(({**case.hard, **rest}, soft))
    totals = engine.batch_log_prob(queries) + np.array(logs)
    gone = np.exp(np.minimum(totals - posterior.log_prob_evidence, 0.0))
    known = {c for c, s in {**case.hard, **case.do}.items() if c in resting and s != resting[c]}
    return {
        group: 1.0 if known & set(causes) else float(1.0 - p)
        for (group, causes), p in zip(members.items(), gone, strict=True)
    }


def conflict(network: Network, case: Case, posterior: Posterior, prior: Posterior) -> float:
    """Return Σ_f ln P(f | ground) − ln P(findings | ground), in nats (Jensen 1991).

    The ground is what `prior` was given: the setting and the complaint.
    """
    vectors = {k: v for k, v in likelihoods(network, case).items() if k not in prior.evidence}
    alone = sum(np.log(max(prior.array(k) @ v, EDGE)) for k, v in vectors.items())
    return float(alone - (posterior.log_prob_evidence - prior.log_prob_evidence))


def log_odds(p: float) -> float:
    """Return ln p / (1 − p), p kept away from 0 and 1 by 1e-12.

    >>> log_odds(0.5), round(log_odds(0.9), 6)
    (0.0, 2.197225)
    """
    p = min(max(p, EDGE), 1.0 - EDGE)
    return float(np.log(p) - np.log1p(-p))


def weight_of_evidence(prior: float, posterior: float) -> float:
    """Return 10 log10 of posterior odds over prior odds, in decibans.

    >>> round(weight_of_evidence(0.5, 10 / 11), 6)
    10.0
    """
    return float(DECIBAN * (log_odds(posterior) - log_odds(prior)))
