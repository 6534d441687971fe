"""Hypothesis strategies: random networks with gates, zeros, determinism and single states."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from fascinet.model.gates import Function, Gate, NoisyMax, Table
from fascinet.model.network import Network


@dataclass(frozen=True)
class Query:
    """A network with hard and soft evidence."""

    network: Network
    hard: dict[str, str]
    soft: dict[str, list[float]]


def distribution(rng: np.random.Generator, *shape: int, zeros: float = 0.3) -> np.ndarray:
    """Return random rows that sum to one, a share of the entries exactly zero."""
    values = rng.random(shape)
    values[rng.random(shape) < zeros] = 0.0
    values[..., 0] += values.sum(axis=-1) == 0.0
    return values / values.sum(axis=-1, keepdims=True)


def random_gate(rng: np.random.Generator, cards: list[int], states: int, kind: str) -> Gate:
    """Return a gate of a kind: table, noisy_max, function or point (a deterministic table)."""
    if kind == "noisy_max":
        links = tuple(distribution(rng, c, states) for c in cards)
        return NoisyMax(links, distribution(rng, states))
    if kind == "function":
        return Function(rng.integers(0, states, cards), states)
    if kind == "point":
        return Table(np.eye(states)[rng.integers(0, states, cards)])
    return Table(distribution(rng, *cards, states))


KINDS = ("table", "table", "noisy_max", "noisy_max", "function", "point")


def random_network(seed: int, size: int, parents: int = 5, states: int = 4) -> Network:
    """Return a random network; some variables have one state, some no neighbours."""
    rng = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(size)]
    cards = {v: int(rng.choice([1, 2, 2, 3, states])) for v in names}
    above = {
        v: [str(u) for u in rng.choice(names[:i], int(rng.integers(0, min(i, parents) + 1)), False)]
        for i, v in enumerate(names)
    }
    gates = {
        v: random_gate(rng, [cards[u] for u in above[v]], cards[v], str(rng.choice(KINDS)))
        for v in names
    }
    return Network({v: [f"s{k}" for k in range(c)] for v, c in cards.items()}, above, gates)


def random_evidence(network: Network, seed: int, share: float = 0.3) -> Query:
    """Return hard evidence on a share of the variables and soft evidence on a few."""
    rng = np.random.default_rng(seed)
    hard: dict[str, str] = {}
    soft: dict[str, list[float]] = {}
    for v in network.variables:
        draw = rng.random()
        if draw < share:
            hard[v] = str(rng.choice(network.states(v)))
        elif draw < share + 0.1:
            soft[v] = (rng.random(len(network.states(v))) + 1e-3).tolist()
    return Query(network, hard, soft)


@st.composite
def queries(draw: st.DrawFn, largest: int = 10, parents: int = 5) -> Query:
    """Draw a network of 1 to `largest` variables with evidence."""
    size = draw(st.integers(1, largest))
    seed = draw(st.integers(0, 2**32 - 1))
    network = random_network(seed, size, parents)
    return random_evidence(network, seed + 1, draw(st.sampled_from([0.0, 0.2, 0.5])))
