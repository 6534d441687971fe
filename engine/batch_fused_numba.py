"""A core's program with no table kept: rows are lanes, entries come and go tile by tile.

What of a clique's table no row changes is multiplied once, when the program is laid out (`static`).
The rest are vector operands: likelihoods, messages, and tables that observed states slice. With T
the product of all, s a row (a state of the separator) and B the separator's belief,

    up     m(s) = Σ T            down    T · B(s) / m(s), added to the children's B and to marginals

so T is worked twice and never stored, and the work space is that of the separators.

The layout is told in `batch_fused_layout.py`.
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.batch_core_numba import WIDTH, load_block, read_leaf, show, tell
from fascinet.engine.batch_fused_layout import NODE, PART, SLICED, SUM, TARGET, TILE
from fascinet.engine.batch_numba import is_small
from fascinet.engine.batch_pattern_numba import SMALL, read_offsets
from fascinet.engine.batch_vectors import (
    add,
    gather,
    load,
    pointer,
    ratio,
    same,
    spread,
    store,
    times,
)
from fascinet.engine.kernel_cache import njit
from fascinet.engine.kernels_numba import (
    DONE,
    IMPOSSIBLE,
    OPERAND,
    TINY,
    UNSAFE,
    U,
)

FEW = 3  # operands, or targets, up to which no tile is needed


@njit(cache=True)
def fill_tile(ints, node, static, work, e0, count, tile):
    """Write some entries of a clique's table."""
    first = U(ints[node + 2] + e0)
    for j in range(U(count)):
        store(work, U(tile) + j, spread(static, first + j))
    for k in range(ints[node + 6], ints[node + 7]):
        part = ints[2] + PART * k
        source, at = U(ints[part]), U(ints[part + 1] + e0)
        for j in range(U(count)):
            x = load(work, source + U(ints[at + j]))
            store(work, U(tile) + j, times(load(work, U(tile) + j), x))


@njit(cache=True)
def operand(ints, node, k):
    """Return where operand k of a clique starts and its map; zeros if there is no such operand."""
    part = ints[2] + PART * (ints[node + 6] + k)
    if ints[node + 6] + k >= ints[node + 7]:
        return U(0), U(0)
    return U(ints[part]), U(ints[part + 1])


@njit(cache=True)
def target(ints, node, k):
    """Return where target k of a clique starts and its map; zeros if there is no such target."""
    goal = ints[3] + TARGET * (ints[node + 8] + k)
    if ints[node + 8] + k >= ints[node + 9]:
        return U(0), U(0)
    return U(ints[goal]), U(ints[goal + 1])


@njit(cache=True)
def rise_few(ints, node, static, work):
    """Write a message of at most three operands, no entry stored."""
    few, m = ints[node + 7] - ints[node + 6], U(ints[node + 3])
    rows, cols, p = U(ints[node]), U(ints[node + 1]), U(ints[node + 2])
    (a, i), (b, j) = operand(ints, node, 0), operand(ints, node, 1)
    c, k = operand(ints, node, 2)
    e = U(0)
    for s in range(rows):
        total = same(work, 0.0)
        for _ in range(cols):
            x = spread(static, p + e)
            if few > 0:
                x = times(x, load(work, a + U(ints[i + e])))
            if few > 1:
                x = times(x, load(work, b + U(ints[j + e])))
            if few > 2:
                x = times(x, load(work, c + U(ints[k + e])))
            total = add(total, x)
            e += U(1)
        store(work, m + s, total)


@njit(cache=True)
def put_on(work, at, x):
    """Add to a row."""
    store(work, at, add(load(work, at), x))


