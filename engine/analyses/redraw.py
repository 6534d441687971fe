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

    network, net = engine.network, engine.arrays
    request: Request = read_request(network, evidence, soft, None)
    wanted = frozenset(network.index[t] for t in targets)
    loaded = engine.solver.program(pattern_of(net, request, wanted))
    states, weights = engine.solver.case(request, loaded)
    recipe = base_recipe(network)

    for values in draws:
        base = net.base.copy()
        fill_base(*recipe, np.ascontiguousarray(values), base)
        out = np.full(engine.layout.total, np.nan)
        log_prob = loaded.solve(states, weights, out, replace(net, base=base))
        engine.solver.enter(out, request.states)
        yield out if log_prob > -np.inf else None


def log_probs_of(engine: "Engine", requests: Sequence[Request], draws: Iterator[Array]) -> Array:
    """Return ln P of each request under each set of parameters, shape (draws, requests)."""
    net, none = engine.arrays, frozenset[int]()
    programs = [engine.solver.program(pattern_of(net, r, none)) for r in requests]
    cases = [engine.solver.case(r, p) for r, p in zip(requests, programs, strict=True)]
    rows: list[list[float]] = []
    for values in draws:
        moved = replace(net, base=base_of(engine.network, values))
        rows.append([p.run(*case, net=moved)[0] for p, case in zip(programs, cases, strict=True)])
    return np.array(rows)
