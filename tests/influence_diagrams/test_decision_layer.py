"""The shipped actions as an influence diagram: solved, it advises what `diagnose` advises."""

import doctest

import pytest

import fascinet as fn
from fascinet.engine.clinic import decision_layer
from fascinet.model.errors import FascinetError
from fascinet.model.shipped import shipped_digest

CASES = {
    "als": {"weakness": "objective", "emg": "widespread_denervation"},
    "salt": {"serum_k": "low", "diuretic_use": "yes"},
    "benign": {"weakness": "none", "caffeine_excess": "yes", "eyelid_twitch": "yes"},
    "poison": {"cholinergic_signs": "yes", "organophosphate_exposure": "yes"},
}


def test_examples_run() -> None:
    assert doctest.testmod(decision_layer).failed == 0


@pytest.mark.parametrize("name", CASES)
def test_its_solution_is_the_advice(name: str) -> None:
    found = fn.diagnose({"findings": CASES[name]})
    diagram = fn.decision_layer(found)
    solution = fn.solve(diagram)
    assert solution.exact
    advised = {a.action: a.utility > 0 for a in found.advice}
    assert {a: solution.choose(a, {}) == "yes" for a in diagram.decisions} == advised
    earned = sum(max(a.utility, 0.0) for a in found.advice)
    assert solution.expected_utility == pytest.approx(earned, abs=1e-12)
    assert any(advised.values()) or earned == 0.0


def test_its_sensitivity_is_the_threshold_of_the_action() -> None:
    found = fn.diagnose({"findings": CASES["als"]})
    solution = fn.solve(fn.decision_layer(found))
    frame = solution.sensitivity().to_frame()
    utilities = shipped_digest().utilities.actions
    for advice in found.advice:
        worth = utilities[advice.action]
        most = max([1.0, *(worth.stakes.get(c, 1.0) for c, _ in advice.basis)])
        threshold = worth.burden.p / (worth.benefit.p * most)
        row = frame[(frame["name"] == f"need_{advice.action}") & (frame["state"] == "yes")].iloc[0]
        end = "low" if advice.utility > 0 else "high"
        assert row[end] == pytest.approx(threshold, abs=1e-9)


def test_what_is_known_for_certain_is_worth_what_it_saves() -> None:
    found = fn.diagnose({"findings": CASES["benign"]})
    diagram = fn.decision_layer(found)
    first = found.advice[0].action
    solution = fn.solve(diagram)
    known = solution.value_of_information(first).to_frame().set_index("variable")["value"]
    better = fn.solve(diagram.with_observation(first, f"need_{first}"))
    assert known[f"need_{first}"] == pytest.approx(
        better.expected_utility - solution.expected_utility, abs=1e-12
    )


def test_a_diagnosis_without_actions_is_refused() -> None:
    from dataclasses import replace

    found = fn.diagnose({"findings": {"weakness": "none"}})
    with pytest.raises(FascinetError, match="no action is offered"):
        fn.decision_layer(replace(found, advice=()))
