"""Networks changed for responsibility: mechanisms seen through, causes of a group behind one node.

Neither changes any probability of what stays.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np

from fascinet.engine.api.engine import Engine
from fascinet.model.gates import Array, Gate, NoisyMax, max_convolve
from fascinet.model.network import Network

JOINT = "{} | {}"
_flat: "WeakKeyDictionary[Engine, dict[frozenset[str], Engine]]" = WeakKeyDictionary()
_lock = Lock()


@dataclass(frozen=True)
class Owner:
    """Variables whose links are taken out together, and whether the leaks go with them.

    `together` marks a group of several causes; groups share no variable with each other.
    """

    name: str
    variables: frozenset[str]
    together: bool = False
    leak: bool = False


def owned(*names: str) -> frozenset[str]:
    """Return causes and their triggers."""
    return frozenset(names) | {f"trigger_{name}" for name in names}


@dataclass(frozen=True)
class FlatGate:
    """A noisy-MAX over parents that are no deterministic mechanisms themselves."""

    parents: tuple[str, ...]
    links: tuple[Array, ...]
    leak: Array

    @property
    def rest(self) -> Array:
        """The distribution that is always at rest."""
        return np.eye(len(self.leak))[0]


def flatten(network: Network, finding: str, observed: Iterable[str]) -> FlatGate | None:
    """Return the noisy-MAX of `finding`, its deterministic mechanisms replaced by their parents.

    None if its gate is no noisy-MAX.
    """
    gate = network.gate(finding)
    if not isinstance(gate, NoisyMax):
        return None
    rows: dict[str, Array] = {}
    leak, observed = gate.leak, set(observed)
    for parent, link in zip(network.parents(finding), gate.links, strict=True):
        below = None
        if parent not in observed and _is_mechanism(network, parent, link):
            below = flatten(network, parent, observed)
        if below is None:
            _add(rows, parent, link)
            continue
        leak = max_convolve(leak, below.leak)
        for grand, passed in zip(below.parents, below.links, strict=True):
            _add(rows, grand, passed)
    return FlatGate(tuple(rows), tuple(rows.values()), leak)


def _add(rows: dict[str, Array], parent: str, link: Array) -> None:
    """Add a link; a parent that acts by two mechanisms sends the larger of the two."""
    rows[parent] = max_convolve(rows[parent], link) if parent in rows else link


def _is_mechanism(network: Network, parent: str, link: Array) -> bool:
    """Tell whether the parent is a noisy-MAX without noise, its state handed on unchanged."""
    gate = network.gate(parent)
    if not isinstance(gate, NoisyMax) or not np.array_equal(link, np.eye(len(link))):
        return False
    return all(((part == 0.0) | (part == 1.0)).all() for part in (*gate.links, gate.leak))


def divorce(
    network: Network, findings: Sequence[str], observed: Iterable[str], groups: Sequence[Owner]
) -> Network:
    """Return the network in which each group acts on each finding through one node of its own.

    A group with one parent among the finding's needs none. Every probability stays as it was. The
    node of group G on finding f is named "f | G".
    """
    states = {v: network.states(v) for v in network.variables}
    parents = {v: network.parents(v) for v in network.variables}
    gates: dict[str, Gate] = {v: network.gate(v) for v in network.variables}
    for finding in findings:
        flat = flatten(network, finding, observed)
        if flat is None:
            continue
        links = dict(zip(flat.parents, flat.links, strict=True))
        joined: dict[str, Array] = {}
        for group in groups:
            mine = [p for p in flat.parents if p in group.variables]
            leak = flat.leak if group.leak else flat.rest
            if len(mine) > 1 or group.leak:
                node = JOINT.format(finding, group.name)
                states[node], parents[node] = network.states(finding), tuple(mine)
                gates[node] = NoisyMax(tuple(links.pop(p) for p in mine), leak)
                joined[node] = np.eye(len(flat.leak))
        has_leak = any(group.leak for group in groups)
        parents[finding] = (*links, *joined)
        gates[finding] = NoisyMax(
            (*links.values(), *joined.values()), flat.rest if has_leak else flat.leak
        )
    return network.replace(states=states, parents=parents, gates=gates)


def flat_engine(engine: Engine, observed: Iterable[str]) -> Engine:
    """Return the engine of the network without deterministic mechanisms, kept with its programs.

    Single causes need no joint nodes, so that one network serves every case in which no mechanism
    was itself observed; a network without any is its own.
    """
    network = engine.network
    mechanisms = _mechanisms(network)
    if not mechanisms:
        return engine
    seen = mechanisms.intersection(observed)
    with _lock:
        kept = _flat.setdefault(engine, {})
        if seen not in kept:
            flat = divorce(network, network.variables, seen, ())
            kept[seen] = Engine(flat, budget=engine.budget, backend=engine.backend)
            kept[seen].solver.kept = engine.solver.kept
        return kept[seen]


@lru_cache(maxsize=64)
def _mechanisms(network: Network) -> frozenset[str]:
    """Return the variables whose state some child takes as it is."""
    return frozenset(v for v in network.variables if _hands_on(network, v))


def _hands_on(network: Network, variable: str) -> bool:
    """Tell whether a child takes the variable's state as it is."""
    return any(
        _is_mechanism(network, variable, link)
        for child in network.children(variable)
        if isinstance(gate := network.gate(child), NoisyMax)
        for parent, link in zip(network.parents(child), gate.links, strict=True)
        if parent == variable
    )
