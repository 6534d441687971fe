"""Leaf queries of eight rows at once: P(X ≤ k | e) of an unobserved noisy-MAX leaf, a row a lane.

As in `leaf_walk_numba.py` one number F = ∏ P(Z_i ≤ k | u_i) goes up the smallest subtree that holds
the parents of X, once for each level k. There four leaves share a walk over the cliques of all of
them; here the lanes are rows of one program, so each leaf walks its own cliques and no more. What
the links say of a clique's variables is the same in every row, and is worked once a program.

Layout: that of `lanes_layout.py` for one lane a batch, and for each operand where its numbers start
among those of the links, -1 for a message.
"""

# pyright: basic
import numpy as np

from fascinet.engine.batch_vectors import add, load, ratio, same, spread, store, times
from fascinet.engine.kernel_cache import njit
from fascinet.engine.kernels_numba import UNSAFE, U

WIDTH = 8
LEAST = 1e-4  # a difference below it has lost digits: as in `leaf_walk_numba.py`


@njit(cache=True)
def link_numbers(asks, base):
    """Return ∏ P(Z ≤ k | u) of all bundles of links, and where those of each operand start."""
    operands = (asks[10] - asks[3]) // 8
    where, size = np.full(operands, -1, np.int64), 0
    for x in range(operands):
        if asks[asks[3] + 8 * x + 2] > 0:
            where[x] = size
            size += asks[asks[3] + 8 * x + 2]
    numbers = np.ones(size)
    for x in range(operands):
        o = asks[3] + 8 * x
        if where[x] < 0:
            continue
        for a in range(asks[o + 3], asks[o + 4]):
            y = asks[10] + 8 * a
            stride, card = asks[y], asks[y + 1]
            for r in range(asks[y + 2], asks[y + 3]):
                link = asks[4] + 8 * r
                at, k, m = np.int64(asks[link + 2]), asks[link + 1], asks[link + 5]
                for s in range(asks[o + 2]):
                    u = s // stride % card
                    below = 0.0
                    for j in range(k):
                        below += base[at + u * m + j]
                    numbers[where[x] + s] *= below
    return numbers, where


@njit(cache=True)
def condition(prog, stops, shift, work):
    """Turn the beliefs of some cliques into P(residual | separator)."""
    for q in stops:
        t, b = U(prog[q + 3]), U(prog[q + 4] + shift)
        for s in range(U(prog[q + 1])):
            weight = load(work, b + s)
            for _ in range(U(prog[q + 2])):
                store(work, t, ratio(load(work, t), weight))
                t += U(1)


@njit(cache=True)
def sum_links(work, t0, rows0, cols0, place, p0, numbers, a0, sent, low0):
    """Sum the rows of a clique that meets links alone."""
    t, p, a, low = U(t0), U(p0), U(a0), U(low0)
    for s in range(U(rows0)):
        total = same(work, 0.0)
        for _ in range(U(cols0)):
            x = spread(numbers, a + U(place[p]))
            total = add(total, times(load(work, t), x))
            t += U(1)
            p += U(1)
        store(sent, low + s, total)


@njit(cache=True)
def sum_kid(work, t0, rows0, cols0, place, p0, sent, low0):
    """Sum the rows of a clique that meets one message alone."""
    t, p, low = U(t0), U(p0), U(low0)
    for s in range(U(rows0)):
        total = same(work, 0.0)
        for _ in range(U(cols0)):
            total = add(total, times(load(work, t), load(sent, U(place[p]))))
            t += U(1)
            p += U(1)
        store(sent, low + s, total)


@njit(cache=True)
def sum_both(work, t0, rows0, cols0, place, p0, numbers, a0, q0, sent, low0):
    """Sum the rows of a clique that meets links and one message."""
    t, p, a, q, low = U(t0), U(p0), U(a0), U(q0), U(low0)
    for s in range(U(rows0)):
        total = same(work, 0.0)
        for _ in range(U(cols0)):
            x = times(load(work, t), load(sent, U(place[q])))
            total = add(total, times(x, spread(numbers, a + U(place[p]))))
            t += U(1)
            p += U(1)
            q += U(1)
        store(sent, low + s, total)


@njit(cache=True)
def sum_all(work, t0, rows0, cols0, asks, first, last, where, numbers, sent, low0):
    """Sum the rows of a clique that meets anything else."""
    t, e, low = U(t0), U(0), U(low0)
    for s in range(U(rows0)):
        total = same(work, 0.0)
        for _ in range(U(cols0)):
            x = load(work, t)
            for k in range(first, last):
                o = np.int64(asks[3]) + 8 * k
                at = U(asks[U(asks[o]) + e])
                if where[k] < 0:
                    x = times(x, load(sent, at))
                else:
                    x = times(x, spread(numbers, U(where[k] - asks[o + 1]) + at))
            total = add(total, x)
            t += U(1)
            e += U(1)
        store(sent, low + s, total)


