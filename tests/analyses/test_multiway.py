"""Several parameters at once, distances, inverse queries: against re-inference by enumeration."""

import math

import numpy as np
import pytest

from fascinet.engine.analyses import distance
from fascinet.engine.analyses.hypotheses import is_state
from fascinet.engine.analyses.influence import node_influence, poorly_sourced, what_would_change
from fascinet.engine.analyses.inverse import Statement, joint_change, single_changes
from fascinet.engine.analyses.multiway import changed, multiway
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.sensitivity import sensitivity
from fascinet.engine.api.engine import Engine
from fascinet.model.errors import NetworkError, OptionError
from tests.analyses import networks
from tests.oracle import joint, posteriors

EVIDENCE = {"xray": "yes", "dysp": "yes"}


def posterior(network, target="lung", state=0, evidence=EVIDENCE):
    return posteriors(network, evidence)[0][target][state]


def test_two_and_three_way_equal_reinference() -> None:
    network = networks.asia()
    figures = parameters_of(network)
    index = [
        figures.find("lung", "yes", {"smoke": "yes"}),
        figures.find("xray", "yes", {"either": "no"}),
        figures.find("smoke", "yes"),
    ]
    three = multiway(Engine(network), "lung", "yes", index, EVIDENCE)
    rng = np.random.default_rng(4)
    for t in rng.uniform(0, 1, (6, 3)):
        moved = changed(figures, dict(zip(index, t, strict=True)))
        assert three.at(*t) == pytest.approx(posterior(moved))
    assert multiway(Engine(network), "lung", "yes", index[:2], EVIDENCE).surface(5).shape == (5, 5)
    twice = [index[0], figures.find("lung", "no", {"smoke": "yes"})]
    with pytest.raises(OptionError, match="different rows"):
        multiway(Engine(network), "lung", "yes", twice, EVIDENCE)


def test_cd_distance_is_that_of_the_joint_and_bounds_answers() -> None:
    network = networks.asia()
    figures = parameters_of(network)
    new = changed(figures, {figures.find("lung", "yes", {"smoke": "yes"}): 0.25})
    p, q = joint(network).ravel(), joint(new).ravel()
    live = p > 0
    ratio = np.log(q[live] / p[live])
    found = distance.cd_distance(network, new)
    assert found == pytest.approx(ratio.max() - ratio.min())
    low, high = distance.bound_on_change(posterior(network), found)
    assert low <= posterior(new) <= high
    kl = float((p[live] * np.log(p[live] / q[live])).sum())
    assert distance.kl_divergence(Engine(network), new) == pytest.approx(kl)
    zero = changed(figures, {figures.find("lung", "yes", {"smoke": "yes"}): 0.0})
    assert math.isinf(distance.cd_distance(network, zero))
    with pytest.raises(NetworkError):
        distance.cd_distance(network, networks.clinic())


def test_diameter_and_edges() -> None:
    network = networks.asia()
    assert distance.diameter(network, "bronc") == pytest.approx(0.3)
    assert distance.diameter(network, "either") == 1.0
    assert distance.edge_influence(network, "bronc", "dysp") == pytest.approx(0.7)


@pytest.mark.parametrize(("relation", "level"), [(">=", 0.7), ("<=", 0.3)], ids=["raise", "lower"])
def test_single_changes_make_the_statement_just_true(relation, level) -> None:
    network = networks.asia()
    engine, lung = Engine(network), is_state(networks.asia(), "lung", "yes")
    found = single_changes(engine, Statement(lung, relation, level), EVIDENCE)
    assert len(found.index) > 3 and (np.diff(found.log_odds_change) >= 0).all()
    for i, t in zip(found.index[:8], found.needed, strict=False):
        moved = changed(found.parameters, {int(i): float(t)})
        assert posterior(moved) == pytest.approx(level, abs=1e-9)


def test_a_statement_about_order_and_one_that_holds() -> None:
    network = networks.asia()
    lung, tub = (is_state(network, v, "yes") for v in ("lung", "tub"))
    engine = Engine(network)
    above = single_changes(engine, Statement(tub, ">=", 0.0, lung), EVIDENCE)
    moved = changed(above.parameters, {int(above.index[0]): float(above.needed[0])})
    assert posterior(moved, "lung") == pytest.approx(posterior(moved, "tub"))
    assert single_changes(engine, Statement(lung, ">=", 0.01), EVIDENCE).holds


def test_a_joint_change_is_smaller_than_the_best_single_one() -> None:
    network = networks.asia()
    statement = Statement(is_state(network, "lung", "yes"), ">=", 0.8)
    engine = Engine(network)
    single = single_changes(engine, statement, EVIDENCE)
    several = joint_change(engine, statement, EVIDENCE)
    assert several is not None
    assert several.distance < single.log_odds_change[0]
    values = dict(zip(several.index.tolist(), several.new.tolist(), strict=True))
    assert posterior(changed(several.parameters, values)) >= 0.8
    never = Statement(is_state(network, "lung", "yes"), ">=", 0.8)
    assert joint_change(engine, never, EVIDENCE, among=[0]) is None


def test_influential_and_poorly_sourced() -> None:
    engine = Engine(networks.clinic())
    evidence = {"twitching": "yes", "weakness": "objective"}
    found = sensitivity(engine, "grave", "yes", evidence)
    weak = poorly_sourced(found, {int(i): "A" for i in found.index})
    assert (np.diff(weak.swing_db * weak.weakness) <= 0).all() and weak.weakness[0] == 1.0
    both = what_would_change(engine, "grave", "yes", evidence)
    assert set(both.kind) == {"parameter", "finding"}
    swing = dict(zip(both.name, both.swing_db, strict=True))["test"]
    outcomes = [
        posterior(networks.clinic(), "grave", 1, evidence | {"test": s})
        for s in ("normal", "odd", "clear")
    ]
    now = posterior(networks.clinic(), "grave", 1, evidence)
    db = [10 * math.log10(p / (1 - p)) for p in (*outcomes, now)]
    assert swing == pytest.approx(max(abs(x - db[-1]) for x in db[:-1]))
    assert next(iter(node_influence(found).values())) == found.sensitivity_value.max()
