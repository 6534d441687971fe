"""Read a GA4GH Phenopacket (v2, JSON) into a neutral record, without the protobuf package.

Read are `subject` (sex, age), `phenotypicFeatures`, and those `metaData.externalReferences` whose
id begins with `exposure:`. Nothing else is looked at: `diseases`, interpretations and the other
references can hold the answer. (Jacobsen et al. 2022, doi 10.1038/s41587-022-01357-4.)

The wire names are accepted in camelCase and in snake_case, as protobuf's JSON parser does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fascinet.model.errors import CaseError

EXPOSURE = "exposure:"
DAYS = {"Y": 365.25, "M": 30.4375, "W": 7.0, "D": 1.0}
CLOCK = {"H": 1 / 24, "M": 1 / 1440, "S": 1 / 86400}
ISO = re.compile(r"P(?P<date>(?:\d+(?:\.\d+)?[YMWD])*)(?:T(?P<time>(?:\d+(?:\.\d+)?[HMS])+))?")
SEXES = {"MALE": "male", "FEMALE": "female"}
SEX_CODES = ("UNKNOWN_SEX", "FEMALE", "MALE", "OTHER_SEX")


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
    """

    code: str
    label: str
    excluded: bool = False
    details: Mapping[str, str] = field(default_factory=dict)
    onset_days: float | None = None

    def __str__(self) -> str:
        return f"{self.label} ({self.code})" if self.label else self.code


@dataclass(frozen=True)
class Exposure:
    """A drug, substance or circumstance, present or absent."""

    name: str
    present: bool
    description: str = ""


@dataclass(frozen=True)
class Packet:
    """What a case may tell: never its answer."""

    id: str = ""
    sex: str | None = None
    age_days: float | None = None
    features: tuple[Feature, ...] = ()
    exposures: tuple[Exposure, ...] = ()


def iso_days(text: str) -> float | None:
    """Return an ISO 8601 duration in days (mean months and years), or None if it is none.

    >>> iso_days("P2W"), iso_days("PT12H"), iso_days("soon")
    (14.0, 0.5, None)
    """
    match = ISO.fullmatch(text.strip())
    if match is None or not (match["date"] or match["time"]):
        return None
    parts = [(match["date"], DAYS), (match["time"] or "", CLOCK)]
    return sum(
        float(number) * units[unit]
        for text, units in parts
        for number, unit in re.findall(r"(\d+(?:\.\d+)?)([YMWDHS])", text)
    )


def looks_like_packet(data: Mapping[str, Any]) -> bool:
    """Tell a Phenopacket from a native case."""
    return any(k in data for k in ("phenotypicFeatures", "phenotypic_features", "subject"))


def parse_packet(data: Mapping[str, Any]) -> Packet:
    """Return what a Phenopacket may tell.

    Raises
    ------
    CaseError
        On a part of the wrong shape; names the place and what was expected.
    """
    subject = _part(data, "subject", Mapping, {}, "")
    return Packet(
        id=_text(data, "id", ""),
        sex=_sex(subject),
        age_days=_age(_part(subject, "timeAtLastEncounter", Mapping, {}, "subject")),
        features=_features(data),
        exposures=_exposures(_part(data, "metaData", Mapping, {}, "")),
    )


def _features(data: Mapping[str, Any]) -> tuple[Feature, ...]:
    items = _part(data, "phenotypicFeatures", Sequence, (), "")
    return tuple(_feature(item, f"phenotypicFeatures[{i}]") for i, item in enumerate(items))


def _feature(item: Any, where: str) -> Feature:
    if not isinstance(item, Mapping):
        raise _shape(where, "an object", item)
    term = _part(item, "type", Mapping, None, where)
    if not term or not _text(term, "id", f"{where}.type"):
        raise _shape(f"{where}.type.id", "a term such as HP:0002380", term)
    excluded = item.get("excluded", False)
    if not isinstance(excluded, bool):
        raise _shape(f"{where}.excluded", "true or false", excluded)
    return Feature(
        _text(term, "id", f"{where}.type"), _text(term, "label", f"{where}.type"), excluded,
        parse_details(_text(item, "description", where)),
        _age(_part(item, "onset", Mapping, {}, where)),
    )  # fmt: skip


def parse_details(text: str) -> dict[str, str]:
    """Return the `key=value` parts of a description, split by `;`.

    >>> parse_details("duration=P3M; site=both calves; worse at night")
    {'duration': 'P3M', 'site': 'both calves'}
    """
    parts = [part.partition("=") for part in text.split(";")]
    return {key.strip(): value.strip() for key, mark, value in parts if mark}


def _exposures(meta: Mapping[str, Any]) -> tuple[Exposure, ...]:
    found: list[Exposure] = []
    for i, item in enumerate(_part(meta, "externalReferences", Sequence, (), "metaData")):
        where = f"metaData.externalReferences[{i}]"
        if not isinstance(item, Mapping):
            raise _shape(where, "an object", item)
        name = _text(item, "id", where)
        if not name.startswith(EXPOSURE):
            continue
        reference = _text(item, "reference", where)
        if reference not in ("present", "absent"):
            raise _shape(f"{where}.reference", "'present' or 'absent'", reference)
        text = _text(item, "description", where)
        found.append(Exposure(name.removeprefix(EXPOSURE), reference == "present", text))
    return tuple(found)


def _sex(subject: Mapping[str, Any]) -> str | None:
    value = subject.get("sex", "UNKNOWN_SEX")
    if isinstance(value, int) and 0 <= value < len(SEX_CODES):
        value = SEX_CODES[value]
    if value not in SEX_CODES:
        raise _shape("subject.sex", "one of " + ", ".join(SEX_CODES), value)
    return SEXES.get(value)


def _age(time: Mapping[str, Any]) -> float | None:
    age = _part(time, "age", Mapping, {}, "")
    if not age:
        span = _part(time, "ageRange", Mapping, {}, "")
        age = _part(span, "start", Mapping, {}, "ageRange")
    text = _text(age, "iso8601duration", "age")
    if not text:
        return None
    days = iso_days(text)
    if days is None:
        raise _shape("age.iso8601duration", "an ISO 8601 duration such as P63Y", text)
    return days


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), name)


def _part(data: Mapping[str, Any], name: str, kind: type, default: Any, where: str) -> Any:
    """Return a part of the packet by either of its wire names, checked for its kind."""
    value = data.get(name, data.get(_snake(name)))
    if value is None:
        return default
    if not isinstance(value, kind) or isinstance(value, str):
        wanted = "an object" if kind is Mapping else "a list"
        raise _shape(f"{where}.{name}".lstrip("."), wanted, value)
    return value


def _text(data: Mapping[str, Any], name: str, where: str) -> str:
    value = data.get(name, data.get(_snake(name)))
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _shape(f"{where}.{name}".lstrip("."), "a text", value)
    return value


def _shape(where: str, wanted: str, got: Any) -> CaseError:
    shown = repr(got)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return CaseError(f"phenopacket: {where}: expected {wanted}, got {shown}")
