"""Every command on good input."""

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
NETWORK = DATA / "networks" / "asia.bif.gz"
CASE = DATA / "cases" / "packets" / "sh-033.json"
FEW = ["-f", "weakness=objective", "-f", "atrophy=yes"]  # all coalitions of many take seconds
GROUPS = {
    "muscle_fatigue_overexertion", "electrolyte_imbalance", "stress_anxiety", "drugs_substances",
    "als", "peripheral_neuropathy", "multiple_sclerosis", "dystonia",
    "nerve_compression_radiculopathy", "benign_fasciculation_syndrome", "other",
}  # fmt: skip
KEYS = {"model", "setting", "evidence", "log_prob_evidence", "conflict", "rank", "differential",
        "groups", "red_flags", "next_tests", "warnings"}  # fmt: skip
ENTRY = {"cause", "label", "group", "prior", "posterior", "interval", "responsibility",
         "weight_of_evidence_db", "must_not_miss"}  # fmt: skip


@pytest.fixture(scope="module")
def found(process: Callable) -> dict:
    return process("diagnose", CASE, "--format", "json").json()


def test_diagnose_has_every_field_of_the_contract(found: dict) -> None:
    assert set(found) >= KEYS
    assert set(found["model"]) >= {"name", "version", "hash"}
    assert set(found["evidence"]) >= {"hard", "soft", "unmapped"}
    assert all(set(e) >= ENTRY for e in found["differential"])
    assert {g["group"] for g in found["groups"]} == GROUPS and len(found["groups"]) == 11
    assert all(set(g) >= {"group", "score", "posterior"} for g in found["groups"])
    flag, test = found["red_flags"][0], found["next_tests"][0]
    assert set(flag) >= {"id", "level", "text", "article"}
    assert set(test) >= {"finding", "label", "expected_gain_bits", "cost", "score"}
    assert all(set(u) >= {"code", "label"} for u in found["evidence"]["unmapped"])


def test_diagnose_is_sorted_and_consistent(found: dict) -> None:
    scores = [g["score"] for g in found["groups"]]
    ranked = [e["responsibility"] for e in found["differential"]]
    assert scores == sorted(scores, reverse=True) and ranked == sorted(ranked, reverse=True)
    for e in found["differential"]:
        assert 0 <= e["interval"][0] <= e["posterior"] <= e["interval"][1] <= 1
        assert 0 <= e["responsibility"] <= 1
        if min(e["prior"], e["posterior"]) > 1e-9 and max(e["prior"], e["posterior"]) < 1 - 1e-9:
            odds = [p / (1 - p) for p in (e["posterior"], e["prior"])]
            want = 10 * math.log10(odds[0] / odds[1])
            assert e["weight_of_evidence_db"] == pytest.approx(want, abs=1e-4)


def test_a_published_case_of_als_comes_first_with_a_flag(found: dict) -> None:
    assert found["groups"][0]["group"] == "als"
    assert any(flag["level"] == "urgent" for flag in found["red_flags"])


def test_diagnose_answers_as_a_query_with_the_evidence_it_shows(
    found: dict, fascinet: Callable
) -> None:
    evidence = {"evidence": found["evidence"]["hard"], "soft": found["evidence"]["soft"]}
    asked = fascinet(
        "query", "shipped", "--evidence", "-", "--format", "json",
        stdin=json.dumps(evidence).encode(),
    ).json()  # fmt: skip
    assert asked["log_prob_evidence"] == pytest.approx(found["log_prob_evidence"], abs=1e-9)
    als = next(e for e in found["differential"] if e["cause"] == "als")
    assert asked["posteriors"]["als"]["yes"] == pytest.approx(als["posterior"], abs=1e-9)


def test_diagnose_from_options_stdin_and_settings(fascinet: Callable) -> None:
    options = ["-f", "weakness=objective", "-f", "atrophy=yes", "--format", "json"]
    by_option = fascinet("diagnose", *options).json()
    case = b'{"weakness": "objective", "atrophy": "yes"}'
    by_stdin = fascinet("diagnose", "-", "--format", "json", stdin=case).json()
    assert by_option == by_stdin
    clinic = fascinet("diagnose", *options, "--setting", "neuromuscular_clinic").json()
    assert clinic["setting"] == "neuromuscular_clinic"
    als = [next(e for e in d["differential"] if e["cause"] == "als") for d in (by_option, clinic)]
    assert als[1]["prior"] > als[0]["prior"]


