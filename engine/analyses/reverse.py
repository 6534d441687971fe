"""Slopes of P(e) and of P(e, h) by every parameter, for many hypotheses in one call.

A hypothesis is a soft finding, flat but in its own case, so that one program serves all of them.
The base of the engine holds parameters and sums of products of them; `jacobian` leads back from
there to the parameters themselves.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.hypotheses import Hypothesis
from fascinet.engine.analyses.parameters import gate_figures
from fascinet.engine.analyses.results import Array
from fascinet.engine.arrays import (
    GateBlocks,
    bfirst_table,
    bstep_table,
    first_table,
    network_arrays,
    step_table,
)
from fascinet.engine.request import Request, pattern_of
from fascinet.engine.run.derivatives import Jacobian, slopes
from fascinet.model.gates import Function, NoisyMax, Table
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.engine import Engine

Index = NDArray[np.int64]


def joint_slopes(
    engine: "Engine",
    states: Mapping[int, int],
    soft: Mapping[int, Array],
    rivals: Sequence[Hypothesis],
) -> tuple[float, Array, Array]:
    """Return ln P(e), P(h | e) and the slopes of P(e), P(e, h) by all parameters, over P(e).

    Parameters
    ----------
    engine : Engine
    states : mapping of int to int
        Hard findings.
    soft : mapping of int to array
        Likelihoods.
    rivals : sequence of Hypothesis
        On variables that are not among the hard findings.

    Returns
    -------
    log_prob : float
        -inf if the evidence is impossible; the rest means nothing then.
    posterior : array, shape (H,)
    slopes : array, shape (H + 1, P)
        The last row is that of P(e).
    """
    net, index = engine.arrays, engine.network.index
    flat = {index[h.variable]: np.ones(len(h.indicator)) for h in rivals}
    request = Request(dict(states), flat | dict(soft), frozenset())
    loaded = engine.solver.program(pattern_of(net, request, frozenset()))
    seen, weights = engine.solver.case(request, loaded)
    rows = np.tile(weights, (len(rivals) + 1, 1))
    for row, h in zip(rows, rivals, strict=False):
        at = loaded.program.weights[index[h.variable]]
        row[at : at + len(h.indicator)] *= h.indicator
    logs, scales, found = slopes(loaded, seen, rows, jacobian(engine.network))
    if logs[-1] > -np.inf:
        found *= np.exp(scales - logs[-1])[:, None]
    return float(logs[-1]), np.exp(logs[:-1] - logs[-1]), found


# ---------------------------------------------------------------- from the base to the parameters


class _Collector:
    def __init__(self) -> None:
        self.rows: list[tuple[int, Index, Array]] = []

    def add(self, parameter: int, offset: int, derivative: Array) -> None:
        """Note the derivative of a stretch of the base by one parameter."""
        flat = derivative.reshape(-1)
        some = np.flatnonzero(flat)
        self.rows.append((parameter, some + offset, flat[some]))

    def by_place(self, size: int, count: int) -> Jacobian:
        """Return all that was noted, for a base of so many numbers."""
        if not self.rows:
            nothing = np.zeros(0, np.int64)
            return Jacobian(np.zeros(size + 1, np.int64), nothing, np.zeros(0), count)
        sizes = [len(at) for _, at, _ in self.rows]
        parameter = np.repeat([k for k, _, _ in self.rows], sizes).astype(np.int64)
        place = np.concatenate([at for _, at, _ in self.rows])
        order = np.lexsort((parameter, place))
        start = np.searchsorted(place[order], np.arange(size + 1)).astype(np.int64)
        value = np.concatenate([x for _, _, x in self.rows])
        return Jacobian(start, parameter[order], value[order], count)


@lru_cache(maxsize=8)
def jacobian(network: Network) -> Jacobian:
    """Return the derivative of every number of the base by every parameter, kept per network."""
    out = _Collector()
    at = 0
    for v, blocks in zip(network.variables, network_arrays(network).blocks, strict=True):
        gate = network.gate(v)
        if isinstance(gate, Table):
            for k in range(gate.values.size):
                out.rows.append((at + k, np.array([blocks.offset + k]), np.ones(1)))
        elif isinstance(gate, NoisyMax) and blocks.is_max:
            _large(out, at, gate, blocks)
        elif isinstance(gate, NoisyMax):
            _small(out, at, gate, blocks.offset)
        else:
            assert isinstance(gate, Function)
        at += sum(a.size for a in gate_figures(gate))
    return out.by_place(network_arrays(network).base.size, at)


def _units(shape: tuple[int, ...]) -> Array:
    """Return one array a place, with a one there: shape (size, *shape)."""
    size = int(np.prod(shape))
    return np.eye(size).reshape((size, *shape))


def _small(out: _Collector, at: int, gate: NoisyMax, offset: int) -> None:
    """Note a gate worked as a table: its entries are linear in each row."""
    arrays = gate_figures(gate)
    for i, array in enumerate(arrays):
        flat = array.reshape(-1, gate.states)
        for row in range(len(flat)):
            corners: list[Array] = []
            for j in range(gate.states):
                moved = flat.copy()
                moved[row] = np.eye(gate.states)[j]
                parts = [*arrays]
                parts[i] = moved.reshape(array.shape)
                corners.append(NoisyMax(tuple(parts[:-1]), parts[-1]).to_table())
            shared = np.min(corners, axis=0)
            for j, corner in enumerate(corners):
                out.add(at + row * gate.states + j, offset, corner - shared)
        at += array.size


def _large(out: _Collector, at: int, gate: NoisyMax, blocks: GateBlocks) -> None:
    """Note a gate worked link by link; every table is linear in the link and in the leak."""
    leak_at = at + sum(link.size for link in gate.links)
    units = _units((gate.states,))
    for j, unit in enumerate(units):
        out.add(leak_at + j, blocks.offset, unit)
    for link, where in zip(gate.links, blocks.links, strict=True):
        step, bstep = step_table(link), bstep_table(link)
        for j, unit in enumerate(units):
            out.add(leak_at + j, where.first, first_table(unit, step))
            out.add(leak_at + j, where.bfirst, bfirst_table(unit, bstep))
        for j, unit in enumerate(_units(link.shape)):
            move, bmove = step_table(unit), bstep_table(unit)
            out.add(at + j, where.link, unit)
            out.add(at + j, where.step, move)
            out.add(at + j, where.bstep, bmove)
            out.add(at + j, where.first, first_table(gate.leak, move))
            out.add(at + j, where.bfirst, bfirst_table(gate.leak, bmove))
        at += link.size
