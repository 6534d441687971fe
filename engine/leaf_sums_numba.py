"""Sums over a clique's rows for a block of leaf queries: up to four fours of lanes at once.

A row is one state of the separator, its columns are the states of the residual variables:

    sent[row, lane] = links[row, lane] · Σ_column P(column | row) · ∏_operands tile[place, lane]

An operand is a kid's message or a bundle of links; its places tell, for each entry of the clique's
table, where in its tile the row lies that is met. Rows of a tile are `STRIDE` numbers apart.
"""

# pyright: basic
import numpy as np

from fascinet.engine.machine_code import later, njit

by, plus, put, scaled, take = later("fascinet.engine.lane_vectors", "by plus put scaled take")
numbers_at, words_at = later("fascinet.engine.whole_vectors", "numbers_at words_at")

STRIDE = 16  # numbers of a row of a tile: room for four fours


@njit(cache=True)
def tile_of(words, operand, kept, sent):
    """Return the address of an operand's tile."""
    at = np.int64(words[operand + 1])
    return kept + 8 * (-1 - at) if at < 0 else sent + 8 * at


@njit(cache=True)
def places_of(words, operand, pool):
    """Return the address of an operand's places."""
    return pool + 4 * np.int64(words[operand])


@njit(cache=True)
def sum_one(zero, words, r, o, table, rows, cols, pool, kept, sent):
    """Sum the rows of a clique with one operand; the block lies at `r`, its operands at `o`."""
    x, out = numbers_at(table), numbers_at(sent)
    at, one = words_at(places_of(words, o, pool)), numbers_at(tile_of(words, o, kept, sent))
    a, b = np.int64(words[r + 8]), np.int64(words[r + 9])
    c, d = np.int64(words[r + 10]), np.int64(words[r + 11])
    linked, where = words[r + 3] >= 0, words_at(pool + 4 * np.int64(words[r + 3]))
    links = numbers_at(kept + 8 * np.int64(words[r + 4]))
    p = shift = np.int64(0)
    for s in range(rows):
        if cols == 2:
            total = scaled(x[p], take(zero, one, np.int64(at[p])))
            total = plus(total, scaled(x[p + 1], take(zero, one, np.int64(at[p + 1]))))
            p += 2
        else:
            total = zero
            for _ in range(cols):
                total = plus(total, scaled(x[p], take(zero, one, np.int64(at[p]))))
                p += 1
        if linked:
            total = by(total, take(zero, links, np.int64(where[s])))
        put(total, out, a, b, c, d, shift)
        shift += STRIDE


@njit(cache=True)
def sum_two(zero, words, r, o, table, rows, cols, pool, kept, sent):
    """As `sum_one`, with two operands."""
    x, out = numbers_at(table), numbers_at(sent)
    at1, one = words_at(places_of(words, o, pool)), numbers_at(tile_of(words, o, kept, sent))
    o += 2
    at2, two = words_at(places_of(words, o, pool)), numbers_at(tile_of(words, o, kept, sent))
    a, b = np.int64(words[r + 8]), np.int64(words[r + 9])
    c, d = np.int64(words[r + 10]), np.int64(words[r + 11])
    linked, where = words[r + 3] >= 0, words_at(pool + 4 * np.int64(words[r + 3]))
    links = numbers_at(kept + 8 * np.int64(words[r + 4]))
    p = shift = np.int64(0)
    for s in range(rows):
        y = scaled(x[p], take(zero, one, np.int64(at1[p])))
        total = by(y, take(zero, two, np.int64(at2[p])))
        p += 1
        if cols == 2:
            y = scaled(x[p], take(zero, one, np.int64(at1[p])))
            total = plus(total, by(y, take(zero, two, np.int64(at2[p]))))
            p += 1
        else:
            for _ in range(cols - 1):
                y = scaled(x[p], take(zero, one, np.int64(at1[p])))
                total = plus(total, by(y, take(zero, two, np.int64(at2[p]))))
                p += 1
        if linked:
            total = by(total, take(zero, links, np.int64(where[s])))
        put(total, out, a, b, c, d, shift)
        shift += STRIDE


