"""Signs that must never speak against their disease: read from the knowledge, looked for in cases.

P(cause | e, sign) < P(cause | e) exactly if P(sign | e, cause) < P(sign | e): one run a cause
answers for all its signs.

A sign that several diseases share may turn from one to another that shows it more (a foot drop, in
an arm that wastes, from a root to motor neuron disease). So a sign that lowers its cause is a
breach if it does so beyond `FLOOR`, or if it lowers the cause even where all those others are ruled
out. And a sign has a link that beats its leak (`unlinked`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from fascinet.model.schema import Finding, Knowledge

Sign: TypeAlias = tuple[str, str]

LEAST = 0.001
"""A cause that is less probable in a case is not asked about there."""
SLACK = 0.9
"""Two diseases that show a sign alike compete for it: a tenth of the odds is no breach."""
FLOOR = 0.5
"""What a sign may leave of the odds of its cause at least, whoever else shows it (3 decibans)."""


class Broken(NamedTuple):
    """A sign that lowers its cause in a case, with its likelihood ratio there."""

    cause: str
    finding: str
    state: str
    ratio: float
    evidence: Mapping[str, str]


def broken(
    engine: Any, knowledge: Knowledge, evidence: Mapping[str, str], causes: Sequence[str] = ()
) -> Iterator[Broken]:
    """Yield the signs that would lower their cause in a case; what it says itself is left out.

    Of a cause with several kinds those count whose sign it is.
    """
    network = engine.network
    names = [c for c in causes or knowledge.expectations if c not in evidence]
    before = engine.posterior(evidence, targets=names)
    for cause in names:
        if before[cause][network.states(cause)[0]] > 1.0 - LEAST:
            continue
        signs = [
            (f, s) for f, states in knowledge.expectations[cause].signs.items()
            if f not in evidence for s in states
        ]  # fmt: skip
        for (finding, state), ratio in _ratios(engine, knowledge, evidence, cause, signs).items():
            one = Broken(cause, finding, state, ratio, evidence)
            if ratio < SLACK and not _shared(engine, knowledge, one):
                yield one


def unlinked(knowledge: Knowledge) -> Iterator[tuple[str, str, str]]:
    """Yield the signs that their cause makes no more frequent than chance does."""
    for cause, expected in knowledge.expectations.items():
        for finding, states in expected.signs.items():
            yield from ((cause, finding, s) for s in states
                        if not _kinds(knowledge, cause, finding, s))  # fmt: skip


def rivals(knowledge: Knowledge, cause: str, finding: str, state: str) -> tuple[str, ...]:
    """Return the other causes that show a sign at least as often as a cause does."""
    most = {
        c: max(_shown(knowledge, c, k, finding, state) for k in r.states[1:])
        for c, r in knowledge.causes.items()
    }
    return tuple(c for c, p in most.items() if c != cause and p >= most[cause] > 0.0)


def _shown(knowledge: Knowledge, cause: str, kind: str, finding: str, state: str) -> float:
    """Return P(finding = state | one kind of a cause alone)."""
    record, variable = knowledge.causes[cause], _variable(knowledge, finding)
    if record.trigger is not None and finding in record.trigger.shows.figures:
        return record.trigger.shows.figures[finding].p
    link = record.links(kind).get(finding, {})
    return sum(link[s].p for s in variable.coarse.get(state, (state,)) if s in link)


def _kinds(knowledge: Knowledge, cause: str, finding: str, state: str) -> tuple[str, ...]:
    """Return the kinds of a cause whose sign it is.

    They show it more often than chance, and at least half as often as the kind that shows it most.
    """
    leak = _variable(knowledge, finding).leak
    by_chance = leak[state].p if state in leak else 0.0
    kinds = knowledge.causes[cause].states[1:]
    p = {kind: _shown(knowledge, cause, kind, finding, state) for kind in kinds}
    return tuple(k for k in kinds if p[k] > by_chance and p[k] >= max(p.values()) / 2)


def _variable(knowledge: Knowledge, finding: str) -> Finding:
    return {**knowledge.findings, **knowledge.tests}[finding]


def _shared(engine: Any, knowledge: Knowledge, one: Broken) -> bool:
    """Tell whether only diseases that show the sign as often take from the cause, and not much."""
    found = rivals(knowledge, one.cause, one.finding, one.state)
    others = [c for c in found if c not in one.evidence]
    if one.ratio < FLOOR or not others:
        return False
    alone = {**one.evidence, **{c: engine.network.states(c)[0] for c in others}}
    sign = (one.finding, one.state)
    return _ratios(engine, knowledge, alone, one.cause, [sign]).get(sign, 1.0) >= 1.0


def _ratios(
    engine: Any,
    knowledge: Knowledge,
    evidence: Mapping[str, str],
    cause: str,
    signs: Sequence[Sign],
) -> dict[Sign, float]:
    """Return P(sign | e, the kinds of the cause that show it) / P(sign | e), where possible."""
    out: dict[Sign, float] = {}
    by_kinds: dict[tuple[str, ...], list[Sign]] = {}
    for sign in signs:
        by_kinds.setdefault(_kinds(knowledge, cause, *sign), []).append(sign)
    flat = dict.fromkeys(engine.network.states(cause), 1.0)
    for kinds, group in by_kinds.items():
        asked = list({f for f, _ in group})
        ill = {s: float(s in kinds) for s in flat} if kinds else flat
        was = engine.posterior(evidence, soft={cause: flat}, targets=asked)
        now = engine.posterior(evidence, soft={cause: ill}, targets=asked)
        out |= {(f, s): now[f][s] / was[f][s] for f, s in group if was[f][s] > 0.0}
    return out
