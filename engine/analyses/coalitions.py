"""Many subsets of the same findings, with few programs.

A program is compiled for a set of observed variables; leaving a finding out would need another.
But a finding without relevant descendants can be made silent in place: its gate is replaced by one
that gives the observed state with probability one whatever its parents, and P(e) is that of the
other findings. The program stays, only numbers in the base change. Soft findings are silenced by a
flat likelihood. Other hard findings (causes, risks) are left out by summing over their states.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.access import CAP, Vectors, opposite
from fascinet.engine.analyses.bundle import Switch, run_bundle
from fascinet.engine.analyses.hypotheses import Hypothesis
from fascinet.engine.analyses.results import Array
from fascinet.engine.analyses.shapley import Masks
from fascinet.engine.run.loaded import Loaded
from fascinet.engine.tables.arrays import NetworkArrays, gate_values
from fascinet.engine.tables.pattern import Pattern
from fascinet.engine.tables.request import Request, pattern_of
from fascinet.model.gates import Gate, NoisyMax, Table
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine


States = NDArray[np.int64]
MOST_SUMMED = 64
FEW = 5  # runs from which it pays to take them side by side


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
        above = ancestors(network, {*asked, *self.names})
        self.silenced = tuple(v for v in self.hard if v not in above)
        self.programs: dict[Pattern, Loaded] = {}
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

    def log_probs(self, masks: Masks, sides: Sequence[Mapping[int, Array]]) -> NDArray[np.float64]:
        """Return ln P of each subset with each side's likelihoods, shape (masks, sides).

        All subsets with the same causal findings go through one tree side by side.
        """
        out = np.full((len(masks), len(sides)), np.nan)
        self._bundled(masks, sides, out)
        for i, j in np.argwhere(np.isnan(out)):
            out[i, j] = self.log_prob(masks[i].tolist(), sides[j])
        return out

    def _bundled(self, masks: Masks, sides: Sequence[Mapping[int, Array]], out: Array) -> None:
        """Fill in what one tree can answer; the rest stays NaN."""
        causal = [v for v in self.hard if v not in self.silenced]
        which: list[int] = []
        states: list[tuple[int, ...]] = []
        for i, mask in enumerate(masks):
            kept = {v for v, on in zip(self.names, mask, strict=True) if on}
            options = [
                (self.hard[v],) if v in kept else range(len(self.engine.network.states(v)))
                for v in causal
            ]
            if kept & set(self.silenced) and prod(map(len, options)) <= MOST_SUMMED:
                configs = list(product(*options))
                which += [i] * len(configs)
                states += configs
        if which:
            table = np.array(states, dtype=np.int64).reshape(len(which), len(causal))
            solve = self._bundle if len(which) * len(sides) >= FEW else self._each
            found = solve({v: table[:, j] for j, v in enumerate(causal)}, masks[which], sides)
            out[which] = -np.inf
            np.logaddexp.at(out, which, found)

    def _each(
        self, causal: Mapping[str, States], masks: Masks, sides: Sequence[Mapping[int, Array]]
    ) -> Array:
        """Return what `_bundle` does, one inference after the other."""
        out = np.zeros((len(masks), len(sides)))
        for i, mask in enumerate(masks.tolist()):
            kept = {v for v, on in zip(self.names, mask, strict=True) if on}
            for j, side in enumerate(sides):
                summed = {v: int(s[i]) for v, s in causal.items()}
                request = self._request(kept | causal.keys(), False, summed, side)
                out[i, j] = self._run(self._net(mask), request)
        return out

    def _bundle(
        self, causal: Mapping[str, States], masks: Masks, sides: Sequence[Mapping[int, Array]]
    ) -> Array:
        """Return ln P of subsets with each side, causal findings in given states."""
        index = self.engine.network.index
        states = {index[v]: s for v, s in self.hard.items()}
        column = {v: masks[:, i] for i, v in enumerate(self.names)}
        lanes = {index[v]: np.where(column[v][:, None], self.vectors[v], 1.0)
                 for v in self.names if v not in self.hard}  # fmt: skip
        flat = {u: np.ones_like(x) for u, x in sides[0].items()}
        switch = Switch(
            self._silent_base(),
            tuple(self._segment(v) for v in self.silenced),
            np.array([column[v] for v in self.silenced]).reshape(-1, len(masks)),
            {index[v]: s for v, s in causal.items() if (s != self.hard[v]).any()},
        )
        logs, found = run_bundle(self.engine, states, flat, lanes, switch, asked=[*flat])
        out = np.repeat(logs[:, None], len(sides), axis=1)
        for u, posterior in found.items():
            with np.errstate(divide="ignore"):
                out += np.log(np.nan_to_num(posterior) @ np.array([side[u] for side in sides]).T)
        return out

    def _request(
        self, kept: set[str], alone: bool, summed: Mapping[str, int], extra: Mapping[int, Array]
    ) -> Request:
        index = self.engine.network.index
        states = {index[v]: s for v, s in summed.items()}
        soft: dict[int, Array] = dict(extra)
        for v in (v for v in self.names if v not in summed):
            if v not in self.hard:
                soft[index[v]] = self.vectors[v] if v in kept else np.ones_like(self.vectors[v])
            elif v in kept or (v in self.silenced and not alone):
                states[index[v]] = self.hard[v]
        return Request(states, soft, frozenset())

    def _program(self, request: Request) -> Loaded:
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
            start, stop = self._segment(v)
            base[start:stop] = silent[start:stop]
        return replace(net, base=base)

    def _segment(self, v: str) -> tuple[int, int]:
        """Return where the base holds the gate of a variable."""
        start = self.engine.arrays.blocks[self.engine.network.index[v]].offset
        return start, self._edges[bisect_right(self._edges, start)]

    @cached_property
    def _edges(self) -> list[int]:
        """Where the gates of the base start, and its end."""
        net = self.engine.arrays
        return sorted({*(b.offset for b in net.blocks), *net.maxima.values(), len(net.base)})

    def _silent_base(self) -> Array:
        if self._silent is None:
            network, net = self.engine.network, self.engine.arrays
            self._silent = net.base.copy()
            for v in self.silenced:
                start, stop = self._segment(v)
                self._silent[start:stop] = silent_values(network, v, self.hard[v])
        return self._silent

    def _run(self, net: NetworkArrays, request: Request) -> float:
        loaded = self._program(request)
        moved = None if net is self.engine.arrays else net
        return loaded.run(*self.engine.solver.case(request, loaded), net=moved)[0]


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
        keys = [np.asarray(mask, dtype=bool).tobytes() for mask in masks]
        new = {k: i for i, k in enumerate(keys) if k not in self.known}
        if new:
            logs = self.log_probs(np.asarray(masks, dtype=bool)[list(new.values())], self.sides)
            with np.errstate(invalid="ignore"):
                odds = np.clip(logs[:, 0] - logs[:, 1], -CAP, CAP)
            self.known |= dict(zip(new, odds.tolist(), strict=True))
        return np.array([self.known[k] for k in keys])

    def entries(self) -> int:
        """Return the size of the program in which all findings are present."""
        request = self._request(set(self.names), False, {}, self.sides[0])
        return int(self._program(request).plan.entries)


def _is_hard(vector: Array) -> bool:
    return int(np.count_nonzero(vector)) == 1


def ancestors(network: Network, names: set[str]) -> set[str]:
    """Return all proper ancestors of some variables."""
    found: set[str] = set()
    open_ = list(names)
    while open_:
        new = set(network.parents(open_.pop())) - found
        found |= new
        open_ += new
    return found


@lru_cache(maxsize=1024)
def silent_values(network: Network, v: str, state: int) -> Array:
    """Return what the base holds of a silent gate."""
    return gate_values(silent_gate(network, v, state), not network.children(v))


def silent_gate(network: Network, v: str, state: int) -> Gate:
    """Return a gate of the same shape that gives `state` whatever the parents."""
    gate, point = network.gate(v), np.eye(len(network.states(v)))[state]
    if isinstance(gate, NoisyMax):
        rest = np.zeros(gate.states)
        rest[0] = 1.0
        links = tuple(np.tile(rest, (card, 1)) for card in gate.cards)
        return NoisyMax(links, point)
    return Table(np.broadcast_to(point, (*gate.cards, gate.states)))
