"""What the fixed tree's kernel needs beside plain Numba: four numbers as one value, and addresses.

A small clique has rows of a few numbers, so that a loop over them costs more than its arithmetic.
Rows are therefore padded with zeros to whole vectors of four, which any machine can hold, and the
kernel names its data by address: nothing is checked, counted or handed on but numbers. Python's own
objects come as `Handle`, the address of the object, which is only read while the interpreter's lock
is held.
"""

# pyright: basic
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import NativeValue, models, register_model, unbox
from numba.extending import intrinsic as numba_intrinsic

intrinsic: Any = numba_intrinsic  # the typing context is not an argument of the caller's

LANES = 4
NUMBERS, WORDS = types.CPointer(types.float64), types.CPointer(types.int32)
_DOUBLE, _INT, _LONG = ir.DoubleType(), ir.IntType(32), ir.IntType(64)
_QUAD = ir.VectorType(_DOUBLE, LANES)


class Quad(types.Type):
    """Four numbers of double precision."""

    def __init__(self) -> None:
        super().__init__(name="Quad")


class Handle(types.Opaque):
    """A Python object, known by its address."""

    def __init__(self) -> None:
        super().__init__(name="Handle")


quad, handle = Quad(), Handle()
register_model(Handle)(models.OpaqueModel)


@register_model(Quad)
class _QuadModel(models.PrimitiveModel):
    def __init__(self, manager, kind) -> None:
        super().__init__(manager, kind, _QUAD)


@unbox(Handle)
def _unbox_handle(kind, value, context):
    return NativeValue(value)


# -------------------------------------------------------------------- addresses


@intrinsic
def address(typingctx, value):
    """Return the address of a Python object."""

    def emit(context, builder, signature, args):
        return builder.ptrtoint(args[0], _LONG)

    return types.int64(handle), emit


def _reader(kind, result):
    """Return an intrinsic that takes an address for a pointer."""

    @intrinsic
    def pointer(typingctx, place):
        def emit(context, builder, signature, args):
            return builder.inttoptr(args[0], context.get_value_type(result))

        return result(types.int64), emit

    return pointer


numbers_at, words_at = _reader(types.float64, NUMBERS), _reader(types.int32, WORDS)
longs_at = _reader(types.int64, types.CPointer(types.int64))


# -------------------------------------------------------------------- vectors


def _place(builder, data, at):
    return builder.bitcast(builder.gep(data, [at]), _QUAD.as_pointer())


def _splat(builder, item):
    first = builder.insert_element(ir.Constant(_QUAD, ir.Undefined), item, ir.Constant(_INT, 0))
    mask = ir.Constant(ir.VectorType(_INT, LANES), None)
    return builder.shuffle_vector(first, first, mask)


@intrinsic
def load(typingctx, data, at):
    """Return the four numbers from a place on."""

    def emit(context, builder, signature, args):
        return builder.load(_place(builder, *args), align=8)

    return quad(NUMBERS, types.int64), emit


@intrinsic
def store(typingctx, data, at, value):
    """Write four numbers from a place on."""

    def emit(context, builder, signature, args):
        builder.store(args[2], _place(builder, args[0], args[1]), align=8)
        return context.get_dummy_value()

    return types.void(NUMBERS, types.int64, quad), emit


@intrinsic
def spread(typingctx, number):
    """Return a vector with a number in every lane."""

    def emit(context, builder, signature, args):
        return _splat(builder, args[0])

    return quad(types.float64), emit


@intrinsic
def gather(typingctx, data, base, words, at):
    """Return the vector of data[base + words[at + lane]]."""

    def emit(context, builder, signature, args):
        source, base, offsets, at = args
        start, out = builder.gep(source, [base]), ir.Constant(_QUAD, ir.Undefined)
        for i in range(LANES):
            place = builder.load(builder.gep(offsets, [builder.add(at, ir.Constant(_LONG, i))]))
            item = builder.load(builder.gep(start, [builder.sext(place, _LONG)]))
            out = builder.insert_element(out, item, ir.Constant(_INT, i))
        return out

    return quad(NUMBERS, types.int64, WORDS, types.int64), emit


def _binary(name):
    @intrinsic
    def operation(typingctx, x, y):
        def emit(context, builder, signature, args):
            return getattr(builder, name)(*args, flags=("contract",))

        return quad(quad, quad), emit

    return operation


add, times = _binary("fadd"), _binary("fmul")


@intrinsic
def ratio(typingctx, x, y):
    """Return x / y, 0 where y is 0."""

    def emit(context, builder, signature, args):
        none = ir.Constant(_QUAD, [0.0] * LANES)
        flat = builder.fcmp_ordered("==", args[1], none)
        return builder.select(flat, none, builder.fdiv(*args))

    return quad(quad, quad), emit


def _bits(builder, test):
    return builder.zext(builder.bitcast(test, ir.IntType(LANES)), _LONG)


@intrinsic
def lanes_from(typingctx, x, limit):
    """Return a bit for each lane of at least a limit."""

    def emit(context, builder, signature, args):
        return _bits(builder, builder.fcmp_ordered(">=", args[0], _splat(builder, args[1])))

    return types.int64(quad, types.float64), emit


@intrinsic
def lanes_between(typingctx, x, limit):
    """Return a bit for each lane above zero and below a limit."""

    def emit(context, builder, signature, args):
        none = ir.Constant(_QUAD, [0.0] * LANES)
        below = builder.fcmp_ordered("<", args[0], _splat(builder, args[1]))
        return _bits(builder, builder.and_(below, builder.fcmp_ordered(">", args[0], none)))

    return types.int64(quad, types.float64), emit


@intrinsic
def total(typingctx, x):
    """Return the sum of the lanes, always in the same order."""

    def emit(context, builder, signature, args):
        def shuffled(value, order):
            return builder.shuffle_vector(
                value, value, ir.Constant(ir.VectorType(_INT, len(order)), list(order))
            )

        half = builder.fadd(shuffled(args[0], (0, 1)), shuffled(args[0], (2, 3)))
        one, two = (builder.extract_element(half, ir.Constant(_INT, i)) for i in (0, 1))
        return builder.fadd(one, two)

    return types.float64(quad), emit
