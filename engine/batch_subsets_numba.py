"""Rows with positive findings of their own through one tree: the kernels of `batch_subsets.py`.

Rows are lanes. With F positive findings X_i = k_i in a row, every number of the tree becomes 2^F
numbers, one for each set S of findings that were attained: all Z_i of what was multiplied so far
are ≤ k_i, and for i in S one of them equals k_i. Two such are multiplied by

    (f · g)[S] = Σ_{A ∪ B = S} f[A] g[B]                                up, towards a root
    (g : D)[A] = Σ_B g[B] D[A ∪ B]           ∂/∂f of what D makes of f · g, down from a root

which are sums of products of non-negative numbers: nothing cancels, zeros stay zeros. A parent u
of X_i bears P(Z_i < k_i | u) at S = {} and P(Z_i = k_i | u) at S = {i}. What has no parent of X_i
below it has no numbers for sets that hold i: a table lists only the sets within its own `mask`.

Layout of the ints (int64) beside those of `batch_fused_layout.py`::

    owners   what is multiplied into cliques: first the likelihoods, then the cliques' messages
    sizes    rows of each owner
    of       owner of each operand, -1: a sliced table, the same numbers whatever is attained
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.batch_core_numba import CORE, WIDTH, load_block, read_leaf, show, tell
from fascinet.engine.batch_fused_layout import NODE
from fascinet.engine.batch_fused_numba import add_scalars, slice_tables
from fascinet.engine.batch_sets_numba import (
    clear,
    count_bits,
    join,
    open_clique,
    part_from,
    place_in,
    rise,
    sink,
)
from fascinet.engine.batch_subsets_leaves_numba import ask_sets
from fascinet.engine.batch_vectors import add, load, pointer, same, store, times
from fascinet.engine.kernel_cache import njit
from fascinet.engine.kernels_numba import DONE, IMPOSSIBLE, TINY, UNSAFE, U


@njit(cache=True)
def find_core(roles, lanes, findings):
    """Write the positive findings of each lane, -1 where it has fewer than another; return F."""
    most = 0
    for i in range(WIDTH):
        count = 0
        for v in range(roles.shape[1]):
            if roles[lanes[i], v] == CORE:
                findings[i, count] = v
                count += 1
        findings[i, count:] = -1
        most = max(most, count)
    return most


@njit(cache=True)
def mask_owners(ints, many, findings, ptr, parents, owner_of, of, masks):
    """Write which findings bear on each owner, in any lane."""
    masks[:] = 0
    for i in range(WIDTH):
        for j in range(many):
            v = findings[i, j]
            if v >= 0:
                for k in range(ptr[v], ptr[v + 1]):
                    if owner_of[parents[k]] >= 0:
                        masks[owner_of[parents[k]]] |= 1 << j
    first = len(masks) - ints[0]
    for c in range(ints[0]):
        node = 16 + NODE * c
        for k in range(ints[node + 6], ints[node + 7]):
            if of[k] >= 0:
                masks[first + c] |= masks[of[k]]


@njit(cache=True)
def less_than(base, at, k):
    """Return P(Z < k) of a distribution."""
    x = 0.0
    for j in range(k):
        x += base[at + j]
    return x


@njit(cache=True)
def bear(work, row, mask, j, lane, low, level):
    """Multiply a lane of a row of sets by (P(Z < k), P(Z = k)) of finding j."""
    bit = 1 << count_bits(mask & ((1 << j) - 1))
    for s in range(1 << count_bits(mask)):
        if s & bit:
            at, under = (row + s) * WIDTH + lane, (row + s - bit) * WIDTH + lane
            work[at] = work[at] * (low + level) + work[under] * level
            work[under] *= low


@njit(cache=True)
def load_owners(
    tables, base, states, lanes, many, findings, soft, soft_at, owner_of, masks, first, work, leak
):
    """Write the likelihoods with what positive findings say; what depends on nothing to `leak`."""
    cards, leaks, ptr, parents, links = tables
    for o in range(len(soft)):
        sets = 1 << count_bits(masks[o])
        clear(work, first[o], cards[soft[o]] * sets)
        for s in range(cards[soft[o]]):
            store(work, U(first[o] + s * sets), load(work, U(soft_at[soft[o]] + s)))
    for i in range(WIDTH):
        for j in range(many):
            v = findings[i, j]
            leak[0, j, i], leak[1, j, i] = 0.0, 1.0
            if v < 0:
                continue
            k, m = np.int64(states[lanes[i], v]), cards[v]
            low, level = less_than(base, leaks[v], k), base[leaks[v] + k]
            for x in range(ptr[v], ptr[v + 1]):
                u, at = parents[x], links[x]
                o = owner_of[u]
                if o >= 0:
                    sets = 1 << count_bits(masks[o])
                    for s in range(cards[u]):
                        z = at + s * m
                        row = first[o] + s * sets
                        bear(work, row, masks[o], j, i, less_than(base, z, k), base[z + k])
                else:
                    z = at + states[lanes[i], u] * m
                    p, q = less_than(base, z, k), base[z + k]
                    level = level * (p + q) + low * q
                    low *= p
            leak[0, j, i], leak[1, j, i] = low, level


@njit(cache=True)
def lift(work, d, sets, f, mask, to, g):
    """Add f : D to the sets within g, where D lists all sets and f those within a mask."""
    for x in range(sets):
        if x & ~g == 0:
            row = to + U(place_in(g, x))
            total = load(work, row)
            for y in range(sets):
                if y & ~mask == 0:
                    z = times(load(work, f + U(place_in(mask, y))), load(work, d + U(x | y)))
                    total = add(total, z)
            store(work, row, total)


@njit(cache=True)
def multiply_roots(ints, first, masks, ptr, terms, sets, work, product, seen):
    """Multiply the roots' messages, leaving each product and its mask; return how many."""
    clear(work, product, 1)
    store(work, U(product), same(work, 1.0))
    lead, number = len(masks) - ints[0], 0
    seen[0] = 0
    for c in range(ints[0]):
        if ints[16 + NODE * c + 5] < 0:
            g, f = masks[lead + c], U(product + sets * number)
            at = seen[number] * sets + g
            number += 1
            seen[number] = seen[number - 1] | g
            clear(work, f + U(sets), sets)
            join(terms, ptr[at], ptr[at + 1], work, f, U(first[lead + c]), f + U(sets))
    return number


