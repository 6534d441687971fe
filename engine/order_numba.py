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
def members(row, out):
    """Write the positions of a row's set bits; return how many."""
    n = 0
    for w in range(len(row)):
        x = row[w]
        while x:
            low = x & (~x + np.uint64(1))
            out[n] = 64 * w + popcount(low - np.uint64(1))
            n += 1
            x ^= low
    return n


@njit(cache=True)
def price(v, adjacent, weight, by_fill, near):
    """Return the fill (or 0) and the clique weight of eliminating `v`."""
    n = members(adjacent[v], near)
    clique = weight[v]
    for i in range(n):
        clique += weight[near[i]]
    if not by_fill:
        return clique, 0.0
    fill = 0
    for i in range(n):
        row = adjacent[near[i]]
        for w in range(len(row)):
            fill += popcount(adjacent[v, w] & ~row[w])
        fill -= 1
    return float(fill), clique


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
    state = np.zeros(count, np.uint8)
    one = np.uint64(1)
    for i in range(len(ptr) - 1):
        for a in range(ptr[i], ptr[i + 1]):
            v = scope[a]
            state[v] = 1
            for b in range(ptr[i], ptr[i + 1]):
                u = scope[b]
                if u != v:
                    adjacent[v, u >> 6] |= one << np.uint64(u & 63)
    near = np.zeros(count, np.int64)
    mine = np.zeros(count, np.int64)
    first = np.zeros(count)
    second = np.zeros(count)
    left = 0
    for v in range(count):
        if state[v] == 1:
            first[v], second[v] = price(v, adjacent, weight, by_fill, near)
            left += 1
    order = np.zeros(left, np.int64)
    rows = np.zeros((left, words), np.uint64)
    touched = np.zeros(words, np.uint64)
    work = 0.0
    for k in range(left):
        v, least = -1, np.inf
        for u in range(count):
            if state[u] == 1 and (
                v < 0
                or first[u] + noise[u] < least
                or (first[u] + noise[u] == least and second[u] < second[v])
            ):
                v, least = u, first[u] + noise[u]
        state[v] = 2
        order[k] = v
        rows[k] = adjacent[v]
        n = members(adjacent[v], mine)
        clique = weight[v]
        for i in range(n):
            clique += weight[mine[i]]
        work += 2.0**clique
        touched[:] = adjacent[v]
        grows = first[v] != 0.0
        for i in range(n):
            u = mine[i]
            for w in range(words):
                adjacent[u, w] |= rows[k, w]
            adjacent[u, u >> 6] &= ~(one << np.uint64(u & 63))
            adjacent[u, v >> 6] &= ~(one << np.uint64(v & 63))
            if grows:
                for w in range(words):
                    touched[w] |= adjacent[u, w]
        n = members(touched, mine)
        for i in range(n):
            u = mine[i]
            first[u], second[u] = price(u, adjacent, weight, by_fill, near)
    return order, rows, work
