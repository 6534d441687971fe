"""A case as a GA4GH Phenopacket (v2): terms of HPO, nothing that names a person.

An absent finding is written as the exclusion of every term that defines it, a present one as the
term that says just that. Each term's description names the finding and its state, so that it comes
back as it was here and can be read as HPO elsewhere; what no term says is a feature under our own
name. What is written is read back at once, so that `Written.lost` names all that would not return
as it was, before anything is saved.
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
OWN = "fascinet"
OWN_RESOURCE = {
    "id": OWN, "name": "Findings of fascinet that no term of HPO says", "url": "urn:fascinet",
    "namespacePrefix": OWN, "iriPrefix": "urn:fascinet:", "version": "1",
}  # fmt: skip


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
    """Terms observed and excluded, each with the findings that it is written for; exposures."""

    observed: dict[str, dict[str, str]] = field(default_factory=dict)
    excluded: dict[str, dict[str, str]] = field(default_factory=dict)
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
    allowed = _allowed(case)
    for name, states in allowed.items():
        _write(draft, name, states, case, rules)
    above = {up for code in draft.observed for up in rules.hpo.ancestors(code)}
    draft.excluded = {code: for_ for code, for_ in draft.excluded.items() if code not in above}
    _write_rest(draft, allowed, rules)
    _write_setting(draft, case, rules)
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
    said_here = {name: "|".join(states)}
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
        draft.observed.setdefault(anchor.code, {}).update(said_here)
        states = (*states, *(s for s in rules.states[name] if s not in anchor.states))
    for state in rules.states[name]:
        if state not in states:
            for anchor in sorted(rules.hpo.needed(name, state)):
                draft.excluded.setdefault(anchor.code, {}).update(said_here)


def _write_rest(draft: _Draft, allowed: Mapping[str, tuple[str, ...]], rules: CaseRules) -> None:
    """Add under our own name the findings that no term and no exposure in the draft says."""
    terms = (*draft.observed.values(), *draft.excluded.values())
    said = {name for told in terms for name in told}
    for exposure, present in draft.exposures.items():
        said |= set(rules.exposures[exposure][present])
    for name, states in allowed.items():
        if name not in said:
            part = draft.excluded if states == (rules.resting.get(name),) else draft.observed
            part[f"{OWN}:{name}"] = {name: "|".join(states)}


def _write_setting(draft: _Draft, case: Case, rules: CaseRules) -> None:
    place = case.hard.get("setting") or case.setting
    for exposure, said in rules.exposures.items():
        if place and said[True] == {"setting": place}:
            draft.exposures[exposure] = True


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
    features = [_feature(c, told, rules, excluded=False) for c, told in draft.observed.items()]
    features += [_feature(c, told, rules, excluded=True) for c, told in draft.excluded.items()]
    own = any(f["type"]["id"].startswith(f"{OWN}:") for f in features)
    meta: dict[str, Any] = {
        "created": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "createdBy": "fascinet",
        "resources": [HPO_RESOURCE | {"version": release}, *([OWN_RESOURCE] if own else [])],
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


def _feature(
    code: str, told: Mapping[str, str], rules: CaseRules, *, excluded: bool
) -> dict[str, Any]:
    description = "; ".join(f"{name}={states}" for name, states in told.items())
    label = rules.hpo.labels.get(code) or code.removeprefix(f"{OWN}:").replace("_", " ")
    term = {"type": {"id": code, "label": label}, "description": description}
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
    yield from (f"do({v}={s}): a Phenopacket has no place for it" for v, s in case.do.items())
    was, now = _known(case), _known(back)
    for name, states in was.items():
        said = f"{name}={' or '.join(states)}"
        if name not in now:
            yield f"{said}: would not return"
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
    context = {v: (s,) for v, s in case.hard.items() if v in CONTEXT}
    context |= {"setting": (case.setting,)} if case.setting else {}
    return context | {v: tuple(sorted(s)) for v, s in _allowed(case).items()}
