"""Responsibility: how far a cause accounts for the findings at hand.

Present is not the same as responsible: half of all adults sleep badly, whatever makes their
muscles twitch. Following Richens, Lee and Johri (2020, doi 10.1038/s41467-020-17419-7), a cause is
ranked by its *expected disablement*: the findings that would go if it were cured. Here each
finding counts by its information:

    r_c = Σ_f w_f d(c, f) / Σ_f w_f        w_f = −ln P(state of f | setting)

    d(c, f) = P(f would fall below its observed state without c's own links | evidence)

For a noisy-MAX gate in state k, with U_i the parents, this is exact from soft evidence alone:
without c's links the state is below k when all other Z_i are, so with cum_i[u, k] = P(Z_i ≤ k | u)

    d(c, f) = [P(e∖f, ∏_{i≠c} cum_i[·, k−1] cum_c[·, k]) − P(e∖f, ∏_i cum_i[·, k−1])] / P(e)

For a table it is the excess risk, max(0, P(k|u) − P(k|u, c resting)), which bounds the
probability of necessity from below (Tian and Pearl 2000, doi 10.1023/A:1018912507879).
Several variables can be taken out together: that is the responsibility of a group.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from itertools import product

import numpy as np

from fascinet.engine.analyses.hypotheses import resting_state
from fascinet.engine.engine import Engine
from fascinet.model.gates import Array, NoisyMax, Table, max_convolve
from fascinet.model.network import Network

Vectors = dict[str, Array]
Weighted = tuple[float, Vectors]


@dataclass(frozen=True)
class Owner:
    """Variables whose links are taken out together, and whether the leaks go with them."""

    name: str
    variables: frozenset[str]
    leak: bool = False


@dataclass(frozen=True)
class FlatGate:
    """A noisy-MAX over parents that are no deterministic mechanisms themselves."""

    parents: tuple[str, ...]
    links: tuple[Array, ...]
    leak: Array


@dataclass(frozen=True)
class Evidence:
    """Likelihood vectors of all observed variables, and ln P of them together."""

    likelihoods: Mapping[str, Array]
    log_prob: float


def flatten(network: Network, finding: str, observed: Iterable[str]) -> FlatGate | None:
    """Return the noisy-MAX of `finding`, its deterministic mechanisms replaced by their parents.

    None if its gate is no noisy-MAX.
    """
    gate = network.gate(finding)
    if not isinstance(gate, NoisyMax):
        return None
    rows: dict[str, Array] = {}
    leak = gate.leak
    observed = set(observed)
    for parent, link in zip(network.parents(finding), gate.links, strict=True):
        inner = _mechanism(network, parent, link) if parent not in observed else None
        if inner is None:
            rows[parent] = max_convolve(rows[parent], link) if parent in rows else link
            continue
        below = flatten(network, parent, observed)
        assert below is not None
        leak = max_convolve(leak, below.leak)
        for grand, passed in zip(below.parents, below.links, strict=True):
            rows[grand] = max_convolve(rows[grand], passed) if grand in rows else passed
    return FlatGate(tuple(rows), tuple(rows.values()), leak)


def _mechanism(network: Network, parent: str, link: Array) -> NoisyMax | None:
    """Return the gate of a parent that hands its state on unchanged, else None."""
    gate = network.gate(parent)
    identity = link.shape[0] == link.shape[1] and bool((link == np.eye(len(link))).all())
    if identity and isinstance(gate, NoisyMax) and network.parents(parent):
        return gate
    return None


def disablement(
    engine: Engine, findings: Sequence[str], evidence: Evidence, owners: Sequence[Owner]
) -> Array:
    """Return d(c, f), shape (owners, findings).

    Parameters
    ----------
    engine : Engine
    findings : sequence of str
        Observed variables out of their resting state.
    evidence : Evidence
        All that was observed.
    owners : sequence of Owner
        Causes or groups.
    """
    terms: list[tuple[int, int, float, Mapping[str, Array]]] = []
    for f, finding in enumerate(findings):
        for o, weight, vectors in _terms(engine.network, finding, evidence, owners):
            terms.append((o, f, weight, _merge(finding, vectors, evidence)))
    logs = _log_probs(engine, [t[3] for t in terms], evidence.likelihoods)
    total = np.zeros((len(owners), len(findings)))
    for (o, f, weight, _), log in zip(terms, logs, strict=True):
        total[o, f] += weight * np.exp(log - evidence.log_prob)
    return np.clip(total, 0.0, 1.0)


def _log_probs(
    engine: Engine, queries: Sequence[Mapping[str, Array]], observed: Iterable[str]
) -> Array:
    """Return ln P of each set of likelihoods; -inf where one is zero throughout.

    Only what was observed is handed over as hard evidence: so all queries of one finding share
    the engine's program.
    """
    logs = np.full(len(queries), -np.inf)
    live = [i for i, q in enumerate(queries) if all(v.any() for v in q.values())]
    split = [split_likelihoods(engine.network, queries[i], observed) for i in live]
    if split:
        logs[live] = engine.batch_log_prob([(hard, soft) for hard, soft, _ in split])
        logs[live] += [scale for _, _, scale in split]
    return logs


def split_likelihoods(
    network: Network, likelihoods: Mapping[str, Array], observed: Iterable[str]
) -> tuple[dict[str, str], dict[str, Any], float]:
    """Return hard evidence, soft evidence, and the log of the hard ones' likelihoods."""
    hard: dict[str, str] = {}
    soft: dict[str, Any] = {}
    scale = 0.0
    observed = set(observed)
    for name, vector in likelihoods.items():
        states = np.flatnonzero(vector)
        if name in observed and len(states) == 1:
            hard[name] = network.states(name)[states[0]]
            scale += float(np.log(vector[states[0]]))
        else:
            soft[name] = vector
    return hard, soft, scale


