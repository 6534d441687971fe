"""Leaf queries eight at a time: P(X ≤ k | e) of eight unobserved noisy-MAX leaves, a lane each.

A lane carries the one number F = ∏ P(Z_i ≤ k | u_i) up the calibrated tree, over the cliques that
lie between the parents of all eight. P(X = k) is then a difference of F's; where that would cost
more than four digits the caller asks again by pairs (`leaves_numba.py`), which never subtract.

Layout of the ints (int32, numbers count records of 8 ints from the pointer in the head)::

    head   1 → batches  2 → stops  3 → axes  4 → links  5 → slices  6 → kids  7 → lanes  0 batches
    batch  0 lanes  1, 2 stops from … to  3, 4 links of observed parents from … to  5 first lane
    stop   0 → clique  1 whether a top  2, 3 axes from … to  4, 5 kids (stops below) from … to
    axis   0 outer  1 states  2 inner  3, 4 links from … to
    link   0 lane  1 level k  2 offset  3, 4 slices from … to  5 states of the leaf
    lane   0 place in the answer  1 states  2 level k  3 offset of the leak
"""

# pyright: basic
import numpy as np
from numba import njit

from fascinet.engine.kernels_numba import FAST, U

WIDTH = 8
LEAST = 1e-4


@njit(cache=True)
def link_start(asks, r, obs):
    """Return where a link's distribution starts."""
    at = np.int64(asks[r + 2])
    for k in range(asks[r + 3], asks[r + 4]):
        s = asks[5] + 2 * k
        at += np.int64(asks[s]) * obs[asks[s + 1]]
    return at


@njit(cache=True)
def times_axis(asks, x, base, obs, t, values):
    """Multiply a clique's lanes by the links over one of its axes."""
    outer, card, inner = U(asks[x]), U(asks[x + 1]), U(asks[x + 2])
    for s in range(card):
        for i in range(WIDTH):
            values[s, i] = 1.0
    for r in range(asks[x + 3], asks[x + 4]):
        link = asks[4] + 8 * r
        at = link_start(asks, link, obs)
        lane, k, m = asks[link], asks[link + 1], asks[link + 5]
        for s in range(asks[x + 1]):
            f = 0.0
            for j in range(k):
                f += base[at + s * m + j]
            values[s, lane] = f
    p = U(0)
    for _ in range(outer):
        for s in range(card):
            for _ in range(inner):
                for i in range(WIDTH):
                    t[p, i] *= values[s, i]
                p += U(1)


@njit(cache=True)
def times_message(prog, o, t, message, m0):
    """Multiply a clique's lanes by a message from below."""
    inner, outer, mode, m = U(prog[o + 4]), U(prog[o + 5]), prog[o + 6], U(prog[o + 7])
    p, first = U(0), U(m0)
    for i in range(outer):
        s = first + U(prog[m + i])
        for j in range(inner):
            u = s
            if mode == 1:
                u += j
            elif mode == 2:
                u += U(prog[m + outer + j])
            for k in range(WIDTH):
                t[p, k] *= message[u, k]
            p += U(1)


@njit(cache=True, fastmath=FAST)
def ask_lanes(prog, asks, base, obs, work, t, message, out, doubtful):
    """Write P(X | e) of every leaf; mark those whose difference lost digits as doubtful.

    Parameters
    ----------
    t, message : arrays, shape (largest clique, 8) and (all separators, 8)
        Buffers.
    doubtful : uint8 array, shape (places,)
        Set to 1 at the first place of a doubtful leaf.
    """
    entries = np.int64(prog[10])
    bottom = np.int64(prog[prog[1] + 3]) + 2 * entries
    total = np.empty(WIDTH)
    values = np.empty((64, WIDTH))
    for g in range(asks[0]):
        b = asks[1] + 8 * g
        total[:] = 1.0
        for h in range(asks[b + 1], asks[b + 2]):
            p = asks[2] + 8 * h
            q = np.int64(asks[p])
            top = asks[p + 1] == 1
            table, size = np.int64(prog[q + 3]), U(prog[q])
            first = U(table + entries) if top else U(table)
            for j in range(size):
                w = work[first + j]
                for i in range(WIDTH):
                    t[j, i] = w
            for x in range(asks[p + 2], asks[p + 3]):
                times_axis(asks, asks[3] + 8 * x, base, obs, t, values)
            for k in range(asks[p + 4], asks[p + 5]):
                d = np.int64(asks[asks[2] + 8 * asks[asks[6] + k]])
                times_message(prog, np.int64(prog[d + 10]), t, message, prog[d + 4] - bottom)
            rows, cols = (U(1), size) if top else (U(prog[q + 1]), U(prog[q + 2]))
            low, j = U(prog[q + 4] - bottom), U(0)
            for s in range(rows):
                for i in range(WIDTH):
                    message[low + s, i] = 0.0
                for _ in range(cols):
                    for i in range(WIDTH):
                        message[low + s, i] += t[j, i]
                    j += U(1)
            if top:
                for i in range(WIDTH):
                    total[i] *= message[low, i]
        for r in range(asks[b + 3], asks[b + 4]):
            link = asks[4] + 8 * r
            at = link_start(asks, link, obs)
            f = 0.0
            for j in range(asks[link + 1]):
                f += base[at + j]
            total[asks[link]] *= f
        for i in range(asks[b]):
            lane = asks[7] + 8 * (asks[b + 5] + i)
            place, m, k, leak = asks[lane], asks[lane + 1], asks[lane + 2], asks[lane + 3]
            f = 0.0
            for j in range(k):
                f += base[leak + j]
            out[place + k - 1] = total[i] * f  # P(X < k)
            if k == m - 1:
                out[place + k] = 1.0
    for i in range(asks[8]):
        lane = asks[7] + 8 * i
        place, m, k = asks[lane], asks[lane + 1], asks[lane + 2]
        if k == m - 1:
            for j in range(m - 1, 0, -1):
                out[place + j] -= out[place + j - 1]
                if out[place + j] < LEAST:
                    doubtful[place] = 1
