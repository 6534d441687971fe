"""Every number of a knowledge base with its place: `file: key.key`, as in the YAML."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from fascinet.model.cited import Figure, Odds, Place, Spread

NUMBERS = (Figure, Odds, Spread)
FILES = {
    "context": "context.yaml",
    "risks": "risks.yaml",
    "causes": "causes/{}.yaml",
    "mechanisms": "mechanisms.yaml",
    "findings": "findings.yaml",
    "tests": "tests.yaml",
}


def places(knowledge: Any) -> Iterator[Place]:
    """Yield every number of a `fascinet.model.schema.Knowledge`, file by file."""
    for part, file in FILES.items():
        records: Mapping[str, BaseModel] = getattr(knowledge, part)
        for name, record in records.items():
            key = "" if part == "causes" else name
            yield from walk(record, file.format(name), key)
    yield from walk(knowledge.unexplained, "mechanisms.yaml", "unexplained")


def walk(value: Any, file: str, key: str) -> Iterator[Place]:
    """Yield the numbers at or below a record, mapping or sequence."""
    if isinstance(value, NUMBERS):
        yield Place(f"{file}: {key}", value)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from walk(getattr(value, name), file, f"{key}.{name}".lstrip("."))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from walk(item, file, f"{key}.{name}".lstrip("."))
