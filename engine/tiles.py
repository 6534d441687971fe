"""From a plan to a tiled program: no table of a clique is ever stored.

A table is walked tile by tile, a tile being its last axes, small enough for the processor's first
cache. Each operand is multiplied into the tile, the tile is summed onto the message, or times the
separator's belief onto the children's separators and the marginals, and is forgotten. Axes lie in
the order of elimination, residual ones first, the one with the most states last, so that most
operands meet a tile in one run, and the sums over residual variables are sums of runs.

Where the last axis is long, a tile is one of rows: the operands without that axis are multiplied
(and summed) row by row in one number, the others in whole vectors, and rows of zero are left out.

Layout (all int32, pointers are absolute)::

    head      0 nodes  1 → nodes  2 operands  3 → operands  4 → slices  5 scalar operands
              6 → marks  7, 8 ends of the messages and of the beliefs  9 size of the work space
              10 → the tile  11 → the sum of tiles  12 end of the soft evidence  13 → scales
              14 → places (start and states of each marginal)  15 places  16 tiles in all
              17 → the rows' sums  18 → a row  19 → the sum of rows
              20 → copies  21 copies  22 → masks  23 masks  24 most operands of a node
    node      0 entries (rows) of a tile  1 tiles  2 entries of the separator  3 message or -1
              4 belief or -1  5 kind  6, 7 operands from … to  8, 9 marks of the belief from … to
              10, 11 marks of tiles from … to  12 → its own record among the operands
              13, 14 marks of the sum of tiles from … to  15 `ROOT` and `QUIET` as bits
              16 its first tile among all  17 padded length of a row, 0 without rows
              18 place of the last axis in the answer or -1  19 states of the last axis
    operand   0 source (0 base, 1 work space, 2 a child's ones)  1 offset  2, 3 slices from … to
              4 mode  5 inner  6 → starts, one a tile  7 → pattern within a tile  8 belief or -1
    mark      0 place in the answer  1 outer  2 states  3 inner  4 padding  (of a belief, of a sum)
              or 0 place, 1 → starts, one a tile                    (of tiles)
    copy      0 offset  1, 2 slices from … to  3 where to  4 rows  5 → where each row starts
              6 stride  7 states  8 padded length: a window in rows
    mask      0 where to  1 ones  2 padded length

Kinds of node: `CLIQUE`; `BARREN`, a clique that sends ones; `JOIN`, see `joins_numba.py`.
Modes: 0 one value a tile; 1 a run; 2 a gather by the pattern; 3 runs of `inner`, 4 values for
`inner` entries each, the pattern telling where each begins.
"""

# pyright: basic
import numpy as np

from fascinet.engine.axes import LANES, LONG
from fascinet.engine.flatten import fill_axes
from fascinet.engine.machine_code import njit
from fascinet.engine.tiles_layout import (
    BARREN,
    COPY,
    HEAD,
    JOIN,
    MARK,
    MASK,
    NODE,
    OPERAND,
    QUIET,
    ROOT,
    ROWS,
)
from fascinet.engine.tiles_nodes import longer

TILE, RUN = 512, 8  # entries of a tile at most; the shortest run that is worth a loop of its own


@njit(cache=True)
def in_order(o_ptr, o_scope, o_stride, s_ptr, s_pairs, owner, ptr, scope, stride):
    """Turn the strides of windows on tables into those on tables by rank, see `axes.py`."""
    for f in range(len(owner)):
        v = owner[f]
        if v < 0:
            continue
        for k in range(ptr[v], ptr[v + 1]):
            for j in range(o_ptr[f], o_ptr[f + 1]):
                if o_scope[j] == scope[k]:
                    o_stride[j] = stride[k]
            for j in range(s_ptr[f], s_ptr[f + 1]):
                if s_pairs[j, 1] == scope[k]:
                    s_pairs[j, 0] = stride[k]


@njit(cache=True)
def room_for(ints, need):
    """Return `ints`, or a longer copy, with room for `need` items."""
    return ints if need <= len(ints) else longer(ints, 2 * need)


