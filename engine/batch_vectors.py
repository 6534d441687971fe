"""One cache line of numbers as one value: what lets a kernel work on 8 cases at a time.

Numba unrolls a short loop over lanes before LLVM could vectorise it, and LLVM's other vectoriser is
off in Numba. So the lanes are a type of their own here: `<8 x double>` or `<16 x float>`, which
LLVM lowers to whatever the machine has. Data are named by their address, so that handing them on
counts no references, and rows are counted in whole vectors.
"""

# pyright: basic
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic as numba_intrinsic
from numba.extending import models, register_model

intrinsic: Any = numba_intrinsic  # the typing context is not an argument of the caller's

LINE = 64  # bytes of a vector


class Vector(types.Type):
    """A cache line of numbers of one type."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype, self.width = dtype, LINE * 8 // dtype.bitwidth
        super().__init__(name=f"Vector({dtype}, {self.width})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, kind) -> None:
        lane = ir.DoubleType() if kind.dtype.bitwidth == 64 else ir.FloatType()
        super().__init__(manager, kind, ir.VectorType(lane, kind.width))


@intrinsic
def pointer(typingctx, array):
    """Return the address of an array's data: it may be handed on without counting references."""
    kind = types.CPointer(array.dtype)

    def emit(context, builder, signature, args):
        return context.make_array(signature.args[0])(context, builder, args[0]).data

    return kind(array), emit


def _row(context, builder, kind, data, row):
    """Return the address of a row, as that of a vector."""
    at = builder.mul(row, ir.Constant(row.type, kind.width))
    place = builder.gep(data, [at])
    return builder.bitcast(place, context.get_value_type(kind).as_pointer())


@intrinsic
def load(typingctx, data, row):
    """Return the vector in a row."""
    kind = Vector(data.dtype)

    def emit(context, builder, signature, args):
        place = _row(context, builder, kind, *args)
        return builder.load(place, align=kind.dtype.bitwidth // 8)

    return kind(data, types.uintp), emit


@intrinsic
def store(typingctx, data, row, value):
    """Write a vector to a row."""
    kind = Vector(data.dtype)

    def emit(context, builder, signature, args):
        place = _row(context, builder, kind, args[0], args[1])
        builder.store(args[2], place, align=kind.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(data, types.uintp, value), emit


@intrinsic
def spread(typingctx, data, at):
    """Return a vector that holds one item in every lane."""
    kind = Vector(data.dtype)

    def emit(context, builder, signature, args):
        item = builder.load(builder.gep(args[0], [args[1]]))
        return _splat(builder, context.get_value_type(kind), item)

    return kind(data, types.uintp), emit


def _splat(builder, vector_type, item):
    none = ir.Constant(vector_type, ir.Undefined)
    zero = ir.Constant(ir.IntType(32), 0)
    first = builder.insert_element(none, item, zero)
    mask = ir.Constant(ir.VectorType(ir.IntType(32), vector_type.count), None)
    return builder.shuffle_vector(first, none, mask)


@intrinsic
def same(typingctx, data, number):
    """Return a vector with a number in every lane."""
    kind = Vector(data.dtype)

    def emit(context, builder, signature, args):
        item = context.cast(builder, args[1], signature.args[1], kind.dtype)
        return _splat(builder, context.get_value_type(kind), item)

    return kind(data, types.float64), emit


def _binary(name):
    @intrinsic
    def operation(typingctx, x, y):
        def emit(context, builder, signature, args):
            return getattr(builder, name)(*args, flags=("contract",))

        return x(x, x), emit

    return operation


add, times = _binary("fadd"), _binary("fmul")


@intrinsic
def ratio(typingctx, x, y):
    """Return x / y, 0 where y is 0."""

    def emit(context, builder, signature, args):
        kind = context.get_value_type(x)
        none = ir.Constant(kind, [0.0] * x.width)
        flat = builder.fcmp_ordered("==", args[1], none)
        return builder.select(flat, none, builder.fdiv(*args))

    return x(x, x), emit


@intrinsic
def larger(typingctx, x, y):
    """Return the larger of two numbers in each lane."""

    def emit(context, builder, signature, args):
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return x(x, x), emit


@intrinsic
def any_below(typingctx, x, limit):
    """Return whether any lane lies below a limit."""

    def emit(context, builder, signature, args):
        kind = context.get_value_type(x)
        item = context.cast(builder, args[1], signature.args[1], x.dtype)
        low = builder.fcmp_ordered("<", args[0], _splat(builder, kind, item))
        bits = builder.bitcast(low, ir.IntType(x.width))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return types.boolean(x, types.float64), emit


def _levels(context, builder, data, at, width):
    """Return as many state numbers as there are lanes."""
    kind = ir.VectorType(ir.IntType(16), width).as_pointer()
    return builder.load(builder.bitcast(builder.gep(data, [at]), kind), align=2)


def _known(builder, levels):
    none = ir.Constant(levels.type, [0] * levels.type.count)
    return builder.icmp_signed(">=", levels, none)


@intrinsic
def known_lanes(typingctx, states, at, like):
    """Return a bit for each lane whose state is not negative."""
    width = Vector(like.dtype).width

    def emit(context, builder, signature, args):
        known = _known(builder, _levels(context, builder, args[0], args[1], width))
        bits = builder.bitcast(known, ir.IntType(width))
        return builder.zext(bits, ir.IntType(64))

    return types.uint64(states, types.uintp, like), emit


@intrinsic
def fitting(typingctx, states, at, level, like):
    """Return 1 in each lane whose state is unknown or equals a level, else 0."""
    kind = Vector(like.dtype)

    def emit(context, builder, signature, args):
        levels = _levels(context, builder, args[0], args[1], kind.width)
        one = builder.trunc(args[2], ir.IntType(16))
        here = builder.icmp_signed("==", levels, _splat(builder, levels.type, one))
        fits = builder.or_(here, builder.not_(_known(builder, levels)))
        vector = context.get_value_type(kind)
        yes, no = (ir.Constant(vector, [x] * kind.width) for x in (1.0, 0.0))
        return builder.select(fits, yes, no)

    return kind(states, types.uintp, types.int64, like), emit


@intrinsic
def where_known(typingctx, states, at, x, y):
    """Return x in each lane whose state is known, y in the others."""

    def emit(context, builder, signature, args):
        levels = _levels(context, builder, args[0], args[1], x.width)
        return builder.select(_known(builder, levels), args[2], args[3])

    return x(states, types.uintp, x, x), emit


@intrinsic
def gather(typingctx, data, offsets, at):
    """Return a vector of data[offset + at], each lane with an offset of its own."""
    kind = Vector(data.dtype)

    def emit(context, builder, signature, args):
        out = ir.Constant(context.get_value_type(kind), ir.Undefined)
        for i in range(kind.width):
            lane = ir.Constant(ir.IntType(32), i)
            place = builder.add(builder.load(builder.gep(args[1], [lane])), args[2])
            item = builder.load(builder.gep(args[0], [place]))
            out = builder.insert_element(out, item, lane)
        return out

    return kind(data, offsets, types.uintp), emit
