"""The case library: published cases and composed vignettes, opened as findings."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from fascinet.dashboard import service
from fascinet.dashboard.state import Case
from fascinet.dashboard.words import listed, mid
from fascinet.model.case import COMPLAINT
from fascinet.model.case import Case as ModelCase
from fascinet.model.errors import CaseError, FascinetError, OptionError
from fascinet.model.load import shipped_folder
from fascinet.model.read_case import YAML_SUFFIXES, parse_case
from fascinet.model.schema import Finding

UPLOAD_LIMIT = 2_000_000
CHIEF = 2  # complaints that a case is listed under


@dataclass(frozen=True)
class Entry:
    """One case of the library.

    Attributes
    ----------
    id, diagnosis, cause, citation, url : str
        As the table of answers has them.
    accepted : frozenset of str
        Groups that also count as right.
    composed : bool
        Written for teaching, not a published patient.
    path : Path
        Its Phenopacket.
    """

    id: str
    diagnosis: str
    cause: str
    accepted: frozenset[str]
    citation: str
    url: str
    composed: bool
    path: Path

    @property
    def link(self) -> str:
        """DOI, PMID or page of the source."""
        if self.url:
            return self.url
        pmid = self.citation.split("PMID:")[-1].split()[0] if "PMID:" in self.citation else ""
        return f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/" if pmid.isdigit() else ""


@dataclass(frozen=True)
class Opened:
    """A case read from a file.

    Attributes
    ----------
    case : dashboard Case
    missed : tuple of str
        What the file says and the network has no variable for.
    warnings : tuple of str
    """

    case: Case
    missed: tuple[str, ...]
    warnings: tuple[str, ...]


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """Return the library, published cases first; empty where it was not shipped."""
    root = shipped_folder() / "cases"
    tables = (("truth.csv", "packets", False), ("truth_composed.csv", "composed", True))
    return tuple(e for file, folder, made in tables for e in _table(root, file, folder, made))


def _table(root: Path, file: str, folder: str, composed: bool) -> list[Entry]:
    path = root / file
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return [_entry(row, root / folder, composed) for row in csv.DictReader(lines)]


def _entry(row: Mapping[str, str], folder: Path, composed: bool) -> Entry:
    accepted = {row["primary_cause"], *row["other_accepted_causes"].split("|")} - {""}
    return Entry(
        row["case_id"], row["diagnosis"], row["primary_cause"], frozenset(accepted),
        row["citation"], row["url"], composed, folder / f"{row['case_id']}.json",
    )  # fmt: skip


def open_entry(entry: Entry) -> Opened:
    """Read a case of the library."""
    return _opened(service.resources().reasoner.read(entry.path, strict=False))


@lru_cache(maxsize=512)
def blind(entry: Entry) -> str:
    """Return a case by age, sex and chief complaint, so that its name does not give it away."""
    try:
        case = open_entry(entry).case
    except FascinetError:
        return f"{entry.id}: cannot be read"
    known = service.resources()
    values = case.values
    sex = {"male": "man", "female": "woman"}.get(values.get("sex", ""), "person")
    age = f", {values['age_group']}" if "age_group" in values else ""
    told = [v for v, s in case.hard if s != known.resting.get(v) and v in known.knowledge.findings]
    found = [_complaint(known.knowledge.findings[v]) for v in told if _is_complaint(v)]
    complaint = listed(found[:CHIEF]) or "muscle twitching"
    return f"{entry.id}: {sex}{age}, {complaint}"


def _is_complaint(variable: str) -> bool:
    """Say whether a person may come for it: not for a duration, nor for what an examiner finds."""
    record = service.resources().knowledge.findings[variable]
    timed = record.states[0] not in {"no", "none"} or "days" in record.states
    return variable != COMPLAINT and not timed and record.by == "history"


def _complaint(record: Finding) -> str:
    """Return a finding as the person says it, without what only a doctor would add."""
    return mid(record.patient_label or record.label).split(" (")[0].lower()


def open_upload(data: bytes, name: str = "case.json") -> Opened:
    """Read an uploaded Phenopacket or native case; a name in .yaml or .yml says that it is YAML.

    Raises
    ------
    CaseError
        With one clear line: too large, not text, not JSON, too deep, not a case.
    FascinetError
        What reading the case itself raises.
    """
    if len(data) > UPLOAD_LIMIT:
        raise CaseError(f"the file has {len(data):,} bytes; a case has at most {UPLOAD_LIMIT:,}")
    parsed = parse_case(data, "the file", yaml=name.lower().endswith(YAML_SUFFIXES))
    return _opened(service.resources().reasoner.read(parsed, strict=True))


def _opened(read: ModelCase) -> Opened:
    known = service.resources()
    states = known.catalogue.states
    hard = tuple((v, s) for v, s in read.hard.items() if v in states and v != "setting")
    soft = tuple((v, tuple(x.items())) for v, x in read.soft.items() if v in states)
    dropped = [v for v in (*read.hard, *read.soft) if v not in states and v != "setting"]
    dropped += [f"the intervention {v}={s}" for v, s in read.do.items()]
    missed = [f"{u.label or u.code} ({u.code})" for u in read.unmapped] + dropped
    setting = read.setting or read.hard.get("setting") or Case().setting
    settings = known.network.states("setting")
    if setting not in settings:
        raise OptionError("setting", setting, settings)
    return Opened(Case(setting, hard, soft), tuple(missed), tuple(read.warnings))


def save(case: Case) -> str:
    """Return the case as native JSON, which the command line and this page read."""
    native: dict[str, Any] = {"setting": case.setting, "findings": case.evidence}
    if case.soft_evidence:
        native["soft"] = case.soft_evidence
    return json.dumps(native, indent=1)
