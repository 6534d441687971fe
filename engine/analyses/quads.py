"""Four numbers as one value: rows of a few dozen hypotheses are added four at a time.

Numba's optimiser unrolls such short loops instead of using the machine's vectors. Places are
counted in numbers, so that a row may start anywhere; data are named by their address.
"""

# pyright: basic
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic as numba_intrinsic
from numba.extending import models, register_model

intrinsic: Any = numba_intrinsic  # the typing context is not an argument of the caller's
LANES = 4


class Quad(types.Type):
    """Four doubles."""

    def __init__(self) -> None:
        super().__init__(name="Quad")


QUAD = Quad()
LLVM = ir.VectorType(ir.DoubleType(), LANES)


@register_model(Quad)
class _QuadModel(models.PrimitiveModel):
    def __init__(self, manager, kind) -> None:
        super().__init__(manager, kind, LLVM)


def _place(builder, data, at):
    return builder.bitcast(builder.gep(data, [at]), LLVM.as_pointer())


@intrinsic
def fetch(typingctx, data, at):
    """Return the four numbers from a place on."""

    def emit(context, builder, signature, args):
        return builder.load(_place(builder, *args), align=8)

    return QUAD(data, types.uintp), emit


@intrinsic
def put(typingctx, data, at, value):
    """Write four numbers."""

    def emit(context, builder, signature, args):
        builder.store(args[2], _place(builder, args[0], args[1]), align=8)
        return context.get_dummy_value()

    return types.void(data, types.uintp, value), emit


@intrinsic
def four(typingctx, number):
    """Return the same number four times."""

    def emit(context, builder, signature, args):
        none = ir.Constant(LLVM, ir.Undefined)
        first = builder.insert_element(none, args[0], ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
        return builder.shuffle_vector(first, none, mask)

    return QUAD(types.float64), emit


@intrinsic
def grown(typingctx, total, x, y):
    """Return total + x · y."""

    def emit(context, builder, signature, args):
        product = builder.fmul(args[1], args[2], flags=("contract",))
        return builder.fadd(args[0], product, flags=("contract",))

    return QUAD(total, x, y), emit
