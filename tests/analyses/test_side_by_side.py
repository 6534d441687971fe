"""Many questions through one tree, against the same questions one by one."""

from functools import cache

import numpy as np
import pytest

from fascinet.engine.analyses import pairs
from fascinet.engine.analyses.access import _slopes, vectors_of
from fascinet.engine.analyses.coalitions import Coalitions, Subsets
from fascinet.engine.analyses.hypotheses import differential, is_state, states_of
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.shapley import all_masks
from fascinet.engine.analyses.uncertainty import uncertainty
from fascinet.engine.api.engine import Engine
from fascinet.engine.tables.arrays import network_arrays
from fascinet.engine.tables.rebase import Rebase
from fascinet.model.shipped import shipped_network
from tests.analyses import networks
from tests.analyses.test_large import ALARM, MONITOR, SHIPPED, read

WIDE = {"pain": "yes", "low": "no", "sign": "some", "test": "odd"}
CLINIC = {"twitching": "yes", "weakness": "objective", "age": "old"}
SIZES = [("wide", WIDE), ("clinic", CLINIC), ("alarm", MONITOR), ("shipped", SHIPPED)]


@cache
def engine_of(name: str, backend: str) -> Engine:
    if name == "alarm":
        return Engine(read(ALARM), backend=backend)
    if name == "shipped":
        return Engine(shipped_network(), backend=backend)
    return Engine(getattr(networks, name)(), backend=backend)


def rivals_of(engine: Engine, evidence):
    found = differential(engine.network) or states_of(engine.network, "HYPOVOLEMIA")
    return [h for h in found if h.variable not in evidence][:4]


@pytest.mark.parametrize(("name", "evidence"), SIZES)
def test_derivatives_of_all_hypotheses_equal_a_pass_each(name, evidence) -> None:
    fast, slow = engine_of(name, "core"), engine_of(name, "numpy")
    rivals = rivals_of(fast, evidence)
    one, many = (_slopes(e, evidence, {}, rivals) for e in (slow, fast))
    assert many[0] == pytest.approx(one[0], abs=1e-10)
    assert many[1] == pytest.approx(one[1], abs=1e-12)
    figures = parameters_of(fast.network)
    for a, b in zip(one[2], many[2], strict=True):  # equal up to a constant in each row
        gap = a - b - (np.add.reduceat((a - b) * figures.values, figures.starts))[figures.row]
        assert np.abs(gap).max() < 1e-9 * max(1.0, np.abs(a).max())


@pytest.mark.parametrize(("name", "evidence"), SIZES)
def test_subsets_side_by_side_equal_one_by_one(name, evidence) -> None:
    engine = engine_of(name, "core")
    hypothesis = rivals_of(engine, evidence)[0]
    masks = all_masks(len(evidence))[:: max(1, 2 ** len(evidence) // 24)]
    worth = Coalitions(engine, hypothesis, vectors_of(engine.network, evidence))
    fast = worth.log_probs(masks, worth.sides)
    slow = np.array([[worth.log_prob(m, side) for side in worth.sides] for m in masks.tolist()])
    assert fast == pytest.approx(slow, abs=1e-9)


def test_a_silent_soft_finding_is_no_finding() -> None:
    engine = engine_of("wide", "core")
    vectors = vectors_of(engine.network, {"low": "yes"}, {"pain": [0.2, 0.7]})
    both, without = Subsets(engine, vectors).log_probs(np.array([[1, 1], [1, 0]], bool), [{}])[:, 0]
    assert without == pytest.approx(engine.log_prob_evidence({"low": "yes"}))
    assert both == pytest.approx(engine.log_prob_evidence({"low": "yes"}, {"pain": [0.2, 0.7]}))


@pytest.mark.parametrize(("name", "evidence"), [SIZES[0], SIZES[3]])
def test_outcomes_side_by_side_equal_one_by_one(name, evidence, monkeypatch) -> None:
    engine = engine_of(name, "core")
    targets = [h.variable for h in rivals_of(engine, evidence)]
    open_ = [v for v in engine.network.variables if engine.network.meta[v]["kind"] == "test"]
    open_ = [v for v in open_ if v not in evidence][:6] or ["sign"]
    given = {v: s for v, s in evidence.items() if v not in open_}
    vectors = vectors_of(engine.network, given)
    fast = pairs.pairs_by_parents(engine, vectors, targets, open_)
    slow = pairs.pairs_by_parents(engine_of(name, "numpy"), vectors, targets, open_)
    for key in slow:
        assert fast[key] == pytest.approx(slow[key], abs=1e-12)


@pytest.mark.parametrize("name", ["asia", "clinic", "deterministic", "wide", "alarm", "shipped"])
def test_a_base_for_other_parameters_is_that_of_the_other_network(name) -> None:
    network = engine_of(name, "core").network
    figures, rng = parameters_of(network), np.random.default_rng(2)
    raw = rng.random(len(figures.values)) * (figures.values > 0)
    values = raw / np.add.reduceat(raw, figures.starts)[figures.row]
    want = network_arrays(figures.rebuild(values)).base
    got = Rebase(network_arrays(network))(np.stack([figures.values, values]))
    assert got[0] == pytest.approx(network_arrays(network).base, abs=1e-15)
    assert got[1] == pytest.approx(want, abs=1e-15)


@pytest.mark.parametrize(("name", "evidence"), [SIZES[1], SIZES[2]])
def test_draws_of_bases_equal_draws_of_networks(name, evidence) -> None:
    slow, fast = (
        uncertainty(
            engine_of(name, backend), evidence, "HYPOVOLEMIA" if name == "alarm" else "grave",
            draws=6, seed=5, method="monte_carlo", sample_size=20.0,
        ).draws
        for backend in ("numpy", "core")
    )  # fmt: skip
    assert len(slow) > 0
    assert fast == pytest.approx(slow, abs=1e-12)


@pytest.mark.parametrize(("name", "evidence"), [SIZES[1], SIZES[3]])
def test_what_goes_without_a_cause_equals_its_twin_network(name, evidence) -> None:
    engine = engine_of(name, "core")
    found = engine.without_each_cause(evidence)
    assert "weakness" in found.findings
    some = range(0, len(found.causes), 1 if name == "clinic" else 9)
    for i in some:
        cause, rest = found.causes[i], engine.network.states(found.causes[i])[0]
        world = engine.counterfactual(evidence, {cause: rest}, found.findings)
        rows = zip(world.variables, world.states, world.counterfactual, strict=True)
        stays = {v: p for v, s, p in rows if evidence[v] == s}
        want = [1.0 - stays[f] for f in found.findings]
        assert found.gone[i] == pytest.approx(want, abs=1e-10)


def test_hypothesis_with_evidence_on_it_is_certain() -> None:
    engine = engine_of("wide", "core")
    rivals = (is_state(engine.network, "c0", "yes"), is_state(engine.network, "c1", "yes"))
    found = engine.sensitivity("c1", "yes", {"pain": "yes", "c0": "yes"}, against=rivals)
    assert found.gradients.posterior[1] == 1.0
