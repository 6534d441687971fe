"""Counterfactuals against enumeration of every person's noise."""

from itertools import product

import numpy as np
import pytest

from fascinet.engine.analyses.counterfactual import twin_network
from fascinet.engine.analyses.twin import quantile_noise
from fascinet.engine.api.engine import Engine
from fascinet.model.errors import EvidenceError
from fascinet.model.gates import NoisyMax, Table, noisy_or
from fascinet.model.network import Network
from tests.analyses import networks
from tests.oracle import posteriors

NO_YES = networks.NO_YES


def pieces(rows):
    """All (probability, response of each row) of U under the quantile coupling."""
    cuts = np.unique(np.concatenate([[0.0, 1.0], np.cumsum(rows, axis=1)[:, :-1].ravel()]))
    for low, high in zip(cuts[:-1], cuts[1:], strict=True):
        u = (low + high) / 2
        yield high - low, [int((np.cumsum(r)[:-1] < u).sum()) for r in rows]


def people(network):
    """Every joint noise: (probability, a function that lives it, given interventions)."""
    choices = []
    for v in network.topological:
        gate = network.gate(v)
        if isinstance(gate, NoisyMax):
            parts = [list(pieces(link)) for link in gate.links] + [list(pieces(gate.leak[None]))]
        elif isinstance(gate, Table):
            parts = [list(pieces(gate.values.reshape(-1, gate.states)))]
        else:
            parts = []
        choices.append((v, parts))
    flat = [part for _, parts in choices for part in parts]
    for combination in product(*flat):
        yield float(np.prod([p for p, _ in combination])), [r for _, r in combination]


def live(network, responses, do):
    world, at = {}, 0
    for v in network.topological:
        gate = network.gate(v)
        u = [world[p] for p in network.parents(v)]
        if isinstance(gate, NoisyMax):
            mine = responses[at : at + len(u) + 1]
            at += len(u) + 1
            value = max([r[i] for r, i in zip(mine, u, strict=False)] + [mine[-1][0]])
        elif isinstance(gate, Table):
            row = int(np.ravel_multi_index(u, gate.cards)) if u else 0
            value = responses[at][row]
            at += 1
        else:
            value = int(gate.outcome[tuple(u)])
        world[v] = do.get(v, value)
    return world


def enumerate_counterfactual(network, evidence, do, target):
    index = {v: network.state_index(v, s) for v, s in evidence.items()}
    change = {v: network.state_index(v, s) for v, s in do.items()}
    total = np.zeros(len(network.states(target)))
    for p, responses in people(network):
        world = live(network, responses, {})
        if all(world[v] == s for v, s in index.items()):
            total[live(network, responses, change)[target]] += p
    return total / total.sum()


def small() -> Network:
    gates = {
        "age": Table(np.array([0.6, 0.4])),
        "ill": Table(np.array([[0.9, 0.1], [0.7, 0.3]])),
        "tired": Table(np.array([0.5, 0.3, 0.2])),
        "sign": noisy_or([0.8, [0.0, 0.2, 0.6]], leak=0.05),
        "test": Table(np.array([[0.9, 0.08, 0.02], [0.3, 0.3, 0.4]])),
    }
    states = {
        "age": ("young", "old"), "ill": NO_YES, "tired": ("none", "some", "much"),
        "sign": NO_YES, "test": ("normal", "odd", "clear"),
    }  # fmt: skip
    return Network(states, {"ill": ("age",), "sign": ("ill", "tired"), "test": ("ill",)}, gates)


@pytest.mark.parametrize(
    ("evidence", "do", "target"),
    [
        ({"sign": "yes"}, {"ill": "no"}, "sign"),
        ({"sign": "yes", "test": "odd"}, {"ill": "yes"}, "test"),
        ({"sign": "yes", "ill": "yes"}, {"tired": "none"}, "sign"),
        ({"sign": "no", "tired": "some"}, {"tired": "much"}, "sign"),
        ({"test": "normal"}, {"age": "old"}, "test"),
        ({"sign": "yes"}, {"ill": "no", "tired": "none"}, "sign"),
    ],
)
def test_equals_enumeration_of_exogenous_states(evidence, do, target) -> None:
    network = small()
    found = Engine(network).counterfactual(evidence, do, [target])
    want = enumerate_counterfactual(network, evidence, do, target)
    assert found.counterfactual == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize("build", [small, networks.asia, networks.deterministic])
def test_twin_keeps_the_factual_world(build) -> None:
    network = build()
    first = network.topological[0]
    twin = Engine(twin_network(network, {first: network.states(first)[0]}))
    marginals, _ = posteriors(network, {})
    for v, p in marginals.items():
        assert twin.posterior().array(v) == pytest.approx(p)


def test_observing_doing_and_imagining_differ_as_they_should() -> None:
    network = networks.asia()
    found = Engine(network).counterfactual({"dysp": "yes"}, {"smoke": "no"}, ["bronc", "tub"])
    seen, _ = posteriors(network, {"dysp": "yes", "smoke": "no"})
    made, _ = posteriors(network.do({"smoke": "no"}), {"dysp": "yes"})
    assert found.observed == pytest.approx(np.concatenate([seen["bronc"], seen["tub"]]))
    assert found.intervened == pytest.approx(np.concatenate([made["bronc"], made["tub"]]))
    assert found.effect[2:] == pytest.approx(0.0, abs=1e-12)  # smoking does not cause tuberculosis
    assert found.effect[0] < 0 and any("bronc" in s for s in found.in_words())


def test_without_evidence_a_counterfactual_is_an_intervention() -> None:
    network = small()
    found = Engine(network).counterfactual({}, {"ill": "yes"}, ["sign", "test"])
    assert found.counterfactual == pytest.approx(found.intervened)


def test_consistency_changing_nothing_changes_nothing() -> None:
    found = Engine(small()).counterfactual({"ill": "yes", "sign": "yes"}, {"ill": "yes"}, ["sign"])
    assert found.counterfactual == pytest.approx([0.0, 1.0])
    with pytest.raises(EvidenceError):
        Engine(small()).counterfactual({"ill": "yes"}, {})


def test_quantile_noise_gives_back_the_rows() -> None:
    rows = np.random.default_rng(0).dirichlet(np.ones(4), size=5)
    noise, outcome = quantile_noise(rows)
    for r, row in zip(outcome, rows, strict=True):
        assert np.bincount(r, weights=noise, minlength=4) == pytest.approx(row)
