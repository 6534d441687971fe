"""One reverse pass over a compiled program: d P(case) / d θ for every parameter, zeros exact.

Forwards, each clique multiplies its operands and its children's messages and sums out its
residual; backwards, the derivative of P by each operand is the product of all the others, from
prefix and suffix products, never by division. Several cases that differ in soft evidence alone run
side by side in a leading axis, the lanes.

The base of the engine holds parameters and sums of products of them; `jacobian` leads back from
there to the parameters themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.parameters import gate_figures
from fascinet.engine.analyses.results import Array
from fascinet.engine.arrays import (
    GateBlocks,
    NetworkArrays,
    bfirst_table,
    bstep_table,
    first_table,
    network_arrays,
    step_table,
)
from fascinet.engine.steps import Operand, Program, Step
from fascinet.engine.request import Request, pattern_of
from fascinet.model.gates import Function, NoisyMax, Table
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.engine import Engine

Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Lanes:
    """Cases with the same observed states.

    Attributes
    ----------
    states : dict of int to int
        Observed state of each finding.
    soft : dict of int to array, shape (lanes, states)
        Likelihoods, lane by lane.
    count : int
        Number of lanes.
    """

    states: dict[int, int]
    soft: dict[int, Array]
    count: int


@dataclass(eq=False)
class _Clique:
    """What one clique multiplies: factors that broadcast to (lanes, *shape)."""

    factors: list[Array]
    where: list[Index | None]
    children: list[int]


def base_gradient(net: NetworkArrays, program: Program, lanes: Lanes) -> tuple[Array, Array]:
    """Return log P of each lane and its derivative by every entry of the base.

    Returns
    -------
    log_scale : array, shape (lanes,)
    gradient : array, shape (lanes, base)
        ∂P/∂base / exp(log_scale).
    """
    pass_ = _Pass(net, program, lanes)
    pass_.forward()
    pass_.backward()
    return pass_.log_scale, pass_.gradient


class _Pass:
    def __init__(self, net: NetworkArrays, program: Program, lanes: Lanes) -> None:
        self.net, self.program, self.lanes = net, program, lanes
        self.log_scale = np.zeros(lanes.count)
        self.gradient = np.zeros((lanes.count, len(net.base)))
        self.cliques = [self._open(i, step) for i, step in enumerate(program.steps)]
        self.roots: list[tuple[Array, int]] = []
        self.tops: list[Array] = []

    def _start(self, offset: int, slices: tuple[tuple[int, int], ...]) -> int:
        return offset + sum(stride * self.lanes.states[v] for v, stride in slices)

    def _open(self, i: int, step: Step) -> _Clique:
        clique = _Clique([], [], [])
        for operand in step.operands:
            at = self._indices(operand, step.shape)
            clique.factors.append(self.net.base[at][None])
            clique.where.append(at)
        for v, likelihood in self.lanes.soft.items():
            c, axis = self.program.home[v]
            if c == i:
                shape = [1] * (len(step.shape) + 1)
                shape[0], shape[axis + 1] = likelihood.shape
                clique.factors.append(likelihood.reshape(shape))
                clique.where.append(None)
        return clique

    def _indices(self, operand: Operand, shape: tuple[int, ...]) -> Index:
        """Return where the operand's entries lie; axes that it lacks have length 1."""
        at: Index = np.array(self._start(operand.offset, operand.slices)).reshape((1,) * len(shape))
        for axis, (size, stride) in enumerate(zip(shape, operand.strides, strict=True)):
            if stride:
                steps = [1] * len(shape)
                steps[axis] = size
                at = at + (np.arange(size) * stride).reshape(steps)
        return at

    def forward(self) -> None:
        """Collect to the roots, messages scaled lane by lane."""
        for i, step in enumerate(self.program.steps):
            clique = self.cliques[i]
            table = np.ones((self.lanes.count, *step.shape))
            for factor in clique.factors:
                table = table * factor
            message = table.sum(axis=tuple(range(step.cut + 1, table.ndim)))
            top = message.reshape(self.lanes.count, -1).max(axis=1)
            top = np.where(top > 0.0, top, 1.0)
            self.log_scale += np.log(top)
            self.tops.append(top)
            message = message / top.reshape((-1,) + (1,) * (message.ndim - 1))
            if step.parent < 0:
                self.roots.append((message.reshape(-1), i))
                continue
            above = self.cliques[step.parent]
            above.factors.append(self._spread(message, step))
            above.where.append(None)
            above.children.append(i)

    def _order(self, step: Step) -> tuple[list[int], list[int]]:
        """Return how a message's axes turn to the parent's order, and their places there."""
        scope = self.program.steps[step.parent].scope
        places = [scope.index(v) for v in step.scope[: step.cut]]
        return sorted(range(step.cut), key=places.__getitem__), sorted(places)

    def _spread(self, message: Array, step: Step) -> Array:
        """Return a message with its axes where the parent has them."""
        order, places = self._order(step)
        shape = [1] * len(self.program.steps[step.parent].shape)
        for a, place in zip(order, places, strict=True):
            shape[place] = step.shape[a]
        turned = np.transpose(message, (0, *(a + 1 for a in order)))
        return turned.reshape((len(message), *shape))

    def backward(self) -> None:
        """Distribute derivatives from the roots to every operand."""
        scalars = [self._start(o, s) for o, s in self.program.scalars]
        ends = [value for value, _ in self.roots]
        ends += [np.full(self.lanes.count, self.net.base[at]) for at in scalars]
        rest = others(ends) if ends else []
        adjoint: dict[int, Array] = {}
        for (_, i), value in zip(self.roots, rest, strict=False):
            adjoint[i] = value
        for at, value in zip(scalars, rest[len(self.roots) :], strict=True):
            self.gradient[:, at] += value
        for i in range(len(self.program.steps) - 1, -1, -1):
            self._clique(i, adjoint)

    def _clique(self, i: int, adjoint: dict[int, Array]) -> None:
        step, clique = self.program.steps[i], self.cliques[i]
        start = adjoint[i].reshape((self.lanes.count, *step.shape[: step.cut]))
        start = start / self.tops[i].reshape((-1,) + (1,) * step.cut)
        start = start.reshape(start.shape + (1,) * (len(step.shape) - step.cut))
        full = (self.lanes.count, *step.shape)
        children = iter(clique.children)
        hard = len(clique.where) - len(clique.children)
        products = others([*clique.factors, start])
        for k, (factor, at) in enumerate(zip(clique.factors, clique.where, strict=True)):
            if at is None and k < hard:
                continue
            value = np.broadcast_to(products[k], full)
            one = tuple(a for a in range(1, len(full)) if factor.shape[a] == 1 and full[a] > 1)
            value = value.sum(axis=one, keepdims=True) if one else value
            if at is not None:
                self.gradient[:, at.reshape(-1)] += value.reshape(self.lanes.count, -1)
                continue
            child = next(children)
            adjoint[child] = self._gather(value, self.program.steps[child])

    def _gather(self, value: Array, step: Step) -> Array:
        """Return a derivative by a message, from the parent's axes to the message's own."""
        order, _ = self._order(step)
        narrow = value.reshape((len(value), *(step.shape[a] for a in order)))
        return np.transpose(narrow, (0, *(order.index(a) + 1 for a in range(step.cut))))


