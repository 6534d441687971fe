"""The analyses on alarm and on the shipped network, against re-inference and pyAgrum."""

import math
from pathlib import Path

import numpy as np
import pytest

from fascinet.engine.analyses.hypotheses import present
from fascinet.engine.analyses.influence import WEAKNESS, poorly_sourced
from fascinet.engine.analyses.multiway import changed
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.ranges import cited_ranges
from fascinet.engine.analyses.sources import bases, figures_behind
from fascinet.engine.analyses.uncertainty import delta_intervals
from fascinet.engine.api.engine import Engine
from fascinet.model.build import build_network
from fascinet.model.formats import read
from fascinet.model.formats.pyagrum_bridge import to_pyagrum
from fascinet.model.load import load_knowledge
from fascinet.model.shipped import shipped_knowledge

ALARM = Path(__file__).parents[1] / "data" / "networks" / "alarm.bif.gz"
SHIPPED = {
    "setting": "primary_care", "age_group": "40-59", "twitching": "yes", "weakness": "objective",
    "twitch_duration": "months", "cramps": "yes", "bulbar": "no", "caffeine_excess": "no",
}  # fmt: skip
MONITOR = {"HISTORY": "FALSE", "BP": "LOW", "HRBP": "HIGH", "EXPCO2": "LOW"}


@pytest.fixture(scope="module")
def alarm() -> Engine:
    return Engine(read(ALARM))


@pytest.fixture(scope="module")
def shipped() -> Engine:
    return Engine(build_network(load_knowledge()))


@pytest.fixture(params=["alarm", "shipped"])
def case(request):
    engine = request.getfixturevalue(request.param)
    if request.param == "alarm":
        return engine, "HYPOVOLEMIA", "TRUE", MONITOR
    return engine, "als", "yes", SHIPPED


def p_of(engine, target, state, evidence):
    return engine.posterior(evidence, targets=[target])[target][state]


def test_sensitivity_functions_by_reinference(case) -> None:
    engine, target, state, evidence = case
    found = engine.sensitivity(target, state, evidence)
    order = np.argsort(-found.sensitivity_value)
    for i in (*order[:2], order[100]):
        for t in (0.2, 0.7) if target == "HYPOVOLEMIA" else (0.4,):
            moved = Engine(changed(found.parameters, {int(found.index[i]): t}))
            want = p_of(moved, target, state, evidence)
            got = (found.a[i] * t + found.b[i]) / (found.c[i] * t + found.d[i])
            assert got == pytest.approx(want, abs=1e-8)


def test_sensitivity_values_of_alarm_by_pyagrum_differences(alarm) -> None:
    gum = pytest.importorskip("pyagrum", reason="pyAgrum is the oracle here")
    found = alarm.sensitivity("HYPOVOLEMIA", "TRUE", MONITOR)
    best = int(np.argmax(found.sensitivity_value))
    t, step = float(found.value[best]), 1e-4
    slope = []
    for x in (t - step, t + step):
        network = changed(found.parameters, {int(found.index[best]): x})
        engine = gum.LazyPropagation(to_pyagrum(network))
        engine.setEvidence(MONITOR)
        engine.makeInference()
        slope.append(engine.posterior("HYPOVOLEMIA")[network.states("HYPOVOLEMIA").index("TRUE")])
    want = (slope[1] - slope[0]) / (2 * step)
    assert found.derivative[best] == pytest.approx(want, rel=1e-4)


@pytest.mark.filterwarnings("ignore:setting is not given")  # it is one of what is left out
def test_explanations_by_leaving_findings_out(case) -> None:
    engine, target, state, evidence = case
    found = engine.explain(target, state, evidence, samples=2)
    odds = [p / (1 - p) for p in (p_of(engine, target, state, evidence),)]
    for i, f in enumerate(found.findings):
        rest = {v: s for v, s in evidence.items() if v != f}
        p = p_of(engine, target, state, rest)
        assert found.in_context_lr[i] == pytest.approx(odds[0] / (p / (1 - p)), rel=1e-8)
    p = p_of(engine, target, state, {})
    total = 10 * math.log10(odds[0] * (1 - p) / p)
    assert found.weight_db.sum() == pytest.approx(total)
    assert found.shapley_db.sum() == pytest.approx(total)


