"""Findings known to lie in a run of neighbouring states, as findings of coarser variables.

*Focal or widespread*, *abnormal*, *not objective*: soft evidence that says yes to a run of states
of a noisy-MAX and no to the others. Merging neighbouring states commutes with the maximum: with
k ↦ K(k) not decreasing,

    K(X) = max(K(L), K(Z_1), …, K(Z_n))        P(K(Z) = K | u) = Σ_{k: K(k) = K} θ[u, k]

so in a network whose finding has the states below, within and above the run, the evidence is one
observed state, and an absent one where nothing lies below. Its tree is that of an observed
finding, smaller by orders of magnitude where the gate has many parents.

Each merged parameter is the sum of its own, so a slope by it is the slope by each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.parameters import gate_figures
from fascinet.engine.api.engine import Engine
from fascinet.model.case import Case
from fascinet.model.gates import Array, Gate, NoisyMax
from fascinet.model.network import Network

Index = NDArray[np.int64]
Run = tuple[int, int]  # first and last of neighbouring states
KEPT = 32  # engines of coarser networks
_kept: "WeakKeyDictionary[Engine, dict[frozenset[tuple[str, Run]], Coarse]]" = WeakKeyDictionary()
_lock = Lock()


@dataclass(frozen=True, eq=False)
class Coarse:
    """An engine whose network has coarser findings, and how to come back from it.

    Attributes
    ----------
    fine : Engine
    engine : Engine
        `fine` itself where nothing is merged.
    runs : mapping of variable to (first, last)
    """

    fine: Engine
    engine: Engine
    runs: Mapping[str, Run]

    def evidence(self, case: Case) -> tuple[dict[str, str], dict[str, Any]]:
        """Return hard and soft evidence of a case as the engine takes it."""
        states = self.engine.network.states
        hard = {f: states(f)[min(run[0], 1)] for f, run in self.runs.items()}
        return dict(case.hard) | hard, {f: x for f, x in case.soft.items() if f not in self.runs}

    def answer(self, values: Array) -> Array:
        """Return an answer of the engine in the places of `fine`; NaN for merged findings."""
        if not self.runs:
            return values
        out = np.full(self.fine.layout.total, np.nan)
        to, at = self._places
        out[to] = values[at]
        return out

    def parameters(self, places: Index) -> Index:
        """Return which parameters of the engine some parameters of `fine` go into."""
        return self._parameters[places] if self.runs else places

    @cached_property
    def _places(self) -> tuple[Index, Index]:
        """Places of all but the merged findings, in both layouts."""
        kept = [v for v in self.fine.layout.variables if v not in self.runs]
        to, at = (
            np.concatenate([np.arange(s.start, s.stop) for s in (layout.slices[v] for v in kept)])
            for layout in (self.fine.layout, self.engine.layout)
        )
        return to, at

    @cached_property
    def _parameters(self) -> Index:
        """The parameter that each of `fine` goes into."""
        parts: list[Index] = []
        at = 0
        for v in self.fine.network.variables:
            for fine, coarse in zip(
                gate_figures(self.fine.network.gate(v)),
                gate_figures(self.engine.network.gate(v)),
                strict=True,
            ):
                places = at + np.arange(coarse.size).reshape(coarse.shape)
                if v in self.runs:
                    places = places[..., merged(fine.shape[-1], self.runs[v])]
                parts.append(places.reshape(-1))
                at += coarse.size
        return np.concatenate(parts)


def coarse_for(engine: Engine, case: Case) -> Coarse:
    """Return the engine for a case, coarser where a finding lies in a run of states."""
    runs: dict[str, Run] = {}
    for name, given in case.soft.items():
        run = run_of(engine.network, name, given)
        if run is not None:
            runs[name] = run
    if not runs:
        return Coarse(engine, engine, {})
    key = frozenset(runs.items())
    with _lock:
        kept = _kept.setdefault(engine, {})
        if key not in kept:
            while len(kept) >= KEPT:
                del kept[next(iter(kept))]
            made = Engine(coarsened(engine.network, runs), budget=engine.budget,
                          backend=engine.backend)  # fmt: skip
            made.solver.kept = engine.solver.kept
            kept[key] = Coarse(engine, made, runs)
        return kept[key]


def run_of(network: Network, name: str, given: Mapping[str, float]) -> Run | None:
    """Return the run of neighbouring states that soft evidence says yes to, if that is all it says.

    None as well for what is no noisy-MAX, is the cause of something, or could be in any state.
    """
    yes = np.flatnonzero([given[s] for s in network.states(name)])
    plain = {given[s] for s in network.states(name)} <= {0.0, 1.0}
    leaf = isinstance(network.gate(name), NoisyMax) and not network.children(name)
    if not (plain and leaf) or len(yes) in (0, 1, len(given)):
        return None
    first, last = int(yes[0]), int(yes[-1])
    return (first, last) if last - first + 1 == len(yes) else None


def coarsened(network: Network, runs: Mapping[str, Run]) -> Network:
    """Return the network with each of these findings below, in, or above its run of states.

    Cited ranges of merged parameters are left out.
    """
    states = {v: network.states(v) for v in network.variables}
    gates: dict[str, Gate] = {v: network.gate(v) for v in network.variables}
    meta = dict(network.meta)
    for name, run in runs.items():
        gate, to = network.gate(name), merged(len(states[name]), run)
        assert isinstance(gate, NoisyMax)
        sums = np.eye(int(to[-1]) + 1)[to]
        gates[name] = NoisyMax(tuple(x @ sums for x in gate.links), gate.leak @ sums)
        names = np.array(states[name])
        states[name] = tuple(" or ".join(names[to == k]) for k in range(int(to[-1]) + 1))
        meta[name] = {k: x for k, x in meta.get(name, {}).items() if k != "ranges"}
    parents = {v: network.parents(v) for v in network.variables}
    return Network(states, parents, gates, name=network.name, version=network.version, meta=meta)


def merged(count: int, run: Run) -> Index:
    """Return what each of so many states becomes.

    >>> merged(4, (1, 2)).tolist(), merged(4, (2, 3)).tolist(), merged(3, (0, 1)).tolist()
    ([0, 1, 1, 2], [0, 0, 1, 1], [0, 0, 1])
    """
    first, last = run
    k = np.arange(count)
    return ((k >= first).astype(np.int64) + (k > last)) - (first == 0)
