"""Two and four numbers as one value: what the passes over a warm program are made of.

Most cliques end in one variable of two states, so that a row is a pair of numbers; two pairs fill
a vector. Data are named by address, as in `batch_vectors.py`; places count single numbers.
"""

# pyright: basic
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic as numba_intrinsic
from numba.extending import models, register_model

intrinsic: Any = numba_intrinsic  # the typing context is not an argument of the caller's

_DOUBLE, _INT, _LONG = ir.DoubleType(), ir.IntType(32), ir.IntType(64)


class Numbers(types.Type):
    """Some numbers of double precision."""

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(name=f"Numbers({width})")


@register_model(Numbers)
class _NumbersModel(models.PrimitiveModel):
    def __init__(self, manager, kind) -> None:
        super().__init__(manager, kind, _vector(kind.width))


def _vector(width):
    return ir.VectorType(_DOUBLE, width)


two, four = Numbers(2), Numbers(4)


# -------------------------------------------------------------------- addresses


@intrinsic
def pointer(typingctx, array):
    """Return the address of an array's data."""
    kind = types.CPointer(array.dtype)

    def emit(context, builder, signature, args):
        return context.make_array(signature.args[0])(context, builder, args[0]).data

    return kind(array), emit


@intrinsic
def word(typingctx, words, at):
    """Return an int that is not negative, as an index."""

    def emit(context, builder, signature, args):
        return builder.zext(builder.load(builder.gep(args[0], [args[1]])), _LONG)

    return types.uintp(words, types.uintp), emit


def _load(builder, data, at, width):
    place = builder.bitcast(builder.gep(data, [at]), _vector(width).as_pointer())
    return builder.load(place, align=8)


def _reader(kind):
    @intrinsic
    def read(typingctx, data, at):
        def emit(context, builder, signature, args):
            return _load(builder, args[0], args[1], kind.width)

        return kind(data, types.uintp), emit

    return read


pair, quad = _reader(two), _reader(four)


@intrinsic
def pairs(typingctx, data, i, j):
    """Return the pairs at two places."""

    def emit(context, builder, signature, args):
        halves = (_load(builder, args[0], at, 2) for at in args[1:])
        return builder.shuffle_vector(*halves, _order(0, 1, 2, 3))

    return four(data, types.uintp, types.uintp), emit


@intrinsic
def put(typingctx, data, at, value):
    """Write numbers from a place on."""

    def emit(context, builder, signature, args):
        kind = context.get_value_type(signature.args[2])
        place = builder.bitcast(builder.gep(args[0], [args[1]]), kind.as_pointer())
        builder.store(args[2], place, align=8)
        return context.get_dummy_value()

    return types.void(data, types.uintp, value), emit


# -------------------------------------------------------------------- arithmetic


def _order(*lanes):
    return ir.Constant(ir.VectorType(_INT, len(lanes)), list(lanes))


def _splat(builder, item, width):
    none = ir.Constant(_vector(width), ir.Undefined)
    first = builder.insert_element(none, item, ir.Constant(_INT, 0))
    return builder.shuffle_vector(first, first, _order(*[0] * width))


@intrinsic
def same(typingctx, number):
    """Return four times a number."""

    def emit(context, builder, signature, args):
        return _splat(builder, args[0], 4)

    return four(types.float64), emit


def _binary(name):
    @intrinsic
    def operation(typingctx, x, y):
        def emit(context, builder, signature, args):
            return getattr(builder, name)(*args, flags=("contract",))

        return x(x, y), emit

    return operation


add, times = _binary("fadd"), _binary("fmul")


def _shuffle(*lanes):
    kind = four if len(lanes) == 4 else two

    @intrinsic
    def operation(typingctx, x):
        def emit(context, builder, signature, args):
            return builder.shuffle_vector(args[0], args[0], _order(*lanes))

        return kind(x), emit

    return operation


def _merge(*lanes):
    @intrinsic
    def operation(typingctx, x, y):
        def emit(context, builder, signature, args):
            return builder.shuffle_vector(*args, _order(*lanes))

        return x(x, y), emit

    return operation


# the row sums of two quads come as those of rows 0, 2, 1, 3: no number crosses a half on the way
firsts, seconds = _merge(0, 4, 2, 6), _merge(1, 5, 3, 7)
crossed, evens_twice, odds_twice = _shuffle(0, 2, 1, 3), _shuffle(0, 0, 2, 2), _shuffle(1, 1, 3, 3)
low_twice, high_twice = _shuffle(0, 0, 1, 1), _shuffle(2, 2, 3, 3)
low_half, high_half, swapped = _shuffle(0, 1), _shuffle(2, 3), _shuffle(2, 3, 0, 1)


@intrinsic
def inverse(typingctx, x):
    """Return 1 / x, 0 where x is 0."""

    def emit(context, builder, signature, args):
        none, one = (ir.Constant(_vector(4), [v] * 4) for v in (0.0, 1.0))
        flat = builder.fcmp_ordered("==", args[0], none)
        return builder.select(flat, none, builder.fdiv(one, args[0]))

    return x(x), emit


@intrinsic
def larger(typingctx, x, y):
    """Return the larger of two numbers in each lane."""

    def emit(context, builder, signature, args):
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return x(x, x), emit


@intrinsic
def least(typingctx, low, x):
    """Return the smaller of two numbers in each lane, `low` where x is 0."""

    def emit(context, builder, signature, args):
        low, x = args
        none = ir.Constant(_vector(4), [0.0] * 4)
        some = builder.select(builder.fcmp_ordered(">", x, none), x, low)
        return builder.select(builder.fcmp_ordered("<", some, low), some, low)

    return x(x, x), emit


def _extreme(sign):
    @intrinsic
    def operation(typingctx, x):
        def emit(context, builder, signature, args):
            lanes = [builder.extract_element(args[0], ir.Constant(_INT, i)) for i in range(4)]
            while len(lanes) > 1:
                halves = zip(lanes[::2], lanes[1::2], strict=True)
                lanes = [builder.select(builder.fcmp_ordered(sign, a, b), a, b) for a, b in halves]
            return lanes[0]

        return types.float64(x), emit

    return operation


top_of, low_of = _extreme(">"), _extreme("<")


def _item(lane):
    @intrinsic
    def operation(typingctx, x):
        def emit(context, builder, signature, args):
            return builder.extract_element(args[0], ir.Constant(_INT, lane))

        return types.float64(x), emit

    return operation


first_of, second_of, third_of, fourth_of = _item(0), _item(1), _item(2), _item(3)