@njit(cache=True)
def close(ints, first, masks, ptr, terms, many, leak, work, roots, seen, shift):
    """Write what lies above each root; return where P(e) was written."""
    sets, lead = 1 << many, len(masks) - ints[0]
    number = multiply_roots(ints, first, masks, ptr, terms, sets, work, roots, seen)
    last = roots + sets * number
    rest = last + sets
    for s in range(sets):
        for i in range(WIDTH):
            x = 1.0
            for j in range(many):
                x *= leak[1, j, i] + (leak[0, j, i] if s >> j & 1 else 0.0)
            work[(rest + s) * WIDTH + i] = x
    total = same(work, 0.0)
    for s in range(sets):
        if s & ~seen[number] == 0:
            x = load(work, U(last + place_in(seen[number], s)))
            total = add(total, times(x, load(work, U(rest + s))))
    answer, d = rest + 3 * sets, U(rest)
    store(work, U(answer), total)
    for c in range(ints[0] - 1, -1, -1):
        if ints[16 + NODE * c + 5] < 0:
            number -= 1
            g, m = masks[lead + c], U(first[lead + c])
            lift(work, d, sets, U(roots + sets * number), seen[number], m + U(shift), g)
            to = U(rest + sets * (2 - (number & 1)))
            clear(work, to, sets)
            at = (sets - 1) * sets + g
            part_from(terms, ptr[at], ptr[at + 1], work, m, d, to)
            d = to
    return answer


@njit(cache=True)
def settle(work, answer, totals, status):
    """Add ln P(e) to the totals; rows whose numbers are out of range are left to another path."""
    for i in range(WIDTH):
        x = work[answer * WIDTH + i]
        if x >= TINY:
            totals[i] += log(x)
        elif status[i] == DONE:
            status[i] = IMPOSSIBLE if x == 0.0 else UNSAFE


@njit(cache=True)
def read_owner(cards, v, o, masks, first, shift, work, lanes, count, starts, out):
    """Write P(u | e) = Σ_A λ[A] D[A] / P(e) of a variable."""
    sets = 1 << count_bits(masks[o])
    for i in range(count):
        n, total = lanes[i], 0.0
        for s in range(cards[v]):
            x = 0.0
            for a in range(first[o] + s * sets, first[o] + (s + 1) * sets):
                x += work[a * WIDTH + i] * work[(a + shift) * WIDTH + i]
            out[n, starts[v] + s] = x
            total += x  # P(e), but for rounding
        for s in range(cards[v]):
            out[n, starts[v] + s] = out[n, starts[v] + s] / total if total > 0.0 else 0.0


