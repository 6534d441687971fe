"""P(target, candidate | e) for many targets and many candidates, from one program.

A leaf candidate that depends on its parents by a noisy-MAX needs no variable of its own:

    P(X ≤ k, t, e) = P(L ≤ k) · P(t, e, Π_i P(Z_i ≤ k | u_i))

so that each (candidate, level) is the same case with other likelihoods on the parents; a table with
one free parent is the same, state by state. Candidates with children are soft findings themselves.
All of them share the program in which every such variable carries a likelihood, flat by default.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.analyses.access import Vectors
from fascinet.engine.analyses.bundle import run_bundle
from fascinet.engine.analyses.results import Array, frozen
from fascinet.model.gates import NoisyMax, Table
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

Pair = tuple[str, str]


@dataclass(frozen=True)
class Run:
    """One case: a scale and likelihoods beside the evidence.

    `cumulative` says whether it stands for X ≤ state or for X = state.
    """

    candidate: str
    state: int
    cumulative: bool
    scale: float
    vectors: Mapping[str, Array]


def pairs_by_parents(
    engine: "Engine", vectors: Vectors, targets: Sequence[str], candidates: Sequence[str]
) -> dict[Pair, Array]:
    """Return P(t, x | e), shape (target states, candidate states), of every pair."""
    network, index = engine.network, engine.network.index
    runs = [run for v in candidates for run in runs_of(network, v, vectors)]
    states, soft = by_number(network, vectors)
    flat = {
        index[u]: np.ones(len(network.states(u)))
        for run in runs
        for u in run.vectors
        if index[u] not in states
    }
    slices = {t: engine.layout.slices[t] for t in targets}
    base, rows = _together(engine, runs, targets, states, flat, soft)
    parts = {(run.candidate, run.state): row for run, row in zip(runs, rows, strict=True)}
    out: dict[Pair, Array] = {}
    cumulative = {run.candidate: run.cumulative for run in runs}
    for v in candidates:
        columns = [parts[v, k] for k in range(len(network.states(v)) - 1)]
        table = _joint(base, columns, cumulative[v])
        out |= {(t, v): table[slices[t]] for t in targets}
    return out


Findings = dict[int, Array]


def _together(
    engine: "Engine",
    runs: Sequence[Run],
    targets: Sequence[str],
    states: dict[int, int],
    flat: Findings,
    soft: Findings,
) -> tuple[Array, Array]:
    """Return P(t | e) of all targets, flat, and P(t, run | e) a run, all through one program."""
    index, layout = engine.network.index, engine.layout
    given = dict(flat | soft)
    for t in targets:
        if index[t] not in states:
            given.setdefault(index[t], np.ones(len(engine.network.states(t))))
    lanes = {index[u]: np.tile(given[index[u]], (len(runs) + 1, 1))
             for run in runs for u in run.vectors}  # fmt: skip
    for i, run in enumerate(runs):
        for u, x in run.vectors.items():
            lanes[index[u]][i + 1] *= x
    still = {v: x for v, x in given.items() if v not in lanes}
    asked = [index[t] for t in targets if index[t] in given]
    logs, found = run_bundle(engine, states, still, lanes, asked=asked, count=len(runs) + 1)
    share = np.array([1.0, *(run.scale for run in runs)]) * np.exp(logs - logs[0])
    out = np.zeros((len(runs) + 1, layout.total))
    for t in targets:
        if index[t] in found:
            out[:, layout.slices[t]] = np.nan_to_num(found[index[t]]) * share[:, None]
        else:
            out[:, layout.slices[t]][:, states[index[t]]] = share
    return out[0], out[1:]


def _joint(total: Array, columns: list[Array], cumulative: bool) -> Array:
    """Return P(t, x), a row a state t, from all states of x but the last, cumulative or not."""
    table = np.array([*columns, total]).T
    if cumulative:
        table = np.diff(table, axis=1, prepend=0.0)
    else:
        table[:, -1] = total - table[:, :-1].sum(axis=1)
    return frozen(np.maximum(table, 0.0))


def by_number(network: Network, vectors: Vectors) -> tuple[dict[int, int], dict[int, Array]]:
    """Return the states of the vectors that leave one, and the others, by variable number."""
    states: dict[int, int] = {}
    soft: dict[int, Array] = {}
    for v, x in vectors.items():
        left = [i for i, value in enumerate(x.tolist()) if value]
        if len(left) == 1:
            states[network.index[v]] = left[0]
        else:
            soft[network.index[v]] = x
    return states, soft


def runs_of(network: Network, v: str, vectors: Vectors) -> Iterator[Run]:
    """Yield the cases that give the joint of a candidate with anything."""
    gate, parents = network.gate(v), network.parents(v)
    count = len(network.states(v))
    leaf = not network.children(v)
    if leaf and isinstance(gate, NoisyMax) and parents:
        for k in range(count - 1):
            scale = float(gate.leak[: k + 1].sum())
            levels = [link[:, : k + 1].sum(axis=1) for link in gate.links]
            yield _bound(Run(v, k, True, scale, dict(zip(parents, levels, strict=True))), vectors)
        return
    if leaf and isinstance(gate, Table):
        held = {u: int(np.flatnonzero(vectors[u])[0]) for u in parents if _is_hard(vectors, u)}
        free = [u for u in parents if u not in held]
        if len(free) == 1:
            table = gate.values[tuple(held.get(u, slice(None)) for u in parents)]
            for k in range(count - 1):
                yield Run(v, k, False, 1.0, {free[0]: table[:, k]})
            return
    for k in range(count - 1):
        yield Run(v, k, False, 1.0, {v: np.eye(count)[k]})


def _is_hard(vectors: Vectors, v: str) -> bool:
    return v in vectors and int(np.count_nonzero(vectors[v])) == 1


def _bound(run: Run, vectors: Vectors) -> Run:
    """Return the run with observed parents read off into the scale."""
    scale, free = run.scale, dict[str, Array]()
    for u, x in run.vectors.items():
        if _is_hard(vectors, u):
            scale *= float(x[int(np.flatnonzero(vectors[u])[0])])
        else:
            free[u] = x
    return Run(run.candidate, run.state, run.cumulative, scale, free)
