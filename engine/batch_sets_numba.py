"""Sets of positive findings in the lanes of a tree: the algebra of `batch_subsets_numba.py`.

Every number of the tree is one for each set S of the findings that bear on it; what the sets mean
and how two numbers are multiplied is told there. Rows of sets lie one after the other, in the order
of the bits of S among those of the table's mask. The pairs A, B with their A ∪ B, the *terms*, are
laid out once for all masks.
"""

# pyright: basic
import numpy as np

from fascinet.engine.batch_fused_layout import NODE, PART
from fascinet.engine.batch_vectors import add, load, same, spread, store, times
from fascinet.engine.kernel_cache import njit
from fascinet.engine.kernels_numba import U

FEW = 2  # operands of a clique whose products are not stored
SIDE = 8  # bits of a set's place in a term


@njit(cache=True)
def place_in(mask, part):
    """Return the place of a set among the sets within a mask."""
    at = bit = 0
    while mask >> bit:
        if mask >> bit & 1:
            at |= (part >> bit & 1) << count_bits(mask & ((1 << bit) - 1))
        bit += 1
    return at


@njit(cache=True)
def count_bits(mask):
    """Return the number of elements of a set."""
    many = 0
    while mask:
        mask &= mask - 1
        many += 1
    return many


@njit(cache=True)
def lay_terms(findings):
    """Return where the terms of each two masks start, and all terms: places of A, B and A ∪ B."""
    sets = 1 << findings
    ptr = np.zeros(sets * sets + 1, np.int64)
    for a in range(sets):
        for b in range(sets):
            ptr[a * sets + b + 1] = 1 << (count_bits(a) + count_bits(b))
    ptr = np.cumsum(ptr)
    out = np.empty(ptr[-1], np.int32)
    for a in range(sets):
        for b in range(sets):
            at = ptr[a * sets + b]
            for x in range(sets):
                if x & ~a:
                    continue
                for y in range(sets):
                    if y & ~b:
                        continue
                    i, j, s = place_in(a, x), place_in(b, y), place_in(a | b, x | y)
                    out[at] = i | j << SIDE | s << (2 * SIDE)
                    at += 1
    return ptr, out


@njit(cache=True)
def split(term):
    """Return the three places of a term."""
    low = np.int32((1 << SIDE) - 1)
    return U(term & low), U(term >> SIDE & low), U(term >> (2 * SIDE))


@njit(cache=True)
def join(terms, first, last, work, f, g, out):
    """Add f · g to a row of sets."""
    for t in range(first, last):
        a, b, s = split(terms[t])
        x = times(load(work, f + a), load(work, g + b))
        store(work, out + s, add(load(work, out + s), x))


@njit(cache=True)
def part_from(terms, first, last, work, g, d, out):
    """Add g : D to a row of sets."""
    for t in range(first, last):
        a, b, s = split(terms[t])
        x = times(load(work, g + b), load(work, d + s))
        store(work, out + a, add(load(work, out + a), x))


@njit(cache=True)
def clear(work, at, rows):
    """Set rows to zero."""
    none = same(work, 0.0)
    for s in range(U(rows)):
        store(work, U(at) + s, none)


@njit(cache=True)
def open_clique(ints, c, of, first, masks, ptr, sets, here):
    """Write where a clique's operands lie; return how many there are.

    Columns of `here`, a row for each operand: 0 first row  1 → its map  2 bits of its mask  3 mask
    4 mask of those before it  5, 6 terms of those before it with it  7, 8 the same, turned round
    9 numbers of a link on it that are multiplied in, -1 if there are none.
    """
    node = 16 + NODE * c
    few, before = ints[node + 7] - ints[node + 6], np.int64(0)
    for j in range(few):
        k = ints[node + 6] + j
        part = ints[2] + PART * k
        mask = masks[of[k]] if of[k] >= 0 else np.int64(0)
        here[j, 0] = first[of[k]] if of[k] >= 0 else ints[part]
        here[j, 1], here[j, 2], here[j, 3], here[j, 4] = (
            ints[part + 1],
            count_bits(mask),
            mask,
            before,
        )
        here[j, 5], here[j, 6] = ptr[before * sets + mask], ptr[before * sets + mask + 1]
        here[j, 7], here[j, 8] = ptr[mask * sets + before], ptr[mask * sets + before + 1]
        here[j, 9] = -1
        before |= mask
    return few


