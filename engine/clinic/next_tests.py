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
findings have made likelier; for the one that leads (P ≥ `LEADING`) it is among the first three. So
is the test whose result defines a leading cause: TSH where the thyroid is suspected.

The gains listed are exact, over the tests that `includes` names: those of a session's tests that by
the screen add less than 1% to it are left out. What is worth an exact computation is found by a
screen (`clinic.screen`). Units are worked out in the order of its estimates until those that follow
could not enter the list even if they were `MARGIN` times better than the screen says; on 45
pictures it was at most 1.18 times too low for what is worth asking.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.analyses.must_not_miss import LEAST, THRESHOLD, decisive
from fascinet.engine.api.posterior import Posterior
from fascinet.engine.clinic.differential import NextTest
from fascinet.engine.clinic.exact_gains import Exact, Outcomes
from fascinet.engine.clinic.lanes import Lanes
from fascinet.engine.clinic.ranking import kind
from fascinet.engine.clinic.screen import Rough, screened
from fascinet.model.digest import Digest
from fascinet.model.gates import Array
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.clinic.reasoner import Reasoner

ASKABLE = ("finding", "test", "risk")
TEST = "test"
SETTLED = 1e-4
MARGIN = 1.25  # how much better than the screen says a unit may be
TOGETHER = 8  # units that are worked out in one go
WORTH = 0.005  # harm-weighted bits per price below which nothing is worth asking
LEADING = 0.2  # probability from which a grave cause has its test among the first
FIRST = 3
UNPROVED = 0.9  # the most that a cause counts before a test has shown it
MADE = 0.97  # probability at which a cause that a test has shown needs no further one
RISEN = 1.5  # how much likelier than before any finding a grave cause has to be
GRAVE = 0.4  # least harm of a cause that makes the others matter less
INVASIVE = 6.0  # price from which a test is not the first choice to rule out


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
        How many; None for all that are worth their price.
    """
    case = lanes.case
    known = {*case.hard, *case.soft, *case.do, *case.contained}
    now = reasoner.presence(posterior)
    causes = [c for c, p in now.items() if c not in known and SETTLED < p < 1 - SETTLED]
    if not causes:
        return ()
    before = np.array([now[c] for c in causes])
    weight = weights(reasoner, lanes, now, causes)
    grave = _grave(reasoner, lanes, causes, before, weight)
    every = units(reasoner, known)
    if not every:
        return ()
    defining = _defining(reasoner, lanes, dict(zip(causes, before.tolist(), strict=True)))
    rough = screened(lanes, causes, before, weight, every, tuple(grave))
    exact = Exact(lanes, posterior, causes, before)
    found: dict[int, tuple[Unit, NextTest]] = {}

    def work_out(places: Iterable[int]) -> None:
        some = {i: rough.unit(i) for i in dict.fromkeys(places) if i not in found}
        bits = exact.bits([f for u in some.values() for f in u.members])
        found.update({i: (u, _entry(u, bits, weight)) for i, u in some.items()})

    work_out(_first(every, rough, grave, count))
    work_out(i for i, u in enumerate(every) if set(u.members) & set(defining))
    while late := _late(rough, [t.score for _, t in found.values()], found.keys(), count):
        work_out(late)
    rows = [found[i] for i in sorted(found)]
    rows.sort(key=lambda row: (-row[1].score, -row[1].expected_gain_bits))
    kept = _kept(causes, grave, rows, exact.outcomes)
    named = [i for f in defining for i, (u, _) in enumerate(rows) if f in u.members]
    return _listed(rows, kept, named, before, causes, count)


def _first(
    every: Sequence[Unit], rough: "Rough", grave: Mapping[str, float], count: int | None
) -> list[int]:
    """Return the units to work out first: the best by the screen, and those of grave causes."""
    best = [i for i in rough.order if rough.score[i] >= WORTH][:count]
    best += [i for i, u in enumerate(every) if set(u.proves) & set(grave)]
    if not grave:
        return best
    tests = [i for i, u in enumerate(every) if u.is_test]
    bearable = [i for i in tests if every[i].price < INVASIVE]
    for j in range(len(grave)):
        for some in (bearable, tests):
            told = np.array([rough.told[i][:, j].max() for i in some])
            best += [some[k] for k in np.argsort(-told, kind="stable")[:2].tolist()]
            if told.max(initial=0.0) > LEAST:
                break
    return best


def _late(
    rough: "Rough", scores: Sequence[float], done: Container[int], count: int | None
) -> list[int]:
    """Return the units that the screen, by its margin, cannot keep off the list: the next few."""
    listed = sorted(scores, reverse=True)
    line = WORTH if count is None or len(listed) < count else max(WORTH, listed[count - 1])
    late = [i for i in rough.order if i not in done and MARGIN * rough.score[i] >= line]
    return late[:TOGETHER]


def units(reasoner: "Reasoner", known: set[str]) -> list[Unit]:
    """Return what can be asked or tested: sessions with their open tests, then what is single."""
    out: list[Unit] = []
    for unit in reasoner.units:
        members = tuple(f for f in unit.members if f not in known)
        if members:
            out.append(unit if len(members) == len(unit.members)
                       else replace(unit, members=members))  # fmt: skip
    return out


def all_units(digest: Digest, network: Network) -> tuple[Unit, ...]:
    """Return all units of a knowledge base."""
    names = [v for v in network.variables if kind(network, v) in ASKABLE]
    out: list[Unit] = []
    taken: set[str] = set()
    for session in digest.sessions.values():
        members = tuple(f for f in session.tests if f in names)
        taken |= set(members)
        if members:
            price = float(session.cost + session.burden - 1)
            out.append(Unit(session.label, members, float(session.cost), price, True,
                            session.proves))  # fmt: skip
    for f in names:
        if f not in taken:
            label, test = digest.labels[f], digest.tests.get(f)
            cost, burden = (test.cost, test.burden) if test else (1, 1)
            price = float(cost + burden - 1)
            out.append(Unit(label, (f,), float(cost), price, test is not None))
    return tuple(out)


def weights(
    reasoner: "Reasoner", lanes: Lanes, now: Mapping[str, float], causes: Sequence[str]
) -> Array:
    """Return w_c = harm_c (1 − max_d P(d | e)), d the other causes at least as harmful."""
    harm = {c: reasoner.digest.causes[c].harm for c in reasoner.causes}
    p = {d: _settled(lanes, now, d) for d in reasoner.causes if harm[d] >= GRAVE}
    rest = [
        1.0 - max((q for d, q in p.items() if d != c and harm[d] >= harm[c]), default=0.0)
        for c in causes
    ]
    return np.array([harm[c] * left for c, left in zip(causes, rest, strict=True)])


def _settled(lanes: Lanes, now: Mapping[str, float], cause: str) -> float:
    """Return P(cause | e), at most `UNPROVED` where no test has shown it."""
    known = {**lanes.case.hard, **lanes.case.do}
    if cause in known:
        return float(known[cause] != lanes.resting[cause])
    p = now[cause]
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
    at_first = reasoner.presence(reasoner.ground(lanes.coarse.fine, lanes.case)[0])
    facts = reasoner.digest.causes
    out: dict[str, float] = {}
    for c, p, w in zip(causes, before.tolist(), weight.tolist(), strict=True):
        left = p * w / facts[c].harm if facts[c].harm else p
        risen = p >= RISEN * at_first[c]
        made = p >= MADE and _is_shown(lanes, c)
        if facts[c].must_not_miss and risen and left >= THRESHOLD and not made:
            out[c] = p
    return out


def _defining(reasoner: "Reasoner", lanes: Lanes, now: Mapping[str, float]) -> list[str]:
    """Return the tests that define a leading cause which the findings raised, likeliest first."""
    at_first = reasoner.presence(reasoner.ground(lanes.coarse.fine, lanes.case)[0])
    found = {
        test: now[cause]
        for test, facts in reasoner.digest.tests.items()
        for cause in (defined.partition("=")[0] for defined in facts.defines.values())
        if now.get(cause, 0.0) >= max(LEADING, RISEN * at_first.get(cause, 1.0))
    }
    return sorted(found, key=lambda test: -found[test])


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
    results: Mapping[str, Outcomes],
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
            joint = {f: np.array([p - x[:, k], x[:, k]]) for f in names for p, x in [results[f]]}
            found = decisive(cause, THRESHOLD, {f: np.maximum(x, 0.0) for f, x in joint.items()})
            if found:
                out[cause] = owner[found.test]
                break
    return out


def _listed(
    rows: Sequence[tuple[Unit, NextTest]],
    kept: Mapping[str, int],
    named: Sequence[int],
    before: Array,
    causes: Sequence[str],
    count: int | None,
) -> tuple[NextTest, ...]:
    """Return the rows worth their price, and those kept or named: of leading causes the first."""
    room = len(rows) if count is None else count
    worth = [i for i, (_, t) in enumerate(rows) if t.score >= WORTH][:room]
    p = dict(zip(causes, before.tolist(), strict=True))
    lead = [i for c, i in sorted(kept.items(), key=lambda k: -p[k[0]]) if p[c] >= LEADING]
    order = list(dict.fromkeys(worth))
    for place, i in enumerate(dict.fromkeys([*lead[:1], *named[:1]])):
        if i not in order[:FIRST]:
            order = [j for j in order if j != i]
            order.insert(FIRST - 1 - place, i)
    sure = dict.fromkeys([*named[:1], *kept.values()])
    rest = [i for i in order if i not in sure][: max(room - len(sure), 0)]
    order = [i for i in order if i in sure or i in rest] + [i for i in sure if i not in order]
    out: list[NextTest] = []
    for i in order:
        t = rows[i][1]
        out.append(NextTest(t.finding, t.label, t.expected_gain_bits, t.cost, t.score,
                            tuple(c for c, k in kept.items() if k == i), t.includes))  # fmt: skip
    return tuple(out)