@njit(cache=True)
def sink_few(ints, node, static, work, factor):
    """Add a belief of at most three operands to at most three targets, no entry stored."""
    few, goals = ints[node + 7] - ints[node + 6], ints[node + 9] - ints[node + 8]
    rows, cols, p = U(ints[node]), U(ints[node + 1]), U(ints[node + 2])
    m, belief = U(ints[node + 3]), U(ints[node + 4])
    (a, i), (b, j) = operand(ints, node, 0), operand(ints, node, 1)
    c, k = operand(ints, node, 2)
    (f, n), (g, q), (h, r) = target(ints, node, 0), target(ints, node, 1), target(ints, node, 2)
    e = U(0)
    for s in range(rows):
        weight = ratio(load(work, belief + s), times(load(work, m + s), factor))
        for _ in range(cols):
            x = times(spread(static, p + e), weight)
            if few > 0:
                x = times(x, load(work, a + U(ints[i + e])))
            if few > 1:
                x = times(x, load(work, b + U(ints[j + e])))
            if few > 2:
                x = times(x, load(work, c + U(ints[k + e])))
            put_on(work, f + U(ints[n + e]), x)
            if goals > 1:
                put_on(work, g + U(ints[q + e]), x)
            if goals > 2:
                put_on(work, h + U(ints[r + e]), x)
            e += U(1)


