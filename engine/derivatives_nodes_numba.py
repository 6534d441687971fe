"""The pass of `derivatives_tree.py` over one case, compiled.

Layout of the ints (int32)::

    node    0 F (floats)  1 states  2 width of a row  3 node above  4 mode  5 message  6 λ
            7 → nodes below, those alone last  8 how many are not alone  9 and are
            10 → tables  11 how many  12 … 15 maps to the node above, see `whole_numba.py`
    seat    0 node  1 state, for each place in the answer
    table   0 G (floats)  1 place in the base  2 entries  3 → map  4 entries that meet in one

The floats start with all messages without evidence; the work space with each node's scale.
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.derivatives_layout import TABLE
from fascinet.engine.kernel_cache import njit
from fascinet.engine.whole_layout import FULL, NODE, PARTLY
from fascinet.engine.whole_names_numba import data_of, look_up
from fascinet.engine.whole_numba import (
    CURSOR,
    FLOATS,
    FLOOR,
    FREE,
    INTS,
    MARKS,
    NODES,
    PLACES,
    PRIOR,
    TINY,
    WORK,
    add_rows,
    clear,
    copy_row,
    meet,
    observe,
    sum_down,
)
from fascinet.engine.whole_vectors import (
    LANES,
    add,
    address,
    gather,
    lanes_from,
    load,
    longs_at,
    numbers_at,
    spread,
    store,
    times,
    total,
    words_at,
)

BASE, SCRATCH, LOG = PLACES, PRIOR, CURSOR + 3  # of the frame: what differs from the answer's
HUGE = 1e280


@njit(cache=True, forceinline=True)
def multiply(one, a, step, two, b, work, to, row0, row1, width):
    """Multiply two tables; the rows of the first are a step apart, 0 where all are the same."""
    for r in range(row0, row1):
        j, i = r * width, a + r * step
        for k in range(0, width, LANES):
            store(work, to + j + k, times(load(one, i + k), load(two, b + j + k)))


@njit(cache=True, forceinline=True)
def multiply_rows(work, a, step, weight, to, row0, row1, width):
    """Multiply each row by a number of its own."""
    for r in range(row0, row1):
        j, i, y = to + r * width, a + r * step, spread(work[weight + r])
        for k in range(0, width, LANES):
            store(work, j + k, times(load(work, i + k), y))


@njit(cache=True, forceinline=True)
def multiply_below(ints, source, a, step, work, kid, to, row0, row1, width):
    """Multiply a table by the message of one below that is not alone."""
    k = NODE * kid
    m = np.int64(ints[k + 5])
    if ints[k + 4] == FULL:
        multiply(source, a, step, work, m, work, to, row0, row1, width)
        return
    up, meets = np.int64(ints[k + 12]), np.int64(ints[k + 13])
    pattern = ints[meets - 1]
    for r in range(row0, row1):
        j, i = to + r * width, a + r * step
        for s in range(0, width, LANES):
            y = meet(work, m + r * up, ints, meets + s, pattern)
            store(work, j + s, times(load(source, i + s), y))


@njit(cache=True, forceinline=True)
def multiply_alone(ints, work, q, to):
    """Multiply the messages of those below that are alone."""
    first = np.int64(ints[q + 7]) + ints[q + 8]
    copy_row(work, np.int64(ints[NODE * ints[first] + 5]), work, to, np.int64(ints[q + 1]))
    for i in range(first + 1, first + ints[q + 9]):
        m = np.int64(ints[NODE * ints[i] + 5])
        for j in range(0, ints[q + 1], LANES):
            store(work, to + j, times(load(work, to + j), load(work, m + j)))


@njit(cache=True, forceinline=True)
def send(ints, floats, work, q, row0, row1, scratch):
    """Make a node's message; return what it was divided by, NaN where numbers are out of range."""
    card, width, below = np.int64(ints[q + 1]), np.int64(ints[q + 2]), np.int64(ints[q + 7])
    source, at, m = floats, np.int64(ints[q]), np.int64(ints[q + 5])
    table = scratch + 2 * (card + LANES)
    for i in range(below, below + ints[q + 8]):
        multiply_below(
            ints, source, at, width, work, np.int64(ints[i]), table, row0, row1, width
        )  # fmt: skip
        source, at = work, table
    if ints[q + 9]:
        multiply_alone(ints, work, q, scratch)
        for r in range(row0, row1):
            y = spread(work[scratch + r])
            for j in range(r * width, r * width + width, LANES):
                store(work, table + j, times(load(source, at + j), y))
        source, at = work, table
    large, doubtful = add_rows(source, at, row0, row1, width, work, m)
    if doubtful:
        return np.nan
    return 1.0 if large else shrink(work, m, width)


