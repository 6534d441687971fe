"""What to ask or test next: the expected information about the differential.

    gain(f) = Σ_c I(c; f | evidence) = Σ_c [H(c | e) − Σ_s P(f = s | e) H(c | e, f = s)]

in bits, over all causes c, present or not. The gains listed are exact. Which candidates are worth
an exact computation is found by a screen that takes the parents of each candidate as independent
given the evidence and the cause in question.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.analyses.must_not_miss import THRESHOLD, Kept, decisive, in_sight
from fascinet.engine.api.posterior import Posterior
from fascinet.engine.clinic.differential import NextTest
from fascinet.engine.clinic.lanes import Lanes
from fascinet.engine.clinic.ranking import kind
from fascinet.model.gates import Array, NoisyMax
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.clinic.reasoner import Reasoner

ASKABLE = ("finding", "test", "risk")
QUESTION = 1.0
SETTLED = 1e-4
MARGIN = 2
DECISIVE = 2  # candidates computed exactly for each cause that must not be missed
TABLE = 32  # most joint states of a test's parents that are asked one by one
NEARLY = 0.98  # share of the entropy that the screen looks at
TINY = 1e-12
Outcome = tuple[float, Array]


def expected_gains(
    reasoner: "Reasoner", lanes: Lanes, posterior: Posterior, count: int | None
) -> tuple[NextTest, ...]:
    """Return the most informative unanswered questions and tests, most bits per cost first.

    Each cause that must not be missed keeps its decisive test in sight (`must_not_miss`).

    Parameters
    ----------
    count : int or None
        How many; twice as many are computed exactly, all for None.
    """
    case, network = lanes.case, lanes.engine.network
    known = {*case.hard, *case.soft, *case.do}
    names = [v for v in network.variables if kind(network, v) in ASKABLE and v not in known]
    causes = [c for c in reasoner.causes if c not in known and _is_open(lanes, posterior, c)]
    if not causes:
        return ()
    grave = [c for c in causes if reasoner.digest.causes[c].must_not_miss
             and lanes.present(posterior, c) >= THRESHOLD]  # fmt: skip
    if count is not None and len(names) > MARGIN * count:
        rough = screen(lanes, posterior, causes, names, grave)
        cost = np.array([cost_of(reasoner, name) for name in names])
        best = np.argsort(rough.sum(axis=1) / cost)[::-1][: MARGIN * count].tolist()
        best += np.argsort(-rough[:, : len(grave)], axis=0)[:DECISIVE].ravel().tolist()
        names = [names[i] for i in dict.fromkeys(best)]
    results = {f: list(outcomes(lanes, posterior, causes, f)) for f in names}
    before = np.array([lanes.present(posterior, c) for c in causes])
    tests = [_entry(reasoner, f, gain_of(before, results[f])) for f in names]
    tests.sort(key=lambda t: (-t.score, -t.expected_gain_bits))
    kept = [_keeps(c, causes.index(c), results) for c in grave]
    shown = in_sight([t.finding for t in tests], [k for k in kept if k], count or len(tests))
    keepers = {f: tuple(k.cause for k in kept if k and k.test == f) for f in shown}
    return tuple(replace(t, rules_out=keepers[t.finding]) for t in tests if t.finding in keepers)


def _keeps(cause: str, place: int, results: Mapping[str, Sequence[Outcome]]) -> Kept | None:
    """Return the test that a cause keeps among those suggested."""
    joint = {f: np.array([[p - x[place], x[place]] for p, x in r]).T for f, r in results.items()}
    return decisive(cause, THRESHOLD, {f: np.maximum(x, 0.0) for f, x in joint.items()})


def _is_open(lanes: Lanes, posterior: Posterior, cause: str) -> bool:
    return SETTLED < lanes.present(posterior, cause) < 1 - SETTLED


def cost_of(reasoner: "Reasoner", name: str) -> float:
    """Return the cost of a test from 1 to 5; a question costs 1."""
    test = reasoner.digest.tests.get(name)
    return float(test.cost) if test else QUESTION


def _entry(reasoner: "Reasoner", name: str, gain: float) -> NextTest:
    cost = cost_of(reasoner, name)
    label = reasoner.digest.labels[name]
    return NextTest(name, label, gain, cost, gain / cost)


# -------------------------------------------------------------------- exact


def exact_gain(lanes: Lanes, posterior: Posterior, causes: Sequence[str], name: str) -> float:
    """Return Σ_c I(c; f | e) in bits."""
    before = np.array([lanes.present(posterior, c) for c in causes])
    return gain_of(before, list(outcomes(lanes, posterior, causes, name)))


def gain_of(before: Array, results: Sequence[Outcome]) -> float:
    """Return Σ_c I(c; f | e) in bits from P(c | e) and the outcomes of f."""
    after = 0.0
    for p, joint in results:
        if p > TINY:
            after += p * float(entropy(np.clip(joint / p, 0.0, 1.0)).sum())
    return max(0.0, float(entropy(before).sum()) - after)


def outcomes(
    lanes: Lanes, posterior: Posterior, causes: Sequence[str], name: str
) -> Iterator[Outcome]:
    """Yield P(f = s | e) and P(f = s, cause present | e) for every state of f."""
    network = lanes.engine.network
    if name in lanes.flat:
        for point in np.eye(len(network.states(name))):
            yield _joint(lanes, posterior, causes, {name: point}, 1.0)
        return
    gate, parents = network.gate(name), network.parents(name)
    free = [p for p in parents if p in lanes.flat]
    in_lane = parents and all(p in lanes.flat or p in lanes.case.hard for p in parents)
    if in_lane and isinstance(gate, NoisyMax):
        yield from _by_product(lanes, posterior, causes, name, gate)
    elif in_lane and len(free) == 1:
        yield from _by_parent(lanes, posterior, causes, name, free[0])
    elif in_lane and prod(len(network.states(p)) for p in free) <= TABLE:
        yield from _by_table(lanes, posterior, causes, name, free)
    else:
        for i in range(len(network.states(name))):
            yield _observed(lanes, posterior, causes, name, i)


def _by_product(
    lanes: Lanes, posterior: Posterior, causes: Sequence[str], name: str, gate: NoisyMax
) -> Iterator[Outcome]:
    """Yield the outcomes of a noisy-MAX: P(f ≤ k | u) is a product over its parents."""
    network = lanes.engine.network
    done, done_joint = 0.0, np.zeros(len(causes))
    for k in range(gate.states):
        scale, vectors = float(gate.leak[: k + 1].sum()), dict[str, Array]()
        for parent, link in zip(network.parents(name), gate.links, strict=True):
            upto = link[:, : k + 1].sum(axis=1)
            if parent in lanes.flat:
                vectors[parent] = upto
            else:
                scale *= float(upto[network.state_index(parent, lanes.case.hard[parent])])
        last = k == gate.states - 1
        p, joint = _joint(lanes, posterior, causes, None if last else vectors, scale)
        yield p - done, joint - done_joint
        done, done_joint = p, joint


def _by_parent(
    lanes: Lanes, posterior: Posterior, causes: Sequence[str], name: str, parent: str
) -> Iterator[Outcome]:
    """Yield the outcomes of a table with one unobserved parent: a column each."""
    network = lanes.engine.network
    table = network.cpt(name)
    for axis, u in reversed(list(enumerate(network.parents(name)))):
        if u != parent:
            table = np.take(table, network.state_index(u, lanes.case.hard[u]), axis=axis)
    for column in table.T:
        yield _joint(lanes, posterior, causes, {parent: column}, 1.0)


def _by_table(
    lanes: Lanes, posterior: Posterior, causes: Sequence[str], name: str, free: Sequence[str]
) -> Iterator[Outcome]:
    """Yield the outcomes of a table: P(f = k | u) summed over the states u of its free parents."""
    network = lanes.engine.network
    table = np.moveaxis(network.cpt(name), -1, 0)
    for axis, u in reversed(list(enumerate(network.parents(name), start=1))):
        if u not in free:
            table = np.take(table, network.state_index(u, lanes.case.hard[u]), axis=axis)
    p, joint = np.zeros(len(table)), np.zeros((len(table), len(causes)))
    for states in product(*(range(n) for n in table.shape[1:])):
        points = {u: np.eye(n)[s] for u, n, s in zip(free, table.shape[1:], states, strict=True)}
        weight, with_cause = _joint(lanes, posterior, causes, points, 1.0)
        p += table[:, *states] * weight
        joint += np.outer(table[:, *states], with_cause)
    yield from zip(p.tolist(), joint, strict=True)


def _joint(
    lanes: Lanes,
    posterior: Posterior,
    causes: Sequence[str],
    vectors: Mapping[str, Array] | None,
    scale: float,
) -> Outcome:
    """Return the probability of an outcome, and of it with each cause present, given e."""
    found = lanes.ask(vectors) if vectors is not None else posterior
    if found is None or scale <= 0.0:
        return 0.0, np.zeros(len(causes))
    p = scale * float(np.exp(found.log_prob_evidence - posterior.log_prob_evidence))
    return p, p * np.array([lanes.present(found, c) for c in causes])


def _observed(
    lanes: Lanes, posterior: Posterior, causes: Sequence[str], name: str, state: int
) -> Outcome:
    """Return an outcome by observing it, with a program of its own."""
    point = np.eye(len(lanes.engine.network.states(name)))[state]
    own = Lanes(lanes.engine, lanes.case, {**lanes.case_soft(), name: point}, lanes.resting,
                tuple(causes), tuple(causes))  # fmt: skip
    return _joint(own, posterior, causes, {}, 1.0)


def entropy(p: Array) -> Array:
    """Return the entropy of yes or no in bits.

    >>> entropy(np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 1.0, 0.0]
    """
    q = np.stack([p, 1.0 - p])
    return -(q * np.log2(np.where(q > 0, q, 1.0))).sum(axis=0)


# -------------------------------------------------------------------- screen


def screen(
    lanes: Lanes,
    posterior: Posterior,
    causes: Sequence[str],
    names: Sequence[str],
    first: Sequence[str] = (),
) -> Array:
    """Return a quick estimate of I(c; f | e), shape (candidates, causes).

    The causes are those in `first`, then those that hold nearly all of the entropy: the others can
    lose little.
    """
    network = lanes.engine.network
    causes = list(dict.fromkeys([*first, *_open_most(lanes, posterior, causes)]))
    given = [lanes.ask({c: 1.0 - lanes.at_rest(c)}) or posterior for c in causes]
    rows = [posterior, *given]
    marginals = {v: np.array([row.array(v) for row in rows]) for v in lanes.flat}
    for v, state in {**lanes.case.hard, **lanes.case.do}.items():
        point = np.eye(len(network.states(v)))[network.state_index(v, state)]
        marginals[v] = np.tile(point, (len(rows), 1))
    for v in network.topological:
        if v in lanes.targets and v not in marginals:
            marginals[v] = _predicted(network, v, marginals)
    p = np.array([lanes.present(posterior, c) for c in causes])
    return np.array([
        _estimate(p, _predicted(network, f, marginals))
        if marginals.keys() >= _needed(network, f)
        else np.full(len(p), np.inf)  # cannot be screened, so it is computed exactly
        for f in names
    ])  # fmt: skip


def _open_most(lanes: Lanes, posterior: Posterior, causes: Sequence[str]) -> list[str]:
    """Return the causes with the highest entropies, as many as hold `NEARLY` of their sum."""
    bits = entropy(np.array([lanes.present(posterior, c) for c in causes]))
    order = np.argsort(-bits, kind="stable")
    held = np.cumsum(bits[order])
    enough = int(np.searchsorted(held, NEARLY * held[-1])) + 1
    return [causes[int(i)] for i in order[:enough]]


def _needed(network: Network, name: str) -> set[str]:
    """Return the variables that the prediction of `name` reads."""
    return {name} if kind(network, name) == "risk" else set(network.parents(name))


def _predicted(network: Network, name: str, marginals: Mapping[str, Array]) -> Array:
    """Return P(f) in each row of marginals, its parents taken as independent; (rows, states)."""
    if kind(network, name) == "risk":
        return marginals[name]
    gate, parents = network.gate(name), network.parents(name)
    rows = len(next(iter(marginals.values())))
    if isinstance(gate, NoisyMax):
        upto = np.tile(np.cumsum(gate.leak), (rows, 1))
        for parent, link in zip(parents, gate.links, strict=True):
            upto = upto * (marginals[parent] @ np.cumsum(link, axis=1))
        return np.diff(upto, axis=1, prepend=0.0)
    table = gate.to_table()
    out = np.zeros((rows, gate.states))
    for states in product(*(range(n) for n in gate.cards)):
        weight = np.ones(rows)
        for parent, s in zip(parents, states, strict=True):
            weight = weight * marginals[parent][:, s]
        out += weight[:, None] * table[states]
    return out


def _estimate(p: Array, predicted: Array) -> Array:
    """Return I(c; f) from P(c) and P(f | c): row 0 without c, row i + 1 given cause i."""
    present = predicted[1:]
    absent = (predicted[0] - p[:, None] * present) / (1.0 - p[:, None])
    bits = np.zeros(len(p))
    for weight, given in ((p, present), (1.0 - p, absent)):
        given = np.clip(given, TINY, 1.0)
        ratio = given / np.clip(predicted[0], TINY, 1.0)
        bits += (weight[:, None] * given * np.log2(ratio)).sum(axis=1)
    return bits
