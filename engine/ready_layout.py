"""Lay a program with leaf queries out for `rise_numba.py` and `fall_numba.py`.

What no likelihood changes is multiplied at once: a clique's table starts as the product of its
factors (for the observed states at hand) and of the messages from below that are the same in every
case. What remains are *operands*: likelihoods and messages, each read at listed places.

Layout of the ints (int32; places count numbers of the work space)::

    head    0 cliques  1 → first record upwards  2 → first record downwards  3 buffer
            4 records downwards  5 constants, of which the first eight are 1
    up      0 kind  1 rows  2 columns  3 table  4 message  5 first constant  6 operands
            7 constants' step (0: ones)  8 → next record  9 whether a root; then the operands:
            kinds of pairs: for each block of four pairs and each operand the places of the pairs;
            PAIRED starts with the number of operands to double, and of each first place, numbers,
            first place of the doubled
            TABLE: for each entry the place in each operand
    down    0 whether by pairs  1 rows  2 columns  3 table  4 message  5 marginals  6 children;
            by pairs: place in the answer of the one marginal
            children: mode, separator, sums, terms; then the terms' places in the buffer (mode 1:
            sums of pairs; 0: of all numbers in pairs; 2: of numbers)
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
    MARGINAL,
    OPERAND,
    TINY,
    UNSAFE,
    U,
    condition,
    offset_of,
    put,
)
from fascinet.engine.machine_code import njit
from fascinet.engine.rise_numba import FIXED, MANY, PAIRED, ROWS, TABLE
from fascinet.engine.rise_numba import RECORD as UP

LANES, LINE = 4, 8
FIRST_ONES = 8  # constants that are 1, at the head


@njit(cache=True)
def round_up(n, width):
    """Return the next multiple of a width."""
    return (n + width - 1) // width * width


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
def is_settled(prog, k, sender, moves):
    """Tell whether operand k is part of the constants."""
    if sender[k] >= 0:
        return moves[sender[k], 0] == 0
    return prog[prog[2] + OPERAND * k] == 0


@njit(cache=True)
def mode_of(prog, o):
    """Return 1 if a clique's entries meet an operand by pairs, 0 if two meet one number, else 2."""
    inner, mode, n = prog[o + 4], prog[o + 6], prog[o + 7] + prog[o + 5]
    if inner % 2 == 1:
        return 2
    if mode < 2:
        return mode
    step = prog[n + 1] - prog[n]
    for j in range(n, n + inner, 2):
        if prog[j + 1] - prog[j] != step:
            return 2
    return step if step == 0 or step == 1 else 2


@njit(cache=True)
def find_places(prog, o, step, out):
    """Write which of an operand's values every `step`th entry meets; return how many."""
    inner, outer, mode, m = U(prog[o + 4]), U(prog[o + 5]), prog[o + 6], U(prog[o + 7])
    n, at = m + outer, U(0)
    for i in range(m, n):
        x = prog[i]
        if mode == 0:
            for _ in range(U(0), inner, U(step)):
                out[at] = x
                at += U(1)
        elif mode == 1:
            for j in range(U(0), inner, U(step)):
                out[at] = x + j
                at += U(1)
        else:
            for j in range(U(0), inner, U(step)):
                out[at] = x + prog[n + j]
                at += U(1)
    return at


@njit(cache=True)
def kind_of(prog, c, sender, moves):
    """Return a clique's kind, and how many of its operands are to be doubled."""
    q, count, copies, room = prog[1] + CLIQUE * c, moves[c, 0], 0, prog[10]
    if count == 0:
        return FIXED, 0
    for k in range(prog[q + 6], prog[q + 7]):
        if not is_settled(prog, k, sender, moves):
            o = prog[2] + OPERAND * k
            mode = mode_of(prog, o)
            copies += mode == 0
            room -= 2 * length_of(prog, k, sender) if mode == 0 else 0
            if mode == 2 or room < 0:
                return TABLE, 0
    if copies > 0 or prog[q + 2] != 2:
        return PAIRED, copies
    return ROWS + min(count, MANY - ROWS), 0


