"""Every analysis on the shipped network with fifteen findings, as a user would ask."""

import numpy as np
import pytest

from benchmarks.analyses import TYPICAL
from fascinet.engine.analyses.hypotheses import is_state, present
from fascinet.engine.analyses.inverse import Statement, joint_change, single_changes
from fascinet.engine.analyses.multiway import changed, multiway
from fascinet.engine.api.engine import Engine
from fascinet.model.shipped import shipped_network

TARGET = "peripheral_neuropathy"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(shipped_network(), backend="core")


def p_of(engine, variable, state, evidence):
    return engine.posterior(evidence, targets=[variable])[variable][state]


def test_admissible_deviations_are_where_the_top_changes(engine) -> None:
    found = engine.sensitivity(TARGET, "yes", TYPICAL)
    down, up = found.admissible_deviation
    assert np.isfinite(down).any() and np.isfinite(up).any()
    assert (down[np.isfinite(down)] >= 0).all() and (up[np.isfinite(up)] >= 0).all()
    i = int(np.argmin(np.where(np.isfinite(up), up, np.inf)))
    tops = []
    for t in (found.flip_high[i] - 1e-6, found.flip_high[i] + 1e-6):
        moved = Engine(changed(found.parameters, {int(found.index[i]): float(t)}))
        tops.append(top(moved))
    assert tops[0] == top(engine) != tops[1]


def top(engine) -> str:
    from fascinet.engine.analyses.hypotheses import differential

    rivals = [h for h in differential(engine.network) if h.variable not in TYPICAL]
    found = engine.posterior(TYPICAL, targets=[h.variable for h in rivals])
    return max(rivals, key=lambda h: h.probability(np.asarray(found.array(h.variable)))).name


def test_schemes_of_co_variation_agree_in_a_binary_row_and_at_the_value(engine) -> None:
    found = engine.sensitivity(TARGET, "yes", TYPICAL)
    i = int(np.argmax(found.sensitivity_value))
    here = np.array([found.value[i]])
    for scheme in ("proportional", "uniform", "order_preserving"):
        assert found.curve(i, here, scheme) == pytest.approx(found.posterior)


def test_three_parameters_at_once_by_reinference(engine) -> None:
    found = engine.sensitivity(TARGET, "yes", TYPICAL)
    figures = found.parameters
    order = found.index[np.argsort(-found.sensitivity_value)]
    index = [int(i) for i in order[np.unique(figures.row[order], return_index=True)[1]][:3]]
    three = multiway(engine, TARGET, "yes", index, TYPICAL)
    values = dict(zip(index, (0.3, 0.15, 0.6), strict=True))
    moved = Engine(changed(figures, values))
    assert three.at(*values.values()) == pytest.approx(p_of(moved, TARGET, "yes", TYPICAL))


def test_inverse_queries_hold_after_the_change(engine) -> None:
    statement = Statement(is_state(engine.network, "als", "yes"), ">=", 0.01)
    single = single_changes(engine, statement, TYPICAL)
    moved = Engine(changed(single.parameters, {int(single.index[0]): float(single.needed[0])}))
    assert p_of(moved, "als", "yes", TYPICAL) == pytest.approx(0.01, abs=1e-8)
    several = joint_change(engine, statement, TYPICAL, rounds=2)
    assert several is not None and several.margin >= 0.0
    assert several.distance < single.log_odds_change[0]


def test_joint_explanations_are_the_likeliest_by_inference(engine) -> None:
    found = engine.most_probable_explanations(TYPICAL, count=3)
    assert found.exact
    first = dict(zip(found.variables, found.states[0], strict=True))
    whole = engine.log_prob_evidence({**TYPICAL, **first}) - engine.log_prob_evidence(TYPICAL)
    assert found.probability[0] == pytest.approx(np.exp(whole))
    assert (np.diff(found.probability) <= 0).all()


def test_policy_gains_what_its_leaves_say_and_stops_at_a_price(engine) -> None:
    tests = ["ncs", "emg", "hba1c", "mri"]
    now = engine.value_of_information(TARGET, TYPICAL, tests)
    policy = engine.best_policy(TYPICAL, targets=TARGET, candidates=tests, steps=2, width=2)
    assert policy.test in tests
    assert policy.bits >= now.bits[now.variables.index(policy.test)] - 1e-12
    dear = engine.best_policy(
        TYPICAL, targets=TARGET, candidates=tests, steps=2, width=2, price=10.0
    )
    assert dear.test is None
    assert engine.value_of_information(TARGET, TYPICAL, tests, worth=5.0, must_not_miss={}).stop
    kept = engine.value_of_information(TARGET, TYPICAL, tests, worth=5.0)
    assert not kept.stop and kept.kept[0].cause == TARGET  # it must not be missed


def test_default_counterfactual_tells_of_findings_and_causes(engine) -> None:
    found = engine.counterfactual(TYPICAL, {TARGET: "no"})
    kinds = {engine.network.meta[v]["kind"] for v in found.variables if v not in TYPICAL}
    assert kinds <= {"cause"} and "numbness_tingling" in found.variables
    rows = zip(found.variables, found.states, found.counterfactual, strict=True)
    gone = {v: 1.0 - p for v, s, p in rows if TYPICAL.get(v) == s}
    cure = engine.without_each_cause(TYPICAL, causes=[TARGET], findings=["hyporeflexia"])
    assert gone["hyporeflexia"] == pytest.approx(cure.gone[0, 0])


def test_retracting_a_finding_is_its_probability_given_the_others(engine) -> None:
    found = engine.conflict(TYPICAL)
    total = engine.log_prob_evidence(TYPICAL)
    for i in (5, 8, 13):
        rest = {v: s for v, s in TYPICAL.items() if v != found.findings[i]}
        want = np.exp(total - engine.log_prob_evidence(rest))
        assert found.retracted[i] == pytest.approx(want)


def test_intervals_by_both_methods_overlap(engine) -> None:
    fast = engine.uncertainty(TYPICAL, TARGET)
    slow = engine.uncertainty(TYPICAL, TARGET, 60, seed=1, method="monte_carlo")
    yes = list(fast.labels).index((TARGET, "yes"))
    assert fast.low[yes] < slow.high[yes] and slow.low[yes] < fast.high[yes]
    assert fast.posterior[yes] == pytest.approx(slow.posterior[yes])
    hypothesis = present(engine.network, TARGET)
    assert fast.posterior[yes] == pytest.approx(
        hypothesis.probability(np.asarray(engine.posterior(TYPICAL).array(TARGET)))
    )