@njit(cache=True)
def start_of(ints, here, j, e):
    """Return where an operand's sets start for an entry of its clique."""
    return U(here[j, 0] + (np.int64(ints[here[j, 1] + e]) << here[j, 2]))


@njit(cache=True)
def multiply_up(ints, here, few, terms, x, e, work, tile, sets):
    """Multiply all operands of an entry but the last, from `tile` on each product a row of sets."""
    store(work, U(tile), x)
    at = U(tile)
    for j in range(few - 1):
        to = U(tile + (j + 1) * sets)
        clear(work, to, 1 << count_bits(here[j + 1, 4]))
        join(terms, here[j, 5], here[j, 6], work, at, start_of(ints, here, j, e), to)
        at = to
    return at


@njit(cache=True)
def rise_plain(ints, node, few, here, numbers, first, static, work):
    """Write a message of at most two operands on which no finding bears: one number a row."""
    e, base, m, last = U(0), U(ints[node + 2]), U(first), max(few - 1, 0)
    p, f, i = U(here[0, 1]), U(here[0, 0]), here[0, 9]
    q, g, j = U(here[last, 1]), U(here[last, 0]), here[last, 9]
    for _ in range(ints[node]):
        total = same(work, 0.0)
        for _ in range(ints[node + 1]):
            number = static[base + e]
            if few > 0:
                to = U(ints[q + e])
                if few > 1:
                    at = U(ints[p + e])
                    if i >= 0:
                        number *= numbers[U(i) + at]
                    if j >= 0:
                        number *= numbers[U(j) + to]
                    x = times(same(work, number), load(work, f + at))
                    total = add(total, times(x, load(work, g + to)))
                else:
                    if j >= 0:
                        number *= numbers[U(j) + to]
                    total = add(total, times(same(work, number), load(work, g + to)))
            else:
                total = add(total, same(work, number))
            e += U(1)
        store(work, m, total)
        m += U(1)


@njit(cache=True)
def rise_one(ints, node, here, numbers, first, wide, static, work):
    """Write a message of one operand."""
    base, m, e = U(ints[node + 2]), U(first), U(0)
    q, g0, gk, j = U(here[0, 1]), here[0, 0], here[0, 2], here[0, 9]
    for _ in range(ints[node]):
        for _ in range(ints[node + 1]):
            to, number = np.int64(ints[q + e]), static[base + e]
            g = U(g0 + (to << gk))
            x = same(work, number * numbers[j + to] if j >= 0 else number)
            for t in range(U(wide)):
                store(work, m + t, add(load(work, m + t), times(x, load(work, g + t))))
            e += U(1)
        m += U(wide)


@njit(cache=True)
def rise_two(ints, node, here, numbers, first, wide, terms, static, work):
    """Write a message of two operands."""
    base, m, e = U(ints[node + 2]), U(first), U(0)
    p, f0, fk, i = U(here[0, 1]), here[0, 0], here[0, 2], here[0, 9]
    q, g0, gk, j = U(here[1, 1]), here[1, 0], here[1, 2], here[1, 9]
    low, high = here[1, 5], here[1, 6]
    for _ in range(ints[node]):
        for _ in range(ints[node + 1]):
            number = static[base + e]
            if number != 0.0:
                at, to = np.int64(ints[p + e]), np.int64(ints[q + e])
                number *= numbers[i + at] if i >= 0 else 1.0
                number *= numbers[j + to] if j >= 0 else 1.0
                x, f, g = same(work, number), U(f0 + (at << fk)), U(g0 + (to << gk))
                for t in range(low, high):
                    a, b, s = split(terms[t])
                    y = times(times(x, load(work, f + a)), load(work, g + b))
                    store(work, m + s, add(load(work, m + s), y))
            e += U(1)
        m += U(wide)


