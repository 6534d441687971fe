"""∂ ln P(e) / ∂ θ for every entry of every table and every parameter of every gate.

One reverse pass through the program gives the derivative for each value of the base; the chain rule
then takes it through the gates' transition tables to their links and leaks (Darwiche 2003,
doi:10.1145/765568.765570; Park & Darwiche 2004). Each entry counts as free: co-variation of the
rest of its row is the caller's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fascinet.engine.reference import passes
from fascinet.engine.reference.slopes import slopes as passes_down
from fascinet.engine.run.loaded import Ints, Loaded
from fascinet.engine.run.solver import Solver
from fascinet.engine.tables.arrays import (
    GateBlocks,
    LinkBlocks,
    NetworkArrays,
    bstep_table,
    max_prefixes,
    step_table,
)
from fascinet.engine.tables.jacobian import Jacobian
from fascinet.engine.tables.request import Request, pattern_of
from fascinet.model.gates import Array, NoisyMax, Table


def table_record(net: NetworkArrays, names: Sequence[str]) -> np.dtype[np.void]:
    """Return the base as one record: a field for each variable that has a table, in its shape."""
    fields: dict[str, list[Any]] = {"names": [], "formats": [], "offsets": []}
    for name, blocks in zip(names, net.blocks, strict=True):
        if isinstance(blocks.gate, Table):
            fields["names"].append(name)
            fields["formats"].append(("f8", blocks.gate.values.shape))
            fields["offsets"].append(8 * blocks.offset)
    record: Any = {**fields, "itemsize": 8 * net.base.size}
    return np.dtype(record)


class GateDerivatives(Mapping[str, tuple[Array, ...]]):
    """∂ ln P / ∂ θ by variable, taken through its gate when it is first read."""

    __slots__ = ("_done", "_grad", "_index", "_net", "_record", "_tables")

    def __init__(
        self,
        net: NetworkArrays,
        index: Mapping[str, int],
        grad: Array,
        record: np.dtype[np.void],
    ) -> None:
        self._net, self._index, self._grad, self._record = net, index, grad, record
        self._tables: Any = None
        self._done: dict[str, tuple[Array, ...]] | None = None

    def __getitem__(self, variable: str) -> tuple[Array, ...]:
        tables = self._tables
        if tables is None:
            self._grad.flags.writeable = False
            tables = self._tables = np.ndarray((), self._record, self._grad)
        try:
            return (tables[variable],)
        except (ValueError, IndexError):  # not a table
            return self._gate(variable)

    def _gate(self, variable: str) -> tuple[Array, ...]:
        done = self._done
        if done is None:
            done = self._done = {}
        found = done.get(variable)
        if found is None:
            v = self._index[variable]
            blocks, card = self._net.blocks[v], self._net.cards[v]
            found = done[variable] = gate_derivatives(self._net, self._grad, blocks, card)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)


@dataclass(frozen=True)
class Derivatives:
    """Derivatives of one log-probability.

    Attributes
    ----------
    log_prob : float
        ln P(e).
    gates : mapping of str to tuple of arrays
        ∂ ln P(e) / ∂ θ, shaped like the gate's parameters: (table,) for a table, (link, …, leak)
        for a noisy-MAX, () for a deterministic function. All zero for a variable that has no
        bearing on the evidence.
    """

    log_prob: float
    gates: Mapping[str, tuple[Array, ...]]

    def __getitem__(self, variable: str) -> tuple[Array, ...]:
        return self.gates[variable]


# -------------------------------------------------------------------- slopes


def slopes(
    loaded: Loaded, states: Ints, weights: Array, jacobian: Jacobian | None = None
) -> tuple[Array, Array, Array]:
    """Return slopes of P(e) for cases that differ in their row weights.

    Parameters
    ----------
    loaded : Loaded
    states : int array, shape (variables,)
        Observed states.
    weights : array, shape (cases, row weights)
    jacobian : Jacobian, optional
        Turns slopes by the base into slopes by parameters.

    Returns
    -------
    logs : array, shape (cases,)
        ln P(e), -inf where it is zero.
    scales : array, shape (cases,)
        ln of what the slopes are divided by: of P(e) where that is positive.
    slopes : array, shape (cases, numbers of the base or parameters)
    """
    count = len(weights)
    logs, scales = np.empty(count), np.empty(count)
    out = np.zeros((count, loaded.net.base.size if jacobian is None else jacobian.count))
    if loaded.core is not None:
        led = (None,) * 3
        if jacobian is not None:
            led = jacobian.start, jacobian.parameter, jacobian.value
        numbers = loaded.prepared, None, None
        loaded.core.slopes(*numbers, states, weights, logs, scales, out, *led)
        return logs, scales, out
    for i, row in enumerate(weights):
        case = passes.Case(states, row)
        logs[i], scales[i], found = passes_down(loaded.program, loaded.net.base, case)
        out[i] = found if jacobian is None else jacobian.pull(found)
    return logs, scales, out


def named_slopes(
    solver: Solver, tree: Any, findings: Mapping[str, str]
) -> tuple[float, Array] | None:
    """Return ln P(e) and d ln P(e) / d base by the fixed tree; None if a name cannot be read."""
    grad = np.zeros(solver.net.base.size)
    log_prob = solver.core.slopes_of_names(tree, findings, grad)
    return None if log_prob != log_prob else (log_prob, grad)


def log_slopes(solver: Solver, request: Request) -> tuple[float, Array]:
    """Return ln P(e) and d ln P(e) / d base.

    Gates without bearing on the evidence are left out, and have zeros, unless all are tables.
    """
    wanted = frozenset[int]() if any(b.raw for b in solver.net.blocks) else None
    loaded = solver.program(pattern_of(solver.net, request, wanted))
    states, weights = solver.case(request, loaded)
    logs, _, found = slopes(loaded, states, weights[None])
    return float(logs[0]), found[0]


# -------------------------------------------------------------------- chain rule


def gate_derivatives(
    net: NetworkArrays, grad: Array, blocks: GateBlocks, card: int
) -> tuple[Array, ...]:
    """Return the derivatives of one gate's parameters from those of the base."""
    gate = blocks.gate
    if isinstance(gate, Table):
        size = gate.values.size
        return (grad[blocks.offset : blocks.offset + size].reshape(gate.values.shape),)
    if not isinstance(gate, NoisyMax):
        return ()
    if not blocks.is_max:
        shape = (*gate.cards, gate.states)
        table = grad[blocks.offset : blocks.offset + int(np.prod(shape))].reshape(shape)
        return _through_table(gate, table)
    leak = grad[blocks.offset : blocks.offset + card].copy()
    if blocks.bleak >= 0:
        below, here = _part(grad, blocks.bleak, (card, 2)).T
        leak += here + _above(below, 0) - below
    links = tuple(_through_link(grad, gate, i, block, leak) for i, block in enumerate(blocks.links))
    return (*links, leak)


