"""Lay leaf queries out for batches of rows: the subtree of each, batches of lanes, ints.

A query's subtree spans the home cliques of its parents. Its top is trimmed while it has a single
branch below whose clique holds all that was asked of the top, so that fewer cliques are walked.
Batches are filled greedily: the dearest query left, then those that add the least to its cliques.
The links on several variables of one clique are bundled, so that few operands are multiplied.

Layout of the ints (int32, numbers count records of 8 ints from the pointer in the head)::

    head     0 batches  1 → batches  2 → stops  3 → operands  4 → links  5 → slices  6 → ends
             7 → lanes  8 lanes  9 rows of the buffer  10 → axes
    batch    0 lanes  1, 2 stops from … to  3, 4 links of observed parents from … to  5 first lane
    stop     0 → clique  1, 2 operands from … to  3, 4 ends (lanes that finish) from … to
             5 → row that it sends to
    operand  0 → places, a row of the buffer for each entry of the clique
             1 first row  2 rows  3, 4 axes from … to (of a bundle of links; a kid has none)
    axis     0 stride in the bundle  1 states  2, 3 links from … to
    link     0 lane  1 level k  2 offset  3, 4 slices from … to  5 states of the leaf
    lane     0 place in the answer  1 states  2 level k  3 offset of the leak
"""

# pyright: basic
import numpy as np

from fascinet.engine.kernels_numba import CLIQUE, HEAD
from fascinet.engine.machine_code import njit

RECORD, OUTSIDE, INSIDE, TOP = 8, 0, 1, 2
MOST = 64  # rows of a bundle of links


@njit(cache=True)
def holds(c_ptr, c_scope, c, v):
    """Return whether a clique has a variable."""
    for j in range(c_ptr[c], c_ptr[c + 1]):
        if c_scope[j] == v:
            return True
    return False


@njit(cache=True)
def kids_of(parents):
    """Return the cliques below each clique as compressed rows."""
    ptr = np.zeros(len(parents) + 1, np.int64)
    for c in range(len(parents)):
        if parents[c] >= 0:
            ptr[parents[c] + 1] += 1
    ptr = np.cumsum(ptr)
    kids, seat = np.zeros(ptr[-1], np.int64), ptr.copy()
    for c in range(len(parents)):
        if parents[c] >= 0:
            kids[seat[parents[c]]] = c
            seat[parents[c]] += 1
    return ptr, kids


@njit(cache=True)
def trim(top, k_ptr, kids, c_ptr, c_scope, weights, marks, at, l_from, l_to, l_var):
    """Move the top of a subtree down as far as it goes; return where it is cheapest."""
    best, lone = top, True
    for i in range(k_ptr[top], k_ptr[top + 1]):
        lone &= marks[kids[i]] == OUTSIDE
    while True:
        below = step_down(top, k_ptr, kids, c_ptr, c_scope, weights, marks, at, l_from, l_to, l_var)
        if below < 0:
            break
        marks[top] = OUTSIDE
        for i in range(l_from, l_to):
            if at[i] == top:
                at[i] = below
        lone &= marks[below] == OUTSIDE
        marks[below] = INSIDE
        top = below
        if not lone or weights[top] < weights[best]:
            best = top
    if best != top:
        marks[top], marks[best] = OUTSIDE, INSIDE
        for i in range(l_from, l_to):
            if at[i] == top:
                at[i] = best
    return best


@njit(cache=True)
def step_down(top, k_ptr, kids, c_ptr, c_scope, weights, marks, at, l_from, l_to, l_var):
    """Return the smallest clique right below that can take over the top, or -1."""
    branches, best = 0, -1
    for i in range(k_ptr[top], k_ptr[top + 1]):
        branches += marks[kids[i]] != OUTSIDE
    if branches > 1:
        return -1
    for k in range(k_ptr[top], k_ptr[top + 1]):
        c = kids[k]
        fits = branches == 0 or marks[c] != OUTSIDE
        for i in range(l_from, l_to):
            fits = fits and (at[i] != top or holds(c_ptr, c_scope, c, l_var[i]))
        if fits and (best < 0 or weights[c] < weights[best]):
            best = c
    return best


