"""The measures against values worked out by hand."""

import json
from math import log
from pathlib import Path

import pytest

from fascinet.engine.clinic.evaluate import Answer, evaluate
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.errors import CaseError
from fascinet.model.phenopackets import Packet

CAUSES = ("als", "multiple_sclerosis", "stress_anxiety", "drugs_substances")
SCORES = {
    # two right at once; ALS second; MS last without a flag; a benign case called ALS
    "a": {"als": 0.8, "multiple_sclerosis": 0.2, "stress_anxiety": 0.0, "drugs_substances": 0.0},
    "b": {"als": 0.3, "multiple_sclerosis": 0.5, "stress_anxiety": 0.1, "drugs_substances": 0.1},
    "c": {"als": 0.4, "multiple_sclerosis": 0.0, "stress_anxiety": 0.5, "drugs_substances": 0.1},
    "d": {"als": 0.6, "multiple_sclerosis": 0.0, "stress_anxiety": 0.4, "drugs_substances": 1.0},
    "e": {"als": 0.5, "multiple_sclerosis": 0.0, "stress_anxiety": 0.0, "drugs_substances": 0.5},
}
TRUTH = """case_id,primary_cause,other_accepted_causes,twitch_status
a,als,,twitch
b,als,stress_anxiety|drugs_substances,twitch
c,multiple_sclerosis,,not_reported
d,drugs_substances,,twitch
e,drugs_substances,stress_anxiety,twitch
"""
EXPOSED = {"d": ("caffeine",), "e": ("caffeine", "stimulant")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "packets").mkdir()
    (tmp_path / "truth.csv").write_text(TRUTH)
    for name in SCORES:
        told = [{"id": f"exposure:{e}", "reference": "present"} for e in EXPOSED.get(name, ())]
        packet = {
            "id": name,
            "phenotypicFeatures": [],
            "diseases": [{"term": {"id": "MONDO:0004976", "label": "the answer"}}],
            "metaData": {"externalReferences": [*told, {"id": "PMID:1", "description": "answer"}]},
        }
        (tmp_path / "packets" / f"{name}.json").write_text(json.dumps(packet))
    return tmp_path


def answer(packet: Packet) -> Answer:
    assert "answer" not in repr(packet)
    return Answer(SCORES[packet.id], red_flag=packet.id != "c")


def test_measures_by_hand(folder: Path) -> None:
    found = evaluate(folder, answer)
    assert [c.rank for c in found.cases] == [1, 2, 4, 1, 2]
    assert (found.n, found.top1, found.top3) == (5, 2 / 5, 4 / 5)
    assert found.mrr == pytest.approx((1 + 1 / 2 + 1 / 4 + 1 + 1 / 2) / 5)
    shares = [0.8, 0.3, 1e-12, 0.5, 0.5]
    assert found.mean_log_score == pytest.approx(sum(map(log, shares)) / 5)
    brier = [
        0.2**2 + 0.2**2,
        0.7**2 + 0.5**2 + 0.1**2 + 0.1**2,
        0.4**2 + 1 + 0.5**2 + 0.1**2,
        0.3**2 + 0.2**2 + 0.5**2,
        0.5**2 + 0.5**2,
    ]
    assert found.brier == pytest.approx(sum(brier) / 5)


def test_serious_and_benign_are_shares_of_their_own_cases(folder: Path) -> None:
    found = evaluate(folder, answer)
    # serious: a, b, c; c is fourth without a flag. benign: d alone, for e took a stimulant too
    assert found.serious_missed == pytest.approx(1 / 3)
    assert [c.id for c in found.cases if c.benign] == ["d"]
    assert found.benign_false_alarm == 0.0
    wrong = {**SCORES["d"], "als": 2.0}
    alarmed = evaluate(folder, lambda p: Answer(wrong if p.id == "d" else SCORES[p.id], True))
    assert alarmed.benign_false_alarm == 1.0
    assert alarmed.serious_missed == 0.0


def test_by_cause_and_by_presentation(folder: Path) -> None:
    found = evaluate(folder, answer)
    assert found.by_cause["als"]["n"] == 2 and found.by_cause["als"]["top1"] == 0.5
    assert set(found.by_cause) == {"als", "multiple_sclerosis", "drugs_substances"}
    assert found.by_twitch_status["not_reported"]["top3"] == 0.0


def test_json_has_the_keys_of_the_contract(folder: Path) -> None:
    got = json.loads(evaluate(folder, answer).to_json())
    assert {"n", "top1", "top3", "mrr", "mean_log_score", "brier", "serious_missed",
            "benign_false_alarm", "by_cause", "cases"} <= set(got)  # fmt: skip
    assert {"id", "truth", "rank", "score"} <= set(got["cases"][0])
    assert got["cases"][1]["score"] == 0.3


def test_equal_shares_when_nothing_scores(folder: Path) -> None:
    zeros = dict.fromkeys(CAUSES, 0.0)
    found = evaluate(folder, lambda _: Answer(zeros, True))
    assert found.mean_log_score == pytest.approx(log(1 / 4))


