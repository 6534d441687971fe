"""Large noisy-MAX gates as chains of small tables, exactly, for formats that hold tables only.

A maximum can be taken step by step. With auxiliary variables A of the same states as X,

    A₂ = max(L, Z₁, Z₂)      A_k = max(A_{k−1}, Z_k)      X = max(A_{n−1}, Z_n)

every table has at most two parents, and summing the A out gives P(x | u) back: the answers on the
variables of the network stay what they are (parent divorcing; Olesen et al. 1989, Díez & Galán
2003). The auxiliary variables come after all others, so the places of these do not change.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fascinet.model.gates import Gate, NoisyMax
from fascinet.model.network import Network

FULL_LIMIT = 2**12
"""Largest table that a noisy-MAX gate is written out to, in entries."""
KIND = "auxiliary"
"""The attribute ``kind`` of an auxiliary variable."""


@dataclass(frozen=True)
class Divorced:
    """A network whose large noisy-MAX gates are chains.

    Attributes
    ----------
    network : Network
        The variables of the original in their order, then the auxiliary ones.
    chains : mapping of str to tuple of str
        For each gate taken apart, the auxiliary variables, A₂ first.
    """

    network: Network
    chains: Mapping[str, tuple[str, ...]]


def divorced(network: Network, limit: int = FULL_LIMIT) -> Divorced:
    """Return `network` with each noisy-MAX gate of more than `limit` entries as a chain.

    Parameters
    ----------
    limit : int
        Gates with at most two parents are left as they are whatever their size.
    """
    large = [v for v in network.variables if too_large(network.gate(v), limit)]
    if not large:
        return Divorced(network, {})
    states = {v: network.states(v) for v in network.variables}
    parents = {v: network.parents(v) for v in network.variables}
    gates = {v: network.gate(v) for v in network.variables}
    meta = {v: dict(fields) for v, fields in network.meta.items()}
    chains: dict[str, tuple[str, ...]] = {}
    for v in large:
        steps = chain_names(v, len(parents[v]) - 2, states)
        states |= dict.fromkeys(steps, states[v])
        meta |= {a: {"kind": KIND, "label": f"part of {v}"} for a in steps}
        pieces = chain(v, steps, parents[v], gates[v])
        parents |= {a: us for a, (us, _) in pieces.items()}
        gates |= {a: gate for a, (_, gate) in pieces.items()}
        meta[v] = {k: x for k, x in meta.get(v, {}).items() if k != "ranges"}  # they fit no longer
        chains[v] = steps
    changed = network.replace(states=states, parents=parents, gates=gates, meta=meta)
    return Divorced(changed, chains)


def too_large(gate: Gate, limit: int) -> bool:
    """Tell whether `gate` is a noisy-MAX whose full table would exceed `limit` entries."""
    if not isinstance(gate, NoisyMax) or len(gate.links) < 3:
        return False
    return float(np.prod([float(n) for n in (*gate.cards, gate.states)])) > limit


def chain_names(variable: str, count: int, taken: Mapping[str, object]) -> tuple[str, ...]:
    """Return `count` names after `variable` that are not taken."""
    mark = "_max"
    while any(f"{variable}{mark}{k + 2}" in taken for k in range(count)):
        mark = "_" + mark
    return tuple(f"{variable}{mark}{k + 2}" for k in range(count))


def chain(
    variable: str, steps: tuple[str, ...], parents: tuple[str, ...], gate: Gate
) -> dict[str, tuple[tuple[str, ...], Gate]]:
    """Return parents and gate of every step, the last of which is `variable` itself."""
    assert isinstance(gate, NoisyMax)
    same, no_leak = np.eye(gate.states), np.eye(gate.states)[0]
    found: dict[str, tuple[tuple[str, ...], Gate]] = {}
    found[steps[0]] = (parents[:2], NoisyMax(gate.links[:2], gate.leak))
    rest = zip((*steps[1:], variable), steps, parents[2:], gate.links[2:], strict=True)
    for name, before, parent, link in rest:
        found[name] = ((before, parent), NoisyMax((same, link), no_leak))
    return found
