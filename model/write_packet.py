"""A case as a GA4GH Phenopacket (v2): terms of HPO, nothing that names a person.

An absent finding is written as the exclusion of every term that defines it, a present one as the
term that says just that. What is written is read back at once, so that `Written.lost` names all
that would not return as it was, before anything is saved.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fascinet.model.case import CONTEXT, Case, CaseRules
from fascinet.model.errors import FascinetError
from fascinet.model.hpo import Anchor
from fascinet.model.phenopackets import EXPOSURE, parse_packet
from fascinet.model.read_case import packet_case

HPO_RESOURCE = {
    "id": "hp",
    "name": "Human Phenotype Ontology",
    "url": "http://purl.obolibrary.org/obo/hp.owl",
    "namespacePrefix": "HP",
    "iriPrefix": "http://purl.obolibrary.org/obo/HP_",
}


@dataclass(frozen=True)
class Written:
    """A Phenopacket, and what of the case it does not hold.

    Attributes
    ----------
    packet : mapping
        The message as JSON has it.
    lost : tuple of str
        One line a finding that would not return as it is; empty if all would.
    """

    packet: Mapping[str, Any]
    lost: tuple[str, ...]


@dataclass
class _Draft:
    """Terms observed and excluded, and exposures."""

    observed: dict[str, None] = field(default_factory=dict)
    excluded: dict[str, None] = field(default_factory=dict)
    exposures: dict[str, bool] = field(default_factory=dict)


def to_packet(
    case: Case, rules: CaseRules, *, release: str = "", now: datetime | None = None
) -> Written:
    """Return a case as a Phenopacket, with what it cannot hold.

    Parameters
    ----------
    case : Case
    rules : CaseRules
    release : str
        Of the ontology, for the packet's list of resources.
    now : datetime, optional
        The time of creation.
    """
    draft = _Draft()
    for name, states in _allowed(case).items():
        _write(draft, name, states, case, rules)
    above = {up for code in draft.observed for up in rules.hpo.ancestors(code)}
    draft.excluded = {code: None for code in draft.excluded if code not in above}
    packet = _packet(draft, case, rules, release, now or datetime.now(UTC))
    return Written(packet, tuple(_lost(packet, case, rules)))


def _allowed(case: Case) -> dict[str, tuple[str, ...]]:
    """Return the states that the findings leave open; likelihoods that differ are left out."""
    found: dict[str, tuple[str, ...]] = {}
    found |= {v: (s,) for v, s in case.hard.items() if v not in CONTEXT}
    for name, likelihood in case.soft.items():
        open_ = {s: x for s, x in likelihood.items() if x > 0}
        if name not in found and len(set(open_.values())) == 1:
            found[name] = tuple(open_)
    return found


def _write(draft: _Draft, name: str, states: tuple[str, ...], case: Case, rules: CaseRules) -> None:
    """Add what says that the finding is in one of the states, where something does."""
    told = {name: states[0]} if len(states) == 1 else {}
    for exposure, said in rules.exposures.items():
        for present in (True, False):
            if told and said[present] == told:
                draft.exposures[exposure] = present
                return
    if rules.resting.get(name) not in states:
        anchor = _best(name, states, case, rules)
        if anchor is None:
            return
        draft.observed[anchor.code] = None
        states = (*states, *(s for s in rules.states[name] if s not in anchor.states))
    for state in rules.states[name]:
        if state not in states:
            for anchor in sorted(rules.hpo.needed(name, state)):
                draft.excluded[anchor.code] = None


def _best(name: str, states: tuple[str, ...], case: Case, rules: CaseRules) -> Anchor | None:
    """Return the anchor that adds fewest findings, and leaves fewest other states open."""
    fits: list[tuple[int, int, bool, Anchor]] = []
    for anchor in rules.hpo.anchors.get(name, ()):
        added = _added(anchor.code, name, case, rules)
        if set(states) <= set(anchor.states) and added is not None:
            fits.append((added, len(anchor.states), not anchor.defining, anchor))
    return min(fits)[-1] if fits else None


def _added(code: str, name: str, case: Case, rules: CaseRules) -> int | None:
    """Return how many findings a term would set that the case does not have, None if against it."""
    others = {f: s for f, s in rules.hpo.states(code).items() if f != name and f in rules.states}
    if any(f in case.hard and case.hard[f] not in states for f, states in others.items()):
        return None
    return sum(f not in case.hard for f in others)


# ---------------------------------------------------------------- the message


def _packet(
    draft: _Draft, case: Case, rules: CaseRules, release: str, now: datetime
) -> dict[str, Any]:
    features = [_feature(code, rules, excluded=False) for code in draft.observed]
    features += [_feature(code, rules, excluded=True) for code in draft.excluded]
    meta: dict[str, Any] = {
        "created": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "createdBy": "fascinet",
        "resources": [HPO_RESOURCE | {"version": release}],
        "phenopacketSchemaVersion": "2.0",
    }
    if draft.exposures:
        meta["externalReferences"] = [
            {"id": f"{EXPOSURE}{name}", "reference": "present" if there else "absent"}
            for name, there in draft.exposures.items()
        ]
    subject = _subject(case)
    return {
        "id": "fascinet-case", "subject": subject, "phenotypicFeatures": features,
        "metaData": meta,
    }  # fmt: skip


def _feature(code: str, rules: CaseRules, *, excluded: bool) -> dict[str, Any]:
    term = {"type": {"id": code, "label": rules.hpo.labels.get(code, "")}}
    return term | ({"excluded": True} if excluded else {})


def _subject(case: Case) -> dict[str, Any]:
    """Return sex, and the age group as a range: no age is made up."""
    subject: dict[str, Any] = {"id": "subject"}
    if "sex" in case.hard:
        subject["sex"] = case.hard["sex"].upper()
    band = case.hard.get("age_group", "")
    if band:
        start, _, end = band.rstrip("+").partition("-")
        ends = {"start": start, "end": end}
        span = {key: {"iso8601duration": f"P{years}Y"} for key, years in ends.items() if years}
        subject["timeAtLastEncounter"] = {"ageRange": span}
    return subject


# ---------------------------------------------------------------- what is lost


def _lost(packet: Mapping[str, Any], case: Case, rules: CaseRules) -> Iterator[str]:
    """Yield what would not return as it is, found by reading the packet back."""
    try:
        back = packet_case(parse_packet(packet), rules)
    except FascinetError as error:
        yield f"nothing can be read back: {error}"
        return
    place = case.hard.get("setting") or case.setting
    if place:
        yield f"setting={place}: a Phenopacket has no place for it"
    yield from (f"do({v}={s}): a Phenopacket has no place for it" for v, s in case.do.items())
    was, now = _known(case), _known(back)
    for name, states in was.items():
        said = f"{name}={' or '.join(states)}"
        if name not in now:
            yield f"{said}: no term says it"
        elif now[name] != states:
            yield f"{said}: would return as {' or '.join(now[name])}"
    for name, likelihood in case.soft.items():
        if name not in was:
            yield f"{name}: likelihoods between 0 and 1 have no place ({len(likelihood)} states)"
    for name, states in now.items():
        if name not in was and name not in case.soft:
            yield f"{name}={' or '.join(states)}: would be added, since a term written says it too"


def _known(case: Case) -> dict[str, tuple[str, ...]]:
    """Return context and findings as the states that are left open."""
    case = case.without_assumption()
    context = {v: (s,) for v, s in case.hard.items() if v in CONTEXT and v != "setting"}
    return context | {v: tuple(sorted(s)) for v, s in _allowed(case).items()}
