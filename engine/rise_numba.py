"""The upward pass over a warm program: conditionals and messages, ln P(e) at the end.

The layout is told in `ready_layout.py`. What no likelihood changes is multiplied already: most
cliques read a table of their own, one or two messages, and nothing else.
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.kernels_numba import DONE, FAST, FLOOR, IMPOSSIBLE, TINY, UNSAFE, U
from fascinet.engine.machine_code import later, njit

add, crossed, evens_twice, first_of, firsts, fourth_of, high_twice, inverse = later(
    "fascinet.engine.pair_vectors",
    "add crossed evens_twice first_of firsts fourth_of high_twice inverse",
)
larger, least, low_of, low_twice, odds_twice, pairs, pointer, put = later(
    "fascinet.engine.pair_vectors", "larger least low_of low_twice odds_twice pairs pointer put"
)
quad, same, second_of, seconds, swapped, third_of, times, top_of, word = later(
    "fascinet.engine.pair_vectors",
    "quad same second_of seconds swapped third_of times top_of word",
)

FIXED, ROWS, PAIRED, TABLE = 0, 0, 3, 4  # ROWS + 1 or 2 operands
SMALL, BIG = 1e-6, 1e6  # messages out of this range are scaled to a maximum of 1
RECORD = 10


@njit(cache=True)
def close_rows(work, t, m, x, y, top, low):
    """Write the messages of four rows of pairs, and what they leave of the rows."""
    sums = add(firsts(x, y), seconds(x, y))
    part = inverse(sums)
    put(work, m, crossed(sums))
    put(work, t, times(x, evens_twice(part)))
    put(work, t + U(4), times(y, odds_twice(part)))
    return larger(top, sums), least(low, sums)


@njit(cache=True)
def take_rows(ints, p, work, x, y):
    """Multiply four rows of pairs by an operand; its places lie at `p`."""
    x = times(x, pairs(work, word(ints, p), word(ints, p + U(1))))
    return x, times(y, pairs(work, word(ints, p + U(2)), word(ints, p + U(3))))


@njit(cache=True)
def rise_by_one(ints, p, floats, c, step, work, t, m, blocks):
    """Send a clique of pairs with one operand."""
    top, low = same(0.0), same(1.0)
    for _ in range(blocks):
        x, y = take_rows(ints, p, work, quad(floats, c), quad(floats, c + U(4)))
        top, low = close_rows(work, t, m, x, y, top, low)
        p, c, t, m = p + U(4), c + step, t + U(8), m + U(4)
    return top_of(top), low_of(low)


@njit(cache=True)
def rise_by_two(ints, p, floats, c, step, work, t, m, blocks):
    """Send a clique of pairs with two operands."""
    top, low = same(0.0), same(1.0)
    for _ in range(blocks):
        x, y = take_rows(ints, p, work, quad(floats, c), quad(floats, c + U(4)))
        x, y = take_rows(ints, p + U(4), work, x, y)
        top, low = close_rows(work, t, m, x, y, top, low)
        p, c, t, m = p + U(8), c + step, t + U(8), m + U(4)
    return top_of(top), low_of(low)


@njit(cache=True)
def rise_by_many(ints, p, floats, c, step, work, t, m, blocks, operands):
    """Send a clique of pairs with any number of operands."""
    top, low = same(0.0), same(1.0)
    for _ in range(blocks):
        x, y = quad(floats, c), quad(floats, c + U(4))
        for _ in range(operands):
            x, y = take_rows(ints, p, work, x, y)
            p += U(4)
        top, low = close_rows(work, t, m, x, y, top, low)
        c, t, m = c + step, t + U(8), m + U(4)
    return top_of(top), low_of(low)


@njit(cache=True)
def double(work, source, count, to):
    """Write each number of a message twice, so that an operand along other axes holds pairs too."""
    for i in range((count + U(3)) >> U(2)):
        x = quad(work, source + U(4) * i)
        put(work, to + U(8) * i, low_twice(x))
        put(work, to + U(8) * i + U(4), high_twice(x))


@njit(cache=True)
def join(ints, p, work):
    """Write the joins of a clique; return where the next part of its record starts."""
    joins, p = word(ints, p), p + U(1)
    for _ in range(joins):
        n, to, two = word(ints, p), word(ints, p + U(1)), word(ints, p + U(2))
        p += U(3)
        if two:
            for i in range(n):
                work[to + i] = work[word(ints, p + i)] * work[word(ints, p + n + i)]
            p += n
        else:
            for i in range(n):
                work[to + i] = work[word(ints, p + i)]
        p += n
    return p


@njit(cache=True)
def double_all(ints, p, work):
    """Write the operands that do not hold pairs twice; return where the places start."""
    copies, p = word(ints, p), p + U(1)
    for _ in range(copies):
        double(work, word(ints, p), word(ints, p + U(1)), word(ints, p + U(2)))
        p += U(3)
    return p


@njit(cache=True)
def multiply_pairs(ints, p, floats, c, step, work, t, blocks, operands):
    """Make the table of a clique whose operands hold pairs."""
    for _ in range(blocks):
        x, y = quad(floats, c), quad(floats, c + U(4))
        for _ in range(operands):
            x, y = take_rows(ints, p, work, x, y)
            p += U(4)
        put(work, t, x)
        put(work, t + U(4), y)
        c, t = c + step, t + U(8)


@njit(cache=True)
def rise_by_pairs(ints, p, floats, c, step, work, t, m, rows, cols, operands):
    """Send a clique of any shape whose operands hold pairs."""
    if cols == U(2):
        blocks = (rows + U(3)) >> U(2)
        return rise_by_many(ints, p, floats, c, step, work, t, m, blocks, operands)
    blocks = (rows * cols + U(7)) >> U(3)
    multiply_pairs(ints, p, floats, c, step, work, t, blocks, operands)
    return close_table(work, t, m, rows, cols)


@njit(cache=True)
def multiply(ints, p, floats, c, work, t, n, operands):
    """Make the table of a clique of any shape, number by number."""
    for i in range(n):
        x = floats[c + i]
        for _ in range(operands):
            x *= work[word(ints, p)]
            p += U(1)
        work[t + i] = x
    for i in range(n, (n + U(7)) & ~U(7)):
        work[t + i] = 0.0


@njit(cache=True, fastmath=FAST)
def sum_rows(work, t, m, rows, cols):
    """Write the sum of each row of a table."""
    if cols & U(3) == U(0):
        for s in range(rows):
            x = quad(work, t)
            for j in range(U(4), cols, U(4)):
                x = add(x, quad(work, t + j))
            x = add(x, swapped(x))
            work[m + s] = first_of(x) + second_of(x)
            t += cols
        return
    for s in range(rows):
        x = 0.0
        for j in range(cols):
            x += work[t + j]
        work[m + s] = x
        t += cols


@njit(cache=True, fastmath=FAST)
def scale_row(work, t, cols, x):
    """Multiply a row by a number; return where the next one starts."""
    if cols & U(3) == U(0):
        factor = same(x)
        for j in range(U(0), cols, U(4)):
            put(work, t + j, times(quad(work, t + j), factor))
    else:
        for j in range(cols):
            work[t + j] *= x
    return t + cols


@njit(cache=True)
def close_table(work, t, m, rows, cols):
    """Turn a table into conditionals and a message; return its extremes."""
    sum_rows(work, t, m, rows, cols)
    for s in range(rows, (rows + U(3)) & ~U(3)):
        work[m + s] = 0.0
    top, low = same(0.0), same(1.0)
    for s in range(U(0), rows, U(4)):
        sums = quad(work, m + s)
        top, low = larger(top, sums), least(low, sums)
        part = inverse(sums)
        t = scale_row(work, t, cols, first_of(part))
        if s + U(1) < rows:
            t = scale_row(work, t, cols, second_of(part))
        if s + U(2) < rows:
            t = scale_row(work, t, cols, third_of(part))
        if s + U(3) < rows:
            t = scale_row(work, t, cols, fourth_of(part))
    return top_of(top), low_of(low)


@njit(cache=True)
def copy_fixed(ints, p, floats, work):
    """Take over a clique that no likelihood reaches; its parent knows its message already."""
    rows, cols = word(ints, p + U(1)), word(ints, p + U(2))
    t, m, c = word(ints, p + U(3)), word(ints, p + U(4)), word(ints, p + U(5))
    for i in range(((rows * cols + U(7)) >> U(3)) << U(1)):
        put(work, t + U(4) * i, quad(floats, c + U(4) * i))
    put(work, m + (((rows + U(3)) & ~U(3)) - U(4)), same(0.0))
    work[m] = 1.0  # so it is at a root; elsewhere the way down writes the separator's posterior


@njit(cache=True)
def rise_one(ints, p, floats, work):
    """Send one clique; return the largest of its message, and the least above 0."""
    kind, operands = word(ints, p), word(ints, p + U(6))
    rows, cols = word(ints, p + U(1)), word(ints, p + U(2))
    t, m = word(ints, p + U(3)), word(ints, p + U(4))
    c, step = word(ints, p + U(5)), word(ints, p + U(7))
    blocks, p = (rows + U(3)) >> U(2), p + U(RECORD)
    if kind == U(ROWS + 1):
        return rise_by_one(ints, p, floats, c, step, work, t, m, blocks)
    if kind == U(ROWS + 2):
        return rise_by_two(ints, p, floats, c, step, work, t, m, blocks)
    p = join(ints, p, work)
    if kind == U(PAIRED):
        p = double_all(ints, p, work)
        return rise_by_pairs(ints, p, floats, c, step, work, t, m, rows, cols, operands)
    multiply(ints, p, floats, c, work, t, rows * cols, operands)
    return close_table(work, t, m, rows, cols)


@njit(cache=True)
def scale(ints, p, work, factor):
    """Multiply a clique's message by a number."""
    m, x = word(ints, p + U(4)), same(factor)
    for i in range((word(ints, p + U(1)) + U(3)) >> U(2)):
        put(work, m + U(4) * i, times(quad(work, m + U(4) * i), x))


@njit(cache=True, nogil=True)
def rise(ready, constants, space):
    """Pass messages to the roots; return a status and ln P(e) without the constants' part.

    Parameters
    ----------
    ready : int32 array
    constants : array
    space : array
        Work space with the likelihoods at its head.
    """
    ints, floats, work = pointer(ready), pointer(constants), pointer(space)
    total, product, p = 0.0, 1.0, word(ints, U(1))
    for _ in range(word(ints, U(0))):
        always = word(ints, p + U(9)) > U(0)
        if word(ints, p) == U(FIXED):
            copy_fixed(ints, p, floats, work)
            p = word(ints, p + U(8))
            continue
        top, low = rise_one(ints, p, floats, work)
        if low < FLOOR:
            return UNSAFE, 0.0
        if always or top < SMALL or top > BIG:
            if top < TINY:
                return IMPOSSIBLE if top == 0.0 else UNSAFE, -np.inf
            product *= top
            scale(ints, p, work, 1.0 / top)
            if product < TINY or product > 1e150:
                total += log(product)
                product = 1.0
        p = word(ints, p + U(8))
    return DONE, total + log(product)
