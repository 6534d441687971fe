"""The rows of a tile whose last axis is long: products and sums in whole vectors.

A row's number, from the operands without the last axis, lies in the tile; the row itself is that
number times the rows of the other operands. Rows whose number is zero are left out.
"""

# pyright: basic
import numpy as np

from fascinet.engine.machine_code import later, njit
from fascinet.engine.tiles_layout import JOIN, OPERAND, ROWS

add, load, numbers_at, spread, store, times, total, words_at = later(
    "fascinet.engine.whole_vectors", "add load numbers_at spread store times total words_at"
)
LANES = 4


@njit(cache=True)
def find_rows(ints, q, i, base, work, starts, spots, n):
    """Write, of each operand that has rows, the address for tile `i` and the pattern."""
    for k in range(ints[q + 6], ints[q + 7]):
        r = np.int64(ints[3]) + OPERAND * k
        if ints[r + 4] == ROWS and ints[r] != 2:
            home = np.int64(base.ctypes.data) if ints[r] == 0 else np.int64(work.ctypes.data)
            spots[n, 0] = home + 8 * (starts[k] + ints[ints[r + 6] + i])
            spots[n, 1] = ints[r + 7]
            n += 1
    return n


@njit(cache=True)
def product(words, spots, n, s, number, width, row):
    """Write the product of a number and of `n` rows (number `s` of the tile); return its sum."""
    to, x, sums = numbers_at(row), spread(number), spread(0.0)
    one, a = numbers_at(spots[0, 0]), np.int64(words[spots[0, 1] + s])
    if n == 1:
        for j in range(0, width, LANES):
            y = times(x, load(one, a + j))
            store(to, j, y)
            sums = add(sums, y)
        return total(sums)
    two, b = numbers_at(spots[1, 0]), np.int64(words[spots[1, 1] + s])
    if n == 2:
        for j in range(0, width, LANES):
            y = times(times(x, load(one, a + j)), load(two, b + j))
            store(to, j, y)
            sums = add(sums, y)
        return total(sums)
    three, c = numbers_at(spots[2, 0]), np.int64(words[spots[2, 1] + s])
    for j in range(0, width, LANES):
        y = times(times(x, load(one, a + j)), times(load(two, b + j), load(three, c + j)))
        store(to, j, y)
        sums = add(sums, y)
    for k in range(3, n):
        more, d = numbers_at(spots[k, 0]), np.int64(words[spots[k, 1] + s])
        sums = spread(0.0)
        for j in range(0, width, LANES):
            y = times(load(to, j), load(more, d + j))
            store(to, j, y)
            sums = add(sums, y)
    return total(sums)


@njit(cache=True)
def add_rows(words, spots, n, size, width, numbers, row, message, pattern):
    """Add each row of a tile to a message that has the last axis."""
    to, x = numbers_at(message), numbers_at(numbers)
    one, a0 = numbers_at(spots[0, 0]), spots[0, 1]
    two, b0 = numbers_at(spots[min(n - 1, 1), 0]), spots[min(n - 1, 1), 1]
    source = numbers_at(row)
    for s in range(size):
        if x[s] == 0.0:
            continue
        y, d = spread(x[s]), np.int64(words[pattern + s])
        a, b = np.int64(words[a0 + s]), np.int64(words[b0 + s])
        if n == 1:
            for j in range(0, width, LANES):
                store(to, d + j, add(load(to, d + j), times(y, load(one, a + j))))
        elif n == 2:
            for j in range(0, width, LANES):
                z = times(load(one, a + j), load(two, b + j))
                store(to, d + j, add(load(to, d + j), times(y, z)))
        else:
            product(words, spots, n, s, x[s], width, row)
            for j in range(0, width, LANES):
                store(to, d + j, add(load(to, d + j), load(source, j)))


@njit(cache=True)
def sum_rows(words, spots, n, size, width, work, tile, sums, row):
    """Write the sum of each row of a tile."""
    one, a0 = numbers_at(spots[0, 0]), spots[0, 1]
    two, b0 = numbers_at(spots[min(n - 1, 1), 0]), spots[min(n - 1, 1), 1]
    for s in range(size):
        x = work[tile + s]
        if x != 0.0:
            y = spread(0.0)
            a, b = np.int64(words[a0 + s]), np.int64(words[b0 + s])
            if n == 1:
                for j in range(0, width, LANES):
                    y = add(y, load(one, a + j))
                x *= total(y)
            elif n == 2:
                for j in range(0, width, LANES):
                    y = add(y, times(load(one, a + j), load(two, b + j)))
                x *= total(y)
            else:
                x = product(words, spots, n, s, x, width, row)
        work[sums + s] = x


@njit(cache=True)
def rows_up(ints, q, i, base, work, starts, spots):
    """Add the rows of a tile to the message, or write their sums where it lacks the last axis."""
    size, width, own = np.int64(ints[q]), np.int64(ints[q + 17]), np.int64(ints[q + 12])
    tile, sums = np.int64(ints[10]), np.int64(ints[17])
    home, words = np.int64(work.ctypes.data), words_at(np.int64(ints.ctypes.data))
    row = home + 8 * np.int64(ints[18])
    n = find_rows(ints, q, i, base, work, starts, spots, 0)
    if ints[own + 4] == ROWS:
        message = home + 8 * (np.int64(ints[q + 3]) + ints[ints[own + 6] + i])
        add_rows(
            words, spots, n, size, width, home + 8 * tile, row, message, np.int64(ints[own + 7])
        )
    else:
        sum_rows(words, spots, n, size, width, work, tile, sums, row)


