"""The pass of `derivatives_tree.py` over one case, compiled."""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.kernels_numba import DONE, IMPOSSIBLE, TINY, UNSAFE, U
from fascinet.engine.machine_code import njit


@njit(cache=True)
def exclude(cliques, seats, v, state, fits):
    """Mark all entries of a variable's home that differ from its state."""
    outer, card, inner = U(seats[v, 1]), U(seats[v, 2]), U(seats[v, 3])
    d, keep = U(cliques[seats[v, 0], 0]), U(state)
    for _ in range(outer):
        for s in range(card):
            if s != keep:
                for j in range(inner):
                    fits[d + j] = 0.0
            d += inner


@njit(cache=True)
def send(cliques, product, rows_above, children, fits, message, c):
    """Make the message of a clique, scaled to a maximum of one; return the scale."""
    first, rows, cols = U(cliques[c, 0]), U(cliques[c, 2]), U(cliques[c, 3])
    m, k0, k1 = U(cliques[c, 4]), U(cliques[c, 6]), U(cliques[c + 1, 6])
    a0, p0 = (U(children[k0, 0]), U(children[k0, 1])) if k1 > k0 else (U(0), U(0))
    top, j = 0.0, U(0)
    for s in range(rows):
        total = 0.0
        for _ in range(cols):
            x = product[first + j] * fits[first + j]
            if k1 > k0 and x != 0.0:
                x *= message[a0 + U(rows_above[p0 + j])]
                for k in range(k0 + U(1), k1):
                    x *= message[U(children[k, 0]) + U(rows_above[U(children[k, 1]) + j])]
            total += x
            j += U(1)
        message[m + s] = total
        top = max(top, total)
    if top > 0.0:
        up = 1.0 / top
        for s in range(rows):
            message[m + s] *= up
    return top


@njit(cache=True)
def spread_leaf(cliques, others, places, tables, fits, lam, c, scale, grad):
    """Hand λ of a clique without children on to its tables."""
    first, rows, cols = U(cliques[c, 0]), U(cliques[c, 2]), U(cliques[c, 3])
    m, root = U(cliques[c, 4]), cliques[c, 5] < 0
    for t in range(U(cliques[c, 7]), U(cliques[c + 1, 7])):
        at, j = U(tables[t]), first
        for s in range(rows):
            above = scale if root else lam[m + s] * scale
            for _ in range(cols):
                grad[U(places[at])] += above * others[at] * fits[j]
                at += U(1)
                j += U(1)


@njit(cache=True)
def spread(
    cliques, product, rows_above, children, others, places, tables, fits, message, lam, left, c,
    scale, grad,
):  # fmt: skip
    """Hand λ of a clique on to its tables and its children."""
    first, rows, cols = U(cliques[c, 0]), U(cliques[c, 2]), U(cliques[c, 3])
    m, k0, k1 = U(cliques[c, 4]), U(cliques[c, 6]), U(cliques[c + 1, 6])
    t0, t1, root = U(cliques[c, 7]), U(cliques[c + 1, 7]), cliques[c, 5] < 0
    a0, p0 = U(children[k0, 0]), U(children[k0, 1])
    j = U(0)
    for s in range(rows):
        above = scale if root else lam[m + s] * scale
        if above == 0.0:
            j += cols
            continue
        for _ in range(cols):
            if fits[first + j] != 0.0:
                x, y = above, product[first + j]
                if k1 == k0 + U(1):
                    at = a0 + U(rows_above[p0 + j])
                    lam[at] += x * y
                    x *= message[at]
                else:
                    for k in range(k0, k1):
                        left[k - k0] = x
                        x *= message[U(children[k, 0]) + U(rows_above[U(children[k, 1]) + j])]
                    k = k1
                    while k > k0 and y != 0.0:
                        k -= U(1)
                        at = U(children[k, 0]) + U(rows_above[U(children[k, 1]) + j])
                        lam[at] += left[k - k0] * y
                        y *= message[at]
                if x != 0.0:
                    for t in range(t0, t1):
                        at = U(tables[t]) + j
                        grad[U(places[at])] += x * others[at]
            j += U(1)


@njit(cache=True, nogil=True)
def derive(
    cliques, product, rows_above, children, others, places, tables, prior, prior_scale, seats,
    starts, seen, grad, result,
):  # fmt: skip
    """Write ln P(e) to `result` and add ∂ ln P / ∂ base to `grad`; return a status."""
    count = len(cliques) - 1
    fits = np.ones(len(product))
    dirty = np.zeros(count, np.uint8)
    for place in seen:
        v = np.searchsorted(starts, place, side="right") - 1
        exclude(cliques, seats, v, place - starts[v], fits)
        c = seats[v, 0]
        while c >= 0 and dirty[c] == 0:
            dirty[c] = 1
            c = cliques[c, 5]
    message, scale = prior.copy(), prior_scale.copy()
    total = 0.0
    for c in range(count):
        if dirty[c] == 1:
            scale[c] = send(cliques, product, rows_above, children, fits, message, c)
            if scale[c] == 0.0:
                return IMPOSSIBLE
            if scale[c] < TINY:
                return UNSAFE
        total += log(scale[c])
    result[0] = total
    lam = np.zeros(len(message))
    left = np.empty(len(children) + 1)
    for c in range(count - 1, -1, -1):
        up = 1.0 / scale[c]
        if cliques[c, 6] == cliques[c + 1, 6]:
            spread_leaf(cliques, others, places, tables, fits, lam, c, up, grad)
        else:
            spread(
                cliques, product, rows_above, children, others, places, tables, fits, message,
                lam, left, c, up, grad,
            )  # fmt: skip
    return DONE
