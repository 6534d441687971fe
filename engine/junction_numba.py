"""From an elimination order to a junction tree, compiled: the twin of `plan.junction_tree`."""

# pyright: basic
import numpy as np

from fascinet.engine.machine_code import njit
from fascinet.engine.order_numba import members


@njit(cache=True)
def grow(position, order, rows, near):
    """Return the parent of each elimination clique and the clique that it is merged into.

    A clique that lies inside one of its children, the first such, is merged into that child.
    """
    count = len(order)
    parent, child = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    for i in range(count):
        n = members(rows, i, near)
        for j in range(n):
            p = position[near[j]]
            if parent[i] < 0 or p < parent[i]:
                parent[i] = p
        p = parent[i]
        if p < 0 or child[p] >= 0:
            continue
        v = order[p]
        same = True
        for w in range(rows.shape[1]):
            more = np.uint64(1) << np.uint64(v & 63) if w == v >> 6 else np.uint64(0)
            same &= rows[i, w] == rows[p, w] | more
        if same:
            child[p] = i
    into = np.arange(count)
    for i in range(count):
        if child[i] >= 0:
            into[i] = into[child[i]]
    for i in range(count):  # a chain of merged cliques ends where its last one does
        if child[i] >= 0:
            parent[into[i]] = parent[i]
    for i in range(count):
        if parent[i] >= 0:
            parent[i] = into[parent[i]]
    return parent, into


@njit(cache=True)
def children_first(parent, into):
    """Return the cliques that are left, the deepest first, and the new number of each."""
    count = len(parent)
    depth = np.full(count, -1, np.int64)
    deepest = 0
    for i in range(count):
        if into[i] != i:
            continue
        j, steps = i, 0
        while j >= 0 and depth[j] < 0:
            j, steps = parent[j], steps + 1
        level = steps + (depth[j] if j >= 0 else -1)
        deepest = max(deepest, level)
        j = i
        while j >= 0 and depth[j] < 0:
            depth[j] = level
            j, level = parent[j], level - 1
    seat = np.zeros(deepest + 2, np.int64)
    for i in range(count):
        if into[i] == i:
            seat[deepest - depth[i] + 1] += 1
    seat = np.cumsum(seat)
    kept, number = np.zeros(seat[-1], np.int64), np.full(count, -1, np.int64)
    for i in range(count):
        if into[i] == i:
            s = deepest - depth[i]
            kept[seat[s]], number[i] = i, seat[s]
            seat[s] += 1
    return kept, number


@njit(cache=True, nogil=True)
def join_tree(order, rows, f_ptr, f_scope, count):
    """Return parents, scopes as compressed rows, cuts, home of each variable and factor (or -1).

    Parameters
    ----------
    order, rows
        Variables in order; the neighbours of each when it is eliminated, as rows of bits.
    f_ptr, f_scope
        The factors' scopes as compressed rows.
    count : int
        Number of variables.
    """
    position = np.full(count, -1, np.int64)
    for i in range(len(order)):
        position[order[i]] = i
    near = np.zeros(count, np.int64)
    up, into = grow(position, order, rows, near)
    kept, number = children_first(up, into)
    home = np.full(count, -1, np.int64)
    last, own = np.zeros(len(kept), np.int64), np.zeros(len(kept), np.int64)
    for i in range(len(order)):
        c = number[into[i]]
        home[order[i]] = c
        last[c] = i
        own[c] += 1
    cuts, parents = np.zeros(len(kept), np.int64), np.full(len(kept), -1, np.int64)
    ptr = np.zeros(len(kept) + 1, np.int64)
    for c in range(len(kept)):
        cuts[c] = members(rows, last[c], near)
        ptr[c + 1] = ptr[c] + cuts[c] + own[c]
        if up[kept[c]] >= 0:
            parents[c] = number[up[kept[c]]]
    scope, seat = np.zeros(ptr[-1], np.int64), ptr[1:].copy()
    for i in range(len(order)):  # the residual ones, each later eliminated first
        c = home[order[i]]
        seat[c] -= 1
        scope[seat[c]] = order[i]
    for c in range(len(kept)):
        n = members(rows, last[c], near)
        places = np.sort(position[near[:n]])
        for j in range(n):
            scope[ptr[c] + j] = order[places[n - 1 - j]]
    factor = np.full(len(f_ptr) - 1, -1, np.int64)
    for f in range(len(factor)):
        first = -1
        for j in range(f_ptr[f], f_ptr[f + 1]):
            p = position[f_scope[j]]
            if first < 0 or p < first:
                first = p
        if first >= 0:
            factor[f] = home[order[first]]
    return parents, ptr, scope, cuts, home, factor
