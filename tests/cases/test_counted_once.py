"""A finding that another one contains is counted once, on every page and in every order."""

import pytest

import fascinet as fn
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.case import Case, counted_once
from fascinet.model.shipped import shipped_knowledge

KNOWN = shipped_knowledge()
SIGNS = {**KNOWN.findings, **KNOWN.tests}
PAIRS = [
    (special, own, general, state)
    for special, sign in SIGNS.items()
    for own, contained in sign.implies.items()
    for general, state in contained.items()
]


def asked(**told: str) -> dict[str, float]:
    found = shipped_reasoner().diagnose({**told, "age": 64}, tests=0, intervals=False, groups=False)
    return {e.cause: e.posterior for e in found}


@pytest.mark.parametrize(("special", "own", "general", "state"), PAIRS)
def test_the_general_finding_adds_nothing_to_the_special_one(
    special: str, own: str, general: str, state: str
) -> None:
    assert asked(**{special: own, general: state}) == asked(**{special: own})
    assert asked(**{general: state}) != asked(**{special: own})


@pytest.mark.parametrize("told", [
    {"weakness": "none", "foot_drop": "no", "hand_weakness": "no", "neck_weakness": "no"},
    {"weakness": "perceived", "proximal_weakness": "no"},
    {"ncs": "normal", "sensory_ncs": "normal", "motor_ncs": "normal"},
    {"ck": "raised", "rhabdomyolysis": "no"},
])  # fmt: skip
def test_a_denial_is_counted_once_too(told: dict[str, str]) -> None:
    general, *rest = told
    known = asked(**{general: told[general]})
    if "motor_ncs" in told:  # which may also show what conduction studies as a whole do not name
        rest.remove("motor_ncs")
        told = {name: told[name] for name in (general, *rest)}
    assert asked(**told) == known
    assert shipped_reasoner().evidence(told).contained == {name: told[name] for name in rest}


def test_the_denial_of_the_special_finding_says_nothing_of_the_general_one() -> None:
    assert asked(foot_drop="no", weakness="objective") != asked(weakness="objective")
    assert asked(sensory_ncs="normal", ncs="focal_abnormal") != asked(ncs="focal_abnormal")


def test_what_is_contained_is_known_to_the_flags_and_not_asked_again() -> None:
    found = shipped_reasoner().diagnose({"foot_drop": "yes"}, tests=None, intervals=False)
    assert found.contained == {"distal_weakness": "yes", "weakness": "objective",
                               "gait_disturbance": "yes"}  # fmt: skip
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
