"""Many subsets of the same findings, with few programs.

A program is compiled for a set of observed variables; leaving a finding out would need another.
But a finding without relevant descendants can be made silent in place: its gate is replaced by one
that gives the observed state with probability one whatever its parents, and P(e) is that of the
other findings. The program stays, only numbers in the base change. Soft findings are silenced by a
flat likelihood. Other hard findings (causes, risks) are left out by summing over their states.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
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
from fascinet.engine.decompose import Pattern
from fascinet.engine.request import Request, pattern_of
from fascinet.model.gates import Gate, NoisyMax, Table
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.engine import Engine


MOST_SUMMED = 64


class Subsets:
    """P of every subset of findings.

    Parameters
    ----------
    engine : Engine
    vectors : dict of str to array
        Findings as likelihood vectors.
    """

    def __init__(self, engine: "Engine", vectors: Vectors, asked: Sequence[str] = ()) -> None:
        self.engine, self.vectors, self.names = engine, vectors, tuple(vectors)
        network = engine.network
        self.hard = {v: int(np.flatnonzero(x)[0]) for v, x in vectors.items() if _is_hard(x)}
        relevant = {*asked, *self.names}
        self.silenced = tuple(
            v for v in self.hard if not nx.descendants(network.graph, v) & relevant
        )
        self.programs: dict[Pattern, Compiled] = {}
        self._silent: Array | None = None

    def log_prob(self, mask: Sequence[bool], extra: Mapping[int, Array]) -> float:
        """Return ln P of the findings that the mask keeps, and of extra likelihoods.

        A causal finding that is left out is summed over its states, in the same program.
        """
        kept = {v for v, on in zip(self.names, mask, strict=True) if on}
        alone = not kept & set(self.silenced)
        off = [] if alone else [v for v in self.hard if v not in kept and v not in self.silenced]
        counts = [len(self.engine.network.states(v)) for v in off]
        if np.prod(counts, dtype=float) > MOST_SUMMED:
            off, counts = [], []
        net = self.engine.arrays if alone else self._net(mask)
        logs: list[float] = []
        for config in product(*map(range, counts)):
            request = self._request(kept, alone, dict(zip(off, config, strict=True)), extra)
            logs.append(self._run(net, request))
        return float(np.logaddexp.reduce(logs))

    def _request(
        self, kept: set[str], alone: bool, summed: Mapping[str, int], extra: Mapping[int, Array]
    ) -> Request:
        index = self.engine.network.index
        states = {index[v]: s for v, s in summed.items()}
        soft: dict[int, Array] = dict(extra)
        for v in self.names:
            if v not in self.hard:
                soft[index[v]] = self.vectors[v] if v in kept else np.ones_like(self.vectors[v])
            elif v in kept or (v in self.silenced and not alone):
                states[index[v]] = self.hard[v]
        return Request(states, soft, frozenset())

    def _program(self, request: Request) -> Compiled:
        pattern = pattern_of(self.engine.arrays, request, frozenset())
        if pattern not in self.programs:
            self.programs[pattern] = self.engine.solver.program(pattern)
        return self.programs[pattern]

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


class Coalitions(Subsets):
    """The worth of every subset of findings for one hypothesis: its log odds."""

    def __init__(self, engine: "Engine", hypothesis: Hypothesis, vectors: Vectors) -> None:
        super().__init__(engine, vectors, (hypothesis.variable,))
        variable = engine.network.index[hypothesis.variable]
        self.sides = [
            {variable: np.array(h.indicator, dtype=np.float64)}
            for h in (hypothesis, opposite(hypothesis))
        ]
        self.known: dict[bytes, float] = {}

    def __call__(self, masks: Masks) -> Array:
        """Return the log odds given each subset (masks over the findings, in order)."""
        out = np.zeros(len(masks))
        for i, mask in enumerate(masks):
            key = np.asarray(mask, dtype=bool).tobytes()
            if key not in self.known:
                yes, no = (self.log_prob(mask, side) for side in self.sides)
                with np.errstate(invalid="ignore"):
                    self.known[key] = float(np.clip(np.subtract(yes, no), -CAP, CAP))
            out[i] = self.known[key]
        return out

    def entries(self) -> int:
        """Return the size of the program in which all findings are present."""
        request = self._request(set(self.names), False, {}, self.sides[0])
        return int(self._program(request).plan.entries)


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
