"""Lay leaf queries out for `leaf_walk_numba.py`: blocks, operands, places, bundles of links.

What goes together and where it lies is told by `leaf_fours_layout.py` and `leaf_blocks_layout.py`;
here it is written down as ints.
"""

# pyright: basic
import numpy as np

from fascinet.engine.kernels_numba import CLIQUE
from fascinet.engine.kernels_numba import HEAD as PROGRAM
from fascinet.engine.lanes_layout import MOST, enumerate_kid, kids_of, spans
from fascinet.engine.leaf_blocks_layout import (
    block_up,
    branches_first,
    operands_of,
    place_tiles,
    seats_of,
    separators,
    settle,
    subtrees,
)
from fascinet.engine.leaf_fours_layout import FOUR, make_fours
from fascinet.engine.leaf_sums_numba import STRIDE
from fascinet.engine.leaf_walk_numba import HEAD, LINE, TOTALS
from fascinet.engine.machine_code import njit

BUNDLES, AXES, LINKS, OPERANDS, ENDS, POOL, KEPT, SHAPES = range(8)  # what is counted


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
    q_first, lanes, states, l_var, l_offset, c_ptr, c_scope, cards,
):  # fmt: skip
    """Lay out the bundle of a block's links on a mask of a clique; return where its tile starts."""
    stride, tile = 1, n[KEPT]
    bundles[n[BUNDLES], 0], bundles[n[BUNDLES], 2] = tile, n[AXES]
    for j in range(c_ptr[c + 1] - c_ptr[c]):
        if not mask >> j & 1:
            continue
        v, axis = c_scope[c_ptr[c] + j], n[AXES]
        axes[axis, 0], axes[axis, 1], axes[axis, 2] = stride, cards[v], n[LINKS]
        for place in range(FOUR):
            g = max(members[place], 0)
            for e in range(g_ptr[g], g_ptr[g + 1] if members[place] >= 0 else g_ptr[g]):
                q = g_query[e]
                for i in range(q_ptr[q], q_ptr[q + 1]):
                    if at[i] == c and l_var[i] == v and moved[i] == low:
                        for k in range(lanes[q]):
                            link = links[n[LINKS]]
                            link[0], link[1] = FOUR * place + seat[q] + k, q_first[q] + k
                            link[2], link[3] = l_offset[i], states[q]
                            n[LINKS] += 1
        axes[axis, 3] = n[LINKS]
        n[AXES] += 1
        stride *= cards[v]
    bundles[n[BUNDLES], 1], bundles[n[BUNDLES], 3] = stride, n[AXES]
    n[BUNDLES] += 1
    n[KEPT] += STRIDE * stride
    return tile


@njit(cache=True)
def kid_places(prog, pool, n, known, d, c):
    """Return the pool and where in it the places of a kid's message lie; write them once."""
    if known[d] < 0:
        entries = np.int64(prog[PROGRAM + CLIQUE * c])
        known[d], pool = n[POOL], with_room(pool, n[POOL], entries)
        enumerate_kid(prog, prog[PROGRAM + CLIQUE * d + 10], 0, pool, known[d])
        pool[known[d] : known[d] + entries] *= STRIDE
        n[POOL] += entries
    return pool, known[d]


@njit(cache=True)
def link_places(prog, pool, n, shapes, c, mask, low, cut, c_ptr, c_scope, cards):
    """Return the pool and where in it the places of a bundle lie; write them once a shape."""
    for k in range(n[SHAPES]):
        if shapes[k, 0] == mask and shapes[k, 1] == low:
            return pool, shapes[k, 2]
    q = PROGRAM + CLIQUE * c
    size = np.int64(prog[q + 1] if low else prog[q])
    width = cut[c] if low else c_ptr[c + 1] - c_ptr[c]
    found, pool = n[POOL], with_room(pool, n[POOL], size)
    enumerate_rows(c_ptr, c_scope, cards, c, mask, width, size, pool, found)
    n[POOL] += size
    if n[SHAPES] < len(shapes):
        shapes[n[SHAPES], 0], shapes[n[SHAPES], 1], shapes[n[SHAPES], 2] = mask, low, found
        n[SHAPES] += 1
    return pool, found


@njit(cache=True)
def lay_ends(block, end, n, members, passes, ends, c, rows, front, tile_at, spare_at, tile, slot):
    """Write how many fours a block has, where their sums go, and the lanes that end there."""
    block[5] = n[ENDS]
    for i in range(FOUR):
        g = members[i]
        if g < 0:
            break
        to = front + spare_at[c] + FOUR * i
        if passes[g, c]:
            to = front + tile_at[c] + STRIDE * rows * tile[g, c] + FOUR * slot[g, c]
        block[0], block[8 + i] = i + 1, to
        if ends[g, c]:
            record = end[n[ENDS]]
            record[0], record[1], record[2], record[3] = to, g, ends[g, c], passes[g, c]
            n[ENDS] += 1
    block[6] = n[ENDS]


