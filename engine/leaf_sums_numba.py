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
def sum_one(zero, table, rows, cols, places, tile, to, a, b, c, d, links, link_places, linked):
    """Sum the rows of a clique with one operand."""
    x, at, one = numbers_at(table), words_at(places), numbers_at(tile)
    out, more, where = numbers_at(to), numbers_at(links), words_at(link_places)
    p = shift = np.int64(0)
    for s in range(rows):
        if cols == 2:
            left = scaled(x[p], take(zero, one, np.int64(at[p])))
            total = plus(left, scaled(x[p + 1], take(zero, one, np.int64(at[p + 1]))))
            p += 2
        else:
            total = zero
            for _ in range(cols):
                total = plus(total, scaled(x[p], take(zero, one, np.int64(at[p]))))
                p += 1
        if linked:
            total = by(total, take(zero, more, np.int64(where[s])))
        put(total, out, a, b, c, d, shift)
        shift += STRIDE


@njit(cache=True)
def sum_two(
    zero, table, rows, cols, places, tile, others, other, to, a, b, c, d, links, link_places, linked
):
    """Sum the rows of a clique with two operands."""
    x, at, one = numbers_at(table), words_at(places), numbers_at(tile)
    at2, two = words_at(others), numbers_at(other)
    out, more, where = numbers_at(to), numbers_at(links), words_at(link_places)
    p = shift = np.int64(0)
    for s in range(rows):
        total = zero
        for _ in range(cols):
            y = scaled(x[p], take(zero, one, np.int64(at[p])))
            total = plus(total, by(y, take(zero, two, np.int64(at2[p]))))
            p += 1
        if linked:
            total = by(total, take(zero, more, np.int64(where[s])))
        put(total, out, a, b, c, d, shift)
        shift += STRIDE


@njit(cache=True)
def sum_many(
    zero, table, rows, cols, words, first, last, pool, kept, sent, to, a, b, c, d, links,
    link_places, linked,
):  # fmt: skip
    """Sum the rows of a clique with three operands or more, records `first` … `last` by twos."""
    x, out = numbers_at(table), numbers_at(to)
    more, where = numbers_at(links), words_at(link_places)
    at1 = words_at(places_of(words, first, pool))
    one = numbers_at(tile_of(words, first, kept, sent))
    at2 = words_at(places_of(words, first + 2, pool))
    two = numbers_at(tile_of(words, first + 2, kept, sent))
    at3 = words_at(places_of(words, first + 4, pool))
    three = numbers_at(tile_of(words, first + 4, kept, sent))
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
            total = by(total, take(zero, more, np.int64(where[s])))
        put(total, out, a, b, c, d, shift)
        shift += STRIDE


@njit(cache=True)
def sum_block(zero, words, r, operands, table, rows, cols, pool, kept, sent):
    """Send a block over a clique; its record lies at `r`."""
    first = operands + 2 * np.int64(words[r + 2])
    a, b = np.int64(words[r + 8]), np.int64(words[r + 9])
    c, d = np.int64(words[r + 10]), np.int64(words[r + 11])
    linked, count = words[r + 3] >= 0, words[r + 1]
    links, where = kept + 8 * np.int64(words[r + 4]), pool + 4 * np.int64(words[r + 3])
    one, at = tile_of(words, first, kept, sent), places_of(words, first, pool)
    if count == 1:
        sum_one(zero, table, rows, cols, at, one, sent, a, b, c, d, links, where, linked)
    elif count == 2:
        two, also = tile_of(words, first + 2, kept, sent), places_of(words, first + 2, pool)
        sum_two(zero, table, rows, cols, at, one, also, two, sent, a, b, c, d, links, where, linked)
    else:
        sum_many(
            zero, table, rows, cols, words, first, first + 2 * np.int64(count), pool, kept, sent,
            sent, a, b, c, d, links, where, linked,
        )  # fmt: skip
