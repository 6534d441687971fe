"""Value of information, conflict, simulation: against enumeration and published definitions."""

import math

import numpy as np
import pytest

from fascinet.engine.analyses.meter import outside_meter, surprise
from fascinet.engine.analyses.pairs import pairs_by_parents
from fascinet.engine.analyses.simulate import simulate
from fascinet.engine.analyses.target_pairs import pairs_by_target
from fascinet.engine.api.engine import Engine
from fascinet.model.errors import ImpossibleEvidenceError, OptionError
from tests.analyses import networks
from tests.oracle import posteriors, weigh


def mutual_information(network, target, variable, evidence):
    table = weigh(network, evidence)
    table = table / table.sum()
    t, x = network.variables.index(target), network.variables.index(variable)
    axes = tuple(i for i in range(table.ndim) if i not in (t, x))
    joint = table.sum(axis=axes)
    joint = joint if t < x else joint.T
    outer = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    live = joint > 0
    return float((joint[live] * np.log2(joint[live] / outer[live])).sum())


@pytest.mark.parametrize(
    ("build", "targets", "evidence"),
    [
        (networks.asia, ["lung"], {"dysp": "yes"}),
        (networks.asia, ["lung", "tub", "bronc"], {}),
        (networks.asia, ["either"], {"smoke": "yes"}),
        (networks.clinic, ["grave", "strain"], {"twitching": "yes"}),
    ],
)
def test_bits_are_mutual_information(build, targets, evidence) -> None:
    network = build()
    names = [v for v in network.variables if v not in evidence and v not in targets]
    found = Engine(network).value_of_information(targets, evidence, names)
    for row in found.to_frame().itertuples():
        want = sum(mutual_information(network, t, row.variable, evidence) for t in targets)
        assert row.bits == pytest.approx(want, abs=1e-12)
    assert list(found.to_frame()) == ["variable", "bits", "cost", "score"]
    assert np.all(np.diff(found.score) <= 1e-15)


@pytest.mark.parametrize("build", [networks.asia, networks.clinic, networks.wide])
def test_pairs_from_either_side_agree(build) -> None:
    network = build()
    first, *rest = network.variables
    vectors = {rest[-1]: np.eye(len(network.states(rest[-1])))[1]}
    if build is networks.wide:
        vectors["pain"] = np.array([0.3, 0.8])
    targets, names = (first, rest[0]), [v for v in rest[1:] if v not in vectors]
    engine = Engine(network)
    one = pairs_by_parents(engine, vectors, targets, names)
    two = pairs_by_target(engine, vectors, targets, names)
    for key, joint in two.items():
        assert one[key] == pytest.approx(joint, abs=1e-12)


def test_rule_in_and_rule_out_add_up() -> None:
    engine, evidence = Engine(networks.asia()), {"dysp": "yes"}
    parts = [
        engine.value_of_information("lung", evidence, mode=m).to_frame().set_index("variable")
        for m in ("rule_in", "rule_out", "both")
    ]
    total = parts[0]["bits"] + parts[1]["bits"]
    assert total.to_numpy() == pytest.approx(parts[2]["bits"].reindex(total.index).to_numpy())


def test_outcomes_and_crossings() -> None:
    network, evidence = networks.clinic(), {"twitching": "yes", "weakness": "objective"}
    found = Engine(network).value_of_information("grave", evidence, ["test", "wasting"])
    rows = found.outcomes("test").query("state == 'yes'").set_index("outcome")
    for outcome, row in rows.iterrows():
        after, p = posteriors(network, evidence | {"test": outcome})
        assert row["after"] == pytest.approx(after["grave"][1])
        assert row["probability"] == pytest.approx(p / posteriors(network, evidence)[1])
    now = posteriors(network, evidence)[0]["grave"][1]
    assert rows["before"].to_numpy() == pytest.approx(now)
    line = (now + rows["after"].max()) / 2
    up = found.crossing("grave", "yes", line).set_index("variable")["up"]
    assert up["test"] == pytest.approx(rows.query("after >= @line")["probability"].sum())