@njit(cache=True, forceinline=True)
def shrink(work, m, width):
    """Divide a message by its largest entry; return that, or NaN if it is too small."""
    top = 0.0
    for j in range(width):
        top = max(top, work[m + j])
    if top < TINY:
        return 0.0 if top == 0.0 else np.nan
    for j in range(width):
        work[m + j] /= top
    return top


@njit(cache=True, forceinline=True)
def collect(ints, floats, work, marks, nodes, scratch):
    """Send messages from the evidence to the roots; return ln P(e) without the scale of all."""
    for c in range(nodes):
        work[c] = 1.0
    first = np.int64(ints[5])
    last = NODE * (nodes - 1)
    for j in range(0, ints[last + 5] + ints[last + 2] - first, LANES):
        store(work, first + j, load(floats, j))
    log_prob, product = 0.0, 1.0
    for c in range(nodes):
        if not marks[c]:
            continue
        q, seen = NODE * c, marks[3 * nodes + c]
        row0, row1 = (0, np.int64(ints[q + 1])) if seen == FREE else (seen, seen + 1)
        scale = send(ints, floats, work, q, row0, row1, scratch)
        if not scale > 0.0:
            return -np.inf if scale == 0.0 else np.nan
        if scale != 1.0:
            log_prob += log(scale)
            work[c] = scale
        if ints[q + 3] < 0:
            product *= work[ints[q + 5]]
            if product < FLOOR:
                log_prob += log(product)
                product = 1.0
    return log_prob + log(product)


@njit(cache=True, forceinline=True)
def hand_table(ints, work, q, at, grad):
    """Sum a node's entries to those of one of its tables."""
    place, entries = np.int64(ints[q + 1]), np.int64(ints[q + 2])
    meets, count = np.int64(ints[q + 3]), np.int64(ints[q + 4])
    rest = meets + (entries + LANES - 1) // LANES * LANES
    whole = entries // LANES * LANES
    for j in range(0, whole, LANES):
        x = gather(work, at, ints, meets + j)
        for k in range(rest + 1, rest + count):
            x = add(x, gather(work, at + ints[k], ints, meets + j))
        store(grad, place + j, x)
    for j in range(whole, entries):
        y = work[at + ints[meets + j]]
        for k in range(rest + 1, rest + count):
            y += work[at + ints[k] + ints[meets + j]]
        grad[place + j] = y


@njit(cache=True, forceinline=True)
def clear_others(work, at, row0, row1, card, width):
    """Set the rows that do not fit the evidence to zero."""
    clear(work, at, 0, row0, width)
    clear(work, at, row1, card, width)


@njit(cache=True, forceinline=True)
def hand_alone(ints, work, q, lam, source, at, row0, row1, sums):
    """Give each of those below that are alone its λ: products from the left and from the right."""
    card, width = np.int64(ints[q + 1]), np.int64(ints[q + 2])
    first, count = np.int64(ints[q + 7]) + ints[q + 8], np.int64(ints[q + 9])
    for j in range(0, card, LANES):
        store(work, sums + j, spread(0.0))
    for r in range(row0, row1):
        x = spread(0.0)
        for j in range(0, width, LANES):
            x = add(x, times(load(work, lam + j), load(source, at + r * width + j)))
        work[sums + r] = total(x)
    for j in range(0, card, LANES):
        x = load(work, sums + j)
        for i in range(first, first + count):
            k = NODE * ints[i]
            store(work, np.int64(ints[k + 6]) + j, x)
            x = times(x, load(work, np.int64(ints[k + 5]) + j))
        x = spread(1.0)
        for i in range(first + count - 1, first - 1, -1):
            k = NODE * ints[i]
            to = np.int64(ints[k + 6]) + j
            store(work, to, times(load(work, to), x))
            x = times(x, load(work, np.int64(ints[k + 5]) + j))


