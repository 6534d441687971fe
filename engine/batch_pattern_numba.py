"""Cases of one pattern through its program, by vectors: a case a lane.

The program is that of `flatten.py`, without soft evidence and without leaf queries. Where the
observed states of the lanes differ, so do the windows that an operand reads; the tables are then
gathered lane by lane. The work space is counted in vectors::

    tables of all cliques | their sums m, later B / m | beliefs of separators
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.batch_numba import is_small
from fascinet.engine.batch_vectors import (
    add,
    gather,
    load,
    pointer,
    ratio,
    same,
    spread,
    store,
    times,
)
from fascinet.engine.kernel_cache import njit
from fascinet.engine.kernels_numba import (
    CLIQUE,
    DONE,
    IMPOSSIBLE,
    MARGINAL,
    OPERAND,
    TINY,
    UNSAFE,
    U,
)

SMALL = 1e-60  # below it a lane is scaled
WIDTH = 8


@njit(cache=True)
def read_offsets(prog, o, states, stride, rows, offsets):
    """Write where an operand starts in each lane; return whether it is the same in all."""
    alike = True
    for i in range(WIDTH):
        at = np.int64(prog[o + 1])
        for k in range(prog[o + 2], prog[o + 3]):
            s = np.int64(prog[6]) + 2 * k
            at += np.int64(prog[s]) * max(states[rows[i] * stride + prog[s + 1]], 0)
        offsets[i] = at
        alike = alike and at == offsets[0]
    return alike


@njit(cache=True)
def put_base(prog, o, work, d0, base, offsets, alike, fresh):
    """Set or multiply a table by an operand of the base."""
    inner, outer, mode, m = U(prog[o + 4]), U(prog[o + 5]), prog[o + 6], U(prog[o + 7])
    d, first = U(d0), U(offsets[0])
    for i in range(outer):
        block = U(prog[m + i])
        for j in range(inner):
            at = block
            if mode == 1:
                at += j
            elif mode == 2:
                at += U(prog[m + outer + j])
            x = spread(base, first + at) if alike else gather(base, offsets, at)
            store(work, d, x if fresh else times(load(work, d), x))
            d += U(1)


@njit(cache=True)
def put_message(prog, o, work, d0, s0, fresh):
    """Set or multiply a table by a message from below."""
    inner, outer, mode, m = U(prog[o + 4]), U(prog[o + 5]), prog[o + 6], U(prog[o + 7])
    d, s = U(d0), U(s0)
    for i in range(outer):
        block = s + U(prog[m + i])
        for j in range(inner):
            at = block
            if mode == 1:
                at += j
            elif mode == 2:
                at += U(prog[m + outer + j])
            x = load(work, at)
            store(work, d, x if fresh else times(load(work, d), x))
            d += U(1)


@njit(cache=True)
def sum_rows(work, t0, m0, rows0, cols0):
    """Write m = Σ T over the residual variables."""
    t, m, rows, cols = U(t0), U(m0), U(rows0), U(cols0)
    for s in range(rows):
        total = load(work, t)
        t += U(1)
        for _ in range(U(1), cols):
            total = add(total, load(work, t))
            t += U(1)
        store(work, m + s, total)


@njit(cache=True)
def rescale(work, t0, m0, rows, size, totals, status):
    """Scale each lane of a table and its sums that got small to a largest sum of one."""
    for i in range(WIDTH):
        top = work[m0 * WIDTH + i]
        for s in range(1, rows):
            top = max(top, work[(m0 + s) * WIDTH + i])
        if 0.0 < top < SMALL:
            if top < TINY:
                status[i] = UNSAFE
            totals[i] += log(top)
            for s in range(rows):
                work[(m0 + s) * WIDTH + i] /= top
            for j in range(size):
                work[(t0 + j) * WIDTH + i] /= top


@njit(cache=True)
def send_down(prog, o, work, s0, d0, rows):
    """Sum a belief onto a separator, through the map of its message."""
    inner, outer, mode, m = U(prog[o + 4]), U(prog[o + 5]), prog[o + 6], U(prog[o + 7])
    s, d = U(s0), U(d0)
    for i in range(U(rows)):
        store(work, d + i, same(work, 0.0))
    for i in range(outer):
        block = d + U(prog[m + i])
        if mode == 0:
            total = same(work, 0.0)
            for _ in range(inner):
                total = add(total, load(work, s))
                s += U(1)
            store(work, block, add(load(work, block), total))
        else:
            for j in range(inner):
                at = block + (j if mode == 1 else U(prog[m + outer + j]))
                store(work, at, add(load(work, at), load(work, s)))
                s += U(1)


@njit(cache=True)
def believe(work, t0, b0, m0, rows0, cols0):
    """T = T · B / m."""
    t, b, m, rows, cols = U(t0), U(b0), U(m0), U(rows0), U(cols0)
    for s in range(rows):
        weight = ratio(load(work, b + s), load(work, m + s))
        for _ in range(cols):
            store(work, t, times(load(work, t), weight))
            t += U(1)


@njit(cache=True)
def read_marginals(prog, q, work, t0, spare, rows, count, out, places):
    """Write the marginals of a clique's residual variables to the rows of the answer."""
    for k in range(prog[q + 8], prog[q + 9]):
        r = np.int64(prog[9]) + MARGINAL * k
        at, outer, mid, inner = np.int64(prog[r]), U(prog[r + 1]), U(prog[r + 2]), U(prog[r + 3])
        for s in range(mid):
            total = same(work, 0.0)
            for i in range(outer):
                j = U(t0) + (i * mid + s) * inner
                for _ in range(inner):
                    total = add(total, load(work, j))
                    j += U(1)
            store(spare, U(0), total)
            for i in range(count):
                out[rows[i] * places + at + np.int64(s)] = spare[i]


