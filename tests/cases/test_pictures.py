"""Pictures as clinics see them: which cause comes first, and which advice.

Composed for this test from what guidelines and reviews call typical. Each names the causes of which
one is to come first, and the actions of which one is to lead.
"""

from functools import cache

import pytest

from fascinet.engine.clinic.differential import Differential
from fascinet.engine.clinic.reasoner import shipped_reasoner

Picture = tuple[int, str, str, str, str]
CLINIC, GP = "neuromuscular_clinic", "primary_care"
# age, sex, findings, causes, first actions
AT_THE_CLINIC: dict[str, Picture] = {
    "wrist drop for years": (38, "male", "hand_weakness asymmetric atrophy=no cramps "
        "sensory_loss=no umn_signs=no deficit_onset=years twitch_arm", "mmn", "A7"),
    "block on conduction": (45, "female", "hand_weakness weakness_pattern=multifocal "
        "conduction_block sensory_ncs=normal twitch_hand", "mmn", "A7"),
    "arms and legs for months": (58, "male", "weakness=objective proximal_weakness "
        "distal_weakness hyporeflexia sensory_loss deficit_onset=months", "cidp", "A7"),
    "weak hips and breasts": (55, "male", "proximal_weakness atrophy tongue_signs twitch_face "
        "gynaecomastia tremor deficit_onset=years hyporeflexia ck=raised", "kennedy_disease", "A7"),
    "the same without breasts": (60, "male", "proximal_weakness bulbar cramps action_tremor "
        "hyporeflexia deficit_onset=years sensory_ncs=diffuse_abnormal ck=raised",
        "kennedy_disease", "A7"),
    "lower neuron only": (63, "male", "weakness=objective atrophy twitch_spread=widespread "
        "hyporeflexia umn_signs=no emg=widespread_denervation progressive_course",
        "progressive_muscular_atrophy als", "A7"),
    "muscles that ripple": (40, "male", "stiffness cramps myokymia sweating emg_myokymic "
        "twitch_spread=widespread twitch_in_sleep", "isaacs_syndrome", "A7 A4"),
    "ripples and no sleep": (60, "male", "myokymia insomnia hallucinations confusion sweating "
        "antibody_caspr2=positive weight_loss", "isaacs_syndrome", "A8"),
}  # fmt: skip
ELSEWHERE: dict[str, Picture] = {
    "lids that droop": (34, "female", "twitching=no ptosis diplopia_nystagmus fatigability",
        "myasthenia", "A7"),
    "throat and breath": (74, "male", "twitching=no bulbar fatigability neck_weakness dyspnoea "
        "deficit_onset=weeks", "myasthenia", "A8"),
    "on pyridostigmine": (50, "female", "twitch_spread=widespread ptosis fatigability cramps "
        "other_drug new_medication", "myasthenia", "A7"),
    "clumsy hands": (64, "male", "hand_clumsiness gait_disturbance numbness_tingling=distal",
        "cervical_myelopathy peripheral_neuropathy", "A7 A13"),
    "cord on the scan": (70, "female", "umn_signs babinski hand_clumsiness mri=cord_compression",
        "cervical_myelopathy", "A13"),
    "wasted hand, brisk legs": (66, "male", "hand_weakness hand_atrophy umn_signs "
        "gait_disturbance spine_pain numbness_tingling=focal", "cervical_myelopathy", "A7 A13"),
    "fifth lumbar root": (47, "male", "spine_pain pain foot_drop numbness_tingling=focal "
        "weakness_pattern=one_root deficit_onset=days", "nerve_compression", "A8 A13"),
    "first sacral root": (39, "female", "spine_pain pain numbness_tingling=focal hyporeflexia "
        "twitch_calf weakness=none", "nerve_compression", "A15 A7"),
    "ulnar": (52, "male", "numbness_tingling=focal hand_weakness hand_atrophy "
        "weakness_pattern=one_nerve twitch_hand repetitive_strain", "nerve_compression", "A13 A7"),
    "crossed legs": (28, "male", "foot_drop weakness_pattern=one_nerve numbness_tingling=focal "
        "weight_loss pain=no deficit_onset=days", "nerve_compression", "A8 A13 A15"),
    "hands numb in pregnancy": (33, "female", "numbness_tingling=focal pregnancy twitching=no "
        "weakness=none", "nerve_compression", "A15"),
    "rising numbness": (36, "female", "infection_recent numbness_tingling=distal "
        "weakness=subjective gait_disturbance deficit_onset=days spine_pain", "gbs", "A8"),
    "double vision and no reflexes": (30, "male", "infection_recent diplopia_nystagmus "
        "incoordination hyporeflexia deficit_onset=days twitching=no", "gbs", "A8"),
    "arms that hang": (62, "male", "weakness_pattern=proximal atrophy twitch_arm "
        "progressive_course deficit_onset=months numbness_tingling=none",
        "als progressive_muscular_atrophy", "A7"),
    "slurred": (70, "female", "bulbar tongue_signs emotional_lability jaw_jerk weight_loss",
        "als", "A7"),
    "fingers and thighs": (68, "male", "weakness_pattern=proximal hand_weakness falls bulbar "
        "deficit_onset=years ck=raised", "muscle_disease inflammatory_myopathy", "A7"),
    "polio once": (68, "female", "past_polio weakness=subjective fatigue cramps twitch_calf "
        "atrophy deficit_onset=years", "post_polio", "A7"),
    "hot and thin": (29, "female", "palpitations_jitter heat_intolerance weight_loss "
        "eyelid_twitch", "thyroid_excess", "A16"),
    "cold and slow": (52, "female", "cramps cold_intolerance weight_gain fatigue "
        "constipation_ileus delayed_reflexes ck=raised", "hypothyroidism", "A16"),
    "locked hands, frightened": (24, "female", "hyperventilation perioral_numbness tetany "
        "anxiety_symptoms numbness_tingling=distal deficit_onset=hours twitching=no",
        "hyperventilation_syndrome", "A9"),
    "years of omeprazole": (66, "female", "proton_pump_inhibitor cramps tetany tremor fatigue",
        "hypomagnesaemia hypocalcaemia", "A9 A10"),
    "fed after hunger": (25, "female", "poor_diet weakness=objective confusion phosphate=low "
        "serum_k=low serum_mg=low deficit_onset=days", "hypokalaemia hypomagnesaemia", "A8"),
    "lithium": (45, "female", "other_drug tremor action_tremor nausea_vomiting confusion "
        "incoordination twitch_spread=widespread", "other_drug", "A8"),
    "theophylline": (68, "male", "beta_agonist tremor palpitations_jitter nausea_vomiting "
        "new_medication", "beta_agonist", "A6 A9"),
    "sprayed the field": (40, "male", "organophosphate_exposure cholinergic_signs "
        "twitch_spread=widespread weakness=objective deficit_onset=hours nausea_vomiting",
        "cholinergic_toxicity", "A8"),
    "nothing told of a spray": (33, "male", "cholinergic_signs sweating bradycardia confusion "
        "twitch_spread=widespread deficit_onset=hours", "cholinergic_toxicity", "A8"),
    "third day without drink": (48, "male", "stopped_substance=alcohol tremor sweating insomnia "
        "nausea_vomiting tachycardia", "withdrawal", "A8 A11"),
    "sleeping tablets stopped": (55, "female", "stopped_substance=sedative eyelid_twitch "
        "anxiety_symptoms insomnia tremor", "withdrawal", "A11"),
    "half a face": (55, "female", "hemifacial_spasm twitch_in_sleep twitch_duration=years "
        "facial_palsy=no", "facial_nerve_compression", "A14"),
    "shaking in the family": (63, "female", "action_tremor twitching=no family_tremor "
        "parkinsonism=no deficit_onset=years", "essential_tremor", "A7"),
    "slow and one-sided": (70, "male", "rest_tremor parkinsonism asymmetric twitching=no "
        "deficit_onset=years", "parkinson_disease", "A7"),
    "legs in the evening": (50, "female", "urge_to_move_legs insomnia anaemia twitching=no",
        "restless_legs", ""),
    "eye that lags": (31, "female", "diplopia_nystagmus numbness_tingling=focal ino "
        "deficit_onset=days facial_myokymia", "ms", "A7 A8"),
    "shock down the back": (36, "female", "lhermitte bladder numbness_tingling=distal "
        "weakness=objective umn_signs deficit_onset=days", "ms cervical_myelopathy", "A8 A13"),
    "cramps at night, old": (76, "male", "night_cramps weakness=none atrophy=no twitch_calf",
        "bfs", ""),
    "the same on a thiazide": (78, "female", "night_cramps diuretic_use fatigue",
        "bfs hypokalaemia diuretic_use sodium_disorder", "A6 A9"),
    "on dialysis": (62, "male", "kidney_disease cramps fatigue urge_to_move_legs myoclonus",
        "uraemia", "A9"),
    "days after thyroidectomy": (43, "female", "neck_surgery perioral_numbness cramps "
        "numbness_tingling=distal deficit_onset=days twitch_face", "hypocalcaemia", "A9"),
    "years after thyroidectomy": (50, "female", "neck_surgery seizures cataract_calcification "
        "tetany", "hypocalcaemia", "A8"),
    "peaked": (71, "male", "kidney_disease weakness=objective serum_k=high ecg=peaked_t",
        "hyperkalaemia", "A8"),
    "dull on a thiazide": (79, "female", "diuretic_use confusion nausea_vomiting falls",
        "sodium_disorder", "A8"),
    "two serotonin drugs": (28, "male", "serotonergic_drug second_serotonergic clonus tremor "
        "sweating agitation deficit_onset=hours", "serotonin_toxicity", "A8"),
    "cola after the gym": (26, "female", "intense_exercise soreness dark_urine "
        "weakness=subjective", "exertional_rhabdomyolysis", "A8"),
    "low vitamin": (70, "female", "numbness_tingling=distal gait_disturbance poor_diet "
        "hyporeflexia serum_b12=low", "b12_deficiency", "A16"),
    "high arches": (32, "male", "foot_deformity hyporeflexia cramps family_neuropathy foot_drop "
        "deficit_onset=years", "hereditary_neuropathy", "A7"),
    "sugar and burning feet": (64, "male", "diabetes numbness_tingling=distal pain twitch_foot",
        "peripheral_neuropathy", "A7 A16"),
    "writing only": (40, "male", "limb_dystonia task_specific twitching=no pain=no", "dystonia",
        "A7 A14"),
    "turned neck": (50, "female", "neck_dystonia sensory_trick tremor deficit_onset=years "
        "twitching=no", "dystonia", "A7 A14"),
    "eyes up after metoclopramide": (21, "female", "dopamine_blocker oculogyric "
        "face_jaw_dystonia new_medication deficit_onset=hours", "dystonic_reaction", "A11"),
}  # fmt: skip
CASES = [(setting, name) for setting, all_ in ((CLINIC, AT_THE_CLINIC), (GP, ELSEWHERE))
         for name in all_]  # fmt: skip