@njit(cache=True)
def length_of(prog, k, sender):
    """Return how many numbers an operand has, rounded up."""
    if sender[k] >= 0:
        return round_up(prog[prog[1] + CLIQUE * sender[k] + 1], LANES)
    o, top, inner = prog[2] + OPERAND * k, 0, 0
    for i in range(prog[o + 7], prog[o + 7] + prog[o + 5]):
        top = max(top, prog[i])
    for i in range(prog[o + 7] + prog[o + 5], prog[o + 7] + prog[o + 5] + prog[o + 4]):
        if prog[o + 6] == 2:
            inner = max(inner, prog[i])
    return round_up(top + inner + 1, LANES)


@njit(cache=True)
def write_table(prog, c, sender, moves, places, ints, p):
    """Write the operands of a clique of any shape; return where the next record starts."""
    q, number, count = prog[1] + CLIQUE * c, 0, moves[c, 0]
    n = prog[q]
    for k in range(prog[q + 6], prog[q + 7]):
        if not is_settled(prog, k, sender, moves):
            o = prog[2] + OPERAND * k
            find_places(prog, o, 1, places)
            for i in range(n):
                ints[p + i * count + number] = prog[o + 1] + places[i]
            number += 1
    return p + n * count


@njit(cache=True)
def write_pairs(prog, c, sender, moves, copies, doubles, places, ints, p):
    """Write the operands of a clique of pairs; return where the next record starts.

    Parameters
    ----------
    copies, doubles : int
        How many operands hold numbers, not pairs, and where those are written twice; `copies` is
        -1 where the kind allows for none.
    """
    q, number = prog[1] + CLIQUE * c, 0
    room = moves[c, 0] * LANES
    size = round_up(prog[q], LINE) // LINE * room
    if copies >= 0:
        ints[p] = copies
        head, p = p + 1, p + 1 + 3 * copies
    for k in range(prog[q + 6], prog[q + 7]):
        if is_settled(prog, k, sender, moves):
            continue
        o = prog[2] + OPERAND * k
        start, step, count = prog[o + 1], 1, find_places(prog, o, 2, places)
        if mode_of(prog, o) == 0:
            length = length_of(prog, k, sender)
            ints[head], ints[head + 1], ints[head + 2] = start, length, doubles
            start, step = doubles, 2
            head, doubles = head + 3, doubles + 2 * length
        for i in range(count, round_up(count, LANES)):
            places[i] = places[0]
        at, i = U(p + LANES * number), U(0)
        while i < count:
            for j in range(U(LANES)):
                ints[at + j] = start + step * places[i + j]
            at, i = at + U(room), i + U(LANES)
        number += 1
    return p + size


@njit(cache=True)
def write_up(prog, c, sender, moves, places, buffer, ints, p, at):
    """Write one clique's record upwards; return where the next one, and its constants, start."""
    q = prog[1] + CLIQUE * c
    n = prog[q]
    for i in range(1, 5):
        ints[p + i] = prog[q + i]
    ints[p + 5], ints[p + 6], ints[p + 7] = at, moves[c, 0], LINE
    ints[p + 9] = prog[q + 5] < 0
    body = p + UP
    kind, copies = kind_of(prog, c, sender, moves)
    if kind == FIXED:
        end = body
    elif kind == TABLE:
        end = write_table(prog, c, sender, moves, places, ints, body)
    else:
        copies = copies if kind == PAIRED else -1
        end = write_pairs(prog, c, sender, moves, copies, buffer, places, ints, body)
    ints[p], ints[p + 8] = kind, end
    if kind != FIXED and kind != TABLE and moves[c, 1] == 0 and n % LINE == 0:
        ints[p + 5], ints[p + 7] = 0, 0
        return end, at
    return end, at + round_up(n, LINE)


@njit(cache=True)
def write_sums(places, length, mode, count, terms, buffer, cursor, ints, p):
    """Write for each number or pair of a separator which terms of the buffer it is the sum of."""
    step, half = U(1 if mode == 2 else 2), U(mode == 1)
    for k in range(count):
        cursor[k] = p + k * terms
    at = U(buffer)
    for i in range(U(length)):
        k = U(places[i]) >> half
        ints[U(cursor[k])] = at
        cursor[k] += 1
        at += step


