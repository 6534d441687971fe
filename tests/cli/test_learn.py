"""`fascinet learn`: a table of cases in, a network out."""

import json
from pathlib import Path

import pandas as pd
import pytest

import fascinet as fn
from fascinet.cli import run

ROWS = "id,smoke,bronc\n1,yes,yes\n2,no,\n3,no,no\n4,,yes\n"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(ROWS)
    return path


def test_the_network_written_is_that_of_the_function(people: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "learnt.json"
    command = ["learn", "asia", str(people), str(out), "--sample-size", "2", "--format", "json"]
    assert run(command) == 0
    said = capsys.readouterr()
    assert "left out (not network variables): id" in said.err
    frame = pd.read_csv(people)[["smoke", "bronc"]]
    want = fn.learn(fn.example("asia"), frame, sample_size=2.0)
    got = fn.load(out)
    assert got.hash == want.network.hash
    assert got.meta["smoke"]["ranges"][0][0][0] == want.network.meta["smoke"]["ranges"][0][0][0]
    told = json.loads(said.out)
    assert told["cases"] == 4
    silent = {row["variable"] for row in told["silent"]}
    assert not silent & {"smoke", "bronc"}
    assert {"asia", "lung", "dysp"} <= silent


def test_a_table_for_people_shows_the_largest_changes_first(people, tmp_path, capsys) -> None:
    assert (
        run(["learn", "asia", str(people), str(tmp_path / "out.json"), "--variables", "bronc"]) == 0
    )
    said = capsys.readouterr().out
    assert "4 figures learnt from 4 cases" in said
    assert "log likelihood" in said


def test_bad_rows_and_names_are_refused_and_nothing_is_written(people, tmp_path, capsys) -> None:
    out = tmp_path / "out.json"
    people.write_text("smoke,bronc\nyes,yes\nmaybe,no\n")
    assert run(["learn", "asia", str(people), str(out)]) == 2
    assert "row 2 (line 3)" in capsys.readouterr().err
    people.write_text("smoek\nyes\n")
    assert run(["learn", "asia", str(people), str(out)]) == 2
    assert "did you mean 'smoke'" in capsys.readouterr().err
    assert not out.exists()
    people.write_text(ROWS)
    assert run(["learn", "asia", str(people), str(people.with_suffix(".json"))]) == 0
    learnt = people.with_suffix(".json")
    assert run(["learn", str(learnt), str(people), str(people.with_name("again.json"))]) == 0


def test_the_shipped_knowledge_is_written_as_a_folder_and_changes_as_a_table(
    tmp_path: Path, capsys
) -> None:
    table = tmp_path / "clinic.csv"
    table.write_text("high_stress,weakness\nyes,none\nyes,\nno,objective\n")
    out, changes = tmp_path / "new data", tmp_path / "changes.csv"
    command = ["learn", "shipped", str(table), str(out), "--variables", "high_stress"]
    assert run([*command, "--changes", str(changes)]) == 0
    assert "1 figure written" in capsys.readouterr().err
    text = (out / "risks.yaml").read_text()
    assert 'where: "clinic.csv, 3 cases"' in text and "source: learned" in text
    frame = pd.read_csv(changes)
    assert frame["variable"].unique().tolist() == ["high_stress"]
    assert {"before", "value", "low", "high", "count", "worth"} <= set(frame.columns)
    assert run(command) == 2
    assert "expected a new or empty folder" in capsys.readouterr().err
