"""A consultation: what is learned, what it costs, and that its record is the whole of it."""

import json

import pytest

from fascinet.engine.teaching import encounter, information, practice, scores, weights, words
from fascinet.engine.teaching.encounter import days_of, session_of
from fascinet.model.errors import CaseError, OptionError
from fascinet.teaching import Encounter, Practice, deal
from fascinet.teaching import practice as shipped


@pytest.fixture(scope="module")
def rooms() -> Practice:
    return shipped()


@pytest.fixture
def here(rooms: Practice) -> Encounter:
    return Encounter(rooms, deal(rooms, seed=4))


@pytest.mark.parametrize("module", [encounter, information, practice, scores, weights, words])
def test_examples_run(module: object) -> None:
    import doctest

    assert doctest.testmod(module).failed == 0  # pyright: ignore[reportArgumentType]


def test_answers_are_those_of_the_patient(here: Encounter) -> None:
    assert here.ask("insomnia").state == here.patient.fixed["insomnia"]
    assert here.examine("clonus").state == here.patient.fixed["clonus"]
    assert here.evidence == {
        **here.patient.opening,
        "insomnia": here.patient.fixed["insomnia"],
        "clonus": here.patient.fixed["clonus"],
    }
    assert (here.cost, here.days) == (0.0, 0.0)


def test_a_session_is_done_in_one_go_and_costs_once(rooms: Practice, here: Encounter) -> None:
    steps = here.order("emg_session")
    session = rooms.knowledge.sessions["emg_session"]
    assert {s.variable for s in steps} == set(session.tests)
    assert (here.cost, here.burden) == (session.cost, session.burden)
    assert here.days == pytest.approx(35.0)
    here.order("serum_k")
    before = here.cost
    here.order("electrolytes")  # the rest of the same sample
    assert here.cost == before
    with pytest.raises(CaseError, match="has been done"):
        here.order("electrolytes")


def test_every_turnaround_of_the_data_can_be_read(rooms: Practice) -> None:
    for test in rooms.knowledge.tests.values():
        told = days_of(test.turnaround)
        quick = test.turnaround in {"minutes", "same day", "same day if trained"}
        beside = test.turnaround.startswith("with ") and session_of(rooms, test.id)
        assert told > 0 or quick or beside, test.turnaround


def test_what_is_learned_otherwise_is_refused(here: Encounter) -> None:
    with pytest.raises(CaseError, match="use examine, not ask"):
        here.ask("clonus")
    with pytest.raises(OptionError, match="did you mean|expected"):
        here.ask("als")
    here.ask("insomnia")
    with pytest.raises(CaseError, match="already known"):
        here.ask("insomnia")
    with pytest.raises(CaseError, match=r"from 0 to 1, got 1\.5"):
        here.say({"als": 1.5})
    with pytest.raises(OptionError, match="action"):
        here.commit("als", "A99")
    assert not here.is_over
    here.commit("als")
    for act in (lambda: here.ask("cramps"), lambda: here.say({}), lambda: here.commit("als")):
        with pytest.raises(CaseError, match="is over"):
            act()


def test_the_record_is_the_whole_of_it(rooms: Practice, here: Encounter) -> None:
    here.ask("cramps")
    here.say({"bfs": 0.4})
    here.order("ck")
    here.commit(None, "A1")
    text = json.dumps(here.to_dict())
    again = Encounter.from_dict(rooms, json.loads(text))
    assert again == here
    assert json.dumps(again.to_dict()) == text
    with pytest.raises(CaseError, match="not the record"):
        Encounter.from_dict(rooms, {"steps": []})


def test_right_is_what_is_there(rooms: Practice) -> None:
    patient = deal(rooms, seed=1, cause="mmn")
    first, second, third = (Encounter(rooms, patient) for _ in range(3))
    first.commit("mmn")
    second.commit("als")
    third.commit(None)
    assert (first.is_right, second.is_right, third.is_right) == (True, False, False)


def test_what_is_said_is_said_in_words_of_the_data(rooms: Practice) -> None:
    assert words.question(rooms, "hand_clumsiness") == "Buttons and writing have become hard?"
    assert words.answer(rooms, "weakness", "subjective") == "Reported, not yet examined."
    assert words.answer(rooms, "emg", "widespread_denervation") == (
        "Needle EMG: widespread denervation."
    )
    for v in rooms.askable:
        for state in rooms.network.states(v):
            told = words.answer(rooms, v, state)
            assert told[:1] == told[:1].upper(), told
            assert told.endswith("."), told
            assert "_" not in told, told