@njit(cache=True)
def spans(parents, root, k_ptr, kids, c_ptr, c_scope, weights, home, q_ptr, l_var):
    """Return each query's subtree, shape (queries, cliques), and the clique of each link."""
    cliques, queries = len(parents), len(q_ptr) - 1
    marks = np.zeros((queries, cliques), np.uint8)
    at = np.full(len(l_var), -1, np.int64)
    waiting = np.zeros(cliques, np.int64)
    for q in range(queries):
        for i in range(q_ptr[q], q_ptr[q + 1]):
            if l_var[i] >= 0:
                at[i] = home[l_var[i]]
                if not marks[q, at[i]]:
                    marks[q, at[i]] = INSIDE
                    waiting[root[at[i]]] += 1
        for c in range(cliques):
            if not marks[q, c]:
                continue
            if waiting[root[c]] == 1:
                waiting[root[c]] = 0
                low, high = q_ptr[q], q_ptr[q + 1]
                top = trim(c, k_ptr, kids, c_ptr, c_scope, weights, marks[q], at, low, high, l_var)
                marks[q, top] = TOP
            elif waiting[root[c]] > 1:
                if marks[q, parents[c]]:
                    waiting[root[c]] -= 1
                marks[q, parents[c]] = INSIDE
    return marks, at


@njit(cache=True)
def batch_up(marks, weights, lanes, width):
    """Return the batch of each query; `lanes` tells how many lanes each needs."""
    queries, cliques = marks.shape
    batch = np.full(queries, -1, np.int64)
    cost = np.zeros(queries)
    for q in range(queries):
        for c in range(cliques):
            if marks[q, c]:
                cost[q] += weights[c]
    number = 0
    while True:
        best = -1
        for q in range(queries):
            if batch[q] < 0 and (best < 0 or cost[q] > cost[best]):
                best = q
        if best < 0:
            return batch, number
        union = np.zeros(cliques, np.uint8)
        room = width
        while best >= 0:
            batch[best] = number
            room -= lanes[best]
            for c in range(cliques):
                union[c] |= marks[best, c]
            best, least = -1, np.inf
            for q in range(queries):
                if batch[q] < 0 and lanes[q] <= room:
                    more = 0.0
                    for c in range(cliques):
                        if marks[q, c] and not union[c]:
                            more += weights[c]
                    more -= 1e-3 * cost[q]
                    if more < least:
                        best, least = q, more
        number += 1


