"""The reverse pass of a tiled program; its layout is told in `tiles.py`.

`collect_tiles` leaves each message, scaled to a maximum of 1. Then every operand of every node gets
the derivative

    ∂ ln P / ∂ operand = Σ over the node's entries of  λ(separator) · ∏ of the other operands

by products from the left and from the right, tile by tile: zeros stay exact, nothing is divided,
and no table of a clique is stored. What is derived by an item of the work space lies at the same
place of `lam`, what is derived by an item of the base at the same place of `grad`.
"""

# pyright: basic
import numpy as np

from fascinet.engine.kernels_numba import FAST, U
from fascinet.engine.machine_code import later, njit
from fascinet.engine.tiles_layout import COPY, JOIN, NODE, OPERAND, ROOT, ROWS
from fascinet.engine.tiles_numba import add_tile, is_zero, set_tile, start_of
from fascinet.engine.tiles_rows_numba import add_rows, sum_rows

add, load, numbers_at, spread, store, words_at = later(
    "fascinet.engine.whole_vectors", "add load numbers_at spread store words_at"
)
LANES = 4


@njit(cache=True, fastmath=FAST)
def times_tile(ints, r, i, src, s0, buf, a0, d0, size):
    """Write a tile at `a0` of the buffer times what operand `r` holds for tile `i`."""
    mode, a, d, n = ints[r + 4], U(a0), U(d0), U(size)
    s = U(s0 + ints[ints[r + 6] + i])
    p, inner = U(ints[r + 7]), U(ints[r + 5])
    if mode == 0:
        x = src[s]
        for j in range(n):
            buf[d + j] = buf[a + j] * x
    elif mode == 1:
        for j in range(n):
            buf[d + j] = buf[a + j] * src[s + j]
    elif mode == 2:
        for j in range(n):
            buf[d + j] = buf[a + j] * src[s + U(ints[p + j])]
    else:
        for k in range(n // inner):
            t = s + U(ints[p + k])
            if mode == 3:
                for j in range(inner):
                    buf[d + j] = buf[a + j] * src[t + j]
            else:
                x = src[t]
                for j in range(inner):
                    buf[d + j] = buf[a + j] * x
            a += inner
            d += inner


@njit(cache=True, fastmath=FAST)
def add_product(ints, r, i, buf, a0, b0, dst, d0, size):
    """Add the product of two tiles of the buffer onto an operand's shape."""
    mode, a, b, n = ints[r + 4], U(a0), U(b0), U(size)
    d = U(d0 + ints[ints[r + 6] + i])
    p, inner = U(ints[r + 7]), U(ints[r + 5])
    if mode == 0:
        x = 0.0
        for j in range(n):
            x += buf[a + j] * buf[b + j]
        dst[d] += x
    elif mode == 1:
        for j in range(n):
            dst[d + j] += buf[a + j] * buf[b + j]
    elif mode == 2:
        for j in range(n):
            dst[d + U(ints[p + j])] += buf[a + j] * buf[b + j]
    else:
        for k in range(n // inner):
            t = d + U(ints[p + k])
            if mode == 3:
                for j in range(inner):
                    dst[t + j] += buf[a + j] * buf[b + j]
            else:
                x = 0.0
                for j in range(inner):
                    x += buf[a + j] * buf[b + j]
                dst[t] += x
            a += inner
            b += inner


@njit(cache=True)
def give(ints, k, i, buf, a, b, starts, lam, grad, size):
    """Add a tile, or the product of two, onto the derivatives of operand `k`; `b` -1 for none."""
    r = np.int64(ints[3]) + OPERAND * k
    if ints[r] == 0:
        if b < 0:
            add_tile(ints, r, i, buf, a, grad, starts[k], size)
        else:
            add_product(ints, r, i, buf, a, b, grad, starts[k], size)
        return
    to = np.int64(ints[r + 8]) if ints[r] == 2 else starts[k]
    if to < ints[12]:
        return  # soft evidence
    if b < 0:
        add_tile(ints, r, i, buf, a, lam, to, size)
    else:
        add_product(ints, r, i, buf, a, b, lam, to, size)


@njit(cache=True)
def reverse_tile(ints, q, i, base, work, starts, lam, grad, buf, room, rest, size):
    """Give each operand that has no rows its derivatives of a tile; λ lies in the buffer's first.

    Parameters
    ----------
    room : int
        Length of each of the buffer's tiles: products from the left one by one, from the right.
    rest : int
        Where the sums of the rows lie in the buffer, -1 without rows.

    Returns
    -------
    int
        Where λ times all these operands lies in the buffer, -1 if that is zero throughout.
    """
    first, last = np.int64(ints[q + 6]), np.int64(ints[q + 7])
    n, stop = 0, last
    for k in range(first, last):
        r = np.int64(ints[3]) + OPERAND * k
        if ints[r + 4] == ROWS or ints[r] == 2:
            continue
        source = base if ints[r] == 0 else work
        times_tile(ints, r, i, source, starts[k], buf, n * room, (n + 1) * room, size)
        n += 1
        if is_zero(buf, n * room, size):
            stop = k
            break
    whole = n * room if stop == last else -1
    for k in range(first, last if whole >= 0 else first):
        r = np.int64(ints[3]) + OPERAND * k
        if ints[r] == 2 and ints[r + 4] != ROWS:
            give(ints, k, i, buf, whole, rest, starts, lam, grad, size)
    right, own = (np.int64(ints[24]) + 1) * room, rest
    for k in range(last - 1, first - 1, -1):
        r = np.int64(ints[3]) + OPERAND * k
        if ints[r + 4] == ROWS or ints[r] == 2:
            continue
        if k <= stop:
            n -= 1
            give(ints, k, i, buf, n * room, own, starts, lam, grad, size)
            if n == 0:
                break
        source = base if ints[r] == 0 else work
        if own < 0:
            set_tile(ints, r, i, source, starts[k], buf, right, size)
        else:
            times_tile(ints, r, i, source, starts[k], buf, own, right, size)
        own = right
        if is_zero(buf, right, size):
            break
    return whole


@njit(cache=True)
def find_rows(ints, q, i, base, work, starts, lam, grad, at, spots):
    """Write of each operand with rows its address and pattern, and the derivatives' address.

    An address of 0 stands for ones, or for derivatives that nobody wants. `at` is where λ lies.

    Returns
    -------
    int
        The number of these operands; λ comes last, if it has rows.
    """
    home, away = np.int64(work.ctypes.data), np.int64(lam.ctypes.data)
    own, n = np.int64(ints[q + 12]), 0
    for k in range(ints[q + 6], ints[q + 7]):
        r = np.int64(ints[3]) + OPERAND * k
        if ints[r + 4] != ROWS:
            continue
        place = 8 * (starts[k] + np.int64(ints[ints[r + 6] + i]))
        spots[n, 1] = ints[r + 7]
        if ints[r] == 0:
            spots[n, 0] = np.int64(base.ctypes.data) + place
            spots[n, 2] = np.int64(grad.ctypes.data) + place
        elif ints[r] == 1:
            spots[n, 0] = home + place
            spots[n, 2] = away + place if starts[k] >= ints[12] else 0
        else:
            spots[n, 0] = 0
            spots[n, 2] = away + 8 * (np.int64(ints[r + 8]) + np.int64(ints[ints[r + 6] + i]))
        n += 1
    if ints[own + 4] == ROWS:
        spots[n, 0] = away + 8 * (at + np.int64(ints[ints[own + 6] + i]))
        spots[n, 1], spots[n, 2] = ints[own + 7], 0
        n += 1
    return n


@njit(cache=True)
def others_of(spots, n, but, others):
    """Write the operands that are numbers, except one; return how many."""
    count = 0
    for k in range(n):
        if k != but and spots[k, 0]:
            others[count, 0], others[count, 1] = spots[k, 0], spots[k, 1]
            count += 1
    return count


@njit(cache=True)
def add_numbers(words, size, width, numbers, to, pattern):
    """Add each number of a tile to a whole row."""
    x, rows = numbers_at(numbers), numbers_at(to)
    for s in range(size):
        y, d = spread(x[s]), np.int64(words[pattern + s])
        for j in range(0, width, LANES):
            store(rows, d + j, add(load(rows, d + j), y))


@njit(cache=True)
def reverse_rows(ints, q, base, work, starts, lam, grad, buf, room, at, spots, others):
    """Give each operand of a node with rows its derivatives."""
    size, width, own = np.int64(ints[q]), np.int64(ints[q + 17]), np.int64(ints[q + 12])
    tile, sums, rest = np.int64(ints[10]), np.int64(ints[17]), (np.int64(ints[24]) + 2) * room
    row = np.int64(work.ctypes.data) + 8 * np.int64(ints[18])
    words, left = words_at(np.int64(ints.ctypes.data)), np.int64(buf.ctypes.data)
    plain = False
    for k in range(ints[q + 6], ints[q + 7]):
        plain |= ints[np.int64(ints[3]) + OPERAND * k + 4] != ROWS
    for i in range(ints[q + 1]):
        if ints[own + 4] == ROWS:
            buf[:size] = 1.0
        else:
            set_tile(ints, own, i, lam, at, buf, 0, size)
            if is_zero(buf, 0, size):
                continue
        n = find_rows(ints, q, i, base, work, starts, lam, grad, at, spots)
        whole = 0
        if plain:
            work[tile : tile + size] = 1.0
            count = others_of(spots, n, -1, others)
            sum_rows(words, others, count, size, width, work, tile, sums, row)
            buf[rest : rest + size] = work[sums : sums + size]
            whole = reverse_tile(
                ints, q, i, base, work, starts, lam, grad, buf, room, rest, size
            )  # fmt: skip
        if whole < 0:
            continue
        for k in range(n):
            if spots[k, 2]:
                count = others_of(spots, n, k, others)
                x = left + 8 * whole
                if count:
                    add_rows(
                        words, others, count, size, width, x, row, spots[k, 2], spots[k, 1]
                    )  # fmt: skip
                else:
                    add_numbers(words, size, width, x, spots[k, 2], spots[k, 1])


@njit(cache=True)
def reverse_copies(ints, obs, lam, grad):
    """Add the derivatives of windows that were copied into rows to those of the base."""
    for k in range(ints[21]):
        p = np.int64(ints[20]) + COPY * k
        start, to = start_of(ints, p, obs), np.int64(ints[p + 3])
        stride, states = np.int64(ints[p + 6]), np.int64(ints[p + 7])
        for i in range(ints[p + 4]):
            at = start + ints[ints[p + 5] + i]
            for j in range(states):
                grad[at + j * stride] += lam[to + j]
            to += np.int64(ints[p + 8])


@njit(cache=True, nogil=True)
def reverse_tiles(ints, base, obs, work, starts, lam, grad, buf):
    """Add ∂ ln P / ∂ base to `grad`, after `collect_tiles`.

    Parameters
    ----------
    starts : int64 array
        Where each operand starts, as `collect_tiles` wrote it.
    lam : array, zeros
        As long as the work space up to its tile.
    buf : array
        Three tiles, and one for each operand that a node may have.
    """
    for k in range(ints[5]):
        at = starts[ints[2] + k]
        grad[at] += 1.0 / base[at]
    most, room = np.int64(ints[24]), np.int64(ints[11] - ints[10])
    spots, others = np.empty((most + 2, 3), np.int64), np.empty((most + 2, 2), np.int64)
    for n in range(ints[0] - 1, -1, -1):
        q = np.int64(ints[1]) + NODE * n
        m, size, own = np.int64(ints[q + 3]), np.int64(ints[q]), np.int64(ints[q + 12])
        at = m if m >= 0 else np.int64(ints[q + 4])
        if ints[q + 15] & ROOT:
            lam[at] = 1.0
        if m >= 0:
            x = 1.0 / work[np.int64(ints[13]) + n]
            for j in range(ints[q + 2]):
                lam[at + j] *= x
        if ints[q + 17]:
            reverse_rows(ints, q, base, work, starts, lam, grad, buf, room, at, spots, others)
            continue
        for i in range(ints[q + 1]):
            if ints[q + 5] == JOIN:
                buf[:size] = lam[at + i * size : at + (i + 1) * size]
            else:
                set_tile(ints, own, i, lam, at, buf, 0, size)
            if not is_zero(buf, 0, size):
                reverse_tile(ints, q, i, base, work, starts, lam, grad, buf, room, -1, size)
    reverse_copies(ints, obs, lam, grad)
