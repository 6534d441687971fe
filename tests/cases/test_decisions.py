"""The actions: what they are worth, when they are offered, and which comes first."""

from collections.abc import Mapping

import pytest

import fascinet as fn
from fascinet.engine.clinic.decisions import Decisions, decide, expected_gain
from fascinet.engine.clinic.differential import Differential, RedFlag
from fascinet.model.digest import digest_of
from fascinet.model.load import load_knowledge

KNOWLEDGE = load_knowledge()
DIGEST = digest_of(KNOWLEDGE)
RESTING = DIGEST.resting
STATES = {name: record.states for name, record in KNOWLEDGE.variables.items()}


def marginals(present: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return P(state) of every cause and trigger: at rest but for those given."""
    out: dict[str, dict[str, float]] = {}
    for cause, record in KNOWLEDGE.causes.items():
        for name in (cause, f"trigger_{cause}") if record.trigger else (cause,):
            states = record.states if name == cause else ("no", "yes")
            p = present.get(name, 0.0)
            other = [s for s in states if s != states[0]]
            out[name] = {states[0]: 1 - p, **{s: p / len(other) for s in other}}
    return out


def advised(
    present: Mapping[str, float], told: Mapping[str, str] | None = None, flags=(), before=None
) -> Decisions:
    known = {name: frozenset({state}) for name, state in (told or {}).items()}
    return decide(DIGEST, marginals(present), marginals(before or {}), known, flags)


def flag(level: str, within: str, *actions: str) -> RedFlag:
    return RedFlag("RX", level, "", (), "", within, actions)


# -------------------------------------------------------------------- the arithmetic


def test_utility_is_benefit_times_gain_less_burden() -> None:
    found = {a.action: a for a in advised({"trigger_caffeine_excess": 0.4}).advice}
    review, worth = found["A6"], DIGEST.utilities.actions["A6"]
    assert review.utility == pytest.approx(worth.benefit.p * 0.4 - worth.burden.p)
    assert review.low == pytest.approx(worth.benefit.low * 0.4 - worth.burden.high)
    assert review.basis[0] == ("caffeine_excess", pytest.approx(0.4))


def test_what_is_present_counts_beyond_what_the_setting_makes_likely() -> None:
    common = {"peripheral_neuropathy": 0.3}
    calm = {a.action: a for a in advised(common, before=common).advice}["A7"]
    assert dict(calm.basis)["peripheral_neuropathy"] == 0.0 and calm.utility < 0
    risen = {a.action: a for a in advised({"als": 0.55}, before={"als": 0.1}).advice}["A7"]
    assert dict(risen.basis)["als"] == pytest.approx(0.5)


def test_a_cause_without_a_trigger_is_no_reason_while_it_is_only_common() -> None:
    """A drug that nobody named does not lead the advice."""
    common = {"proton_pump_inhibitor": 0.11, "diuretic_use": 0.09}
    review = {a.action: a for a in advised(common, before=common).advice}["A6"]
    assert review.utility < 0


def test_the_gain_is_at_most_the_largest_stake() -> None:
    assert expected_gain([("a", 0.9), ("b", 0.8)], {}) == 1.0
    assert expected_gain([("a", 0.5), ("b", 0.2)], {"a": 2.0}) == pytest.approx(1.2)
    assert expected_gain([], {}) == 0.0


# -------------------------------------------------------------------- when, and which first


def test_an_action_is_offered_only_under_its_conditions() -> None:
    sure = {"facial_nerve_compression": 1.0, "trigger_facial_nerve_compression": 1.0}
    assert "A3" not in {a.action for a in advised(sure).advice}
    told = {"hemifacial_spasm": "yes"}
    found = [a.action for a in advised(sure, told).advice]
    assert found[0] in {"A14", "A7"} and "A14" in found[:2] and "A3" not in found
    imaged = [a.action for a in advised(sure, {**told, "brain_imaging_other": "yes"}).advice]
    assert "A3" in imaged and imaged.index("A14") < imaged.index("A3")
    calm = {"bfs": 1.0, "trigger_bfs": 1.0}
    assert "A4" not in {a.action for a in advised(calm).advice}
    assert "A4" in {a.action for a in advised(calm, {"emg_myokymic": "yes"}).advice}


def test_no_stretching_for_a_breakdown_of_muscle() -> None:
    tired = {"trigger_muscle_fatigue": 1.0}
    assert "A5" in {a.action for a in advised(tired).advice}
    assert "A5" not in {a.action for a in advised(tired, {"dark_urine": "yes"}).advice}


def test_flags_lead_in_their_order_and_only_with_a_utility_above_zero() -> None:
    flags = (flag("urgent", "hours", "A8"), flag("urgent", "weeks", "A7"))
    found = advised({"trigger_poor_sleep": 1.0}, flags=flags).advice
    assert [a.action for a in found[:2]] == ["A8", "A7"]
    assert all(a.first and a.utility > 0 for a in found[:2]) and not found[2].first
    for case in ({}, {"trigger_poor_sleep": 1.0}, {"als": 0.5}):
        for advice in (advised(case, flags=flags).advice, advised(case).advice):
            assert not advice or advice[0].utility > 0 or all(a.utility <= 0 for a in advice)


def test_a_routine_flag_adds_weight_but_does_not_lead() -> None:
    found = advised({"trigger_poor_sleep": 1.0, "trigger_stress_anxiety": 1.0},
                    flags=(flag("routine", "", "A7"),)).advice  # fmt: skip
    referral = next(a for a in found if a.action == "A7")
    assert not referral.first and referral.utility > 0


def test_advice_never_orders() -> None:
    flags = (flag("urgent", "hours", "A8"), flag("urgent", "day", "A9"))
    for advice in advised({"als": 0.6}, flags=flags).advice:
        assert advice.sentence().startswith(("Consider", "Discuss"))
    assert advised({}).title() == "Nothing is better than waiting and watching"


# -------------------------------------------------------------------- whole cases

CASES = {
    "potassium of 2.7": ({"serum_k": "low", "diuretic_use": "yes"}, {"A10"}),
    "potassium of 7.1": ({"serum_k": "high"}, {"A8"}),
    "tetany after the neck": ({"tetany": "yes", "neck_surgery": "yes", "serum_ca": "low"}, {"A10"}),
    "tetany, nothing measured": ({"tetany": "yes", "neck_surgery": "yes"}, {"A9"}),
    "dark urine": ({"intense_exercise": "yes", "dark_urine": "yes"}, {"A8"}),
    "serotonin": ({"serotonergic_drug": "yes", "clonus": "yes", "agitation": "yes"}, {"A8"}),
    "pesticide": ({"organophosphate_exposure": "yes", "cholinergic_signs": "yes"}, {"A8"}),
    "seizure and low sodium": ({"seizures": "yes", "serum_na": "low"}, {"A8"}),
    "hemifacial spasm": ({"hemifacial_spasm": "yes", "weakness": "none"}, {"A14", "A7"}),
    "lid twitch": (
        {"eyelid_twitch": "yes", "twitch_spread": "single_site", "stress_anxiety": "acute",
         "age_group": "18-39", "weakness": "none"}, {"A1", "A2"}),
    "coffee": ({"caffeine_excess": "yes", "eyelid_twitch": "yes", "weakness": "none"},
               {"A6", "A1", "A2"}),
    "after the gym": ({"intense_exercise": "yes", "after_exercise": "yes"}, {"A5", "A1"}),
    "weak and wasted": ({"weakness": "objective", "atrophy": "yes", "age_group": "60+"}, {"A7"}),
    "foot drop with a root": (
        {"foot_drop": "yes", "spine_pain": "yes", "weakness_pattern": "one_root"}, {"A13"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def answers() -> dict[str, Differential]:
    return {name: fn.diagnose({"findings": told}) for name, (told, _) in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_the_first_advice_fits_the_case(name: str, answers: dict[str, Differential]) -> None:
    found = answers[name].advice
    assert found[0].action in CASES[name][1], [a.sentence() for a in found[:4]]
    assert found[0].utility > 0


def test_the_advice_is_in_the_json(answers: dict[str, Differential]) -> None:
    found = answers["potassium of 7.1"].to_dict()["actions"]
    assert found[0]["action"] == "A8" and found[0]["first"] and found[0]["within"] == "hours"
    assert found[0]["sentence"].startswith("Discuss at once")