@njit(cache=True, forceinline=True)
def hand_down(ints, floats, work, seen, q, scale, scratch, grad):
    """Hand λ of a node on to its tables and to those below."""
    card, width, lam = np.int64(ints[q + 1]), np.int64(ints[q + 2]), np.int64(ints[q + 6])
    below, some, alone = np.int64(ints[q + 7]), np.int64(ints[q + 8]), np.int64(ints[q + 9])
    row0, row1 = (0, card) if seen == FREE else (seen, seen + 1)
    size, weights = card * width, scratch
    left = scratch + 2 * (card + LANES)
    here = left + size * (some + 1)
    right = here + size
    if scale != 1.0:
        for j in range(width):
            work[lam + j] /= scale
    at, step = lam, 0
    if alone:
        multiply_alone(ints, work, q, weights)
        multiply_rows(work, lam, 0, weights, left, row0, row1, width)
        at, step = left, width
    for i in range(some):
        to = left + (i + 1) * size
        multiply_below(
            ints, work, at, step, work, np.int64(ints[below + i]), to, row0, row1, width
        )  # fmt: skip
        at, step = to, width
    for t in range(ints[q + 11]):
        p = np.int64(ints[q + 10]) + TABLE * t
        multiply(work, at, step, floats, np.int64(ints[p]), work, here, row0, row1, width)
        clear_others(work, here, row0, row1, card, width)
        hand_table(ints, work, p, here, grad)
    source, other = floats, np.int64(ints[q])
    for i in range(some - 1, -1, -1):
        k = NODE * ints[below + i]
        at, step = (left + i * size, width) if i or alone else (lam, 0)
        to = here if ints[k + 4] == PARTLY else np.int64(ints[k + 6])
        multiply(work, at, step, source, other, work, to, row0, row1, width)
        clear_others(work, to, row0, row1, card, width)
        if ints[k + 4] == PARTLY:
            sum_down(ints, work, k, here, np.int64(ints[k + 6]))
        if i or alone:
            multiply_below(
                ints, source, other, width, work, np.int64(ints[below + i]), right, row0, row1,
                width,
            )  # fmt: skip
            source, other = work, right
    if alone:
        hand_alone(ints, work, q, lam, source, other, row0, row1, weights)


@njit(cache=True, forceinline=True)
def out_of_range(grad, size):
    """Tell whether any derivative is too large, or no number."""
    bad, whole = 0, size // LANES * LANES
    for j in range(0, whole, LANES):
        x = load(grad, j)
        bad |= lanes_from(x, HUGE) | (lanes_from(x, 0.0) ^ (2**LANES - 1))
    for j in range(whole, size):
        if not 0.0 <= grad[j] < HUGE:
            bad = 1
    return bad != 0


@njit(cache=True, forceinline=True)
def slopes(frame, count, grad):
    """Write ∂ ln P / ∂ base; return ln P(e), or minus infinity or NaN as `answer` does."""
    ints, floats, work = words_at(frame[INTS]), numbers_at(frame[FLOATS]), numbers_at(frame[WORK])
    marks, nodes, scratch = longs_at(frame[MARKS]), frame[NODES], frame[SCRATCH]
    observe(frame, ints, marks, count)
    log_prob = collect(ints, floats, work, marks, nodes, scratch)
    if not log_prob > -np.inf:
        return log_prob
    for c in range(nodes - 1, -1, -1):
        q = NODE * c
        if ints[q + 3] < 0:
            lam = np.int64(ints[q + 6])
            store(work, lam, spread(0.0))
            work[lam] = 1.0 / work[ints[q + 5]]
        hand_down(ints, floats, work, marks[3 * nodes + c], q, work[c], scratch, grad)
    if out_of_range(grad, frame[BASE]):
        return np.nan
    return log_prob + floats[frame[LOG]]


@njit(cache=True)
def derive(frame, evidence, grad):
    """Take the derivatives of the case of a dict of names; see `slopes`.

    Parameters
    ----------
    frame : int64 array
        Where all data lie: see `whole_numba.py`.
    evidence : dict of str to str
    grad : array
        ∂ ln P / ∂ base.
    """
    base = data_of(frame)
    longs = longs_at(base)
    count = look_up(longs, base, address(evidence))
    if count < 0:
        return np.nan
    return slopes(longs, count, numbers_at(data_of(grad)))
