"""Which fours of leaf queries meet where: links, blocks of fours, tiles of messages.

Links whose variable lies in the separator of a clique below, where the query passes, are met there,
once a row, rather than once an entry above. Fours that need the same operands at a clique make a
block; a tile holds what a block reads of a kid. Tiles are given up once they are read; the walk
takes dear branches first, so that few are held at a time.
"""

# pyright: basic
import numpy as np

from fascinet.engine.kernels_numba import CLIQUE
from fascinet.engine.kernels_numba import HEAD as PROGRAM
from fascinet.engine.lanes_layout import INSIDE, TOP
from fascinet.engine.leaf_fours_layout import FOUR
from fascinet.engine.leaf_sums_numba import STRIDE
from fascinet.engine.machine_code import njit

FEW = 8  # rows of the links of a four that are met at a separator


@njit(cache=True)
def branches_first(parents, k_ptr, kids, weights):
    """Return the cliques, those below first, a branch after the other, dear branches first."""
    n = len(parents)
    order, stack, left, size = np.empty(n, np.int64), np.empty(n, np.int64), n, 0
    for c in range(n):
        if parents[c] < 0:
            stack[size] = c
            size += 1
    while size > 0:
        size -= 1
        c = stack[size]
        left -= 1
        order[left] = c
        first = size
        for i in range(k_ptr[c], k_ptr[c + 1]):
            stack[size] = kids[i]
            if weights[kids[i]] > weights[stack[first]]:
                stack[first], stack[size] = stack[size], stack[first]
            size += 1
    return order


@njit(cache=True)
def position(c_ptr, c_scope, c, v, count):
    """Return the position of a variable among a clique's first `count`, -1 if it is not there."""
    for j in range(count):
        if c_scope[c_ptr[c] + j] == v:
            return j
    return -1


@njit(cache=True)
def separators(prog, c_ptr, c_scope, cards):
    """Return how many variables of each clique are its separator's."""
    cut = np.zeros(len(c_ptr) - 1, np.int64)
    for c in range(len(cut)):
        rows = 1
        while rows < prog[PROGRAM + CLIQUE * c + 1]:
            rows *= cards[c_scope[c_ptr[c] + cut[c]]]
            cut[c] += 1
    return cut


@njit(cache=True)
def settle(marks, at, four, fours, q_ptr, l_var, k_ptr, kids, c_ptr, c_scope, cut, cards, weights):
    """Return each link's clique, whether it is met at its separator, and the fours' masks.

    A mask has a bit for each position of a clique's scope where a four has a link: `own` for those
    met at its entries, `low` for those at its separator.
    """
    cliques = len(cut)
    own, low = np.zeros((fours, cliques), np.int64), np.zeros((fours, cliques), np.int64)
    rows = np.ones((fours, cliques), np.int64)
    moved = np.zeros(len(l_var), np.bool_)
    for q in range(len(q_ptr) - 1):
        g = four[q]
        for i in range(q_ptr[q], q_ptr[q + 1]):
            c, v = at[i], l_var[i]
            if c < 0:
                continue
            best, spot = -1, -1
            for k in range(k_ptr[c], k_ptr[c + 1]):
                d = kids[k]
                if marks[q, d] == INSIDE and (best < 0 or weights[d] < weights[best]):
                    j = position(c_ptr, c_scope, d, v, cut[d])
                    fits = j >= 0 and (low[g, d] >> j & 1 or rows[g, d] * cards[v] <= FEW)
                    if fits:
                        best, spot = d, j
            if best >= 0:
                if not low[g, best] >> spot & 1:
                    rows[g, best] *= cards[v]
                low[g, best] |= np.int64(1) << spot
                at[i], moved[i] = best, True
            else:
                j = position(c_ptr, c_scope, c, v, c_ptr[c + 1] - c_ptr[c])
                own[g, c] |= np.int64(1) << j
    return moved, own, low


@njit(cache=True)
def operands_of(marks, at, parents, q_ptr, l_var, k_ptr, kids, c_ptr, c_scope, cut, weights):
    """Return what queries read at cliques and what it weighs: messages, then links of their own.

    Returns
    -------
    reads : uint8 array, shape (queries, 2 · cliques)
        Whether a query's message leaves a clique; whether it has links at one's entries.
    price : array, shape (2 · cliques,)
    """
    queries, cliques = marks.shape
    reads, price = np.zeros((queries, 2 * cliques), np.uint8), np.zeros(2 * cliques)
    for c in range(cliques):
        price[cliques + c] = weights[c]
        if parents[c] >= 0:
            price[c] = weights[parents[c]] + 0.5 * weights[c]
    for q in range(queries):
        for c in range(cliques):
            reads[q, c] = marks[q, c] == INSIDE
        for i in range(q_ptr[q], q_ptr[q + 1]):
            if at[i] < 0:
                continue
            below = False
            for k in range(k_ptr[at[i]], k_ptr[at[i] + 1]):
                d = kids[k]
                below |= (
                    marks[q, d] == INSIDE and position(c_ptr, c_scope, d, l_var[i], cut[d]) >= 0
                )
            reads[q, cliques + at[i]] |= not below
    return reads, price