def _above(values: Array, axis: int) -> Array:
    """Return Σ_{k ≥ z} along an axis."""
    return np.flip(np.cumsum(np.flip(values, axis), axis), axis)


def _part(grad: Array, at: int, shape: tuple[int, ...]) -> Array:
    return grad[at : at + int(np.prod(shape))].reshape(shape)


def _through_link(grad: Array, gate: NoisyMax, i: int, block: LinkBlocks, leak: Array) -> Array:
    """Return ∂/∂ link i, and add this link's share to ∂/∂ leak."""
    link = gate.links[i]
    card, m = link.shape
    out = _part(grad, block.link, (card, m)).copy()
    step = _part(grad, block.step, (m, card, m)).copy()
    bstep = _part(grad, block.bstep, (m, 2, card, 2)).copy()
    first = _part(grad, block.first, (card, m))
    if first.any():
        step += gate.leak[:, None, None] * first
        leak += np.tensordot(step_table(link), first, axes=((1, 2), (0, 1)))
    bfirst = _part(grad, block.bfirst, (m, card, 2))
    if bfirst.any():
        tables = bstep_table(link)
        below = np.concatenate([[0.0], np.cumsum(gate.leak)[:-1]])
        bstep[:, 0] += below[:, None, None] * bfirst
        bstep[:, 1] += gate.leak[:, None, None] * bfirst
        leak += (bfirst * tables[:, 1]).sum(axis=(1, 2))
        later = (bfirst * tables[:, 0]).sum(axis=(1, 2))
        leak += _above(later, 0) - later
    if step.any():
        diagonal = np.arange(m)
        stays = step[diagonal, :, diagonal]
        step[diagonal, :, diagonal] = 0.0
        rises = np.cumsum(step, axis=0)[diagonal, :, diagonal]
        out += rises.T + _above(stays, 0).T
    if bstep.any():
        under = bstep[:, 0, :, 0]
        out += (_above(under, 0) - under).T + bstep[:, 0, :, 1].T + _above(bstep[:, 1, :, 1], 0).T
    return out


def _through_table(gate: NoisyMax, grad: Array) -> tuple[Array, ...]:
    """Return ∂/∂ links and leak of a noisy-MAX that is worked as a table."""
    prefixes = max_prefixes(gate)
    links: list[Array] = []
    for i in range(len(gate.links) - 1, -1, -1):
        a, b = prefixes[i][..., None, :], gate.links[i]
        upto = np.cumsum(a, axis=-1)
        to_b = _above(grad * a, -1) + grad * (upto - a)
        links.append(to_b.sum(axis=tuple(range(to_b.ndim - 2))))
        here = grad * b
        to_a = grad * np.cumsum(b, axis=-1) + (_above(here, -1) - here)
        grad = to_a.sum(axis=-2)
    return (*reversed(links), grad)
