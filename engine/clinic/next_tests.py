"""What to ask or test next: the expected information about the differential, for its price.

Tests that are done in one go (`data/sessions.yaml`) are one unit. Of a unit U

    gain(U) = Σ_c max_{f ∈ U} I(c; f | e)      I = H(c | e) − Σ_s P(f = s | e) H(c | e, f = s)

in bits over all causes c, present or not: what it tells at least. Units are ranked by

    score(U) = Σ_c w_c max_{f ∈ U} I(c; f | e) / price(U)        w_c = harm_c (1 − max_d P(d | e))

d running over the other causes at least as harmful as c (and 0.4), P(d | e) at most `UNPROVED`
before a test of d came out abnormal: as a grave cause is proved the rest matters less, and the list
ends. price = cost + burden − 1; a question costs 1.
What scores below `WORTH` is left out, unless it is the test (`proves` of the sessions, or else the
decisive one, see `must_not_miss`) of a cause that must not be missed, is not proved, and that the
findings have made likelier; for the one that leads (P ≥ `LEADING`) it is among the first three.

The gains listed are exact. Which candidates are worth an exact computation is found by a screen
that takes the parents of each candidate as independent given the evidence and the cause.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.analyses.must_not_miss import THRESHOLD, decisive
from fascinet.engine.api.posterior import Posterior
from fascinet.engine.clinic.differential import NextTest
from fascinet.engine.clinic.lanes import Lanes
from fascinet.engine.clinic.ranking import kind
from fascinet.model.gates import Array, NoisyMax
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.clinic.reasoner import Reasoner

ASKABLE = ("finding", "test", "risk")
TEST = "test"
SETTLED = 1e-4
MARGIN = 2
WORTH = 0.005  # harm-weighted bits per price below which nothing is worth asking
LEADING = 0.2  # probability from which a grave cause has its test among the first
FIRST = 3
UNPROVED = 0.9  # the most that a cause counts before a test has shown it
MADE = 0.97  # probability at which a cause that a test has shown needs no further one
RISEN = 1.5  # how much likelier than before any finding a grave cause has to be
GRAVE = 0.4  # least harm of a cause that makes the others matter less
INVASIVE = 6.0  # price from which a test is not the first choice to rule out
TABLE = 32  # most joint states of a test's parents that are asked one by one
NEARLY = 0.98  # share of the entropy that the screen looks at
TINY = 1e-12
Outcome = tuple[float, Array]


@dataclass(frozen=True)
class Unit:
    """A question, a test, or tests that are done in one session."""

    label: str
    members: tuple[str, ...]
    cost: float
    price: float
    is_test: bool
    proves: tuple[str, ...] = ()


def expected_gains(
    reasoner: "Reasoner", lanes: Lanes, posterior: Posterior, count: int | None
) -> tuple[NextTest, ...]:
    """Return the most informative unanswered questions and tests, the best score first.

    Parameters
    ----------
    count : int or None
        How many; twice as many are computed exactly, all for None.
    """
    case = lanes.case
    known = {*case.hard, *case.soft, *case.do}
    causes = [c for c in reasoner.causes if c not in known and _is_open(lanes, posterior, c)]
    if not causes:
        return ()
    before = np.array([lanes.present(posterior, c) for c in causes])
    weight = weights(reasoner, lanes, posterior, causes)
    grave = _grave(reasoner, lanes, causes, before, weight)
    every = units(reasoner, lanes.engine.network, known)
    chosen = _screened(reasoner, lanes, posterior, causes, weight, every, grave, count)
    results = {f: list(outcomes(lanes, posterior, causes, f)) for u in chosen for f in u.members}
    bits = {f: gains_of(before, found) for f, found in results.items()}
    rows = [(u, _entry(u, bits, weight)) for u in chosen]
    rows.sort(key=lambda row: (-row[1].score, -row[1].expected_gain_bits))
    return _listed(rows, _kept(causes, grave, rows, results), before, causes, count)


def units(reasoner: "Reasoner", network: Network, known: set[str]) -> list[Unit]:
    """Return what can be asked or tested: sessions with their open tests, then what is single."""
    tests, sessions = reasoner.digest.tests, reasoner.digest.sessions
    names = [v for v in network.variables if kind(network, v) in ASKABLE and v not in known]
    out: list[Unit] = []
    taken: set[str] = set()
    for session in sessions.values():
        members = tuple(f for f in session.tests if f in names)
        taken |= set(members)
        if members:
            price = float(session.cost + session.burden - 1)
            out.append(Unit(session.label, members, float(session.cost), price, True,
                            session.proves))  # fmt: skip
    for f in names:
        if f in taken:
            continue
        label, test = reasoner.digest.labels[f], tests.get(f)
        cost, burden = (test.cost, test.burden) if test else (1, 1)
        out.append(Unit(label, (f,), float(cost), float(cost + burden - 1), test is not None))
    return out


def weights(
    reasoner: "Reasoner", lanes: Lanes, posterior: Posterior, causes: Sequence[str]
) -> Array:
    """Return w_c = harm_c (1 − max_d P(d | e)), d the other causes at least as harmful."""
    harm = {c: reasoner.digest.causes[c].harm for c in reasoner.causes}
    p = {d: _settled(reasoner, lanes, posterior, d) for d in reasoner.causes if harm[d] >= GRAVE}
    rest = [
        1.0 - max((q for d, q in p.items() if d != c and harm[d] >= harm[c]), default=0.0)
        for c in causes
    ]
    return np.array([harm[c] * left for c, left in zip(causes, rest, strict=True)])


def _settled(reasoner: "Reasoner", lanes: Lanes, posterior: Posterior, cause: str) -> float:
    """Return P(cause | e), at most `UNPROVED` where no test has shown it."""
    known = {**lanes.case.hard, **lanes.case.do}
    if cause in known:
        return float(known[cause] != lanes.resting[cause])
    p = lanes.present(posterior, cause)
    return p if _is_shown(lanes, cause) else min(p, UNPROVED)


def _is_shown(lanes: Lanes, cause: str) -> bool:
    """Tell whether a test that the cause makes abnormal came out abnormal."""
    network, hard = lanes.engine.network, lanes.case.hard
    return any(
        kind(network, f) == TEST and cause in network.parents(f) and state != lanes.resting[f]
        for f, state in hard.items()
        if f in network.index
    )


def _grave(
    reasoner: "Reasoner", lanes: Lanes, causes: Sequence[str], before: Array, weight: Array
) -> dict[str, float]:
    """Return the causes that must not be missed, are not made, and that the findings raised.

    What a proved cause leaves of their weight, it leaves of their probability too.
    """
    prior, _ = reasoner.ground(lanes.engine, lanes.case)
    facts = reasoner.digest.causes
    out: dict[str, float] = {}
    for c, p, w in zip(causes, before.tolist(), weight.tolist(), strict=True):
        left = p * w / facts[c].harm if facts[c].harm else p
        risen = p >= RISEN * reasoner.present(prior, c)
        made = p >= MADE and _is_shown(lanes, c)
        if facts[c].must_not_miss and risen and left >= THRESHOLD and not made:
            out[c] = p
    return out


def _screened(
    reasoner: "Reasoner", lanes: Lanes, posterior: Posterior, causes: Sequence[str],
    weight: Array, every: Sequence[Unit], grave: Mapping[str, float], count: int | None,
) -> list[Unit]:  # fmt: skip
    """Return the units, and of each the tests, that are worth an exact computation."""
    if count is None or len(every) <= MARGIN * count:
        return list(every)
    names = [f for u in every for f in u.members]
    rough, of = screen(lanes, posterior, causes, names, tuple(grave))
    scale = np.array([weight[causes.index(c)] for c in of])
    scaled = np.where(scale > 0, rough, 0.0) * scale
    place = {f: i for i, f in enumerate(names)}
    rows = [[place[f] for f in u.members] for u in every]
    score = np.array([scaled[r].max(axis=0).sum() / u.price
                      for r, u in zip(rows, every, strict=True)])  # fmt: skip
    best = np.argsort(-score, kind="stable")[: MARGIN * count].tolist()
    best += [i for i, u in enumerate(every) if set(u.proves) & set(grave)]
    for j in range(len(grave)):
        told = np.array([rough[r, j].max() * u.is_test for r, u in zip(rows, every, strict=True)])
        best += np.argsort(-told, kind="stable")[:2].tolist()
    out: list[Unit] = []
    for i in dict.fromkeys(best):
        tops = set(rough[rows[i]].argmax(axis=0).tolist())
        members = tuple(f for k, f in enumerate(every[i].members) if k in tops)
        out.append(replace(every[i], members=members))
    return out


def _entry(unit: Unit, bits: Mapping[str, Array], weight: Array) -> NextTest:
    told = np.array([bits[f] for f in unit.members])
    most = told.max(axis=0)
    order = np.argsort(-(told @ weight), kind="stable")
    members = tuple(unit.members[int(i)] for i in order)
    score = float(most @ weight) / unit.price
    return NextTest(members[0], unit.label, float(most.sum()), unit.cost, score,
                    includes=members if len(members) > 1 else ())  # fmt: skip


def _kept(
    causes: Sequence[str],
    grave: Mapping[str, float],
    rows: Sequence[tuple[Unit, NextTest]],
    results: Mapping[str, Sequence[Outcome]],
) -> dict[str, int]:
    """Return, for each grave cause, the row of the test that proves it, or else tells most.

    Of the latter a bearable one, if one tells.
    """
    proofs = {c: i for i, (unit, _) in enumerate(rows) for c in unit.proves}
    owner = {f: i for i, (unit, _) in enumerate(rows) for f in unit.members}
    tests = {f: rows[i][0].price for f, i in owner.items() if rows[i][0].is_test}
    out: dict[str, int] = {}
    for cause in grave:
        if cause in proofs:
            out[cause] = proofs[cause]
            continue
        k = causes.index(cause)
        for names in ([f for f, price in tests.items() if price < INVASIVE], list(tests)):
            joint = {f: np.array([[p - x[k], x[k]] for p, x in results[f]]).T for f in names}
            found = decisive(cause, THRESHOLD, {f: np.maximum(x, 0.0) for f, x in joint.items()})
            if found:
                out[cause] = owner[found.test]
                break
    return out


def _listed(
    rows: Sequence[tuple[Unit, NextTest]],
    kept: Mapping[str, int],
    before: Array,
    causes: Sequence[str],
    count: int | None,
) -> tuple[NextTest, ...]:
    """Return the rows worth their price, and those kept: of leading causes among the first."""
    room = len(rows) if count is None else count
    worth = [i for i, (_, t) in enumerate(rows) if t.score >= WORTH][:room]
    p = dict(zip(causes, before.tolist(), strict=True))
    lead = [i for c, i in sorted(kept.items(), key=lambda k: -p[k[0]]) if p[c] >= LEADING]
    order = list(dict.fromkeys(worth))
    for place, i in enumerate(dict.fromkeys(lead[:1])):
        if i not in order[:FIRST]:
            order = [j for j in order if j != i]
            order.insert(FIRST - 1 - place, i)
    order = order[: max(room - len(set(kept.values()) - set(order)), 0)]
    order += [i for i in dict.fromkeys(kept.values()) if i not in order]
    out: list[NextTest] = []
    for i in order:
        t = rows[i][1]
        out.append(NextTest(t.finding, t.label, t.expected_gain_bits, t.cost, t.score,
                            tuple(c for c, k in kept.items() if k == i), t.includes))  # fmt: skip
    return tuple(out)


def _is_open(lanes: Lanes, posterior: Posterior, cause: str) -> bool:
    return SETTLED < lanes.present(posterior, cause) < 1 - SETTLED


# -------------------------------------------------------------------- exact


def exact_gain(lanes: Lanes, posterior: Posterior, causes: Sequence[str], name: str) -> float:
    """Return Σ_c I(c; f | e) in bits."""
    before = np.array([lanes.present(posterior, c) for c in causes])
    return gain_of(before, list(outcomes(lanes, posterior, causes, name)))


def gain_of(before: Array, results: Sequence[Outcome]) -> float:
    """Return Σ_c I(c; f | e) in bits from P(c | e) and the outcomes of f."""
    return float(gains_of(before, results).sum())


def gains_of(before: Array, results: Sequence[Outcome]) -> Array:
    """Return I(c; f | e) of each cause in bits from P(c | e) and the outcomes of f."""
    after = np.zeros(len(before))
    for p, joint in results:
        if p > TINY:
            after += p * entropy(np.clip(joint / p, 0.0, 1.0))
    return np.maximum(0.0, entropy(before) - after)


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
) -> tuple[Array, list[str]]:
    """Return a quick estimate of I(c; f | e), shape (candidates, causes), and the causes.

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
    rough = np.array([
        _estimate(p, _predicted(network, f, marginals))
        if marginals.keys() >= _needed(network, f)
        else np.full(len(p), np.inf)  # cannot be screened, so it is computed exactly
        for f in names
    ])  # fmt: skip
    return rough, causes


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
