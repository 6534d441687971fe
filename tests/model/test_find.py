"""Findings are found by the words that people use, slips and all; nothing unknown is suggested."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fascinet as fn
from fascinet.model.find import SLIP, fit, words_of
from fascinet.model.load import load_knowledge

KNOWLEDGE = load_knowledge()
SAID = {
    "water pill": ("diuretic_use", "yes"),
    "Lasix": ("diuretic_use", "yes"),
    "low potassium": ("serum_k", "low"),
    "high calcium": ("serum_ca", "high"),
    "lithium": ("other_drug", "yes"),
    "coffee": ("caffeine_excess", "yes"),
    "antidepressant": ("serotonergic_drug", "yes"),
    "sertralin": ("serotonergic_drug", "yes"),
    "blue inhaler": ("beta_agonist", "yes"),
    "charley horse": ("cramps", "yes"),
    "double vision": ("diplopia_nystagmus", "yes"),
    "slurred speech": ("bulbar", "yes"),
    "trouble swallowing": ("bulbar", "yes"),
    "bell's palsy": ("facial_palsy", "yes"),
    "tripping over toes": ("foot_drop", "yes"),
    "cola coloured urine": ("dark_urine", "yes"),
    "twichting": ("twitching", "yes"),
    "my left eyelid keeps flickering": ("eyelid_twitch", "yes"),
    "denervation": ("emg", "widespread_denervation"),
    "all over my body": ("twitch_spread", "widespread"),
    "exams": ("stress_anxiety", "acute"),
    "jaw clenches": ("face_jaw_dystonia", "yes"),
    "no cramps": ("cramps", "no"),
    "without weight loss": ("weight_loss", "no"),
    "lou gehrig": ("als", "yes"),
    "marathon": ("intense_exercise", "yes"),
    "hyperreflexia": ("umn_signs", "yes"),
}


@pytest.mark.parametrize("words", SAID)
def test_what_people_say_comes_first(words: str) -> None:
    found = fn.find(words)
    assert (found[0].variable, found[0].state) == SAID[words]


@pytest.mark.parametrize("key", KNOWLEDGE.lay_words)
def test_every_lay_word_finds_its_own_state(key: str) -> None:
    for text in KNOWLEDGE.lay_words[key]:
        found = fn.find(text, 6)
        assert key in {w for m in found for w in (m.variable, f"{m.variable}={m.state}")}, text


def test_every_label_finds_its_variable_first() -> None:
    found_by_name = {e.variable for e in fn.findings()}
    for name, record in KNOWLEDGE.variables.items():
        if name in found_by_name:
            found = [m.variable for m in fn.find(record.label, 6)]
            assert name in found, record.label


@given(st.text(max_size=40))
def test_any_text_gives_states_that_exist(text: str) -> None:
    for match in fn.find(text):
        assert match.state in KNOWLEDGE.variables[match.variable].states


@given(st.sampled_from(sorted(KNOWLEDGE.findings)), st.integers(0, 30))
def test_one_letter_swapped_in_a_long_word_is_forgiven(name: str, place: int) -> None:
    word = max(words_of(KNOWLEDGE.findings[name].label), key=len)
    if len(word) < 8:
        return
    i = 1 + place % (len(word) - 3)
    assert fit(word[:i] + word[i + 1] + word[i] + word[i + 2 :], word) <= SLIP


def test_a_start_comes_before_a_part_and_a_label_before_a_summary() -> None:
    order = [m.variable for m in fn.find("posture", 20)]
    assert order[0] == "sustained_posture"
    tremor = [m.variable for m in fn.find("tremor", 20)]
    assert tremor[0] == "tremor" and tremor.index("tremor") < tremor.index("hypomagnesaemia")


def test_nothing_is_found_for_nothing() -> None:
    assert fn.find("") == () and fn.find("zzqqxx") == ()
    with pytest.raises(fn.errors.OptionError):
        fn.find("pain", 0)


def test_what_can_be_entered_is_every_variable_but_the_hidden_ones() -> None:
    entries = fn.findings()
    hidden = {n for n in fn.load().variables if n.startswith("trigger_")} | {
        *KNOWLEDGE.mechanisms
    }  # fmt: skip
    assert {e.variable for e in entries} == set(fn.load().variables) - hidden
    assert all(e.resting in e.states for e in entries)
    assert len(entries.to_frame()) == len(entries)
    assert json.loads(fn.find("pain").to_json())[0]["variable"] == "pain"
    assert "<table" in fn.find("pain")._repr_html_() and "pain=yes" in repr(fn.find("pain"))


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("lithium", "other_drug=yes"),
        ("ekg", "ecg"),
        ("weaknes", "weakness"),
        ("coffee", "caffeine"),
    ],
)
def test_an_unknown_name_is_answered_with_what_it_means(wrong: str, meant: str) -> None:
    with pytest.raises(fn.errors.UnknownVariableError, match=meant) as caught:
        fn.diagnose({"findings": {wrong: "yes"}})
    assert caught.value.nearest[0].startswith(meant)
