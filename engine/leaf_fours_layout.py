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
def users_of(ptr, items, cliques):
    """Return the queries of each clique as compressed rows."""
    starts = np.zeros(cliques + 1, np.int64)
    for c in items:
        starts[c + 1] += 1
    starts = np.cumsum(starts)
    users, seat = np.zeros(len(items), np.int64), starts.copy()
    for q in range(len(ptr) - 1):
        for i in range(ptr[q], ptr[q + 1]):
            users[seat[items[i]]] = q
            seat[items[i]] += 1
    return starts, users


@njit(cache=True)
def added(ptr, items, weights, counts, q, least):
    """Return the weight of a query's cliques that at most `least` of a four's queries walk."""
    total = 0.0
    for i in range(ptr[q], ptr[q + 1]):
        if counts[items[i]] <= least:
            total += weights[items[i]]
    return total


@njit(cache=True)
def enter(ptr, items, starts, users, weights, counts, price, q, one):
    """Count a query's cliques in or out of a four; mend what every query would add to it."""
    for i in range(ptr[q], ptr[q + 1]):
        c = items[i]
        if counts[c] == (0 if one > 0 else 1):
            for k in range(starts[c], starts[c + 1]):
                price[users[k]] -= one * weights[c]
        counts[c] += one


@njit(cache=True)
def fill_fours(ptr, items, starts, users, weights, lanes):
    """Fill fours greedily.

    Returns
    -------
    four : shape (queries,)
    counts : shape (fours, cliques)
        How many of a four's queries walk a clique.
    price : shape (fours, queries)
        The weight of a query's cliques that a four does not walk.
    """
    queries, cliques = len(lanes), len(weights)
    four, fours = np.full(queries, -1, np.int64), 0
    none, whole = np.zeros(cliques, np.int64), np.zeros(queries)
    for q in range(queries):
        whole[q] = added(ptr, items, weights, none, q, 0)
    counts, price = np.zeros((queries, cliques), np.int64), np.zeros((queries, queries))
    for first in np.argsort(-whole, kind="mergesort"):
        if four[first] >= 0:
            continue
        price[fours], room, best = whole, FOUR, first
        while best >= 0:
            four[best] = fours
            room -= lanes[best]
            enter(ptr, items, starts, users, weights, counts[fours], price[fours], best, 1)
            best, least = -1, np.inf
            for q in range(queries):
                more = price[fours, q] - 1e-3 * whole[q]
                if four[q] < 0 and lanes[q] <= room and more < least:
                    best, least = q, more
        fours += 1
    return four, counts[:fours], price[:fours]


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
def best_change(ptr, items, weights, marks, lanes, four, counts, load, gain, price, a):
    """Return the query to exchange `a` with (-1: none, it moves) and its new four, -1 to stay."""
    g, best, other, to = four[a], -1e-9, -1, -1
    for h in range(len(load)):
        if h != g and load[h] + lanes[a] <= FOUR and price[h, a] - gain[a] < best:
            best, other, to = price[h, a] - gain[a], -1, h
    for b in range(len(four)):
        h = four[b]
        more = lanes[a] - lanes[b]
        if h == g or load[h] + more > FOUR or load[g] - more > FOUR:
            continue
        change = price[h, a] + price[g, b] - gain[a] - gain[b]
        if change < best:
            change += shared(ptr, items, weights, marks, counts[g], counts[h], a, b)
            if change < best:
                best, other, to = change, b, h
    return other, to


@njit(cache=True)
def look_again(ptr, items, weights, counts, four, gain, g, h):
    """Work out anew what each query of two fours adds to its own."""
    for q in range(len(four)):
        if four[q] == g or four[q] == h:
            gain[q] = added(ptr, items, weights, counts[four[q]], q, 1)


@njit(cache=True, nogil=True)
def make_fours(marks, weights, lanes):
    """Return the four of each query and the number of fours.

    Parameters
    ----------
    marks : uint8 array, shape (queries, cliques)
        Not 0 where a query walks a clique, or whatever else fours may share.
    weights : array, shape (cliques,)
    lanes : int64 array, shape (queries,)
        At most four each.
    """
    ptr, items = cliques_of(marks, weights)
    queries, cliques = marks.shape
    starts, users = users_of(ptr, items, cliques)
    four, counts, price = fill_fours(ptr, items, starts, users, weights, lanes)
    load, gain = np.zeros(len(counts), np.int64), np.zeros(queries)
    for q in range(queries):
        load[four[q]] += lanes[q]
        gain[q] = added(ptr, items, weights, counts[four[q]], q, 1)
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
            for q, away, to in ((a, g, h), (b, h, g)):
                if q >= 0:
                    four[q] = to
                    load[away] -= lanes[q]
                    load[to] += lanes[q]
                    enter(ptr, items, starts, users, weights, counts[away], price[away], q, -1)
                    enter(ptr, items, starts, users, weights, counts[to], price[to], q, 1)
            look_again(ptr, items, weights, counts, four, gain, g, h)
        if not changed:
            break
    return four, len(counts)
