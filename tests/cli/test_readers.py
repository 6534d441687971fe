"""What the readers take and say, through the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
ASIA = DATA / "networks" / "asia.bif.gz"
ASSUMED = "twitching is not mentioned: it is assumed present"


def test_query_takes_uai_evidence(fascinet: Callable, tmp_path: Path) -> None:
    (tmp_path / "e.evid").write_text("1 0 0\n")
    (tmp_path / "e.json").write_text('{"asia": "yes"}')
    said = [
        fascinet("query", ASIA, "--evidence", tmp_path / f"e.{kind}", "--format", "json").json()
        for kind in ("evid", "json")
    ]
    assert said[0] == said[1]


def test_convert_takes_an_encoding(fascinet: Callable, tmp_path: Path) -> None:
    text = 'network n {} variable "Größe" { type discrete[1] { x }; } '
    text += 'probability ( "Größe" ) { table 1; }'
    (tmp_path / "n.bif").write_text(text, encoding="latin-1")
    refused = fascinet("convert", tmp_path / "n.bif", tmp_path / "n.json")
    assert refused.is_bad_input()
    assert "expected UTF-8 text" in refused.err
    done = fascinet("convert", tmp_path / "n.bif", tmp_path / "n.json", "--encoding", "latin-1")
    assert done.code == 0
    assert json.loads((tmp_path / "n.json").read_text())["variables"][0]["name"] == "Größe"


@pytest.mark.parametrize(
    ("command", "more"),
    [("diagnose", []), ("next", []), ("explain", []), ("sensitivity", []),
     ("whatif", ["--do", "caffeine_excess=no"])],
)  # fmt: skip
def test_what_is_assumed_is_said_in_every_output(
    fascinet: Callable, command: str, more: list[str]
) -> None:
    given = ["-f", "weakness=objective", *more]
    assert ASSUMED in fascinet(command, *given, "--format", "json").json()["warnings"]
    table = fascinet(command, *given)
    assert table.err == ""
    assert f"Note: {ASSUMED}" in " ".join(table.out.split())
    told = [*given, "-f", "twitching=yes"]
    assert ASSUMED not in fascinet(command, *told, "--format", "json").json()["warnings"]


def test_twitching_alone_is_a_case(fascinet: Callable) -> None:
    assert fascinet("diagnose", "-f", "twitching=yes", "--format", "json").code == 0


def test_a_finding_goes_before_what_a_file_leaves_open(fascinet: Callable, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"weakness": "objective"}')
    told = fascinet(
        "diagnose", tmp_path / "c.json", "-f", "twitching=no", "--format", "json"
    ).json()
    assert told["evidence"]["hard"]["twitching"] == "no"
    assert ASSUMED not in told["warnings"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("c.json", '{"members": [{}]}', "a Cohort of 1"),
        ("c.json", '{"resourceType": "Bundle", "entry": []}', "FHIR"),
        ("c.json", '{"findings": {"weakness": ' + "9" * 5000 + "}}", "not JSON"),
        ("c.json", '{"findings": {"weakness": "\\ud800"}}', "half a character"),
        ("c.yaml", "a: " + "[" * 10_000, "c.yaml:1: not YAML: nested deeper than 64"),
        ("c.pb", "not a message", "not a Phenopacket"),
    ],
)
def test_bad_cases_are_one_line(
    fascinet: Callable, tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content)
    result = fascinet("diagnose", tmp_path / name)
    assert result.is_bad_input()
    assert said in result.err


def test_a_device_without_end_is_refused(fascinet: Callable) -> None:
    result = fascinet("diagnose", "/dev/zero")
    assert result.is_bad_input()
    assert "expected at most 8,388,608 bytes" in result.err


def test_yaml_comes_through_a_pipe(fascinet: Callable) -> None:
    told = b"# a case\n---\nid: p\nphenotypicFeatures:\n- type: {id: 'HP:0003202'}\n"
    found = fascinet("diagnose", "-", "--format", "json", stdin=told).json()
    assert found["evidence"]["hard"]["atrophy"] == "yes"


def test_query_matches_numbers_and_truth_values_to_states(
    fascinet: Callable, tmp_path: Path
) -> None:
    text = "network n {} variable a { type discrete[2] { 0, 1 }; } "
    text += "variable b { type discrete[2] { False, True }; } "
    text += "probability ( a ) { table 0.5, 0.5; } "
    text += "probability ( b | a ) { (0) 0.9, 0.1; (1) 0.2, 0.8; }"
    (tmp_path / "n.bif").write_text(text)
    (tmp_path / "e.json").write_text('{"b": true}')
    query = ("query", tmp_path / "n.bif", "--format", "json", "--evidence", tmp_path / "e.json")
    assert fascinet(*query).json()["posteriors"]["a"]["1"] == pytest.approx(0.8 / 0.9)
    (tmp_path / "e.json").write_text('{"b": [true]}')
    assert fascinet(*query).is_bad_input()
