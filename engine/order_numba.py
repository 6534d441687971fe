"""Greedy elimination orders on bit matrices, compiled: the twin of `order.eliminate`."""

# pyright: basic
import numpy as np

from fascinet.engine.machine_code import njit


@njit(cache=True, inline="always")
def popcount(x):
    """Return the number of set bits of a 64-bit word."""
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True)
def members(rows, v, out):
    """Write the positions of the set bits of row `v`; return how many."""
    n = 0
    for w in range(rows.shape[1]):
        x = rows[v, w]
        while x:
            low = x & (~x + np.uint64(1))
            out[n] = 64 * w + popcount(low - np.uint64(1))
            n += 1
            x ^= low
    return n


@njit(cache=True)
def price(v, adjacent, weight, by_fill, near):
    """Return the fill, each arc counted from both ends (or 0), and the clique weight of `v`."""
    n = members(adjacent, v, near)
    clique = weight[v]
    for i in range(n):
        clique += weight[near[i]]
    if not by_fill:
        return clique, 0.0
    fill = -n
    for w in range(adjacent.shape[1]):
        mine = adjacent[v, w]
        if mine:
            for i in range(n):
                fill += popcount(mine & ~adjacent[near[i], w])
    return float(fill), clique


@njit(cache=True)
def pick(first, second, noise, alive, left):
    """Return the place in `alive` of the variable of least measure; ties by `second`, by number."""
    at = 0
    least = first[alive[0]] + noise[alive[0]]
    for i in range(1, left):
        u = alive[i]
        x = first[u] + noise[u]
        if x < least or (x == least and second[u] < second[alive[at]]):
            at, least = i, x
    return at


@njit(cache=True)
def marry(adjacent, near, n, inside, first):
    """Lessen the fill of each variable that is next to both ends of an arc to come.

    The arcs are those that are missing among `near`; the variables `inside`, which get other
    neighbours as well, are priced anew by the caller.
    """
    one = np.uint64(1)
    for i in range(n):
        a = near[i]
        for j in range(i):
            b = near[j]
            if adjacent[a, b >> 6] >> np.uint64(b & 63) & one:
                continue
            for w in range(adjacent.shape[1]):
                x = adjacent[a, w] & adjacent[b, w] & ~inside[w]
                while x:
                    low = x & (~x + one)
                    first[64 * w + popcount(low - one)] -= 2.0
                    x ^= low


@njit(cache=True)
def eliminate(ptr, scope, count, weight, by_fill, noise):
    """Return an order, its neighbour rows, and Σ clique sizes.

    Parameters
    ----------
    ptr, scope
        Scopes as compressed rows.
    count : int
        Number of variables.
    weight : array
        log2 of the states.
    by_fill : bool
        Min-fill (ties by weight) or min-weight; then by number.
    noise : array
        Added to each variable's measure: zeros, or a jitter that leads to another order.
    """
    words = (count + 63) // 64
    adjacent = np.zeros((count, words), np.uint64)
    seen = np.zeros(count, np.uint8)
    one = np.uint64(1)
    for i in range(len(ptr) - 1):
        for a in range(ptr[i], ptr[i + 1]):
            v = scope[a]
            seen[v] = 1
            for b in range(ptr[i], ptr[i + 1]):
                u = scope[b]
                if u != v:
                    adjacent[v, u >> 6] |= one << np.uint64(u & 63)
    near, mine = np.zeros(count, np.int64), np.zeros(count, np.int64)
    first, second = np.zeros(count), np.zeros(count)
    alive = np.flatnonzero(seen)
    left = len(alive)
    for v in alive:
        first[v], second[v] = price(v, adjacent, weight, by_fill, near)
    order, rows = np.zeros(left, np.int64), np.zeros((left, words), np.uint64)
    work = 0.0
    for k in range(len(order)):
        at = pick(first, second, noise, alive, left)
        v = alive[at]
        left -= 1
        for i in range(at, left):
            alive[i] = alive[i + 1]
        order[k], rows[k] = v, adjacent[v]
        work += 2.0 ** (second[v] if by_fill else first[v])
        n = members(adjacent, v, mine)
        for i in range(n):
            adjacent[mine[i], v >> 6] &= ~(one << np.uint64(v & 63))
        if by_fill and first[v] != 0.0:
            marry(adjacent, mine, n, rows[k], first)
        for i in range(n):
            u = mine[i]
            for w in range(words):
                adjacent[u, w] |= rows[k, w]
            adjacent[u, u >> 6] &= ~(one << np.uint64(u & 63))
        for i in range(n):
            first[mine[i]], second[mine[i]] = price(mine[i], adjacent, weight, by_fill, near)
    return order, rows, work
