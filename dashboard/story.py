"""The story of a case: the few variables that its answer runs through, and its arcs' strength."""

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache

from fascinet.dashboard import service
from fascinet.dashboard.layout import kind_of
from fascinet.dashboard.state import Case
from fascinet.dashboard.words import odds
from fascinet.model.case import COMPLAINT
from fascinet.model.errors import FascinetError

CAUSES, FINDINGS, MORE = 3, 8, 6
TINY = 1e-12
LAYERS = ("Risks", "Other causes", "Open findings", "Tests")


@lru_cache(maxsize=64)
def story(
    case: Case, focus: str, layers: tuple[str, ...] = (), around: str = ""
) -> tuple[str, ...]:
    """Return the variables of the story: ten to fifteen, more with the layers asked for.

    Parameters
    ----------
    case : Case
    focus : str
        The cause that the story is about.
    layers : tuple of str
        Some of `LAYERS`, opened on demand.
    around : str
        A variable whose neighbours are shown too; empty for none.

    Returns
    -------
    tuple of str
        The cause in focus, its two strongest rivals, what lies between them and the complaint,
        and the findings that say most about it.
    """
    known = service.resources()
    ranked = [e.cause for e in service.ranked(case)]
    first = list(dict.fromkeys([focus, *ranked]))[:CAUSES]
    told = _telling(case, focus)[:FINDINGS]
    chosen = dict.fromkeys([*first, *_between(first), COMPLAINT, *told])
    for layer in layers:
        chosen |= dict.fromkeys(_layer(case, first, ranked, layer)[:MORE])
    if around:
        edges = known.graph.edges
        kin = [b for a, b in edges if a == around] + [a for a, b in edges if b == around]
        strong = sorted(kin, key=lambda v: -strength(case, around, v))
        chosen |= dict.fromkeys([around, *strong[:MORE]])
    return tuple(v for v in chosen if v in known.graph.ids)


def _telling(case: Case, focus: str) -> list[str]:
    """Return the variables in evidence, those that weigh most on the focus first."""
    if focus in case.evidence:
        return list(case.evidence)
    ratios = in_context(case, focus)
    told = [v for v in case.entered if v in ratios and v not in case.paused]
    return sorted(told, key=lambda v: -abs(math.log(ratios[v])))


def _between(causes: Iterable[str]) -> list[str]:
    """Return the mechanisms through which the causes make a muscle twitch."""
    known = service.resources()
    children: dict[str, list[str]] = {}
    for a, b in known.graph.edges:
        children.setdefault(a, []).append(b)
    return [
        b for c in causes for b in children.get(c, [])
        if kind_of(known.network, b) == "mechanism" and COMPLAINT in children.get(b, [])
    ]  # fmt: skip


def _layer(case: Case, first: list[str], ranked: list[str], layer: str) -> list[str]:
    known = service.resources()
    network, edges = known.network, known.graph.edges
    if layer == "Other causes":
        return [c for c in ranked if c not in first]
    if layer == "Risks":
        near = [a for a, b in edges if b in first and kind_of(network, a) in {"risk", "context"}]
        return sorted(dict.fromkeys(near), key=lambda v: -strength(case, v, first[0]))
    kind = "test" if layer == "Tests" else "finding"
    near = [b for a, b in edges if a == first[0] and kind_of(network, b) == kind]
    return sorted(
        (v for v in near if v not in case.entered), key=lambda v: -strength(case, first[0], v)
    )


@lru_cache(maxsize=64)
def widths(case: Case, edges: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str, float], ...]:
    """Return the arcs with their strength."""
    return tuple((a, b, round(strength(case, a, b), 3)) for a, b in edges)


@lru_cache(maxsize=128)
def in_context(case: Case, variable: str) -> Mapping[str, float]:
    """Return the likelihood ratio of each finding for a variable, given all other findings.

    P(finding | variable present, all others) / P(finding | variable at rest, all others), for all
    findings at once: by fast retraction in either world.
    """
    known = service.resources()
    with_it, without = (
        known.engine.conflict(
            service.evidence_of(case), soft={**case.soft_evidence, variable: _like(variable, there)}
        )
        for there in (True, False)
    )
    return {
        v: max(float(p), TINY) / max(float(q), TINY)
        for v, p, q in zip(with_it.findings, with_it.retracted, without.retracted, strict=True)
        if v != variable
    }


@lru_cache(maxsize=4096)
def strength(case: Case, one: str, other: str) -> float:
    """Return how much one end of an arc says about the other, as a difference of probabilities.

    Where an end is in evidence: how far it moves the other, |P(o | e) - P(o | e without it)|. Where
    neither is: |P(o present | e, one present) - P(o present | e, one absent)|.
    """
    told = service.evidence_of(case)
    seen, free = (one, other) if one in told else (other, one)
    if free in told:
        return 0.0
    try:
        if seen in told:
            now = service.presence(service.beliefs(case), free)
            return abs(now - _sure(odds(now) / in_context(case, free)[seen]))
        with_it, without = (_given(case, one, there) for there in (True, False))
        return abs(service.presence(with_it, other) - service.presence(without, other))
    except FascinetError:  # one of the two worlds is impossible: nothing to compare
        return 0.0


def _sure(ratio: float) -> float:
    return ratio / (1.0 + ratio)


@lru_cache(maxsize=128)
def _given(case: Case, variable: str, there: bool) -> "service.Posterior":
    known = service.resources()
    evidence = {v: s for v, s in service.evidence_of(case).items() if v != variable}
    soft = {v: x for v, x in case.soft_evidence.items() if v != variable}
    return known.engine.posterior(evidence, soft={**soft, variable: _like(variable, there)})


def _like(variable: str, there: bool) -> dict[str, float]:
    known = service.resources()
    rest = known.resting[variable]
    return {s: float((s != rest) is there) for s in known.network.states(variable)}