def test_costs_change_the_order_and_free_questions_stay_finite() -> None:
    engine = Engine(networks.asia())
    dear = engine.value_of_information("lung", {}, ["xray", "smoke"], {"xray": 50.0})
    assert dear.variables[0] == "smoke"
    free = engine.value_of_information("lung", {}, ["xray"], {"xray": 0.0})
    assert free.score[0] == free.bits[0]
    assert engine.value_of_information("lung", {}, ["asia"], worth=0.01).stop
    with pytest.raises(OptionError, match="rule_in"):
        engine.value_of_information("lung", {}, mode="rule_inn")


def test_conflict_is_hugins_formula() -> None:
    """conf(e) = log ΠP(e_i)/P(e), Jensen et al. 1991 (arXiv:1304.1146), on the chest clinic."""
    network, evidence = networks.asia(), {"xray": "yes", "smoke": "no", "dysp": "no"}
    found = Engine(network).conflict(evidence)
    alone = [posteriors(network, {v: s})[1] for v, s in evidence.items()]
    total = posteriors(network, evidence)[1]
    assert found.conf == pytest.approx(math.log(math.prod(alone) / total))
    assert found.conf > 0
    for i, v in enumerate(evidence):
        rest = posteriors(network, {k: s for k, s in evidence.items() if k != v})[1]
        assert found.retracted[i] == pytest.approx(total / rest)


def test_a_rare_case_is_told_from_an_error() -> None:
    engine = Engine(networks.clinic())
    found = engine.conflict({"weakness": "objective", "strain": "none", "twitching": "yes"})
    gains = dict(found.resolving)
    if found.conf > 0:
        assert all(x >= found.conf for x in gains.values())
    with pytest.raises(ImpossibleEvidenceError):
        engine.conflict({"grave": "no", "trigger_grave": "yes"})


def test_outside_the_model_meter() -> None:
    engine = Engine(networks.asia())
    usual, _ = surprise(engine, {"xray": "no", "dysp": "no"}, draws=200)
    odd, error = surprise(engine, {"xray": "yes", "dysp": "no"}, draws=400)
    rarer = sum(
        p
        for x in ("yes", "no")
        for d in ("yes", "no")
        if (p := posteriors(engine.network, {"xray": x, "dysp": d})[1])
        <= posteriors(engine.network, {"xray": "yes", "dysp": "no"})[1] + 1e-12
    )
    assert usual == 1.0 and abs(odd - rarer) < 5 * max(error, 0.01)


@pytest.mark.parametrize("backend", ["numpy", "core"])
def test_the_meter_stops_once_it_is_clear(backend) -> None:
    engine = Engine(networks.asia(), backend=backend)
    usual = outside_meter(engine, {"xray": "no", "dysp": "no"}, draws=400)
    assert len(usual.log_probs) < 400 and not usual.outside and usual.percentile == 1.0
    rare = {"asia": "yes", "tub": "yes", "xray": "no", "dysp": "no"}
    strange = outside_meter(engine, rare, draws=2000)
    assert strange.outside and len(strange.log_probs) < 2000
    exact, _ = surprise(engine, rare, draws=2000)
    assert exact < 0.01 and strange.summary()["percentile"] == strange.percentile
    with pytest.raises(ImpossibleEvidenceError):
        outside_meter(engine, {"lung": "yes", "either": "no"})


@pytest.mark.parametrize("build", [networks.asia, networks.clinic, networks.deterministic])
def test_simulation_follows_the_network(build) -> None:
    network = build()
    sample = simulate(network, 20000, seed=2)
    marginals, _ = posteriors(network, {})
    for v, p in marginals.items():
        share = np.bincount(sample[v], minlength=len(p)) / 20000
        assert share == pytest.approx(p, abs=0.02)
