"""Responsibility against enumeration of every cause and every noise variable."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic.divorce import Owner, divorce, flatten
from fascinet.engine.clinic.responsibility import disablement, responsibility, shares
from fascinet.model.gates import NoisyMax, Table, deterministic_or
from fascinet.model.network import Network

OWNERS = (
    Owner("a", frozenset({"a"})),
    Owner("b", frozenset({"b"})),
    Owner("pair", frozenset({"a", "b"}), together=True),
    Owner("leak", frozenset(), together=True, leak=True),
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
    live = likelihood > 0
    for a, b in product(range(2), repeat=2):
        base = network.cpt("a")[a] * network.cpt("b")[a, b] * network.cpt("g")[a, b, g]
        for z in product(range(3), repeat=3):
            noise = gate.links[0][a, z[0]] * gate.links[1][b, z[1]] * gate.leak[z[2]]
            kept = [n for n, v in zip(z, ("a", "b"), strict=False) if v not in owner.variables]
            without = max([*kept, 0 if owner.leak else z[2]])
            sent = _sent(z, owner)
            total += base * noise * likelihood[max(z)]
            lost += base * noise * live[sent] * (likelihood[max(z)] - likelihood[without])
    return lost / total


def _sent(z: tuple[int, ...], owner: Owner) -> int:
    mine = [n for n, v in zip(z, ("a", "b"), strict=False) if v in owner.variables]
    return max([*mine, z[2] if owner.leak else 0])


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
    seen = np.array(likelihood, float)
    for owners in (OWNERS[:3], OWNERS[:2] + OWNERS[3:]):
        got = disablement(engine, ["f"], {"g": str(g)}, {"f": seen.tolist()}, owners)[:, 0]
        want = [by_enumeration(network, o, seen, g) for o in owners]
        assert got == pytest.approx(np.clip(want, 0, 1), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 2), g=st.integers(0, 2))
def test_a_hard_finding_is_lost_when_no_other_cause_reaches_it(seed: int, k: int, g: int) -> None:
    network = small_network(seed)
    hard = {"f": str(k), "g": str(g)}
    got = disablement(Engine(network), ["f"], hard, {}, OWNERS[:3])[:, 0]
    want = [by_enumeration(network, o, np.eye(3)[k], g) for o in OWNERS[:3]]
    assert got == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize("given_as", [None, list, dict])
@pytest.mark.parametrize("seed", range(3))
def test_shares_of_the_divorced_network_are_those_of_enumeration(seed: int, given_as) -> None:
    """Of a finding that is certain, or whose likelihoods come as a list or by their states."""
    network, seen = small_network(seed), np.array([0.2, 0.5, 0.9])
    hard, soft = {"g": "1"}, {"f": dict(zip("012", seen, strict=True))}
    if given_as is None:
        hard, soft, seen = {"g": "1", "f": "2"}, {}, np.eye(3)[2]
    elif given_as is list:
        soft = {"f": seen.tolist()}
    split = divorce(network, ["f"], hard, OWNERS[2:])
    found = Engine(split).derivatives(hard, soft=soft)
    got = shares(split, found, ["f"], hard, soft, OWNERS)[:, 0]
    want = [by_enumeration(network, o, seen, 1) for o in OWNERS]
    assert got == pytest.approx(np.clip(want, 0, 1), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), f=st.integers(0, 2), g=st.integers(0, 2))
def test_divorcing_changes_no_probability(seed: int, f: int, g: int) -> None:
    network = small_network(seed)
    split = divorce(network, ["f", "g"], [], OWNERS[2:])
    hard = {"f": str(f), "g": str(g)}
    assert {"f | pair", "g | leak"} <= set(split.variables)
    want = Engine(network).log_prob_evidence(hard)
    assert Engine(split).log_prob_evidence(hard) == pytest.approx(want, abs=1e-12)


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
    got = disablement(engine, ["f"], {"f": "yes"}, {}, OWNERS)[:, 0]
    seen = 1 - 0.7 * 0.9 * 0.95
    want = [0.3 * 0.9 * 0.95, 0.7 * 0.1 * 0.95, (1 - 0.63) * 0.95, 0.63 * 0.05]
    assert got == pytest.approx(np.array(want) / seen, abs=1e-12)


@pytest.mark.parametrize("noisy", ["a link", "its leak", "both"])
def test_what_acts_with_noise_is_no_mechanism(noisy: str) -> None:
    """Only a gate whose links and leak are all 0 or 1 is seen through."""
    link = np.eye(2) if noisy == "its leak" else np.array([[1.0, 0.0], [0.2, 0.8]])
    leak = np.array([1.0, 0.0] if noisy == "a link" else [0.9, 0.1])
    network = Network(
        {v: ("no", "yes") for v in ("a", "b", "m", "f")},
        {"m": ("a", "b"), "f": ("m",)},
        {
            "a": Table(np.array([0.7, 0.3])),
            "b": Table(np.array([0.9, 0.1])),
            "m": NoisyMax((np.eye(2), link), leak),
            "f": NoisyMax((np.eye(2),), np.array([0.95, 0.05])),
        },
    )
    flat = flatten(network, "f", ["f"])
    assert flat is not None and flat.parents == ("m",)


def test_a_table_counts_its_excess_risk() -> None:
    table = np.array([[0.9, 0.1], [0.4, 0.6]])
    network = Network(
        {"a": ("no", "yes"), "f": ("no", "yes")},
        {"f": ("a",)},
        {"a": Table(np.array([0.8, 0.2])), "f": Table(table)},
    )
    engine = Engine(network)
    got = disablement(engine, ["f"], {"f": "yes"}, {}, OWNERS[:1])
    assert got[0, 0] == pytest.approx(0.2 * 0.5 / (0.8 * 0.1 + 0.2 * 0.6), abs=1e-12)


def test_weights_make_a_mean() -> None:
    matrix = np.array([[1.0, 0.0], [0.5, 0.5]])
    assert responsibility(matrix, np.array([3.0, 1.0])) == pytest.approx([0.75, 0.5])
    assert responsibility(matrix, np.zeros(2)).tolist() == [0.0, 0.0]
