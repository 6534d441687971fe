"""Run any tiled program: one generic set of kernels. The layout is told in `tiles.py`.

Up, a node sends message(separator) = Σ_residual ∏ operands, scaled to a maximum of 1. Down, its
tiles of ∏ operands · belief(separator) / message(separator) are summed onto its children's
separators and onto the marginals.
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.kernels_numba import DONE, FAST, FLOOR, IMPOSSIBLE, TINY, UNSAFE, U
from fascinet.engine.machine_code import njit
from fascinet.engine.tiles_layout import (
    COPY,
    JOIN,
    MARK,
    MASK,
    NODE,
    OPERAND,
    PEEP,
    QUIET,
    ROOT,
    ROWS,
)
from fascinet.engine.tiles_rows_numba import rows_down, rows_up


@njit(cache=True, fastmath=FAST)
def set_tile(ints, r, i, src, s0, dst, d0, size):
    """Set a tile to what operand `r` holds for tile `i`."""
    mode, d, n = ints[r + 4], U(d0), U(size)
    s = U(s0 + ints[ints[r + 6] + i])
    p, inner = U(ints[r + 7]), U(ints[r + 5])
    if mode == 0:
        x = src[s]
        for j in range(n):
            dst[d + j] = x
    elif mode == 1:
        for j in range(n):
            dst[d + j] = src[s + j]
    elif mode == 2:
        for j in range(n):
            dst[d + j] = src[s + U(ints[p + j])]
    else:
        for k in range(n // inner):
            t = s + U(ints[p + k])
            if mode == 3:
                for j in range(inner):
                    dst[d + j] = src[t + j]
            else:
                x = src[t]
                for j in range(inner):
                    dst[d + j] = x
            d += inner


@njit(cache=True, fastmath=FAST)
def multiply_tile(ints, r, i, src, s0, dst, d0, size):
    """Multiply a tile by what operand `r` holds for tile `i`."""
    mode, d, n = ints[r + 4], U(d0), U(size)
    s = U(s0 + ints[ints[r + 6] + i])
    p, inner = U(ints[r + 7]), U(ints[r + 5])
    if mode == 0:
        x = src[s]
        for j in range(n):
            dst[d + j] *= x
    elif mode == 1:
        for j in range(n):
            dst[d + j] *= src[s + j]
    elif mode == 2:
        for j in range(n):
            dst[d + j] *= src[s + U(ints[p + j])]
    else:
        for k in range(n // inner):
            t = s + U(ints[p + k])
            if mode == 3:
                for j in range(inner):
                    dst[d + j] *= src[t + j]
            else:
                x = src[t]
                for j in range(inner):
                    dst[d + j] *= x
            d += inner


@njit(cache=True, fastmath=FAST)
def add_tile(ints, r, i, src, s0, dst, d0, size):
    """Add a tile onto an operand's shape: the transpose of `multiply_tile`."""
    mode, s, n = ints[r + 4], U(s0), U(size)
    d = U(d0 + ints[ints[r + 6] + i])
    p, inner = U(ints[r + 7]), U(ints[r + 5])
    if mode == 0:
        x = 0.0
        for j in range(n):
            x += src[s + j]
        dst[d] += x
    elif mode == 1:
        for j in range(n):
            dst[d + j] += src[s + j]
    elif mode == 2:
        for j in range(n):
            dst[d + U(ints[p + j])] += src[s + j]
    else:
        for k in range(n // inner):
            t = d + U(ints[p + k])
            if mode == 3:
                for j in range(inner):
                    dst[t + j] += src[s + j]
            else:
                x = 0.0
                for j in range(inner):
                    x += src[s + j]
                dst[t] += x
            s += inner


@njit(cache=True, fastmath=FAST)
def rescale(work, m0, rows):
    """Scale a message to a maximum of 1; return the scale, 0 if impossible, or TINY / 2."""
    m, n = U(m0), U(rows)
    top, low = 0.0, 1.0
    for j in range(n):
        x = work[m + j]
        top = max(top, x)
        low = min(low, x if x > 0.0 else 1.0)
    if low < FLOOR:
        return TINY / 2
    if top > 0.0:
        x = 1.0 / top
        for j in range(n):
            work[m + j] *= x
    return top


@njit(cache=True)
def start_of(ints, r, obs):
    """Return where a window starts for the observed states: offset and slices lie at `r`."""
    at = np.int64(ints[r])
    for j in range(ints[r + 1], ints[r + 2]):
        at += np.int64(ints[ints[4] + 2 * j]) * obs[ints[ints[4] + 2 * j + 1]]
    return at


@njit(cache=True)
def prepare(ints, base, obs, work, starts):
    """Find where each operand starts for the observed states; copy windows into rows."""
    for k in range(len(starts)):
        starts[k] = start_of(ints, np.int64(ints[3]) + OPERAND * k + 1, obs)
    for k in range(ints[21]):
        p = np.int64(ints[20]) + COPY * k
        start, to = start_of(ints, p, obs), np.int64(ints[p + 3])
        stride, states = np.int64(ints[p + 6]), np.int64(ints[p + 7])
        for i in range(ints[p + 4]):
            at = start + ints[ints[p + 5] + i]
            for j in range(states):
                work[to + j] = base[at + j * stride]
            work[to + states : to + ints[p + 8]] = 0.0
            to += np.int64(ints[p + 8])
    for k in range(ints[23]):
        p = np.int64(ints[22]) + MASK * k
        work[ints[p] : ints[p] + ints[p + 2]] = 0.0
        work[ints[p] : ints[p] + ints[p + 1]] = 1.0


@njit(cache=True, fastmath=FAST)
def is_zero(work, d0, size):
    """Tell whether a tile is zero throughout; most that are not tell so in their first entries."""
    d, n, j = U(d0), U(size), U(0)
    while j < n:
        x, end = 0.0, min(j + U(PEEP), n)
        for k in range(j, end):
            x += work[d + k]
        if x != 0.0:
            return False
        j = end
    return True


@njit(cache=True)
def fill_tile(ints, q, i, base, work, starts, to, size, fresh):
    """Put the product of a node's operands into a tile (`fresh`), or multiply it into it.

    Returns
    -------
    bool
        Whether the tile is anything but zero; if not, the product may be unfinished.
    """
    for k in range(ints[q + 6], ints[q + 7]):
        r = np.int64(ints[3]) + OPERAND * k
        if ints[r + 4] == ROWS:
            continue
        if ints[r] == 0:
            if fresh:
                set_tile(ints, r, i, base, starts[k], work, to, size)
            else:
                multiply_tile(ints, r, i, base, starts[k], work, to, size)
        elif ints[r] == 1:
            if fresh:
                set_tile(ints, r, i, work, starts[k], work, to, size)
            else:
                multiply_tile(ints, r, i, work, starts[k], work, to, size)
        else:
            continue
        fresh = False
        if is_zero(work, to, size):
            return False
    if fresh:
        work[to : to + size] = 1.0
    return True


@njit(cache=True)
def collect_rows(ints, q, base, work, starts, live, spots):
    """Add a node's rows to its message."""
    m, size, own = np.int64(ints[q + 3]), np.int64(ints[q]), np.int64(ints[q + 12])
    tile, sums = np.int64(ints[10]), np.int64(ints[17])
    for i in range(ints[q + 1]):
        some = fill_tile(ints, q, i, base, work, starts, tile, size, True)
        live[ints[q + 16] + i] = some
        if some:
            rows_up(ints, q, i, base, work, starts, spots)
            if ints[own + 4] != ROWS:
                add_tile(ints, own, i, work, sums, work, m, size)


@njit(cache=True, nogil=True)
def collect_tiles(ints, base, obs, work, starts, live):
    """Pass messages to the roots; return a status and ln P(e); note which tiles are not zero."""
    total, product = 0.0, 1.0
    prepare(ints, base, obs, work, starts)
    for k in range(ints[5]):
        x = base[starts[ints[2] + k]]
        if x <= 0.0:
            return IMPOSSIBLE, -np.inf
        product *= x
        if product < TINY:
            total += log(product)
            product = 1.0
    work[ints[12] : ints[7]] = 0.0
    tile, spots = np.int64(ints[10]), np.empty((2 * ints[24] + 2, 2), np.int64)
    for n in range(ints[0]):
        q = np.int64(ints[1]) + NODE * n
        m, size, own = np.int64(ints[q + 3]), np.int64(ints[q]), np.int64(ints[q + 12])
        if m < 0:
            continue
        if ints[q + 17]:
            collect_rows(ints, q, base, work, starts, live, spots)
        for i in range(0 if ints[q + 17] else ints[q + 1]):
            if ints[q + 5] == JOIN:
                fill_tile(ints, q, i, base, work, starts, m + i * size, size, True)
            else:
                some = fill_tile(ints, q, i, base, work, starts, tile, size, True)
                live[ints[q + 16] + i] = some
                if some:
                    add_tile(ints, own, i, work, tile, work, m, size)
        work[np.int64(ints[13]) + n] = 1.0
        if ints[q + 15] & QUIET:
            continue
        top = rescale(work, m, ints[q + 2])
        if top == 0.0:
            return IMPOSSIBLE, -np.inf
        if top < TINY:
            return UNSAFE, 0.0
        work[np.int64(ints[13]) + n] = top
        product *= top
        if product < TINY or product > 1e150:
            total += log(product)
            product = 1.0
    return DONE, total + log(product)


@njit(cache=True, fastmath=FAST)
def read_mark(ints, r, work, b0, out):
    """Add one marginal of a table at `b0` to the answer; its record lies at `r`."""
    at, card, inner, d = U(ints[r]), U(ints[r + 2]), U(ints[r + 3]), U(b0)
    for _ in range(ints[r + 1]):
        for s in range(card):
            x = work[d]
            for j in range(U(1), inner):
                x += work[d + j]
            out[at + s] += x
            d += inner
        d += U(ints[r + 4])


@njit(cache=True)
def weigh(ints, q, work, top):
    """Turn a clique's belief of the separator into its weight, belief / message."""
    b, m = np.int64(ints[q + 4]), np.int64(ints[q + 3])
    if m >= 0:
        for j in range(ints[q + 2]):
            x = work[m + j] * top
            work[b + j] = work[b + j] / x if x > 0.0 else 0.0


@njit(cache=True, fastmath=FAST)
def spread_tile(ints, q, i, work, to, size):
    """Add a tile of beliefs to the children's separators."""
    for k in range(ints[q + 6], ints[q + 7]):
        r = np.int64(ints[3]) + OPERAND * k
        if ints[r + 8] >= 0 and ints[r + 4] != ROWS:
            add_tile(ints, r, i, work, to, work, np.int64(ints[r + 8]), size)


@njit(cache=True, fastmath=FAST)
def mark_tile(ints, q, i, work, to, size, total, out):
    """Add a tile of beliefs to the marginals that it tells of."""
    if ints[q + 10] < ints[q + 11]:
        x, d = 0.0, U(to)
        for j in range(U(size)):
            x += work[d + j]
        for k in range(ints[q + 10], ints[q + 11]):
            r = np.int64(ints[6]) + MARK * k
            out[ints[r] + ints[ints[r + 1] + i]] += x
    if ints[q + 13] < ints[q + 14]:
        d, s = U(total), U(to)
        for j in range(U(size)):
            work[d + j] += work[s + j]


@njit(cache=True)
def distribute_rows(ints, q, base, work, starts, live, spots, out):
    """Spread a node's rows of beliefs over its children's separators and the marginals."""
    b, size, own = np.int64(ints[q + 4]), np.int64(ints[q]), np.int64(ints[q + 12])
    tile, sums, total = np.int64(ints[10]), np.int64(ints[17]), np.int64(ints[11])
    row = np.int64(ints[19])
    join, width, place = ints[q + 5] == JOIN, np.int64(ints[q + 17]), np.int64(ints[q + 18])
    if place >= 0:
        work[row : row + width] = 0.0
    for i in range(ints[q + 1]):
        if not join and ints[q + 3] >= 0 and not live[ints[q + 16] + i]:
            continue
        fresh = ints[own + 4] == ROWS
        if not fresh:
            set_tile(ints, own, i, work, b, work, tile, size)
            if is_zero(work, tile, size):
                continue
        if join:
            work[tile : tile + size] = 1.0
        elif not fill_tile(ints, q, i, base, work, starts, tile, size, fresh):
            continue
        rows_down(ints, q, i, base, work, starts, spots)
        spread_tile(ints, q, i, work, sums, size)
        mark_tile(ints, q, i, work, sums, size, total, out)
    if place >= 0:
        for j in range(ints[q + 19]):
            out[place + j] += work[row + j]


@njit(cache=True, nogil=True)
def distribute_tiles(ints, base, work, starts, live, out):
    """Pass beliefs from the roots down and write every marginal, summing to one."""
    work[ints[7] : ints[8]] = 0.0
    for k in range(ints[15]):
        p = np.int64(ints[14]) + 2 * k
        out[ints[p] : ints[p] + ints[p + 1]] = 0.0
    tile, total = np.int64(ints[10]), np.int64(ints[11])
    spots = np.empty((2 * ints[24] + 2, 2), np.int64)
    for n in range(ints[0] - 1, -1, -1):
        q = np.int64(ints[1]) + NODE * n
        b, size, own = np.int64(ints[q + 4]), np.int64(ints[q]), np.int64(ints[q + 12])
        if b < 0:
            continue
        if ints[q + 15] & ROOT:
            work[b] = 1.0
        for k in range(ints[q + 8], ints[q + 9]):
            read_mark(ints, np.int64(ints[6]) + MARK * k, work, b, out)
        if ints[q + 5] != JOIN:
            weigh(ints, q, work, work[np.int64(ints[13]) + n])
        if ints[q + 13] < ints[q + 14]:
            work[total : total + size] = 0.0
        if ints[q + 17]:
            distribute_rows(ints, q, base, work, starts, live, spots, out)
            for k in range(ints[q + 13], ints[q + 14]):
                read_mark(ints, np.int64(ints[6]) + MARK * k, work, total, out)
            continue
        if ints[q + 5] == JOIN:
            for i in range(ints[q + 1]):
                if not is_zero(work, b + i * size, size):
                    spread_tile(ints, q, i, work, b + i * size, size)
            continue
        for i in range(ints[q + 1]):
            if ints[q + 3] >= 0 and not live[ints[q + 16] + i]:
                continue
            set_tile(ints, own, i, work, b, work, tile, size)
            if is_zero(work, tile, size):
                continue
            if fill_tile(ints, q, i, base, work, starts, tile, size, False):
                spread_tile(ints, q, i, work, tile, size)
                mark_tile(ints, q, i, work, tile, size, total, out)
        for k in range(ints[q + 13], ints[q + 14]):
            read_mark(ints, np.int64(ints[6]) + MARK * k, work, total, out)
    for k in range(ints[15]):
        p = U(ints[14] + 2 * k)
        x = 0.0
        for j in range(U(ints[p + U(1)])):
            x += out[U(ints[p]) + j]
        x = 1.0 / x
        for j in range(U(ints[p + U(1)])):
            out[U(ints[p]) + j] *= x
