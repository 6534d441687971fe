"""Lay a program with leaf queries out for `rise_numba.py` and `fall_numba.py`.

What no likelihood changes is multiplied at once: a clique's table starts as the product of its
factors (for the observed states at hand) and of the messages from below that are the same in every
case. What remains are *operands*: likelihoods and messages, each read at listed places.

Layout of the ints (int32; places count numbers of the work space)::

    head    0 cliques  1 → first record upwards  2 → first record downwards  3 buffer
            4 records downwards  5 constants, of which the first eight are 1
    up      0 kind  1 rows  2 columns  3 table  4 message  5 first constant  6 operands
            7 constants' step (0: ones)  8 → next record  9 whether scaled in any case; then the
            operands:
            ROWS + 1, 2: for each block of four pairs and each operand the places of the pairs
            PAIRED, TABLE: how many joins; of each its numbers, first place, whether there are two
            sources, and the places in one source, then in the other
            PAIRED: how many operands are doubled, and of each first place, numbers, first place of
            the doubled; then the pairs' places as above
            TABLE: for each entry the place in each operand
    down    0 whether by pairs  1 rows  2 columns  3 table  4 message  5 marginals  6 sums;
            by pairs: place in the answer of the one marginal
            sums: mode, first place, how many, terms; then the terms' places (mode 1: sums of
            pairs; 0: of all numbers in pairs; 2: of numbers), in the buffer or in an earlier sum;
            a sum is a child's separator, or a margin that several of them are read off
            others: marginals, read last: place in the answer, outer, states, inner, first place of
            what is read: the buffer, or the smallest separator that has the variable

Lists are padded to whole blocks with places that hold numbers, tables with zeros.
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.fall_numba import RECORD as DOWN
from fascinet.engine.kernels_numba import (
    CLIQUE,
    DONE,
    IMPOSSIBLE,
    OPERAND,
    TINY,
    UNSAFE,
    U,
    condition,
    offset_of,
    put,
)
from fascinet.engine.machine_code import njit
from fascinet.engine.ready_down import write_down
from fascinet.engine.ready_operands import (
    LANES,
    LINE,
    is_settled,
    length_of,
    list_places,
    mode_of,
    read_operands,
    read_shape,
    round_up,
    write_joins,
)
from fascinet.engine.rise_numba import FIXED, PAIRED, ROWS, TABLE
from fascinet.engine.rise_numba import RECORD as UP

AXES = 64  # more than any table that fits has of two states
CROWDED = 8  # with more operands than these, messages are scaled even if they are not small
FIRST_ONES = 8  # constants that are 1, at the head


@njit(cache=True)
def senders(prog):
    """Return for each operand the clique whose message it is, -1 for the others."""
    top = 0
    for c in range(prog[0]):
        top = max(top, prog[prog[1] + CLIQUE * c + 7])
    out = np.full(top, -1, np.int64)
    for c in range(prog[0]):
        q = prog[1] + CLIQUE * c
        if prog[q + 5] >= 0:
            out[(prog[q + 10] - prog[2]) // OPERAND] = c
    return out


@njit(cache=True)
def count_moves(prog, sender):
    """Return for each clique how many operands a case changes, and how many it does not."""
    moves = np.zeros((prog[0], 2), np.int64)
    for c in range(prog[0]):
        q = prog[1] + CLIQUE * c
        for k in range(prog[q + 6], prog[q + 7]):
            moves[c, 1 if is_settled(prog, k, sender, moves) else 0] += 1
    return moves


@njit(cache=True)
def write_table(shape, starts, strides, count, places, ints, p):
    """Write the operands of a clique of any shape; return where the next record starts."""
    n = 0
    for k in range(count):
        n = list_places(shape, strides[k], False, places)
        for i in range(n):
            ints[p + i * count + k] = starts[k] + places[i]
    return p + n * count


@njit(cache=True)
def write_pairs(shape, starts, strides, count, places, ints, p):
    """Write the operands of a clique of pairs; return where the next record starts."""
    room, size = U(count * LANES), 0
    for k in range(count):
        n = list_places(shape, strides[k], True, places)
        for i in range(n, round_up(n, LANES)):
            places[i] = places[0]
        at, start = U(p + LANES * k), starts[k]
        for i in range(U(0), U(n), U(LANES)):
            for j in range(U(LANES)):
                ints[at + j] = start + places[i + j]
            at += room
        size = round_up(n, LANES) * count
    return p + size


@njit(cache=True)
def write_copies(shape, starts, strides, count, room, end, ints, p):
    """Write which operands hold numbers, not pairs, and read them doubled from now on.

    Returns
    -------
    next : int
        Where the places start; -1 if not every operand can be met by pairs.
    """
    head, p, full = p, p + 1, room
    ints[head] = 0
    for k in range(count):  # nothing is changed before it is known to go
        mode = mode_of(shape, strides[k])
        if mode == 0:
            full += 2 * round_up(length_of(shape, strides[k]), LANES)
        if mode == 2 or full > end:
            return -1
    for k in range(count):
        length = round_up(length_of(shape, strides[k]), LANES)
        if mode_of(shape, strides[k]) == 0:
            ints[p], ints[p + 1], ints[p + 2] = starts[k], length, room
            starts[k] = room
            for a in range(len(shape)):  # the last one stays 0: its pairs are all alike
                strides[k, a] *= 2
            ints[head], p, room = ints[head] + 1, p + 3, room + 2 * length
    return p


@njit(cache=True)
def write_body(n, cols, shape, starts, strides, count, room, end, places, ints, p):
    """Write what follows a record upwards; return its kind, its operands and what is next."""
    plain = cols == 2 and count <= 2
    for k in range(count):
        plain = plain and mode_of(shape, strides[k]) == 1
    if plain:
        return ROWS + count, count, write_pairs(shape, starts, strides, count, places, ints, p)
    head = p
    ints[head], count, room, p = write_joins(
        shape, n, starts, strides, count, room, end, places, ints, p + 1
    )
    body = write_copies(shape, starts, strides, count, room, end, ints, p)
    if body < 0:
        return TABLE, count, write_table(shape, starts, strides, count, places, ints, p)
    return PAIRED, count, write_pairs(shape, starts, strides, count, places, ints, body)


@njit(cache=True)
def is_scaled(prog, q):
    """Tell whether a clique's message is scaled in any case: a root's, or one of very many."""
    if prog[q + 5] < 0:
        return True
    above = prog[1] + CLIQUE * prog[q + 5]
    return prog[above + 7] - prog[above + 6] > CROWDED


@njit(cache=True)
def write_up(prog, c, shape, sender, moves, starts, strides, places, buffer, ints, p, at):
    """Write one clique's record upwards; return where the next one, and its constants, start."""
    q = prog[1] + CLIQUE * c
    n, kind, count, end = prog[q], FIXED, 0, p + UP
    if moves[c, 0] > 0:
        count, last = read_operands(prog, c, shape, sender, moves, starts, strides), prog[10]
        kind, count, end = write_body(
            n, prog[q + 2], shape, starts, strides, count, buffer, buffer + last, places, ints, end
        )
    for i in range(1, 5):
        ints[p + i] = prog[q + i]
    ints[p], ints[p + 6], ints[p + 8], ints[p + 9] = kind, count, end, is_scaled(prog, q)
    if kind != FIXED and kind != TABLE and moves[c, 1] == 0 and n % LINE == 0:
        ints[p + 5], ints[p + 7] = 0, 0
        return end, at
    ints[p + 5], ints[p + 7] = at, LINE
    return end, at + round_up(n, LINE)


