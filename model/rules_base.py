"""What the rules share: the record that they yield, and how places are found."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic import BaseModel

from fascinet.model.schema import Figure, Knowledge, Odds, Spread

PARTS = ("context", "risks", "mechanisms", "findings", "tests")


class Finding(NamedTuple):
    """What a rule has found: level, file, place in it, message, remedy."""

    file: str
    place: tuple[str, ...]
    message: str
    remedy: str
    level: str = "error"


def file_of(keys: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the file of a part of the knowledge, and the place in it.

    >>> file_of(("findings", "pain", "leak"))
    ('findings.yaml', ('pain', 'leak'))
    """
    part, rest = keys[0], tuple(keys[1:])
    if part == "unexplained":
        return "mechanisms.yaml", ("unexplained", *rest)
    if part == "fitted":
        return "fitted_priors.yaml", rest
    if part in ("name", "version", "hpo_release"):
        return "knowledge.yaml", (part,)
    if part == "sources":
        return "sources.bib", rest
    if part == "hpo_unmapped":
        return "hpo_unmapped.csv", rest
    return f"{part}.yaml", rest


def records(knowledge: Knowledge) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Yield file, place and record of everything declared."""
    for name, cause in knowledge.causes.items():
        yield f"causes/{name}.yaml", (), cause
    for part in PARTS:
        for name, record in getattr(knowledge, part).items():
            yield f"{part}.yaml", (name,), record
    yield "mechanisms.yaml", ("unexplained",), knowledge.unexplained
    yield "utilities.yaml", (), knowledge.utilities


def numbers(
    value: Any, place: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Figure | Odds | Spread]]:
    """Yield place and number for all numbers at or below a record."""
    if isinstance(value, Figure | Odds | Spread):
        yield place, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from numbers(getattr(value, name), (*place, name))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from numbers(item, (*place, str(name)))


def all_numbers(
    knowledge: Knowledge,
) -> Iterator[tuple[str, tuple[str, ...], Figure | Odds | Spread]]:
    """Yield file, place and number."""
    for file, place, record in records(knowledge):
        for at, number in numbers(record, place):
            yield file, at, number


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a remedy that names the nearest valid names."""
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"write {' or '.join(close)}, or add {name} first"
    return f"write one of: {', '.join(sorted(known)[:8])}{', …' if len(known) > 8 else ''}"
