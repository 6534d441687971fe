"""Leaf queries: P(X ≤ k | e) of unobserved noisy-MAX leaves, four a vector, all in one walk.

A lane carries the one number F = ∏ P(Z_i ≤ k | u_i) up the calibrated tree, over the smallest
subtree that holds its parents; at the top of that, the separator's posterior weighs what arrived.
P(X = k) is then a difference of F's; where that would cost more than four digits the caller asks
again by pairs (`leaves_numba.py`), which never subtract.

Four lanes go together. Each clique is met once: the fours that need the same operands there make a
block of up to four, and what they read lies side by side. A tile holds one message of a block, a
row of `STRIDE` numbers for each state of the separator.

Layout of the ints (int32, → marks where records start, other numbers count records)::

    head      0 steps  1 → steps  2 → blocks  3 fours  4 → operands  5 → ends  6 → bundles
              7 → axes  8 → links  9 size of the buffer  10 size of the bundles  11 bundles
              12 known links  13 → known links  14 → slices  15 lanes  16 → lanes  17 → pool
    step 4    0 → clique of the flat program  1, 2 blocks from … to
    block 16  0 fours  1 operands  2 first operand  3 places of the links on the separator in the
              pool, -1 for none  4 their tile among the bundles  5, 6 ends from … to
              8 … 11 where each four's sums go in the buffer
    operand 2 0 places in the pool  1 tile in the buffer; -1 - t: tile t among the bundles
    end 4     0 sums in the buffer  1 four  2 its lanes that finish, as bits  3 whether others go on
    bundle 4  0 tile  1 rows  2, 3 axes from … to
    axis 4    0 stride in the bundle  1 states  2, 3 links from … to
    link 4    0 lane of the tile  1 level k  2 offset  3 states of the leaf
    known 8   0 lane  1 level k  2 offset  3, 4 slices from … to  (links of observed parents)
    slice 2   0 stride  1 variable
    lane 8    0 place in the answer  1 states  2 level k  3 offset of the leak  4 lane
    pool      places, counted in numbers
"""

# pyright: basic
import numpy as np

from fascinet.engine.leaf_sums_numba import STRIDE, sum_block
from fascinet.engine.machine_code import later, njit

plus, put, scaled, take, zeros_1, zeros_2, zeros_3, zeros_4 = later(
    "fascinet.engine.lane_vectors", "plus put scaled take zeros_1 zeros_2 zeros_3 zeros_4"
)
numbers_at, words_at = later("fascinet.engine.whole_vectors", "numbers_at words_at")

LEAST = 1e-4
HEAD, LINE, TOTALS = 24, 8, 8  # the buffer begins with four numbers for a sum, then the totals


@njit(cache=True)
def lift(array):
    """Return the first place of an array where a cache line starts."""
    return (-np.int64(array.ctypes.data)) // 8 % LINE


@njit(cache=True, nogil=True)
def bundle_links(asks, base, kept):
    """Write ∏ P(Z ≤ k | u) over each bundle's variables, for the lanes that they are asked in."""
    kept[:] = 1.0
    for n in range(asks[11]):
        r = asks[6] + 4 * n
        tile, rows = asks[r], asks[r + 1]
        for a in range(asks[r + 2], asks[r + 3]):
            axis = asks[7] + 4 * a
            stride, card = asks[axis], asks[axis + 1]
            for e in range(asks[axis + 2], asks[axis + 3]):
                link = asks[8] + 4 * e
                lane, k, at, m = asks[link], asks[link + 1], asks[link + 2], asks[link + 3]
                for u in range(card):
                    below = 0.0
                    for j in range(k):
                        below += base[at + u * m + j]
                    for block in range(u * stride, rows, stride * card):
                        for s in range(block, block + stride):
                            kept[tile + STRIDE * s + lane] *= below


