"""From the features of a Phenopacket to evidence on findings."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fascinet.model.describe import (
    duration_state,
    one_sided,
    says_eyelid,
    says_mouth,
    sensory_states,
    spread_states,
    twitch_sites,
)
from fascinet.model.errors import CaseError
from fascinet.model.hpo import COMPLAINT, Anchor, HpoMap
from fascinet.model.packet_fields import iso_days
from fascinet.model.phenopackets import Feature

DURATION, SPREAD, EYELID, SENSATION = (
    "twitch_duration", "twitch_spread", "eyelid_twitch", "numbness_tingling",
)  # fmt: skip
ONSET, ONE_SIDE, MOUTH, PROGRESS, NIGHT = (
    "deficit_onset", "asymmetric", "perioral_numbness", "progressive_course", "night_cramps",
)  # fmt: skip
DEFICITS = frozenset((
    "weakness", "distal_weakness", "proximal_weakness", "hand_weakness", "neck_weakness",
    "facial_palsy", "foot_drop", "atrophy", "hand_atrophy", "sensory_loss", SENSATION,
))  # fmt: skip
States = Mapping[str, tuple[str, ...]]


@dataclass
class Found:
    """Evidence gathered from features: hard, soft, terms without a finding, warnings."""

    hard: dict[str, str] = field(default_factory=dict)
    soft: dict[str, dict[str, float]] = field(default_factory=dict)
    unmapped: tuple[Feature, ...] = ()
    warnings: tuple[str, ...] = ()


def gather(
    features: Sequence[Feature],
    states: States,
    resting: Mapping[str, str],
    ordered: frozenset[str],
    hpo: HpoMap,
    age_days: float | None = None,
) -> Found:
    """Return the evidence of a packet's features.

    Raises
    ------
    CaseError
        If a term is observed at or below an excluded one.
    """
    named = {id(f): told for f in features if (told := _named(f, states))}
    features = [f for f in features if id(f) not in named]
    check_contradiction(features, hpo)
    seen, excluded = _split(features)
    warnings: list[str] = []
    allowed = observed_states(seen, states, ordered, hpo, warnings)
    allowed |= _described(seen, states, hpo, allowed, age_days)
    names = {f.code: str(f) for f in excluded}
    for finding, gone in hpo.ruled_out(names).items():
        if finding in allowed:
            left = tuple(s for s in allowed[finding] if s not in gone)
            if not left:
                _warn_beaten(finding, allowed[finding], gone, seen, names, hpo, warnings)
            allowed[finding] = left or allowed[finding]
        elif finding in states:
            allowed[finding] = tuple(s for s in states[finding] if s not in gone)
    warnings += _unused(excluded, hpo, allowed)
    for told in named.values():
        allowed |= told
    return _found(allowed, states, features, hpo, warnings)


def _named(feature: Feature, states: States) -> dict[str, tuple[str, ...]]:
    """Return the states that a description gives by the names of findings ("weakness=none").

    So a packet that was written here says exactly what its terms say only nearly.
    """
    told = {k: tuple(v.split("|")) for k, v in feature.details.items() if k in states}
    return {k: said for k, said in told.items() if set(said) <= set(states[k])}


def _split(features: Iterable[Feature]) -> tuple[list[Feature], list[Feature]]:
    seen = [f for f in features if not f.excluded]
    return seen, [f for f in features if f.excluded]


def check_contradiction(features: Sequence[Feature], hpo: HpoMap) -> None:
    """Raise if a term is both observed and excluded, itself or by an excluded term above it."""
    seen, excluded = _split(features)
    gone = {hpo.canonical(no.code): no for no in excluded}
    for yes in seen if gone else ():
        for code in sorted(hpo.ancestors(yes.code) & gone.keys()):
            raise CaseError(f"contradictory case: {yes} is observed, yet {gone[code]} is excluded")


def observed_states(
    seen: Iterable[Feature],
    states: States,
    ordered: frozenset[str],
    hpo: HpoMap,
    warnings: list[str],
) -> dict[str, tuple[str, ...]]:
    """Return the states that the observed terms leave open, by finding.

    Terms of one finding narrow each other; where they exclude each other, the strongest state
    holds for an ordered finding, and either for another, with a warning.
    """
    claims: dict[str, list[tuple[Feature, set[str]]]] = defaultdict(list)
    for feature in seen:
        for finding, open_states in hpo.states(feature.code).items():
            if finding in states:
                claims[finding].append((feature, _at_site(finding, open_states, feature)))
    return {
        finding: _agree(finding, said, states[finding], finding in ordered, warnings)
        for finding, said in claims.items()
    }


def _at_site(finding: str, open_states: set[str], feature: Feature) -> set[str]:
    """Narrow where altered feeling lies by the site, when one is given."""
    if finding == SENSATION and len(open_states) > 1:
        told = set(sensory_states([feature.details.get("site", "")]))
        return open_states & told or open_states
    return open_states


def _agree(
    finding: str,
    said: list[tuple[Feature, set[str]]],
    states: tuple[str, ...],
    is_ordered: bool,
    warnings: list[str],
) -> tuple[str, ...]:
    common = set.intersection(*(open_states for _, open_states in said))
    if common:
        return tuple(s for s in states if s in common)
    either = [s for s in states if any(s in open_states for _, open_states in said)]
    if is_ordered:
        return (either[-1],)
    names = " and ".join(sorted({str(feature) for feature, _ in said}))
    warnings.append(f"{finding}: {names} say different things; either is allowed")
    return tuple(either)


def _described(
    seen: Iterable[Feature],
    states: States,
    hpo: HpoMap,
    allowed: Mapping[str, tuple[str, ...]],
    age_days: float | None,
) -> dict[str, tuple[str, ...]]:
    """Return what the descriptions say beyond their terms: how long, where, how it goes on."""
    told = {**_deficits(seen, hpo, age_days), **_twitching(seen, hpo, age_days)}
    return {k: v for k, v in told.items() if v and k in states and k not in allowed}


def _deficits(
    seen: Iterable[Feature], hpo: HpoMap, age_days: float | None
) -> dict[str, tuple[str, ...]]:
    """Return since when weakness and loss of feeling are there, on which side, and their course."""
    told: dict[str, tuple[str, ...]] = {}
    lost = [f for f in seen if DEFICITS & set(hpo.states(f.code))]
    lengths = [d for f in lost if (d := _duration(f, age_days)) is not None]
    if lengths:
        told[ONSET] = (duration_state(max(lengths)),)
    elif any(f.details.get("onset") == "sudden" for f in lost):
        told[ONSET] = ("hours",)
    if one_sided(f.details.get("site", "") for f in lost):
        told[ONE_SIDE] = ("yes",)
    if any(f.details.get("course") == "progressive" for f in lost):
        told[PROGRESS] = ("yes",)
    for feature in seen:
        set_by = hpo.states(feature.code)
        if SENSATION in set_by and says_mouth(feature.details.get("site", "")):
            told[MOUTH] = ("yes",)
        if "cramps" in set_by and "nocturnal" in feature.details.get("pattern", ""):
            told[NIGHT] = ("yes",)
    return told


def _twitching(
    seen: Iterable[Feature], hpo: HpoMap, age_days: float | None
) -> dict[str, tuple[str, ...]]:
    """Return how long twitching is there, how far it has spread, and where it is."""
    twitches = [f for f in seen if hpo.is_complaint(f.code)]
    if not twitches:
        return {}
    places = [f"{f.label} {f.details.get('site', '')}" for f in twitches]
    told: dict[str, tuple[str, ...]] = {COMPLAINT: ("yes",), SPREAD: spread_states(places)}
    lengths = [d for f in twitches if (d := _duration(f, age_days)) is not None]
    if lengths:
        told[DURATION] = (duration_state(max(lengths)),)
    if says_eyelid(places):
        told[EYELID] = ("yes",)
    return {
        **told,
        **dict.fromkeys(twitch_sites(f.details.get("site", "") for f in twitches), ("yes",)),
    }


def _duration(feature: Feature, age_days: float | None) -> float | None:
    stated = iso_days(feature.details.get("duration", ""))
    if stated is None and feature.lasted_days is not None:
        return feature.lasted_days
    if stated is None and age_days is not None and feature.onset_days is not None:
        return max(0.0, age_days - feature.onset_days)
    return stated


def _warn_beaten(
    finding: str,
    kept: tuple[str, ...],
    gone: set[str],
    seen: Iterable[Feature],
    excluded: Mapping[str, str],
    hpo: HpoMap,
    warnings: list[str],
) -> None:
    if not gone & set(kept):
        return
    yes = [str(f) for f in seen if finding in hpo.states(f.code)]
    no = [n for code, n in excluded.items() if _finding_of(hpo.covered(code)) & {finding}]
    warnings.append(
        f"{finding}: observed {', '.join(yes) or finding} kept over excluded {', '.join(no)}"
    )


def _finding_of(anchors: Iterable[Anchor]) -> set[str]:
    return {anchor.finding for anchor in anchors}


def _unused(excluded: Iterable[Feature], hpo: HpoMap, allowed: Mapping[str, object]) -> list[str]:
    """Return a note for each excluded term that is narrower than every finding it belongs to."""
    notes: list[str] = []
    for feature in excluded:
        covered = _finding_of(hpo.covered(feature.code))
        part = sorted((covered | set(hpo.states(feature.code))) - set(allowed))
        if part and not covered & set(allowed):
            notes.append(f"excluded {feature} is narrower than {', '.join(part)}: not used")
    return notes


def _found(
    allowed: Mapping[str, tuple[str, ...]],
    states: States,
    features: Sequence[Feature],
    hpo: HpoMap,
    warnings: list[str],
) -> Found:
    found = Found(warnings=tuple(warnings))
    for finding, left in allowed.items():
        if len(left) == 1:
            found.hard[finding] = left[0]
        elif left:
            found.soft[finding] = {s: float(s in left) for s in states[finding]}
    found.unmapped = tuple(f for f in features if not _is_known(f, hpo))
    return found


def _is_known(feature: Feature, hpo: HpoMap) -> bool:
    if feature.excluded:
        return bool(feature.code in hpo.below or hpo.covered(feature.code))
    return feature.code in hpo.below
