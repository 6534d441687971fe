"""One to four vectors of four numbers as one value: what a block of leaf queries is summed in.

The sums of a block are independent of each other, so that a processor works on all of them at once,
and what is read for one entry of a table, its number and where the operands lie, serves all. How
many fours a value holds is part of its type: one kernel is written, four are compiled.
"""

# pyright: basic
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic as numba_intrinsic
from numba.extending import models, register_model

intrinsic: Any = numba_intrinsic  # the typing context is not an argument of the caller's

LANES = 4
_DOUBLE, _INT = ir.DoubleType(), ir.IntType(32)
_FOUR = ir.VectorType(_DOUBLE, LANES)
_NUMBERS = types.CPointer(types.float64)


class Fours(types.Type):
    """Some vectors of four numbers."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(name=f"Fours({count})")


@register_model(Fours)
class _FoursModel(models.PrimitiveModel):
    def __init__(self, manager, kind) -> None:
        super().__init__(manager, kind, ir.VectorType(_DOUBLE, LANES * kind.count))


def _zeros(count):
    @intrinsic
    def zeros(typingctx):
        """Return fours of zeros."""
        kind = Fours(count)

        def emit(context, builder, signature, args):
            return ir.Constant(context.get_value_type(kind), [0.0] * (LANES * count))

        return kind(), emit

    return zeros


zeros_1, zeros_2, zeros_3, zeros_4 = (_zeros(n) for n in (1, 2, 3, 4))


def _splat(builder, kind, number):
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), number, ir.Constant(_INT, 0))
    mask = ir.Constant(ir.VectorType(_INT, kind.count), None)
    return builder.shuffle_vector(first, first, mask)


@intrinsic
def take(typingctx, like, data, at):
    """Return as many fours as `like` holds, from a place on."""

    def emit(context, builder, signature, args):
        kind = context.get_value_type(like)
        place = builder.bitcast(builder.gep(args[1], [args[2]]), kind.as_pointer())
        return builder.load(place, align=8)

    return like(like, _NUMBERS, types.int64), emit


@intrinsic
def scaled(typingctx, number, x):
    """Return a number times each of x."""

    def emit(context, builder, signature, args):
        return builder.fmul(_splat(builder, args[1].type, args[0]), args[1], flags=("contract",))

    return x(types.float64, x), emit


def _binary(name):
    @intrinsic
    def operation(typingctx, x, y):
        def emit(context, builder, signature, args):
            return getattr(builder, name)(*args, flags=("contract",))

        return x(x, x), emit

    return operation


plus, by = _binary("fadd"), _binary("fmul")


@intrinsic
def put(typingctx, value, data, a, b, c, d, shift):
    """Write the fours to the places a … d, as many as there are, each moved by `shift`."""

    def emit(context, builder, signature, args):
        for i in range(value.count):
            mask = ir.Constant(ir.VectorType(_INT, LANES), [LANES * i + k for k in range(LANES)])
            part = builder.shuffle_vector(args[0], args[0], mask) if value.count > 1 else args[0]
            place = builder.gep(args[1], [builder.add(args[2 + i], args[6])])
            builder.store(part, builder.bitcast(place, _FOUR.as_pointer()), align=8)
        return context.get_dummy_value()

    place = types.int64
    return types.void(value, _NUMBERS, place, place, place, place, place), emit
