"""Several visits: the last word on a finding, and what its absence over time tells."""

from typing import Any

import pytest

import fascinet as fn
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.errors import FascinetError
from fascinet.model.shipped import shipped_knowledge

FIRST = {"weakness": "none", "age": 45, "twitch_duration": "weeks"}


def als(found: fn.Differential) -> float:
    return next(e.posterior for e in found.differential if e.cause == "als")


def odds(p: float) -> float:
    return p / (1.0 - p)


@pytest.mark.parametrize("months", [3, 12.5])
def test_months_without_weakness_speak_against_als_by_their_factor(months: float) -> None:
    hazard = shipped_knowledge().causes["als"].course["weakness"]["objective"]
    once = fn.diagnose(FIRST, "primary_care")
    again = fn.diagnose([FIRST, {"months": months, "weakness": "perceived"}], "primary_care")
    same = fn.diagnose(FIRST | {"weakness": "perceived"}, "primary_care")
    assert odds(als(again)) == pytest.approx(odds(als(same)) * (1 - hazard.p) ** months, rel=1e-9)
    assert als(again) < als(once) * 1.5
    said = [w for w in again.warnings if "without weakness=objective" in w]
    assert len(said) == 1 and f"{(1 - hazard.p) ** months:.2f} times as likely" in said[0]
    assert f"({(1 - hazard.high) ** months:.2f} to {(1 - hazard.low) ** months:.2f})" in said[0]


def test_two_looks_are_one_course_whatever_lies_between() -> None:
    visits = [FIRST, {"months": 3, "weakness": "none"}, {"months": 6, "weakness": "none"}]
    direct = [FIRST, {"months": 6, "weakness": "none"}]
    assert als(fn.diagnose(visits)) == pytest.approx(als(fn.diagnose(direct)), rel=1e-12)
    asked = [FIRST, {"months": 6, "cramps": "yes"}]  # nobody looked for weakness
    merged = fn.diagnose({**FIRST, "cramps": "yes"})
    assert als(fn.diagnose(asked)) == pytest.approx(als(merged), rel=1e-12)
    reported = [FIRST, {"months": 6, "weakness": "subjective"}]  # and nobody examined
    assert not any("without weakness" in w for w in fn.diagnose(reported).warnings)


def test_what_changed_counts_as_it_is_now() -> None:
    found = fn.diagnose([FIRST, {"months": 3, "weakness": "objective", "atrophy": "yes"}])
    now = fn.diagnose({**FIRST, "weakness": "objective", "atrophy": "yes"})
    assert als(found) == pytest.approx(als(now), rel=1e-12)
    assert "weakness: none, after 3 months objective: as now" in found.warnings


def test_one_visit_is_that_case() -> None:
    assert als(fn.diagnose([FIRST])) == als(fn.diagnose(FIRST))


def test_phenopackets_tell_the_time_by_their_age() -> None:
    def packet(age: str) -> dict[str, Any]:
        return {
            "id": "p",
            "subject": {"id": "s", "timeAtLastEncounter": {"age": {"iso8601duration": age}}},
            "phenotypicFeatures": [
                {"type": {"id": "HP:0001324", "label": "Muscle weakness"}, "excluded": True}
            ],
        }

    found = fn.diagnose([packet("P45Y"), packet("P45Y6M")])
    assert any(w.startswith("6 months without weakness=objective") for w in found.warnings)


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        ([], "expected one case or more"),
        ([FIRST, {"weakness": "none"}], "visit 2: expected `months`"),
        ([FIRST, {"months": 0, "weakness": "none"}], "expected a time after 0 months"),
        ([FIRST, {"months": "3", "weakness": "none"}], "months: expected a number from 0"),
        ([{"sex": "male", **FIRST}, {"months": 3, "sex": "female"}], "contradictory case: sex"),
        ([FIRST, {"months": 3, "weaknes": "none"}], "weakness"),
    ],
)
def test_bad_visits_are_named(visits: list[Any], expected: str) -> None:
    with pytest.raises(FascinetError) as error:
        fn.diagnose(visits)
    assert expected in str(error.value)


def test_a_cause_without_a_course_is_untouched() -> None:
    reasoner = shipped_reasoner()
    assert [c for c, f in reasoner.digest.causes.items() if f.course] == ["als"]
