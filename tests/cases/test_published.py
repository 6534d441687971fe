"""The differential on the 52 published cases, against thresholds of the evidence.

For comparison: general practitioners had the right answer among their first three in 82% of
vignettes, and the best symptom checker in 70.5% (Gilbert et al. 2020,
doi 10.1136/bmjopen-2020-040269). Vignettes are composed; these cases were published.
"""

import csv
from collections import Counter
from pathlib import Path

import pytest

from fascinet.engine.clinic.evaluate import Evaluation
from fascinet.engine.clinic.reasoner import shipped_reasoner

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return shipped_reasoner().evaluate(DATA / "cases")


def test_the_right_cause_is_near_the_top(found: Evaluation) -> None:
    assert found.n == 52
    assert found.top3 >= 0.85
    assert found.top1 >= 0.65


def test_serious_causes_are_not_missed_and_benign_ones_raise_no_alarm(found: Evaluation) -> None:
    assert found.serious_missed <= 0.05
    assert found.benign_false_alarm == 0.0


def test_cases_that_twitch_are_reported_apart(found: Evaluation) -> None:
    with (DATA / "cases" / "truth.csv").open(encoding="utf-8") as lines:
        counts = Counter(row["twitch_status"] for row in csv.DictReader(lines))
    assert {k: m["n"] for k, m in found.by_twitch_status.items()} == counts
    assert sum(m["n"] for m in found.by_cause.values()) == 52


def test_without_test_results_history_alone_still_helps() -> None:
    blank = shipped_reasoner().evaluate(DATA / "cases", blank_tests=True)
    assert blank.n == 52
    assert blank.top3 >= 0.6
