"""Lay out how a clique's belief is read: by its children's separators, and by its marginals.

Children that share axes are read off their common margin, as their messages were joined on the way
up: a large belief is then walked once for several of them.
"""

# pyright: basic
import numpy as np

from fascinet.engine.fall_numba import RECORD
from fascinet.engine.kernels_numba import CLIQUE, MARGINAL, OPERAND, U
from fascinet.engine.machine_code import njit
from fascinet.engine.ready_operands import (
    CROWD,
    LANES,
    LINE,
    WORTH,
    joint_size,
    list_places,
    mode_of,
    place_of,
    read_strides,
    round_up,
)

DEST, SIZE, ABOVE, STATE = 0, 1, 2, 3  # of a sum: where it goes, how long, the sum it is read off
OPEN, NESTED, WRITTEN = 0, 1, 2


@njit(cache=True)
def read_children(prog, c, shape, sender, strides, sums):
    """Write the children's separators as sums of the belief; return how many."""
    q, count = prog[1] + CLIQUE * c, 0
    for k in range(prog[q + 6], prog[q + 7]):
        if sender[k] >= 0:
            d = prog[1] + CLIQUE * sender[k]
            read_strides(prog, prog[2] + OPERAND * k, shape, strides[count])
            sums[count, DEST], sums[count, SIZE] = prog[d + 4], prog[d + 1]
            sums[count, ABOVE], sums[count, STATE] = -1, OPEN
            count += 1
    return count


@njit(cache=True)
def best_pair(shape, strides, sums, count):
    """Return the two open sums whose common margin is smallest, and its size."""
    first, second, best = 0, 0, np.int64(1) << 60
    for i in range(count):
        for j in range(i):
            if sums[i, STATE] == OPEN and sums[j, STATE] == OPEN:
                n = joint_size(shape, strides[i], strides[j])
                if n < best:
                    first, second, best = j, i, n
    return first, second, best


@njit(cache=True)
def nest_sums(shape, n, strides, sums, count, room, end):
    """Add common margins that are worth it; return how many sums there are then."""
    if n < WORTH or count > CROWD:
        return count
    while True:
        i, j, size = best_pair(shape, strides, sums, count)
        if 4 * size > n or room + size + LANES > end:
            return count
        step = 1
        for a in range(len(shape) - 1, -1, -1):
            both = strides[i, a] > 0 or strides[j, a] > 0
            strides[count, a] = step if both else 0
            step *= shape[a] if both else 1
        sums[i, ABOVE], sums[j, ABOVE] = count, count
        sums[i, STATE], sums[j, STATE] = NESTED, NESTED
        sums[count, DEST], sums[count, SIZE] = room, size
        sums[count, ABOVE], sums[count, STATE] = -1, OPEN
        count, room = count + 1, room + round_up(size, LANES)


@njit(cache=True)
def write_sum(shape, strides, start, to, size, places, cursor, ints, p):
    """Write which terms each number or pair of a sum has; return what is next.

    Parameters
    ----------
    shape, strides
        Axes of what is summed, and the sum's stride along each.
    start, to, size : int
        First place of what is summed; of the sum, and how long that is.
    """
    mode = mode_of(shape, strides)
    length = list_places(shape, strides, mode < 2, places)
    step, half = U(1 if mode == 2 else 2), U(mode == 1)
    count = size // (2 if mode == 1 else 1)
    terms = length // count
    ints[p], ints[p + 1], ints[p + 2], ints[p + 3] = mode, to, count, terms
    for k in range(count):
        cursor[k] = p + 4 + k * terms
    at = U(start)
    for i in range(U(length)):
        k = U(places[i]) >> half
        ints[U(cursor[k])] = at
        cursor[k] += 1
        at += step
    return p + 4 + count * terms


@njit(cache=True)
def write_below(shape, strides, sums, i, places, cursor, ints, p):
    """Write a sum that is read off another one; return what is next."""
    above, axes = sums[i, ABOVE], 0
    cards, steps = shape.copy(), shape.copy()
    for a in range(len(shape)):
        if strides[above, a] > 0:
            cards[axes], steps[axes] = shape[a], strides[i, a]
            axes += 1
    start, to, size = sums[above, DEST], sums[i, DEST], sums[i, SIZE]
    return write_sum(cards[:axes], steps, start, to, size, places, cursor, ints, p)


@njit(cache=True)
def write_marginals(prog, c, sender, buffer, ints, p):
    """Write how each marginal is read, off the smallest table that has it; return what is next."""
    q = prog[1] + CLIQUE * c
    for g in range(prog[q + 8], prog[q + 9]):
        r = prog[9] + MARGINAL * g
        source, size, inner = buffer, prog[q], prog[r + 3]
        for k in range(prog[q + 6], prog[q + 7]):
            d = prog[1] + CLIQUE * sender[k]
            if prog[r + 2] > 1 and sender[k] >= 0 and prog[d + 1] < size:
                step = place_of(prog, prog[2] + OPERAND * k, prog[r + 3])
                if step > 0:
                    source, size, inner = prog[d + 4], prog[d + 1], step
        ints[p], ints[p + 1] = prog[r], size // (prog[r + 2] * inner)
        ints[p + 2], ints[p + 3], ints[p + 4] = prog[r + 2], inner, source
        p += 5
    return p


@njit(cache=True)
def write_down(prog, c, shape, sender, strides, sums, places, cursor, buffer, ints, p):
    """Write one clique's record downwards; return where the next one starts."""
    q = prog[1] + CLIQUE * c
    n, at, marks = prog[q], p + RECORD, prog[q + 9] - prog[q + 8]
    r, paired = prog[9] + MARGINAL * prog[q + 8], prog[q + 2] == 2
    if marks > 0:
        paired = paired and marks == 1 and prog[r + 2] == 2 and prog[r + 3] == 1
        if paired:
            ints[at] = prog[r]
            at += 1
    count = read_children(prog, c, shape, sender, strides, sums)
    if marks == 0 and count == 0:
        return p
    room, end = buffer + round_up(n, LINE), buffer + prog[10]
    count = nest_sums(shape, n, strides, sums, count, room, end)
    for i in range(count - 1, -1, -1):  # a margin comes before what is read off it
        if sums[i, ABOVE] >= 0:
            at = write_below(shape, strides, sums, i, places, cursor, ints, at)
        else:
            to, size = sums[i, DEST], sums[i, SIZE]
            at = write_sum(shape, strides[i], buffer, to, size, places, cursor, ints, at)
    if not paired:
        at = write_marginals(prog, c, sender, buffer, ints, at)
    ints[p] = paired
    for i in range(1, 5):
        ints[p + i] = prog[q + i]
    ints[p + 5], ints[p + 6] = marks, count
    return at