@njit(cache=True)
def count_bits(masks):
    """Return how many bits are set."""
    total = 0
    for mask in masks.ravel():
        while mask:
            mask &= mask - 1
            total += 1
    return total


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
    cut = separators(prog, c_ptr, c_scope, cards)
    reads, price = operands_of(
        marks, at, parents, q_ptr, l_var, k_ptr, kids, c_ptr, c_scope, cut, weights
    )
    four, fours = make_fours(reads, price, lanes)
    seat, g_ptr, g_query = seats_of(four, fours, lanes)
    moved, own, low = settle(
        marks, at, four, fours, q_ptr, l_var, k_ptr, kids, c_ptr, c_scope, cut, cards, weights
    )
    active, passes, ends = subtrees(marks, four, fours, seat, lanes)
    ptr, members, tile, slot, tiles = block_up(active, passes, own, k_ptr, kids)
    order = branches_first(parents, k_ptr, kids, weights)
    tile_at, spare_at, size = place_tiles(prog, parents, order, ptr, passes, members, tiles)
    front = TOTALS + (FOUR * fours + LINE - 1) // LINE * LINE

    bits = count_bits(own) + count_bits(low)
    most = 0
    for q in range(len(lanes)):
        most += (q_ptr[q + 1] - q_ptr[q]) * lanes[q]
    steps, n_step = np.zeros((cliques, 4), np.int64), 0
    blocks, n_block = np.zeros((len(members), 16), np.int64), 0
    operands, end = np.zeros((passes.sum() + bits, 2), np.int64), np.zeros((most, 4), np.int64)
    bundles, axes = np.zeros((bits, 4), np.int64), np.zeros((bits, 4), np.int64)
    links, shapes = np.zeros((most, 4), np.int64), np.zeros((64, 3), np.int64)
    pool, known, n = np.zeros(4096, np.int32), np.full(cliques, -1, np.int64), np.zeros(8, np.int64)
    for c in order:
        if ptr[c] == ptr[c + 1]:
            continue
        steps[n_step, 0], steps[n_step, 1] = PROGRAM + CLIQUE * c, n_block
        n[SHAPES] = 0
        for b in range(ptr[c], ptr[c + 1]):
            block, head = blocks[n_block], members[b, 0]
            block[2], block[3] = n[OPERANDS], -1
            for k in range(k_ptr[c], k_ptr[c + 1]):
                d = kids[k]
                if passes[head, d]:
                    pool, places = kid_places(prog, pool, n, known, d, c)
                    length = STRIDE * np.int64(prog[PROGRAM + CLIQUE * d + 1])
                    operands[n[OPERANDS], 0] = places
                    operands[n[OPERANDS], 1] = front + tile_at[d] + tile[head, d] * length
                    n[OPERANDS] += 1
            joint, done = np.int64(0), np.int64(0)
            for g in members[b]:
                if g >= 0:
                    joint |= low[g, c]
            part = split(c_ptr, c_scope, cards, c, own[head, c], done)
            while part or joint:
                last = part == 0
                mask = joint if last else part
                pool, places = link_places(
                    prog, pool, n, shapes, c, mask, last, cut, c_ptr, c_scope, cards
                )
                kept = lay_bundle(
                    bundles, axes, links, n, members[b], g_ptr, g_query, c, mask, at, moved, last,
                    seat, q_ptr, q_first, lanes, states, l_var, l_offset, c_ptr, c_scope, cards,
                )  # fmt: skip
                if last:
                    block[3], block[4] = places, kept
                    break
                operands[n[OPERANDS], 0], operands[n[OPERANDS], 1] = places, -1 - kept
                n[OPERANDS] += 1
                done |= part
                part = split(c_ptr, c_scope, cards, c, own[head, c], done)
            block[1] = n[OPERANDS] - block[2]
            rows = np.int64(prog[PROGRAM + CLIQUE * c + 1])
            lay_ends(
                block, end, n, members[b], passes, ends, c, rows, front, tile_at, spare_at, tile,
                slot,
            )  # fmt: skip
            n_block += 1
        steps[n_step, 2] = n_block
        n_step += 1
    met = known_links(at, q_ptr, q_first, lanes, four, seat, l_offset, s_ptr)
    told = lane_records(starts, q_var, q_leak, q_first, lanes, states, four, seat)
    records = 4 * (n_step + n[ENDS] + n[BUNDLES] + n[AXES] + n[LINKS]) + 16 * n_block
    records += 2 * (n[OPERANDS] + len(s_pairs)) + 8 * (len(met) + len(told))
    out = np.zeros(HEAD + records + n[POOL], np.int32)
    out[0], out[3], out[9], out[10] = n_step, fours, front + size + LINE, n[KEPT]
    out[11], out[12], out[15] = n[BUNDLES], len(met), len(told)
    out[1], spot = HEAD, append(out, HEAD, steps[:n_step])
    out[2], spot = spot, append(out, spot, blocks)
    out[4], spot = spot, append(out, spot, operands[: n[OPERANDS]])
    out[5], spot = spot, append(out, spot, end[: n[ENDS]])
    out[6], spot = spot, append(out, spot, bundles[: n[BUNDLES]])
    out[7], spot = spot, append(out, spot, axes[: n[AXES]])
    out[8], spot = spot, append(out, spot, links[: n[LINKS]])
    out[13], spot = spot, append(out, spot, met)
    out[14], spot = spot, append(out, spot, s_pairs)
    out[16], spot = spot, append(out, spot, told)
    out[17] = spot
    out[spot:] = pool[: n[POOL]]
    return out
