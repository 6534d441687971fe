"""A finding that another one contains is counted once, on every page and in every order."""

import pytest

import fascinet as fn
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.case import Case, counted_once
from fascinet.model.shipped import shipped_knowledge

FINDINGS = shipped_knowledge().findings
PAIRS = [(v, g, s) for v, f in FINDINGS.items() for g, s in f.implies.items()]


def asked(**told: str) -> dict[str, float]:
    found = shipped_reasoner().diagnose({**told, "age": 64}, tests=0, intervals=False, groups=False)
    return {e.cause: e.posterior for e in found}


@pytest.mark.parametrize(("special", "general", "state"), PAIRS)
def test_the_general_finding_adds_nothing_to_the_special_one(
    special: str, general: str, state: str
) -> None:
    assert asked(**{special: "yes", general: state}) == asked(**{special: "yes"})
    assert asked(**{general: state}) != asked(**{special: "yes"})


def test_what_is_contained_is_known_to_the_flags_and_not_asked_again() -> None:
    found = shipped_reasoner().diagnose({"foot_drop": "yes"}, tests=None, intervals=False)
    assert found.contained == {"distal_weakness": "yes", "weakness": "objective"}
    assert "RF1" in {flag.id for flag in found.red_flags}
    assert not {"weakness", "distal_weakness"} & {t.finding for t in found.next_tests}
    assert found.to_dict()["evidence"]["contained"] == found.contained


def test_the_evidence_of_a_differential_gives_its_probabilities() -> None:
    found = fn.diagnose({"hand_weakness": "yes", "weakness": "subjective", "age": 50})
    assert "weakness" not in found.hard
    p = shipped_reasoner().engine.posterior(found.hard, targets=["als"])
    assert found["als"].posterior == pytest.approx(p["als"]["yes"], rel=1e-9)


def test_what_is_denied_or_partly_known_stays_evidence() -> None:
    rules = shipped_reasoner().rules
    for case in (
        Case(hard={"foot_drop": "no", "weakness": "objective"}),
        Case(hard={"proximal_weakness": "yes", "weakness": "perceived"}),
        Case(hard={"proximal_weakness": "yes"}, soft={"weakness": {"objective": 1.0}}),
    ):
        assert counted_once(case, rules).hard == case.hard
        assert not counted_once(case, rules).contained