@njit(cache=True)
def visit(prog, asks, p, where, numbers, work, shift, sent, below, total):
    """Send a query over one clique; at the top of its subtree multiply a row of `below`."""
    q, low = np.int64(asks[p]), np.int64(asks[p + 5])
    first, last = np.int64(asks[p + 1]), np.int64(asks[p + 2])
    t, rows, cols = np.int64(prog[q + 3]), np.int64(prog[q + 1]), np.int64(prog[q + 2])
    o = np.int64(asks[3]) + 8 * first
    few = last - first
    if few == 1 and where[first] >= 0:
        a = where[first] - asks[o + 1]
        sum_links(work, t, rows, cols, asks, asks[o], numbers, a, sent, low)
    elif few == 1:
        sum_kid(work, t, rows, cols, asks, asks[o], sent, low)
    elif few == 2 and where[first] < 0 and where[first + 1] >= 0:
        a = where[first + 1] - asks[o + 9]
        sum_both(work, t, rows, cols, asks, asks[o + 8], numbers, a, asks[o], sent, low)
    else:
        sum_all(work, t, rows, cols, asks, first, last, where, numbers, sent, low)
    if asks[p + 4] > asks[p + 3]:
        b, x = U(prog[q + 4] + shift), same(work, 0.0)
        for s in range(U(rows)):
            x = add(x, times(load(work, b + s), load(sent, U(low) + s)))
        store(below, U(total), times(load(below, U(total)), x))


@njit(cache=True)
def known_links(asks, first, last, base, states, stride, lanes, below, total):
    """Multiply the total by what links on observed parents say, each lane its own."""
    for r in range(first, last):
        link = np.int64(asks[4]) + 8 * r
        for i in range(WIDTH):
            at = np.int64(asks[link + 2])
            for k in range(asks[link + 3], asks[link + 4]):
                s = np.int64(asks[5]) + 2 * k
                at += np.int64(asks[s]) * max(states[lanes[i] * stride + asks[s + 1]], 0)
            x = 0.0
            for j in range(asks[link + 1]):
                x += base[at + j]
            below[total * WIDTH + i] *= x


@njit(cache=True)
def reach(tables, base, states, stride, n, v, k, starts, out, places):
    """Return Σ_i P(Z_i = k | e) with the leak's: P(X = k | e) is no larger, so 0 if it is 0."""
    cards, leaks, ptr, parents, links = tables
    x, m = base[leaks[v] + k], cards[v]
    for a in range(ptr[v], ptr[v + 1]):
        u = parents[a]
        seen = states[n * stride + u]
        if seen >= 0:
            x += base[links[a] + seen * m + k]
        else:
            for s in range(cards[u]):
                x += out[n * places + starts[u] + s] * base[links[a] + s * m + k]
    return x


@njit(cache=True)
def tell_leaf(tables, base, below, states, stride, v, lanes, count, starts, status, out, places):
    """Write P(X | e) of the rows that do not observe X; mark rows that lost digits."""
    m = tables[0][v]
    for i in range(count):
        n = lanes[i]
        if states[n * stride + v] >= 0:
            continue
        last = 0.0
        for k in range(m):
            x = min(below[k * WIDTH + i], 1.0) if k < m - 1 else 1.0
            if k > 0 and x - last < LEAST:
                if reach(tables, base, states, stride, n, v, k, starts, out, places) > 0.0:
                    status[n] = UNSAFE  # the careful path answers this row again
                else:
                    x = last
            out[n * places + starts[v] + k] = x - last
            last = x


@njit(cache=True)
def unknown_in(states, stride, v, lanes, count):
    """Whether a variable is not observed in some lane."""
    for i in range(count):
        if states[lanes[i] * stride + v] < 0:
            return True
    return False


@njit(cache=True)
def ask_rows(
    prog, asks, leaves, where, numbers, tables, base, states, stride, lanes, count, work, shift,
    sent, below, starts, status, out, places,
):  # fmt: skip
    """Write P(X | e) of every leaf of a block of rows.

    Parameters
    ----------
    prog, asks, leaves, where, numbers
        The program, its queries (in order of leaf and level), the leaf of each, link numbers.
    lanes, count
        The rows in the lanes; how many are told apart.
    work, sent, below : pointers to vectors
        The conditioned tables, messages, and P(X ≤ k) of one leaf, a row for each k.
    """
    for g in range(asks[0]):
        b = np.int64(asks[1]) + 8 * g
        lane = np.int64(asks[7]) + 8 * asks[b + 5]
        m, k, leak, v = asks[lane + 1], asks[lane + 2], asks[lane + 3], leaves[g]
        if not unknown_in(states, stride, v, lanes, count):
            continue
        rest = 0.0
        for j in range(k):
            rest += base[leak + j]
        total = np.int64(k - 1)
        store(below, U(total), same(work, rest))
        for h in range(asks[b + 1], asks[b + 2]):
            stop = np.int64(asks[2]) + 8 * h
            visit(prog, asks, stop, where, numbers, work, shift, sent, below, total)
        known_links(asks, asks[b + 3], asks[b + 4], base, states, stride, lanes, below, total)
        if k == m - 1:
            tell_leaf(
                tables, base, below, states, stride, v, lanes, count, starts, status, out, places
            )