@njit(cache=True)
def sum_three(zero, words, r, first, table, rows, cols, pool, kept, sent):
    """As `sum_one`, with three operands."""
    x, out = numbers_at(table), numbers_at(sent)
    at1 = words_at(places_of(words, first, pool))
    one = numbers_at(tile_of(words, first, kept, sent))
    at2 = words_at(places_of(words, first + 2, pool))
    two = numbers_at(tile_of(words, first + 2, kept, sent))
    at3 = words_at(places_of(words, first + 4, pool))
    three = numbers_at(tile_of(words, first + 4, kept, sent))
    a, b = np.int64(words[r + 8]), np.int64(words[r + 9])
    c, d = np.int64(words[r + 10]), np.int64(words[r + 11])
    linked, where = words[r + 3] >= 0, words_at(pool + 4 * np.int64(words[r + 3]))
    links = numbers_at(kept + 8 * np.int64(words[r + 4]))
    p = shift = np.int64(0)
    for s in range(rows):
        total = zero
        for _ in range(cols):
            y = scaled(x[p], take(zero, one, np.int64(at1[p])))
            y = by(y, take(zero, two, np.int64(at2[p])))
            total = plus(total, by(y, take(zero, three, np.int64(at3[p]))))
            p += 1
        if linked:
            total = by(total, take(zero, links, np.int64(where[s])))
        put(total, out, a, b, c, d, shift)
        shift += STRIDE


@njit(cache=True)
def sum_many(zero, words, r, first, table, rows, cols, pool, kept, sent):
    """As `sum_one`, with more."""
    x, out = numbers_at(table), numbers_at(sent)
    at1 = words_at(places_of(words, first, pool))
    one = numbers_at(tile_of(words, first, kept, sent))
    at2 = words_at(places_of(words, first + 2, pool))
    two = numbers_at(tile_of(words, first + 2, kept, sent))
    at3 = words_at(places_of(words, first + 4, pool))
    three = numbers_at(tile_of(words, first + 4, kept, sent))
    a, b = np.int64(words[r + 8]), np.int64(words[r + 9])
    c, d = np.int64(words[r + 10]), np.int64(words[r + 11])
    linked, where = words[r + 3] >= 0, words_at(pool + 4 * np.int64(words[r + 3]))
    links = numbers_at(kept + 8 * np.int64(words[r + 4]))
    last = first + 2 * np.int64(words[r + 1])
    p = shift = np.int64(0)
    for s in range(rows):
        total = zero
        for _ in range(cols):
            y = scaled(x[p], take(zero, one, np.int64(at1[p])))
            y = by(y, take(zero, two, np.int64(at2[p])))
            for o in range(first + 6, last, 2):
                at = words_at(places_of(words, o, pool))
                y = by(y, take(zero, numbers_at(tile_of(words, o, kept, sent)), np.int64(at[p])))
            total = plus(total, by(y, take(zero, three, np.int64(at3[p]))))
            p += 1
        if linked:
            total = by(total, take(zero, links, np.int64(where[s])))
        put(total, out, a, b, c, d, shift)
        shift += STRIDE


@njit(cache=True)
def sum_block(zero, words, r, operands, table, rows, cols, pool, kept, sent):
    """Send a block over a clique; its record lies at `r`."""
    o, count = operands + 2 * np.int64(words[r + 2]), words[r + 1]
    if count == 1:
        sum_one(zero, words, r, o, table, rows, cols, pool, kept, sent)
    elif count == 2:
        sum_two(zero, words, r, o, table, rows, cols, pool, kept, sent)
    elif count == 3:
        sum_three(zero, words, r, o, table, rows, cols, pool, kept, sent)
    else:
        sum_many(zero, words, r, o, table, rows, cols, pool, kept, sent)