@njit(cache=True)
def subtrees(marks, four, fours, seat, lanes):
    """Return where each four is active and passes on, and the lanes that end there as bits."""
    queries, cliques = marks.shape
    active, passes = np.zeros((fours, cliques), np.bool_), np.zeros((fours, cliques), np.bool_)
    ends = np.zeros((fours, cliques), np.int64)
    for q in range(queries):
        g = four[q]
        for c in range(cliques):
            if marks[q, c]:
                active[g, c] = True
                passes[g, c] |= marks[q, c] == INSIDE
                if marks[q, c] == TOP:
                    ends[g, c] |= ((1 << lanes[q]) - 1) << seat[q]
    return active, passes, ends


@njit(cache=True)
def block_up(active, passes, own, k_ptr, kids):
    """Return blocks of fours that need the same operands at a clique.

    Returns
    -------
    ptr : shape (cliques + 1,)
        Blocks of each clique.
    members : shape (blocks, 4)
        Fours, -1 for none.
    tile, slot : shape (fours, cliques)
        Of each four's message: the number among the clique's tiles and the place in it.
    tiles : shape (cliques,)
        How many there are.
    """
    fours, cliques = active.shape
    most = 0
    for g in range(fours):
        for c in range(cliques):
            most += active[g, c]
    members = np.full((most, FOUR), -1, np.int64)
    tile, slot = np.zeros((fours, cliques), np.int64), np.zeros((fours, cliques), np.int64)
    tiles, ptr = np.zeros(cliques, np.int64), np.zeros(cliques + 1, np.int64)
    blocks = 0
    for c in range(cliques):
        first = blocks
        for g in range(fours):
            if not active[g, c]:
                continue
            found, place = -1, 0
            for b in range(first, blocks):
                h = members[b, 0]
                alike = members[b, FOUR - 1] < 0 and own[g, c] == own[h, c]
                for k in range(k_ptr[c], k_ptr[c + 1]):
                    alike = alike and passes[g, kids[k]] == passes[h, kids[k]]
                if alike:
                    found = b
            if found < 0:
                found = blocks
                blocks += 1
                for k in range(k_ptr[c], k_ptr[c + 1]):
                    if passes[g, kids[k]]:
                        tile[g, kids[k]] = tiles[kids[k]]
                        tiles[kids[k]] += 1
            while members[found, place] >= 0:
                place += 1
            members[found, place] = g
            for k in range(k_ptr[c], k_ptr[c + 1]):
                if passes[g, kids[k]]:
                    tile[g, kids[k]] = tile[members[found, 0], kids[k]]
                    slot[g, kids[k]] = place
        ptr[c + 1] = blocks
    return ptr, members[:blocks], tile, slot, tiles


@njit(cache=True)
def find_room(held, count, need):
    """Return the lowest place with so much room between what is held, sorted by place."""
    at = 0
    for i in range(count):
        if held[i, 0] - at >= need:
            break
        at = max(at, held[i, 0] + held[i, 1])
    return at


@njit(cache=True)
def hold(held, count, at, need, c):
    """Hold a place for a clique's tiles."""
    i = count
    while i > 0 and held[i - 1, 0] > at:
        held[i] = held[i - 1]
        i -= 1
    held[i, 0], held[i, 1], held[i, 2] = at, need, c
    return count + 1


@njit(cache=True)
def give_up(held, count, parents, c):
    """Give up the tiles of the cliques below one."""
    left = 0
    for i in range(count):
        if parents[held[i, 2]] != c:
            held[left] = held[i]
            left += 1
    return left


@njit(cache=True)
def place_tiles(prog, parents, order, ptr, passes, members, tiles):
    """Return where each clique's tiles lie, where sums that are only weighed go, and the size."""
    cliques = len(parents)
    tile_at, spare_at = np.zeros(cliques, np.int64), np.zeros(cliques, np.int64)
    held, count, size = np.zeros((cliques, 3), np.int64), 0, 0
    for c in order:
        if ptr[c] == ptr[c + 1]:
            continue
        rows, spare = STRIDE * np.int64(prog[PROGRAM + CLIQUE * c + 1]), False
        for b in range(ptr[c], ptr[c + 1]):
            for i in range(FOUR):
                spare |= members[b, i] >= 0 and not passes[members[b, i], c]
        need = rows * tiles[c]
        tile_at[c] = find_room(held, count, need + rows * spare)
        spare_at[c] = tile_at[c] + need
        size = max(size, spare_at[c] + rows * spare)
        count = give_up(held, count, parents, c)
        if need:
            count = hold(held, count, tile_at[c], need, c)
    return tile_at, spare_at, size


@njit(cache=True)
def seats_of(four, fours, lanes):
    """Return each query's first lane in its four, and each four's queries as compressed rows."""
    seat, free = np.zeros(len(four), np.int64), np.zeros(fours, np.int64)
    ptr = np.zeros(fours + 1, np.int64)
    for q in range(len(four)):
        seat[q] = free[four[q]]
        free[four[q]] += lanes[q]
        ptr[four[q] + 1] += 1
    ptr = np.cumsum(ptr)
    queries, next_ = np.zeros(len(four), np.int64), ptr.copy()
    for q in range(len(four)):
        queries[next_[four[q]]] = q
        next_[four[q]] += 1
    return seat, ptr, queries
