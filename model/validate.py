"""Check a knowledge base: parse, then shape, then sense; all issues, never only the first."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fascinet.model.errors import KnowledgeError, shown
from fascinet.model.issue import Issue
from fascinet.model.load import raw_knowledge, shipped_folder
from fascinet.model.positions import Positions
from fascinet.model.rules import RULES
from fascinet.model.rules_base import Finding as Found
from fascinet.model.rules_base import file_of
from fascinet.model.schema import Knowledge

SHAPE_REMEDIES = {
    "missing": "add the key",
    "extra_forbidden": "remove the key, or correct its spelling (CONTRIBUTING.md lists the keys)",
    "literal_error": "use one of the values that the message names",
    "float_parsing": "write a number",
    "float_type": "write a number",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
}
REPAIRS = 20


def check(folder: str | Path | None = None) -> tuple[Issue, ...]:
    """Return all issues of a knowledge base, errors first; empty if there is none.

    Parameters
    ----------
    folder : path, optional
        The shipped knowledge base by default.
    """
    checker = Checker(Path(folder) if folder is not None else shipped_folder())
    issues = dict.fromkeys(checker.issues())
    return tuple(sorted(issues, key=lambda i: (i.level, i.where)))


class Checker:
    """Goes through one folder; places are found once per file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._positions: dict[str, Positions] = {}

    def issues(self) -> Iterator[Issue]:
        """Yield every issue."""
        yield from self._repeated_keys()
        try:
            raw = raw_knowledge(self.folder)
        except KnowledgeError as error:
            for line in error.issues:
                yield self._unreadable(str(line))
            return
        yield from self._misplaced_ids(raw)
        knowledge, faults = self._shape(raw)
        yield from faults
        if knowledge is None:
            return
        for rule in RULES:
            yield from self._sense(rule, knowledge)

    # ---------------------------------------------------------------- stages

    def _unreadable(self, line: str) -> Issue:
        where, _, message = line.rpartition(": not YAML: ")
        name, _, place = (where or line).removeprefix(f"{self.folder}/").partition(": ")
        number = place.removeprefix("line ")
        where = f"{name}:{number}" if place.startswith("line") else name
        text = f"not YAML: {message}" if message and place.startswith("line") else line
        return Issue("error", "yaml", where, text, "correct the file's syntax, or restore the file")

    def _repeated_keys(self) -> Iterator[Issue]:
        for path in sorted(self.folder.rglob("*.yaml")):
            name = path.relative_to(self.folder).as_posix()
            for key, line in self.positions(name).repeated:
                yield Issue(
                    "error", "duplicate_key", f"{name}:{line}: {'.'.join(key)}",
                    "the key is there twice, and only the last would count", "remove one of them",
                )  # fmt: skip

    def _misplaced_ids(self, raw: dict[str, Any]) -> Iterator[Issue]:
        for path in sorted((self.folder / "causes").glob("*.yaml")):
            name = f"causes/{path.name}"
            line = self.positions(name).line(("id",))
            if path.stem not in raw["causes"] or raw["causes"][path.stem].get("id") != path.stem:
                yield Issue(
                    "error", "duplicate_id", f"{name}:{line}: id",
                    f"expected the id {path.stem!r}, as the file is named",
                    "give the file its own id; two causes must not share one",
                )  # fmt: skip

    def _shape(self, raw: dict[str, Any]) -> tuple[Knowledge | None, list[Issue]]:
        """Return the knowledge without the records that do not fit, and why they do not."""
        issues: list[Issue] = []
        for _ in range(REPAIRS):
            try:
                return Knowledge.model_validate(raw), issues
            except ValidationError as error:
                for fault in error.errors():
                    issues.append(self._misshapen(fault))
                    if not _leave_out(raw, fault["loc"]):
                        return None, issues
        return None, issues

    def _misshapen(self, fault: Any) -> Issue:
        keys = tuple(str(key) for key in fault["loc"])
        part, rest = keys[0], keys[1:]
        name, place = (f"causes/{rest[0]}.yaml", rest[1:]) if part == "causes" else file_of(keys)
        place = tuple(key for key in place if not key.startswith("function-"))
        remedy = SHAPE_REMEDIES.get(fault["type"], "write what the message expects")
        last = place[-1] if place else name
        return Issue(
            "error", "missing" if fault["type"] == "missing" else "schema",
            self.where(name, place),
            f"{last}: {fault['msg'].lower()}, got {_short(fault['input'])}", remedy,
        )  # fmt: skip

    def _sense(self, rule: Callable[..., Iterator[Found]], knowledge: Knowledge) -> Iterator[Issue]:
        name = rule.__name__
        try:
            for found in rule(knowledge, self.folder):
                where = self.where(found.file, found.place)
                yield Issue(found.level, name, where, found.message, found.remedy)
        except KeyError as error:  # a record that does not fit was left out, or never was there
            key = shown(error.args[0]) if error.args else "a name"
            yield Issue(
                "error", name, "knowledge.yaml",
                f"this cannot be checked: {key} is not declared, or its record does not fit",
                f"declare {key}, or correct its record",
            )  # fmt: skip

    # ---------------------------------------------------------------- places

    def positions(self, name: str) -> Positions:
        """Return the places of one file."""
        if name not in self._positions:
            self._positions[name] = Positions(self.folder / name)
        return self._positions[name]

    def where(self, name: str, place: tuple[str, ...]) -> str:
        """Return file, line and place as one text."""
        if not name.endswith(".yaml"):
            return f"{name}: {'.'.join(place)}".rstrip(": ")
        line = self.positions(name).line(place)
        return f"{name}:{line}: {'.'.join(place)}".rstrip(": ")


def _leave_out(raw: dict[str, Any], loc: tuple[Any, ...]) -> bool:
    """Remove the record that a fault lies in; return whether there was one."""
    if len(loc) < 2:
        return False
    part = raw.get(str(loc[0]))
    if isinstance(part, dict):
        part.pop(loc[1], None)
        return True
    if isinstance(part, list) and isinstance(loc[1], int):
        raw[str(loc[0])] = [item for i, item in enumerate(part) if i != loc[1]]
        return True
    return False


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
