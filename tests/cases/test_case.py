"""Native cases: accepted forms, and what is wrong with the others."""

import json
import math
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fascinet.model.case import Case, CaseRules, age_band
from fascinet.model.errors import CaseError, FascinetError
from fascinet.model.hpo import parse_map
from fascinet.model.phenopackets import iso_days
from fascinet.model.read_case import read_case

HEAD = "# test\ncode,label,relation,finding,state,anchor\n"
TABLE = HEAD + "HP:0001324,Muscle weakness,below,weakness,objective,HP:0001324\n"
STATES = {
    "setting": ("general", "primary_care"),
    "age_group": ("18-39", "40-59", "60+"),
    "sex": ("female", "male"),
    "weakness": ("none", "subjective", "objective"),
    "twitching": ("no", "yes"),
    "caffeine_excess": ("no", "yes"),
}
RULES = CaseRules(
    STATES, {v: s[0] for v, s in STATES.items()}, frozenset({"weakness"}),
    parse_map(StringIO(TABLE)), {"caffeine": {True: {"caffeine_excess": "yes"}, False: {}}},
    {"tobacco": "no link to twitching"},
)  # fmt: skip


@pytest.mark.parametrize(
    "given_as",
    [
        {"weakness": "objective"},
        {"findings": {"weakness": "objective"}},
        {"evidence": {"weakness": "objective"}},
    ],
)
def test_accepted_forms(given_as: dict[str, Any], tmp_path: Path) -> None:
    want = {"weakness": "objective", "twitching": "yes"}
    assert read_case(given_as, RULES).hard == want
    path = tmp_path / "case.json"
    path.write_text(json.dumps(given_as), encoding="utf-8-sig")
    assert read_case(path, RULES).hard == read_case(str(path), RULES).hard == want


def test_person_setting_and_intervention() -> None:
    case = read_case(
        {"findings": {"weakness": "none"}, "age": 63, "sex": "male", "setting": "general",
         "do": {"caffeine_excess": "no"}, "soft": {"twitching": {"yes": 0.7, "no": 0.2}}},
        RULES,
    )  # fmt: skip
    assert case.hard == {"weakness": "none", "age_group": "60+", "sex": "male"}
    assert (case.setting, case.do) == ("general", {"caffeine_excess": "no"})
    assert case.soft == {"twitching": {"no": 0.2, "yes": 0.7}}


def test_a_flat_case_may_name_the_person() -> None:
    case = read_case({"weakness": "objective", "age": 30, "sex": "female"}, RULES)
    assert case.hard["age_group"] == "18-39" and case.hard["weakness"] == "objective"


def test_missing_is_unknown_and_truth_values_are_states() -> None:
    case = read_case({"weakness": None, "caffeine_excess": True}, RULES)
    assert case.hard == {"caffeine_excess": "yes", "twitching": "yes"}


def test_exposures_set_their_variables_or_are_listed() -> None:
    case = read_case({"exposures": {"caffeine": "present", "tobacco": "absent"}}, RULES)
    assert case.hard["caffeine_excess"] == "yes"
    assert case.unmapped[0].code == "exposure:tobacco"
    assert case.unmapped[0].reason == "no link to twitching"


def test_children_are_read_as_the_youngest_band_with_a_warning() -> None:
    case = read_case({"findings": {"weakness": "none"}, "age": 9}, RULES)
    assert case.hard["age_group"] == "18-39" and "9" in case.warnings[0]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({}, "empty case"),
        ({"age": 3}, "empty case"),
        ({"weaknes": "objective"}, "did you mean 'weakness'"),
        ({"weakness": "objectiv"}, "did you mean 'objective'"),
        ({"findings": {"weakness": 3}}, "weakness"),
        ({"findings": [1]}, "findings: expected an object"),
        (
            {"findings": {"weakness": "none"}, "evidence": {"weakness": "objective"}},
            "contradictory",
        ),
        ({"findings": {"weakness": "none"}, "age": "old"}, "age"),
        ({"findings": {"weakness": "none"}, "age": math.nan}, "age"),
        ({"findings": {"weakness": "none"}, "sex": "man"}, "'sex' 'man'"),
        ({"findings": {"weakness": "none"}, "fndings": {}}, "key of a case 'fndings'"),
        ({"soft": {"weakness": 1}}, "soft: weakness"),
        ({"soft": {"weakness": {"none": -1}}}, "number"),
        ({"soft": {"weakness": {"nun": 1}}}, "'nun'"),
        ({"exposures": {"caffeine": "maybe"}}, "present"),
        ({"phenotypicFeatures": [{"type": {"id": "HP:1", "label": "Zebra"}}]}, "Zebra"),
        ({"phenotypicFeatures": []}, "empty case"),
    ],
)
def test_what_is_wrong_is_named(bad: dict[str, Any], message: str) -> None:
    with pytest.raises(FascinetError, match=message):
        read_case(bad, RULES)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"{", "not JSON"), (b"[1]", "expected a JSON object"),
     (b"\xff\xfe\x00\x81", "not a text file"), (b"[" * 100_000, "JSON")],
)  # fmt: skip
def test_unreadable_files_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "case.json"
    path.write_bytes(content)
    with pytest.raises(CaseError, match=message):
        read_case(path, RULES)


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.json", "a\0b"):
        with pytest.raises(CaseError, match="cannot be read"):
            read_case(path, RULES)


def test_more_evidence_may_not_contradict() -> None:
    case = Case({"weakness": "none"}, {"sex": {"female": 1.0, "male": 0.5}})
    assert case.with_evidence({"sex": "male"}).soft == {}
    with pytest.raises(CaseError, match="weakness is given as none and as objective"):
        case.with_evidence({"weakness": "objective"})


@given(st.floats(0, 130))
def test_every_age_has_its_band(age: float) -> None:
    band = age_band(age, STATES["age_group"])
    assert (band == "60+") == (age >= 60) and (band == "18-39") == (age < 40)


@given(st.integers(0, 99), st.integers(0, 11), st.integers(0, 30))
def test_durations_add_up(years: int, months: int, days: int) -> None:
    whole = iso_days(f"P{years}Y{months}M{days}D")
    assert whole == pytest.approx(years * 365.25 + months * 30.4375 + days)
