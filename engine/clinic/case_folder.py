"""A folder of cases with their answers: `truth.csv`, and one Phenopacket or native case a file."""

import csv
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, TypeAlias

from fascinet.model.bounded import read_text
from fascinet.model.errors import CaseError, UnknownNameError
from fascinet.model.packet_kinds import one_person
from fascinet.model.phenopackets import Packet, looks_like_packet, parse_packet

Told: TypeAlias = Packet | Mapping[str, Any]
"""A case as it is told: a Phenopacket, or an object with the keys of a native case."""


@dataclass(frozen=True)
class Truth:
    """The answer to a case: its main cause, and others that are also right."""

    id: str
    primary: str
    accepted: frozenset[str] = frozenset()
    twitch_status: str = ""


def read_truth(path: Path) -> list[Truth]:
    """Read a table of answers.

    Raises
    ------
    CaseError
        If it is missing, or lacks a column.
    """
    try:
        rows = list(csv.DictReader(StringIO(read_text(path), newline=""), strict=True))
    except (OSError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise CaseError(f"{path}: cannot be read: {reason}") from None
    lacking = [c for c in ("case_id", "primary_cause") if rows and c not in rows[0]]
    if lacking or not rows:
        raise CaseError(f"{path}: expected columns case_id and primary_cause, and a row")
    truths = [_truth(row, f"{path}: row {k}") for k, row in enumerate(rows, 1)]
    twice = [name for name, count in Counter(t.id for t in truths).items() if count > 1]
    if twice:
        raise CaseError(f"{path}: {twice[0]!r} has two rows")
    return truths


def _truth(row: Mapping[str | None, Any], place: str) -> Truth:
    if None in row or not row["case_id"] or not row["primary_cause"]:
        raise CaseError(f"{place}: expected a case, its cause, and no cell beyond the header")
    others = (row.get("other_accepted_causes") or "").split("|")
    accepted = frozenset(key.strip() for key in others if key.strip())
    status = row.get("twitch_status") or ""
    return Truth(row["case_id"], row["primary_cause"], accepted, status)


def read_cases(folder: Path) -> dict[str, Told]:
    """Read every `*.json` in a folder, by file name; the answers are not looked at.

    Raises
    ------
    CaseError
        With the file's name, where a file holds neither a Phenopacket nor a native case.
    """
    return {path.stem: _told(path) for path in sorted(folder.glob("*.json"))}


def _told(path: Path) -> Told:
    from fascinet.model.read_case import load_json

    data = load_json(path)
    with named(path):
        data, _ = one_person(data)
        return parse_packet(data) if looks_like_packet(data) else data


@contextmanager
def named(file: object) -> Generator[None, None, None]:
    """Put the name of a case in front of what is wrong with it."""
    try:
        yield
    except (CaseError, UnknownNameError) as error:
        raise CaseError(f"{file}: {error}") from None


def id_of(told: Told) -> str:
    """Return the identifier that a case gives itself; empty if none."""
    return told.id if isinstance(told, Packet) else str(told.get("id") or "")


def places_of(folder: Path) -> tuple[Path, Path]:
    """Return the table of answers and the folder of packets, laid out in either way."""
    beside = folder.parent / f"truth_{folder.name}.csv"
    answers = folder / "truth.csv"
    cases = folder / "packets"
    return (
        answers if answers.exists() or not beside.exists() else beside,
        cases if cases.is_dir() else folder,
    )


def read_singles(path: Path) -> dict[str, frozenset[str]]:
    """Return the single causes that are right, by case, where the table of answers names them.

    The column is `single_cause`; several are split by |.
    """
    with path.open(encoding="utf-8-sig", newline="") as lines:
        told = {row["case_id"]: row.get("single_cause") or "" for row in csv.DictReader(lines)}
    return {k: frozenset(c.strip() for c in v.split("|")) for k, v in told.items() if v.strip()}
