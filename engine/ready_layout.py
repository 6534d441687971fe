"""Lay a program with leaf queries out for `rise_numba.py` and `fall_numba.py`.

What no likelihood changes is multiplied at once: a clique's table starts as the product of its
factors (for the observed states at hand) and of the messages from below that are the same in every
case. What remains are *operands*: likelihoods and messages, each read at listed places.

Layout of the ints (int32; places count numbers of the work space)::

    head    0 cliques  1 → first record upwards  2 → first record downwards  3 buffer
            4 records downwards
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
from fascinet.engine.flatten import expand
from fascinet.engine.kernels_numba import (
    CLIQUE,
    DONE,
    IMPOSSIBLE,
    MARGINAL,
    OPERAND,
    TINY,
    UNSAFE,
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
def settle(prog, base, obs, sender, work, moves):
    """Multiply what no case changes; return a status and the part of ln P(e) that is in it.

    Parameters
    ----------
    moves : int64 array, shape (cliques, 2)
        Filled with the operands that a case changes and with those that it does not.
    """
    total = 0.0
    for k in range(prog[8]):
        x = base[offset_of(prog, np.int64(prog[7]) + OPERAND * k, obs)]
        if x <= 0.0:
            return IMPOSSIBLE, -np.inf
        total += log(x)
    for c in range(prog[0]):
        q = np.int64(prog[1]) + CLIQUE * c
        t, m = np.int64(prog[q + 3]), np.int64(prog[q + 4])
        for k in range(prog[q + 6], prog[q + 7]):
            o, fresh = np.int64(prog[2]) + OPERAND * k, moves[c, 1] == 0
            if prog[o] == 0:
                put(prog, o, work, t, base, offset_of(prog, o, obs), fresh)
            elif sender[k] >= 0 and moves[sender[k], 0] == 0:
                put(prog, o, work, t, work, np.int64(prog[o + 1]), fresh)
            else:
                moves[c, 0] += 1
                continue
            moves[c, 1] += 1
        if moves[c, 1] == 0:
            work[t : t + prog[q]] = 1.0
        if moves[c, 0] == 0:
            top = condition(work, t, m, prog[q + 1], prog[q + 2])
            if top < TINY:
                return IMPOSSIBLE if top == 0.0 else UNSAFE, 0.0
            total += log(top)
    return DONE, total


@njit(cache=True)
def mode_of(places, n):
    """Return 1 if the places come as pairs, 0 if each comes twice, else 2."""
    if n % 2 == 1:
        return 2
    step = places[1] - places[0]
    for i in range(0, n, 2):
        if places[i + 1] - places[i] != step:
            return 2
    return step if step == 0 or step == 1 else 2


@njit(cache=True)
def is_settled(prog, k, sender, moves):
    """Tell whether operand k is part of the constants."""
    if sender[k] >= 0:
        return moves[sender[k], 0] == 0
    return prog[prog[2] + OPERAND * k] == 0


@njit(cache=True)
def write_table(prog, c, sender, moves, places, ints, p):
    """Write the operands of a clique of any shape; return where the next record starts."""
    q, number, count = prog[1] + CLIQUE * c, 0, moves[c, 0]
    n = prog[q]
    for k in range(prog[q + 6], prog[q + 7]):
        if not is_settled(prog, k, sender, moves):
            o = prog[2] + OPERAND * k
            expand(prog, o, places, 0)
            for i in range(n):
                ints[p + i * count + number] = prog[o + 1] + places[i]
            number += 1
    return p + n * count


@njit(cache=True)
def write_pairs(prog, c, sender, moves, places, ints, p, doubles):
    """Write the operands of a clique of pairs; return where the next record starts, -1 if not one.

    Parameters
    ----------
    doubles : int
        Where operands are written that do not hold pairs but numbers, to be doubled; -1 if none is
        allowed.
    """
    q = prog[1] + CLIQUE * c
    n, number, count, copies = prog[q], 0, moves[c, 0], 0
    head = p
    if doubles >= 0:
        p += 1 + 3 * count
    blocks = round_up(n, LINE) // LINE
    for k in range(prog[q + 6], prog[q + 7]):
        if is_settled(prog, k, sender, moves):
            continue
        o = prog[2] + OPERAND * k
        expand(prog, o, places, 0)
        mode, start, step = mode_of(places, n), prog[o + 1], 1
        if mode == 2 or (mode == 0 and doubles < 0):
            return -1
        if mode == 0:
            top = 0
            for i in range(n):
                top = max(top, places[i] + 1)
            r = head + 1 + 3 * copies
            ints[r], ints[r + 1], ints[r + 2] = start, top, doubles
            start, step = doubles, 2
            doubles += round_up(top, LANES) * 2
            copies += 1
        for i in range(blocks * LANES):
            at = p + (i // LANES * count + number) * LANES + i % LANES
            ints[at] = start + step * (places[2 * i] if 2 * i < n else places[0])
        number += 1
    if copies < count and doubles >= 0:  # the list starts right behind the doubled
        end = p + blocks * LANES * count
        gap = 3 * (count - copies)
        for i in range(p, end):
            ints[i - gap] = ints[i]
        p -= gap
    if doubles >= 0:
        ints[head] = copies
    return p + blocks * LANES * count


@njit(cache=True)
def write_up(prog, c, sender, moves, places, buffer, work, ints, p, floats, at):
    """Write one clique's record upwards; return where the next one, and its constants, start."""
    q = prog[1] + CLIQUE * c
    n, rows, cols, t = prog[q], prog[q + 1], prog[q + 2], np.int64(prog[q + 3])
    ints[p + 1], ints[p + 2], ints[p + 3], ints[p + 4] = rows, cols, t, prog[q + 4]
    ints[p + 5], ints[p + 6], ints[p + 7] = at, moves[c, 0], LINE
    ints[p + 9] = prog[q + 5] < 0
    body = p + UP
    if moves[c, 0] == 0:
        kind, end = FIXED, body
    else:
        kind = ROWS + min(moves[c, 0], MANY - ROWS)
        end = -1
        if cols == 2:
            end = write_pairs(prog, c, sender, moves, places, ints, body, -1)
        if end < 0:
            kind = PAIRED
            end = write_pairs(prog, c, sender, moves, places, ints, body, buffer)
        if end < 0:
            kind = TABLE
            end = write_table(prog, c, sender, moves, places, ints, body)
    ints[p], ints[p + 8] = kind, end
    if kind != FIXED and kind != TABLE and moves[c, 1] == 0 and n % LINE == 0:
        ints[p + 5], ints[p + 7] = 0, 0
        return end, at
    room = round_up(n, LINE)
    floats[at : at + n] = work[t : t + n]
    floats[at + n : at + room] = 0.0
    return end, at + room