@njit(cache=True)
def lay_map(shape, strides, axes, split, tile, ints, r, at):
    """Fill in how a tile meets an operand (record `r`); return the ints, and where they end."""
    zero, run, a = 1, 1, axes
    while a > split and strides[a - 1] == 0:
        a -= 1
        zero *= shape[a]
    a = axes
    while a > split and strides[a - 1] == run:
        a -= 1
        run *= shape[a]
    if zero == tile:
        mode, inner, width = 0, tile, 0
    elif run == tile:
        mode, inner, width = 1, tile, 0
    elif run >= RUN:
        mode, inner, width = 3, run, tile // run
    elif zero >= RUN:
        mode, inner, width = 4, zero, tile // zero
    else:
        mode, inner, width = 2, 1, tile
    tiles = 1
    for b in range(split):
        tiles *= shape[b]
    ints = room_for(ints, at + tiles + width)
    ints[r + 4], ints[r + 5], ints[r + 6], ints[r + 7] = mode, inner, at, at + tiles
    fill_axes(shape, strides, 0, split, ints, at)
    if width:
        last, size = axes, 1
        while size < inner:
            last -= 1
            size *= shape[last]
        fill_axes(shape, strides, split, last, ints, at + tiles)
    return ints, at + tiles + width


@njit(cache=True)
def room_of(states):
    """Return the room that a last axis takes: the twin of `axes.padded`."""
    return (states + LANES - 1) // LANES * LANES if states >= LONG else states


@njit(cache=True)
def lay_rows(shape, strides, axes, split, tile, ints, r, at):
    """Fill in where the rows of an operand (record `r`) lie; return the ints, and their end."""
    ints, at = lay_map(shape, strides, axes, split, tile, ints, r, at)
    at = np.int64(ints[r + 7])
    ints = room_for(ints, at + tile)
    fill_axes(shape, strides, split, axes, ints, at)
    ints[r + 4], ints[r + 5] = ROWS, 1
    return ints, at + tile


@njit(cache=True)
def strides_of(d, n_ptr, n_scope, n_free, cards, place, strides):
    """Lay the strides of a node's separator out over the axes whose places are given."""
    step, last = 1, True
    for j in range(n_ptr[d + 1] - 1, n_ptr[d] - 1, -1):
        if not n_free[j]:
            card = cards[n_scope[j]]
            strides[place[n_scope[j]]] = step
            step *= room_of(card) if last else card
            last = False


@njit(cache=True)
def lay_copy(shape, strides, axes, ints, p, room, at):
    """Lay out the copy of a window into rows (record `p`), its strides changed to the copy's."""
    kept, old, count = np.empty(64, np.int64), np.empty(64, np.int64), 0
    rows = 1
    for a in range(axes):
        if strides[a]:
            kept[count], old[count] = shape[a], strides[a]
            rows *= shape[a]
            count += 1
    width = room_of(shape[axes])
    ints[p + 3], ints[p + 4], ints[p + 5] = room, rows, at
    ints[p + 6], ints[p + 7], ints[p + 8] = strides[axes], shape[axes], width
    ints = room_for(ints, at + rows)
    fill_axes(kept, old, 0, count, ints, at)
    strides[axes], step = 1, width
    for a in range(axes - 1, -1, -1):
        if strides[a]:
            strides[a] = step
            step *= shape[a]
    return ints, room + step, at + rows


@njit(cache=True)
def grouped(owner, items, count):
    """Return items by owner as compressed rows, in their order; an owner of -1 drops the item."""
    ptr = np.zeros(count + 1, np.int64)
    for n in owner:
        if n >= 0:
            ptr[n + 1] += 1
    for n in range(count):
        ptr[n + 1] += ptr[n]
    out, seat = np.zeros(ptr[count], np.int64), ptr.copy()
    for i in range(len(owner)):
        if owner[i] >= 0:
            out[seat[owner[i]]] = items[i]
            seat[owner[i]] += 1
    return ptr, out