@njit(cache=True)
def finish(words, e, weights, rows, sent, numbers, start):
    """Weigh what arrived at a clique by its separator's posterior, for the lanes that end there."""
    at, four, bits = np.int64(words[e]), np.int64(words[e + 1]), words[e + 2]
    w, data, zero = numbers_at(weights), numbers_at(sent), zeros_1()
    total, place = zero, at
    for s in range(rows):
        total = plus(total, scaled(w[s], take(zero, data, place)))
        place += STRIDE
    none = np.int64(0)
    put(total, data, none, none, none, none, none)
    for i in range(4):
        if bits >> i & 1:
            numbers[start + TOTALS + 4 * four + i] *= numbers[start + i]
            if words[e + 3]:
                for s in range(rows):
                    numbers[start + at + STRIDE * s + i] = 1.0


@njit(cache=True)
def walk(prog, asks, work, kept, sent):
    """Send all lanes up their subtrees; the totals then lie in the buffer."""
    start = lift(sent)
    data, bundles = np.int64(sent.ctypes.data) + 8 * start, np.int64(kept.ctypes.data)
    tables, words = np.int64(work.ctypes.data), words_at(np.int64(asks.ctypes.data))
    pool, operands = np.int64(asks.ctypes.data) + 4 * np.int64(asks[17]), np.int64(asks[4])
    for i in range(4 * asks[3]):
        sent[start + TOTALS + i] = 1.0
    for h in range(asks[0]):
        step = asks[1] + 4 * h
        q = asks[step]
        rows, cols = np.int64(prog[q + 1]), np.int64(prog[q + 2])
        table, weights = tables + 8 * np.int64(prog[q + 3]), tables + 8 * np.int64(prog[q + 4])
        for g in range(asks[step + 1], asks[step + 2]):
            r = np.int64(asks[2]) + 16 * g
            n = words[r]
            if n == 1:
                sum_block(zeros_1(), words, r, operands, table, rows, cols, pool, bundles, data)
            elif n == 2:
                sum_block(zeros_2(), words, r, operands, table, rows, cols, pool, bundles, data)
            elif n == 3:
                sum_block(zeros_3(), words, r, operands, table, rows, cols, pool, bundles, data)
            else:
                sum_block(zeros_4(), words, r, operands, table, rows, cols, pool, bundles, data)
            for e in range(words[r + 5], words[r + 6]):
                finish(words, np.int64(asks[5]) + 4 * e, weights, rows, data, sent, start)
    return start + TOTALS


@njit(cache=True)
def below(base, at, k):
    """Return P(Z < k) of a distribution."""
    x = 0.0
    for j in range(k):
        x += base[at + j]
    return x


@njit(cache=True, nogil=True)
def ask_walk(prog, asks, base, obs, work, kept, sent, out, doubtful):
    """Write P(X | e) of every leaf; return how many differences lost digits.

    Parameters
    ----------
    kept : array
        The bundles of links, see `bundle_links`.
    sent : array
        Buffer.
    doubtful : uint8 array, shape (places,)
        Set to 1 at the first place of a doubtful leaf, to 0 at that of the others.
    """
    totals = walk(prog, asks, work, kept, sent)
    for i in range(asks[12]):
        r = asks[13] + 8 * i
        at = np.int64(asks[r + 2])
        for k in range(asks[r + 3], asks[r + 4]):
            at += np.int64(asks[asks[14] + 2 * k]) * obs[asks[asks[14] + 2 * k + 1]]
        sent[totals + asks[r]] *= below(base, at, asks[r + 1])
    for i in range(asks[15]):
        lane = asks[16] + 8 * i
        place, m, k = asks[lane], asks[lane + 1], asks[lane + 2]
        out[place + k - 1] = sent[totals + asks[lane + 4]] * below(base, asks[lane + 3], k)
        if k == m - 1:
            out[place + k] = 1.0
    count = 0
    for i in range(asks[15]):
        lane = asks[16] + 8 * i
        place, m = asks[lane], asks[lane + 1]
        if asks[lane + 2] == m - 1:
            lost = False
            for j in range(m - 1, 0, -1):
                out[place + j] -= out[place + j - 1]
                lost |= out[place + j] < LEAST
            doubtful[place] = lost
            count += lost
    return count