@njit(cache=True)
def enumerate_bundle(prog, c_ptr, c_scope, cards, c, mask, first, out, at):
    """Write for each entry of a clique the row of the states of a bundle's variables."""
    entries = prog[HEAD + CLIQUE * c]
    for p in range(entries):
        out[at + p] = first
    stride, inner = 1, entries
    for j in range(c_ptr[c], c_ptr[c + 1]):
        card = cards[c_scope[j]]
        inner //= card
        if mask >> min(j - c_ptr[c], 62) & 1:
            for p in range(entries):
                out[at + p] += stride * (p // inner % card)
            stride *= card


@njit(cache=True)
def enumerate_kid(prog, o, first, out, at):
    """Write for each entry of a clique the row of a kid's message that it meets."""
    inner, outer, mode, m = prog[o + 4], prog[o + 5], prog[o + 6], np.int64(prog[o + 7])
    for i in range(outer):
        s = np.int64(prog[m + i]) + first
        for j in range(inner):
            out[at] = s + (j if mode == 1 else prog[m + outer + j] if mode == 2 else 0)
            at += 1


@njit(cache=True)
def lay_links(
    out, p_link, n_link, write, mine, c, v, at, q_ptr, q_first, lanes, states, l_var, l_offset,
    s_ptr,
):  # fmt: skip
    """Lay out a batch's links on `v` at clique `c` (-1, -1: on observed parents); return the next.

    Without `write` they are only counted.
    """
    lane = 0
    for q in mine:
        for i in range(q_ptr[q], q_ptr[q + 1]):
            if at[i] == c and l_var[i] == v:
                for k in range(lanes[q]):
                    if write:
                        r = p_link + RECORD * n_link
                        out[r], out[r + 1], out[r + 2] = lane + k, q_first[q] + k, l_offset[i]
                        out[r + 3], out[r + 4], out[r + 5] = s_ptr[i], s_ptr[i + 1], states[q]
                    n_link += 1
        lane += lanes[q]
    return n_link


@njit(cache=True, nogil=True)
def lay_lanes(
    prog, cards, starts, parents, root, c_ptr, c_scope, home, q_ptr, q_var, q_leak, q_first, lanes,
    l_var, l_offset, s_ptr, s_pairs, width,
):  # fmt: skip
    """Return the ints of leaf queries, as told above.

    Parameters
    ----------
    prog : int32 array
        The flat program of the tree.
    parents, root, c_ptr, c_scope, home
        The tree; scopes as compressed rows; home clique of each variable.
    q_ptr, q_var, q_leak, q_first, lanes, l_var, l_offset, s_ptr, s_pairs
        Queries: first level and number of levels; links (variable −1: an observed parent), slices.
    width : int
        Lanes of a batch.
    """
    cliques, states = len(parents), cards[q_var]
    k_ptr, kids = kids_of(parents)
    weights = np.empty(cliques)
    for c in range(cliques):
        weights[c] = prog[HEAD + CLIQUE * c]
    marks, at = spans(parents, root, k_ptr, kids, c_ptr, c_scope, weights, home, q_ptr, l_var)
    batch, batches = batch_up(marks, weights, lanes, width)
    seat = np.full(cliques, -1, np.int64)  # places of the edge from a clique to its parent
    bundles = [(np.int64(-1), np.int64(-1), np.int64(0), np.int64(0))]
    rows = 0
    sends = np.zeros(cliques, np.int64)
    for c in range(cliques):
        sends[c] = rows
        rows += prog[HEAD + CLIQUE * c + 1]
    out = np.zeros(0, np.int32)
    n_place = n_lane = 0
    size = p_stop = p_operand = p_axis = p_link = p_slice = p_end = p_lane = p_place = 0
    for attempt in range(2):
        if attempt == 1:
            out = np.zeros(size, np.int32)
            head = (
                batches,
                16,
                p_stop,
                p_operand,
                p_link,
                p_slice,
                p_end,
                p_lane,
                n_lane,
                rows,
                p_axis,
            )
            for i in range(11):
                out[i] = head[i]
        n_stop = n_operand = n_axis = n_link = n_end = n_lane = 0
        for g in range(batches):
            b = 16 + RECORD * g
            begin, first_lane = n_stop, n_lane
            mine = np.flatnonzero(batch == g)
            for q in mine:
                m = cards[q_var[q]]
                for k in range(q_first[q], q_first[q] + lanes[q]):
                    if attempt == 1:
                        r = p_lane + RECORD * n_lane
                        out[r], out[r + 1], out[r + 2] = starts[q_var[q]], m, k
                        out[r + 3] = q_leak[q]
                    n_lane += 1
            for c in range(cliques):
                here = False
                for q in mine:
                    here |= marks[q, c] > 0
                if not here:
                    continue
                first_operand, first_end = n_operand, n_end
                for i in range(k_ptr[c], k_ptr[c + 1]):
                    d = kids[i]
                    passes = False
                    for q in mine:
                        passes |= marks[q, d] == INSIDE
                    if passes:
                        if seat[d] < 0:
                            seat[d] = n_place
                            n_place += prog[HEAD + CLIQUE * c]
                        if attempt == 1:
                            out[p_operand + RECORD * n_operand] = p_place + seat[d]
                        n_operand += 1
                mask, size_b, first_axis, linked = np.int64(0), 1, n_axis, False
                for j in range(c_ptr[c], c_ptr[c + 1] + 1):
                    done = j == c_ptr[c + 1]
                    v = c_scope[j] if not done else -1
                    asked = False
                    if not done:
                        for q in mine:
                            for i in range(q_ptr[q], q_ptr[q + 1]):
                                asked |= at[i] == c and l_var[i] == v
                    if linked and (done or (asked and size_b * cards[v] > MOST)):
                        found = -1
                        for k in range(len(bundles)):
                            if bundles[k][0] == c and bundles[k][1] == mask:
                                found = k
                        if found < 0:
                            found = len(bundles)
                            bundles.append((c, mask, n_place, rows))  # pyright: ignore[reportArgumentType]  (ints of Numba)
                            n_place += prog[HEAD + CLIQUE * c]
                            rows += size_b
                        if attempt == 1:
                            r = p_operand + RECORD * n_operand
                            out[r], out[r + 1] = p_place + bundles[found][2], bundles[found][3]
                            out[r + 2], out[r + 3], out[r + 4] = size_b, first_axis, n_axis
                        n_operand += 1
                        mask, size_b, first_axis, linked = np.int64(0), 1, n_axis, False
                    if not asked:
                        continue
                    linked = True
                    mask |= np.int64(1) << min(j - c_ptr[c], 62)
                    first_link = n_link
                    n_link = lay_links(
                        out, p_link, n_link, attempt == 1, mine, c, v, at, q_ptr, q_first, lanes,
                        states, l_var, l_offset, s_ptr,
                    )  # fmt: skip
                    if attempt == 1:
                        r = p_axis + RECORD * n_axis
                        out[r], out[r + 1], out[r + 2] = size_b, cards[v], first_link
                        out[r + 3] = n_link
                    n_axis += 1
                    size_b *= cards[v]
                lane = 0
                for q in mine:
                    if marks[q, c] == TOP:
                        for i in range(lanes[q]):
                            if attempt == 1:
                                out[p_end + n_end] = lane + i
                            n_end += 1
                    lane += lanes[q]
                if attempt == 1:
                    r = p_stop + RECORD * n_stop
                    out[r], out[r + 1], out[r + 2] = HEAD + CLIQUE * c, first_operand, n_operand
                    out[r + 3], out[r + 4], out[r + 5] = first_end, n_end, sends[c]
                n_stop += 1
            first_link = n_link
            n_link = lay_links(
                out, p_link, n_link, attempt == 1, mine, -1, -1, at, q_ptr, q_first, lanes, states,
                l_var, l_offset, s_ptr,
            )  # fmt: skip
            if attempt == 1:
                out[b], out[b + 1], out[b + 2] = n_lane - first_lane, begin, n_stop
                out[b + 3], out[b + 4], out[b + 5] = first_link, n_link, first_lane
        p_stop = 16 + RECORD * batches
        p_operand = p_stop + RECORD * n_stop
        p_axis = p_operand + RECORD * n_operand
        p_link = p_axis + RECORD * n_axis
        p_slice = p_link + RECORD * n_link
        p_end = p_slice + 2 * len(s_pairs)
        p_lane = p_end + n_end
        p_place = (p_lane + RECORD * n_lane + 7) // 8 * 8
        size = p_place + n_place
    for i in range(len(s_pairs)):
        out[p_slice + 2 * i], out[p_slice + 2 * i + 1] = s_pairs[i, 0], s_pairs[i, 1]
    for c in range(cliques):
        q = HEAD + CLIQUE * c
        if seat[c] >= 0:
            enumerate_kid(prog, prog[q + 10], sends[c], out, p_place + seat[c])
    for c, mask, place, first in bundles[1:]:
        enumerate_bundle(prog, c_ptr, c_scope, cards, c, mask, first, out, p_place + place)
    out[9] = rows
    out[8] = n_lane
    return out
