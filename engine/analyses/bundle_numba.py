"""A bundle of cases through one tree: cases that differ in few operands, side by side.

What does not differ is worked once, as numbers; what does is worked as rows, one entry a case. A
clique whose whole subtree is the same in all cases sends one message for all of them.
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.analyses.joint_numba import multiply
from fascinet.engine.machine_code import later, njit

add, any_below, larger, load, pointer, same, spread, store, times = later(
    "fascinet.engine.batch_vectors",
    "add any_below larger load pointer same spread store times",
)
TINY, SMALL, LANES = 1e-150, 1e-12, 8
U = np.uintp


@njit(cache=True)
def sort_operands(c, tree, at, varies, fixed, moving):
    """List the operands of a clique that are the same for all cases, and those that are not.

    Soft evidence without rows is flat and left out. Returns how many there are of each.
    """
    first, kind, source = tree[4], tree[5], tree[6]
    f = m = 0
    for k in range(first[c], first[c + 1]):
        if at[k] >= 0 or (kind[k] == 2 and varies[source[k]]):
            moving[m] = k
            m += 1
        elif at[k] > -2:
            fixed[f] = k
            f += 1
    return f, m


@njit(cache=True)
def start_of(k, tree, at):
    """Return the first row of a moving operand."""
    return at[k] if at[k] >= 0 else tree[3][tree[6][k]]


@njit(cache=True, nogil=True)
def bundle_up(tree, base, off, soft, at, rows_, varies, mu, logs):
    """Collect to the roots; return ln P of what all cases share, -inf if that is impossible.

    Parameters
    ----------
    at : array, shape (operands,)
        First row of an operand that differs; -1 for one that does not, -2 for one to leave out.
    rows_ : array, shape (messages + rows, cases)
        Rows of messages (results), then those of operands.
    varies : array of bool, shape (cliques,)
        Result: whether the clique's message differs.
    mu : array
        Result: messages that do not differ.
    logs : array, shape (cases,)
        Result: ln P of the rest; -inf where impossible, NaN where numbers leave their range.
    """
    size, rows, parent, message, first, kind, source, place, where = tree
    total = 0.0
    width = rows_.shape[1]
    t = np.empty(size.max())
    fixed, moving = np.empty(len(kind) + 1, np.int64), np.empty(len(kind) + 1, np.int64)
    top = np.empty(width)
    for c in range(len(size)):
        n, m = size[c], message[c]
        cols = n // rows[c]
        count, differ = sort_operands(c, tree, at, varies, fixed, moving)
        t[:n] = 1.0
        for a in range(count):
            multiply(fixed[a], t, 0, n, kind, source, place, where, base, off, soft, message, mu)
        varies[c] = differ > 0
        if differ == 0:
            x = 0.0
            for s in range(rows[c]):
                y = 0.0
                for i in range(s * cols, (s + 1) * cols):
                    y += t[i]
                mu[m + s] = y
                x = max(x, y)
            if x < TINY:
                return -np.inf if x == 0.0 else np.nan
            for s in range(rows[c]):
                mu[m + s] /= x
            total += log(x)
            continue
        sum_rows(n, cols, m, t, tree, at, rows_, moving, differ)
        if highest(m, rows[c], rows_, top) or parent[c] < 0:
            rescale(m, rows[c], rows_, top, logs)
    return total


@njit(cache=True)
def highest(m, count, rows_, top):
    """Write the largest number of each case in some rows; tell whether any is small."""
    groups, r, to, some = U(rows_.shape[1] // LANES), pointer(rows_), pointer(top), False
    for g in range(groups):
        x = load(r, U(m) * groups + g)
        for s in range(U(m + 1), U(m + count)):
            x = larger(x, load(r, s * groups + g))
        store(to, g, x)
        some = some or any_below(x, SMALL)
    return some


@njit(cache=True)
def rescale(m, count, rows_, top, logs):
    """Divide some rows by the largest number of each case, whose logarithm goes to `logs`."""
    groups, r, by = U(rows_.shape[1] // LANES), pointer(rows_), pointer(top)
    for j in range(len(top)):
        if top[j] == 0.0:
            logs[j] = -np.inf
        elif top[j] < TINY:
            logs[j] = np.nan
        else:
            logs[j] += log(top[j])
        top[j] = 1.0 / top[j] if top[j] > 0.0 else 0.0
    for g in range(groups):
        x = load(by, g)
        for s in range(U(m), U(m + count)):
            store(r, s * groups + g, times(x, load(r, s * groups + g)))


@njit(cache=True)
def sum_rows(n, cols, m, t, tree, at, rows_, moving, differ):
    """Add the product of a number and some rows, for each entry of a clique, to its message."""
    place, groups = tree[7], U(rows_.shape[1] // LANES)
    starts, places = np.empty(differ, np.uintp), np.empty(differ, np.uintp)
    for a in range(differ):
        starts[a], places[a] = start_of(moving[a], tree, at) * groups, place[moving[a]]
    w, r, x = pointer(tree[8]), pointer(rows_), pointer(t)
    b, p = pointer(starts), pointer(places)
    for s in range(n // cols):
        first, last, to = U(s * cols), U((s + 1) * cols), U(m + s) * groups
        if differ == 1:
            sum_one(first, last, groups, x, r, w, b[0], p[0], to)
        elif differ == 2:
            sum_two(first, last, groups, x, r, w, b[0], p[0], b[1], p[1], to)
        else:
            sum_many(first, last, groups, x, r, w, b, p, U(differ), to)


@njit(cache=True)
def sum_one(first, last, groups, x, r, w, b, p, to):
    """Write Σ x · row over the entries from first to last: cases in pairs of vectors."""
    g = U(0)
    while g < groups:
        two = U(g + U(1) < groups)
        low, high = same(r, 0.0), same(r, 0.0)
        for i in range(first, last):
            v, at = spread(x, i), b + U(w[p + i]) * groups + g
            low = add(low, times(v, load(r, at)))
            high = add(high, times(v, load(r, at + two)))
        store(r, to + g, low)
        store(r, to + g + two, high if two else low)
        g += U(2)


@njit(cache=True)
def sum_two(first, last, groups, x, r, w, b, p, c, q, to):
    """Write Σ x · row · row over the entries from first to last: cases in pairs of vectors."""
    g = U(0)
    while g < groups:
        two = U(g + U(1) < groups)
        low, high = same(r, 0.0), same(r, 0.0)
        for i in range(first, last):
            v = spread(x, i)
            at, on = b + U(w[p + i]) * groups + g, c + U(w[q + i]) * groups + g
            low = add(low, times(times(v, load(r, at)), load(r, on)))
            high = add(high, times(times(v, load(r, at + two)), load(r, on + two)))
        store(r, to + g, low)
        store(r, to + g + two, high if two else low)
        g += U(2)


@njit(cache=True)
def sum_many(first, last, groups, x, r, w, b, p, differ, to):
    """Write the sum of x times the product of all rows over the entries from first to last."""
    for g in range(groups):
        total = same(r, 0.0)
        for i in range(first, last):
            if x[i] != 0.0:
                v = spread(x, i)
                for a in range(differ):
                    v = times(v, load(r, b[a] + U(w[p[a] + i]) * groups + g))
                total = add(total, v)
        store(r, to + g, total)


@njit(cache=True, nogil=True)
def bundle_down(tree, base, off, soft, at, rows_, varies, mu, wanted, out_at, out):
    """Send beliefs from the roots to the operands that are asked, in every case.

    Parameters
    ----------
    wanted : array of uint8, shape (operands,)
        Whether the marginal of a soft operand is asked; for a message, whether any below is.
    out_at : array, shape (operands,)
        First row of each asked soft operand in `out`, shape (rows, cases): joint with the case,
        up to a factor of the case.

    Notes
    -----
    Messages turn into λ, the belief of the separator over the message; 0 where that is 0. Those
    that do not differ have their λ in rows of their own: `rows_` has a row for every message.
    """
    size, rows, parent, message, first, kind, source, place, where = tree
    width = rows_.shape[1]
    t = np.empty(size.max())
    fixed, moving = np.empty(len(kind) + 1, np.int64), np.empty(len(kind) + 1, np.int64)
    asked = np.empty(len(kind) + 1, np.int64)
    lam = np.zeros((len(mu), width))
    for c in range(len(size) - 1, -1, -1):
        n, m = size[c], message[c]
        cols = n // rows[c]
        count, differ = sort_operands(c, tree, at, varies, fixed, moving)
        want = 0
        for k in range(first[c], first[c + 1]):
            if wanted[k] == 1:
                asked[want] = k
                want += 1
        if want == 0:
            continue
        t[:n] = 1.0
        for a in range(count):
            multiply(fixed[a], t, 0, n, kind, source, place, where, base, off, soft, message, mu)
        if parent[c] < 0:
            lam[m, :] = 1.0
        spread_rows(n, cols, m, t, tree, at, rows_, moving, differ, asked, want, lam, out_at, out)
        for a in range(want):
            k = asked[a]
            if kind[k] == 2:
                d = source[k]
                for s in range(rows[d]):
                    p = message[d] + s
                    if varies[d]:
                        for j in range(width):
                            x = rows_[p, j]
                            lam[p, j] = lam[p, j] / x if x > 0.0 else 0.0
                    else:
                        x = 1.0 / mu[p] if mu[p] > 0.0 else 0.0
                        for j in range(width):
                            lam[p, j] *= x


@njit(cache=True)
def spread_rows(n, cols, m, t, tree, at, rows_, moving, differ, asked, want, lam, out_at, out):
    """Add each entry's belief, a row of cases, to what is asked of the clique."""
    message, kind, source, place = tree[3], tree[5], tree[6], tree[7]
    groups = U(rows_.shape[1] // LANES)
    where, r, x, lm, to = pointer(tree[8]), pointer(rows_), pointer(t), pointer(lam), pointer(out)
    starts, places = np.empty(differ + 1, np.uintp), np.empty(differ + 1, np.uintp)
    for a in range(differ):
        starts[a], places[a] = start_of(moving[a], tree, at), place[moving[a]]
    first, at_ = np.empty(want, np.uintp), np.empty(want, np.uintp)
    up = np.empty(want, np.uint8)
    for a in range(want):
        k = asked[a]
        at_[a], up[a] = place[k], kind[k] == 2
        first[a] = message[source[k]] if kind[k] == 2 else out_at[k]
    b, p, f, q, u = pointer(starts), pointer(places), pointer(first), pointer(at_), pointer(up)
    for s in range(n // cols):
        o = U(m + s) * groups
        for i in range(U(s * cols), U((s + 1) * cols)):
            if x[i] != 0.0:
                for g in range(groups):
                    v = times(spread(x, i), load(lm, o + g))
                    for a in range(U(differ)):
                        v = times(v, load(r, (b[a] + U(where[p[a] + i])) * groups + g))
                    for a in range(U(want)):
                        j = (f[a] + U(where[q[a] + i])) * groups + g
                        if u[a]:
                            store(lm, j, add(load(lm, j), v))
                        else:
                            store(to, j, add(load(to, j), v))
