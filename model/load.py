"""Read `data/` into a `Knowledge`: parse, then shape. Checks of sense are in `validate`."""

import csv
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fascinet.model.bounded import read_text, why
from fascinet.model.errors import KnowledgeError, shown
from fascinet.model.prebuilt import DATA
from fascinet.model.schema import Knowledge
from fascinet.model.yaml_text import YamlError, parse_yaml

ENTRY = re.compile(r"\s*@(\w+)\s*\{\s*([^,\s]+)\s*,(.*)")
FIELD = re.compile(r"\s*(\w+)\s*=\s*\{(.*)\}\s*,?\s*")
KEYED = ("context", "risks", "mechanisms", "findings", "tests", "sessions")
LISTED = ("red_flags", "actions", "vignettes")


def load_knowledge(path: str | Path | None = None) -> Knowledge:
    """Return the knowledge base in a folder; the shipped one by default.

    Raises
    ------
    KnowledgeError
        With file, place and remedy, if a file cannot be read or does not fit the schema.
    """
    return _load(Path(path or DATA).resolve())


def shipped_folder() -> Path:
    """Return the folder of the shipped knowledge base."""
    return DATA


@lru_cache(maxsize=4)
def _load(folder: Path) -> Knowledge:
    raw = raw_knowledge(folder)
    try:
        return Knowledge.model_validate(raw)
    except ValidationError as error:
        raise KnowledgeError(
            [describe(folder, e["loc"], e["msg"]) for e in error.errors()]
        ) from None


def describe(folder: Path, place: tuple[Any, ...], message: str) -> str:
    """Return one line for a value that does not fit the schema."""
    keys = [str(key) for key in place]
    name = f"causes/{keys[1]}.yaml" if keys[0] == "causes" and len(keys) > 1 else f"{keys[0]}.yaml"
    rest = keys[2:] if keys[0] == "causes" else keys[1:]
    return f"{folder / name}: {'.'.join(rest)}: {message}"


def read_yaml(path: Path) -> Any:
    """Return the content of one YAML file.

    Raises
    ------
    KnowledgeError
        With the line, if it is missing, not YAML, or larger or deeper than is read.
    """
    try:
        return parse_yaml(_text(path)) or {}
    except YamlError as error:
        line = f"line {error.line}" if error.line else "unknown line"
        message = " ".join(str(error).split())
        raise KnowledgeError([f"{path}: {line}: not YAML: {message}"]) from None


def read_mapping(path: Path) -> dict[str, Any]:
    """Return the content of one YAML file that holds names and records (see `read_yaml`)."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise KnowledgeError([f"{path}: expected names with their records, got {shown(content)}"])
    return content


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except OSError as error:
        raise KnowledgeError([f"{path}: cannot be read: {why(error)}"]) from None


def raw_knowledge(folder: Path) -> dict[str, Any]:
    """Return the content of all files as one mapping, ids put into their records."""
    raw: dict[str, Any] = dict(read_mapping(folder / "knowledge.yaml"))
    for part in KEYED:
        raw[part] = read_mapping(folder / f"{part}.yaml")
    raw["unexplained"] = raw["mechanisms"].pop("unexplained", None)
    for part in KEYED:
        raw[part] = _with_ids(raw[part])
    raw["causes"] = dict(raw_causes(folder))
    for part in LISTED:
        raw[part] = read_yaml(folder / f"{part}.yaml") or []
    raw["utilities"] = read_mapping(folder / "utilities.yaml")
    raw["statements"] = _with_ids(read_mapping(folder / "statements.yaml"))
    raw["exposures"] = read_mapping(folder / "exposures.yaml")
    raw["expectations"] = read_yaml(folder / "expectations.yaml")
    raw["lay_words"] = read_mapping(folder / "lay_words.yaml")
    raw["fitted"] = read_mapping(folder / "fitted_priors.yaml")
    raw["sources"] = read_bibliography(folder / "sources.bib")
    raw["hpo_unmapped"] = read_unmapped(folder / "hpo_unmapped.csv")
    return raw


def _with_ids(records: Mapping[str, Any]) -> dict[str, Any]:
    """Return records that carry their names; what is no record is left for the schema to name."""
    return {k: {"id": k, **v} if isinstance(v, dict) else v for k, v in records.items()}


def raw_causes(folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield id and content of every illness script, in the order of `knowledge.yaml`'s groups."""
    for path in sorted((folder / "causes").glob("*.yaml")):
        content = read_mapping(path)
        name = content.get("id", path.stem)
        yield name if isinstance(name, str) else path.stem, content


def read_bibliography(path: Path) -> dict[str, Mapping[str, Any]]:
    """Return the entries of a BibTeX file: one field a line, braces around values.

    An entry ends with a brace at the beginning of a line.
    """
    found: dict[str, Mapping[str, Any]] = {}
    fields: dict[str, str] | None = None
    for line in _text(path).splitlines():
        if line.startswith("}"):
            fields = None
        elif fields is None and (head := ENTRY.fullmatch(line)):
            fields, line = {}, head[3]
            found[head[2]] = {"key": head[2], "kind": head[1], "fields": fields}
        if fields is not None and (given := FIELD.fullmatch(line)):
            fields[given[1]] = given[2]
    return found


def read_unmapped(path: Path) -> dict[str, str]:
    """Return term and reason of every HPO term that is known to set nothing."""
    rows = csv.DictReader(_text(path).splitlines())
    try:
        return {row["code"]: row["reason"] or "" for row in rows}
    except (KeyError, csv.Error):
        raise KnowledgeError([f"{path}: expected a table with columns code and reason"]) from None