@njit(cache=True)
def flags_of(n_kind, n_parent, kids, child, given):
    """Tell which nodes send ones, which need a belief, and which are part of a sum that is one."""
    nodes = len(n_kind)
    ones, fertile = np.zeros(nodes, np.bool_), np.zeros(nodes, np.bool_)
    quiet = np.zeros(nodes, np.bool_)
    for n in range(nodes):
        ones[n] = n_kind[n] == BARREN
        if n_kind[n] == JOIN and given[n] == given[n + 1]:
            ones[n] = True
            for k in range(kids[n], kids[n + 1]):
                ones[n] &= ones[child[k]]
        fertile[n] |= n_kind[n] != JOIN
        if n_parent[n] >= 0:
            fertile[n_parent[n]] |= fertile[n]
    for n in range(nodes - 1, -1, -1):
        if n_parent[n] >= 0:
            quiet[n] = quiet[n_parent[n]] or ones[n_parent[n]]
    return ones, fertile, quiet


@njit(cache=True)
def sources_of(cards, n_ptr, n_scope, n_free, fertile):
    """Return the room of each separator, and where each variable's marginal is read.

    That is the smallest separator that has it, or else the only clique.
    """
    nodes = len(fertile)
    source, least = np.full(len(cards), -1, np.int64), np.full(len(cards), np.inf)
    sizes = np.ones(nodes, np.int64)
    for n in range(nodes):
        last = True
        for j in range(n_ptr[n + 1] - 1, n_ptr[n] - 1, -1):
            if not n_free[j]:
                sizes[n] *= room_of(cards[n_scope[j]]) if last else cards[n_scope[j]]
                last = False
        for j in range(n_ptr[n], n_ptr[n + 1]):
            if fertile[n] and not n_free[j] and sizes[n] < least[n_scope[j]]:
                least[n_scope[j]] = sizes[n]
                source[n_scope[j]] = n
    for n in range(nodes):
        for j in range(n_ptr[n], n_ptr[n + 1]):
            if n_free[j] and source[n_scope[j]] < 0:
                source[n_scope[j]] = n
    return sizes, source


@njit(cache=True)
def lay_marks(
    ints, q, n, n_ptr, n_scope, n_free, shape, axes, split, size, source, starts, p_mark, mark, at,
):  # fmt: skip
    """Lay out what a node tells of marginals; return the ints, the marks so far and the end."""
    tile, tiles = np.int64(ints[q]), np.int64(ints[q + 1])
    strides = np.zeros(64, np.int64)
    for part in range(3):
        # read from the separator's belief; from each tile's sum; from the sum of all tiles
        ints[q + 8 + (0 if part == 0 else 2 if part == 1 else 5)] = mark
        outer, inner = 1, tile
        final = -1
        if part == 0:
            inner = size
            for a in range(n_ptr[n + 1] - n_ptr[n]):
                if not n_free[n_ptr[n] + a]:
                    final = a
        for a in range(n_ptr[n + 1] - n_ptr[n] if part == 0 else axes):
            u, free = n_scope[n_ptr[n] + a], n_free[n_ptr[n] + a]
            here = not free if part == 0 else free and (part == 1) == (a < split)
            walked = not free if part == 0 else a >= split
            if walked:
                inner //= room_of(shape[a]) if a == final else shape[a]
            if here and source[u] == n and u < len(starts):
                r = p_mark + MARK * mark
                ints[r] = starts[u]
                if part == 1:
                    strides[:axes] = 0
                    strides[a] = 1
                    ints = room_for(ints, at + tiles)
                    ints[r + 1] = at
                    fill_axes(shape, strides, 0, split, ints, at)
                    at += tiles
                else:
                    ints[r + 1], ints[r + 2], ints[r + 3] = outer, shape[a], inner
                    ints[r + 4] = room_of(shape[a]) - shape[a] if a == final else 0
                mark += 1
            if walked:
                outer *= shape[a]
        ints[q + 9 + (0 if part == 0 else 2 if part == 1 else 5)] = mark
    return ints, mark, at


