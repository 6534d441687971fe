"""Another set of parameters in the same network: a new base for the same programs.

A program reads its tables from the base by place, so a network with the same gates and other
numbers needs no new plan. `fill_base` writes the base anew; `posteriors_of` runs one program on
many bases.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.parameters import Index, gate_figures
from fascinet.engine.analyses.results import Array
from fascinet.engine.arrays import NetworkArrays, network_arrays
from fascinet.engine.request import Request, pattern_of, read_request
from fascinet.model.gates import Function, NoisyMax
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.engine import Engine


@lru_cache(maxsize=8)
def base_recipe(network: Network) -> tuple[Index, Index]:
    """Return how the base follows from parameters; see `redraw_numba.fill_base`."""
    from fascinet.engine.analyses.redraw_numba import COPY, LARGE, SMALL

    net = network_arrays(network)
    gates: list[tuple[int, ...]] = []
    links: list[tuple[int, ...]] = []
    at = 0
    for v, block in zip(network.variables, net.blocks, strict=True):
        gate = network.gate(v)
        figures = gate_figures(gate)
        start, first = len(links), at
        if isinstance(gate, NoisyMax):
            raw = block.raw or (-1,) * len(gate.links)
            for i, link in enumerate(gate.links):
                places = (-1,) * 5
                if block.is_max:
                    b = block.links[i]
                    places = (b.link, b.first, b.step, b.bfirst, b.bstep)
                links.append((first, link.shape[0], *places, -1 if block.is_max else raw[i]))
                first += link.size
        kind = LARGE if block.is_max else SMALL if isinstance(gate, NoisyMax) else COPY
        size = figures[0].size if kind == COPY and figures else 0
        leak = -1 if block.is_max else block.leak
        if not isinstance(gate, Function):
            row = (kind, at, block.offset, gate.states, size, start, len(links), leak)
            gates.append(row)
        at += sum(a.size for a in figures)
    shape = (-1, 8)
    return np.array(gates, np.int64).reshape(shape), np.array(links, np.int64).reshape(shape)


def base_of(network: Network, values: Array) -> Array:
    """Return the base of the network with other parameters, in the order of `Parameters`."""
    from fascinet.engine.analyses.redraw_numba import fill_base

    base = network_arrays_of(network).base.copy()
    fill_base(*base_recipe(network), np.ascontiguousarray(values), base)
    return base


@lru_cache(maxsize=8)
def network_arrays_of(network: Network) -> NetworkArrays:
    """Return the arrays of a network, kept."""
    return network_arrays(network)


def posteriors_of(
    engine: "Engine",
    evidence: Mapping[str, str],
    soft: Mapping[str, Any] | None,
    targets: Sequence[str],
    draws: Iterator[Array],
) -> Iterator[Array | None]:
    """Yield the posteriors, flat, for each set of parameters; None where it is impossible.

    Parameters
    ----------
    engine : Engine
        Its compiled kernels are used.
    targets : sequence of str
        Variables wanted.
    draws : iterator of array, shape (P,)
        Sets of parameters.
    """
    from fascinet.engine.analyses.redraw_numba import fill_base
    from fascinet.engine.native import DONE, UNSAFE, run

    network, net = engine.network, engine.arrays
    request: Request = read_request(network, evidence, soft, None)
    wanted = frozenset(network.index[t] for t in targets)
    compiled = engine.numba_solver.program(pattern_of(net, request, wanted))
    recipe = base_recipe(network)

    for values in draws:
        base = net.base.copy()
        fill_base(*recipe, np.ascontiguousarray(values), base)
        moved = replace(net, base=base)
        out = np.full(engine.layout.total, np.nan)
        status, _ = run(moved, compiled.flat, request.states, request.soft, out)
        if status == UNSAFE:
            found, log_prob = _carefully(engine, moved, request, wanted)
            yield found if log_prob > -np.inf else None
        elif status == DONE:
            for v, s in request.states.items():
                place = engine.layout.slices[network.variables[v]]
                out[place] = 0.0
                out[place.start + s] = 1.0
            yield out
        else:
            yield None


def log_probs_of(engine: "Engine", requests: Sequence[Request], draws: Iterator[Array]) -> Array:
    """Return ln P of each request under each set of parameters, shape (draws, requests)."""
    from fascinet.engine.native import UNSAFE, run

    net, none = engine.arrays, frozenset[int]()
    programs = [engine.numba_solver.program(pattern_of(net, r, none)) for r in requests]
    rows: list[list[float]] = []
    for values in draws:
        moved = replace(net, base=base_of(engine.network, values))
        logs: list[float] = []
        for request, compiled in zip(requests, programs, strict=True):
            status, log_prob = run(moved, compiled.flat, request.states, request.soft, None)
            if status == UNSAFE:
                _, log_prob = _carefully(engine, moved, request, none)
            logs.append(log_prob)
        rows.append(logs)
    return np.array(rows)


def _carefully(
    engine: "Engine", moved: NetworkArrays, request: Request, wanted: frozenset[int]
) -> tuple[Array, float]:
    """Return the posteriors, flat, and ln P by the careful path, in another base."""
    other = type(engine)(engine.network, budget=engine.budget, backend="numpy")
    other.solver.net = moved
    return other.solver.solve(request, wanted)
