"""From a plan to a program: shapes, strides and buffers, nothing left to decide."""

from dataclasses import dataclass

from fascinet.engine.arrays import NetworkArrays, c_strides
from fascinet.engine.decompose import Query
from fascinet.engine.junction import Plan


@dataclass(frozen=True)
class Operand:
    """A factor seen from its clique: strides over the clique's axes, 0 where it has none."""

    offset: int
    strides: tuple[int, ...]
    slices: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Step:
    """One clique: its operands, its message upwards, how the parent sees that message."""

    scope: tuple[int, ...]
    shape: tuple[int, ...]
    cut: int
    parent: int
    operands: tuple[Operand, ...]
    up_strides: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """A plan ready to run on any case of its pattern.

    Attributes
    ----------
    steps : tuple of Step
        Children before parents.
    scalars : tuple of (offset, slices)
    home : dict of int to (int, int)
        Clique and axis that hold each free variable's marginal.
    queries : tuple of Query
    """

    plan: Plan
    steps: tuple[Step, ...]
    scalars: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
    home: dict[int, tuple[int, int]]
    queries: tuple[Query, ...]


def compile_program(net: NetworkArrays, plan: Plan) -> Program:
    """Return the program of a plan."""
    cards, factors = plan.factors.cards, plan.factors.factors
    steps: list[Step] = []
    for clique in plan.cliques:
        axis = {v: i for i, v in enumerate(clique.scope)}
        shape = tuple(cards[v] for v in clique.scope)
        operands = tuple(
            Operand(f.offset, _spread(axis, f.scope, f.strides), f.slices)
            for f in (factors[i] for i in clique.factors)
        )
        up: tuple[int, ...] = ()
        if clique.parent >= 0:
            above = {v: i for i, v in enumerate(plan.cliques[clique.parent].scope)}
            own = c_strides(shape[: clique.cut])
            up = _spread(above, clique.scope[: clique.cut], own)
        steps.append(Step(clique.scope, shape, clique.cut, clique.parent, operands, up))
    home = {v: (c, steps[c].scope.index(v)) for v, c in plan.home.items()}
    scalars = tuple((factors[i].offset, factors[i].slices) for i in plan.scalars)
    return Program(plan, tuple(steps), scalars, home, tuple(plan.factors.queries))


def _spread(
    axis: dict[int, int], scope: tuple[int, ...], strides: tuple[int, ...]
) -> tuple[int, ...]:
    out = [0] * len(axis)
    for v, stride in zip(scope, strides, strict=True):
        out[axis[v]] = stride
    return tuple(out)