@cache
def answer(setting: str, name: str) -> Differential:
    age, sex, told, _, _ = (AT_THE_CLINIC if setting == CLINIC else ELSEWHERE)[name]
    pairs = (word.partition("=") for word in f"twitching {told}".split())
    findings = {finding: state or "yes" for finding, _, state in pairs}
    case = {"age": age, "sex": sex, "findings": findings}
    return shipped_reasoner().diagnose(case, setting=setting, tests=0, intervals=False)


@pytest.mark.parametrize(("setting", "name"), CASES)
def test_what_comes_first_and_what_is_advised_first(setting: str, name: str) -> None:
    _, _, _, causes, actions = (AT_THE_CLINIC if setting == CLINIC else ELSEWHERE)[name]
    found = answer(setting, name)
    assert found.differential[0].cause in causes.split()
    assert not actions or found.advice[0].action in actions.split()


def told(**findings: str) -> Differential:
    return shipped_reasoner().diagnose(dict(findings), tests=5, intervals=False)


def test_the_test_that_defines_a_leading_cause_is_among_the_first() -> None:
    thyroid = told(tremor="yes", weight_loss="yes", heat_intolerance="yes", tachycardia="yes",
                   proximal_weakness="yes", palpitations_jitter="yes")  # fmt: skip
    assert any("tsh" in (t.finding, *t.includes) for t in thyroid.next_tests[:3])
    assert not any("tsh" in (t.finding, *t.includes) for t in told(tsh="suppressed").next_tests)


def test_no_drug_is_stopped_that_is_not_taken() -> None:
    cramps = told(statin_use="yes", cramps="yes", soreness="yes", weakness="none", age_group="60+")
    assert cramps.advice[0].action != "A11"
    salt = told(diuretic_use="yes", serum_k="low")
    assert [a.action for a in salt.advice if a.first] == ["A10", "A9", "A11"]


@pytest.mark.parametrize("told_", ["hand_clumsiness gait_disturbance", "hand_clumsiness falls"])
def test_clumsy_hands_with_an_unsteady_gait_are_urgent(told_: str) -> None:
    assert "urgent" in {f.level for f in told(**dict.fromkeys(told_.split(), "yes")).red_flags}
