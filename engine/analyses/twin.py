"""The twin network: one person in two worlds, with the gates' noise shared.

Every gate is written as a function of its parents and a noise U that belongs to the person
(Pearl 2009, ch. 7; Balke & Pearl 1994). Only descendants of the intervention are doubled. How U
acts is an assumption that data cannot settle; ours:

`NoisyMax`   each link has its own noise, and so has the leak: Z_i = F_i⁻¹(U_i | parent's state).
             Triggers and links are the noise.
`Table`      one noise, X = F⁻¹(U | parents): the same quantile in both worlds, which changes as
             little as it can (monotone in the order of the states).
`Function`   no noise.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.results import Array
from fascinet.model.gates import Function, Gate, NoisyMax, Table
from fascinet.model.network import Network

OTHER = "′"
NOISE = "~"


class TwinBuilder:
    """Collects the variables of a twin network.

    With `targets` given, only what they and the evidence need is kept, and only variables between
    the intervention and the targets are doubled.
    """

    def __init__(
        self,
        network: Network,
        do: Mapping[str, str],
        targets: Iterable[str] | None = None,
        evidence: Iterable[str] = (),
    ) -> None:
        self.network, self.do = network, dict(do)
        below: set[str] = set()
        for v in do:
            below |= nx.descendants(network.graph, network.check(v))
        below -= set(do)
        if targets is None:
            self.kept = frozenset(network.variables)
        else:
            asked = closed_above(network, targets)
            below &= asked
            self.kept = asked | closed_above(network, (*evidence, *do))
        self.doubled = frozenset(below)
        self.states: dict[str, tuple[str, ...]] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self.gates: dict[str, Gate] = {}

    def build(self) -> Network:
        """Return the twin network: factual names as they are, counterfactual ones with a prime."""
        for v, state in self.do.items():
            point = np.zeros(len(self.network.states(v)))
            point[self.network.state_index(v, state)] = 1.0
            self.add(v + OTHER, self.network.states(v), (), Table(point))
        for v in self.network.topological:
            if v in self.doubled:
                self._double(v)
            elif v in self.kept:
                gate = self.network.gate(v)
                self.add(v, self.network.states(v), self.network.parents(v), gate)
        return Network(self.states, self.parents, self.gates, name=f"{self.network.name} twin")

    def add(self, name: str, states: tuple[str, ...], parents: tuple[str, ...], gate: Gate) -> None:
        """Add one variable."""
        self.states[name], self.parents[name], self.gates[name] = states, parents, gate

    def other(self, v: str) -> str:
        """Return the name of `v` in the other world; the same if nothing can change it."""
        return v + OTHER if v in self.doubled or v in self.do else v

    def _double(self, v: str) -> None:
        gate = self.network.gate(v)
        if isinstance(gate, NoisyMax):
            self._double_max(v, gate)
            return
        parents = self.network.parents(v)
        if isinstance(gate, Table):
            noise, outcome = quantile_noise(gate.values.reshape(-1, gate.states))
            self.add(v + NOISE, labels(noise), (), Table(noise))
            shape = (*gate.cards, len(noise))
            gate = Function(outcome.reshape(shape), gate.states)
            extra = (v + NOISE,)
        else:
            extra = ()
        for name, who in ((v, parents), (v + OTHER, tuple(self.other(u) for u in parents))):
            self.add(name, self.network.states(v), (*who, *extra), gate)

    def _double_max(self, v: str, gate: NoisyMax) -> None:
        """Shared parents and the leak meet in one variable; each other link gets its own noise."""
        parents, states = self.network.parents(v), self.network.states(v)
        own = [i for i, u in enumerate(parents) if self.other(u) == u]
        shared = f"{v}{NOISE}shared"
        rest = NoisyMax(tuple(gate.links[i] for i in own), gate.leak)
        self.add(shared, states, tuple(parents[i] for i in own), rest)
        both: tuple[list[str], list[str]] = ([shared], [shared])
        for i in (i for i in range(len(parents)) if i not in own):
            for side, name in zip(both, self._link(v, parents[i], gate.links[i]), strict=True):
                side.append(name)
        for name, inputs in zip((v, v + OTHER), both, strict=True):
            links = tuple(np.eye(gate.states) for _ in inputs)
            none = np.eye(gate.states)[0]
            self.add(name, states, tuple(inputs), NoisyMax(links, none))

    def _link(self, v: str, u: str, link: Array) -> tuple[str, str]:
        """Add Z_u in both worlds and return the two names."""
        noise, outcome = quantile_noise(link)
        base = f"{v}{NOISE}{u}"
        self.add(base, labels(noise), (), Table(noise))
        names = (f"{base}{NOISE}z", f"{base}{NOISE}z{OTHER}")
        for name, parent in zip(names, (u, self.other(u)), strict=True):
            gate = Function(outcome, link.shape[1])
            self.add(name, self.network.states(v), (parent, base), gate)
        return names


def closed_above(network: Network, names: Iterable[str]) -> frozenset[str]:
    """Return variables with all their ancestors."""
    out: set[str] = set()
    for v in names:
        out |= {v} | nx.ancestors(network.graph, network.check(v))
    return frozenset(out)


def labels(noise: Array) -> tuple[str, ...]:
    """Return names for the classes of a noise."""
    return tuple(str(i) for i in range(len(noise)))


def quantile_noise(rows: Array) -> tuple[Array, NDArray[np.int64]]:
    """Return P(class of U) and the state that each row takes in each class.

    U is uniform; the classes are the pieces between all cumulative probabilities of all rows, so
    that within one class every row has one quantile.

    Parameters
    ----------
    rows : array, shape (R, states)

    Returns
    -------
    noise : array, shape (C,)
    outcome : array of int, shape (R, C)
    """
    edges = np.cumsum(rows, axis=1)[:, :-1]
    cuts = np.unique(np.concatenate([[0.0], edges.ravel(), [1.0]]))
    cuts = cuts[(cuts >= 0.0) & (cuts <= 1.0)]
    cuts = cuts[np.concatenate([[True], np.diff(cuts) > 1e-15])]
    cuts[-1] = 1.0
    noise = np.diff(cuts)
    middle = np.array([(a + b) / 2.0 for a, b in pairwise(cuts)])
    outcome = (middle[None, :, None] > edges[:, None, :]).sum(axis=2)
    return noise / noise.sum(), outcome.astype(np.int64)
