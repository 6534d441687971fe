"""Kernels of the batch program by vectors of cases: 8 in float64, 16 in float32.

All arrays but the maps are flat and counted in vectors: one row is one number of each case. What
the symbols mean is told in `batch_program.py`, the walk through the tree is `batch_walk_numba.py`.
"""

# pyright: basic
from math import log

from fascinet.engine.batch_vectors import (
    add,
    any_below,
    fitting,
    known_lanes,
    larger,
    load,
    ratio,
    same,
    spread,
    store,
    times,
    where_known,
)
from fascinet.engine.kernel_cache import njit
from fascinet.engine.kernels_numba import DONE, IMPOSSIBLE, UNSAFE, U


@njit(cache=True)
def up_one(table, work, t0, m0, rows0, cols0, maps, a0, p0):
    """T = K · a, m = Σ T."""
    rows, cols, t, m = U(rows0), U(cols0), U(t0), U(m0)
    a, p = U(a0), U(p0)
    for s in range(rows):
        total = same(work, 0.0)
        for _ in range(cols):
            x = times(spread(table, t), load(work, a + U(maps[p])))
            store(work, t, x)
            total = add(total, x)
            t += U(1)
            p += U(1)
        store(work, m + s, total)


@njit(cache=True)
def up_two(table, work, t0, m0, rows0, cols0, maps, a0, p0, b0, q0):
    """T = K · a · b, m = Σ T."""
    rows, cols, t, m = U(rows0), U(cols0), U(t0), U(m0)
    a, p, b, q = U(a0), U(p0), U(b0), U(q0)
    for s in range(rows):
        total = same(work, 0.0)
        for _ in range(cols):
            x = times(load(work, a + U(maps[p])), load(work, b + U(maps[q])))
            x = times(spread(table, t), x)
            store(work, t, x)
            total = add(total, x)
            t += U(1)
            p += U(1)
            q += U(1)
        store(work, m + s, total)


@njit(cache=True)
def up_more(work, t0, m0, rows0, cols0, maps, a0, p0):
    """T = T · a, m = Σ T."""
    rows, cols, t, m, a, p = U(rows0), U(cols0), U(t0), U(m0), U(a0), U(p0)
    for s in range(rows):
        total = same(work, 0.0)
        for _ in range(cols):
            x = times(load(work, t), load(work, a + U(maps[p])))
            store(work, t, x)
            total = add(total, x)
            t += U(1)
            p += U(1)
        store(work, m + s, total)


@njit(cache=True)
def times_rows(work, x0, y0, rows0, maps, a0, p0, fresh):
    """Write x = y · a, or x = a if fresh, row by row of a message."""
    rows, x, y, a, p = U(rows0), U(x0), U(y0), U(a0), U(p0)
    for s in range(rows):
        value = load(work, a + U(maps[p + s]))
        if not fresh:
            value = times(value, load(work, y + s))
        store(work, x + s, value)


@njit(cache=True)
def is_small(work, x0, rows0, limit):
    """Return whether the largest entry of any lane lies below a limit."""
    x, rows = U(x0), U(rows0)
    top = load(work, x)
    for s in range(U(1), rows):
        top = larger(top, load(work, x + s))
    return any_below(top, limit)


@njit(cache=True)
def rescale(work, x0, y0, rows, width, limits, totals, status):
    """Write a message, each lane that got small scaled to a maximum of one."""
    for i in range(width):
        top = work[y0 * width + i]
        for s in range(1, rows):
            top = max(top, work[(y0 + s) * width + i])
        scale = 1.0
        if 0.0 < top < limits[0]:
            if top < limits[1]:
                status[i] = UNSAFE
            totals[i] += log(top)
            scale = 1.0 / top
        for s in range(rows):
            work[(x0 + s) * width + i] = work[(y0 + s) * width + i] * scale


