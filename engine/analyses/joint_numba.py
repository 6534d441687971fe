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

from fascinet.engine.machine_code import later, njit

(pointer,) = later("fascinet.engine.batch_vectors", "pointer")
add, load, spread, store, scaled = later(
    "fascinet.engine.whole_vectors", "add load spread store times"
)

DONE, IMPOSSIBLE, UNSAFE = 1, 0, 2
TINY = 1e-150
FAST = {"reassoc", "contract", "nsz"}
U = np.uintp


@njit(cache=True)
def axpy(out, o, a, x, s, quads):
    """Add a · x[s …] to out[o …], so many quads of numbers; both are addresses."""
    weight = spread(a)
    for _ in range(quads):
        store(out, o, add(load(out, o), scaled(weight, load(x, s))))
        o += U(4)
        s += U(4)


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


@njit(cache=True, nogil=True)
def upward(tree, base, off, soft, sizes, low, high, own, up_at, mu, scale, up, table):
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
        Of soft operands: the hypotheses on that variable from … to, where they start in `up`.
    up_at : array, shape (cliques,)
        Where f of each clique's separator starts in `up`, rows of (high - low) in whole quads.
    mu, scale : arrays
        Results: messages scaled to a maximum of 1, their scales.
    up : array
        Indicators, shape states × hypotheses in whole quads, variable by variable; then the
        result f, zeros at first. What fills up the quads is zero.
    table : array
        Space for twice the largest clique.
    """
    size, rows, parent, message, first, kind, source, place, where = tree
    total = 0.0
    t, weights = table[: size.max()], table[size.max() :]
    active = np.empty(len(kind) + 1, np.int64)
    for c in range(len(size)):
        n, m = size[c], message[c]
        t[:n] = 1.0
        for a in range(operands(c, tree, soft, sizes, active)):
            multiply(active[a], t, 0, n, kind, source, place, where, base, off, soft, message, mu)
        cols = n // rows[c]
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
        width = 4 * quads_of(low[c], high[c])
        if width > 0:
            for k in range(first[c], first[c + 1]):
                at, lead, quads = origin(k, kind, source, low, high, own, up_at)
                if quads > 0:
                    lift(rows[c], cols, where, place[k], sizes[k], t, weights, up, at, quads,
                         up_at[c] + lead - low[c], width)  # fmt: skip
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
def quads_of(low, high):
    """Return how many quads hold the hypotheses from low to high."""
    return (high - low + 3) // 4


@njit(cache=True)
def origin(k, kind, source, low, high, own, up_at):
    """Return where an operand's f starts in `up`, its first hypothesis, its quads (0: no f)."""
    if kind[k] == 1:
        return own[k, 2], own[k, 0], quads_of(own[k, 0], own[k, 1])
    if kind[k] == 2:
        d = source[k]
        return up_at[d], low[d], quads_of(low[d], high[d])
    return 0, 0, 0


@njit(cache=True)
def lift(rows, cols, where, at, extent, t, weights, up, f0, quads, u0, width):
    """Add Σ t · f over each row of a table to the rows of `up`, for one operand's hypotheses.

    Where the operand has few values, the table is first summed onto them; neighbours with the
    same value are summed first, too.
    """
    data, few, step = pointer(up), extent * 4 <= cols, U(4 * quads)
    for s in range(rows):
        out, i, stop = U(u0 + s * width), U(s * cols), U((s + 1) * cols)
        if few:
            weights[:extent] = 0.0
            while i < stop:
                weights[U(where[U(at) + i])] += t[i]
                i += U(1)
            for j in range(extent):
                if weights[j] != 0.0:
                    axpy(data, out, weights[j], data, U(f0) + U(j) * step, quads)
            continue
        while i < stop:
            p, x = where[U(at) + i], t[i]
            i += U(1)
            while i < stop and where[U(at) + i] == p:
                x += t[i]
                i += U(1)
            if x != 0.0:
                axpy(data, out, x, data, U(f0) + U(p) * step, quads)


