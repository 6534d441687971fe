"""Sums over a clique's rows for eight leaf queries at once.

A row is one state of the separator, its columns are the states of the residual variables:

    sent[row, lane] = Σ_column P(column | row) · ∏_operands sent[place(operand, entry), lane]

where an operand is a kid's message or the links on one variable, and `places` tells for each entry
of the clique's table which row of it is met. The eight sums of a row are eight scalars, so that the
compiler keeps them in vector registers; with an array it may not, since that might overlap what is
read.
"""

# pyright: basic
import numpy as np

from fascinet.engine.kernels_numba import FAST, U
from fascinet.engine.machine_code import njit

TILE = 64


@njit(cache=True, fastmath=FAST)
def sum_one(work, w0, rows, cols, places, m0, sent, low0):
    """Sum the rows of a clique with one operand."""
    p, m, low = U(w0), U(m0), U(low0)
    for s in range(U(rows)):
        a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = 0.0
        for _ in range(U(cols)):
            x, u = work[p], U(places[m])
            p += U(1)
            m += U(1)
            a0 += x * sent[u, 0]
            a1 += x * sent[u, 1]
            a2 += x * sent[u, 2]
            a3 += x * sent[u, 3]
            a4 += x * sent[u, 4]
            a5 += x * sent[u, 5]
            a6 += x * sent[u, 6]
            a7 += x * sent[u, 7]
        t = low + s
        sent[t, 0], sent[t, 1], sent[t, 2], sent[t, 3] = a0, a1, a2, a3
        sent[t, 4], sent[t, 5], sent[t, 6], sent[t, 7] = a4, a5, a6, a7


@njit(cache=True, fastmath=FAST)
def sum_two(work, w0, rows, cols, places, m0, n0, sent, low0):
    """Sum the rows of a clique with two operands."""
    p, m, n, low = U(w0), U(m0), U(n0), U(low0)
    for s in range(U(rows)):
        a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = 0.0
        for _ in range(U(cols)):
            x, u, v = work[p], U(places[m]), U(places[n])
            p += U(1)
            m += U(1)
            n += U(1)
            a0 += x * sent[u, 0] * sent[v, 0]
            a1 += x * sent[u, 1] * sent[v, 1]
            a2 += x * sent[u, 2] * sent[v, 2]
            a3 += x * sent[u, 3] * sent[v, 3]
            a4 += x * sent[u, 4] * sent[v, 4]
            a5 += x * sent[u, 5] * sent[v, 5]
            a6 += x * sent[u, 6] * sent[v, 6]
            a7 += x * sent[u, 7] * sent[v, 7]
        t = low + s
        sent[t, 0], sent[t, 1], sent[t, 2], sent[t, 3] = a0, a1, a2, a3
        sent[t, 4], sent[t, 5], sent[t, 6], sent[t, 7] = a4, a5, a6, a7


@njit(cache=True, fastmath=FAST)
def sum_three(work, w0, rows, cols, places, m0, n0, h0, sent, low0):
    """Sum the rows of a clique with three operands."""
    p, m, n, h, low = U(w0), U(m0), U(n0), U(h0), U(low0)
    for s in range(U(rows)):
        a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = 0.0
        for _ in range(U(cols)):
            x, u, v, w = work[p], U(places[m]), U(places[n]), U(places[h])
            p += U(1)
            m += U(1)
            n += U(1)
            h += U(1)
            a0 += x * sent[u, 0] * sent[v, 0] * sent[w, 0]
            a1 += x * sent[u, 1] * sent[v, 1] * sent[w, 1]
            a2 += x * sent[u, 2] * sent[v, 2] * sent[w, 2]
            a3 += x * sent[u, 3] * sent[v, 3] * sent[w, 3]
            a4 += x * sent[u, 4] * sent[v, 4] * sent[w, 4]
            a5 += x * sent[u, 5] * sent[v, 5] * sent[w, 5]
            a6 += x * sent[u, 6] * sent[v, 6] * sent[w, 6]
            a7 += x * sent[u, 7] * sent[v, 7] * sent[w, 7]
        t = low + s
        sent[t, 0], sent[t, 1], sent[t, 2], sent[t, 3] = a0, a1, a2, a3
        sent[t, 4], sent[t, 5], sent[t, 6], sent[t, 7] = a4, a5, a6, a7


@njit(cache=True, fastmath=FAST)
def add_two(row, cols, work, w0, places, m0, n0, sent, low):
    """Add Σ_column P · row[column] · two operands to one row's sums."""
    p, m, n, t = U(w0), U(m0), U(n0), U(low)
    a0, a1, a2, a3 = sent[t, 0], sent[t, 1], sent[t, 2], sent[t, 3]
    a4, a5, a6, a7 = sent[t, 4], sent[t, 5], sent[t, 6], sent[t, 7]
    for j in range(U(cols)):
        x, u, v = work[p + j], U(places[m + j]), U(places[n + j])
        a0 += x * row[j, 0] * sent[u, 0] * sent[v, 0]
        a1 += x * row[j, 1] * sent[u, 1] * sent[v, 1]
        a2 += x * row[j, 2] * sent[u, 2] * sent[v, 2]
        a3 += x * row[j, 3] * sent[u, 3] * sent[v, 3]
        a4 += x * row[j, 4] * sent[u, 4] * sent[v, 4]
        a5 += x * row[j, 5] * sent[u, 5] * sent[v, 5]
        a6 += x * row[j, 6] * sent[u, 6] * sent[v, 6]
        a7 += x * row[j, 7] * sent[u, 7] * sent[v, 7]
    sent[t, 0], sent[t, 1], sent[t, 2], sent[t, 3] = a0, a1, a2, a3
    sent[t, 4], sent[t, 5], sent[t, 6], sent[t, 7] = a4, a5, a6, a7


@njit(cache=True, fastmath=FAST)
def times_operand(row, cols, places, m0, sent, fresh):
    """Set (fresh) or multiply a tile of one row's lanes by an operand."""
    m = U(m0)
    for j in range(U(cols)):
        u = U(places[m + j])
        a0, a1, a2, a3 = sent[u, 0], sent[u, 1], sent[u, 2], sent[u, 3]
        a4, a5, a6, a7 = sent[u, 4], sent[u, 5], sent[u, 6], sent[u, 7]
        if not fresh:
            a0, a1, a2, a3 = a0 * row[j, 0], a1 * row[j, 1], a2 * row[j, 2], a3 * row[j, 3]
            a4, a5, a6, a7 = a4 * row[j, 4], a5 * row[j, 5], a6 * row[j, 6], a7 * row[j, 7]
        row[j, 0], row[j, 1], row[j, 2], row[j, 3] = a0, a1, a2, a3
        row[j, 4], row[j, 5], row[j, 6], row[j, 7] = a4, a5, a6, a7


@njit(cache=True)
def sum_many(work, w0, rows, cols, places, first, last, stride, row, sent, low):
    """Sum the rows of a clique with three operands or more: records `first` … `last`."""
    for s in range(rows):
        for i in range(8):
            sent[low + s, i] = 0.0
        for begin in range(0, cols, TILE):
            at, width = s * cols + begin, min(TILE, cols - begin)
            for k in range(first, last - 2):
                o = np.int64(places[stride * k])
                times_operand(row, width, places, o + at, sent, k == first)
            m, n = np.int64(places[stride * (last - 2)]), np.int64(places[stride * (last - 1)])
            add_two(row, width, work, w0 + at, places, m + at, n + at, sent, low + s)