@njit(cache=True)
def seat_owners(sizes, masks, first, at):
    """Write where each owner's sets start, from a row on; return how many rows they take."""
    begin = at
    for o in range(len(sizes)):
        first[o] = at
        at += sizes[o] << count_bits(masks[o])
    return at - begin


@njit(cache=True)
def rows_needed(sizes, cliques, deep, sets):
    """Return how many rows of the work space a block may take beside the program's own."""
    return 3 * sets * sizes.sum() + (cliques + 8 + 2 * (deep + 1)) * sets


@njit(cache=True, nogil=True)
def run_subsets(
    flat, ints_array, static_array, sizes, of, owner_of, deep, ptr, term_array, base_array, tables,
    kinds, states, roles, rows, soft, soft_at, simple, asks, starts, work, buffers, out, logs,
    status,
):  # fmt: skip
    """Answer the cases `rows` of a frame, whatever is positive in each.

    Parameters
    ----------
    flat, ints_array, static_array
        A program with an empty core, and as it is laid out in `batch_fused_layout.py`.
    sizes, of, owner_of, deep
        See above; `owner_of` tells the owner of each variable's likelihood, -1 if it has none.
    ptr, term_array
        Of `lay_terms` for as many findings as any row has.
    asks : tuple of arrays
        Leaf queries, see `batch_subsets_leaves_numba.py`.
    """
    numbers, reals, marks = buffers
    prog, base, coded = pointer(flat), pointer(base_array), pointer(states)
    ints, static, table = pointer(ints_array), pointer(static_array), pointer(work)
    lanes, offsets, terms = pointer(numbers), pointer(numbers[WIDTH:]), pointer(term_array)
    totals, state_of = pointer(reals), pointer(marks)
    cliques, sets = ints_array[0], np.int64(1)
    while sets * sets + 1 < len(ptr):
        sets *= 2
    most = count_bits(sets - 1)
    findings, leak = np.full((WIDTH, max(most, 1)), -1, np.int64), np.zeros((2, most, WIDTH))
    masks, first = np.zeros(len(sizes), np.int64), np.zeros(len(sizes), np.int64)
    here, seen = np.zeros((deep + 1, 10), np.int64), np.zeros(cliques + 1, np.int64)
    moved, below = np.zeros(cliques, np.bool_), np.zeros((tables[0].max(), WIDTH))
    tile = np.int64(ints_array[7])
    roots = tile + 2 * len(here) * sets
    begin_at = roots + (cliques + 8) * sets
    for begin in range(0, len(rows), WIDTH):
        count = min(WIDTH, len(rows) - begin)
        load_block(
            rows, begin, count, lanes, state_of, totals, tables, kinds, base_array, states, roles,
            soft, soft_at, table,
        )  # fmt: skip
        slice_tables(ints, prog, base, coded, states.shape[1], lanes, offsets, table)
        add_scalars(prog, base, coded, states.shape[1], lanes, offsets, totals, state_of)
        find_core(roles, lanes, findings)
        mask_owners(ints, most, findings, tables[2], tables[3], owner_of, of, masks)
        shift = seat_owners(sizes, masks, first, begin_at)
        load_owners(
            tables, base, states, lanes, most, findings, soft, soft_at, owner_of, masks, first,
            table, leak,
        )  # fmt: skip
        for c in range(cliques):
            few = open_clique(ints, c, of, first, masks, ptr, sets, here)
            o = len(masks) - cliques + c
            wide = 1 << count_bits(masks[o])
            node = 16 + NODE * c
            rise(ints, node, few, here, static, first[o], wide, terms, sets, static, table, tile)
        clear(table, begin_at + shift, shift)
        answer = close(ints, first, masks, ptr, terms, most, leak, table, roots, seen, shift)
        settle(table, answer, totals, state_of)
        tell(count, lanes, state_of, totals, logs, status)
        if out.shape[0] == 0:
            continue
        for c in range(cliques - 1, -1, -1):
            sink(ints, c, of, first, masks, ptr, terms, sets, here, static, table, tile, shift)
        for o in range(len(soft)):
            v = soft[o]
            read_owner(tables[0], v, o, masks, first, shift, table, lanes, count, starts, out)
        ask_sets(
            ints, asks, of, first, masks, ptr, terms, sets, here, static, table, tile, roots,
            answer, shift, moved, tables, base, states, lanes, count, owner_of, starts, below,
            status, out,
        )  # fmt: skip
        for i in range(count):
            n = lanes[i]
            if state_of[i] != DONE:
                status[n] = state_of[i]
            else:
                for v in simple:
                    if states[n, v] < 0:
                        read_leaf(v, tables, base_array, states, n, starts, out[n])
                show(states, n, starts, out[n])
