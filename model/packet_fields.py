"""Fields of a Phenopacket: either spelling of their names, kinds, times.

The wire names are accepted in camelCase and in snake_case, as protobuf's JSON parser does.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fascinet.model.errors import CaseError, shown

DAYS = {"Y": 365.25, "M": 30.4375, "W": 7.0, "D": 1.0}
CLOCK = {"H": 1 / 24, "M": 1 / 1440, "S": 1 / 86400}
NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
ISO = re.compile(rf"P(?P<date>(?:{NUMBER}[YMWD])*)(?:T(?P<time>(?:{NUMBER}[HMS])+))?")
LONGEST = 120
STAMP = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d)?)?")
DAY = 86400.0


def iso_days(text: str) -> float | None:
    """Return an ISO 8601 duration in days (mean months and years), or None if it is none.

    >>> iso_days("P2W"), iso_days("PT12H"), iso_days("soon")
    (14.0, 0.5, None)
    """
    match = ISO.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if match is None or not (match["date"] or match["time"]):
        return None
    parts = [(match["date"], DAYS), (match["time"] or "", CLOCK)]
    return sum(
        float(number) * units[unit]
        for text, units in parts
        for number, unit in re.findall(r"(\d+(?:\.\d+)?)([YMWDHS])", text)
    )


@dataclass(frozen=True)
class Moment:
    """When something was: an age in days, a date in days, or words that set neither.

    `until` is the end of a range of ages, None for a single age.
    """

    age: float | None = None
    date: float | None = None
    until: float | None = None
    words: str = ""

    @property
    def told(self) -> bool:
        """Whether anything is said at all."""
        return self.age is not None or self.date is not None or bool(self.words)

    def at_age(self, born: float | None) -> float | None:
        """Return the age in days, from the date of birth where only a date is given."""
        if self.age is None and self.date is not None and born is not None:
            return self.date - born
        return self.age


def moment(time: Mapping[str, Any], where: str) -> Moment:
    """Return what a time element says; of an interval or a range, its start.

    Raises
    ------
    CaseError
        On an age or a timestamp that is none.
    """
    if age := part(time, "age", Mapping, {}, where):
        return Moment(_age(age, f"{where}.age"))
    if span := part(time, "ageRange", Mapping, {}, where):
        start, end = (part(span, k, Mapping, {}, f"{where}.ageRange") for k in ("start", "end"))
        ages = [_age(x, f"{where}.ageRange") if x else None for x in (start, end)]
        return Moment(ages[0] if ages[0] is not None else ages[1], until=ages[1])
    if (stamp := field(time, "timestamp")) is not None:
        return Moment(date=date_days(stamp, f"{where}.timestamp"))
    if span := part(time, "interval", Mapping, {}, where):
        start = field(span, "start", field(span, "end"))
        return Moment(date=None if start is None else date_days(start, f"{where}.interval"))
    return Moment(words=_words(time, where))


def _words(time: Mapping[str, Any], where: str) -> str:
    """Return what a time element says in words that set neither age nor date."""
    named = part(time, "ontologyClass", Mapping, {}, where)
    if named:
        return text(named, "label", where) or text(named, "id", where)
    return "gestational age" if part(time, "gestationalAge", Mapping, {}, where) else ""


def _age(age: Mapping[str, Any], where: str) -> float:
    said = text(age, "iso8601duration", where) or text(age, "age", where)  # version 1 has age
    days = iso_days(said)
    if days is None:
        raise wrong(f"{where}.iso8601duration", "an ISO 8601 duration such as P63Y", said)
    return days


def date_days(stamp: Any, where: str) -> float:
    """Return a timestamp (RFC 3339, or a protobuf message's seconds) in days since 1970."""
    seconds = stamp.get("seconds") if isinstance(stamp, Mapping) else None
    if isinstance(seconds, str) and re.fullmatch(r"-?\d{1,14}", seconds):
        seconds = int(seconds)
    if isinstance(seconds, int) and abs(seconds) < 10**14:
        return seconds / DAY
    match = STAMP.match(stamp) if isinstance(stamp, str) else None
    try:
        at = datetime.fromisoformat(match[0]) if match else None
    except ValueError:
        at = None
    if at is None:
        raise wrong(where, "a timestamp such as 2021-06-30T00:00:00Z", stamp)
    return at.replace(tzinfo=UTC).timestamp() / DAY


def snake(name: str) -> str:
    """Return the snake_case spelling of a wire name."""
    return re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), name)


def field(data: Mapping[str, Any], name: str, default: Any = None) -> Any:
    """Return a field by either of its wire names."""
    value = data.get(name)
    value = data.get(snake(name)) if value is None else value
    return default if value is None else value


def part(data: Mapping[str, Any], name: str, kind: type, default: Any, where: str) -> Any:
    """Return a part of the packet, checked for its kind."""
    value = field(data, name)
    if value is None:
        return default
    if not isinstance(value, kind) or isinstance(value, str | bytes):
        wanted = "an object" if kind is Mapping else "a list"
        raise wrong(f"{where}.{name}".lstrip("."), wanted, value)
    return value


def text(data: Mapping[str, Any], name: str, where: str) -> str:
    """Return a text of the packet; empty where it is not given."""
    value = field(data, name, "")
    if not isinstance(value, str):
        raise wrong(f"{where}.{name}".lstrip("."), "a text", value)
    return value


def truth(data: Mapping[str, Any], name: str, where: str) -> bool:
    """Return a truth value of the packet; False where it is not given."""
    value = field(data, name, False)
    if not isinstance(value, bool):
        raise wrong(f"{where}.{name}", "true or false", value)
    return value


def number(data: Mapping[str, Any], name: str, where: str) -> float | None:
    """Return a finite number of the packet, also one written as text; None where not given."""
    value = field(data, name)
    if value is None:
        return None
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise wrong(f"{where}.{name}", "a number", value)
    return found


def term(data: Mapping[str, Any], name: str, where: str) -> tuple[str, str]:
    """Return code and label of an ontology class; empty where it is not given."""
    found = part(data, name, Mapping, {}, where)
    inside = f"{where}.{name}"
    return text(found, "id", inside).strip(), text(found, "label", inside)


def wrong(where: str, wanted: str, got: Any) -> CaseError:
    """Return the error of a part of the wrong shape."""
    return CaseError(f"phenopacket: {where}: expected {wanted}, got {shown(got)}")
