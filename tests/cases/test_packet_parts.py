"""Phenopackets of either version, part by part: each is used, or listed as not used."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import phenopackets as pb
import pytest
from google.protobuf.json_format import ParseDict

from fascinet.engine.clinic.reasoner import Reasoner, shipped_reasoner
from fascinet.model.case import ASSUMED, Case
from fascinet.model.errors import CaseError, FascinetError
from fascinet.model.hpo import normal_code, shipped_map
from fascinet.model.read_case import NESTED_LIMIT, checked
from tests.cases.packets import ATROPHY, FASCICULATIONS, WEAKNESS, feature, packet


@pytest.fixture(scope="module")
def reasoner() -> Reasoner:
    return shipped_reasoner()


def reasons(case: Case) -> dict[str, str]:
    return {u.code: u.reason for u in case.unmapped}


# ------------------------------------------------------------------ version 1


@pytest.mark.parametrize("version", ["1.0.0", "1.0.0-RC3", "2.0", "2.0.2", None])
def test_a_negated_term_is_absent_whatever_the_version_says(
    reasoner: Reasoner, version: str | None
) -> None:
    old = packet(
        {"type": {"id": ATROPHY}, "negated": True}, feature(FASCICULATIONS), version=version
    )
    new = packet(feature(ATROPHY, excluded=True), feature(FASCICULATIONS), version="2.0")
    assert reasoner.read(old).hard == reasoner.read(new).hard
    assert reasoner.read(old).hard["atrophy"] == "no"


@pytest.mark.parametrize("name", ["ageAtCollection", "age_at_collection"])
def test_version_one_has_its_own_names_for_ages(reasoner: Reasoner, name: str) -> None:
    old = packet(
        feature(FASCICULATIONS) | {"ageOfOnset": {"age": "P60Y11M"}}, version="1.0.0",
        subject={"sex": "FEMALE", name: {"age": "P61Y"}},
    )  # fmt: skip
    case = reasoner.read(old)
    assert case.age == pytest.approx(61)
    assert case.hard["age_group"] == "60+"
    assert case.hard["twitch_duration"] == "weeks"


def test_an_age_range_of_version_one_is_read_by_its_start(reasoner: Reasoner) -> None:
    span = {"start": {"age": "P38Y"}, "end": {"age": "P44Y"}}
    case = reasoner.read(packet(feature(WEAKNESS), subject={"ageRangeAtCollection": span}))
    assert case.hard["age_group"] == "18-39"
    assert "the age is a range: read as its start, 18-39" in case.warnings


def test_two_names_that_disagree_are_an_error(reasoner: Reasoner) -> None:
    both = packet({"type": {"id": ATROPHY}, "negated": True, "excluded": False})
    with pytest.raises(CaseError, match="negated and excluded say different things"):
        reasoner.read(both)


@pytest.mark.parametrize("version", ["3.0", "0.4", "two", 3, True])
def test_other_versions_are_refused(reasoner: Reasoner, version: Any) -> None:
    with pytest.raises(CaseError, match=r"phenopacketSchemaVersion: expected 1.x or 2.x"):
        reasoner.read(packet(feature(WEAKNESS), version=version))


# ------------------------------------------------------------------ dates


def test_a_date_of_birth_turns_timestamps_into_ages(reasoner: Reasoner) -> None:
    born = {"dateOfBirth": "1960-01-01T00:00:00Z"}
    seen = {"timeAtLastEncounter": {"timestamp": "2021-12-31T10:00:00.123456789Z"}}
    told = packet(
        feature(FASCICULATIONS) | {"onset": {"timestamp": "2021-12-01T00:00:00Z"}},
        subject=born | seen,
    )
    case = reasoner.read(told)
    assert case.age == pytest.approx(62, abs=0.01)
    assert case.hard["age_group"] == "60+"
    assert case.hard["twitch_duration"] == "weeks"


def test_two_dates_tell_a_duration_without_a_birth(reasoner: Reasoner) -> None:
    told = packet(
        feature(FASCICULATIONS) | {"onset": {"timestamp": "2021-12-28"}},
        subject={"timeAtLastEncounter": {"timestamp": "2021-12-31T10:00:00Z"}},
    )
    case = reasoner.read(told)
    assert case.hard["twitch_duration"] == "days"
    assert case.age is None
    assert reasons(case)["subject.timeAtLastEncounter"].endswith("sets no age")


def test_a_birth_alone_sets_no_age_and_is_not_repeated(reasoner: Reasoner) -> None:
    case = reasoner.read(packet(feature(WEAKNESS), subject={"dateOfBirth": "1960-01-01T00:00:00Z"}))
    assert case.age is None
    assert "without the time of an encounter" in reasons(case)["subject.dateOfBirth"]
    assert "1960" not in repr(case)


@pytest.mark.parametrize("stamp", ["1960-13-01", "soon", 5, {"seconds": "x"}, "9" * 5000])
def test_a_timestamp_that_is_none_is_named(reasoner: Reasoner, stamp: Any) -> None:
    with pytest.raises(CaseError, match=r"subject.dateOfBirth: expected a timestamp") as error:
        reasoner.read(packet(feature(WEAKNESS), subject={"dateOfBirth": stamp}))
    assert len(str(error.value)) < 300


def test_an_encounter_before_birth_is_an_error(reasoner: Reasoner) -> None:
    subject = {
        "dateOfBirth": "2000-01-01T00:00:00Z",
        "timeAtLastEncounter": {"timestamp": "1999-01-01T00:00:00Z"},
    }
    with pytest.raises(CaseError, match="before the date of birth"):
        reasoner.read(packet(feature(WEAKNESS), subject=subject))


# ------------------------------------------------------------------ what is over, done, shaded


def test_a_resolved_feature_is_listed_and_not_used(reasoner: Reasoner) -> None:
    gone = feature(ATROPHY) | {"resolution": {"age": {"iso8601duration": "P30Y"}}}
    age = {"timeAtLastEncounter": {"age": {"iso8601duration": "P40Y"}}}
    case = reasoner.read(packet(gone, feature(WEAKNESS), subject=age))
    assert "atrophy" not in case.hard
    assert reasons(case)[ATROPHY] == "resolved before the last encounter: not used"
    later = feature(ATROPHY) | {"resolution": {"age": {"iso8601duration": "P41Y"}}}
    assert reasoner.read(packet(later, subject=age)).hard["atrophy"] == "yes"


def test_treatments_modifiers_severity_and_unknown_fields_are_listed(reasoner: Reasoner) -> None:
    shaded = feature(WEAKNESS) | {
        "severity": {"id": "HP:0012828", "label": "Severe"},
        "modifiers": [{"id": "HP:0012834", "label": "Right"}],
        "exluded": True,
    }
    agent = {"id": "DrugCentral:2394", "label": "riluzole"}
    told = packet(shaded) | {
        "medicalActions": [
            {
                "treatmentTarget": {"id": "OMIM:1", "label": "the answer"},
                "treatment": {"agent": agent},
            }
        ],
        "biosamples": [{"id": "b1"}],
        "files": [],
    }
    listed = reasons(reasoner.read(told))
    assert listed["DrugCentral:2394"] == "medical action: not used"
    assert listed["HP:0012828"].startswith("severity of")
    assert listed["HP:0012834"].startswith("modifier of")
    assert {"phenotypicFeatures[0].exluded", "biosamples"} <= set(listed)
    assert "files" not in listed
    assert "OMIM:1" not in listed


# ------------------------------------------------------------------ measurements


def measurement(code: str, value: Any, low: Any = None, high: Any = None) -> dict[str, Any]:
    unit = {"id": "UCUM:U/L", "label": "U/L"}
    span = {k: v for k, v in (("unit", unit), ("low", low), ("high", high)) if v is not None}
    quantity = {"unit": unit, "value": value} | ({"referenceRange": span} if len(span) > 1 else {})
    return {"assay": {"id": code, "label": "assay"}, "value": {"quantity": quantity}}


@pytest.mark.parametrize(
    ("code", "value", "low", "high", "expected"),
    [
        ("LOINC:2157-6", 1900, 30, 200, {"ck": "raised"}),
        ("LOINC:2157-6", 5000, 30, 200, {"ck": "very_high"}),
        ("LOINC:2157-6", 5000, 30, 600, {"ck": "raised"}),
        ("LOINC:2157-6", 5000, None, None, {"ck": "very_high"}),
        ("LOINC:2157-6", 150, 30, 200, {"ck": "normal"}),
        ("LOINC:2157-6", 10, 30, 200, {"ck": "normal"}),
        ("https://loinc.org/2823-3", "2.9", 3.5, 5.1, {"serum_k": "low"}),
        ("LOINC:2823-3", 5.2, 3.5, 5.1, {"serum_k": "high"}),
        ("LOINC:2132-9", 90, 150, None, {"serum_b12": "low"}),
        ("LOINC:3016-3", 0.01, 0.4, 4.0, {"tsh": "suppressed"}),
    ],
)
def test_a_value_is_compared_with_its_range(
    reasoner: Reasoner, code: str, value: Any, low: Any, high: Any, expected: dict[str, str]
) -> None:
    told = packet() | {"measurements": [measurement(code, value, low, high)]}
    ParseDict(told, pb.Phenopacket())  # it is one
    hard = reasoner.read(told).hard
    assert {k: hard[k] for k in expected} == expected


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (measurement("LOINC:3016-3", 5000), "no reference range"),
        (measurement("LOINC:24590-2", 1, 0, 2), "of no variable"),
        (measurement("NCIT:C64489", 5000, 30, 200), "of no variable"),
        ({"assay": {"id": "LOINC:2157-6"}, "value": {"ontologyClass": {"id": "x"}}}, "no quantity"),
        ({"assay": {"id": "LOINC:2157-6"}}, "no quantity"),
    ],
)
def test_a_value_that_says_nothing_is_listed(
    reasoner: Reasoner, item: dict[str, Any], reason: str
) -> None:
    case = reasoner.read(packet(feature(WEAKNESS)) | {"measurements": [item]})
    assert "ck" not in case.hard
    assert reason in reasons(case)[item["assay"]["id"]]


def test_units_are_converted_or_refused(reasoner: Reasoner) -> None:
    item = measurement("LOINC:2157-6", 500, 0.5, 3.3)
    span = item["value"]["quantity"]["referenceRange"]
    for unit, expected in (("UCUM:ukat/L", "raised"), ("UCUM:g/L", None)):
        span["unit"] = {"id": unit}
        case = reasoner.read(packet(feature(WEAKNESS)) | {"measurements": [item]})
        assert case.hard.get("ck") == expected
        assert expected or "unit 'g/L' is not known" in reasons(case)["LOINC:2157-6"]
    item = measurement("LOINC:2823-3", 3.1)
    item["value"]["quantity"]["unit"] = {"id": "UCUM:meq/L"}
    case = reasoner.read(packet() | {"measurements": [item]})
    assert case.hard["serum_k"] == "low"
    assert any("without a reference range: read as low" in w for w in case.warnings)
    other = measurement("LOINC:3016-3", 5, 0.4, 4.0)
    other["value"]["quantity"]["referenceRange"]["unit"] = {"id": "UCUM:pmol/L"}
    case = reasoner.read(packet(feature(WEAKNESS)) | {"measurements": [other]})
    assert "another unit" in reasons(case)["LOINC:3016-3"]


def test_measurements_against_features_and_each_other(reasoner: Reasoner) -> None:
    high = measurement("LOINC:2157-6", 5000, 30, 200)
    denied = packet(feature("HP:0003236", excluded=True)) | {"measurements": [high]}
    case = reasoner.read(denied)
    assert case.hard["ck"] == "normal"
    assert "ck: measured as very_high, kept normal" in case.warnings
    twice = [high, measurement("LOINC:2157-6", 100, 30, 200)]
    assert reasoner.read(packet() | {"measurements": twice}).hard["ck"] == "very_high"
    both = [measurement("LOINC:2823-3", v, 3.5, 5.1) for v in (2, 9)]
    case = reasoner.read(packet(feature(WEAKNESS)) | {"measurements": both})
    assert "serum_k" not in case.hard
    assert "measured as high and as low" in reasons(case)["LOINC:2823-3"]


@pytest.mark.parametrize("value", ["many", True, "NaN", 1e999, [5]])
def test_a_value_that_is_no_number_is_named(reasoner: Reasoner, value: Any) -> None:
    told = packet() | {"measurements": [measurement("LOINC:2157-6", value, 30, 200)]}
    with pytest.raises(CaseError, match=r"measurements\[0\].value.quantity.value: expected a numb"):
        reasoner.read(told)


# ------------------------------------------------------------------ codes


@pytest.mark.parametrize(
    "form", ["HP_0003202", "hp:0003202", "http://purl.obolibrary.org/obo/HP_0003202",
             "https://hpo.jax.org/browse/term/HP:0003202", " HP:0003202 "],
)  # fmt: skip
def test_other_forms_of_a_code(reasoner: Reasoner, form: str) -> None:
    for excluded, state in ((False, "yes"), (True, "no")):
        case = reasoner.read(packet(feature(form, excluded=excluded)))
        assert case.hard["atrophy"] == state
    assert normal_code("ORPHA:803") == "ORPHA:803"


def test_an_alternative_id_excludes_what_its_term_excludes(reasoner: Reasoner) -> None:
    table = shipped_map()
    assert len(table.aliases) > 500
    assert table.covered("HP:0002468") == table.covered(FASCICULATIONS) != frozenset()
    for old, new in table.aliases.items():
        assert table.ancestors(old) == table.ancestors(new)
        assert table.covered(old) == table.covered(new)
        assert table.states(old) == table.states(new)


def test_an_alternative_id_contradicts_its_term(reasoner: Reasoner) -> None:
    told = packet(feature(FASCICULATIONS), feature("HP:0002468", excluded=True))
    with pytest.raises(CaseError, match="contradictory"):
        reasoner.read(told)


def test_an_exclusion_narrows_what_an_observation_leaves_open(reasoner: Reasoner) -> None:
    emg, neurogenic = "HP:0003457", ("HP:0003445", "HP:0003444", "HP:0003482")
    told = packet(feature(emg), *(feature(code, excluded=True) for code in neurogenic))
    assert reasoner.read(told).hard["emg"] == "isolated_fasciculations"


# ------------------------------------------------------------------ the complaint


def test_twitching_alone_is_a_case(reasoner: Reasoner) -> None:
    for case in (packet(feature(FASCICULATIONS)), {"twitching": "yes"}, {"twitching": "no"}):
        found = reasoner.diagnose(case)
        assert ASSUMED not in found.warnings
    with pytest.raises(CaseError, match="empty case"):
        reasoner.read(packet())


def test_what_is_assumed_is_said(reasoner: Reasoner) -> None:
    found = reasoner.diagnose(packet(feature(WEAKNESS)))
    assert found.hard["twitching"] == "yes"
    assert ASSUMED in found.warnings
    assert ASSUMED in json.loads(found.to_json())["warnings"]


def test_more_evidence_replaces_what_was_assumed(reasoner: Reasoner) -> None:
    case = reasoner.read(packet(feature(WEAKNESS)))
    told = case.with_evidence({"twitching": "no"})
    assert told.hard["twitching"] == "no"
    assert ASSUMED not in told.warnings
    with pytest.raises(CaseError, match="contradictory"):
        told.with_evidence({"twitching": "yes"})


# ------------------------------------------------------------------ other kinds of file


def test_the_proband_of_a_family_is_read(reasoner: Reasoner) -> None:
    proband = packet(feature(FASCICULATIONS), feature(ATROPHY))
    family = {"id": "f", "proband": proband, "relatives": [packet(), packet()], "pedigree": {}}
    case = reasoner.read(family)
    assert case.hard == reasoner.read(proband).hard
    assert case.warnings[0] == (
        "a Family: the proband is read; its pedigree and 2 relatives are not used"
    )


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"id": "c", "members": [packet(), packet()]}, "a Cohort of 2"),
        ({"resourceType": "Bundle", "type": "collection", "entry": []}, "a FHIR Bundle"),
        ({"resourceType": "Patient"}, "a FHIR Patient"),
        ({"report_id": "P1", "features": [{"id": "HP:0002380", "observed": "yes"}]}, "PhenoTips"),
        ({"patient": {"id": "1", "features": []}}, "Matchmaker"),
        ({"proband": {}}, "a Family without a proband"),
    ],
)
def test_what_is_no_case_is_named(reasoner: Reasoner, data: dict[str, Any], named: str) -> None:
    with pytest.raises(CaseError, match=named):
        reasoner.read(data)


def test_yaml_and_protobuf_say_what_json_says(reasoner: Reasoner, tmp_path: Path) -> None:
    told = packet(feature(FASCICULATIONS), feature(ATROPHY, excluded=True), version="2.0")
    expected = reasoner.read(told)
    message = ParseDict(told, pb.Phenopacket())
    (tmp_path / "p.yaml").write_text(
        "id: p\nsubject: {id: p, sex: FEMALE}\nphenotypicFeatures:\n"
        f"- type: {{id: '{FASCICULATIONS}'}}\n- type: {{id: {ATROPHY}}}\n  excluded: true\n"
        "metaData: {created: 2021-01-01T00:00:00Z, phenopacketSchemaVersion: 2.0}\n"
    )
    (tmp_path / "p.pb").write_bytes(message.SerializeToString())
    for source in (message, tmp_path / "p.yaml", tmp_path / "p.pb"):
        case = reasoner.read(source)
        assert (case.hard, case.soft) == (expected.hard, expected.soft)
    family = pb.Family(id="f", proband=message)
    assert reasoner.read(family).hard == expected.hard
    with pytest.raises(CaseError, match="a Cohort of 1"):
        reasoner.read(pb.Cohort(id="c", members=[message]))


@pytest.mark.parametrize("text", ['{"findings": {"weakness": "objective"}}', "[1]" * 9])
def test_a_json_text_is_not_a_path_and_not_repeated(reasoner: Reasoner, text: str) -> None:
    with pytest.raises(CaseError, match=r"got a JSON text of \d+ characters") as error:
        reasoner.read(text)
    assert text not in str(error.value)


@pytest.mark.parametrize("source", [None, 5, ["weakness"], b"{}", {1: 2}, object()])
def test_what_is_no_source_is_named(reasoner: Reasoner, source: Any) -> None:
    with pytest.raises(CaseError, match="case: expected"):
        reasoner.read(source)


@pytest.mark.parametrize(
    "text", ["[" * 5000, "a: " + "[" * 5000, "a: &a [*a]", "x: \x00", "? [1]: 2", "a: !!int x",
             "a: !!python/object:os.system x", "- 1", "a: b: c", "\ttab", "a: '"],
)  # fmt: skip
def test_bad_yaml_is_one_line(reasoner: Reasoner, tmp_path: Path, text: str) -> None:
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(FascinetError, match=r"p.yaml") as error:
        reasoner.read(tmp_path / "p.yaml")
    assert "\n" not in str(error.value)


def test_many_features_are_read_in_linear_time(reasoner: Reasoner) -> None:
    codes = list(shipped_map().below)
    few = [feature(f"HP:{k:07d}", excluded=True) for k in range(9_000_000, 9_004_000)]
    many = [feature(code) for code in codes if "HP" in code][:3000]
    start = datetime.now(UTC)
    reasoner.read(packet(*few, *many))
    assert (datetime.now(UTC) - start).total_seconds() < 10


def test_a_deep_or_wide_object_is_refused() -> None:
    deep: dict[str, Any] = {}
    deep["self"] = deep
    with pytest.raises(CaseError, match="nested too deeply"):
        checked(deep, "case")
    with pytest.raises(CaseError, match="too widely"):
        checked({"a": [[]] * (NESTED_LIMIT + 1)}, "case")


def test_a_packet_is_known_without_subject_and_features(reasoner: Reasoner) -> None:
    high = measurement("LOINC:2157-6", 5000, 30, 200)
    assert reasoner.read({"id": "p", "measurements": [high]}).hard["ck"] == "very_high"
    with pytest.raises(CaseError, match="empty case"):
        reasoner.read({"id": "f", "proband": {"id": "p", "diseases": []}})


def test_a_list_of_records_is_named(reasoner: Reasoner, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('[{"report_id": "P1", "features": []}]')
    with pytest.raises(CaseError, match="PhenoTips"):
        reasoner.read(tmp_path / "c.json")
    (tmp_path / "c.json").write_text('[{"weakness": "none"}, {}]')
    with pytest.raises(CaseError, match="got list of 2: give one case"):
        reasoner.read(tmp_path / "c.json")
