"""Lay leaf queries out for `leaf_walk_numba.py`: fours of lanes, blocks, tiles, places.

The lanes of a four walk the union of their subtrees, so fours are filled with queries of like ones
(`leaf_fours_layout.py`). Links whose variable lies in the separator of a clique below, where the
query passes, are met there, once a row, rather than once an entry above. A tile is given up once it
is read; the walk takes dear branches first, so that few are held at a time.
"""

# pyright: basic
import numpy as np

from fascinet.engine.kernels_numba import CLIQUE
from fascinet.engine.kernels_numba import HEAD as PROGRAM
from fascinet.engine.lanes_layout import INSIDE, MOST, TOP, enumerate_kid, kids_of, spans
from fascinet.engine.leaf_fours_layout import FOUR, make_fours
from fascinet.engine.leaf_sums_numba import STRIDE
from fascinet.engine.leaf_walk_numba import HEAD, LINE, TOTALS
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
def with_room(pool, used, more):
    """Return the pool, or a longer one with the same numbers if it has no room for more."""
    if used + more <= len(pool):
        return pool
    longer = np.zeros(2 * (used + more), np.int32)
    longer[:used] = pool[:used]
    return longer


@njit(cache=True)
def enumerate_rows(c_ptr, c_scope, cards, c, mask, count, entries, out, at):
    """Write for each state of a clique's first `count` variables the place in a bundle's tile."""
    out[at : at + entries] = 0
    stride, inner = STRIDE, entries
    for j in range(count):
        card = cards[c_scope[c_ptr[c] + j]]
        inner //= card
        if mask >> j & 1:
            for p in range(entries):
                out[at + p] += stride * (p // inner % card)
            stride *= card
    return stride


@njit(cache=True)
def split(c_ptr, c_scope, cards, c, mask, done):
    """Return the next bundle of a mask: variables not `done` yet, at most `MOST` rows."""
    part, size = np.int64(0), 1
    for j in range(c_ptr[c + 1] - c_ptr[c]):
        if mask >> j & 1 and not done >> j & 1:
            card = cards[c_scope[c_ptr[c] + j]]
            if part and size * card > MOST:
                break
            part |= np.int64(1) << j
            size *= card
    return part


@njit(cache=True)
def lay_bundle(
    bundles, axes, links, n, members, g_ptr, g_query, c, mask, at, moved, low, seat, q_ptr,
    q_first, lanes, states, l_var, l_offset, c_ptr, c_scope, cards, tile,
):  # fmt: skip
    """Lay out the bundle of a block's links on a mask of a clique; return its rows."""
    stride = 1
    bundles[n[0], 0], bundles[n[0], 2] = tile, n[1]
    for j in range(c_ptr[c + 1] - c_ptr[c]):
        if not mask >> j & 1:
            continue
        v = c_scope[c_ptr[c] + j]
        axes[n[1], 0], axes[n[1], 1], axes[n[1], 2] = stride, cards[v], n[2]
        for place in range(FOUR):
            g = members[place]
            if g < 0:
                continue
            for e in range(g_ptr[g], g_ptr[g + 1]):
                q = g_query[e]
                for i in range(q_ptr[q], q_ptr[q + 1]):
                    if at[i] == c and l_var[i] == v and moved[i] == low:
                        for k in range(lanes[q]):
                            links[n[2], 0] = FOUR * place + seat[q] + k
                            links[n[2], 1], links[n[2], 2] = q_first[q] + k, l_offset[i]
                            links[n[2], 3] = states[q]
                            n[2] += 1
        axes[n[1], 3] = n[2]
        n[1] += 1
        stride *= cards[v]
    bundles[n[0], 1], bundles[n[0], 3] = stride, n[1]
    n[0] += 1
    return stride


@njit(cache=True)
def known_links(at, q_ptr, q_first, lanes, four, seat, l_offset, s_ptr):
    """Return the records of the links of observed parents."""
    out, n = np.zeros((len(at) * FOUR, 8), np.int64), 0
    for q in range(len(q_ptr) - 1):
        for i in range(q_ptr[q], q_ptr[q + 1]):
            if at[i] < 0:
                for k in range(lanes[q]):
                    out[n, 0], out[n, 1] = FOUR * four[q] + seat[q] + k, q_first[q] + k
                    out[n, 2], out[n, 3], out[n, 4] = l_offset[i], s_ptr[i], s_ptr[i + 1]
                    n += 1
    return out[:n]


@njit(cache=True)
def lane_records(starts, q_var, q_leak, q_first, lanes, states, four, seat):
    """Return the records of the lanes."""
    out, n = np.zeros((lanes.sum(), 8), np.int64), 0
    for q in range(len(q_var)):
        for k in range(lanes[q]):
            out[n, 0], out[n, 1], out[n, 2] = starts[q_var[q]], states[q], q_first[q] + k
            out[n, 3], out[n, 4] = q_leak[q], FOUR * four[q] + seat[q] + k
            n += 1
    return out


@njit(cache=True)
def append(out, at, records):
    """Write records one after the other; return where the next may start."""
    for i in range(records.shape[0]):
        for j in range(records.shape[1]):
            out[at] = records[i, j]
            at += 1
    return at


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


@njit(cache=True, nogil=True)
def lay_walk(
    prog, cards, starts, parents, root, c_ptr, c_scope, home, q_ptr, q_var, q_leak, q_first, lanes,
    l_var, l_offset, s_ptr, s_pairs,
):  # fmt: skip
    """Return the ints that `ask_walk` walks through.

    Parameters
    ----------
    prog : int32 array
        The flat program of the tree.
    parents, root, c_ptr, c_scope, home
        The tree; scopes as compressed rows; home clique of each variable.
    q_ptr, q_var, q_leak, q_first, lanes, l_var, l_offset, s_ptr, s_pairs
        Queries: first level and number of levels, at most four; links (variable −1: an observed
        parent), slices.
    """
    cliques, states = len(parents), cards[q_var]
    k_ptr, kids = kids_of(parents)
    weights = np.empty(cliques)
    for c in range(cliques):
        weights[c] = prog[PROGRAM + CLIQUE * c]
    marks, at = spans(parents, root, k_ptr, kids, c_ptr, c_scope, weights, home, q_ptr, l_var)
    four, fours = make_fours(marks, weights, lanes)
    seat, g_ptr, g_query = seats_of(four, fours, lanes)
    cut = separators(prog, c_ptr, c_scope, cards)
    moved, own, low = settle(
        marks, at, four, fours, q_ptr, l_var, k_ptr, kids, c_ptr, c_scope, cut, cards, weights
    )
    active, passes, ends = subtrees(marks, four, fours, seat, lanes)
    ptr, members, tile, slot, tiles = block_up(active, passes, own, k_ptr, kids)
    order = branches_first(parents, k_ptr, kids, weights)
    tile_at, spare_at, size = place_tiles(prog, parents, order, ptr, passes, members, tiles)
    front = TOTALS + (FOUR * fours + LINE - 1) // LINE * LINE

    count = len(members)
    bits = 0
    for g in range(fours):
        for c in range(cliques):
            for j in range(c_ptr[c + 1] - c_ptr[c]):
                bits += (own[g, c] >> j & 1) + (low[g, c] >> j & 1)
    links_most = 0
    for q in range(len(q_ptr) - 1):
        links_most += (q_ptr[q + 1] - q_ptr[q]) * lanes[q]
    steps, n_step = np.zeros((cliques, 4), np.int64), 0
    blocks = np.zeros((count, 16), np.int64)
    operands, n_operand = np.zeros((passes.sum() + bits, 2), np.int64), 0
    end, n_end = np.zeros((active.sum(), 4), np.int64), 0
    bundles, axes = np.zeros((bits, 4), np.int64), np.zeros((bits, 4), np.int64)
    links = np.zeros((links_most, 4), np.int64)
    n = np.zeros(3, np.int64)
    pool, used, kept = np.zeros(4096, np.int32), 0, 0
    n_block = 0
    for c in order:
        if ptr[c] == ptr[c + 1]:
            continue
        q = PROGRAM + CLIQUE * c
        entries, rows = np.int64(prog[q]), np.int64(prog[q + 1])
        steps[n_step, 0], steps[n_step, 1] = q, n_block
        seen = np.full(k_ptr[c + 1] - k_ptr[c], -1, np.int64)
        shapes = np.zeros((64, 3), np.int64)
        known = 0
        for b in range(ptr[c], ptr[c + 1]):
            head = members[b, 0]
            blocks[n_block, 2] = n_operand
            for k in range(len(seen)):
                d = kids[k_ptr[c] + k]
                if not passes[head, d]:
                    continue
                if seen[k] < 0:
                    pool = with_room(pool, used, entries)
                    enumerate_kid(prog, prog[PROGRAM + CLIQUE * d + 10], 0, pool, used)
                    pool[used : used + entries] *= STRIDE
                    seen[k] = used
                    used += entries
                step = STRIDE * np.int64(prog[PROGRAM + CLIQUE * d + 1])
                operands[n_operand, 0] = seen[k]
                operands[n_operand, 1] = front + tile_at[d] + tile[head, d] * step
                n_operand += 1
            done = np.int64(0)
            joint = np.int64(0)
            for i in range(FOUR):
                if members[b, i] >= 0:
                    joint |= low[members[b, i], c]
            last = False
            while True:
                part = split(c_ptr, c_scope, cards, c, own[head, c], done)
                if part == 0:
                    if joint == 0:
                        break
                    part, last = joint, True
                done |= part
                found = -1
                for k in range(known):
                    if shapes[k, 0] == part and shapes[k, 1] == last:
                        found = shapes[k, 2]
                if found < 0:
                    more = rows if last else entries
                    width = cut[c] if last else c_ptr[c + 1] - c_ptr[c]
                    pool = with_room(pool, used, more)
                    enumerate_rows(c_ptr, c_scope, cards, c, part, width, more, pool, used)
                    found = used
                    used += more
                    if known < len(shapes):
                        shapes[known, 0], shapes[known, 1], shapes[known, 2] = part, last, found
                        known += 1
                lengths = lay_bundle(
                    bundles, axes, links, n, members[b], g_ptr, g_query, c, part, at, moved, last,
                    seat, q_ptr, q_first, lanes, states, l_var, l_offset, c_ptr, c_scope, cards,
                    kept,
                )  # fmt: skip
                if last:
                    blocks[n_block, 3], blocks[n_block, 4] = found, kept
                else:
                    operands[n_operand, 0], operands[n_operand, 1] = found, -1 - kept
                    n_operand += 1
                kept += STRIDE * lengths
                if last:
                    break
            if not last:
                blocks[n_block, 3] = -1
            blocks[n_block, 5] = n_end
            for i in range(FOUR):
                g = members[b, i]
                if g < 0:
                    continue
                blocks[n_block, 0] = i + 1
                if passes[g, c]:
                    to = tile_at[c] + STRIDE * rows * tile[g, c] + FOUR * slot[g, c]
                else:
                    to = spare_at[c] + FOUR * i
                blocks[n_block, 8 + i] = front + to
                if ends[g, c]:
                    end[n_end, 0], end[n_end, 1] = front + to, g
                    end[n_end, 2], end[n_end, 3] = ends[g, c], passes[g, c]
                    n_end += 1
            blocks[n_block, 1] = n_operand - blocks[n_block, 2]
            blocks[n_block, 6] = n_end
            n_block += 1
        steps[n_step, 2] = n_block
        n_step += 1
    met = known_links(at, q_ptr, q_first, lanes, four, seat, l_offset, s_ptr)
    told = lane_records(starts, q_var, q_leak, q_first, lanes, states, four, seat)
    length = HEAD + 4 * n_step + 16 * n_block + 2 * n_operand + 4 * (n_end + n.sum())
    length += 8 * (len(met) + len(told)) + 2 * len(s_pairs)
    out = np.zeros(length + used, np.int32)
    out[0], out[3], out[9], out[10] = n_step, fours, front + size + LINE, kept + LINE
    out[11], out[12], out[15] = n[0], len(met), len(told)
    spot = HEAD
    out[1], spot = spot, append(out, spot, steps[:n_step])
    out[2], spot = spot, append(out, spot, blocks)
    out[4], spot = spot, append(out, spot, operands[:n_operand])
    out[5], spot = spot, append(out, spot, end[:n_end])
    out[6], spot = spot, append(out, spot, bundles[: n[0]])
    out[7], spot = spot, append(out, spot, axes[: n[1]])
    out[8], spot = spot, append(out, spot, links[: n[2]])
    out[13], spot = spot, append(out, spot, met)
    out[14], spot = spot, append(out, spot, s_pairs)
    out[16], spot = spot, append(out, spot, told)
    out[17] = spot
    out[spot:] = pool[:used]
    return out
