"""Run a program in logarithms: slow, and right where products leave the range of a double.

The fast paths fall back to it when a message underflows, and to tell an impossible case from one
that is merely too improbable for a product of doubles.
"""

import numpy as np

from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.kernels_numpy import Case, Tree, offset_of, view
from fascinet.engine.steps import Program
from fascinet.model.gates import Array


def log(values: Array) -> Array:
    """Return the natural logarithm, -inf for zeros, without a warning."""
    with np.errstate(divide="ignore"):
        return np.log(values)


def log_sum(values: Array, axes: tuple[int, ...]) -> Array:
    """Return ln Σ exp over axes; -inf where all are."""
    top = values.max(axis=axes, keepdims=True)
    shift = np.where(np.isfinite(top), top, 0.0)
    total = np.exp(values - shift).sum(axis=axes, keepdims=True)
    return np.squeeze(log(total) + shift, axis=axes)


def collect(net: NetworkArrays, program: Program, case: Case) -> Tree:
    """Return P(residual | separator) of each clique and ln P(e), worked in logarithms."""
    total = 0.0
    for offset, slices in program.scalars:
        value = float(net.base[offset_of(offset, slices, case)])
        if value <= 0.0:
            return Tree([], -np.inf)
        total += float(np.log(value))
    tables = [np.zeros(step.shape) for step in program.steps]
    for v, likelihood in case.soft.items():
        c, axis = program.home[v]
        shape = [1] * tables[c].ndim
        shape[axis] = -1
        tables[c] += log(likelihood).reshape(shape)
    for i, step in enumerate(program.steps):
        table = tables[i]
        for operand in step.operands:
            start = offset_of(operand.offset, operand.slices, case)
            table += log(view(net.base, start, table.shape, operand.strides))
        message = log_sum(table, tuple(range(step.cut, table.ndim)))
        if step.parent >= 0:
            parent = tables[step.parent]
            parent += view(np.ascontiguousarray(message), 0, parent.shape, step.up_strides)
        elif np.isneginf(message):
            return Tree([], -np.inf)
        else:
            total += float(message)
        spread = message.reshape(step.shape[: step.cut] + (1,) * (table.ndim - step.cut))
        tables[i] = np.exp(table - np.where(np.isfinite(spread), spread, 0.0))
    return Tree(tables, total)