@njit(cache=True)
def leaf_up(table, work, k0, m0, rows0, cols0, a0):
    """M = Σ K · λ over a clique of one residual variable."""
    rows, cols, k, m, a = U(rows0), U(cols0), U(k0), U(m0), U(a0)
    for s in range(rows):
        total = times(spread(table, k), load(work, a))
        k += U(1)
        for r in range(U(1), cols):
            total = add(total, times(spread(table, k), load(work, a + r)))
            k += U(1)
        store(work, m + s, total)


@njit(cache=True)
def leaf_down(table, work, k0, w0, rows0, cols0, out, o0, step0, a0, seen):
    """Marginal of a leaf clique's variable = λ · Σ K · w."""
    rows, cols, k, w, a = U(rows0), U(cols0), U(k0), U(w0), U(a0)
    o, step = U(o0), U(step0)
    for r in range(cols):
        j = k + r
        total = times(spread(table, j), load(work, w))
        for s in range(U(1), rows):
            j += cols
            total = add(total, times(spread(table, j), load(work, w + s)))
        if seen:
            total = times(total, load(work, a + r))
        store(out, o, total)
        o += step


@njit(cache=True)
def believe(table, work, t0, w0, rows0, cols0, mine):
    """T = (T or K) · w."""
    rows, cols, t, w = U(rows0), U(cols0), U(t0), U(w0)
    for s in range(rows):
        weight = load(work, w + s)
        if mine:
            for _ in range(cols):
                store(work, t, times(load(work, t), weight))
                t += U(1)
        else:
            for _ in range(cols):
                store(work, t, times(spread(table, t), weight))
                t += U(1)


@njit(cache=True)
def weigh(work, b0, m0, rows0):
    """M = B / m."""
    rows, b, m = U(rows0), U(b0), U(m0)
    for s in range(rows):
        store(work, m + s, ratio(load(work, b + s), load(work, m + s)))


@njit(cache=True)
def sum_to(work, source0, to, target0, step0, rows0, count0, terms, p0):
    """Write the sums of a table's rows: `count` terms for each of `rows` results."""
    source, target, step = U(source0), U(target0), U(step0)
    rows, count, p = U(rows0), U(count0), U(p0)
    for _ in range(rows):
        total = load(work, source + U(terms[p]))
        p += U(1)
        for _ in range(U(1), count):
            total = add(total, load(work, source + U(terms[p])))
            p += U(1)
        store(to, target, total)
        target += step


@njit(cache=True)
def close_root(work, m, width, least, totals, status):
    """Turn a root's sum into 1 / sum, and add its logarithm to ln P(e)."""
    for i in range(width):
        x = work[m * width + i]
        if x <= 0.0:
            if status[i] == DONE:
                status[i] = IMPOSSIBLE
            work[m * width + i] = 0.0
        else:
            if x < least:
                status[i] = UNSAFE
            totals[i] += log(x)
            work[m * width + i] = 1.0 / x


@njit(cache=True)
def read_evidence(states, stride, variables, cards, starts, begin, work, first, full, seen):
    """Write the λ rows of a block; `seen` is 1 where a variable is observed in a lane, 2 in all."""
    for v in range(variables):
        at = U(v * stride + begin)
        known = known_lanes(states, at, work)
        seen[v] = 0 if known == 0 else (2 if known == full else 1)
        if known != 0:
            row = first + starts[v]
            for s in range(cards[v]):
                store(work, U(row + s), fitting(states, at, s, work))


@njit(cache=True)
def write_observed(
    states, stride, variables, cards, starts, begin, work, first, seen, out, step, to
):
    """Write 0 and 1 over the posteriors of observed variables, and 1 for those of one state."""
    for v in range(variables):
        if cards[v] == 1:
            store(out, U(starts[v] * step + to), same(out, 1.0))
        elif seen[v] > 0:
            at = U(v * stride + begin)
            for s in range(cards[v]):
                row, place = U(first + starts[v] + s), U((starts[v] + s) * step + to)
                value = load(work, row)
                if seen[v] == 1:
                    value = where_known(states, at, value, load(out, place))
                store(out, place, value)