@njit(cache=True)
def room_for(prog):
    """Return the most ints; and entries, operands and marginals of one clique, and axes."""
    ints, largest, many = LINE, LINE, 1
    for c in range(prog[0]):
        q = prog[1] + CLIQUE * c
        n, marks = round_up(prog[q], LINE), prog[q + 9] - prog[q + 8]
        operands = prog[q + 7] - prog[q + 6]
        ints += UP + DOWN + 5 * marks + operands * (5 * n + 24) + 2
        largest, many = max(largest, n), max(many, operands)
    return ints, largest, many


@njit(cache=True, nogil=True)
def lay_lists(prog, cards, c_ptr, c_scope):
    """Return the ints of a flat program with leaf queries; they are the same for all states.

    Parameters
    ----------
    cards : array
        States of all variables.
    c_ptr, c_scope : arrays
        The cliques' scopes as compressed rows.
    """
    sender = senders(prog)
    moves = count_moves(prog, sender)
    most, largest, many = room_for(prog)
    ints = np.empty(most, np.int32)
    starts, strides = np.empty(many, np.int64), np.empty((2 * many, AXES), np.int64)
    axes, sums = np.empty(AXES, np.int64), np.empty((2 * many, 4), np.int64)
    places, cursor = np.empty(largest, np.int32), np.empty(largest, np.int64)
    ints[:LINE] = 0
    p, at = LINE, FIRST_ONES
    ints[0], ints[1] = prog[0], p
    buffer = prog[prog[1] + 3] + prog[10] if prog[0] > 0 else 0
    for c in range(prog[0]):
        shape = read_shape(cards, c_ptr, c_scope, c, axes)
        p, at = write_up(
            prog, c, shape, sender, moves, starts, strides, places, buffer, ints, p, at
        )
    ints[2], ints[3], ints[5] = p, buffer, at
    for c in range(prog[0] - 1, -1, -1):
        begin = p
        shape = read_shape(cards, c_ptr, c_scope, c, axes)
        p = write_down(prog, c, shape, sender, strides, sums, places, cursor, buffer, ints, p)
        ints[4] += p > begin
    return ints[:p].copy()