@njit(cache=True)
def place_of(prog, o, entry):
    """Return which of an operand's values one entry of a clique meets."""
    inner, mode, m = prog[o + 4], prog[o + 6], prog[o + 7]
    x, j = prog[m + entry // inner], entry % inner
    return x + (j if mode == 1 else 0 if mode == 0 else prog[m + prog[o + 5] + j])


@njit(cache=True)
def write_down(prog, c, sender, places, cursor, buffer, ints, p):
    """Write one clique's record downwards; return where the next one starts."""
    q = prog[1] + CLIQUE * c
    n, kids, at, first, marks = prog[q], 0, p + DOWN, prog[q + 8], prog[q + 9] - prog[q + 8]
    source = np.full(marks, buffer)
    size, step = np.full(marks, n), np.empty(marks, np.int64)
    for i in range(marks):
        step[i] = prog[prog[9] + MARGINAL * (first + i) + 3]
    paired = prog[q + 2] == 2
    if marks > 0:
        r = prog[9] + MARGINAL * first
        paired = paired and marks == 1 and prog[r + 2] == 2 and prog[r + 3] == 1
        if paired:
            ints[at] = prog[r]
            at += 1
    for k in range(prog[q + 6], prog[q + 7]):
        if sender[k] < 0:
            continue
        d, o = prog[1] + CLIQUE * sender[k], prog[2] + OPERAND * k
        mode = mode_of(prog, o)
        length = find_places(prog, o, 1 if mode == 2 else 2, places)
        count = prog[d + 1] // (2 if mode == 1 else 1)
        terms = length // count
        write_sums(places, length, mode, count, terms, buffer, cursor, ints, at + 4)
        ints[at], ints[at + 1], ints[at + 2], ints[at + 3] = mode, prog[d + 4], count, terms
        at += 4 + count * terms
        kids += 1
        for i in range(marks):
            r = prog[9] + MARGINAL * (first + i)
            inner = 0
            if prog[r + 2] > 1:
                inner = place_of(prog, o, prog[r + 3]) - place_of(prog, o, 0)
            if prog[d + 1] < size[i] and inner > 0:
                size[i], source[i], step[i] = prog[d + 1], prog[d + 4], inner
    if marks == 0 and kids == 0:
        return p
    if not paired:
        for i in range(marks):
            r = prog[9] + MARGINAL * (first + i)
            ints[at], ints[at + 2], ints[at + 3] = prog[r], prog[r + 2], step[i]
            ints[at + 1], ints[at + 4] = size[i] // (prog[r + 2] * step[i]), source[i]
            at += 5
    ints[p] = paired
    for i in range(1, 5):
        ints[p + i] = prog[q + i]
    ints[p + 5], ints[p + 6] = marks, kids
    return at


@njit(cache=True)
def room_for(prog):
    """Return the most ints, and entries of one clique, that may be needed."""
    ints, largest = LINE, LINE
    for c in range(prog[0]):
        q = prog[1] + CLIQUE * c
        n = round_up(prog[q], LINE)
        operands = prog[q + 7] - prog[q + 6]
        ints += UP + DOWN + 5 * (prog[q + 9] - prog[q + 8]) + operands * (2 * n + 8) + 1
        largest = max(largest, n)
    return ints, largest


@njit(cache=True, nogil=True)
def lay_lists(prog):
    """Return the ints of a flat program with leaf queries; they are the same for all states."""
    sender = senders(prog)
    moves = count_moves(prog, sender)
    most, largest = room_for(prog)
    ints = np.empty(most, np.int32)
    places, cursor = np.empty(largest, np.int32), np.empty(largest, np.int64)
    ints[:LINE] = 0
    p, at = LINE, FIRST_ONES
    ints[0], ints[1] = prog[0], p
    buffer = prog[prog[1] + 3] + prog[10] if prog[0] > 0 else 0
    for c in range(prog[0]):
        p, at = write_up(prog, c, sender, moves, places, buffer, ints, p, at)
    ints[2], ints[3], ints[5] = p, buffer, at
    for c in range(prog[0] - 1, -1, -1):
        begin = p
        p = write_down(prog, c, sender, places, cursor, buffer, ints, p)
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
