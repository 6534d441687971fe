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
                    fits[d + j] = 0
            d += inner


@njit(cache=True)
def send(cliques, product, rows_above, children, fits, message, c):
    """Make the message of a clique, scaled to a maximum of one; return the scale."""
    first, rows, cols = U(cliques[c, 0]), U(cliques[c, 2]), U(cliques[c, 3])
    m, k0, k1 = U(cliques[c, 4]), U(cliques[c, 6]), U(cliques[c + 1, 6])
    top, j = 0.0, U(0)
    for s in range(rows):
        total = 0.0
        for _ in range(cols):
            if fits[first + j] != 0:
                x = product[first + j]
                for k in range(k0, k1):
                    x *= message[U(children[k, 0]) + U(rows_above[U(children[k, 1]) + j])]
                total += x
            j += U(1)
        message[m + s] = total
        top = max(top, total)
    if top > 0.0:
        for s in range(rows):
            message[m + s] /= top
    return top


@njit(cache=True)
def spread(
    cliques, product, rows_above, children, others, places, tables, fits, message, lam, left, c,
    scale, grad,
):  # fmt: skip
    """Hand λ of a clique on to its tables and its children."""
    first, rows, cols = U(cliques[c, 0]), U(cliques[c, 2]), U(cliques[c, 3])
    m, k0, k1 = U(cliques[c, 4]), U(cliques[c, 6]), U(cliques[c + 1, 6])
    t0, t1, root = U(cliques[c, 7]), U(cliques[c + 1, 7]), cliques[c, 5] < 0
    j = U(0)
    for s in range(rows):
        above = 1.0 / scale if root else lam[m + s] / scale
        if above == 0.0:
            j += cols
            continue
        for _ in range(cols):
            if fits[first + j] != 0:
                x = above
                for k in range(k0, k1):
                    left[k - k0] = x
                    x *= message[U(children[k, 0]) + U(rows_above[U(children[k, 1]) + j])]
                for t in range(t0, t1):
                    at = U(tables[t]) + j
                    grad[U(places[at])] += x * others[at]
                y = product[first + j]
                k = k1
                while k > k0 and y != 0.0:
                    k -= U(1)
                    at = U(children[k, 0]) + U(rows_above[U(children[k, 1]) + j])
                    lam[at] += left[k - k0] * y
                    y *= message[at]
            j += U(1)


@njit(cache=True, nogil=True)
def derive(
    cliques, product, rows_above, children, others, places, tables, prior, prior_scale, seats,
    starts, seen, grad, result,
):  # fmt: skip
    """Write ln P(e) to `result` and add ∂ ln P / ∂ base to `grad`; return a status."""
    count = len(cliques) - 1
    fits = np.ones(len(product), np.uint8)
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
        spread(
            cliques, product, rows_above, children, others, places, tables, fits, message, lam,
            left, c, scale[c], grad,
        )  # fmt: skip
    return DONE