@njit(cache=True, nogil=True)
def downward(
    tree, base, off, soft, sizes, low, high, own, up_at, mu, scale, up, posterior, last, lam_at,
    lam, wanted, grad_at, grad, table,
):  # fmt: skip
    """Send derivatives from the roots to every wanted operand.

    Parameters
    ----------
    posterior : array, shape (W,)
        P(h | e) by seat, then a 1 in place `last`, then at least three zeros.
    lam_at : array, shape (cliques,)
        First row of each separator in `lam`; rows are used again once their clique is done.
    lam : array, shape (rows, W)
        Space for the derivative of each message's entry: for each hypothesis, then for P(e).
    wanted : array of uint8, shape (operands,)
        Whether the operand's derivative is wanted (a message's: whether anything below it is).
    grad_at : array, shape (operands,)
        First row of each factor in `grad`, shape (rows, W), zeros at first.
    table : array
        Space for the largest clique, for each operand and one more.
    """
    size, rows, parent, message, first, kind, source, place, where = tree
    right, left = table[: size.max()], table[size.max() :]
    active = np.empty(len(kind) + 1, np.int64)
    for c in range(len(size) - 1, -1, -1):
        n, cols = size[c], size[c] // rows[c]
        count, live = operands(c, tree, soft, sizes, active), False
        for a in range(count):
            live = live or wanted[active[a]] == 1
        if not live:
            continue
        if parent[c] < 0:
            lam[lam_at[c]] = posterior
        beyond(lam, lam_at[c], rows[c], cols, low[c], high[c], last, scale[c], left)
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
        for a in range(count):
            k = active[a]
            if wanted[k] == 1:
                out, at = grad, grad_at[k]
                if kind[k] == 2:
                    out, at = lam, lam_at[source[k]]
                    lam[at : at + rows[source[k]]] = 0.0
                scatter(k, c, tree, low, high, own, up_at, up, lam, lam_at[c], last, left, a * n,
                        out, at)  # fmt: skip


@njit(cache=True, fastmath=FAST)
def scale_by(left, at, right, n):
    """Multiply a stretch of one table by another."""
    d = U(at)
    for i in range(U(n)):
        left[d + i] *= right[i]


@njit(cache=True, fastmath=FAST)
def beyond(lam, at, rows, cols, low, high, last, scale, left):
    """Turn a separator's derivatives into f of the hypotheses beyond it, then a 1.

    What they were for P(e) goes to the table `left`, divided by the clique's scale.
    """
    for s in range(rows):
        x = lam[at + s, last]
        for i in range(s * cols, (s + 1) * cols):
            left[i] = x / scale
        x = 1.0 / x if x > 0.0 else 0.0
        for h in range(last + 1):
            lam[at + s, h] *= x
        for h in range(low, high):
            lam[at + s, h] = 0.0


@njit(cache=True)
def scatter(
    k, c, tree, low, high, own, up_at, up, lam, lam_row, last, weight, w0, target, first_row
):
    """Add Σ A · f over a clique's entries to the rows of one operand's derivatives.

    Parameters
    ----------
    weight : array
        A of the clique's entries, from place `w0` on.
    target : array
        Rows of derivatives, the operand's from `first_row` on.

    Notes
    -----
    f of an entry lies in pieces: that of the hypotheses beyond the separator in its row of `lam`,
    before and after those below; that of the others where their operand's place points to.
    """
    size, rows, _, _, first, kind, source, place, where = tree
    width, cols = U(lam.shape[1]), size[c] // rows[c]
    most = first[c + 1] - first[c] + 1
    begin, lead, step = np.empty(most, U), np.empty(most, U), np.empty(most, U)
    listed, count = np.empty(most, U), U(0)
    for j in range(first[c], first[c + 1]):
        at, seat, quads = origin(j, kind, source, low, high, own, up_at)
        if j != k and quads > 0:
            begin[count], lead[count], step[count] = at, seat, 4 * quads
            listed[count] = place[j]
            count += U(1)
    head = quads_of(0, low[c])
    rest = U(max(high[c], 4 * head))
    tail = quads_of(rest, last + 1)
    rows_of, data, out = pointer(lam), pointer(up), pointer(target)
    for s in range(rows[c]):
        here = U(lam_row + s) * width
        i, stop = U(s * cols), U((s + 1) * cols)
        while i < stop:
            p, total = where[U(place[k]) + i], 0.0
            o = U(first_row + p) * width
            while i < stop and where[U(place[k]) + i] == p:
                a = weight[U(w0) + i]
                total += a
                if a != 0.0:
                    for b in range(count):
                        at = begin[b] + U(where[listed[b] + i]) * step[b]
                        axpy(out, o + lead[b], a, data, at, step[b] // U(4))
                i += U(1)
            if total != 0.0:
                axpy(out, o, total, rows_of, here, head)
                axpy(out, o + rest, total, rows_of, here + rest, tail)


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