def test_information_of_a_test_by_its_outcomes(case) -> None:
    engine, target, state, evidence = case
    test = "CVP" if target == "HYPOVOLEMIA" else "emg"
    found = engine.value_of_information(target, evidence, [test])
    weight = engine.posterior(evidence, targets=[test])[test]
    p = p_of(engine, target, state, evidence)
    bits = entropy(p)
    for outcome, q in weight.items():
        if q > 0:
            bits -= q * entropy(p_of(engine, target, state, {**evidence, test: outcome}))
    if len(engine.network.states(target)) == 2:
        assert found.bits[0] == pytest.approx(bits, abs=1e-9)


def entropy(p: float) -> float:
    return -sum(x * math.log2(x) for x in (p, 1 - p) if x > 0)


@pytest.mark.filterwarnings("ignore:setting is not given")
def test_counterfactual_without_evidence_is_an_intervention(case) -> None:
    engine, target, state, _ = case
    child = "CVP" if target == "HYPOVOLEMIA" else "weakness"
    found = engine.counterfactual({}, {target: state}, [child])
    assert found.counterfactual == pytest.approx(found.intervened, abs=1e-10)


def test_conflict_by_its_formula(case) -> None:
    engine, _, _, evidence = case
    found = engine.conflict(evidence)
    alone = sum(engine.log_prob_evidence({v: s}) for v, s in evidence.items())
    assert found.conf == pytest.approx(alone - engine.log_prob_evidence(evidence))


def test_intervals_of_the_shipped_network_hold_the_posterior(shipped) -> None:
    targets = [present(shipped.network, c) for c in ("als", "bfs", "ms")]
    low, high = delta_intervals(shipped, SHIPPED, targets)
    for h, a, b in zip(targets, low, high, strict=True):
        p = p_of(shipped, h.variable, "yes", SHIPPED)
        assert 0.0 < a < p < b < 1.0


def test_weak_figures_are_read_from_the_knowledge_base(shipped) -> None:
    knowledge = shipped_knowledge()
    found = shipped.sensitivity("als", "yes", SHIPPED)
    weak = poorly_sourced(found, knowledge=knowledge).to_frame()
    assert set(weak["grade"]) <= {"A", "B", "C", "D"}
    assert weak["weakness"].tolist() == [WEAKNESS[g] for g in weak["grade"]]
    assert weak.equals(poorly_sourced(found).to_frame())  # the shipped one is the default
    score = weak["swing_db"] * weak["weakness"]
    assert score.is_monotonic_decreasing and score.iloc[0] > 0.0
    names = weak["name"].tolist()
    assert not any("=no |" in name for name in names)
    link = knowledge.causes["als"].findings["weakness"]["objective"]
    assert figures_behind(knowledge, "weakness", "objective", {"als": "yes"}) == (link,)


def test_a_figure_rests_on_all_that_made_it() -> None:
    knowledge = shipped_knowledge()
    prior = knowledge.causes["als"].prior
    given = {"setting": "primary_care", "age_group": "60+", "sex": "male", "family_history": "no"}
    behind = figures_behind(knowledge, "als", "yes", given)
    assert behind[0] == prior.settings["primary_care"]["yes"]
    assert prior.odds["age_group"]["60+"]["yes"] in behind
    assert figures_behind(knowledge, "als", "no", given) == behind  # what they leave over
    assert figures_behind(knowledge, "twitching", "yes", {}) == ()


def test_every_cited_parameter_of_the_network_has_a_source(shipped) -> None:
    figures = parameters_of(shipped.network)
    low, high = cited_ranges(figures)
    cited = figures.free[(high > low)[figures.free]]
    found = bases(shipped_knowledge(), figures, cited)
    bare = {figures.labels[int(i)][0] for i in cited if int(i) not in found}
    assert not bare
