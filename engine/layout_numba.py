"""Orders by many tries: the star graph's order is jittered, accumulators laid out, the best kept.

Greedy orders differ much in the width that they lead to where gates overlap, and a try costs less
than a run of the program that it finds. So there are as many tries as the best work so far is
worth. The jitter is a fixed sequence: the same evidence set gives the same program.
"""

# pyright: basic
import numpy as np

from fascinet.engine.machine_code import njit
from fascinet.engine.mirror_numba import mirror
from fascinet.engine.order_numba import eliminate

FEW, MANY, MOST = 4, 12, 64  # tries at least; at most with gates; at most without
WORTH, DEAR, LONGEST = 1500.0, 10_000.0, 100  # work that is worth one more try, at first and later


@njit(cache=True)
def jitter(count, seed, height):
    """Return `count` numbers from 0 to `height` by Knuth's linear congruential generator."""
    out = np.empty(count)
    x = np.uint64(seed)
    for i in range(count):
        x = x * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        out[i] = height * (x >> np.uint64(11)) / 9007199254740992.0
    return out


@njit(cache=True)
def height_of(k, by_fill):
    """Return how far try `k` is jittered, in arcs of fill or in bits of the clique."""
    if k < 2:
        return 0.0
    return 3.0 + 3.0 * (k // 2 % 2) if by_fill else 2.0 + 2.0 * (k // 2 % 2)


@njit(cache=True, nogil=True)
def search_order(ptr, scope, weight):
    """Return the best order of many tries on a plain graph, its neighbour rows and its work.

    A try is estimated at 3 ns a pair of variables, a run at 6 ns an entry: all tries together
    cost about half of what one run of the program does.
    """
    count = len(weight)
    order, rows, best = eliminate(ptr, scope, count, weight, True, np.zeros(count))
    k = 1
    while k < FEW or (k < MOST and 3.0 * k * count * count < 3.0 * best):
        by_fill = k % 2 == 0
        noise = jitter(count, k + 1, height_of(k, by_fill))
        other, others, work = eliminate(ptr, scope, count, weight, by_fill, noise)
        if work < best:
            order, rows, best = other, others, work
        k += 1
    return order, rows, best


@njit(cache=True)
def all_scopes(f_ptr, f_scope, factors):
    """Return the scopes of the given factors and of the accumulators' as compressed rows."""
    given, made = len(f_ptr) - 1, len(factors)
    ptr = np.zeros(given + made + 1, np.int64)
    ptr[: given + 1] = f_ptr
    for i in range(made):
        ptr[given + i + 1] = ptr[given + i] + factors[i, 1]
    flat = np.empty(ptr[-1], np.int64)
    flat[: len(f_scope)] = f_scope
    for i in range(made):
        for j in range(factors[i, 1]):
            flat[ptr[given + i] + j] = factors[i, 2 + 2 * j]
    return ptr, flat


@njit(cache=True, nogil=True)
def search(
    cards0, observed, f_ptr, f_scope, g_var, p_ptr, p_var, blocks, maxima, hub, s_ptr, s_scope,
    s_weight,
):  # fmt: skip
    """Return the best try: accumulators' factors, cards, order, neighbour rows and work.

    Parameters
    ----------
    cards0 … hub
        As for `mirror`.
    s_ptr, s_scope, s_weight
        The star graph's scopes as compressed rows, and log2 of its variables' states.
    """
    stars = len(s_weight)
    best = np.inf
    kept = (
        np.zeros((0, 13), np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64),
        np.zeros((0, 0), np.uint64),
    )  # fmt: skip
    k = 0
    while k < FEW or k * (WORTH if k < MANY else DEAR) < best and k < LONGEST:
        by_fill = k % 2 == 0
        noise = jitter(stars, k + 1, height_of(k, by_fill))
        star, _, _ = eliminate(s_ptr, s_scope, stars, s_weight, by_fill, noise)
        factors, cards, _ = mirror(
            cards0, observed, f_ptr, f_scope, g_var, p_ptr, p_var, blocks, maxima, hub, star, False
        )
        ptr, flat = all_scopes(f_ptr, f_scope, factors)
        weight = np.log2(cards.astype(np.float64))
        for measure in range(2 if k < FEW else 1):  # min-weight seldom wins: not worth a late try
            noise = jitter(len(cards), 7 * k + 3, 0.0 if k < 4 else 1.0)
            order, rows, work = eliminate(ptr, flat, len(cards), weight, measure == 0, noise)
            if work < best:
                best = work
                kept = (factors, cards, order, rows)
        k += 1
    return kept[0], kept[1], kept[2], kept[3], best
