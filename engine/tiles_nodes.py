"""The nodes of a tiled program: a plan's cliques, and the joins of their operands."""

# pyright: basic
import numpy as np

from fascinet.engine.joins_numba import barren_cliques, join, sorted_scope
from fascinet.engine.machine_code import njit
from fascinet.engine.tiles_layout import BARREN, CLIQUE, JOIN


@njit(cache=True)
def longer(values, size):
    """Return a copy of `size` items, the new ones 0."""
    out = np.zeros(size, values.dtype)
    out[: len(values)] = values
    return out


@njit(cache=True)
def make_nodes(cards, c_ptr, c_scope, cut, parent, f_ptr, f_list, o_ptr, o_scope, owner, rank):
    """Return the nodes and which operands each has.

    Returns
    -------
    n_ptr, n_scope, n_free, n_parent, n_kind : int64 arrays
        Scopes as compressed rows, in the order of the axes; which of them are residual; parents,
        each later in the list; kinds.
    f_node : int64 array
        The node of each item of `f_list`.
    """
    cliques, factors = len(cut), len(o_ptr) - 1
    barren = barren_cliques(c_ptr, c_scope, cut, parent, f_ptr, f_list, owner)
    most = 2 * cliques + len(f_list)
    n_ptr = np.zeros(most + 1, np.int64)
    n_parent, n_kind = np.full(most, -1, np.int64), np.zeros(most, np.int64)
    n_scope = np.zeros(max(1024, 4 * len(c_scope)), np.int64)
    n_free = np.zeros(len(n_scope), np.int64)
    residual = np.zeros(len(cards), np.int64)
    f_node = np.zeros(len(f_list), np.int64)
    node_of = np.zeros(cliques, np.int64)
    kids = np.zeros(cliques + 1, np.int64)
    for c in range(cliques):
        if parent[c] >= 0:
            kids[parent[c] + 1] += 1
    for c in range(cliques):
        kids[c + 1] += kids[c]
    child, seat = np.zeros(kids[cliques], np.int64), kids.copy()
    for c in range(cliques):
        if parent[c] >= 0:
            child[seat[parent[c]]] = c
            seat[parent[c]] += 1
    scope, shape = np.zeros(len(cards), np.int64), np.zeros(64, np.int64)
    place = np.zeros(len(cards), np.int64)
    one = np.uint64(1)
    nodes = 0
    for c in range(cliques):
        size = sorted_scope(c_scope, c_ptr[c], c_ptr[c + 1], cards, rank, scope)
        full = 1.0
        for a in range(size):
            place[scope[a]] = a
            shape[a] = cards[scope[a]]
            full *= shape[a]
        for j in range(c_ptr[c], c_ptr[c + 1]):
            residual[c_scope[j]] = j - c_ptr[c] >= cut[c]
        begin = f_ptr[c]
        own = f_ptr[c + 1] - begin
        count = own + kids[c + 1] - kids[c]
        items = np.zeros(count, np.uint64)
        for i in range(own):
            f = f_list[begin + i]
            if f < factors:
                for j in range(o_ptr[f], o_ptr[f + 1]):
                    if cards[o_scope[j]] > 1:
                        items[i] |= one << np.uint64(place[o_scope[j]])
            elif cards[f - factors] > 1:
                items[i] |= one << np.uint64(place[f - factors])
        for i in range(own, count):
            d = node_of[child[kids[c] + i - own]]
            for j in range(n_ptr[d], n_ptr[d + 1]):
                if not n_free[j]:
                    items[i] |= one << np.uint64(place[n_scope[j]])
        into, up = np.empty(count, np.int64), np.empty(count, np.int64)
        masks = np.empty(count, np.uint64)
        made = join(items, count, shape, full, into, up, masks)
        depth, number = np.zeros(made, np.int64), np.zeros(made, np.int64)
        deepest = 0
        for g in range(made):
            h = up[g]
            while h >= 0:
                depth[g] += 1
                h = up[h]
            deepest = max(deepest, depth[g])
        if n_ptr[nodes] + (made + 1) * size > len(n_scope):
            need = 2 * (n_ptr[nodes] + (made + 1) * size)
            n_scope, n_free = longer(n_scope, need), longer(n_free, need)
        for level in range(deepest, -1, -1):
            for g in range(made):
                if depth[g] == level:
                    number[g] = nodes
                    at = n_ptr[nodes]
                    for a in range(size):
                        if masks[g] >> np.uint64(a) & one:
                            n_scope[at] = scope[a]
                            at += 1
                    n_kind[nodes] = JOIN
                    nodes += 1
                    n_ptr[nodes] = at
        at = n_ptr[nodes]
        for a in range(size):
            n_scope[at + a], n_free[at + a] = scope[a], residual[scope[a]]
        n_kind[nodes] = BARREN if barren[c] else CLIQUE
        for g in range(made):
            n_parent[number[g]] = number[up[g]] if up[g] >= 0 else nodes
        for i in range(count):
            to = number[into[i]] if into[i] >= 0 else nodes
            if i < own:
                f_node[begin + i] = to
            else:
                n_parent[node_of[child[kids[c] + i - own]]] = to
        node_of[c] = nodes
        nodes += 1
        n_ptr[nodes] = at + size
    return n_ptr[: nodes + 1], n_scope, n_free, n_parent[:nodes], n_kind[:nodes], f_node
