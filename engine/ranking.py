"""Numbers behind a differential: responsibility, presence of groups, conflict."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fascinet.engine.engine import Engine
from fascinet.engine.posterior import Posterior
from fascinet.engine.responsibility import Owner, disablement, responsibility
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


def surprisal(engine: Engine, case: Case, prior: Posterior) -> dict[str, float]:
    """Return −ln P(finding | setting, complaint) of every finding alone, in nats: what it tells.

    The likelihood of soft evidence is scaled to at most one. For the complaint itself it is
    −ln P(complaint | setting); the setting has none.
    """
    vectors = likelihoods(engine.network, case)
    ground = dict(prior.evidence)
    names = [name for name in vectors if name not in ground]
    pairs = [
        ({**ground, name: case.hard[name]}, {}) if name in case.hard
        else (ground, {name: vectors[name] / vectors[name].max()})
        for name in names
    ]  # fmt: skip
    told = prior.log_prob_evidence - engine.batch_log_prob(pairs) if pairs else ()
    out = {name: float(bits) for name, bits in zip(names, told, strict=True)}
    setting = {k: v for k, v in ground.items() if kind(engine.network, k) == "context"}
    complaint = float(engine.log_prob_evidence(setting) - prior.log_prob_evidence)
    return out | {name: complaint for name in ground if name not in setting}


def responsibilities(
    engine: Engine,
    case: Case,
    told: Mapping[str, float],
    owners: Sequence[Owner],
    found: Sequence[str],
) -> dict[str, float]:
    """Return r_c of every owner over the positive findings `found`, each by what it tells."""
    matrix = disablement(engine, found, case.hard, case.soft, owners)
    scores = responsibility(matrix, np.array([told[f] for f in found]))
    return {owner.name: float(s) for owner, s in zip(owners, scores, strict=True)}


def group_posteriors(
    engine: Engine,
    case: Case,
    posterior: Posterior,
    members: Mapping[str, Iterable[str]],
    resting: Mapping[str, str],
) -> dict[str, float]:
    """Return P(any cause of the group present | e) = 1 − P(all at rest, e) / P(e)."""
    causes = [c for group in members.values() for c in group]
    queries = [
        (case.hard, with_states(engine.network, case, causes, set(group), resting))
        for group in members.values()
    ]
    gone = np.exp(np.minimum(engine.batch_log_prob(queries) - posterior.log_prob_evidence, 0.0))
    known = {c for c, s in {**case.hard, **case.do}.items() if c in resting and s != resting[c]}
    return {
        group: 1.0 if known & set(own) else float(1.0 - p)
        for (group, own), p in zip(members.items(), gone, strict=True)
    }


def with_states(
    network: Network,
    case: Case,
    causes: Iterable[str],
    resting_ones: Iterable[str],
    resting: Mapping[str, str],
) -> dict[str, Any]:
    """Return the soft evidence of a case with some causes at rest.

    All causes are listed, flat where nothing is asked, so that one program serves every question.
    """
    soft = dict(case.soft)
    wanted = set(resting_ones)
    for cause in causes:
        if cause in case.hard or cause in case.do:
            continue
        states = network.states(cause)
        given = case.soft.get(cause, {})
        soft[cause] = {
            s: given.get(s, 1.0) if cause not in wanted or s == resting[cause] else 0.0
            for s in states
        }
    return soft


def conflict(alone: Mapping[str, float], posterior: Posterior, prior: Posterior) -> float:
    """Return Σ_f ln P(f | ground) − ln P(findings | ground), in nats (Jensen 1991).

    The ground is what `prior` was given: the setting and the complaint.
    """
    apart = -sum(told for name, told in alone.items() if name not in prior.evidence)
    return float(apart - (posterior.log_prob_evidence - prior.log_prob_evidence))


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
