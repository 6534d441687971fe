"""Collect and distribute on a program: what the compiled core does, in NumPy.

Tables are worked as mantissas and exponents, so that this is right for any numbers; the core does
so only where the numbers leave the range of a double.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.program.program import Ints, Program
from fascinet.engine.reference.scaled import Scaled
from fascinet.model.gates import Array

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Case:
    """One case of a program.

    Attributes
    ----------
    states : int array, shape (variables,)
        Observed states; what stands for the others is not read.
    weights : array
        Row weights, as `Program.weights` has them.
    """

    states: Ints
    weights: Array


@dataclass
class Calibrated:
    """A tree that has taken in a case.

    Attributes
    ----------
    log_prob : float
        ln P(e).
    tables : list of arrays
        P(variable | separator, e) of each node, shape (states, *separator).
    beliefs : list of arrays
        P(separator | e) of each node, filled in by `distribute`.
    """

    log_prob: float
    tables: list[Array]
    beliefs: list[Array]


def shape_of(program: Program, i: int) -> tuple[int, ...]:
    """Return the shape of a node's table: the variable's states, then its separator's."""
    node = program.nodes[i]
    separator = program.axes["states"][node["axes"] : node["axes_end"]]
    return (int(node["states"]), *separator.tolist())


def starts_at(program: Program, operand: np.void, states: Ints) -> int:
    """Return where an operand lies for the observed states."""
    cut = program.slices[operand["slices"] : operand["slices_end"]]
    return int(operand["offset"] + (cut["stride"] * states[cut["variable"]]).sum())


def window(values: Array, start: int, shape: tuple[int, ...], strides: list[int]) -> Array:
    """Return a window on a flat array; an axis with stride 0 has length 1."""
    lengths = tuple(n if s else 1 for n, s in zip(shape, strides, strict=True))
    steps = tuple(8 * s for s in strides)
    return np.ndarray(lengths, np.float64, values, 8 * start, steps)  # pyright: ignore  (an array is a buffer)


def view_of(program: Program, start: int, i: int) -> list[int]:
    """Return the strides of a view of node i's table."""
    node = program.nodes[i]
    return program.strides[start : start + 1 + node["axes_end"] - node["axes"]].tolist()


def variables_of(program: Program, i: int) -> list[int]:
    """Return the variables of a node's table: its own, then its separator's."""
    node = program.nodes[i]
    separator = program.axes["variable"][node["axes"] : node["axes_end"]]
    return [int(node["variable"]), *separator.tolist()]


def seen_order(program: Program, i: int) -> list[int]:
    """Return node i's separator's axes in the order of its parent's table."""
    table = variables_of(program, int(program.nodes["parent"][i]))
    mine = variables_of(program, i)[1:]
    return sorted(range(len(mine)), key=lambda a: table.index(mine[a]))


def as_seen(program: Program, i: int, values: NDArray[Number]) -> NDArray[Number]:
    """Return an array over node i's separator, and axes beyond, as its parent's table has it."""
    up, order = int(program.nodes["parent"][i]), seen_order(program, i)
    strides = view_of(program, int(program.nodes["seen"][i]), up)
    shape = tuple(n if s else 1 for n, s in zip(shape_of(program, up), strides, strict=True))
    beyond = values.shape[len(order) :]
    return values.transpose(*order, *range(len(order), values.ndim)).reshape(shape + beyond)


def seen(program: Program, i: int, message: Scaled) -> Scaled:
    """Return node i's message as its parent's table has it."""
    mantissa = as_seen(program, i, message.mantissa)
    return Scaled(mantissa, as_seen(program, i, message.exponent))


def as_sent(program: Program, i: int, values: NDArray[Number]) -> NDArray[Number]:
    """Return sums over a parent's table with the axes of node i's separator."""
    shape, order = shape_of(program, i)[1:], seen_order(program, i)
    return values.reshape([shape[a] for a in order]).transpose(np.argsort(order))


def own_product(program: Program, base: Array, case: Case, i: int) -> Scaled:
    """Return the product of a node's operands and row weights."""
    node, shape = program.nodes[i], shape_of(program, i)
    table = Scaled.of(np.ones(shape))
    for operand in program.operands[node["operands"] : node["operands_end"]]:
        strides = view_of(program, int(operand["strides"]), i)
        values = window(base, starts_at(program, operand, case.states), shape, strides)
        table = table.times(Scaled.of(values))
    if node["weight"] >= 0:
        rows = case.weights[node["weight"] : node["weight"] + node["states"]]
        table = table.times(Scaled.of(rows.reshape((-1,) + (1,) * (len(shape) - 1))))
    return table


def collect(program: Program, base: Array, case: Case) -> Calibrated:
    """Pass messages to the roots; ln P(e) is -inf if the case is impossible."""
    messages: list[Scaled] = []
    tables: list[Array] = []
    log_prob = 0.0
    for scalar in program.scalars:
        value = base[starts_at(program, scalar, case.states)]
        log_prob += float(np.log(value)) if value > 0.0 else -np.inf
    for i, node in enumerate(program.nodes):
        table = own_product(program, base, case, i)
        for child in program.children[node["children"] : node["children_end"]]:
            table = table.times(seen(program, int(child), messages[child]))
        message = table.sum(axis=0)
        tables.append(table.share(Scaled(message.mantissa[None], message.exponent[None])))
        messages.append(message)
        if node["parent"] < 0:
            log_prob += message.log()
    return Calibrated(log_prob, tables, [])


def distribute(program: Program, tree: Calibrated) -> None:
    """Fill in P(separator | e) of each node, from the roots down."""
    below: list[list[int]] = [[] for _ in tree.tables]
    for i, parent in enumerate(program.nodes["parent"].tolist()):
        if parent >= 0:
            below[parent].append(i)
    tree.beliefs = [np.ones(())] * len(tree.tables)
    for i in range(len(tree.tables) - 1, -1, -1):
        belief = tree.tables[i] * tree.beliefs[i]
        for child in below[i]:
            strides = view_of(program, int(program.nodes[child]["seen"]), i)
            gone = tuple(a for a, stride in enumerate(strides) if not stride)
            tree.beliefs[child] = as_sent(program, child, belief.sum(axis=gone))


def marginals(program: Program, tree: Calibrated, answer: Array) -> None:
    """Write P(v | e) of each free variable into an answer."""
    for i, node in enumerate(program.nodes):
        if node["place"] >= 0:
            belief = tree.tables[i] * tree.beliefs[i]
            rows = belief.reshape(len(belief), -1).sum(axis=1)
            answer[node["place"] : node["place"] + len(rows)] = rows / rows.sum()
