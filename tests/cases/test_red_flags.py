"""Red flags and reassurance: each condition, its order, and that nothing hides or brings back."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from random import Random

import numpy as np
import pytest

from fascinet.engine.clinic.conditions import LIKELY, any_holds, holds, possible_states
from fascinet.engine.clinic.differential import RedFlag
from fascinet.engine.clinic.red_flags import LEVELS, WITHIN, out_of_rest, red_flags, urgency
from fascinet.model.case import Case
from fascinet.model.digest import digest_of
from fascinet.model.load import load_knowledge

KNOWLEDGE = load_knowledge()
DIGEST = digest_of(KNOWLEDGE)
RULES = {rule.id: rule for rule in KNOWLEDGE.red_flags}
OBSERVED = [
    (name, state)
    for part in (KNOWLEDGE.context, KNOWLEDGE.risks, KNOWLEDGE.causes, KNOWLEDGE.findings,
                 KNOWLEDGE.tests)
    for name, record in part.items()
    if name != "setting"
    for state in record.states
]  # fmt: skip
STATES = {name: record.states for name, record in KNOWLEDGE.variables.items()}


def flags(
    hard: Mapping[str, str],
    soft: Mapping[str, Mapping[str, float]] | None = None,
    posterior: Mapping[str, Mapping[str, float]] | None = None,
    do: Mapping[str, str] | None = None,
) -> tuple[RedFlag, ...]:
    return red_flags(DIGEST, Case(dict(hard), soft or {}, do or {}), posterior or {})


def ids(*args, **named) -> set[str]:
    return {flag.id for flag in flags(*args, **named)}


# -------------------------------------------------------------------- the logic, fault by fault


@pytest.mark.parametrize(("p", "raised"), [(0.49, False), (LIKELY, False), (0.51, True), (1, True)])
def test_a_cause_counts_only_if_more_probable_than_not(p: float, raised: bool) -> None:
    found = ids({"cramps": "no"}, posterior={"als": {"no": 1 - p, "yes": p}})
    assert ("RF40" in found) == raised
    assert LIKELY == 0.5


def test_an_improbable_cause_raises_nothing() -> None:
    rare = {c: dict(zip(STATES[c], [0.97, *[0.03 / (len(STATES[c]) - 1)] * 9], strict=False))
            for c in KNOWLEDGE.causes}  # fmt: skip
    assert ids({"cramps": "no"}, posterior=rare) == set()


def test_what_was_observed_goes_before_what_is_likely() -> None:
    told = {"als": "no"}
    assert "RF40" not in ids(told, posterior={"als": {"no": 0.0, "yes": 1.0}})
    assert "RF40" in ids({"als": "yes"}, posterior={"als": {"no": 1.0, "yes": 0.0}})


def test_what_is_partly_known_counts_only_if_every_open_state_is_listed() -> None:
    salt = {"low": 0.5, "normal": 0.0, "high": 0.5}
    assert "RF9" in ids({}, {"serum_ca": salt})
    assert "RF9" not in ids({}, {"serum_ca": {**salt, "normal": 0.01}})
    assert "RF1" not in ids({"twitching": "yes"}, {"weakness": _split("subjective", "objective")})
    # the reverse subset does not do either: open states fewer than those listed are enough
    assert holds({"x": ("a", "b", "c")}, {"x": frozenset("a")})
    assert not holds({"x": ("a",)}, {"x": frozenset("ab")})


def _split(*states: str) -> dict[str, float]:
    return {s: float(s in states) for s in STATES["weakness"]}


def test_a_likelihood_of_zero_rules_a_state_out() -> None:
    sure = {"none": 0.0, "perceived": 0.0, "subjective": 0.0, "objective": 1.0}
    assert "RF1" in ids({"twitching": "yes"}, {"weakness": sure})
    known = possible_states(DIGEST, Case(soft={"weakness": sure}), {})
    assert known["weakness"] == {"objective"}


def test_a_condition_on_what_is_unknown_does_not_hold() -> None:
    assert ids({}) == set()
    assert not holds({"weakness": ("objective",)}, {})
    assert "RF1" not in ids({"weakness": "objective"})  # twitching is part of the condition
    assert any_holds([{"a": ("x",)}, {"b": ("y",)}], {"b": frozenset("y")})
    assert not any_holds([], {"b": frozenset("y")})


def test_an_intervention_counts_as_known() -> None:
    assert "RF1" in ids({"twitching": "yes"}, do={"weakness": "objective"})


def test_flags_come_by_level_and_then_by_how_soon() -> None:
    every = {"seizures": "yes", "serum_na": "low", "weakness": "objective", "twitching": "yes"}
    every |= {"pain": "yes", "cramps": "yes", "age_group": "60+", "twitch_duration": "weeks"}
    found = flags(every)
    assert [f.level for f in found] == sorted((f.level for f in found), key=LEVELS.index)
    assert {f.level for f in found} == {"urgent", "routine", "review"}
    soon = [f.within for f in found if f.level == "urgent"]
    assert soon == sorted(soon, key=WITHIN.index) and soon[0] == "hours" and "weeks" in soon
    assert [urgency(f) for f in found] == sorted(urgency(f) for f in found)
    assert LEVELS == ("urgent", "routine", "review", "reassure")


def test_the_order_is_that_of_urgency_and_not_that_of_the_file() -> None:
    every = {"seizures": "yes", "serum_na": "low", "weakness": "objective", "twitching": "yes",
             "pain": "yes"}  # fmt: skip
    turned = replace(DIGEST, red_flags=tuple(reversed(DIGEST.red_flags)))
    found = red_flags(turned, Case(every), {})
    places = [(LEVELS.index(f.level), WITHIN.index(f.within)) for f in found]
    assert places == sorted(places) and len(set(places)) >= 4
    assert [f.id for f in found][0] == "RF12"


@pytest.mark.parametrize("rule", KNOWLEDGE.red_flags, ids=lambda r: r.id)
def test_each_condition_of_each_flag_raises_it_and_less_does_not(rule) -> None:
    for when in rule.when:
        told = {name: states[0] for name, states in when.items() if name not in KNOWLEDGE.causes}
        likely = {name: {s: float(s == states[0]) for s in STATES[name]}
                  for name, states in when.items() if name in KNOWLEDGE.causes}  # fmt: skip
        found = {f.id: f for f in flags(told, posterior=likely)}
        assert rule.id in found
        assert found[rule.id].text == rule.text and found[rule.id].article == rule.article
        for name in when:
            fewer = {n: s for n, s in told.items() if n != name}
            other = {n: p for n, p in likely.items() if n != name}
            kept = _known(fewer, other)
            assert (rule.id in ids(fewer, posterior=other)) == any_holds(rule.when, kept)


def _known(hard: Mapping[str, str], posterior: Mapping[str, Mapping[str, float]]):
    return possible_states(DIGEST, Case(dict(hard)), posterior)


# -------------------------------------------------------------------- what must be seen

URGENT = {
    "foot drop": {"foot_drop": "yes"},
    "neck": {"neck_weakness": "yes"},
    "face": {"facial_palsy": "yes"},
    "distal": {"distal_weakness": "yes"},
    "proximal": {"proximal_weakness": "yes"},
    "hand": {"hand_weakness": "yes"},
    "wasted hand": {"hand_atrophy": "yes"},
    "split hand": {"weakness_pattern": "split_hand"},
    "denervation": {"emg": "widespread_denervation"},
    "demyelination": {"mri": "demyelination"},
    "cord on MRI": {"mri": "cord_compression"},
    "compression with weakness": {"mri": "compression", "weakness": "objective"},
    "conduction block": {"conduction_block": "yes"},
    "bladder": {"bladder": "yes"},
    "sensory level": {"sensory_level": "yes"},
    "Babinski": {"babinski": "yes"},
    "eye movements": {"ino": "yes"},
    "Lhermitte": {"lhermitte": "yes"},
    "tonic spasms": {"tonic_spasms": "yes"},
    "face that ripples": {"facial_myokymia": "yes"},
    "kidneys that fail": {"kidney_disease_sign": "yes"},
    "low salt under its drug": {"proton_pump_inhibitor": "yes", "serum_mg": "low"},
    "lids": {"ptosis": "yes"},
    "fatigable": {"fatigability": "yes"},
    "swallowing": {"bulbar": "yes"},
    "weakness found": {"weakness": "objective", "twitching": "yes"},
    "oligoclonal bands": {"csf": "oligoclonal_bands"},
    "any salt": {"serum_mg": "high"},
    "progressive and weak": {"progressive_course": "yes", "weakness": "subjective"},
}
EMERGENCY = {
    "cauda equina": {"spine_pain": "yes", "bladder": "yes", "numbness_tingling": "focal"},
    "cauda equina by weak legs": {"bladder": "yes", "weakness": "objective"},
    "Guillain-Barre": {"deficit_onset": "days", "weakness": "subjective", "hyporeflexia": "yes"},
    "stroke": {"deficit_onset": "hours", "weakness_pattern": "one_side"},
    "breathing": {"dyspnoea": "yes", "neck_weakness": "yes"},
    "rhabdomyolysis": {"dark_urine": "yes"},
    "creatine kinase": {"ck": "very_high"},
    "potassium": {"serum_k": "high"},
    "heart": {"ecg": "peaked_t"},
    "seizure": {"seizures": "yes"},
    "serotonin": {"serotonergic_drug": "yes", "clonus": "yes"},
    "Hunter": {"serotonergic_drug": "yes", "tremor": "yes", "umn_signs": "yes"},
    "organophosphate": {"cholinergic_signs": "yes"},
    "withdrawal": {"stopped_substance": "alcohol", "hallucinations": "yes"},
}
ROUTINE = {
    "areflexia": {"hyporeflexia": "yes"},
    "compression alone": {"mri": "compression"},
    "conduction": {"ncs": "diffuse_abnormal"},
    "thyroid": {"tsh": "suppressed"},
    "increasing": {"twitch_increasing": "yes"},
    "agitation": {"agitation": "yes"},
    "B12": {"serum_b12": "low"},
    "weakness not examined": {"weakness": "subjective", "twitching": "yes"},
    "weeks without improvement": {"twitching": "yes", "twitch_duration": "weeks",
                                  "twitch_improving": "no"},
    "months": {"twitching": "yes", "twitch_duration": "months"},
    "spread": {"twitching": "yes", "twitch_spread": "widespread"},
    "numbness": {"numbness_tingling": "focal"},
    "pain": {"pain": "yes"},
    "laughing and crying": {"emotional_lability": "yes"},
    "slow and stiff": {"parkinsonism": "yes"},
    "hallucinations": {"hallucinations": "yes"},
}  # fmt: skip


@pytest.mark.parametrize("name", URGENT)
def test_what_must_be_seen_soon_is_urgent(name: str) -> None:
    assert flags(URGENT[name])[0].level == "urgent"


@pytest.mark.parametrize("name", EMERGENCY)
def test_an_emergency_is_one_for_now(name: str) -> None:
    first = flags(EMERGENCY[name])[0]
    assert (first.level, first.within) == ("urgent", "hours") and "A8" in first.actions


@pytest.mark.parametrize("name", ROUTINE)
def test_the_rest_is_examined(name: str) -> None:
    assert [f.level for f in flags(ROUTINE[name])] == ["routine"]


def test_felt_weakness_with_normal_strength_and_improving_twitching_raise_nothing() -> None:
    assert ids({"twitching": "yes", "weakness": "perceived"}) == set()
    told = {"twitching": "yes", "twitch_duration": "weeks", "twitch_improving": "yes"}
    assert ids(told) == set()


# -------------------------------------------------------------------- nothing hides a flag


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_no_second_finding_hides_a_flag_or_keeps_a_false_reassurance(step: int) -> None:
    """Over pairs of states of different variables: a fifth of them, or all."""
    pairs = list(combinations(OBSERVED, 2))
    if step > 1:
        Random(5).shuffle(pairs)
    single = {pair: ids(dict([pair])) for pair in OBSERVED}
    calm = {rule.id for rule in KNOWLEDGE.red_flags if rule.level == "reassure"}
    for one, two in pairs[::step]:
        if one[0] == two[0]:
            continue
        found = ids(dict([one, two]))
        assert (single[one] | single[two]) - calm <= found, (one, two)
        assert not (found & calm and found - calm), (one, two)


@pytest.fixture(scope="module", params=[20_000, pytest.param(100_000, marks=pytest.mark.slow)])
def sets(request: pytest.FixtureRequest) -> list[dict[str, str]]:
    """Return random sets of 2 to 12 findings."""
    rng = np.random.default_rng(5)
    picks = rng.integers(len(OBSERVED), size=(request.param, 12))
    sizes = rng.integers(2, 13, size=request.param)
    return [
        dict(OBSERVED[i] for i in row[:n]) for row, n in zip(picks.tolist(), sizes, strict=True)
    ]


def test_no_set_of_findings_hides_a_flag(sets: list[dict[str, str]]) -> None:
    """A flag of some of the findings is one of all of them."""
    calm = {rule.id for rule in KNOWLEDGE.red_flags if rule.level == "reassure"}
    for told in sets:
        names = list(told)
        some = {name: told[name] for name in names[: len(names) // 2]}
        assert ids(some) - calm <= ids(told)


def test_no_set_of_findings_brings_a_reassurance_back(sets: list[dict[str, str]]) -> None:
    """Withdrawn by one thing out of order, it stays so whatever else is added."""
    calm = [(r, w) for r in KNOWLEDGE.red_flags if r.level == "reassure" for w in r.when]
    reassured = 0
    for i, told in enumerate(sets):
        rule, when = calm[i % len(calm)]
        base = {name: states[i % len(states)] for name, states in when.items()}
        everything = {**told, **base}
        odd = out_of_rest(Case(everything), DIGEST.resting) - {*when, *rule.despite}
        found = ids(everything)
        if odd or found - {r.id for r, _ in calm}:
            assert rule.id not in found
        else:
            assert rule.id in found
            reassured += 1
    assert reassured > 100


@pytest.mark.parametrize(
    "extra",
    [
        {"emg": "widespread_denervation"}, {"foot_drop": "yes"}, {"neck_weakness": "yes"},
        {"facial_palsy": "yes"}, {"mri": "demyelination"}, {"sensory_loss": "yes"},
        {"hyporeflexia": "yes"}, {"weight_loss": "yes"}, {"hemifacial_spasm": "yes"},
        {"facial_myokymia": "yes"}, {"face_jaw_dystonia": "yes"}, {"twitch_duration": "years"},
        {"family_history": "yes"}, {"cancer": "yes"}, {"als": "yes"}, {"ck": "raised"},
        {"weakness": "subjective"},
    ],
)  # fmt: skip
def test_one_sign_or_abnormal_test_withdraws_every_reassurance(extra: dict[str, str]) -> None:
    for rule in KNOWLEDGE.red_flags:
        if rule.level == "reassure":
            base = {name: states[0] for name, states in rule.when[0].items()}
            base["twitching"] = "yes"
            assert ids(base) == {rule.id}
            assert not {f.id for f in flags({**base, **extra}) if f.level == "reassure"}


def test_a_reassurance_needs_its_whole_condition_and_doubt_withdraws_it() -> None:
    whole = {name: states[0] for name, states in RULES["RS1"].when[0].items()}
    for name in whole:
        assert not ids({n: s for n, s in whole.items() if n != name})
    assert ids(whole) == {"RS1"}
    doubt = {s: 1.0 if s == "normal" else 2.0 for s in STATES["emg"]}
    assert not ids(whole, {"emg": doubt})
    likely_normal = {s: 2.0 if s == "normal" else 1.0 for s in STATES["emg"]}
    assert ids(whole, {"emg": likely_normal}) == {"RS1"}


def test_a_likely_grave_cause_withdraws_a_reassurance() -> None:
    whole = {name: states[0] for name, states in RULES["RS2"].when[0].items()}
    assert ids(whole, posterior={"ms": {"no": 0.3, "yes": 0.7}}) == {"RF40"}
