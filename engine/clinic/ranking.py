"""Numbers behind a differential: responsibility, presence of groups, conflict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from fascinet.engine.api.posterior import Posterior
from fascinet.engine.clinic.divorce import Owner, flat_engine
from fascinet.engine.clinic.lanes import Lanes
from fascinet.engine.clinic.responsibility import disablement, disablement_of, responsibility
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


def without_tests(network: Network, case: Case) -> Case:
    """Return the case without results of tests."""
    hard = {k: v for k, v in case.hard.items() if kind(network, k) != "test"}
    soft = {k: v for k, v in case.soft.items() if kind(network, k) != "test"}
    return replace(case, hard=hard, soft=soft)


def positive(network: Network, case: Case, resting: Mapping[str, str]) -> tuple[str, ...]:
    """Return the findings out of their resting state, modifiers of twitching left out."""
    return tuple(
        name
        for name, vector in likelihoods(network, case).items()
        if kind(network, name) in SIGNS
        and name not in MODIFIERS
        and vector[network.state_index(name, resting[name])] < vector.max()
    )


def surprisal(network: Network, case: Case, prior: Posterior) -> dict[str, float]:
    """Return −ln P(finding | ground) of every finding alone, in nats: what it tells.

    The ground is what `prior` was given: the setting and the complaint. The likelihood of soft
    evidence is scaled to at most one.
    """
    return {
        name: float(-np.log(max(prior.array(name) @ (vector / vector.max()), EDGE)))
        for name, vector in likelihoods(network, case).items()
        if name not in prior.evidence
    }


def responsibility_scores(
    lanes: Lanes,
    slopes: Array,
    told: Mapping[str, float],
    owners: Sequence[Owner],
    found: Sequence[str],
) -> Array:
    """Return r_c of every owner over the positive findings `found`, each by what it tells.

    In the order of the owners: a cause and a group may share a name. `slopes` are ∂ ln P(e) / ∂ θ.
    """
    evidence = {**lanes.case.hard, **lanes.case.soft}
    if flat_engine(lanes.engine, evidence) is lanes.engine:
        matrix = disablement_of(lanes, slopes, found, owners)
    else:  # mechanisms stand between causes and findings
        matrix = disablement(lanes.engine, found, lanes.hard, lanes.soft, owners)
    return responsibility(matrix, np.array([told[f] for f in found]))


def group_posteriors(
    lanes: Lanes, log_prob: float, members: Mapping[str, Iterable[str]]
) -> dict[str, float]:
    """Return P(any cause of the group present | e) = 1 − P(all at rest, e) / P(e)."""
    known = {**lanes.case.hard, **lanes.case.do}
    rest = [{c: lanes.at_rest(c) for c in causes if c not in known} for causes in members.values()]
    gone = np.exp(np.minimum(lanes.log_probs(rest) - log_prob, 0.0))
    out = {g: float(1.0 - p) for g, p in zip(members, gone, strict=True)}
    told = {g for g, causes in members.items()
            if any(c in known and known[c] != lanes.resting[c] for c in causes)}  # fmt: skip
    return {g: 1.0 if g in told else p for g, p in out.items()}


def conflict(alone: Mapping[str, float], posterior: Posterior, prior: Posterior) -> float:
    """Return Σ_f ln P(f | ground) − ln P(findings | ground), in nats (Jensen 1991).

    The ground is what `prior` was given: the setting and the complaint.
    """
    return float(-sum(alone.values()) - (posterior.log_prob_evidence - prior.log_prob_evidence))


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