def test_a_folder_beside_its_table(folder: Path) -> None:
    (folder / "packets").rename(folder / "composed")
    (folder / "truth.csv").rename(folder / "truth_composed.csv")
    assert evaluate(folder / "composed", answer).n == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: (d / "truth.csv").unlink(), "truth.csv"),
        (lambda d: (d / "truth.csv").write_text("id\n1\n"), "case_id"),
        (lambda d: (d / "packets/a.json").unlink(), "no packet for a"),
        (lambda d: (d / "packets/a.json").write_text("{"), "not JSON"),
        (lambda d: (d / "truth.csv").write_text(TRUTH.replace(",als,", ",alz,")), "alz"),
    ],
)
def test_a_broken_folder_is_named(folder: Path, change, message: str) -> None:
    change(folder)
    with pytest.raises(CaseError, match=message):
        evaluate(folder, answer)


NATIVE = {
    "p": {"findings": {"weakness": "objective", "atrophy": "yes"}, "age": 60},
    "q": {"id": "q2", "findings": {"emg": None}, "exposures": {"caffeine": "present"}},
    "r": {"weakness": "none", "cramps": "yes"},
}


def native_folder(folder: Path, cases: dict[str, object], truth: str) -> Path:
    (folder / "packets").mkdir()
    (folder / "truth.csv").write_text(f"case_id,primary_cause\n{truth}")
    for name, case in cases.items():
        (folder / "packets" / f"{name}.json").write_text(json.dumps(case))
    return folder


def test_native_cases_are_scored_as_what_they_say(tmp_path: Path) -> None:
    truth = "p,als\nq2,drugs_substances\nr,stress_anxiety\n"
    found = shipped_reasoner().evaluate(native_folder(tmp_path, NATIVE, truth))
    scores = {c.id: c for c in found.cases}
    for name, case in (("p", NATIVE["p"]), ("q2", NATIVE["q"]), ("r", NATIVE["r"])):
        groups = shipped_reasoner().diagnose(case, tests=0, intervals=False).groups
        assert scores[name].first == groups[0].group
        want = {g.group: g.score for g in groups}[scores[name].truth]
        assert scores[name].score == pytest.approx(want, abs=1e-12)
    assert scores["q2"].benign  # caffeine, and nothing else


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({}, "empty case"),
        ({"findings": {}}, "empty case"),
        ({"findings": {"weakness": None}, "age": 50}, "empty case"),
        ({"findings": {"weaknes": "none"}}, "did you mean 'weakness'"),
        ({"findings": {"weakness": "big"}}, "unknown state"),
        ({"cases": [1, 2]}, "cases"),
        ({"resourceType": "Bundle"}, "FHIR"),
    ],
)
def test_a_file_that_is_no_case_is_named(tmp_path: Path, case: object, said: str) -> None:
    folder = native_folder(tmp_path, {"odd": case}, "odd,als\n")
    with pytest.raises(CaseError, match=said) as error:
        shipped_reasoner().evaluate(folder)
    assert "odd" in str(error.value)


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ("p,als\np,als\n", "'p' has two rows"),
        ("p,als,ms\n", "row 1"),
        ("p\n", "row 1"),
        (",als\n", "row 1"),
        ('"p,als\n', "cannot be read"),
        ("", "and a row"),
    ],
)
def test_a_table_of_answers_that_is_damaged(tmp_path: Path, truth: str, said: str) -> None:
    with pytest.raises(CaseError, match=said):
        shipped_reasoner().evaluate(native_folder(tmp_path, {"p": NATIVE["p"]}, truth))


def test_flags_ranks_and_the_outside_warning_are_rates_of_their_own(folder: Path) -> None:
    said = {
        "a": Answer(SCORES["a"], True, reassured=True, causes=("als", "ms")),
        "b": Answer(SCORES["b"], True, causes=("ms", "als")),
        "c": Answer(SCORES["c"], True, outside=True, causes=("als", "ms")),
        "d": Answer(SCORES["d"], True, urgent=True, causes=("caffeine_excess",)),
        "e": Answer(SCORES["e"], True, urgent=True),
    }
    truth = TRUTH.splitlines()
    named = [",als", ",als", ",gbs|ms", ",", ","]
    table = [truth[0] + ",single_cause", *(r + n for r, n in zip(truth[1:], named, strict=True))]
    (folder / "truth.csv").write_text("\n".join(table) + "\n")
    found = evaluate(folder, lambda p: said[p.id])
    # serious: a, b, c; c is fourth, which a flag does not excuse here
    assert (found.serious_missed, found.serious_low_ranked) == (0.0, pytest.approx(1 / 3))
    assert found.serious_reassured == pytest.approx(1 / 3)
    assert found.benign_urgent == 1.0 and found.outside_warned == pytest.approx(1 / 5)
    assert (found.n_single, found.single_top1) == (3, pytest.approx(1 / 3))
    assert [c.single_rank for c in found.cases] == [1, 2, 2, 0, 0]
    out = json.loads(found.to_json())
    assert {"reliability", "brier_parts", "benign_urgent", "outside_warned"} <= set(out)


def test_reliability_and_the_parts_of_the_brier_score_by_hand(folder: Path) -> None:
    found = evaluate(folder, answer)
    parts, bins = found.brier_parts, found.reliability
    assert parts.score == pytest.approx(found.brier / 4)  # the mean over four groups
    total = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert parts.score == pytest.approx(total)
    assert parts.uncertainty == pytest.approx(0.25 * 0.75)
    assert sum(b.n for b in bins) == 20
    first = bins[0]  # six shares of zero; one of them, case c, was right
    assert (first.low, first.n, first.forecast) == (0.0, 6, 0.0)
    assert first.observed == pytest.approx(1 / 6)
    assert all(b.low <= b.forecast <= b.high for b in bins)
