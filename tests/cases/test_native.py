"""Native cases from published reports: the right answer first, and nobody falsely calmed."""

import csv
import json
from functools import cache
from pathlib import Path

import pytest

from fascinet.engine.clinic.differential import Differential
from fascinet.engine.clinic.evaluate import SERIOUS
from fascinet.engine.clinic.reasoner import shipped_reasoner

FOLDER = Path(__file__).parents[1] / "data" / "native"
ROWS = list(csv.DictReader((FOLDER / "truth.csv").read_text(encoding="utf-8").splitlines()))
SALTS, NERVES = "electrolyte_imbalance", "peripheral_neuropathy"


@cache
def answer(name: str) -> Differential:
    case = json.loads((FOLDER / "packets" / f"{name}.json").read_text(encoding="utf-8"))
    return shipped_reasoner().diagnose(case, tests=0, intervals=False)


def rank(row: dict[str, str]) -> int:
    order = [g.group for g in answer(row["case_id"]).groups]
    right = {row["primary_cause"], *row["other_accepted_causes"].split("|")} - {""}
    return min(order.index(group) for group in right) + 1


def single_rank(row: dict[str, str]) -> int:
    order = [e.cause for e in answer(row["case_id"]).differential]
    return min(order.index(cause) for cause in row["single_cause"].split("|")) + 1


def test_every_case_names_its_report_and_its_answer() -> None:
    files = {p.stem for p in (FOLDER / "packets").glob("*.json")}
    assert files == {row["case_id"] for row in ROWS} and len(ROWS) >= 60
    sources = [row["source"] for row in ROWS]
    assert len(set(sources)) == len(sources)
    assert all(s.startswith(("doi:10.", "pmid:")) for s in sources)
    known = shipped_reasoner().causes
    assert all(c in known for row in ROWS for c in row["single_cause"].split("|"))


def test_the_right_group_and_the_right_cause_come_first_in_most() -> None:
    groups, singles = [rank(row) for row in ROWS], [single_rank(row) for row in ROWS]
    assert sum(r == 1 for r in groups) >= 0.9 * len(ROWS)
    assert all(r <= 3 for r in groups)
    assert sum(r == 1 for r in singles) >= 0.8 * len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case_id"])
def test_a_serious_case_is_flagged_and_never_reassured(row: dict[str, str]) -> None:
    found = answer(row["case_id"])
    if row["primary_cause"] in SERIOUS:
        assert not found.reassurance
        assert found.red_flags or row["single_cause"] == "facial_nerve_compression"


@pytest.mark.parametrize("row", [r for r in ROWS if r["primary_cause"] == SALTS],
                         ids=lambda row: row["case_id"])  # fmt: skip
def test_a_disorder_of_the_salts_is_seen_to_the_same_day(row: dict[str, str]) -> None:
    found = answer(row["case_id"])
    assert found.red_flags[0].within in ("hours", "day")
    assert {"A8", "A9", "A10"} & {a.action for a in found.advice[:2]}
