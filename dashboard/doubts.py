"""Where a case contradicts itself, and which finding the others do not expect."""

import math
from functools import lru_cache

from fascinet.dashboard import service
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.state import Case
from fascinet.dashboard.words import mid, number, percent
from fascinet.model.schema import Variable

UNEXPECTED_BITS = 3.0
RARE = 0.05


@lru_cache(maxsize=256)
def contradictions(case: Case) -> tuple[str, ...]:
    """Return findings that say each other's opposite, in words.

    By the ontology: a finding whose defining term also shows another one ("foot drop" shows
    weakness) cannot be there while that other one is said to be absent.
    """
    known = service.resources()
    records = known.knowledge.variables
    told = {v: s for v, s in case.evidence.items() if v in records}
    absent = [v for v, s in told.items() if s == known.resting.get(v)]
    return tuple(
        f"{describe(v, s)} and {mid(describe(other, told[other]))} contradict each other: the "
        "first is a form of what the second denies."
        for v, s in told.items()
        if v not in absent
        for other in absent
        if other != v and _terms(records[v], s) & _shown(records[other], told[other])
    )


def _terms(record: Variable, state: str) -> set[str]:
    """Return the terms that define a state, which may be one of several a term narrows to."""
    return {t for states, terms in record.hpo.items() if state in states.split("|") for t in terms}


def _shown(record: Variable, rest: str) -> set[str]:
    """Return the terms that show a variable in any state but the one it is in."""
    also = (*record.hpo.items(), *record.hpo_also.items())
    return {t for states, terms in also if rest not in states.split("|") for t in terms}


@lru_cache(maxsize=64)
def unexpected(case: Case) -> str:
    """Return the finding that all others together expect least, in a sentence; empty if none is.

    By fast retraction: ln P(f) / P(f | all others), see `fascinet.engine.analyses.conflict`.
    """
    known = service.resources()
    findings = service.findings_of(case)
    if len(findings) < 2:
        return ""
    found = known.engine.conflict(service.evidence_of(case), soft=case.soft_evidence)
    rows = [
        (float(bits) / math.log(2), finding, state, float(p))
        for finding, state, bits, p in zip(
            found.findings, found.states, found.contribution, found.retracted, strict=True
        )
        if finding in findings
    ]
    bits, finding, state, p = max(rows)
    if bits < UNEXPECTED_BITS or p > RARE:
        return ""
    return (
        f"{describe(finding, state)} is what the other findings expect least: {percent(p)}, "
        f"{number(bits, 2)} bits less than without them. Entered wrongly, or a second cause?"
    )