@pytest.mark.parametrize("rank", ["posterior", "harm"])
def test_diagnose_ranks_otherwise(fascinet: Callable, rank: str) -> None:
    got = fascinet("diagnose", CASE, "--rank", rank, "--format", "json").json()
    assert got["rank"] == rank
    scores = [g["score"] for g in got["groups"]]
    assert scores == sorted(scores, reverse=True)
    if rank == "posterior":
        assert all(g["score"] == g["posterior"] for g in got["groups"])


def test_an_intervention_changes_the_network(fascinet: Callable) -> None:
    done = fascinet(
        "diagnose", "-f", "weakness=none", "--do", "caffeine_excess=no", "--format", "json"
    ).json()
    entry = next(e for e in done["differential"] if e["cause"] == "caffeine_excess")
    assert entry["posterior"] == 0.0 and done["evidence"]["do"] == {"caffeine_excess": "no"}


def test_tables_are_for_people(fascinet: Callable) -> None:
    said = fascinet("diagnose", CASE)
    assert said.code == 0 and "teaching" in said.out and not said.err
    assert "URGENT" in said.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", *FEW], ["explain", *FEW, "--target", "ms"], ["next", CASE],
        ["sensitivity", *FEW, "--target", "als"],
        ["whatif", "-f", "palpitations_jitter=yes", "--do", "caffeine_excess=no"],
        ["info"], ["info", NETWORK], ["check"], ["query", NETWORK, "--targets", "lung,tub"],
    ],
    ids=lambda a: " ".join(str(x) for x in a[:1] + a[2:]),
)  # fmt: skip
def test_both_formats(fascinet: Callable, arguments: list) -> None:
    assert fascinet(*arguments, "--format", "json").json() is not None
    said = fascinet(*arguments)
    assert said.code == 0 and said.out.strip() and not said.err


def test_query_is_exact(fascinet: Callable) -> None:
    got = fascinet("query", NETWORK, "--targets", "lung", "--format", "json").json()
    assert got["posteriors"]["lung"]["yes"] == pytest.approx(0.055, abs=1e-12)
    assert got["log_prob_evidence"] == 0.0


def test_convert_and_back(fascinet: Callable, tmp_path: Path) -> None:
    for name in ("a.json", "b.xdsl", "c.bif"):
        assert fascinet("convert", NETWORK, tmp_path / name).code == 0
        got = fascinet("query", tmp_path / name, "--targets", "dysp", "--format", "json").json()
        assert got["posteriors"]["dysp"]["yes"] == pytest.approx(0.4359706, abs=1e-9)


def test_evaluate_to_the_contract(fascinet: Callable, tmp_path: Path) -> None:
    (tmp_path / "packets").mkdir()
    rows = (DATA / "cases" / "truth.csv").read_text().splitlines()[:4]
    (tmp_path / "truth.csv").write_text("\n".join(rows) + "\n")
    for row in rows[1:]:
        name = f"{row.split(',')[0]}.json"
        (tmp_path / "packets" / name).write_bytes((DATA / "cases/packets" / name).read_bytes())
    got = fascinet("evaluate", tmp_path, "--format", "json").json()
    assert got["n"] == 3 and len(got["cases"]) == 3
    blank = fascinet("evaluate", tmp_path, "--blank-tests", "--format", "json").json()
    assert blank["n"] == 3
    assert fascinet("evaluate", tmp_path).code == 0


def test_help_names_every_command(fascinet: Callable) -> None:
    said = fascinet("--help")
    for name in ("diagnose", "explain", "next", "whatif", "sensitivity", "query", "cohort",
                 "evaluate", "convert", "info", "check", "dashboard"):  # fmt: skip
        assert name in said.out


def test_import_brings_in_no_library() -> None:
    code = "import sys, fascinet; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    heavy = {"numpy", "core", "networkx", "pandas", "pydantic", "typer", "streamlit", "pgmpy"}
    assert not heavy & set(done.stdout.split())


def test_age_is_given_in_years(fascinet: Callable) -> None:
    found = fascinet("diagnose", "-f", "age=62", "-f", "atrophy=yes", "--format", "json").json()
    assert found["evidence"]["hard"]["age_group"] == "60+"