@njit(cache=True)
def settle(prog, c, base, obs, sender, fixed, work):
    """Multiply what no case changes of a clique; return the largest of its message, or 1."""
    q = np.int64(prog[1]) + CLIQUE * c
    t, fresh = np.int64(prog[q + 3]), True
    for k in range(prog[q + 6], prog[q + 7]):
        o = np.int64(prog[2]) + OPERAND * k
        if prog[o] == 0:
            put(prog, o, work, t, base, offset_of(prog, o, obs), fresh)
        elif sender[k] >= 0 and fixed[sender[k]]:
            put(prog, o, work, t, work, np.int64(prog[o + 1]), fresh)
        else:
            continue
        fresh = False
    if fresh:
        work[t : t + prog[q]] = 1.0
    return condition(work, t, prog[q + 4], prog[q + 1], prog[q + 2]) if fixed[c] else 1.0


@njit(cache=True, nogil=True)
def lay_constants(prog, ints, base, obs):
    """Return the constants for some observed states, a status, and their part of ln P(e)."""
    sender, total, p = senders(prog), 0.0, np.int64(ints[1])
    work, floats = np.empty(prog[11]), np.empty(np.int64(ints[5]))
    fixed = np.zeros(prog[0], np.bool_)
    floats[:FIRST_ONES] = 1.0
    for k in range(prog[8]):
        x = base[offset_of(prog, np.int64(prog[7]) + OPERAND * k, obs)]
        if x <= 0.0:
            return floats[:0], IMPOSSIBLE, -np.inf
        total += log(x)
    for c in range(prog[0]):
        fixed[c] = ints[p] == FIXED
        top = settle(prog, c, base, obs, sender, fixed, work)
        if top < TINY:
            return floats[:0], IMPOSSIBLE if top == 0.0 else UNSAFE, -np.inf
        total += log(top)
        if ints[p + 5] > 0:
            q, at = prog[1] + CLIQUE * c, np.int64(ints[p + 5])
            t, n = np.int64(prog[q + 3]), np.int64(prog[q])
            floats[at : at + n] = work[t : t + n]
            floats[at + n : at + round_up(n, LINE)] = 0.0
        p = np.int64(ints[p + 8])
    return floats, DONE, total
