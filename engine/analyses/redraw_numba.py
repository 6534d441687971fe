"""The base of a network for other parameters, gate by gate: the numbers alone, no plan."""

# pyright: basic
import numpy as np

from fascinet.engine.machine_code import njit

COPY, SMALL, LARGE = 0, 1, 2


@njit(cache=True)
def fill_base(gates, links, values, base):
    """Write the base that follows from parameters.

    Parameters
    ----------
    gates : int array, shape (gates, 8)
        Kind; first parameter; offset; states; entries of the table; links from … to; place of the
        raw leak, -1 if there is none.
    links : int array, shape (links, 8)
        First parameter; states of the parent; place of the link, of first, step, bfirst, bstep;
        place of the raw link, -1 if there is none.
    values : array, shape (P,)
        Parameters.
    base : array
        Result: entries that no parameter moves stay as they are.
    """
    for g in range(len(gates)):
        kind, p, at, m, size = gates[g, 0], gates[g, 1], gates[g, 2], gates[g, 3], gates[g, 4]
        if kind == COPY:
            base[at : at + size] = values[p : p + size]
            continue
        leak = p
        for i in range(gates[g, 5], gates[g, 6]):
            leak += links[i, 1] * m
        if kind == SMALL:
            fill_table(gates[g], links, values, leak, base)
            continue
        base[at : at + m] = values[leak : leak + m]
        for i in range(gates[g, 5], gates[g, 6]):
            fill_link(links[i], m, values, leak, base)


@njit(cache=True)
def fill_table(gate, links, values, leak, base):
    """Write a noisy-MAX as a table, and its raw parameters behind it."""
    at, m = gate[2], gate[3]
    base[at : at + m] = values[leak : leak + m]
    count = 1
    held = np.empty(m)
    for i in range(gate[5], gate[6]):
        p, card = links[i, 0], links[i, 1]
        for row in range(count - 1, -1, -1):
            held[:] = base[at + row * m : at + (row + 1) * m]
            for u in range(card - 1, -1, -1):
                to = at + (row * card + u) * m
                under = upto = 0.0  # of the row so far, and of this link
                for k in range(m):
                    z = values[p + u * m + k]
                    upto += z
                    base[to + k] = held[k] * upto + under * z
                    under += held[k]
        count *= card
    if gate[7] >= 0:
        base[gate[7] : gate[7] + m] = values[leak : leak + m]
    for i in range(gate[5], gate[6]):
        if links[i, 7] >= 0:
            size = links[i, 1] * m
            base[links[i, 7] : links[i, 7] + size] = values[links[i, 0] : links[i, 0] + size]


@njit(cache=True)
def fill_link(link, m, values, leak, base):
    """Write the tables of one link of a noisy-MAX; see `fascinet.engine.arrays`."""
    p, card = link[0], link[1]
    raw, first, step, bfirst, bstep = link[2], link[3], link[4], link[5], link[6]
    base[raw : raw + card * m] = values[p : p + card * m]
    for u in range(card):
        upto = below = 0.0
        for k in range(m):
            z = values[p + u * m + k]
            before = upto
            upto += z
            for j in range(m):  # step [j, u, k]: from j to k
                x = z if k > j else (upto if k == j else 0.0)
                base[step + (j * card + u) * m + k] = x
            b = bstep + k * 4 * card + u * 2  # [k, from, u, to], strides 4 card, 2 card, 2, 1
            base[b], base[b + 1] = (before if k > 0 else 0.0), z
            base[b + 2 * card], base[b + 2 * card + 1] = 0.0, upto
            here = values[leak + k]
            f = bfirst + (k * card + u) * 2
            base[f] = below * base[b]
            base[f + 1] = below * z + here * upto
            below += here
        for k in range(m):
            x = 0.0
            for j in range(m):
                x += values[leak + j] * base[step + (j * card + u) * m + k]
            base[first + u * m + k] = x
