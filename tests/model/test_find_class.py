"""What a class types: brands, slang and slips find the right thing, or are said to fit nothing."""

import pytest

import fascinet as fn
from fascinet.model.find import find, meant

TAKEN = {
    "caffeine_excess=yes": "coffee, latte, matcha, pepsi, preworkout, red bull, cofee",
    "stimulant_use=yes": "adderall, ritaline, meth, Sudafed, ADHD medicine",
    "diuretic_use=yes": "lasix, spironolactone, water pill, water tablets",
    "beta_agonist=yes": "ventolin, puffer, blue inhaler, asthma pump",
    "serotonergic_drug=yes": "prozac, zoloft, cymbalta, sertralin",
    "dopamine_blocker=yes": "haldol, seroquel, metoclopramide, nausea tablet",
    "proton_pump_inhibitor=yes": "omeprazole, losec, reflux tablet",
    "corticosteroid_longterm=yes": "steroids, prednisone, medrol",
    "statin_use=yes": "statins, lipitor, cholesterol pill",
    "other_drug=yes": "lithium, weed, heroin, methadone",
    "diabetes=yes": "diabetic, insulin, metformin",
    "toxin_exposure=alcohol": "beer, wine, drunk, alcoholic",
    "organophosphate_exposure=yes": "sarin, crop spraying",
    "insomnia=yes": "insomia, can't sleep, cannot sleep",
    "poor_sleep=yes": "newborn, all nighter, night shift, jet lag",
    "intense_exercise=yes": "gym, deadlift, marathon, leg day, gym bro",
    "fear_of_als=yes": "hypochondria, dr google, scared of ALS",
    "anxiety_symptoms=yes": "panic, anxious, worried",
    "stress_anxiety=acute": "exams, finals, exam stress",
    "infection_recent=yes": "covid, flu, lyme, long covid",
    "fatigue=yes": "tired, knackered, exhausted, fatiuge, no energy",
    "gi_loss=yes": "diahrea, diarrhea, food poisoning",
    "dehydration=yes": "dehydrated",
    "poor_diet=yes": "keto, fasting, junk food",
    "twitching=yes": "twich, twitchs, twiching, fasics, buzzing, muscle twitch",
    "eyelid_twitch=yes": "eye twitch, eye twich, eylid twitch, jumpy eye, eye spasm",
    "cramps=yes": "cramp, charley horse",
    "tremor=yes": "shaky, tremmor, shakes",
    "urge_to_move_legs=yes": "RLS, restless legs",
    "weakness=subjective": "weakness, weak legs, noodle arms, dropping things",
    "weakness=perceived": "jelly legs, heavy arms",
    "hand_weakness=yes": "weak grip, cannot open jars",
    "foot_drop=yes": "drop foot, trips over foot",
    "bulbar=yes": "slurring, hoarse, swalowing, choking, lump in throat",
    "numbness_tingling=distal": "numb toes, burning feet",
    "numbness_tingling=focal": "numb fingers, dead arm",
    "spine_pain=yes": "neck pain, back pain",
    "pain=yes": "knee pain, chest pain",
    "lhermitte=yes": "electric shocks",
    "vertigo=yes": "dizzy, dizzyness",
    "palpitations_jitter=yes": "jittery, palpatations, racing heart",
    "dyspnoea=yes": "breathless, dyspnea, short of breath",
    "weight_loss=yes": "wieght loss, losing weight",
    "serum_k=low": "low potassium",
    "serum_ca=high": "high calcium",
    "serum_mg=low": "low magnesium",
    "als=yes": "ALS, MND, lou gehrig",
    "ms=yes": "MS, multiple sclerosis",
    "mmn=yes": "MMN",
    "cramps=no": "no cramps",
    "weight_loss=no": "without weight loss",
    "emg=normal": "normal EMG",
}  # fmt: skip
OPEN = {
    "thyroid": "thyroid_excess hypothyroidism tsh", "alcohol": "toxin_exposure stopped_substance",
    "booze": "toxin_exposure stopped_substance", "hungover": "poor_sleep dehydration",
    "ozempic": "diabetes new_medication", "coke": "caffeine_excess stimulant_use",
    "kidney": "kidney_disease creatinine uraemia", "nerve": "ncs peripheral_neuropathy",
    "spine": "mri cervical_myelopathy nerve_compression", "brain": "mri ms parkinson_disease",
    "potassium": "serum_k hypokalaemia hyperkalaemia", "calcium": "serum_ca hypocalcaemia",
    "magnesium": "serum_mg hypomagnesaemia", "running": "intense_exercise moderate_exercise",
    "stress": "anxiety_symptoms high_stress stress_anxiety", "sugar": "diabetes hba1c",
    "xanax": "stopped_substance", "spasm": "twitching cramps", "eyelid": "eyelid_twitch ptosis",
    "drooling": "bulbar cholinergic_signs", "emg": "emg", "weight": "weight_loss weight_gain",
    "pinched nerve": "nerve_compression", "leg": "twitch_spread cramps",
}  # fmt: skip
NOTHING = (
    "vape vaping juul zyn snus nicotine smoking cigarettes accutane contraceptive benadryl "
    "melatonin keppra propranolol amlodipine aspirin ibuprofen digoxin botox hiv "
    "syphilis raynaud menopause autism zinc testosterone qwerty"
)


@pytest.mark.parametrize("key", TAKEN)
def test_a_plain_word_is_what_it_says(key: str) -> None:
    for word in TAKEN[key].split(", "):
        match = meant(find(word, 40))
        assert match is not None, word
        assert f"{match.variable}={match.state}" == key, word


def test_words_that_several_things_fit_take_none_and_offer_them() -> None:
    for word, wanted in OPEN.items():
        found = find(word, 40)
        assert meant(found) is None, word
        assert set(wanted.split()) <= {m.variable for m in found[:8]}, word


def test_what_the_network_does_not_know_is_not_made_up() -> None:
    for word in NOTHING.split():
        assert find(word) == (), word


def test_a_part_of_a_name_or_a_summary_is_not_taken() -> None:
    assert meant(fn.find("birth control")) is None and meant(fn.find("hypo")) is None
    assert meant(()) is None
