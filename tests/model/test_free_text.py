"""A description in words becomes proposed findings: negation, lists, kin, age, sex, duration."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fascinet.model.errors import OptionError
from fascinet.model.find import find, suggest
from fascinet.model.free_text import propose
from fascinet.model.shipped import shipped_network


def said(text: str) -> dict[str, str]:
    return {p.variable: p.state for p in propose(text)}


def test_the_teachers_sentence() -> None:
    found = said("62-year-old man, three months of twitching in both arms, weak grip, no numbness")
    assert found["age_group"] == "60+"
    assert found["sex"] == "male"
    assert found["twitch_duration"] == "months"
    assert found["twitching"] == "yes"
    assert found["hand_weakness"] == "yes"
    assert found["numbness_tingling"] == "none"


@pytest.mark.parametrize(
    ("text", "finding", "state"),
    [
        ("No weakness, cramps or pain", "cramps", "no"),
        ("No weakness, cramps or pain", "pain", "no"),
        ("denies any atrophy", "atrophy", "no"),
        ("atrophy of the thighs but no cramps", "atrophy", "yes"),
        ("atrophy of the thighs but no cramps", "cramps", "no"),
        ("she takes a water pill", "diuretic_use", "yes"),
        ("drinks a lot of coffee", "caffeine_excess", "yes"),
        ("fasciculations of the tongue", "tongue_signs", "yes"),
    ],
)
def test_negation_and_lists(text: str, finding: str, state: str) -> None:
    assert said(text).get(finding) == state


def test_what_a_relative_has_is_no_finding_of_this_person() -> None:
    assert "tremor" not in said("My mother had a tremor")


def test_a_denial_ends_where_something_else_is_said() -> None:
    found = said("She does not have cramps but her hands shake. No falls. Fatigue.")
    assert (found["cramps"], found["tremor"]) == ("no", "yes")
    assert (found["falls"], found["fatigue"]) == ("no", "yes")


def test_the_bare_name_of_a_test_is_no_result() -> None:
    assert not {"emg", "mri"} & set(said("EMG not yet done, no MRI, trips over his left foot"))
    assert said("trips over his left foot, sleeps badly, her mother had ALS") == {
        "foot_drop": "yes", "insomnia": "yes", "family_history": "yes", "sex": "male",
    }  # fmt: skip


def test_coffee_a_day_is_no_duration() -> None:
    assert "twitch_duration" not in said("five cups of coffee a day")


@given(st.text(max_size=300))
def test_any_text_gives_states_of_the_network(text: str) -> None:
    network = shipped_network()
    for proposal in propose(text):
        if proposal.variable in network.index:
            assert proposal.state in network.states(proposal.variable)


def test_a_very_long_name_is_not_looked_for() -> None:
    with pytest.raises(OptionError, match="at most 200 letters"):
        find("-1" * 2000)
    assert suggest("-1" * 2000) == ()


def test_a_bare_organ_is_no_disease() -> None:
    assert [p.variable for p in propose("brain, thyroid and nerve were not looked at")] == []