def _merge(finding: str, vectors: Vectors, evidence: Evidence) -> dict[str, Array]:
    """Return all likelihoods, with `finding` replaced by vectors on its parents."""
    merged = {k: v for k, v in evidence.likelihoods.items() if k != finding}
    for name, vector in vectors.items():
        merged[name] = merged[name] * vector if name in merged else vector
    return merged


def _terms(
    network: Network, finding: str, evidence: Evidence, owners: Sequence[Owner]
) -> Iterator[tuple[int, float, Vectors]]:
    """Yield (owner, weight, vectors on parents) whose weighted sum over P(e) is d(c, f)."""
    likelihood = evidence.likelihoods[finding]
    gate = flatten(network, finding, evidence.likelihoods)
    for o, owner in enumerate(owners):
        if gate is not None:
            parts = _noisy_terms(gate, owner, likelihood)
        else:
            parts = _table_terms(network, finding, owner, evidence)
        for weight, vectors in parts:
            yield o, weight, vectors


def _noisy_terms(gate: FlatGate, owner: Owner, likelihood: Array) -> Iterator[Weighted]:
    mine = [i for i, parent in enumerate(gate.parents) if parent in owner.variables]
    if not mine and not owner.leak:
        return
    for k in range(1, len(likelihood)):
        if likelihood[k] == 0.0:
            continue
        if len(mine) == 1 and not owner.leak:
            yield from _single(gate, mine[0], k, likelihood[k])
        else:
            yield from _together(gate, mine, owner.leak, k, likelihood[k])


def _below(gate: FlatGate, k: int) -> tuple[float, Vectors]:
    """Return P(leak < k) and the vectors P(Z_i < k | u)."""
    vectors = {p: link[:, :k].sum(axis=1) for p, link in zip(gate.parents, gate.links, strict=True)}
    return float(gate.leak[:k].sum()), vectors


def _single(gate: FlatGate, index: int, k: int, weight: float) -> Iterator[Weighted]:
    leak, vectors = _below(gate, k)
    yield weight * leak, vectors | {gate.parents[index]: gate.links[index][:, k]}


def _together(
    gate: FlatGate, mine: Sequence[int], with_leak: bool, k: int, weight: float
) -> Iterator[Weighted]:
    leak, vectors = _below(gate, k)
    upto_leak, upto = _below(gate, k + 1)
    reached = {gate.parents[i]: upto[gate.parents[i]] for i in mine}
    yield weight * (upto_leak if with_leak else leak), vectors | reached
    yield -weight * leak, vectors


def _table_terms(
    network: Network, finding: str, owner: Owner, evidence: Evidence
) -> Iterator[Weighted]:
    parents = network.parents(finding)
    mine = [i for i, parent in enumerate(parents) if parent in owner.variables]
    gate = network.gate(finding)
    if not mine or not isinstance(gate, Table):
        return
    likelihood = evidence.likelihoods[finding].copy()
    likelihood[resting_state(network, finding)] = 0.0
    risk = gate.values @ likelihood
    rested = risk
    for axis in mine:
        rest = resting_state(network, parents[axis])
        rested = np.broadcast_to(np.take(rested, [rest], axis=axis), risk.shape)
    excess = np.maximum(0.0, risk - rested)
    for states in product(*(range(n) for n in excess.shape)):
        if excess[states] > 0.0:
            yield (
                float(excess[states]),
                {p: np.eye(n)[s] for p, n, s in zip(parents, excess.shape, states, strict=True)},
            )


def responsibility(matrix: Array, weights: Array) -> Array:
    """Return r_c = Σ_f w_f d(c, f) / Σ_f w_f, shape (owners,)."""
    total = float(weights.sum())
    return matrix @ weights / total if total > 0 else np.zeros(len(matrix))
