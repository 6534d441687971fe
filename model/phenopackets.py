"""Read a GA4GH Phenopacket (v1 or v2) into a neutral record, without the protobuf package.

Read are `subject` (sex, age), `phenotypicFeatures`, `measurements` with their reference ranges,
and those `metaData.externalReferences` whose id begins with `exposure:`. `diseases`,
interpretations, genes, variants and the other references can hold the answer: they are not looked
at. All else that the packet says of the person is listed as not used. (Jacobsen et al. 2022,
doi 10.1038/s41587-022-01357-4.)

Version 1 has names of its own (`negated`, `ageAtCollection`, `ageOfOnset`, ...): they are read
as those of version 2, whatever version the packet states.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fascinet.model.errors import CaseError, shown
from fascinet.model.hpo import normal_code
from fascinet.model.packet_fields import (
    DAYS,
    Moment,
    date_days,
    iso_days,
    moment,
    number,
    part,
    snake,
    term,
    text,
    truth,
    wrong,
)  # fmt: skip
from fascinet.model.packet_fields import field as field_of

__all__ = ["DAYS", "iso_days"]

EXPOSURE = "exposure:"
SEXES = {"MALE": "male", "FEMALE": "female"}
SEX_CODES = ("UNKNOWN_SEX", "FEMALE", "MALE", "OTHER_SEX")
HUMAN = "NCBITaxon:9606"
ANSWERS = frozenset(("diseases", "interpretations", "genes", "variants"))
TELLING = ("phenotypicFeatures", "subject", "measurements", "medicalActions", "metaData",
           "diseases", "interpretations")  # fmt: skip
ACTIONS = (  # not the target of a treatment, which is the disease
    "treatment", "procedure", "radiationTherapy", "radiation_therapy", "therapeuticRegimen",
    "therapeutic_regimen",
)  # fmt: skip
READ = frozenset(("id", "subject", "phenotypicFeatures", "measurements", "metaData"))
SUBJECT = frozenset(("id", "sex", "timeAtLastEncounter", "dateOfBirth", "alternateIds", "taxonomy"))
FEATURE = frozenset(
    "type excluded description onset resolution severity modifiers evidence".split()
)
VERSION_ONE = {
    "subject": {
        "ageAtCollection": ("timeAtLastEncounter", "age"),
        "ageRangeAtCollection": ("timeAtLastEncounter", "ageRange"),
    },
    "feature": {
        "negated": ("excluded", ""),
        "ageOfOnset": ("onset", "age"),
        "ageRangeOfOnset": ("onset", "ageRange"),
        "classOfOnset": ("onset", "ontologyClass"),
    },
}


@dataclass(frozen=True)
class Feature:
    """One phenotypic feature.

    Attributes
    ----------
    code, label : str
        The term.
    excluded : bool
        Looked for and not found.
    details : mapping
        The `key=value` parts of the description (duration, site, pattern, course).
    onset_days : float or None
        Age at onset, in days.
    lasted_days : float or None
        Time from onset to the last encounter, in days, where dates tell it.
    """

    code: str
    label: str
    excluded: bool = False
    details: Mapping[str, str] = field(default_factory=dict)
    onset_days: float | None = None
    lasted_days: float | None = None

    def __str__(self) -> str:
        return f"{self.label} ({self.code})" if self.label else self.code


@dataclass(frozen=True)
class Exposure:
    """A drug, substance or circumstance, present or absent."""

    name: str
    present: bool
    description: str = ""


@dataclass(frozen=True)
class Measurement:
    """A measured value with its reference range, None where an end is open.

    `code` is the assay's. `problem` says why the value cannot be compared, if it cannot; `units`
    are those of the value and of its range.
    """

    code: str
    label: str
    value: float = 0.0
    low: float | None = None
    high: float | None = None
    problem: str = ""
    units: tuple[str, str] = ("", "")

    def __str__(self) -> str:
        return f"{self.label} ({self.code})" if self.label else self.code


@dataclass(frozen=True)
class Unused:
    """Something that a packet says and that sets nothing, with the reason."""

    code: str
    label: str
    reason: str


@dataclass(frozen=True)
class Packet:
    """What a case may tell: never its answer."""

    id: str = ""
    sex: str | None = None
    age_days: float | None = None
    features: tuple[Feature, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    unused: tuple[Unused, ...] = ()
    age_until_days: float | None = None


def looks_like_packet(data: Mapping[str, Any]) -> bool:
    """Tell a Phenopacket from a native case."""
    return any(name in data or snake(name) in data for name in TELLING)


def parse_packet(data: Mapping[str, Any]) -> Packet:
    """Return what a Phenopacket may tell.

    Raises
    ------
    CaseError
        On a part of the wrong shape, or a version that is neither 1 nor 2; names the place and
        what was expected.
    """
    meta = part(data, "metaData", Mapping, {}, "")
    check_version(meta)
    unused = list(_others(data, READ | ANSWERS, ""))
    subject = modern(part(data, "subject", Mapping, {}, ""), "subject", "subject")
    unused += _subject_unused(subject)
    seen = moment(part(subject, "timeAtLastEncounter", Mapping, {}, "subject"), "subject.time")
    born = field_of(subject, "dateOfBirth")
    born = None if born is None else date_days(born, "subject.dateOfBirth")
    age = _age(seen, born, unused)
    features = list(_features(data, Moment(age, seen.date), born, unused))
    return Packet(
        id=text(data, "id", ""), sex=_sex(subject, unused), age_days=age,
        features=tuple(features), exposures=_exposures(meta),
        measurements=tuple(_measurements(data)), unused=tuple(unused), age_until_days=seen.until,
    )  # fmt: skip


def check_version(meta: Mapping[str, Any]) -> None:
    """Raise unless the packet states version 1 or 2, or none."""
    version = field_of(meta, "phenopacketSchemaVersion", "")
    said = re.match(r"v?(\d+)(?:\.|$)", version) if isinstance(version, str) else None
    if isinstance(version, int | float) and not isinstance(version, bool):
        said = re.match(r"(\d+)", str(version))  # a YAML packet may leave the quotes off
    if version != "" and (said is None or said[1] not in ("1", "2")):
        raise wrong("metaData.phenopacketSchemaVersion", "1.x or 2.x", version)


def modern(data: Mapping[str, Any], kind: str, where: str) -> Mapping[str, Any]:
    """Return a part with the names of version 1 turned into those of version 2."""
    found = dict(data)
    for old, (new, inner) in VERSION_ONE[kind].items():
        value = field_of(data, old)
        for name in (old, snake(old)):
            found.pop(name, None)
        if value is None:
            continue
        value = {inner: value} if inner else value
        given = field_of(data, new)
        if given is not None and given != value:
            raise CaseError(f"phenopacket: {where}: {old} and {new} say different things")
        found[new] = value
    return found


def _others(data: Mapping[str, Any], known: frozenset[str], where: str) -> Iterator[Unused]:
    """Yield what is given under a name that is not read."""
    names = known | {snake(name) for name in known}
    for name, value in data.items():
        if name in names or value in (None, "", [], {}):
            continue
        place = f"{where}.{name}".lstrip(".")
        if name in ("medicalActions", "medical_actions"):
            yield from _actions(value, place)
        else:
            yield Unused(shown(place, 80).strip("'"), "", "not read from a Phenopacket")


def _actions(value: Any, place: str) -> Iterator[Unused]:
    """Yield the medical actions: a treatment may hold the answer, so that none is used."""
    for item in value if isinstance(value, Sequence) and not isinstance(value, str) else ():
        parts = item if isinstance(item, Mapping) else {}
        code, label = _first_term({k: parts[k] for k in ACTIONS if k in parts})
        yield Unused(code or place, label, "medical action: not used")
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise wrong(place, "a list", value)


def _first_term(item: Any, depth: int = 0) -> tuple[str, str]:
    """Return the first ontology class inside an object, not deep."""
    if not isinstance(item, Mapping) or depth > 4:
        return "", ""
    if isinstance(code := item.get("id"), str):
        label = item.get("label")
        return code, label if isinstance(label, str) else ""
    return next(filter(any, (_first_term(x, depth + 1) for x in item.values())), ("", ""))


def _subject_unused(subject: Mapping[str, Any]) -> Iterator[Unused]:
    yield from _others(subject, SUBJECT, "subject")
    code, label = term(subject, "taxonomy", "subject")
    if code and code != HUMAN:
        yield Unused(code, label, "the network is about humans")


def _sex(subject: Mapping[str, Any], unused: list[Unused]) -> str | None:
    value = field_of(subject, "sex", "UNKNOWN_SEX")
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(SEX_CODES):
        value = SEX_CODES[value]
    if not isinstance(value, str) or value not in SEX_CODES:
        raise wrong("subject.sex", "one of " + ", ".join(SEX_CODES), value)
    if value == "OTHER_SEX":
        unused.append(Unused("subject.sex", value, "the network knows male and female"))
    return SEXES.get(value)


def _age(seen: Moment, born: float | None, unused: list[Unused]) -> float | None:
    """Return the age at the last encounter, in days."""
    age = seen.at_age(born)
    if age is not None and age < 0:
        raise CaseError("phenopacket: subject: the last encounter is before the date of birth")
    if age is None and seen.words:
        unused.append(Unused("subject.timeAtLastEncounter", seen.words, "sets no age"))
    elif age is None and seen.date is not None:
        reason = "a date without a date of birth sets no age"
        unused.append(Unused("subject.timeAtLastEncounter", "", reason))
    elif age is None and born is not None:
        reason = "sets no age without the time of an encounter"
        unused.append(Unused("subject.dateOfBirth", "", reason))
    return age


# ---------------------------------------------------------------- features


def _features(
    data: Mapping[str, Any], now: Moment, born: float | None, unused: list[Unused]
) -> Iterator[Feature]:
    for i, item in enumerate(part(data, "phenotypicFeatures", Sequence, (), "")):
        where = f"phenotypicFeatures[{i}]"
        if not isinstance(item, Mapping):
            raise wrong(where, "an object", item)
        item = modern(item, "feature", where)
        found = _feature(item, where, now, born, unused)
        if found.excluded or not _resolved(item, where, now, born):
            yield found
        else:
            reason = "resolved before the last encounter: not used"
            unused.append(Unused(found.code, found.label, reason))


def _feature(
    item: Mapping[str, Any], where: str, now: Moment, born: float | None, unused: list[Unused]
) -> Feature:
    code, label = term(item, "type", where)
    if not code:
        raise wrong(f"{where}.type.id", "a term such as HP:0002380", item.get("type"))
    unused += _others(item, FEATURE, where)
    unused += _shades(item, where, label or code)
    onset = moment(part(item, "onset", Mapping, {}, where), f"{where}.onset")
    if onset.words:
        unused.append(Unused(f"{where}.onset", onset.words, f"sets no age at onset of {label}"))
    lasted = None
    if now.date is not None and onset.date is not None:
        lasted = max(0.0, now.date - onset.date)
    return Feature(
        normal_code(code), label, truth(item, "excluded", where),
        parse_details(text(item, "description", where)), onset.at_age(born), lasted,
    )  # fmt: skip


def _shades(item: Mapping[str, Any], where: str, name: str) -> Iterator[Unused]:
    """Yield severity and modifiers: no variable takes them up."""
    code, label = term(item, "severity", where)
    if code:
        yield Unused(normal_code(code), label, f"severity of {name}: not used")
    for k, other in enumerate(part(item, "modifiers", Sequence, (), where)):
        code, label = term({"modifier": other}, "modifier", f"{where}.modifiers[{k}]")
        yield Unused(normal_code(code), label, f"modifier of {name}: not used")


def _resolved(item: Mapping[str, Any], where: str, now: Moment, born: float | None) -> bool:
    """Tell whether a feature was over before the last encounter."""
    told = part(item, "resolution", Mapping, {}, where)
    if not told:
        return False
    over = moment(told, f"{where}.resolution")
    age = over.at_age(born)
    if now.date is not None and over.date is not None:
        return over.date <= now.date
    return over.told and (age is None or now.age is None or age <= now.age)


def parse_details(text: str) -> dict[str, str]:
    """Return the `key=value` parts of a description, split by `;`.

    >>> parse_details("duration=P3M; site=both calves; worse at night")
    {'duration': 'P3M', 'site': 'both calves'}
    """
    parts = [part.partition("=") for part in text.split(";")]
    return {key.strip(): value.strip() for key, mark, value in parts if mark}


def _exposures(meta: Mapping[str, Any]) -> tuple[Exposure, ...]:
    found: list[Exposure] = []
    for i, item in enumerate(part(meta, "externalReferences", Sequence, (), "metaData")):
        where = f"metaData.externalReferences[{i}]"
        if not isinstance(item, Mapping):
            raise wrong(where, "an object", item)
        name = text(item, "id", where)
        if not name.startswith(EXPOSURE):
            continue
        reference = text(item, "reference", where)
        if reference not in ("present", "absent"):
            raise wrong(f"{where}.reference", "'present' or 'absent'", reference)
        told = text(item, "description", where)
        found.append(Exposure(name.removeprefix(EXPOSURE), reference == "present", told))
    return tuple(found)


# ---------------------------------------------------------------- measurements


def _measurements(data: Mapping[str, Any]) -> Iterator[Measurement]:
    for i, item in enumerate(part(data, "measurements", Sequence, (), "")):
        where = f"measurements[{i}]"
        if not isinstance(item, Mapping):
            raise wrong(where, "an object", item)
        code, label = term(item, "assay", where)
        value = part(item, "value", Mapping, {}, where)
        quantity = part(value, "quantity", Mapping, {}, f"{where}.value")
        yield _measured(code or where, label, quantity, f"{where}.value.quantity")


def _measured(code: str, label: str, quantity: Mapping[str, Any], where: str) -> Measurement:
    value = number(quantity, "value", where)
    span = part(quantity, "referenceRange", Mapping, {}, where)
    if value is None:
        return Measurement(code, label, problem="no quantity: not used")
    inside = f"{where}.referenceRange"
    low, high = number(span, "low", inside), number(span, "high", inside)
    units = (_unit(quantity, where), _unit(span, inside))
    if low is not None and high is not None and low > high:
        raise wrong(inside, "a low end below the high one", f"{low:g} to {high:g}")
    return Measurement(code, label, value, low, high, "", units)


def _unit(data: Mapping[str, Any], where: str) -> str:
    """Return a unit's code without the name of its system."""
    code, label = term(data, "unit", where)
    return code.rpartition(":")[2] or label