@njit(cache=True)
def collect(prog, base, states, stride, rows, work, offsets, totals, status):
    """Pass messages to the roots, and add ln P(e) to the totals."""
    for k in range(prog[8]):
        read_offsets(prog, np.int64(prog[7]) + OPERAND * k, states, stride, rows, offsets)
        for i in range(WIDTH):
            x = base[offsets[i]]
            if x > 0.0:
                totals[i] += log(x)
            else:
                status[i] = IMPOSSIBLE
    for c in range(prog[0]):
        q = np.int64(prog[1]) + CLIQUE * c
        t, m, fresh = np.int64(prog[q + 3]), np.int64(prog[q + 4]), True
        for k in range(prog[q + 6], prog[q + 7]):
            o = np.int64(prog[2]) + OPERAND * k
            if prog[o] == 0:
                alike = read_offsets(prog, o, states, stride, rows, offsets)
                put_base(prog, o, work, t, base, offsets, alike, fresh)
            else:
                put_message(prog, o, work, t, prog[o + 1], fresh)
            fresh = False
        if fresh:
            for j in range(prog[q]):
                store(work, U(t + j), same(work, 1.0))
        sum_rows(work, t, m, prog[q + 1], prog[q + 2])
        if is_small(work, m, prog[q + 1], SMALL):
            rescale(work, t, m, prog[q + 1], prog[q], totals, status)
        if prog[q + 5] < 0:
            for i in range(WIDTH):
                x = work[m * WIDTH + i]
                if x > 0.0:
                    totals[i] += log(x)
                elif status[i] == DONE:
                    status[i] = IMPOSSIBLE


@njit(cache=True)
def distribute(prog, work, beliefs, spare, rows, count, out, places):
    """Turn tables into beliefs, roots first, and read every marginal."""
    shift = beliefs - np.int64(prog[10])
    for c in range(prog[0] - 1, -1, -1):
        q = np.int64(prog[1]) + CLIQUE * c
        t, m, parent = np.int64(prog[q + 3]), np.int64(prog[q + 4]), np.int64(prog[q + 5])
        if parent >= 0:
            above = np.int64(prog[np.int64(prog[1]) + CLIQUE * parent + 3])
            send_down(prog, np.int64(prog[q + 10]), work, above, m + shift, prog[q + 1])
        else:
            store(work, U(m + shift), same(work, 1.0))
        believe(work, t, m + shift, m, prog[q + 1], prog[q + 2])
        read_marginals(prog, q, work, t, spare, rows, count, out, places)


@njit(cache=True, nogil=True)
def run_group(flat, base_array, state_array, rows, work, buffers, out, logs, status):
    """Answer the cases `rows` of a frame.

    Parameters
    ----------
    flat : int32 array
        The program; it has no soft evidence and no leaf queries.
    state_array : int16 array, shape (cases, variables)
        In C order.
    work : array, shape (rows of the work space, 8)
    buffers : tuple of arrays
        int64 (16,), float64 (16,), uint8 (8,): owned by the caller, as their addresses are used.
    out : array, shape (cases, places) or (0, places)
        Of the free variables alone.
    """
    numbers, reals, marks = buffers
    prog, base, states = pointer(flat), pointer(base_array), pointer(state_array)
    table, places = pointer(work), out.shape[1]
    lanes, offsets = pointer(numbers), pointer(numbers[WIDTH:])
    totals, spare, state_of = pointer(reals), pointer(reals[WIDTH:]), pointer(marks)
    answer, stride = pointer(out), state_array.shape[1]
    separators = np.int64(flat[11] - flat[10])
    for begin in range(0, len(rows), WIDTH):
        count = min(WIDTH, len(rows) - begin)
        for i in range(WIDTH):
            lanes[i] = rows[begin + min(i, count - 1)]
            totals[i] = 0.0
            state_of[i] = DONE
        collect(prog, base, states, stride, lanes, table, offsets, totals, state_of)
        for i in range(count):
            logs[lanes[i]] = totals[i] if state_of[i] == DONE else -np.inf
            status[lanes[i]] = state_of[i]
        if out.shape[0] > 0:
            beliefs = np.int64(flat[10]) + separators
            distribute(prog, table, beliefs, spare, lanes, count, answer, places)
