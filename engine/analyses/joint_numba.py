"""d P(e) and d P(e, h) of many hypotheses h by every operand, in one pass up and one down.

A pass for each hypothesis would send the same messages again and again. Instead each separator
also carries, for every hypothesis,

    f_h(s) = P(h | s, all evidence beyond s)

so that the derivative of P(e, h) by an operand's value t is Σ A(i) f_h(i) over the entries i at t,
with A(i) the product of all *other* operands, as it is for P(e). A is made of products from the
left and the right, never by division, so zeros stay exact; f is 0 where the separator is
impossible, and there A is 0 as well.
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.machine_code import njit

DONE, IMPOSSIBLE, UNSAFE = 1, 0, 2
TINY = 1e-150
BLOCK = 64  # entries of a clique taken together
FAST = {"reassoc", "contract", "nsz"}
U = np.uintp


@njit(cache=True, fastmath=FAST)
def axpy(out, o, a, x, s, n):
    """Add a · x[s : s + n] to out[o : o + n]."""
    o1, s1 = U(o), U(s)
    for j in range(U(n)):
        out[o1 + j] += a * x[s1 + j]


@njit(cache=True, fastmath=FAST)
def times(t, t0, n, values, at, where, place):
    """Multiply t[t0 : t0 + n] by an operand."""
    d, a, w = U(t0), U(at), U(place)
    for i in range(U(n)):
        t[d + i] *= values[a + U(where[w + i])]


@njit(cache=True)
def multiply(k, t, t0, n, kind, source, place, where, base, off, soft, message, mu):
    """Multiply a table by operand k."""
    if kind[k] == 0:
        times(t, t0, n, base, off[k], where, place[k])
    elif kind[k] == 1:
        times(t, t0, n, soft, source[k], where, place[k])
    else:
        times(t, t0, n, mu, message[source[k]], where, place[k])


@njit(cache=True)
def operands(c, tree, soft, sizes, active):
    """List the operands of a clique that are not flat soft evidence; return how many."""
    first, kind, source = tree[4], tree[5], tree[6]
    count = 0
    for k in range(first[c], first[c + 1]):
        flat = kind[k] == 1
        if flat:
            for j in range(sizes[k]):
                flat = flat and soft[source[k] + j] == 1.0
        if not flat:
            active[count] = k
            count += 1
    return count


@njit(cache=True)
def upward(tree, base, off, soft, sizes, low, high, own, up_at, hyps, mu, scale, up):
    """Collect to the roots, with f of all hypotheses below each separator; return status, ln P.

    Parameters
    ----------
    tree : tuple of arrays
        size, rows, parent, message, first, kind, source, place, where.
    sizes : array, shape (operands,)
        One more than the largest place of each operand.
    low, high : arrays, shape (cliques,)
        The hypotheses at or below each clique; below a clique they are consecutive.
    own : array, shape (operands, 3)
        Of soft operands: the hypotheses on that variable from … to, where they start in `hyps`.
    up_at : array, shape (cliques,)
        Where f of each clique's separator starts in `up`, shape rows × (high - low).
    hyps : array
        Indicators, shape states × hypotheses, variable by variable.
    mu, scale, up : arrays
        Results: messages scaled to a maximum of 1, their scales, f.
    """
    size, rows, parent, message, first, kind, source, place, where = tree
    total = 0.0
    t, weights = np.empty(size.max()), np.empty(size.max())
    active = np.empty(len(kind) + 1, np.int64)
    for c in range(len(size)):
        n, m = size[c], message[c]
        t[:n] = 1.0
        for a in range(operands(c, tree, soft, sizes, active)):
            multiply(active[a], t, 0, n, kind, source, place, where, base, off, soft, message, mu)
        cols = n // rows[c]
        width = high[c] - low[c]
        top = 0.0
        for s in range(rows[c]):
            x = 0.0
            for i in range(s * cols, (s + 1) * cols):
                x += t[i]
            mu[m + s] = x
            top = max(top, x)
        if top == 0.0:
            return IMPOSSIBLE, -np.inf
        if top < TINY:
            return UNSAFE, 0.0
        if width > 0:
            for k in range(first[c], first[c + 1]):
                if kind[k] == 1:
                    lift(rows[c], cols, where, place[k], sizes[k], t, weights, hyps, own[k, 2],
                         own[k, 1] - own[k, 0], up, up_at[c] + own[k, 0] - low[c],
                         width)  # fmt: skip
                elif kind[k] == 2:
                    d = source[k]
                    lift(rows[c], cols, where, place[k], sizes[k], t, weights, up, up_at[d],
                         high[d] - low[d], up, up_at[c] + low[d] - low[c], width)  # fmt: skip
            for s in range(rows[c]):
                x = 1.0 / mu[m + s] if mu[m + s] > 0.0 else 0.0
                for j in range(width):
                    up[up_at[c] + s * width + j] *= x
        for s in range(rows[c]):
            mu[m + s] /= top
        scale[c] = top
        total += log(top)
    return DONE, total


@njit(cache=True)
def lift(rows, cols, where, at, extent, t, weights, f, f0, count, up, u0, width):
    """Add Σ t · f over each row of a table to the rows of `up`: `count` hypotheses of one operand.

    Where the operand has few values, the table is first summed onto them.
    """
    if count == 0:
        return
    few = extent * 4 <= cols
    for s in range(rows):
        out, w = u0 + s * width, at + s * cols
        if few:
            weights[:extent] = 0.0
            for i in range(cols):
                weights[U(where[U(w + i)])] += t[U(s * cols + i)]
            for j in range(extent):
                if weights[j] != 0.0:
                    axpy(up, out, weights[j], f, f0 + j * count, count)
        else:
            for i in range(cols):
                if t[s * cols + i] != 0.0:
                    axpy(up, out, t[s * cols + i], f, f0 + where[w + i] * count, count)


@njit(cache=True)
def downward(
    tree, base, off, soft, sizes, low, high, own, up_at, hyps, mu, scale, up, posterior, lam,
    wanted, grad_at, grad, most,
):  # fmt: skip
    """Send derivatives from the roots to every wanted operand.

    Parameters
    ----------
    posterior : array, shape (H + 1,)
        P(h | e), then a 1.
    lam : array, shape (all messages, H + 1)
        Derivative of each message's entry, for each hypothesis, then for P(e); zeros at first.
    wanted : array of uint8, shape (operands,)
        Whether the operand's derivative is wanted (a message's: whether anything below it is).
    grad_at : array, shape (operands,)
        First row of each factor in `grad`, shape (rows, H + 1).
    """
    size, rows, parent, message, first, kind, source, place, where = tree
    width = len(posterior)
    left, right = np.empty(size.max() * most), np.empty(size.max())
    f = np.zeros((BLOCK, width))
    active = np.empty(len(kind) + 1, np.int64)
    for c in range(len(size) - 1, -1, -1):
        n, m, start, stop = size[c], message[c], first[c], first[c + 1]
        cols = n // rows[c]
        count, live = operands(c, tree, soft, sizes, active), False
        for a in range(count):
            live = live or wanted[active[a]] == 1
        if not live:
            continue
        for s in range(rows[c]):
            x = 1.0 if parent[c] < 0 else lam[m + s, width - 1]
            for i in range(s * cols, (s + 1) * cols):
                left[i] = x / scale[c]
        for a in range(count - 1):
            at = a * n
            left[at + n : at + 2 * n] = left[at : at + n]
            multiply(
                active[a], left, at + n, n, kind, source, place, where, base, off, soft, message, mu
            )
        right[:n] = 1.0
        for a in range(count - 1, 0, -1):
            multiply(
                active[a], right, 0, n, kind, source, place, where, base, off, soft, message, mu
            )
            scale_by(left, (a - 1) * n, right, n)
        block = min(n, BLOCK)
        for i in range(0, n, block):
            here = min(block, n - i)
            for j in range(here):
                outside(c, m + (i + j) // cols, parent, low, high, posterior, lam, f, j)
            inside(i, here, start, stop, tree, low, high, own, up_at, hyps, up, f)
            for a in range(count):
                k = active[a]
                if wanted[k] == 1 and kind[k] == 0:
                    add_rows(grad, grad_at[k], where, place[k] + i, left, a * n + i, f, here)
                elif wanted[k] == 1 and kind[k] == 2:
                    add_rows(lam, message[source[k]], where, place[k] + i, left, a * n + i, f, here)


@njit(cache=True, fastmath=FAST)
def scale_by(left, at, right, n):
    """Multiply a stretch of one table by another."""
    d = U(at)
    for i in range(U(n)):
        left[d + i] *= right[i]


@njit(cache=True, fastmath=FAST)
def add_rows(out, first, where, w0, weight, a0, f, count):
    """Add each row of f times its weight to its row of a table, four at once where they agree."""
    width, j = U(f.shape[1]), U(0)
    w, a, n = U(w0), U(a0), U(count)
    while j < n:
        x = where[w + j]
        o = U(first + x)
        if (
            j + U(3) < n
            and where[w + j + U(1)] == x
            and where[w + j + U(2)] == x
            and (where[w + j + U(3)] == x)
        ):
            p, q = weight[a + j], weight[a + j + U(1)]
            r, s = weight[a + j + U(2)], weight[a + j + U(3)]
            if p != 0.0 or q != 0.0 or r != 0.0 or s != 0.0:
                for h in range(width):
                    out[o, h] += (
                        p * f[j, h] + q * f[j + U(1), h] + r * f[j + U(2), h] + s * f[j + U(3), h]
                    )
            j += U(4)
        else:
            p = weight[a + j]
            if p != 0.0:
                for h in range(width):
                    out[o, h] += p * f[j, h]
            j += U(1)


@njit(cache=True, fastmath=FAST)
def outside(c, at, parent, low, high, posterior, lam, f, j):
    """Write f of the hypotheses beyond the separator above clique c, then a 1."""
    last = f.shape[1] - 1
    if parent[c] < 0:
        for h in range(last + 1):
            f[j, h] = posterior[h]
        return
    x = lam[at, last]
    x = 1.0 / x if x > 0.0 else 0.0
    for h in range(low[c]):
        f[j, h] = lam[at, h] * x
    for h in range(high[c], last):
        f[j, h] = lam[at, h] * x
    f[j, last] = 1.0


@njit(cache=True, fastmath=FAST)
def inside(i, count, start, stop, tree, low, high, own, up_at, hyps, up, f):
    """Write f of the hypotheses at and below a clique, for a block of its entries."""
    _, _, _, _, _, kind, source, place, where = tree
    for k in range(start, stop):
        if kind[k] == 1:
            wide = own[k, 1] - own[k, 0]
            put_rows(f, own[k, 0], wide, hyps, own[k, 2], where, place[k] + i, count)
        elif kind[k] == 2:
            d = source[k]
            put_rows(f, low[d], high[d] - low[d], up, up_at[d], where, place[k] + i, count)


@njit(cache=True, fastmath=FAST)
def put_rows(f, first, width, values, at, where, w0, count):
    """Copy the rows that an operand's places point to into some columns of f."""
    w, lead, n = U(w0), U(first), U(width)
    if n == U(0):
        return
    for j in range(U(count)):
        s = U(at) + U(where[w + j]) * n
        for h in range(n):
            f[j, lead + h] = values[s + h]


@njit(cache=True, fastmath=FAST)
def pull(rows, places, pointer, parameter, value, out):
    """Add rows of derivatives by the base to those by the parameters.

    Parameters
    ----------
    rows : array, shape (M, W)
    places : array, shape (M,)
        Place in the base of each row.
    pointer, parameter, value : arrays
        The Jacobian by places: entries pointer[b] … pointer[b + 1] of place b.
    out : array, shape (P, W)
    """
    for m in range(len(places)):
        b = places[m]
        for q in range(pointer[b], pointer[b + 1]):
            p, x = U(parameter[q]), value[q]
            for j in range(U(rows.shape[1])):
                out[p, j] += x * rows[m, j]