def others(factors: Sequence[Array]) -> list[Array]:
    """Return, for each factor, the product of all the others: no division, zeros exact."""
    before: list[Array] = [np.ones(1)]
    for factor in factors[:-1]:
        before.append(before[-1] * factor if len(before) > 1 else factor)
    out: list[Array] = [np.ones(1)] * len(factors)
    after: Array | None = None
    for k in range(len(factors) - 1, -1, -1):
        left = before[k] if k else None
        parts = [x for x in (left, after) if x is not None]
        out[k] = np.ones_like(factors[k]) if not parts else parts[0]
        if len(parts) == 2:
            out[k] = parts[0] * parts[1]
        after = factors[k] if after is None else after * factors[k]
    return out


# ---------------------------------------------------------------- from the base to the parameters


@dataclass(frozen=True, eq=False)
class Jacobian:
    """∂base/∂θ as a sparse matrix in coordinate form, sorted by parameter."""

    parameter: Index
    base: Index
    value: Array
    count: int

    def pull(self, gradient: Array) -> Array:
        """Return ∂P/∂θ, shape (lanes, P), from ∂P/∂base, shape (lanes, base)."""
        terms = gradient[:, self.base] * self.value
        starts = np.flatnonzero(np.diff(self.parameter, prepend=-1))
        out = np.zeros((len(gradient), self.count))
        if len(starts):
            out[:, self.parameter[starts]] = np.add.reduceat(terms, starts, axis=1)
        return out


