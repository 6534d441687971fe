"""Everyday twitching alarms nobody; the same with one grave sign does.

Presentations as a general practice sees them, composed for this test. Each names the groups of
which one is to come first.
"""

from collections.abc import Mapping
from functools import cache

import pytest

from fascinet.engine.clinic.differential import Differential
from fascinet.engine.clinic.reasoner import shipped_reasoner

STRESS, DRUGS, OTHER = "stress_anxiety", "drugs_substances", "other"
FATIGUE, BENIGN = "muscle_fatigue_overexertion", "benign_fasciculation_syndrome"
NERVE, ROOT, SALTS = (
    "peripheral_neuropathy",
    "nerve_compression_radiculopathy",
    "electrolyte_imbalance",
)

Told = Mapping[str, str]
EVERYDAY: dict[str, tuple[int, str, set[str], Told]] = {
    "lid of a tired student": (24, "female", {STRESS}, {
        "eyelid_twitch": "yes", "twitch_spread": "single_site", "twitch_duration": "weeks",
        "poor_sleep": "yes", "high_stress": "yes"}),
    "lid and coffee": (35, "male", {DRUGS, STRESS}, {
        "eyelid_twitch": "yes", "caffeine_excess": "yes", "twitch_duration": "days"}),
    "lid of a doctor on nights": (31, "female", {STRESS, DRUGS}, {
        "eyelid_twitch": "yes", "poor_sleep": "yes", "caffeine_excess": "yes"}),
    "calf after a run": (28, "male", {FATIGUE}, {
        "twitch_calf": "yes", "after_exercise": "yes", "intense_exercise": "yes",
        "twitch_duration": "hours"}),
    "marathon, sore and cramped": (38, "male", {FATIGUE}, {
        "twitch_calf": "yes", "after_exercise": "yes", "intense_exercise": "yes", "cramps": "yes",
        "twitch_duration": "days", "soreness": "yes", "fatigue": "yes"}),
    "first month in the gym": (26, "male", {FATIGUE}, {
        "low_activity": "yes", "intense_exercise": "yes", "soreness": "yes", "weakness": "none",
        "after_exercise": "yes", "twitch_arm": "yes"}),
    "coffee and stress": (42, "female", {STRESS, DRUGS}, {
        "caffeine_excess": "yes", "high_stress": "yes", "insomnia": "yes", "tremor": "yes",
        "palpitations_jitter": "yes"}),
    "medical student afraid of ALS": (23, "male", {BENIGN, STRESS}, {
        "fear_of_als": "yes", "anxiety_symptoms": "yes", "twitch_spread": "widespread",
        "twitch_migrating": "yes", "twitch_duration": "months", "weakness": "perceived"}),
    "the same, not yet examined": (23, "male", {BENIGN, STRESS}, {
        "fear_of_als": "yes", "anxiety_symptoms": "yes", "twitch_spread": "widespread",
        "twitch_duration": "months", "weakness": "subjective"}),
    "cramps and twitching for years": (41, "male", {BENIGN}, {
        "twitch_calf": "yes", "cramps": "yes", "twitch_duration": "years", "weakness": "none",
        "twitch_spread": "widespread", "fatigue": "yes"}),
    "fasciculation alone on EMG": (45, "male", {BENIGN}, {
        "twitch_duration": "months", "twitch_spread": "widespread", "weakness": "none",
        "emg": "isolated_fasciculations", "atrophy": "no", "umn_signs": "no"}),
    "calf at seventy, strong": (70, "male", {BENIGN}, {
        "twitch_calf": "yes", "twitch_duration": "months", "weakness": "none", "atrophy": "no",
        "umn_signs": "no"}),
    "night cramps on a thiazide": (68, "female", {BENIGN, SALTS, NERVE}, {
        "night_cramps": "yes", "cramps": "yes", "diuretic_use": "yes"}),
    "leg cramps in pregnancy": (30, "female", {BENIGN, SALTS}, {
        "pregnancy": "yes", "night_cramps": "yes", "cramps": "yes"}),
    "stomach upset and cramps": (34, "female", {BENIGN, SALTS, STRESS}, {
        "gi_loss": "yes", "cramps": "yes", "fatigue": "yes"}),
    "hot day outdoors": (31, "male", {FATIGUE, SALTS}, {
        "heat_exposure": "yes", "poor_hydration": "yes", "cramps": "yes",
        "twitch_duration": "hours", "intense_exercise": "yes"}),
    "panic attack": (29, "female", {STRESS}, {
        "hyperventilation": "yes", "anxiety_symptoms": "yes", "numbness_tingling": "distal",
        "perioral_numbness": "yes", "deficit_onset": "hours"}),
    "jerks on falling asleep": (30, "male", {OTHER, STRESS}, {
        "hypnic_jerks": "yes", "poor_sleep": "yes", "caffeine_excess": "yes"}),
    "restless legs": (55, "female", {OTHER}, {"urge_to_move_legs": "yes", "insomnia": "yes"}),
    "new inhaler": (27, "female", {DRUGS}, {
        "beta_agonist": "yes", "tremor": "yes", "palpitations_jitter": "yes",
        "new_medication": "yes"}),
    "new antidepressant": (36, "female", {DRUGS}, {
        "serotonergic_drug": "yes", "new_medication": "yes", "tremor": "yes",
        "anxiety_symptoms": "yes"}),
    "tablets for attention": (19, "male", {DRUGS}, {
        "stimulant_use": "yes", "adhd": "yes", "new_medication": "yes", "eyelid_twitch": "yes"}),
    "numb fingers at night": (50, "female", {ROOT}, {
        "numbness_tingling": "focal", "twitch_hand": "yes", "repetitive_strain": "yes",
        "weakness": "none"}),
    "sciatica without weakness": (44, "male", {ROOT}, {
        "spine_pain": "yes", "pain": "yes", "twitch_calf": "yes", "numbness_tingling": "focal",
        "weakness": "none"}),
    "tingling feet with diabetes": (66, "male", {NERVE}, {
        "diabetes": "yes", "numbness_tingling": "distal", "twitch_foot": "yes"}),
    "shaking hands in the family": (60, "male", {OTHER}, {
        "action_tremor": "yes", "family_tremor": "yes", "tremor": "yes"}),
}  # fmt: skip
GRAVE: dict[str, tuple[str, Told]] = {
    "weak hand found": ("weeks", {"weakness": "objective", "hand_weakness": "yes"}),
    "wasted thumb": ("weeks", {"hand_atrophy": "yes"}),
    "slurred speech": ("weeks", {"bulbar": "yes"}),
    "foot that drags": ("weeks", {"foot_drop": "yes"}),
    "brisk reflexes": ("weeks", {"umn_signs": "yes"}),
    "double vision": ("weeks", {"diplopia_nystagmus": "yes"}),
    "weakness within hours": ("hours", {"weakness": "subjective", "deficit_onset": "hours"}),
    "dark urine": ("hours", {"dark_urine": "yes"}),
    "stiff locked hands": ("day", {"tetany": "yes"}),
    "weak on a water tablet": ("day", {"weakness": "subjective", "diuretic_use": "yes"}),
    "clonus on an antidepressant": ("hours", {"serotonergic_drug": "yes", "clonus": "yes"}),
    "cannot hold water": ("day", {"bladder": "yes"}),
    "muscle breakdown by blood": ("hours", {"ck": "very_high"}),
    "irregular heart": ("day", {"arrhythmia_qt": "yes"}),
    "long QT": ("day", {"ecg": "long_qt_or_flat_t"}),
    "long QT and a low potassium": ("hours", {"ecg": "long_qt_or_flat_t", "serum_k": "low"}),
}


