"""Which operands of a clique are multiplied together in smaller tables first: a tree of joins.

A clique may have many operands of small scope (a hub's leaves send dozens of messages over the hub
alone). To multiply each of them into the clique's table, and to sum the table down to each of them
again, costs a pass over the table every time. So operands whose joint scope is well smaller than
the clique meet in a table of their own, a *join*, which is a clique without residual variables:
Shenoy's binary join trees (Shenoy 1997, Int. J. Approx. Reasoning 17:239) with joins of any arity.
"""

# pyright: basic
import numpy as np

from fascinet.engine.machine_code import njit

SAVES = 1.5  # a join is worth it if it has at most 1/SAVES of the clique's entries


@njit(cache=True)
def mask_size(mask, shape):
    """Return the number of entries over the axes that are set in a mask."""
    size, axis = 1.0, 0
    while mask:
        if mask & np.uint64(1):
            size *= shape[axis]
        mask >>= np.uint64(1)
        axis += 1
    return size


@njit(cache=True)
def put_in(rep, group, into, up):
    """Make a cluster (an item, or a join as -1 - number) a member of a join."""
    if rep >= 0:
        into[rep] = group
    else:
        up[-1 - rep] = group


@njit(cache=True)
def unite(masks, reps, a, b, made, into, up, made_masks):
    """Merge cluster `b` into cluster `a`; return how many joins there are."""
    both = masks[a] | masks[b]
    if reps[a] < 0 and made_masks[-1 - reps[a]] == both:
        put_in(reps[b], -1 - reps[a], into, up)
    elif reps[b] < 0 and made_masks[-1 - reps[b]] == both:
        put_in(reps[a], -1 - reps[b], into, up)
        reps[a] = reps[b]
    else:
        put_in(reps[a], made, into, up)
        put_in(reps[b], made, into, up)
        made_masks[made] = both
        reps[a] = -1 - made
        made += 1
    masks[a] = both
    return made


@njit(cache=True)
def join(items, count, shape, full, into, up, made_masks):
    """Find the joins of one clique's operands, the smallest first.

    Parameters
    ----------
    items : uint64 array
        The operands' scopes as masks over the clique's axes, `count` of them.
    shape, full
        The axes' states, and the entries of the clique.
    into, up, made_masks : arrays, written
        The join of each operand, and of each join, or -1; the joins' scopes.

    Returns
    -------
    int
        The number of joins.
    """
    masks, reps = np.empty(count, np.uint64), np.empty(count, np.int64)
    live = made = 0
    for i in range(count):
        into[i] = up[i] = -1
        at = -1
        for k in range(live):
            if masks[k] == items[i] and mask_size(items[i], shape) * SAVES <= full:
                at = k
        masks[live], reps[live] = items[i], i
        if at >= 0:
            made = unite(masks, reps, at, live, made, into, up, made_masks)
        else:
            live += 1
    while live > 1:
        least, a, b = np.inf, 0, 0
        for i in range(live):
            for k in range(i + 1, live):
                size = mask_size(masks[i] | masks[k], shape)
                if size < least:
                    least, a, b = size, i, k
        if least * SAVES > full:
            break
        made = unite(masks, reps, a, b, made, into, up, made_masks)
        live -= 1
        masks[b], reps[b] = masks[live], reps[live]
    return made


@njit(cache=True)
def sorted_scope(scope, begin, end, cards, rank, out):
    """Write the variables of two states or more by rank; return how many."""
    n = 0
    for j in range(begin, end):
        v = scope[j]
        if cards[v] > 1:
            k = n
            while k > 0 and rank[out[k - 1]] > rank[v]:
                out[k] = out[k - 1]
                k -= 1
            out[k] = v
            n += 1
    return n


@njit(cache=True)
def barren_cliques(c_ptr, c_scope, cut, parent, f_ptr, f_list, owner):
    """Tell which cliques send ones: all below is P(residual | …) of unobserved variables.

    `owner` is, of each factor that is a whole table, the variable of that table, else -1.
    """
    home = np.full(c_scope.max() + 1 if len(c_scope) else 0, -1, np.int64)
    for c in range(len(cut)):
        for j in range(c_ptr[c] + cut[c], c_ptr[c + 1]):
            home[c_scope[j]] = c
    tables, owned = np.zeros(len(cut), np.int64), np.zeros(len(cut), np.int64)
    residual, plain = np.zeros(len(cut), np.int64), np.ones(len(cut), np.bool_)
    barren = np.zeros(len(cut), np.bool_)
    for c in range(len(cut)):
        residual[c] += c_ptr[c + 1] - c_ptr[c] - cut[c]
        for k in range(f_ptr[c], f_ptr[c + 1]):
            f = f_list[k]
            tables[c] += 1
            if f >= len(owner) or owner[f] < 0:
                plain[c] = False
            else:
                owned[home[owner[f]]] += 1  # there or further up
        p = parent[c]
        if p >= 0:
            plain[p] = plain[p] and plain[c]
            tables[p] += tables[c]
            owned[p] += owned[c]
            residual[p] += residual[c]
        barren[c] = plain[c] and tables[c] == owned[c] == residual[c]
    return barren
