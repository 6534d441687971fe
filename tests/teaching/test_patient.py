"""Simulated patients: calibrated, possible, repeatable, and true to what was chosen."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fascinet.model.errors import CaseError, OptionError, UnknownVariableError
from fascinet.teaching import Encounter, Practice, chief, deal, drawn, from_case, practice, truths

ROOT = Path(__file__).parents[2]
CHANCE = 1e-3  # of a false alarm over all causes together, with another seed


@pytest.fixture(scope="module")
def rooms() -> Practice:
    return practice()


def likely_count(p: NDArray[np.float64], count: int) -> bool:
    """Say whether so many of independent events of probabilities p is no surprise, exactly.

    Both tails of the Poisson binomial distribution, one event after the other.
    """
    share = np.zeros(len(p) + 1)
    share[0] = 1.0
    for k, q in enumerate(p):
        share[1 : k + 2] = share[1 : k + 2] * (1.0 - q) + share[: k + 1] * q
        share[0] *= 1.0 - q
    least = CHANCE / 2 / 61 / BINS
    return bool(share[: count + 1].sum() >= least and share[count:].sum() >= least)


BINS = 4
EDGES = np.array([0.05, 0.2, 0.6])


def check_calibration(rooms: Practice, patients: int, questions: int, seed: int) -> int:
    """Reveal a few answers of each patient and compare each cause's beliefs with the truth."""
    rng = np.random.default_rng(seed)
    stream = drawn(rooms, "primary_care", seed, batch=512)
    said: list[list[float]] = []
    true: list[list[bool]] = []
    cases = [next(stream) for _ in range(patients)]
    for patient in cases:
        asked = rng.choice(np.array(rooms.askable), size=questions, replace=False).tolist()
        known = {**patient.opening, **{v: patient.fixed[v] for v in asked}}
        belief = rooms.belief(known)  # raises if what was revealed were impossible
        said.append([np.nan if c in known else belief[c] for c in rooms.causes])
        there = set(truths(rooms, patient))
        true.append([c in there for c in rooms.causes])
    p, y = np.array(said), np.array(true)
    checked = 0
    for j, cause in enumerate(rooms.causes):
        group = np.searchsorted(EDGES, p[:, j])
        for g in range(BINS):
            rows = (group == g) & ~np.isnan(p[:, j])
            assert likely_count(p[rows, j], int(y[rows, j].sum())), (cause, g)
            checked += int(rows.any())
    return checked


def test_beliefs_about_drawn_patients_are_calibrated(rooms: Practice) -> None:
    assert check_calibration(rooms, patients=300, questions=4, seed=11) > 61


@pytest.mark.slow
def test_ten_thousand_patients_are_calibrated(rooms: Practice) -> None:
    assert check_calibration(rooms, patients=10_000, questions=4, seed=12) > 100


def test_the_check_sees_a_belief_that_is_wrong() -> None:
    assert not likely_count(np.full(300, 0.2), 110)
    assert likely_count(np.full(300, 0.2), 62)


def test_a_seed_is_a_patient(rooms: Practice) -> None:
    first, second = (deal(rooms, "general", seed=s) for s in (1, 2))
    assert first == deal(rooms, "general", seed=1)
    assert first.fixed != second.fixed
    assert set(first.opening) == set(rooms.openers)
    assert first.opening["twitching"] == "yes"
    assert first.opening["setting"] == "general"


def test_difficulty_is_what_it_says(rooms: Practice) -> None:
    for seed in range(3):
        clear, open_, wrong = (
            deal(rooms, seed=seed, difficulty=d) for d in ("clear", "open", "misleading")
        )
        start = rooms.start(clear.opening)
        assert rooms.bits(clear.opening) <= rooms.bits(start) < rooms.bits(open_.opening)
        cause = chief(rooms, wrong)
        assert cause is not None
        assert rooms.belief(wrong.opening)[cause] < rooms.belief(start)[cause]


def test_a_chosen_cause_is_there_and_every_answer_is_possible(rooms: Practice) -> None:
    patient = deal(rooms, "neuromuscular_clinic", seed=5, cause="mmn")
    assert truths(rooms, patient) == ("mmn",)
    here = Encounter(rooms, patient)
    for v in ("cramps", "insomnia", "diabetes", "stimulant_use"):
        here.ask(v)
    for v in ("atrophy", "foot_drop"):
        here.examine(v)
    here.order("emg")
    rooms.posterior({**here.evidence, "mmn": "yes"})  # possible, with the truth


def test_answers_of_a_chosen_patient_follow_the_posterior(rooms: Practice) -> None:
    given = {**deal(rooms, seed=0, cause="als").fixed}
    drawn_states = [
        deal(rooms, seed=s, cause="als").answer(rooms, "age_group", {}) for s in range(200)
    ]
    fixed = {
        v: s for v, s in given.items() if v not in rooms.openers or v in ("setting", "twitching")
    }
    p = rooms.posterior(fixed)["age_group"]["60+"]
    assert abs(drawn_states.count("60+") / 200 - p) < 4 * np.sqrt(p * (1 - p) / 200)


def test_a_published_case_is_told_as_published(rooms: Practice) -> None:
    patient = from_case(
        rooms,
        ROOT / "data/cases/composed/co-009.json",
        groups=frozenset({"peripheral_neuropathy"}),
        title="co-009",
    )
    read = rooms.reasoner.read(ROOT / "data/cases/composed/co-009.json", strict=False)
    assert all(patient.fixed[v] == s for v, s in read.hard.items())
    cause = chief(rooms, patient)
    assert cause is not None
    assert rooms.script(cause).group == "peripheral_neuropathy"
    again = from_case(
        rooms,
        ROOT / "data/cases/composed/co-009.json",
        groups=frozenset({"peripheral_neuropathy"}),
        title="co-009",
    )
    assert again == patient


def test_what_is_not_there_is_named(rooms: Practice) -> None:
    with pytest.raises(OptionError, match="primary_care"):
        deal(rooms, "primary")
    with pytest.raises(OptionError, match="misleading"):
        deal(rooms, difficulty="mislead")
    with pytest.raises(OptionError, match="als"):
        deal(rooms, cause="alz")
    with pytest.raises(UnknownVariableError, match="insomnia"):
        deal(rooms).answer(rooms, "insomnio", {})
    with pytest.raises(CaseError, match="twitch"):
        from_case(rooms, {"findings": {"twitching": "no", "cramps": "yes"}})