@njit(cache=True)
def rows_down(ints, q, i, base, work, starts, spots):
    """Add the rows of a tile of beliefs to the children's separators; write the rows' sums."""
    size, width, own = np.int64(ints[q]), np.int64(ints[q + 17]), np.int64(ints[q + 12])
    tile, sums = np.int64(ints[10]), np.int64(ints[17])
    home, words = np.int64(work.ctypes.data), words_at(np.int64(ints.ctypes.data))
    row, marginal = home + 8 * np.int64(ints[18]), home + 8 * np.int64(ints[19])
    n = 0
    if ints[own + 4] == ROWS:
        spots[0, 0] = home + 8 * (np.int64(ints[own + 8]) + ints[ints[own + 6] + i])
        spots[0, 1] = ints[own + 7]
        n = 1
    if ints[q + 5] != JOIN:
        n = find_rows(ints, q, i, base, work, starts, spots, n)
    last = n
    for k in range(ints[q + 6], ints[q + 7]):
        r = np.int64(ints[3]) + OPERAND * k
        if ints[r + 4] == ROWS and ints[r + 8] >= 0:
            spots[last, 0] = home + 8 * (np.int64(ints[r + 8]) + ints[ints[r + 6] + i])
            spots[last, 1] = ints[r + 7]
            last += 1
    if ints[q + 18] >= 0:
        spots[last, 0], spots[last, 1] = marginal, -1
        last += 1
    if last == n:
        sum_rows(words, spots, n, size, width, work, tile, sums, row)
    elif last <= n + 2 and n <= 3:
        wanted = ints[q + 10] < ints[q + 11] or ints[q + 13] < ints[q + 14]
        for k in range(ints[q + 6], ints[q + 7]):
            r = np.int64(ints[3]) + OPERAND * k
            wanted |= ints[r + 8] >= 0 and ints[r + 4] != ROWS
        spread_few(words, spots, n, last, size, width, work, tile, sums, wanted)
    else:
        spread_rows(words, spots, n, last, size, width, work, tile, sums, row)


@njit(cache=True)
def spread_few(words, spots, n, last, size, width, work, tile, sums, wanted):
    """Do as `spread_rows` does for at most three factors and two places, a row held in vectors."""
    one, a0 = numbers_at(spots[0, 0]), spots[0, 1]
    two, b0 = numbers_at(spots[min(n - 1, 1), 0]), spots[min(n - 1, 1), 1]
    three, c0 = numbers_at(spots[n - 1, 0]), spots[n - 1, 1]
    to, d0 = numbers_at(spots[n, 0]), spots[n, 1]
    also, e0 = numbers_at(spots[last - 1, 0]), spots[last - 1, 1]
    both = last > n + 1
    for s in range(size):
        x = work[tile + s]
        if x == 0.0:
            work[sums + s] = x
            continue
        y, z = spread(x), spread(0.0)
        a, b, c = np.int64(words[a0 + s]), np.int64(words[b0 + s]), np.int64(words[c0 + s])
        d = np.int64(words[d0 + s]) if d0 >= 0 else np.int64(0)
        e = np.int64(words[e0 + s]) if e0 >= 0 else np.int64(0)
        if n == 1:
            for j in range(0, width, LANES):
                t = times(y, load(one, a + j))
                z = add(z, t)
                store(to, d + j, add(load(to, d + j), t))
                if both:
                    store(also, e + j, add(load(also, e + j), t))
        elif n == 2:
            for j in range(0, width, LANES):
                t = times(y, times(load(one, a + j), load(two, b + j)))
                z = add(z, t)
                store(to, d + j, add(load(to, d + j), t))
                if both:
                    store(also, e + j, add(load(also, e + j), t))
        else:
            for j in range(0, width, LANES):
                t = times(times(y, load(one, a + j)), times(load(two, b + j), load(three, c + j)))
                z = add(z, t)
                store(to, d + j, add(load(to, d + j), t))
                if both:
                    store(also, e + j, add(load(also, e + j), t))
        if wanted:
            work[sums + s] = total(z)


@njit(cache=True)
def spread_rows(words, spots, n, last, size, width, work, tile, sums, row):
    """Add each row of a tile wherever it is wanted; write its sum."""
    source = numbers_at(row)
    for s in range(size):
        x = work[tile + s]
        if x != 0.0:
            x = product(words, spots, n, s, x, width, row)
        work[sums + s] = x
        if x == 0.0:
            continue
        for k in range(n, last):
            to = numbers_at(spots[k, 0])
            d = np.int64(words[spots[k, 1] + s]) if spots[k, 1] >= 0 else np.int64(0)
            for j in range(0, width, LANES):
                store(to, d + j, add(load(to, d + j), load(source, j)))