@njit(cache=True)
def rise_tiles(ints, node, static, work, tile):
    """Write a message of many operands, tile by tile."""
    rows, cols, m = ints[node], ints[node + 1], ints[node + 3]
    step = max(1, TILE // cols)
    for s0 in range(0, rows, step):
        some = min(step, rows - s0)
        fill_tile(ints, node, static, work, s0 * cols, some * cols, tile)
        p = U(tile)
        for s in range(some):
            total = load(work, p)
            p += U(1)
            for _ in range(U(1), U(cols)):
                total = add(total, load(work, p))
                p += U(1)
            store(work, U(m + s0 + s), total)


@njit(cache=True)
def rise(ints, c, static, work, tile, scale, totals, status):
    """Write a clique's message, scaled where it got small."""
    node = 16 + NODE * c
    rows, m = ints[node], ints[node + 3]
    if ints[node + 7] - ints[node + 6] <= FEW:
        rise_few(ints, node, static, work)
    else:
        rise_tiles(ints, node, static, work, tile)
    store(work, U(scale + c), same(work, 1.0))
    if is_small(work, m, rows, SMALL):
        for i in range(WIDTH):
            top = 0.0
            for s in range(rows):
                top = max(top, work[(m + s) * WIDTH + i])
            if 0.0 < top < SMALL:
                if top < TINY:
                    status[i] = UNSAFE
                totals[i] += log(top)
                work[(scale + c) * WIDTH + i] = top
                for s in range(rows):
                    work[(m + s) * WIDTH + i] /= top


@njit(cache=True)
def sink_tiles(ints, node, static, work, factor, tile):
    """Add a belief of many operands or to many targets, tile by tile."""
    rows, cols, m, b = ints[node], ints[node + 1], ints[node + 3], ints[node + 4]
    step = max(1, TILE // cols)
    for s0 in range(0, rows, step):
        some = min(step, rows - s0)
        fill_tile(ints, node, static, work, s0 * cols, some * cols, tile)
        p = U(tile)
        for s in range(some):
            below = times(load(work, U(m + s0 + s)), factor)
            weight = ratio(load(work, U(b + s0 + s)), below)
            for _ in range(U(cols)):
                store(work, p, times(load(work, p), weight))
                p += U(1)
        for t in range(ints[node + 9] - ints[node + 8]):
            to, at = target(ints, node, t)
            at += U(s0 * cols)
            for j in range(U(some * cols)):
                put_on(work, to + U(ints[at + j]), load(work, U(tile) + j))


@njit(cache=True)
def sink(ints, c, static, work, tile, scale):
    """Add a clique's belief to its children's separators and to marginals."""
    node = 16 + NODE * c
    goals = ints[node + 9] - ints[node + 8]
    factor = load(work, U(scale + c))
    if goals == 0:
        pass
    elif goals <= FEW and ints[node + 7] - ints[node + 6] <= FEW:
        sink_few(ints, node, static, work, factor)
    else:
        sink_tiles(ints, node, static, work, factor, tile)
    for k in range(ints[node + 10], ints[node + 11]):
        rec = ints[4] + SUM * k
        source, at, to = U(ints[rec]), U(ints[rec + 2]), U(ints[rec + 3])
        for j in range(U(ints[rec + 1])):
            put_on(work, to + U(ints[at + j]), load(work, source + j))


@njit(cache=True)
def slice_tables(ints, prog, base, coded, stride, lanes, offsets, work):
    """Write the values of the tables that observed states slice, each lane its own."""
    for k in range(ints[5]):
        rec = ints[6] + SLICED * k
        alike = read_offsets(prog, np.int64(ints[rec + 1]), coded, stride, lanes, offsets)
        first, uses = U(ints[rec]), U(ints[rec + 2])
        for j in range(U(ints[rec + 3])):
            t = U(ints[uses + j])
            x = spread(base, U(offsets[0]) + t) if alike else gather(base, offsets, t)
            store(work, first + j, x)


@njit(cache=True)
def add_scalars(prog, base, coded, stride, lanes, offsets, totals, status):
    """Add ln of the factors without variables."""
    for k in range(prog[8]):
        read_offsets(prog, np.int64(prog[7]) + OPERAND * k, coded, stride, lanes, offsets)
        for i in range(WIDTH):
            x = base[offsets[i]]
            if x > 0.0:
                totals[i] += log(x)
            else:
                status[i] = IMPOSSIBLE


@njit(cache=True)
def settle(ints, work, scale, totals, status):
    """Add ln of the roots' sums."""
    for c in range(ints[0]):
        node = 16 + NODE * c
        if ints[node + 5] < 0:
            for i in range(WIDTH):
                x = work[ints[node + 3] * WIDTH + i]
                if x > 0.0:
                    totals[i] += log(x)
                elif status[i] == DONE:
                    status[i] = IMPOSSIBLE


@njit(cache=True, nogil=True)
def run_fused(
    flat, ints_array, static_array, base_array, tables, kinds, states, coded_array, roles, rows,
    soft, soft_at, simple, read, starts, work, buffers, out, logs, status,
):  # fmt: skip
    """Answer the cases `rows` of a frame, as `batch_core_numba.run_core` does without queries.

    `read` are the variables of the tree.
    """
    numbers, reals, marks = buffers
    prog, base, coded = pointer(flat), pointer(base_array), pointer(coded_array)
    ints, static, table = pointer(ints_array), pointer(static_array), pointer(work)
    lanes, offsets = pointer(numbers), pointer(numbers[WIDTH:])
    totals, state_of = pointer(reals), pointer(marks)
    stride, scale, tile = coded_array.shape[1], ints_array[9], ints_array[10]
    for begin in range(0, len(rows), WIDTH):
        count = min(WIDTH, len(rows) - begin)
        load_block(
            rows, begin, count, lanes, state_of, totals, tables, kinds, base_array, states, roles,
            soft, soft_at, table,
        )  # fmt: skip
        slice_tables(ints, prog, base, coded, stride, lanes, offsets, table)
        add_scalars(prog, base, coded, stride, lanes, offsets, totals, state_of)
        for c in range(ints_array[0]):
            rise(ints, c, static, table, tile, scale, totals, state_of)
        settle(ints, table, scale, totals, state_of)
        tell(count, lanes, state_of, totals, logs, status)
        if out.shape[0] == 0:
            continue
        for r in range(ints_array[11], ints_array[9]):
            store(table, U(r), same(table, 0.0))
        for c in range(ints_array[0] - 1, -1, -1):
            if ints_array[16 + NODE * c + 5] < 0:
                store(table, U(ints_array[16 + NODE * c + 4]), same(table, 1.0))
            sink(ints, c, static, table, tile, scale)
        first = np.int64(ints_array[8])
        for i in range(count):
            n = lanes[i]
            if state_of[i] != DONE:
                continue
            for v in read:
                for j in range(starts[v], starts[v + 1]):
                    out[n, j] = work[first + j, i]
            for v in simple:
                if states[n, v] < 0:
                    read_leaf(v, tables, base_array, states, n, starts, out[n])
            show(states, n, starts, out[n])
