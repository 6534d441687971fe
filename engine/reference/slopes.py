"""Slopes of P(e) in NumPy: its derivative by every number of the base, one pass up and one down.

Downwards each node takes the derivative by its message (its adjoint) and hands on the derivative by
each factor of its table: the adjoint times all the other factors, from products of those before and
those after it, never by division, so that zeros are exact (Darwiche 2003,
doi:10.1145/765568.765570).
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from fascinet.engine.program.program import Program
from fascinet.engine.reference.passes import (
    Case,
    as_sent,
    seen,
    shape_of,
    starts_at,
    view_of,
    window,
)
from fascinet.engine.reference.scaled import Scaled
from fascinet.model.gates import Array

ONE = Scaled.of(np.ones(()))
Place: TypeAlias = tuple[int, tuple[int, ...], list[int], Scaled]  # a window on the base


def slopes(program: Program, base: Array, case: Case) -> tuple[float, float, Array]:
    """Return ln P(e), ln of a scale, and d P(e) / d base divided by that scale.

    The scale is P(e) where that is positive. Where exactly one of the factors that P(e) is the
    product of (a part of the network, a number without free variables) is zero, slopes are divided
    by what brings the largest into the range of a double; where more are, all are zero.
    """
    factors = _factors(program, base, case)
    messages = _collect(program, factors)
    found: list[Place] = []
    roots = [i for i, parent in enumerate(program.nodes["parent"].tolist()) if parent < 0]
    places = [starts_at(program, scalar, case.states) for scalar in program.scalars]
    ends = [messages[i].reshape(()) for i in roots] + [Scaled.of(base[at, ...]) for at in places]
    log_prob, log_scale, starts = _start(ends)
    adjoints = dict(zip(roots, starts, strict=False))
    for at, start in zip(places, starts[len(roots) :], strict=True):
        found.append((at, (), [], start))
    for i in range(len(program.nodes) - 1, -1, -1):
        found += _share_out(program, case, i, factors[i], adjoints)
    raised = 0
    if log_prob == -np.inf:  # then slopes have no natural scale
        raised = max(int(x.exponent.max()) for *_, x in found)
    gradient = np.zeros_like(base)
    for at, shape, strides, values in found:
        there = window(gradient, at, shape, strides)
        there += _double(values, raised)
    return log_prob, log_scale + raised * np.log(2.0), gradient


def _factors(program: Program, base: Array, case: Case) -> list[list[Scaled]]:
    """Return each node's operands, then its row weights if it has any."""
    out: list[list[Scaled]] = []
    for i, node in enumerate(program.nodes):
        shape, mine = shape_of(program, i), list[Scaled]()
        for operand in program.operands[node["operands"] : node["operands_end"]]:
            strides = view_of(program, int(operand["strides"]), i)
            at = starts_at(program, operand, case.states)
            mine.append(Scaled.of(window(base, at, shape, strides)))
        if node["weight"] >= 0:
            rows = case.weights[node["weight"] : node["weight"] + node["states"]]
            mine.append(Scaled.of(rows.reshape((-1,) + (1,) * (len(shape) - 1))))
        out.append(mine)
    return out


def _collect(program: Program, factors: list[list[Scaled]]) -> list[Scaled]:
    """Return all messages; each also becomes a factor of its parent."""
    messages: list[Scaled] = []
    for i, node in enumerate(program.nodes):
        children = program.children[node["children"] : node["children_end"]].tolist()
        factors[i] += [seen(program, c, messages[c]) for c in children]
        table = Scaled.of(np.ones(shape_of(program, i)))
        for factor in factors[i]:
            table = table.times(factor)
        messages.append(table.sum(axis=0))
    return messages


def _start(ends: Sequence[Scaled]) -> tuple[float, float, list[Scaled]]:
    """Return ln P(e), ln of the scale, and the derivative by each factor of P(e)."""
    zero = [not bool(end.mantissa > 0.0) for end in ends]
    scale = ONE
    for end, none in zip(ends, zero, strict=True):
        scale = scale if none else scale.times(end)
    nothing = Scaled.of(np.zeros(()))
    if not any(zero):
        starts = [Scaled.of(1.0 / end.mantissa) for end in ends]
        starts = [
            Scaled(s.mantissa, s.exponent - end.exponent)
            for s, end in zip(starts, ends, strict=True)
        ]
        return scale.log(), scale.log(), starts
    alone = sum(zero) == 1
    return -np.inf, scale.log(), [ONE if none and alone else nothing for none in zero]


def _share_out(
    program: Program,
    case: Case,
    i: int,
    factors: list[Scaled],
    adjoints: dict[int, Scaled],
) -> Iterator[Place]:
    """Hand a node's adjoint on to its children; yield the slopes by its operands."""
    node, shape = program.nodes[i], shape_of(program, i)
    start = adjoints.pop(i).reshape((1, *shape[1:])).times(Scaled.of(np.ones(shape)))
    operands = program.operands[node["operands"] : node["operands_end"]]
    children = program.children[node["children"] : node["children_end"]].tolist()
    for k, others in enumerate(_others([*factors, start])[: len(factors)]):
        share = _sum_to(others.times(Scaled.of(np.ones(shape))), factors[k].mantissa.shape)
        if k < len(operands):
            strides = view_of(program, int(operands[k]["strides"]), i)
            yield starts_at(program, operands[k], case.states), shape, strides, share
        elif k >= len(factors) - len(children):
            child = children[k - len(factors) + len(children)]
            mantissa = as_sent(program, child, share.mantissa)
            adjoints[child] = Scaled(mantissa, as_sent(program, child, share.exponent))


def _others(factors: Sequence[Scaled]) -> list[Scaled]:
    """Return, for each factor, the product of all the others."""
    before = [ONE]
    for factor in factors:
        before.append(before[-1].times(factor))
    out, after = list[Scaled](), ONE
    for k in range(len(factors) - 1, -1, -1):
        out.append(before[k].times(after))
        after = after.times(factors[k])
    return out[::-1]


def _sum_to(values: Scaled, shape: tuple[int, ...]) -> Scaled:
    """Return sums over the axes that `shape` lacks, which have length 1 there."""
    for axis in range(len(shape) - 1, -1, -1):
        if shape[axis] == 1 and values.mantissa.shape[axis] > 1:
            total = values.sum(axis=axis)
            lengths = list(values.mantissa.shape)
            lengths[axis] = 1
            values = total.reshape(tuple(lengths))
    return values


def _double(values: Scaled, raised: int) -> Array:
    """Return plain doubles; a slope beyond their range is infinite."""
    shift = np.clip(values.exponent - raised, -2000, 2000).astype(np.int32)
    with np.errstate(over="ignore"):
        return np.ldexp(values.mantissa, shift)
