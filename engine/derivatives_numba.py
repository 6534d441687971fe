"""The reverse pass, compiled: the twin of `derivatives.reverse`.

Collect once without dividing, then give each operand of each clique the derivative

    ∂ ln P / ∂ operand = Σ over the clique's entries of  λ(separator) · ∏ of the other operands

by products from the left and from the right, so that zeros stay exact and nothing is divided.
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.kernels_numba import (
    CLIQUE,
    DONE,
    IMPOSSIBLE,
    OPERAND,
    TINY,
    UNSAFE,
    gather_sum,
    offset_of,
    put,
)
from fascinet.engine.machine_code import njit


@njit(cache=True, nogil=True)
def collect_products(prog, base, obs, work, scales):
    """Pass messages scaled to a maximum of 1; tables are not kept. Return a status and ln P."""
    total = 0.0
    for k in range(prog[8]):
        x = base[offset_of(prog, np.int64(prog[7]) + OPERAND * k, obs)]
        if x <= 0.0:
            return IMPOSSIBLE, -np.inf
        total += log(x)
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
        rows, cols = np.int64(prog[q + 1]), np.int64(prog[q + 2])
        top = 0.0
        for s in range(rows):
            x = 0.0
            for j in range(cols):
                x += work[b + s * cols + j]
            work[m + s] = x
            top = max(top, x)
        if top == 0.0:
            return IMPOSSIBLE, -np.inf
        if top < TINY:
            return UNSAFE, 0.0
        for s in range(rows):
            work[m + s] /= top
        scales[c] = top
        total += log(top)
    return DONE, total


@njit(cache=True, nogil=True)
def reverse(prog, base, obs, work, scales, lam, left, grad):
    """Add ∂ ln P / ∂ base to `grad`; `lam` holds the messages' derivatives, `left` is a buffer."""
    for k in range(prog[8]):
        at = offset_of(prog, np.int64(prog[7]) + OPERAND * k, obs)
        grad[at] += 1.0 / base[at]
    zero = np.int64(prog[prog[1] + 4]) if prog[0] > 0 else np.int64(0)
    for c in range(prog[0] - 1, -1, -1):
        q = np.int64(prog[1]) + CLIQUE * c
        size, rows, cols = np.int64(prog[q]), np.int64(prog[q + 1]), np.int64(prog[q + 2])
        b, m = np.int64(prog[q + 3]), np.int64(prog[q + 4]) - zero
        first, last = np.int64(prog[q + 6]), np.int64(prog[q + 7])
        for s in range(rows):
            x = (1.0 if prog[q + 5] < 0 else lam[m + s]) / scales[c]
            for j in range(cols):
                left[s * cols + j] = x
        for k in range(first, last - 1):
            o = np.int64(prog[2]) + OPERAND * k
            at = (k - first) * size
            for j in range(size):
                left[at + size + j] = left[at + j]
            if prog[o] == 0:
                put(prog, o, left, at + size, base, offset_of(prog, o, obs), False)
            else:
                put(prog, o, left, at + size, work, np.int64(prog[o + 1]), False)
        for k in range(last - 1, first - 1, -1):
            o = np.int64(prog[2]) + OPERAND * k
            at = (k - first) * size
            if k < last - 1:
                for j in range(size):
                    left[at + j] *= work[b + j]
            source = np.int64(prog[o + 1])
            if prog[o] == 0:
                source = offset_of(prog, o, obs)
                gather_sum(prog, o, left, at, grad, source)
            elif source >= zero:
                gather_sum(prog, o, left, at, lam, source - zero)
            if k > first:
                fresh = k == last - 1
                if prog[o] == 0:
                    put(prog, o, work, b, base, source, fresh)
                else:
                    put(prog, o, work, b, work, source, fresh)