@njit(cache=True)
def lay_tiles(
    cards, starts, n_ptr, n_scope, n_free, n_parent, n_kind, f_node, f_list, o_offset, o_ptr,
    o_scope, o_stride, s_ptr, s_pairs, scalars, soft, f_last,
):  # fmt: skip
    """Return the tiled program; the arguments are those of `flatten.flatten` and `make_nodes`."""
    nodes, factors = len(n_kind), len(o_offset)
    kids, child = grouped(n_parent, np.arange(nodes), nodes)
    given, item = grouped(f_node, f_list, nodes)
    ones, fertile, quiet = flags_of(n_kind, n_parent, kids, child, given)
    sizes, source = sources_of(cards, n_ptr, n_scope, n_free, fertile)
    operands = len(f_list) + kids[nodes] + 2 * nodes
    variables = len(starts)
    p_operand = HEAD + NODE * nodes
    p_scalar = p_operand + OPERAND * operands
    p_slice = p_scalar + OPERAND * len(scalars)
    p_mark = p_slice + 2 * len(s_pairs)
    p_copy = p_mark + MARK * variables + 2 * variables
    p_mask = p_copy + COPY * len(f_list)
    masks = np.full(cards.max() + 1 if len(cards) else 1, -1, np.int64)
    at = p_mask + MASK * len(masks)
    ints = np.zeros(at + 4096, np.int32)
    for k in range(len(s_pairs)):
        ints[p_slice + 2 * k], ints[p_slice + 2 * k + 1] = s_pairs[k, 0], s_pairs[k, 1]
    for k in range(len(scalars)):
        r = p_scalar + OPERAND * k
        ints[r + 1], ints[r + 2], ints[r + 3] = (
            o_offset[scalars[k]], s_ptr[scalars[k]], s_ptr[scalars[k] + 1],
        )  # fmt: skip
    room = 0
    for v in range(len(soft)):
        if soft[v] >= 0:
            room += room_of(cards[v])
    ints[12] = room
    for n in range(nodes):
        q = HEAD + NODE * n
        ints[q + 3] = -1
        if not ones[n]:
            ints[q + 3] = room
            room += sizes[n]
    ints[7] = room
    for n in range(nodes):
        q = HEAD + NODE * n
        ints[q + 4] = -1
        if fertile[n]:
            ints[q + 4] = room
            room += sizes[n]
    ints[8] = room
    place, shape = np.zeros(len(cards), np.int64), np.zeros(64, np.int64)
    strides = np.zeros(64, np.int64)
    largest = widest = 1
    used = mark = copies = kinds = 0
    for n in range(nodes):
        q = HEAD + NODE * n
        axes = n_ptr[n + 1] - n_ptr[n]
        for a in range(axes):
            v = n_scope[n_ptr[n] + a]
            place[v] = a
            shape[a] = cards[v]
        # with a long last axis the tile is one of rows, and `axes` counts the others
        states = shape[axes - 1] if axes else 0
        width = room_of(states) if states >= LONG else 0
        if width:
            axes -= 1
            ints[q + 18] = (
                starts[v] if n_free[n_ptr[n + 1] - 1] and source[v] == n and (v < variables) else -1
            )
        ints[q + 17], ints[q + 19] = width, states
        split, tile = axes, 1
        while split > 0 and (split == axes or tile * shape[split - 1] <= TILE):
            split -= 1
            tile *= shape[split]
        tiles = 1
        for a in range(split):
            tiles *= shape[a]
        ints[q + 15] = (ROOT if n_parent[n] < 0 else 0) | (QUIET if quiet[n] else 0)
        largest, widest = max(largest, tile), max(widest, width)
        ints[q + 16] = ints[16]
        ints[16] += tiles
        ints[q], ints[q + 1], ints[q + 2], ints[q + 5] = tile, tiles, sizes[n], n_kind[n]
        ints[q + 6] = used
        rowed = width == 0
        for k in range(given[n], given[n + 1]):
            f = item[k]
            r = p_operand + OPERAND * used
            strides[: axes + 1] = 0
            if f < factors:
                for j in range(o_ptr[f], o_ptr[f + 1]):
                    if cards[o_scope[j]] > 1:
                        strides[place[o_scope[j]]] = o_stride[j]
                ints[r + 1], ints[r + 2], ints[r + 3] = o_offset[f], s_ptr[f], s_ptr[f + 1]
            else:
                if cards[f - factors] > 1:
                    strides[place[f - factors]] = 1
                ints[r], ints[r + 1] = 1, soft[f - factors]
            ints[r + 8] = -1
            if width and strides[axes]:
                rowed = True
                if f < factors and (strides[axes] != 1 or f_last[f] != v):
                    p = p_copy + COPY * copies
                    copies += 1
                    ints[p], ints[p + 1], ints[p + 2] = ints[r + 1], ints[r + 2], ints[r + 3]
                    ints[r], ints[r + 1], ints[r + 2], ints[r + 3] = 1, room, 0, 0
                    ints, room, at = lay_copy(shape, strides, axes, ints, p, room, at)
                ints, at = lay_rows(shape, strides, axes, split, tile, ints, r, at)
            else:
                ints, at = lay_map(shape, strides, axes, split, tile, ints, r, at)
            used += 1
        for k in range(kids[n], kids[n + 1] + 1):
            if k == kids[n + 1] and not rowed:
                # no operand has the last axis: a row of ones, so that the padding stays zero
                if masks[states] < 0:
                    p = p_mask + MASK * kinds
                    kinds += 1
                    ints[p], ints[p + 1], ints[p + 2] = room, states, width
                    masks[states] = room
                    room += width
                r = p_operand + OPERAND * used
                strides[:axes] = 0
                ints[r], ints[r + 1], ints[r + 8] = 1, masks[states], -1
                ints, at = lay_rows(shape, strides, axes, split, tile, ints, r, at)
                used += 1
            d = child[k] if k < kids[n + 1] else n
            p, r = HEAD + NODE * d, p_operand + OPERAND * used
            strides[: axes + 1] = 0
            strides_of(d, n_ptr, n_scope, n_free, cards, place, strides)
            ints[r], ints[r + 1], ints[r + 8] = 1, ints[p + 3], ints[p + 4]
            if ones[d]:
                ints[r] = 2
            if width and strides[axes]:
                rowed |= k < kids[n + 1] and not ones[d]
                ints, at = lay_rows(shape, strides, axes, split, tile, ints, r, at)
            else:
                ints, at = lay_map(shape, strides, axes, split, tile, ints, r, at)
            used += 1
        ints[24] = max(ints[24], used - ints[q + 6])
        ints[q + 7], ints[q + 12] = used - 1, p_operand + OPERAND * (used - 1)
        ints, mark, at = lay_marks(
            ints, q, n, n_ptr, n_scope, n_free, shape, axes, split, sizes[n], source, starts,
            p_mark, mark, at,
        )  # fmt: skip
    places = 0
    for v in range(variables):
        if source[v] >= 0:
            r = p_mark + MARK * variables + 2 * places
            ints[r], ints[r + 1] = starts[v], cards[v]
            places += 1
    ints[14], ints[15] = p_mark + MARK * variables, places
    # the number of operands may be less than was reserved: the scalars follow the last one
    for k in range(OPERAND * len(scalars)):
        ints[p_operand + OPERAND * used + k] = ints[p_scalar + k]
    ints[0], ints[1], ints[2], ints[3], ints[4] = nodes, HEAD, used, p_operand, p_slice
    ints[5], ints[6] = len(scalars), p_mark
    ints[10], ints[11], ints[17] = room, room + largest, room + 2 * largest
    room += 3 * largest
    ints[18], ints[19], ints[13] = room, room + widest, room + 2 * widest
    ints[9] = room + 2 * widest + nodes
    ints[20], ints[21], ints[22], ints[23] = p_copy, copies, p_mask, kinds
    return ints[:at].copy()