class _Collector:
    def __init__(self) -> None:
        self.rows: list[tuple[int, Index, Array]] = []

    def add(self, parameter: int, offset: int, derivative: Array) -> None:
        """Note the derivative of a stretch of the base by one parameter."""
        flat = derivative.reshape(-1)
        some = np.flatnonzero(flat)
        self.rows.append((parameter, some + offset, flat[some]))


_known: WeakKeyDictionary[Network, Jacobian] = WeakKeyDictionary()


def know_jacobian(network: Network, table: Jacobian) -> Jacobian:
    """Take the Jacobian of a network from an earlier run; return it."""
    return _known.setdefault(network, table)


@lru_cache(maxsize=8)
def jacobian(network: Network) -> Jacobian:
    """Return the derivative of every base entry by every parameter, kept per network."""
    if network in _known:
        return _known[network]
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
    rows = sorted(out.rows, key=lambda row: row[0])
    sizes = [len(r[1]) for r in rows]
    return Jacobian(
        np.repeat([r[0] for r in rows], sizes).astype(np.int64),
        np.concatenate([r[1] for r in rows]),
        np.concatenate([r[2] for r in rows]),
        at,
    )


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


def parameter_slopes(
    engine: "Engine", evidence: Mapping[str, str], soft: Mapping[str, Array]
) -> tuple[Array, Array]:
    """Return P(evidence, soft) of every lane and its derivatives by every parameter.

    Parameters
    ----------
    engine : Engine
    evidence : mapping of str to str
        Hard findings, the same in all lanes.
    soft : mapping of str to array, shape (lanes, states)
        All lanes share one program; the compiled kernels take them one by one. A lane of
        probability zero goes through the reverse pass above, in which zeros are exact.

    Returns
    -------
    log_prob : array, shape (lanes,)
    slopes : array, shape (lanes, P)
        ∂P(lane)/∂θ / P(first lane).
    """
    network, net = engine.network, engine.arrays
    states = {network.index[v]: network.state_index(v, s) for v, s in evidence.items()}
    lanes = {network.index[v]: x for v, x in soft.items()}
    count = max((len(x) for x in lanes.values()), default=1)
    logs, rows = np.full(count, -np.inf), np.zeros((count, len(net.base)))
    for i in range(count):
        one = {v: np.ascontiguousarray(x[i]) for v, x in lanes.items()}
        request = Request(states, one, frozenset())
        logs[i], row = engine.numba_solver.derivatives(request)
        if logs[i] > -np.inf:
            rows[i] = row * np.exp(logs[i] - logs[0])
        elif logs[0] > -np.inf:
            program = engine.numba_solver.program(pattern_of(net, request, frozenset())).steps
            alone = Lanes(states, {v: x[None] for v, x in one.items()}, 1)
            scale, gradient = base_gradient(net, program, alone)
            rows[i] = gradient[0] * np.exp(scale[0] - logs[0])
    return logs, jacobian(network).pull(rows)
