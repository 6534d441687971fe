"""Run a program with NumPy alone: the first answer of a cold process, and the reference.

Every clique keeps P(residual | separator, evidence below it); its message upwards is scaled to a
maximum of 1 and the scale goes into log P(e), so 1,000-node chains keep all their digits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

import numpy as np

from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.steps import Operand, Program
from fascinet.model.gates import Array


@dataclass(frozen=True)
class Case:
    """The values of one case: observed states, and likelihoods of soft evidence."""

    states: Mapping[int, int]
    soft: Mapping[int, Array]


@dataclass
class Tree:
    """A collected tree: P(residual | separator) of each clique, roots normalised."""

    tables: list[Array]
    log_prob: float


def offset_of(offset: int, slices: tuple[tuple[int, int], ...], case: Case) -> int:
    """Return where the operand starts for the case's observed states."""
    return offset + sum(stride * case.states[v] for v, stride in slices)


def view(buffer: Array, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """Return a window on a flat array, strides in entries, 0 to broadcast."""
    steps = tuple(8 * s for s in strides)
    return np.ndarray(shape, np.float64, buffer, 8 * offset, steps)  # pyright: ignore  (an array is a buffer)


def _scaled(table: Array) -> float:
    top = float(table.max())
    if 0.0 < top < 1e-100:
        table /= top
        return log(top)
    return 0.0


def collect(net: NetworkArrays, program: Program, case: Case) -> Tree:
    """Pass messages to the roots; `log_prob` is -inf if the evidence is impossible."""
    tables = [np.ones(step.shape) for step in program.steps]
    total = 0.0
    for offset, slices in program.scalars:
        value = float(net.base[offset_of(offset, slices, case)])
        if value <= 0.0:
            return Tree([], -np.inf)
        total += log(value)
    for v, likelihood in case.soft.items():
        c, axis = program.home[v]
        shape = [1] * tables[c].ndim
        shape[axis] = -1
        tables[c] *= likelihood.reshape(shape)
    for i, step in enumerate(program.steps):
        table = tables[i]
        for operand in step.operands:
            _multiply(net, table, operand, case)
            total += _scaled(table)
        message = table.sum(axis=tuple(range(step.cut, table.ndim)))
        top = float(message.max())
        if not top > 0.0:
            return Tree([], -np.inf)
        total += log(top)
        spread = message.reshape(step.shape[: step.cut] + (1,) * (table.ndim - step.cut))
        np.divide(table, spread, out=table, where=spread > 0.0)
        if step.parent >= 0:
            message = np.ascontiguousarray(message / top)
            parent = tables[step.parent]
            parent *= view(message, 0, parent.shape, step.up_strides)
            total += _scaled(parent)
    return Tree(tables, total)


def _multiply(net: NetworkArrays, table: Array, operand: Operand, case: Case) -> None:
    start = offset_of(operand.offset, operand.slices, case)
    table *= view(net.base, start, table.shape, operand.strides)


def distribute(program: Program, tree: Tree) -> list[Array]:
    """Return every clique's belief P(clique | evidence)."""
    beliefs: list[Array] = [np.zeros(0)] * len(tree.tables)
    for i in range(len(program.steps) - 1, -1, -1):
        step, table = program.steps[i], tree.tables[i]
        if step.parent >= 0:
            above = beliefs[step.parent]
            drop = tuple(a for a, stride in enumerate(step.up_strides) if stride == 0)
            separator = above.sum(axis=drop)
            table = table * separator.reshape(
                step.shape[: step.cut] + (1,) * (table.ndim - step.cut)
            )
        beliefs[i] = table
    return beliefs


def marginals(program: Program, beliefs: list[Array]) -> dict[int, Array]:
    """Return P(v | evidence) of every free variable of the tree."""
    out: dict[int, Array] = {}
    for v, (c, axis) in program.home.items():
        belief = beliefs[c]
        marginal = belief.sum(axis=tuple(a for a in range(belief.ndim) if a != axis))
        out[v] = marginal / marginal.sum()
    return out
