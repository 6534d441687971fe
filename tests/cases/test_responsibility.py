"""Responsibility against enumeration of every cause and every noise variable."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fascinet.engine.engine import Engine
from fascinet.engine.responsibility import (
    Evidence,
    Owner,
    disablement,
    flatten,
    responsibility,
    split_likelihoods,
)
from fascinet.model.gates import NoisyMax, Table, deterministic_or
from fascinet.model.network import Network

OWNERS = (
    Owner("a", frozenset({"a"})),
    Owner("b", frozenset({"b"})),
    Owner("pair", frozenset({"a", "b"})),
    Owner("leak", frozenset(), leak=True),
)


def simplex(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.dirichlet(np.ones(shape[-1]), shape[:-1])


def small_network(seed: int) -> Network:
    """Return a, b → f and g of three states, with a → b, so that the causes are dependent."""
    rng = np.random.default_rng(seed)
    f = NoisyMax((_link(rng), _link(rng)), simplex(rng, 3))
    g = NoisyMax((_link(rng), _link(rng)), simplex(rng, 3))
    return Network(
        {"a": ("no", "yes"), "b": ("no", "yes"), "f": ("0", "1", "2"), "g": ("0", "1", "2")},
        {"b": ("a",), "f": ("a", "b"), "g": ("a", "b")},
        {"a": Table(simplex(rng, 2)), "b": Table(simplex(rng, 2, 2)), "f": f, "g": g},
    )


def _link(rng: np.random.Generator) -> np.ndarray:
    return np.vstack([[1.0, 0.0, 0.0], simplex(rng, 3)])


def by_enumeration(network: Network, owner: Owner, likelihood: np.ndarray, g: int) -> float:
    """Sum over causes and noise the weight of worlds in which f falls without the owner."""
    gate = network.gate("f")
    assert isinstance(gate, NoisyMax)
    lost = total = 0.0
    for a, b in product(range(2), repeat=2):
        base = network.cpt("a")[a] * network.cpt("b")[a, b] * network.cpt("g")[a, b, g]
        for z in product(range(3), repeat=3):
            noise = gate.links[0][a, z[0]] * gate.links[1][b, z[1]] * gate.leak[z[2]]
            kept = [n for n, v in zip(z, ("a", "b"), strict=False) if v not in owner.variables]
            without = max([*kept, 0 if owner.leak else z[2]])
            weight = base * noise * likelihood[max(z)]
            total += weight
            lost += weight * (without < max(z))
    return lost / total


def evidence_of(engine: Engine, likelihoods: dict[str, np.ndarray]) -> Evidence:
    hard, soft, scale = split_likelihoods(engine.network, likelihoods, likelihoods)
    return Evidence(likelihoods, engine.log_prob_evidence(hard, soft) + scale)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    likelihood=st.sampled_from([(0, 1, 0), (0, 0, 1), (0, 1, 1), (0.1, 0.4, 0.9), (0.5, 0, 1)]),
    g=st.integers(0, 2),
)
def test_disablement_is_the_share_of_worlds_that_lose_the_finding(
    seed: int, likelihood: tuple[float, ...], g: int
) -> None:
    network = small_network(seed)
    engine = Engine(network)
    likelihoods = {"f": np.array(likelihood, float), "g": np.eye(3)[g]}
    got = disablement(engine, ["f"], evidence_of(engine, likelihoods), OWNERS)[:, 0]
    want = [by_enumeration(network, o, likelihoods["f"], g) for o in OWNERS]
    assert got == pytest.approx(want, abs=1e-12)


def test_mechanisms_are_seen_through() -> None:
    network = Network(
        {v: ("no", "yes") for v in ("a", "b", "mechanism", "f")},
        {"mechanism": ("a", "b"), "f": ("mechanism",)},
        {
            "a": Table(np.array([0.7, 0.3])),
            "b": Table(np.array([0.9, 0.1])),
            "mechanism": deterministic_or((2, 2)),
            "f": NoisyMax((np.eye(2),), np.array([0.95, 0.05])),
        },
    )
    flat = flatten(network, "f", ["f"])
    assert flat is not None and flat.parents == ("a", "b")
    engine = Engine(network)
    evidence = evidence_of(engine, {"f": np.array([0.0, 1.0])})
    got = disablement(engine, ["f"], evidence, OWNERS)[:, 0]
    seen = 1 - 0.7 * 0.9 * 0.95
    want = [0.3 * 0.9 * 0.95, 0.7 * 0.1 * 0.95, (1 - 0.63) * 0.95, 0.63 * 0.05]
    assert got == pytest.approx(np.array(want) / seen, abs=1e-12)


def test_a_table_counts_its_excess_risk() -> None:
    table = np.array([[0.9, 0.1], [0.4, 0.6]])
    network = Network(
        {"a": ("no", "yes"), "f": ("no", "yes")},
        {"f": ("a",)},
        {"a": Table(np.array([0.8, 0.2])), "f": Table(table)},
    )
    engine = Engine(network)
    evidence = evidence_of(engine, {"f": np.array([0.0, 1.0])})
    got = disablement(engine, ["f"], evidence, OWNERS[:1])
    assert got[0, 0] == pytest.approx(0.2 * 0.5 / (0.8 * 0.1 + 0.2 * 0.6), abs=1e-12)


def test_weights_make_a_mean() -> None:
    matrix = np.array([[1.0, 0.0], [0.5, 0.5]])
    assert responsibility(matrix, np.array([3.0, 1.0])) == pytest.approx([0.75, 0.5])
    assert responsibility(matrix, np.zeros(2)).tolist() == [0.0, 0.0]