@njit(cache=True)
def rise(ints, node, few, here, numbers, first, wide, terms, sets, static, work, tile):
    """Write a clique's message from a row on, `wide` sets to a row."""
    rows, cols = ints[node], ints[node + 1]
    if few <= FEW and wide == 1:
        rise_plain(ints, node, few, here, numbers, first, static, work)
        return
    clear(work, first, rows * wide)
    if few == 1:
        rise_one(ints, node, here, numbers, first, wide, static, work)
        return
    if few == FEW:
        rise_two(ints, node, here, numbers, first, wide, terms, static, work)
        return
    e, base, last = 0, np.int64(ints[node + 2]), few - 1
    for s in range(rows):
        m = U(first + s * wide)
        for _ in range(cols):
            number = static[base + e]
            for j in range(few):
                if here[j, 9] >= 0:
                    number *= numbers[here[j, 9] + ints[here[j, 1] + e]]
            if number != 0.0:
                x = same(work, number)
                f = multiply_up(ints, here, few, terms, x, e, work, tile, sets)
                g = start_of(ints, here, last, e)
                join(terms, here[last, 5], here[last, 6], work, f, g, m)
            e += 1


@njit(cache=True)
def sink_few(ints, node, few, of, here, first, wide, terms, static, work, shift0):
    """Add a clique's part to what lies above its one or two operands."""
    rows, cols, e = ints[node], ints[node + 1], U(0)
    base, d, shift, last = U(ints[node + 2]), U(first + shift0), U(shift0), few - 1
    p, f0, fk = U(here[0, 1]), here[0, 0], here[0, 2]
    q, g0, gk = U(here[last, 1]), here[last, 0], here[last, 2]
    low, high = here[last, 5], here[last, 6]
    left, right = of[ints[node + 6]] >= 0, of[ints[node + 6] + last] >= 0
    for _ in range(rows):
        for _ in range(cols):
            if static[base + e] != 0.0:
                x = spread(static, base + e)
                g = U(g0 + (np.int64(ints[q + e]) << gk))
                f = U(f0 + (np.int64(ints[p + e]) << fk))
                for t in range(low, high):
                    a, b, s = split(terms[t])
                    y = times(x, load(work, d + s))
                    if few == 1:
                        to = g + b + shift
                        store(work, to, add(load(work, to), y))
                        continue
                    if right:
                        to = g + b + shift
                        store(work, to, add(load(work, to), times(y, load(work, f + a))))
                    if left:
                        to = f + a + shift
                        store(work, to, add(load(work, to), times(y, load(work, g + b))))
            e += U(1)
        d += U(wide)


@njit(cache=True)
def sink(ints, c, of, first, masks, ptr, terms, sets, here, static, work, tile, shift):
    """Add a clique's part to what lies above its operands."""
    node, owner = 16 + NODE * c, len(masks) - ints[0] + c
    few = open_clique(ints, c, of, first, masks, ptr, sets, here)
    rows, cols, wide = ints[node], ints[node + 1], 1 << count_bits(masks[owner])
    if few == 0 or (few == 1 and of[ints[node + 6]] < 0):
        return
    if few <= FEW:
        sink_few(ints, node, few, of, here, first[owner], wide, terms, static, work, shift)
        return
    e, base, rest = 0, np.int64(ints[node + 2]), tile + len(here) * sets
    for s in range(rows):
        for _ in range(cols):
            if static[base + e] != 0.0:
                x = spread(static, U(base + e))
                multiply_up(ints, here, few, terms, x, e, work, tile, sets)
                d = U(first[owner] + s * wide + shift)
                for j in range(few - 1, -1, -1):
                    g, f = start_of(ints, here, j, e), U(tile + j * sets)
                    if of[ints[node + 6] + j] >= 0:
                        part_from(terms, here[j, 7], here[j, 8], work, f, d, g + U(shift))
                    if j > 0:
                        to = U(rest + j * sets)
                        clear(work, to, 1 << count_bits(here[j, 4]))
                        part_from(terms, here[j, 5], here[j, 6], work, g, d, to)
                        d = to
            e += 1
