"""Ancestral sampling: cases as the network would make them."""

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.results import Array
from fascinet.model.gates import Function, Gate, NoisyMax
from fascinet.model.network import Network

States = NDArray[np.int64]


def simulate(network: Network, draws: int, seed: int = 0) -> dict[str, States]:
    """Return `draws` joint samples: for each variable the state indices, shape (draws,)."""
    rng = np.random.default_rng(seed)
    out: dict[str, States] = {}
    for v in network.topological:
        parents = [out[u] for u in network.parents(v)]
        out[v] = draw(network.gate(v), parents, draws, rng)
    return out


def draw(gate: Gate, parents: list[States], draws: int, rng: np.random.Generator) -> States:
    """Return samples of a variable given samples of its parents; gates are never spelt out."""
    if isinstance(gate, Function):
        return gate.outcome[tuple(parents)] if parents else np.full(draws, int(gate.outcome))
    if isinstance(gate, NoisyMax):
        top = pick(np.broadcast_to(gate.leak, (draws, gate.states)), rng)
        for link, u in zip(gate.links, parents, strict=True):
            top = np.maximum(top, pick(link[u], rng))
        return top
    rows = gate.values[tuple(parents)] if parents else gate.values
    return pick(np.broadcast_to(rows, (draws, gate.states)), rng)


def pick(rows: Array, rng: np.random.Generator) -> States:
    """Return one index drawn from each row."""
    below = np.cumsum(rows, axis=1) < rng.random(len(rows))[:, None] * rows.sum(axis=1)[:, None]
    return np.minimum(below.sum(axis=1), rows.shape[1] - 1).astype(np.int64)
