"""Read `data/` into a `Knowledge`: parse, then shape. Checks of sense are in `validate`."""

import csv
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from fascinet.model.errors import KnowledgeError
from fascinet.model.schema import Knowledge

ROOT = Path(__file__).resolve().parent.parent / "data"
ENTRY = re.compile(r"@(\w+)\s*\{\s*([^,\s]+)\s*,(.*?)\n\}", re.DOTALL)
FIELD = re.compile(r"^\s*(\w+)\s*=\s*\{(.*)\}\s*,?\s*$", re.MULTILINE)
KEYED = ("context", "risks", "mechanisms", "findings", "tests", "sessions")
LISTED = ("red_flags", "actions", "vignettes")

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(_BASE):
    """Safe YAML in which only true and false are truth values: `yes` and `no` are states."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:bool"]
    for first, rules in _BASE.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def load_knowledge(path: str | Path | None = None) -> Knowledge:
    """Return the knowledge base in a folder; the shipped one by default.

    Raises
    ------
    KnowledgeError
        With file, place and remedy, if a file cannot be read or does not fit the schema.
    """
    return _load(Path(path or shipped_folder()).resolve())


def shipped_folder() -> Path:
    """Return the folder of the shipped knowledge base, in a checkout or an installed package."""
    if (ROOT / "knowledge.yaml").is_file():
        return ROOT
    from importlib.resources import files

    return Path(str(files("fascinet.data")))


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
        With the line, if it is missing or not YAML.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=Loader) or {}
    except OSError as error:
        raise KnowledgeError([f"{path}: cannot be read: {error.strerror}"]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}" if mark else "unknown line"
        raise KnowledgeError([f"{path}: {line}: not YAML: {error.problem}"]) from None


def raw_knowledge(folder: Path) -> dict[str, Any]:
    """Return the content of all files as one mapping, ids put into their records."""
    raw: dict[str, Any] = dict(read_yaml(folder / "knowledge.yaml"))
    for part in KEYED:
        raw[part] = read_yaml(folder / f"{part}.yaml")
    raw["unexplained"] = raw["mechanisms"].pop("unexplained", None)
    for part in KEYED:
        raw[part] = {k: {"id": k, **v} for k, v in raw[part].items()}
    raw["causes"] = dict(raw_causes(folder))
    for part in LISTED:
        raw[part] = read_yaml(folder / f"{part}.yaml") or []
    raw["utilities"] = read_yaml(folder / "utilities.yaml")
    statements = read_yaml(folder / "statements.yaml")
    raw["statements"] = {k: {"id": k, **v} for k, v in statements.items()}
    raw["exposures"] = read_yaml(folder / "exposures.yaml")
    raw["expectations"] = read_yaml(folder / "expectations.yaml")
    raw["lay_words"] = read_yaml(folder / "lay_words.yaml")
    raw["fitted"] = read_yaml(folder / "fitted_priors.yaml")
    raw["sources"] = read_bibliography(folder / "sources.bib")
    raw["hpo_unmapped"] = read_unmapped(folder / "hpo_unmapped.csv")
    return raw


def raw_causes(folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield id and content of every illness script, in the order of `knowledge.yaml`'s groups."""
    for path in sorted((folder / "causes").glob("*.yaml")):
        content = read_yaml(path)
        yield content.get("id", path.stem), content


def read_bibliography(path: Path) -> dict[str, Mapping[str, Any]]:
    """Return the entries of a BibTeX file: one field a line, braces around values."""
    text = path.read_text(encoding="utf-8")
    return {
        key: {"key": key, "kind": kind, "fields": dict(FIELD.findall(body))}
        for kind, key, body in ENTRY.findall(text)
    }


def read_unmapped(path: Path) -> dict[str, str]:
    """Return term and reason of every HPO term that is known to set nothing."""
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["code"]: row["reason"] for row in csv.DictReader(lines)}
