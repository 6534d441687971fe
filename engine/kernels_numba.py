"""Run any flat program with Numba: one generic set of kernels, cached on disk.

The layout of a flat program is told in `flatten.py`. Nothing here knows a name, and no kernel is
made for a network.
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.machine_code import njit

IMPOSSIBLE, DONE, UNSAFE = 0, 1, 2
TINY, FLOOR = 1e-150, 1e-280
HEAD, CLIQUE, OPERAND, MARGINAL = 16, 11, 8, 4


# Indices are unsigned in the inner loops: a signed one might be negative, which Numba would have to
# check at each access, and no loop would then be vectorised. Only sums are reassociated.
U = np.uintp
FAST = {"reassoc", "contract", "nsz"}


@njit(cache=True, fastmath=FAST)
def put(prog, o, dst, d0, src, s0, fresh):
    """Set (fresh) or multiply a clique's table by an operand read through its map."""
    inner, outer, mode, m = U(prog[o + 4]), U(prog[o + 5]), prog[o + 6], U(prog[o + 7])
    d, s1 = U(d0), U(s0)
    if mode == 0:
        for i in range(outer):
            x = src[s1 + U(prog[m + i])]
            if fresh:
                for j in range(inner):
                    dst[d + j] = x
            else:
                for j in range(inner):
                    dst[d + j] *= x
            d += inner
    elif mode == 1:
        for i in range(outer):
            s = s1 + U(prog[m + i])
            if fresh:
                for j in range(inner):
                    dst[d + j] = src[s + j]
            else:
                for j in range(inner):
                    dst[d + j] *= src[s + j]
            d += inner
    else:
        n = m + outer
        for i in range(outer):
            s = s1 + U(prog[m + i])
            if fresh:
                for j in range(inner):
                    dst[d + j] = src[s + U(prog[n + j])]
            else:
                for j in range(inner):
                    dst[d + j] *= src[s + U(prog[n + j])]
            d += inner


@njit(cache=True, fastmath=FAST)
def gather_sum(prog, o, src, s0, dst, d0):
    """Add a clique's table onto an operand's shape: the transpose of `put`."""
    inner, outer, mode, m = U(prog[o + 4]), U(prog[o + 5]), prog[o + 6], U(prog[o + 7])
    s, d1 = U(s0), U(d0)
    if mode == 0:
        for i in range(outer):
            x = 0.0
            for j in range(inner):
                x += src[s + j]
            dst[d1 + U(prog[m + i])] += x
            s += inner
    elif mode == 1:
        for i in range(outer):
            d = d1 + U(prog[m + i])
            for j in range(inner):
                dst[d + j] += src[s + j]
            s += inner
    else:
        n = m + outer
        for i in range(outer):
            d = d1 + U(prog[m + i])
            for j in range(inner):
                dst[d + U(prog[n + j])] += src[s + j]
            s += inner


@njit(cache=True)
def offset_of(prog, o, obs):
    """Return where an operand starts for the observed states."""
    at = np.int64(prog[o + 1])
    for k in range(prog[o + 2], prog[o + 3]):
        at += np.int64(prog[2 * k + prog[6]]) * obs[prog[2 * k + prog[6] + 1]]
    return at


@njit(cache=True, fastmath=FAST)
def condition(work, b0, m0, rows0, cols0):
    """Make P(residual | separator) and the message, scaled to a maximum of 1; return the scale."""
    at, m, rows, cols = U(b0), U(m0), U(rows0), U(cols0)
    top = 0.0
    low = 1.0
    for s in range(rows):
        x = 0.0
        for j in range(cols):
            x += work[at + j]
        work[m + s] = x
        top = max(top, x)
        if x > 0.0:
            low = min(low, x)
            x = 1.0 / x
            for j in range(cols):
                work[at + j] *= x
        at += cols
    if low < FLOOR:
        return TINY / 2
    if top > 0.0:
        x = 1.0 / top
        for s in range(rows):
            work[m + s] *= x
    return top


@njit(cache=True, fastmath=FAST)
def scale_rows(work, b0, src, m0, rows0, cols0, to0):
    """Write each row of `src` times its separator's weight into the work space."""
    at, m, rows, cols, to = U(b0), U(m0), U(rows0), U(cols0), U(to0)
    for s in range(rows):
        x = work[m + s]
        for j in range(cols):
            work[to + j] = src[at + j] * x
        at += cols
        to += cols


@njit(cache=True, nogil=True)
def collect(prog, base, obs, work):
    """Pass messages to the roots; return a status and ln P(e)."""
    total, product = 0.0, 1.0
    for k in range(prog[8]):
        product *= base[offset_of(prog, np.int64(prog[7]) + OPERAND * k, obs)]
        if product < TINY:
            if product <= 0.0:
                return IMPOSSIBLE, -np.inf
            total += log(product)
            product = 1.0
    for c in range(prog[0]):
        q = np.int64(prog[1]) + CLIQUE * c
        b, m = np.int64(prog[q + 3]), np.int64(prog[q + 4])
        fresh = True
        for k in range(prog[q + 6], prog[q + 7]):
            o = np.int64(prog[2]) + OPERAND * k
            if prog[o] == 0:
                put(prog, o, work, b, base, offset_of(prog, o, obs), fresh)
            else:
                put(prog, o, work, b, work, np.int64(prog[o + 1]), fresh)
            fresh = False
        if fresh:
            work[b : b + prog[q]] = 1.0
        top = condition(work, b, m, prog[q + 1], prog[q + 2])
        if top == 0.0:
            return IMPOSSIBLE, -np.inf
        if top < TINY:
            return UNSAFE, 0.0
        product *= top
        if product < TINY or product > 1e150:
            total += log(product)
            product = 1.0
    return DONE, total + log(product)


@njit(cache=True, fastmath=FAST)
def read_marginal(ints, r, work, b0, out):
    """Write one marginal of a clique, summing to one; its record lies at `r`."""
    at, card, inner, d = U(ints[r]), U(ints[r + 2]), U(ints[r + 3]), U(b0)
    for s in range(card):
        out[at + s] = 0.0
    for _ in range(ints[r + 1]):
        for s in range(card):
            x = work[d]
            for j in range(U(1), inner):
                x += work[d + j]
            out[at + s] += x
            d += inner
    x = 0.0
    for s in range(card):
        x += out[at + s]
    x = 1.0 / x
    for s in range(card):
        out[at + s] *= x


@njit(cache=True, nogil=True)
def distribute(prog, work, out, keep):
    """Turn conditionals into beliefs, roots first, and read every marginal.

    With `keep`, the conditionals are kept and beliefs go to the second half of the work space.
    """
    shift = np.int64(prog[10]) if keep else np.int64(0)
    for c in range(prog[0] - 1, -1, -1):
        q = np.int64(prog[1]) + CLIQUE * c
        b, m, parent = np.int64(prog[q + 3]), np.int64(prog[q + 4]), np.int64(prog[q + 5])
        rows, cols = np.int64(prog[q + 1]), np.int64(prog[q + 2])
        if parent >= 0:
            above = np.int64(prog[np.int64(prog[1]) + CLIQUE * parent + 3]) + shift
            work[m : m + rows] = 0.0
            gather_sum(prog, np.int64(prog[q + 10]), work, above, work, m)
            scale_rows(work, b, work, m, rows, cols, b + shift)
        elif keep:
            work[b + shift : b + shift + cols] = work[b : b + cols]
        for k in range(prog[q + 8], prog[q + 9]):
            read_marginal(prog, np.int64(prog[9]) + MARGINAL * k, work, b + shift, out)
