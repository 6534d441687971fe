"""The search for a sweep, compiled: bit sets in, an order out."""

# pyright: basic
import numpy as np

from fascinet.engine.machine_code import njit


@njit(cache=True)
def ones(word):
    """Return the number of set bits."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@njit(cache=True)
def set_weight(words, odd, weights):
    """Return log2 of the states of a bit set: 1 a member, corrected for those not binary."""
    total = 0.0
    for word in words:
        total += ones(word)
    for v in odd:
        if words[v // 64] >> np.uint64(v % 64) & np.uint64(1):
            total += weights[v] - 1.0
    return total


@njit(cache=True)
def play(order, scopes, kids, parents, becomes, odd, weights, gate_weights, power, bound, made):
    """Return Σ 2^(power · log2 size) over the cliques of a sweep; `made` gets the order played.

    Past `bound` the play is broken off and infinity returned.
    A variable that stands before a parent of its own gate waits for it.
    """
    count, words = scopes.shape
    mask, held = (
        np.zeros((count + order.size, words), np.uint64),
        np.zeros(count + order.size, np.uint64),
    )
    mask[:count] = scopes
    alive = count
    left = parents.copy()
    ready = np.ones(order.size, np.uint8)
    for g in range(becomes.size):
        if becomes[g] >= 0 and parents[g] > 0:
            ready[becomes[g]] = 0
    waiting = np.zeros(order.size, np.uint8)
    at, done, total = 0, 0, 0.0
    union = np.zeros(words, np.uint64)
    while done < order.size:
        v = -1
        for u in range(order.size):
            if waiting[u] and ready[u]:
                v = u
                waiting[u] = 0
                break
        if v < 0:
            u = order[at]
            at += 1
            if not ready[u]:
                waiting[u] = 1
                continue
            v = u
        word, bit = v // 64, np.uint64(1) << np.uint64(v % 64)
        union[:] = 0
        union[word] = bit
        gates = kids[v]
        kept = 0
        for i in range(alive):
            if mask[i, word] & bit or held[i] & kids[v]:
                union |= mask[i]
                gates |= held[i]
            else:
                if kept != i:
                    mask[kept] = mask[i]
                    held[kept] = held[i]
                kept += 1
        size = set_weight(union, odd, weights)
        for g in range(becomes.size):
            if gates >> np.uint64(g) & np.uint64(1):
                size += gate_weights[g]
        total += 2.0 ** (power * min(size + (1.0 if kids[v] else 0.0), 400.0))
        if total > bound:
            return np.inf
        union[word] &= ~bit
        for g in range(becomes.size):
            if kids[v] >> np.uint64(g) & np.uint64(1):
                left[g] -= 1
                if left[g] == 0:
                    gates &= ~(np.uint64(1) << np.uint64(g))
                    if becomes[g] >= 0:
                        union[becomes[g] // 64] |= np.uint64(1) << np.uint64(becomes[g] % 64)
                        ready[becomes[g]] = 1
        mask[kept] = union
        held[kept] = gates
        alive = kept + 1
        made[done] = v
        done += 1
    return total


@njit(cache=True)
def spread_out(units, starts, members, order):
    """Write the members of each unit in turn."""
    n = 0
    for u in units:
        for j in range(starts[u], starts[u + 1]):
            order[n] = members[j]
            n += 1


@njit(cache=True)
def move(current, trial):
    """Write into `trial` the current units with a short run of them moved elsewhere."""
    count = current.size
    run = 1 if np.random.rand() < 0.6 else 1 + np.random.randint(4)  # noqa: NPY002 Numba's own
    run = min(run, count)
    a = np.random.randint(count - run + 1)  # noqa: NPY002 Numba's own
    b = np.random.randint(count - run + 1)  # noqa: NPY002 Numba's own
    if a < b:
        trial[:a] = current[:a]
        trial[a:b] = current[a + run : b + run]
        trial[b + run :] = current[b + run :]
    else:
        trial[:b] = current[:b]
        trial[b + run : a + run] = current[b:a]
        trial[a + run :] = current[a + run :]
    trial[b : b + run] = current[a : a + run]


@njit(cache=True, nogil=True)
def climb(
    starts, members, scopes, kids, parents, becomes, odd, weights, gate_weights, power, rounds,
    heat, seed,
):  # fmt: skip
    """Return the best order found by moving runs of units about, and log2 of its work."""
    np.random.seed(seed)  # noqa: NPY002 Numba knows no generator that can be seeded inside
    count = starts.size - 1
    current, trial = np.arange(count), np.arange(count)
    order, made = np.zeros(members.size, np.int64), np.zeros(members.size, np.int64)
    best, least, cost = np.zeros(members.size, np.int64), np.inf, np.inf
    for k in range(rounds + 1):
        if k > 0:
            move(current, trial)
        spread_out(trial, starts, members, order)
        worse = -np.log2(np.random.rand() + 1e-300) * heat * (1.0 - k / (rounds + 1.0))  # noqa: NPY002 Numba's own
        value = play(
            order, scopes, kids, parents, becomes, odd, weights, gate_weights, power,
            cost * 2.0**worse, made,
        )  # fmt: skip
        if value < np.inf:
            current[:] = trial
            cost = value
            if cost < least:
                least = cost
                best[:] = made
    work = play(best, scopes, kids, parents, becomes, odd, weights, gate_weights, 1.0, np.inf, made)
    return best, np.log2(work)
