"""The commands on teaching cases, as a teacher types them."""

import json
from pathlib import Path

import jsonschema
import pytest

from fascinet.cli import run
from tests.teaching.test_authoring import TEXT

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "schemas" / "output.schema.json").read_text()
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASCINET_CASES", str(tmp_path / "cases"))
    path = tmp_path / "eyelid.yaml"
    path.write_text(TEXT)
    return path


def test_a_case_is_checked_kept_handed_out_and_deleted(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lesson", "list"]) == 0
    assert "no case is kept" in capsys.readouterr().out
    assert run(["lesson", "check", str(file), "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    jsonschema.validate(rows, {**SCHEMA, "$ref": "#/$defs/lesson_check"})
    assert [r["told"] for r in rows] == ["the story", "eyelid_twitch=yes", "weakness=none"]
    assert run(["lesson", "save", str(file)]) == 0
    assert run(["lesson", "save", str(file), "--replace", "the-eyelid.json"]) == 0
    capsys.readouterr()
    assert run(["lesson", "list", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    jsonschema.validate(listed, {**SCHEMA, "$ref": "#/$defs/lesson_list"})
    assert listed == [{"name": "the-eyelid.json", "title": "The <eyelid>", "problem": ""}]
    sheet, answers = file.with_name("sheet.html"), file.with_name("answers.pdf")
    assert run(["lesson", "handout", "the-eyelid.json", str(sheet)]) == 0
    assert run(["lesson", "handout", "the-eyelid.json", str(answers), "--answers"]) == 0
    assert "The &lt;eyelid&gt;" in sheet.read_text()
    assert answers.read_bytes().startswith(b"%PDF")
    assert run(["lesson", "delete", "the-eyelid.json"]) == 0
    assert list((file.parent / "cases").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check", "the-eyelit.json"], "did you mean 'the-eyelid.json'"),
        (["check", "/nowhere/x.yaml"], "no such file"),
        (["delete", "../x.json"], "unknown case of your library"),
        (["handout", "the-eyelid.json", "sheet.doc"], "did you mean '.pdf'"),
        (["handout", "the-eyelid.json", "/nowhere/x.html"], "cannot be written"),
    ],
)
def test_a_slip_is_one_line(
    file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert run(["lesson", "save", str(file)]) == 0
    capsys.readouterr()
    assert run(["lesson", *arguments]) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert (said.out, len(said.err.strip().splitlines())) == ("", 1)


def test_a_case_that_is_impossible_is_not_kept(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(TEXT.replace("cause: als", "cause: alz"))
    assert run(["lesson", "save", str(file)]) == 2
    assert "als" in capsys.readouterr().err
    assert not (file.parent / "cases").exists()
