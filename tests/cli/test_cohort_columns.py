"""Columns as other people have them: codes, numbers, intervals; and what a cohort can add."""

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fascinet as fn
from fascinet.cli_cohort import cohort
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.errors import FascinetError

MAP = """
columns:
  Weak: weakness
  sex_code: {variable: sex, states: {1: male, 2: female, 9: ""}}
  K: {variable: serum_k, unit: mEq/L}
  CK: {loinc: "LOINC:2157-6", unit: U/L, high: CK_upper}
  years: {variable: age_group, cuts: [40, 60]}
  atro: {hpo: "HP:0003202", present: [Y], absent: [N]}
  terms: {hpo: list, separator: "|"}
carry: [who]
"""
TABLE = """who,Weak,sex_code,K,CK,CK_upper,years,atro,terms,setting
a,objective,1,3.1,900,300,61,Y,,primary_care
b,none,2,>5.0,,,39.5,N,HP:0002380,primary_care
c,,9,3.5 mmol/L,>250,,60,,!HP:0001324,primary_care
d,,,,5000,300,,,HP:0003202|!HP:0003457,general
"""
EXPECTED: list[dict[str, Any]] = [
    {"weakness": "objective", "sex": "male", "serum_k": "low", "ck": "raised",
     "age_group": "60+", "atrophy": "yes"},
    {"weakness": "none", "sex": "female", "serum_k": "high", "age_group": "18-39"},
    {"serum_k": "normal", "age_group": "60+"},
    {"ck": "very_high", "atrophy": "yes"},
]  # fmt: skip


