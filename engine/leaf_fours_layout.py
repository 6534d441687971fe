"""Which leaf queries go together: fours of lanes whose subtrees have most cliques in common.

A four walks the union of its queries' subtrees, so its price is the sum of that union's weights.
Fours are filled greedily, the dearest query left first, then those that add the least; then single
queries are moved, and pairs exchanged, as long as that makes the sum of prices smaller.
"""

# pyright: basic
import numpy as np

from fascinet.engine.machine_code import njit

FOUR = 4
SWEEPS = 8
SMALL = 1 / 32  # of the dearest clique's weight: what weighs less is left out of the count


@njit(cache=True)
def cliques_of(marks, weights):
    """Return each query's cliques as compressed rows, those that hardly weigh anything left out."""
    queries, cliques = marks.shape
    ptr, items = np.zeros(queries + 1, np.int64), np.zeros(marks.size, np.int64)
    n, least = 0, SMALL * weights.max()
    for q in range(queries):
        for c in range(cliques):
            if marks[q, c] and weights[c] >= least:
                items[n] = c
                n += 1
        ptr[q + 1] = n
    return ptr, items[:n]


@njit(cache=True)
def added(ptr, items, weights, counts, q, least):
    """Return the weight of a query's cliques that at most `least` of a four's queries walk."""
    total = 0.0
    for i in range(ptr[q], ptr[q + 1]):
        if counts[items[i]] <= least:
            total += weights[items[i]]
    return total


@njit(cache=True)
def enter(ptr, items, counts, q, one):
    """Count a query's cliques in or out of a four."""
    for i in range(ptr[q], ptr[q + 1]):
        counts[items[i]] += one


@njit(cache=True)
def fill_fours(ptr, items, weights, lanes):
    """Return the four of each query and the number of fours, filled greedily."""
    queries, cliques = len(lanes), len(weights)
    four, fours = np.full(queries, -1, np.int64), 0
    none = np.zeros(cliques, np.int64)
    price = np.zeros(queries)
    for q in range(queries):
        price[q] = added(ptr, items, weights, none, q, 0)
    for first in np.argsort(-price, kind="mergesort"):
        if four[first] >= 0:
            continue
        counts, room, best = np.zeros(cliques, np.int64), FOUR, first
        while best >= 0:
            four[best] = fours
            room -= lanes[best]
            enter(ptr, items, counts, best, 1)
            best, least = -1, np.inf
            for q in range(queries):
                if four[q] < 0 and lanes[q] <= room:
                    more = added(ptr, items, weights, counts, q, 0) - 1e-3 * price[q]
                    if more < least:
                        best, least = q, more
        fours += 1
    return four, fours


@njit(cache=True)
def shared(ptr, items, weights, marks, one, other, a, b):
    """Return the weight of the cliques that two queries share and no other of their fours walks."""
    total = 0.0
    for i in range(ptr[a], ptr[a + 1]):
        c = items[i]
        if marks[b, c]:
            total += weights[c] * ((one[c] == 1) + (other[c] == 1))
    return total


@njit(cache=True)
def look_again(ptr, items, weights, counts, four, g, gain, price):
    """Work out anew what every query would add to a four, and what each of its own now adds."""
    for q in range(len(four)):
        if four[q] == g:
            gain[q] = added(ptr, items, weights, counts[g], q, 1)
        price[q, g] = added(ptr, items, weights, counts[g], q, 0)


@njit(cache=True)
def best_change(ptr, items, weights, marks, lanes, four, counts, load, gain, price, a):
    """Return the query to exchange `a` with (-1: none, it moves) and its new four, -1 to stay."""
    g, best, other, to = four[a], -1e-9, -1, -1
    for h in range(len(load)):
        if h != g and load[h] + lanes[a] <= FOUR and price[a, h] - gain[a] < best:
            best, other, to = price[a, h] - gain[a], -1, h
    for b in range(len(four)):
        h = four[b]
        more = lanes[a] - lanes[b]
        if h == g or load[h] + more > FOUR or load[g] - more > FOUR:
            continue
        change = price[a, h] + price[b, g] - gain[a] - gain[b]
        if change < best:
            change += shared(ptr, items, weights, marks, counts[g], counts[h], a, b)
            if change < best:
                best, other, to = change, b, h
    return other, to


@njit(cache=True, nogil=True)
def make_fours(marks, weights, lanes):
    """Return the four of each query and the number of fours.

    Parameters
    ----------
    marks : uint8 array, shape (queries, cliques)
        Not 0 where a query walks a clique.
    weights : array, shape (cliques,)
    lanes : int64 array, shape (queries,)
        At most four each.
    """
    ptr, items = cliques_of(marks, weights)
    four, fours = fill_fours(ptr, items, weights, lanes)
    queries, cliques = marks.shape
    counts, load = np.zeros((fours, cliques), np.int64), np.zeros(fours, np.int64)
    gain, price = np.zeros(queries), np.zeros((queries, fours))
    for q in range(queries):
        load[four[q]] += lanes[q]
        enter(ptr, items, counts[four[q]], q, 1)
    for g in range(fours):
        look_again(ptr, items, weights, counts, four, g, gain, price)
    for _ in range(SWEEPS):
        changed = False
        for a in range(queries):
            g = four[a]
            b, h = best_change(
                ptr, items, weights, marks, lanes, four, counts, load, gain, price, a
            )
            if h < 0:
                continue
            changed = True
            four[a] = h
            load[g] -= lanes[a]
            load[h] += lanes[a]
            enter(ptr, items, counts[g], a, -1)
            enter(ptr, items, counts[h], a, 1)
            if b >= 0:
                four[b] = g
                load[h] -= lanes[b]
                load[g] += lanes[b]
                enter(ptr, items, counts[h], b, -1)
                enter(ptr, items, counts[g], b, 1)
            look_again(ptr, items, weights, counts, four, g, gain, price)
            look_again(ptr, items, weights, counts, four, h, gain, price)
        if not changed:
            break
    return four, fours
