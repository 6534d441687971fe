"""The operands of a warm program's cliques, as windows: a first place and a stride for each axis.

Small operands of a large clique are joined first: their product, over the axes that either has,
then meets the clique's entries in their stead.
"""

# pyright: basic
import numpy as np

from fascinet.engine.kernels_numba import CLIQUE, OPERAND, U
from fascinet.engine.machine_code import njit

LANES, LINE = 4, 8
WORTH, CROWD = 32, 32  # entries from which joins are sought, operands up to which


@njit(cache=True)
def round_up(n, width):
    """Return the next multiple of a width."""
    return (n + width - 1) // width * width


@njit(cache=True)
def read_shape(cards, c_ptr, c_scope, c, out):
    """Return the states of a clique's axes, those of one state left out."""
    count = 0
    for j in range(c_ptr[c], c_ptr[c + 1]):
        if cards[c_scope[j]] > 1:
            out[count] = cards[c_scope[j]]
            count += 1
    return out[:count]


@njit(cache=True)
def place_of(prog, o, entry):
    """Return which of an operand's values one entry of a clique meets."""
    inner, mode, m = prog[o + 4], prog[o + 6], prog[o + 7]
    x, j = prog[m + entry // inner], entry % inner
    return x + (j if mode == 1 else 0 if mode == 0 else prog[m + prog[o + 5] + j])


@njit(cache=True)
def read_strides(prog, o, shape, strides):
    """Write an operand's stride along each axis."""
    step = 1
    for a in range(len(shape) - 1, -1, -1):
        strides[a] = place_of(prog, o, step)
        step *= shape[a]


@njit(cache=True)
def mode_of(shape, strides):
    """Return 1 if a clique's entries meet an operand by pairs, 0 if two meet one number, else 2."""
    last = len(shape) - 1
    if last < 0 or shape[last] % 2 == 1 or strides[last] > 1:
        return 2
    return strides[last]


@njit(cache=True)
def length_of(shape, strides):
    """Return how many numbers an operand has."""
    n = 1
    for a in range(len(shape)):
        n += (shape[a] - 1) * strides[a]
    return n


@njit(cache=True)
def list_places(shape, strides, halved, out):
    """Write which value each entry meets, or each pair's first; return how many."""
    n, last = U(1), len(shape) - 1
    out[0] = 0
    for a in range(last, -1, -1):
        half = halved and a == last
        card = U(shape[a] // 2 if half else shape[a])
        step = np.int32(2 * strides[a] if half else strides[a])
        x, at = np.int32(0), n
        for _ in range(U(1), card):
            x += step
            for i in range(n):
                out[at + i] = out[i] + x
            at += n
        n = at
    return np.int64(n)


@njit(cache=True)
def is_settled(prog, k, sender, moves):
    """Tell whether operand k is part of the constants."""
    if sender[k] >= 0:
        return moves[sender[k], 0] == 0
    return prog[prog[2] + OPERAND * k] == 0


@njit(cache=True)
def read_operands(prog, c, shape, sender, moves, starts, strides):
    """Write the first places and the strides of the operands that a case changes."""
    q, count = prog[1] + CLIQUE * c, 0
    for k in range(prog[q + 6], prog[q + 7]):
        if not is_settled(prog, k, sender, moves):
            o = prog[2] + OPERAND * k
            starts[count] = prog[o + 1]
            read_strides(prog, o, shape, strides[count])
            count += 1
    return count


@njit(cache=True)
def joint_size(shape, one, other):
    """Return how many entries two operands have together."""
    n = 1
    for a in range(len(shape)):
        if one[a] > 0 or other[a] > 0:
            n *= shape[a]
    return n


@njit(cache=True)
def best_join(shape, strides, count):
    """Return the two operands that are smallest together, and their size."""
    first, second, best = 0, 0, np.int64(1) << 62
    for i in range(count):
        for j in range(i):
            n = joint_size(shape, strides[i], strides[j])
            if n < best:
                first, second, best = j, i, n
    return first, second, best


@njit(cache=True)
def write_join(shape, starts, strides, i, j, room, places, ints, p):
    """Write a join of operands i and j (i alone if they are the same), and put it in i's stead."""
    axes = 0
    cards, one, other = shape.copy(), shape.copy(), shape.copy()
    for a in range(len(shape)):
        if strides[i, a] > 0 or strides[j, a] > 0:
            cards[axes], one[axes], other[axes] = shape[a], strides[i, a], strides[j, a]
            axes += 1
    n = list_places(cards[:axes], one, False, places)
    ints[p], ints[p + 1], ints[p + 2] = n, room, i != j
    p += 3
    for e in range(n):
        ints[p + e] = starts[i] + places[e]
    p += n
    if i != j:
        list_places(cards[:axes], other, False, places)
        for e in range(n):
            ints[p + e] = starts[j] + places[e]
        p += n
    starts[i], step = room, 1
    for a in range(len(shape) - 1, -1, -1):
        both = strides[i, a] > 0 or strides[j, a] > 0
        strides[i, a] = step if both else 0
        step *= shape[a] if both else 1
    return p, room + round_up(n, LANES)


@njit(cache=True)
def write_joins(shape, n, starts, strides, count, room, end, places, ints, p):
    """Write the joins of a clique; return how many, its operands then, and what is next.

    Parameters
    ----------
    room, end : int
        Where joined operands are written, and where that has to end.
    """
    joins, last = 0, len(shape) - 1
    if n < WORTH or count > CROWD:
        return joins, count, room, p
    even = shape[last] % 2 == 0
    worth = n // 8 if even else n // 4
    for i in range(count):
        size = joint_size(shape, strides[i], strides[i])
        if even and strides[i, last] > 1 and room + size + LANES < end:
            p, room = write_join(shape, starts, strides, i, i, room, places, ints, p)
            joins += 1
    while count > 1:
        i, j, size = best_join(shape, strides, count)
        if size > worth or room + size + LANES > end:
            break
        p, room = write_join(shape, starts, strides, i, j, room, places, ints, p)
        joins, count = joins + 1, count - 1
        starts[j], strides[j, :] = starts[count], strides[count]
    return joins, count, room, p