def answered(
    folder: Path, table: str, mapping: str | None = None, **options: Any
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the answers to a table, and the rows without one."""
    source, out = folder / "in.csv", folder / "out.csv"
    source.write_text(table)
    if mapping is not None:
        (folder / "map.yaml").write_text(mapping)
        options["mapping"] = folder / "map.yaml"
    cohort(source, out, **options)
    bad = folder / "out.quarantine.csv"
    return pd.read_csv(out), pd.read_csv(bad) if bad.exists() else pd.DataFrame()


def test_a_mapping_file_reads_codes_and_numbers(tmp_path: Path) -> None:
    found, bad = answered(
        tmp_path, TABLE, MAP, targets="als,weakness,atrophy,ck,serum_k,age_group,sex"
    )
    assert found["who"].tolist() == list("abcd") and not len(bad)
    for row, told in enumerate(EXPECTED):
        for name, state in told.items():
            assert found[f"{name}={state}"][row] == pytest.approx(1.0), (row, name)
    # 250 lies between the cut points 200 and 2000: raised or very high, and nothing else
    assert found["ck=normal"][2] == 0.0 and 0.0 < found["ck=very_high"][2] < 1.0
    # an excluded term rules out all that it means, and what is unknown stays unknown
    assert found["weakness=objective"][2] == 0.0 and 0.0 < found["sex=male"][2] < 1.0


def test_an_interval_is_the_sum_of_what_it_leaves(tmp_path: Path) -> None:
    found, _ = answered(
        tmp_path, "setting,ck,weakness\nprimary_care,>1000,objective\n", targets="als"
    )
    engine = fn.Engine(fn.load())
    hard = {"setting": "primary_care", "weakness": "objective"}
    soft = {"ck": {"normal": 0.0, "raised": 1.0, "very_high": 1.0}}
    want = engine.posterior(hard, soft=soft)["als"]["yes"]
    assert found["als=yes"][0] == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ("columns: {weka: weakness}", "no such column in the table: did you mean 'weak'"),
        ("columns: {weak: weakness, k: serum_ka}", "did you mean 'serum_k' or"),
        ("columns: {weak: {variable: weakness, states: {1: objektive}}}", "'objective'"),
        ("columns: {k: {loinc: 2823-4}}", "did you mean '2823-3'"),
        ("columns: {k: {variable: serum_k, unit: g}}", "unit 'g' is not known: expected mmol/L"),
        ("columns: {k: {variable: weakness, low: 3}}", "weakness has no declared cut points"),
        ("columns: {k: {variable: serum_k, cuts: [5, 3]}}", "expected 2 increasing numbers"),
        ("columns: {k: {variable: serum_k, units: g}}", "unknown key 'units'"),
        ("columns: {k: {hpo: HP:9999999}}", "HP:9999999 sets no finding"),
        ("columns: {k: {hpo: list, loinc: 2823-3}}", "expected one of variable, loinc, hpo"),
        ("columns: {k: serum_k}\ncarry: [k]", "'k' is read, and cannot be copied, too"),
        ("column: {}", "unknown key 'column'"),
        ("columns: [", "not YAML"),
    ],
)
def test_a_wrong_mapping_file_is_named_with_the_nearest(
    tmp_path: Path, mapping: str, expected: str
) -> None:
    with pytest.raises(FascinetError) as error:
        answered(tmp_path, "weak,k\nnone,3\n", mapping)
    assert expected in str(error.value) and "map.yaml" in str(error.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv", "map.yaml"]


def test_cells_that_say_nothing_known_or_two_things_are_quarantined(tmp_path: Path) -> None:
    table = "setting,weak,k,t,weakness\n" + "".join(
        f"primary_care,{row}\n"
        for row in ("none,3.1,,", "some,,,", ",3 mg/dL,,", ",,HP0003202,", "none,,,objective",
                    ",,HP:0003202;!HP:0003202,")
    )  # fmt: skip
    mapping = "columns: {weak: weakness, k: {variable: serum_k}, t: {hpo: list}}"
    found, bad = answered(tmp_path, table, mapping, targets="als")
    assert found["als=yes"].isna().tolist() == [False] + [True] * 5
    said = ["'some'", "unit 'mg/dL' is not known", "such as HP:0003202", "contradictory",
            "contradictory"]  # fmt: skip
    assert bad["row"].tolist() == [2, 3, 4, 5, 6]
    assert all(text in reason for text, reason in zip(said, bad["reason"], strict=True)), bad


def test_differential_flags_conflict_and_intervals_are_those_of_a_diagnosis(
    tmp_path: Path,
) -> None:
    table = "setting,weakness,atrophy\nprimary_care,objective,yes\nprimary_care,none,\n"
    found, _ = answered(
        tmp_path, table, add="differential,red_flags,conflict,intervals", top=2, targets="als"
    )
    for row, case in enumerate(({"weakness": "objective", "atrophy": "yes"}, {"weakness": "none"})):
        one = shipped_reasoner().diagnose(case, "primary_care", tests=0)
        for k, entry in enumerate(one.differential[:2], 1):
            assert found[f"cause_{k}"][row] == entry.cause
            values = found.loc[
                row, [f"{n}_{k}" for n in ("posterior", "responsibility", "low", "high")]
            ]
            assert values.tolist() == pytest.approx(
                [entry.posterior, entry.responsibility, *entry.interval], abs=1e-9
            )
        flags = found["red_flags"].fillna("")[row]
        assert flags == " ".join(f.id for f in one.red_flags)
        assert found["conflict"][row] == pytest.approx(one.conflict, abs=1e-9)
        assert found["als=yes low"][row] <= found["als=yes"][row] <= found["als=yes high"][row]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"add": "differentail"}, "did you mean 'differential'"),
        ({"add": "red_flags", "network": "asia"}, "expected the shipped network"),
        ({"add": "conflict", "top": 0}, "--top: expected 1 or more"),
        ({"processes": 0}, "--processes"),
    ],
)
def test_what_cannot_be_added_is_said(
    tmp_path: Path, options: dict[str, Any], expected: str
) -> None:
    with pytest.raises(FascinetError) as error:
        answered(tmp_path, "dysp\nyes\n", **({"network": "asia"} | options))
    assert expected in str(error.value)


def test_conflict_of_another_network(tmp_path: Path) -> None:
    found, _ = answered(tmp_path, "smoke,xray\nno,yes\n", network="asia", add="conflict")
    want = fn.Engine(fn.example("asia")).conflict({"smoke": "no", "xray": "yes"}).conf
    assert found.columns.tolist() == ["conflict"] and found["conflict"][0] == pytest.approx(want)


def test_every_cell_that_is_carried_comes_back(tmp_path: Path) -> None:
    """Line ends and marks within cells, blanks, words that mean nothing here; to CSV and to TSV."""
    said = ["a\rb", "a\nb", 'a"b', "a,b", "a\tb", " a ", "", "nan", "None", "é", "007", "1e5"]
    frame = pd.DataFrame({"note": said, "dysp": "yes", "id": range(12)}, dtype=str)
    frame.to_csv(tmp_path / "in.csv", index=False, quoting=1, lineterminator="\r\n")
    for suffix, mark in ((".csv", ","), (".tsv", "\t")):
        out = tmp_path / f"out{suffix}"
        cohort(tmp_path / "in.csv", out, "asia", "lung", carry=["note", "id"])
        with out.open(newline="") as file:
            rows = list(csv.reader(file, delimiter=mark))
        assert [r[0] for r in rows[1:]] == said
        assert [r[1] for r in rows[1:]] == [str(k) for k in range(12)]
        want = fn.Engine(fn.example("asia")).posterior({"dysp": "yes"})["lung"]["yes"]
        assert [float(r[2]) for r in rows[1:]] == pytest.approx([want] * 12)
