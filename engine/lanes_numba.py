"""Leaf queries eight at a time: P(X ≤ k | e) of eight unobserved noisy-MAX leaves, a lane each.

A lane carries the one number F = ∏ P(Z_i ≤ k | u_i) up the calibrated tree, over the smallest
subtree that holds its parents; at the top of that, the separator's posterior weighs what arrived.
P(X = k) is then a difference of F's; where that would cost more than four digits the caller asks
again by pairs (`leaves_numba.py`), which never subtract.

Layout of the ints (int32, numbers count records of 8 ints from the pointer in the head)::

    head     0 batches  1 → batches  2 → stops  3 → operands  4 → links  5 → slices  6 → ends
             7 → lanes  8 lanes  9 rows of the buffer  10 → axes
    batch    0 lanes  1, 2 stops from … to  3, 4 links of observed parents from … to  5 first lane
    stop     0 → clique  1, 2 operands from … to  3, 4 ends (lanes that finish) from … to
             5 → row that it sends to
    operand  0 → places, a row of the buffer for each entry of the clique
             1 first row  2 rows  3, 4 axes from … to (of a bundle of links; a kid has none)
    axis     0 stride in the bundle  1 states  2, 3 links from … to
    link     0 lane  1 level k  2 offset  3, 4 slices from … to  5 states of the leaf
    lane     0 place in the answer  1 states  2 level k  3 offset of the leak
"""

# pyright: basic
import numpy as np

from fascinet.engine.machine_code import njit
from fascinet.engine.rows_numba import sum_many, sum_one, sum_two

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
def fill_links(asks, o, base, obs, sent):
    """Write ∏ P(Z ≤ k | u) over a bundle's variables, for the lanes that they are asked in."""
    first, rows = asks[o + 1], asks[o + 2]
    for s in range(rows):
        for i in range(WIDTH):
            sent[first + s, i] = 1.0
    for a in range(asks[o + 3], asks[o + 4]):
        x = asks[10] + 8 * a
        stride, card = asks[x], asks[x + 1]
        for r in range(asks[x + 2], asks[x + 3]):
            link = asks[4] + 8 * r
            at = link_start(asks, link, obs)
            lane, k, m = asks[link], asks[link + 1], asks[link + 5]
            for u in range(card):
                below = 0.0
                for j in range(k):
                    below += base[at + u * m + j]
                for block in range(u * stride, rows, stride * card):
                    for s in range(block, block + stride):
                        sent[first + s, lane] *= below


@njit(cache=True)
def finish(asks, p, work, m0, rows, sent, low, total):
    """Weigh what arrived at a stop by its separator's posterior, for the lanes that end there."""
    for e in range(asks[p + 3], asks[p + 4]):
        lane = asks[asks[6] + e]
        x = 0.0
        for s in range(rows):
            x += work[m0 + s] * sent[low + s, lane]
            sent[low + s, lane] = 1.0
        total[lane] *= x


@njit(cache=True)
def visit(prog, asks, p, base, obs, work, sent, total):
    """Send eight lanes over one clique."""
    q = np.int64(asks[p])
    first, last = np.int64(asks[p + 1]), np.int64(asks[p + 2])
    for x in range(first, last):
        o = asks[3] + 8 * x
        if asks[o + 2] > 0:
            fill_links(asks, o, base, obs, sent)
    table, rows, cols = np.int64(prog[q + 3]), np.int64(prog[q + 1]), np.int64(prog[q + 2])
    low, o = np.int64(asks[p + 5]), np.int64(asks[3])
    if last - first == 1:
        sum_one(work, table, rows, cols, asks, asks[o + 8 * first], sent, low)
    elif last - first == 2:
        m, n = asks[o + 8 * first], asks[o + 8 * first + 8]
        sum_two(work, table, rows, cols, asks, m, n, sent, low)
    else:
        a, b = o // 8 + first, o // 8 + last
        sum_many(work, table, rows, cols, asks, a, b, 8, sent, low)
    finish(asks, p, work, np.int64(prog[q + 4]), rows, sent, low, total)


@njit(cache=True, nogil=True)
def ask_lanes(prog, asks, base, obs, work, sent, out, doubtful):
    """Write P(X | e) of every leaf; mark those whose difference lost digits as doubtful.

    Parameters
    ----------
    sent : array, shape (rows, 8)
        Buffer.
    doubtful : uint8 array, shape (places,)
        Set to 1 at the first place of a doubtful leaf.
    """
    total = np.empty(WIDTH)
    for g in range(asks[0]):
        b = asks[1] + 8 * g
        total[:] = 1.0
        for h in range(asks[b + 1], asks[b + 2]):
            visit(prog, asks, asks[2] + 8 * h, base, obs, work, sent, total)
        for r in range(asks[b + 3], asks[b + 4]):
            link = asks[4] + 8 * r
            at = link_start(asks, link, obs)
            below = 0.0
            for j in range(asks[link + 1]):
                below += base[at + j]
            total[asks[link]] *= below
        for i in range(asks[b]):
            lane = asks[7] + 8 * (asks[b + 5] + i)
            place, m, k, leak = asks[lane], asks[lane + 1], asks[lane + 2], asks[lane + 3]
            below = 0.0
            for j in range(k):
                below += base[leak + j]
            out[place + k - 1] = total[i] * below  # P(X < k)
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
