"""The decision layer on the shipped knowledge."""

import pytest

from fascinet.engine.analyses.decisions import decide, expected_gain, load_utilities
from fascinet.engine.api.engine import Engine
from fascinet.model.build import build_network
from fascinet.model.errors import KnowledgeError
from fascinet.model.load import load_knowledge


@pytest.fixture(scope="module")
def shipped():
    knowledge = load_knowledge()
    return knowledge, Engine(build_network(knowledge))


def test_every_action_has_utilities_and_every_stake_is_a_target(shipped) -> None:
    knowledge, _ = shipped
    declared = load_utilities()
    actions = {a.id: a for a in knowledge.actions}
    assert set(declared) == set(actions)
    for utility in declared.values():
        assert set(utility.stakes) <= set(actions[utility.action].targets)


def test_utility_is_benefit_times_gain_less_burden(shipped) -> None:
    knowledge, engine = shipped
    evidence = {"setting": "primary_care", "twitching": "yes", "caffeine_excess": "yes"}
    found = decide(engine, knowledge, evidence)
    declared = load_utilities()
    posterior = engine.posterior(evidence, targets=["trigger_caffeine_excess"])
    review = next(a for a in found.advice if a.action.id == "A6")
    assert dict(review.basis)["caffeine_excess"] == pytest.approx(
        posterior["trigger_caffeine_excess"]["yes"]
    )
    utility = declared["A6"]
    gain = expected_gain(review.basis, utility.stakes)
    assert review.utility == pytest.approx(utility.benefit.value * gain - utility.burden.value)
    assert review.low <= review.utility <= review.high


def test_red_flags_win_and_advice_never_orders(shipped) -> None:
    knowledge, engine = shipped
    evidence = {"setting": "primary_care", "twitching": "yes", "stress_anxiety": "acute"}
    calm, urgent = (decide(engine, knowledge, evidence, urgent=u) for u in (False, True))
    assert urgent.advice[0].action.id == "A7" and calm.advice[0].action.id != "A7"
    for advice in (*calm.advice, *urgent.advice):
        assert advice.text().startswith(("Consider", "Discuss"))


def test_a_bad_range_is_refused(tmp_path) -> None:
    file = tmp_path / "utilities.yaml"
    file.write_text(
        "- action: A1\n  benefit: {p: 0.5, range: [0.6, 0.9]}\n  burden: {p: 0, range: [0, 0.1]}\n"
    )
    with pytest.raises(KnowledgeError, match="benefit"):
        load_utilities(file)