@cache
def everyday(name: str) -> Differential:
    age, sex, _, findings = EVERYDAY[name]
    case = {"age": age, "sex": sex, "findings": {"twitching": "yes", **findings}}
    return shipped_reasoner().diagnose(case, tests=0, intervals=False)


@pytest.mark.parametrize("name", EVERYDAY)
def test_an_everyday_presentation_raises_no_urgent_flag(name: str) -> None:
    assert not [f for f in everyday(name).red_flags if f.level == "urgent"]


@pytest.mark.parametrize("name", EVERYDAY)
def test_an_everyday_cause_comes_first_and_als_is_far(name: str) -> None:
    found = everyday(name)
    assert found.groups[0].group in EVERYDAY[name][2]
    assert next(e for e in found.differential if e.cause == "als").posterior < 0.02
    assert found.advice[0].action in {"A1", "A2", "A5", "A6", "A7", "A9", "A15"}


@pytest.mark.parametrize("name", GRAVE)
@pytest.mark.parametrize("base", ["lid of a tired student", "medical student afraid of ALS",
                                  "calf after a run"])  # fmt: skip
def test_a_grave_sign_is_urgent_in_everyday_company(name: str, base: str) -> None:
    within, told = GRAVE[name]
    age, sex, _, findings = EVERYDAY[base]
    case = {"age": age, "sex": sex, "findings": {"twitching": "yes", **findings, **told}}
    first = shipped_reasoner().diagnose(case, tests=0, intervals=False).red_flags[0]
    order = ("hours", "day", "weeks")
    assert first.level == "urgent" and order.index(first.within) <= order.index(within)