@njit(cache=True)
def write_sums(places, n, mode, buffer, cursor, ints, p):
    """Write for each number or pair of a separator which terms of the buffer it is the sum of.

    Returns
    -------
    sums : int
    terms : int
        Of each.
    """
    wide = 1 if mode == 2 else 2
    narrow = 2 if mode == 1 else 1
    top = 0
    for i in range(n):
        top = max(top, places[i] + 1)
    count = top // narrow
    terms = n // wide // count
    cursor[:count] = 0
    for i in range(0, n, wide):
        k = places[i] // narrow
        ints[p + k * terms + cursor[k]] = buffer + i
        cursor[k] += 1
    return count, terms


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
        d = prog[1] + CLIQUE * sender[k]
        expand(prog, prog[2] + OPERAND * k, places, 0)
        mode = mode_of(places, n)
        ints[at], ints[at + 1] = mode, prog[d + 4]
        count, terms = write_sums(places, n, mode, buffer, cursor, ints, at + 4)
        ints[at + 2], ints[at + 3] = count, terms
        at += 4 + count * terms
        kids += 1
        for i in range(marks):
            r = prog[9] + MARGINAL * (first + i)
            inner = places[prog[r + 3]] - places[0] if prog[r + 2] > 1 else 0
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
    """Return the most ints, constants, and entries of one clique that may be needed."""
    ints, floats, largest = LINE, FIRST_ONES, LINE
    for c in range(prog[0]):
        q = prog[1] + CLIQUE * c
        n = round_up(prog[q], LINE)
        operands = prog[q + 7] - prog[q + 6]
        ints += UP + DOWN + 5 * (prog[q + 9] - prog[q + 8]) + operands * (2 * n + 8) + 1
        floats, largest = floats + n, max(largest, n)
    return ints, floats, largest


@njit(cache=True, nogil=True)
def lay_ready(prog, base, obs):
    """Return the ints, the constants, a status and the constants' part of ln P(e)."""
    sender, moves = senders(prog), np.zeros((prog[0], 2), np.int64)
    most, numbers, largest = room_for(prog)
    ints, floats = np.zeros(most, np.int32), np.ones(numbers)
    work = np.empty(prog[11])
    status, total = settle(prog, base, obs, sender, work, moves)
    if status != DONE:
        return ints[:LINE].copy(), floats[:0].copy(), status, total
    places, cursor = np.empty(largest, np.int64), np.empty(largest, np.int64)
    p, at = LINE, FIRST_ONES
    ints[0], ints[1] = prog[0], p
    buffer = prog[prog[1] + 3] + prog[10] if prog[0] > 0 else 0
    for c in range(prog[0]):
        p, at = write_up(prog, c, sender, moves, places, buffer, work, ints, p, floats, at)
    ints[2], ints[3] = p, buffer
    for c in range(prog[0] - 1, -1, -1):
        begin = p
        p = write_down(prog, c, sender, places, cursor, buffer, ints, p)
        ints[4] += p > begin
    return ints[:p].copy(), floats[:at].copy(), status, total
