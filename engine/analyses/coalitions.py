"""Many subsets of the same findings, with few programs.

A program is compiled for a set of observed variables; leaving a finding out would need another.
But a finding without relevant descendants can be made silent in place: its gate is replaced by one
that gives the observed state with probability one whatever its parents, and P(e) is that of the
other findings. The program stays, only numbers in the base change. Soft findings are silenced by a
flat likelihood. Other hard findings (causes, risks) are truly left out: one program for each
combination of them.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from fascinet.engine import kernels_numpy
from fascinet.engine.analyses.access import CAP, Vectors, opposite
from fascinet.engine.analyses.hypotheses import Hypothesis
from fascinet.engine.analyses.results import Array
from fascinet.engine.analyses.shapley import Masks
from fascinet.engine.arrays import NetworkArrays, network_arrays
from fascinet.engine.compiled import Compiled
from fascinet.engine.request import Request, pattern_of
from fascinet.model.gates import Gate, NoisyMax, Table
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.engine import Engine


class Coalitions:
    """The worth of every subset of findings for one hypothesis: its log odds.

    Parameters
    ----------
    engine : Engine
    hypothesis : Hypothesis
    vectors : dict of str to array
        Findings as likelihood vectors.
    """

    def __init__(self, engine: "Engine", hypothesis: Hypothesis, vectors: Vectors) -> None:
        self.engine, self.hypothesis, self.vectors = engine, hypothesis, vectors
        self.names = tuple(vectors)
        network = engine.network
        self.hard = {v: int(np.flatnonzero(x)[0]) for v, x in vectors.items() if _is_hard(x)}
        relevant = {hypothesis.variable, *self.names}
        self.silenced = tuple(
            v for v in self.hard if not nx.descendants(network.graph, v) & relevant
        )
        self.known: dict[bytes, float] = {}
        self.programs: dict[frozenset[int], Compiled] = {}
        self._silent: Array | None = None

    def __call__(self, masks: Masks) -> Array:
        """Return the log odds given each subset (masks over the findings, in order)."""
        out = np.zeros(len(masks))
        for i, mask in enumerate(masks):
            key = np.asarray(mask, dtype=bool).tobytes()
            if key not in self.known:
                self.known[key] = self._log_odds(mask)
            out[i] = self.known[key]
        return out

    def entries(self) -> int:
        """Return the size of the program in which all findings are present."""
        request = self._request(np.ones(len(self.names), dtype=bool), self._indicator(True))
        return int(self._program(request).plan.entries)

    def _indicator(self, positive: bool) -> Array:
        h = self.hypothesis if positive else opposite(self.hypothesis)
        return np.array(h.indicator, dtype=np.float64)

    def _log_odds(self, mask: Sequence[bool]) -> float:
        net = self._net(mask)
        logs = [
            self._run(net, self._request(mask, self._indicator(side))) for side in (True, False)
        ]
        with np.errstate(invalid="ignore"):
            return float(np.clip(np.subtract(*logs), -CAP, CAP))

    def _request(self, mask: Sequence[bool], indicator: Array) -> Request:
        index = self.engine.network.index
        states: dict[int, int] = {}
        soft: dict[int, Array] = {index[self.hypothesis.variable]: indicator}
        for v, on in zip(self.names, mask, strict=True):
            if v not in self.hard:
                soft[index[v]] = self.vectors[v] if on else np.ones_like(self.vectors[v])
            elif on or v in self.silenced:
                states[index[v]] = self.hard[v]
        return Request(states, soft, frozenset())

    def _program(self, request: Request) -> Compiled:
        key = frozenset(request.states)
        if key not in self.programs:
            pattern = pattern_of(self.engine.arrays, request, frozenset())
            self.programs[key] = self.engine.solver.program(pattern)
        return self.programs[key]

    def _net(self, mask: Sequence[bool]) -> NetworkArrays:
        net = self.engine.arrays
        off = [v for v, on in zip(self.names, mask, strict=True) if not on and v in self.silenced]
        if not off:
            return net
        base = net.base.copy()
        silent = self._silent_base()
        for v in off:
            start, stop = _segment(net, self.engine.network.index[v])
            base[start:stop] = silent[start:stop]
        return replace(net, base=base)

    def _silent_base(self) -> Array:
        if self._silent is None:
            network = self.engine.network
            gates = {v: silent_gate(network, v, self.hard[v]) for v in self.silenced}
            kept = {v: network.gate(v) for v in network.variables}
            self._silent = network_arrays(network.replace(gates=kept | gates)).base
        return self._silent

    def _run(self, net: NetworkArrays, request: Request) -> float:
        compiled, solver = self._program(request), self.engine.solver
        if solver.native:
            from fascinet.engine.native import UNSAFE, run

            status, log_prob = run(net, compiled.flat, request.states, request.soft, None)
            if status != UNSAFE:
                return log_prob
        case = kernels_numpy.Case(request.states, request.soft)
        return kernels_numpy.collect(net, compiled.steps, case).log_prob


def _is_hard(vector: Array) -> bool:
    return int(np.count_nonzero(vector)) == 1


def _segment(net: NetworkArrays, v: int) -> tuple[int, int]:
    """Return where the base holds the gate of a variable."""
    start = net.blocks[v].offset
    later = [b.offset for b in net.blocks if b.offset > start]
    ends = [*later, *(m for m in net.maxima.values() if m > start), len(net.base)]
    return start, min(ends)


def silent_gate(network: Network, v: str, state: int) -> Gate:
    """Return a gate of the same shape that gives `state` whatever the parents."""
    gate, point = network.gate(v), np.eye(len(network.states(v)))[state]
    if isinstance(gate, NoisyMax):
        rest = np.zeros(gate.states)
        rest[0] = 1.0
        links = tuple(np.tile(rest, (card, 1)) for card in gate.cards)
        return NoisyMax(links, point)
    return Table(np.broadcast_to(point, (*gate.cards, gate.states)))
