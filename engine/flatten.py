"""From a plan to a flat program: one array of ints that the kernels walk through.

Layout (all int32, pointers are absolute)::

    head      0 cliques  1 → cliques  2 → operands  6 → slices  7 → scalar operands  8 scalars
              9 → marginals  10 entries of all tables  11 size of the work space
    clique    0 entries  1 separator entries (rows)  2 residual entries (columns)  3 table
              4 message  5 parent  6, 7 operands from … to  8, 9 marginals from … to
              10 → the operand by which the parent reads the message
    operand   0 source (0 base, 1 work space)  1 offset  2, 3 slices from … to
              4 inner  5 outer  6 mode  7 → map
    slice     stride, variable: the offset moves with the observed state
    marginal  0 place in the answer  1 outer  2 states  3 inner

A map tells where an operand's value for each entry of the clique's table lies. The table is walked
in blocks of `inner` entries: mode 0, one value a block; mode 1, a contiguous run a block; mode 2, a
gather, the same for each block. The map holds the blocks' starts, then in mode 2 the pattern.
"""

# pyright: basic
import numpy as np

from fascinet.engine.kernels_numba import CLIQUE, HEAD, MARGINAL, OPERAND
from fascinet.engine.machine_code import njit

BLOCK, GATHER = 8, 256


@njit(cache=True)
def shape_map(cards, strides, count):
    """Return inner, outer, mode of a map over `count` axes."""
    size, zero, run = 1, 1, 1
    for a in range(count):
        size *= cards[a]
    a = count
    while a > 0 and (strides[a - 1] == 0 or cards[a - 1] == 1):
        zero *= cards[a - 1]
        a -= 1
    if zero >= BLOCK or zero == size:
        return zero, size // zero, 0
    a = count
    while a > 0 and (strides[a - 1] == run or cards[a - 1] == 1):
        run *= cards[a - 1]
        a -= 1
    if run >= BLOCK or run == size:
        return run, size // run, 1
    inner, a = 1, count
    while a > 0 and inner * cards[a - 1] <= GATHER:
        inner *= cards[a - 1]
        a -= 1
    return inner, size // inner, 2


@njit(cache=True)
def fill_axes(cards, strides, start, stop, out, at):
    """Enumerate offsets over the axes start … stop, the last one fastest."""
    out[at] = 0
    n = 1
    for a in range(start, stop):
        card, stride = cards[a], strides[a]
        for i in range(n - 1, -1, -1):
            x = out[at + i]
            for s in range(card - 1, -1, -1):
                out[at + i * card + s] = x + s * stride
        n *= card


@njit(cache=True)
def fill_map(cards, strides, count, prog, o, at):
    """Write the map of an operand at `at`; return where the next one may start."""
    inner, outer, mode = shape_map(cards, strides, count)
    prog[o + 4], prog[o + 5], prog[o + 6], prog[o + 7] = inner, outer, mode, at
    split, size = count, 1
    while size < inner:
        split -= 1
        size *= cards[split]
    fill_axes(cards, strides, 0, split, prog, at)
    if mode == 2:
        fill_axes(cards, strides, split, count, prog, at + outer)
        return at + outer + inner
    return at + outer


@njit(cache=True)
def map_size(cards, strides, count):
    """Return the number of ints of a map."""
    inner, outer, mode = shape_map(cards, strides, count)
    return outer + inner if mode == 2 else outer


@njit(cache=True)
def spread(scope_ptr, scope, i, axis_strides, place, out, count):
    """Lay the strides of a scope out over a clique's axes."""
    for a in range(count):
        out[a] = 0
    for j in range(scope_ptr[i], scope_ptr[i + 1]):
        out[place[scope[j]]] = axis_strides[j]


@njit(cache=True, nogil=True)
def flatten(
    cards, starts, c_ptr, c_scope, cut, parent, f_ptr, f_list, o_offset, o_ptr, o_scope, o_stride,
    s_ptr, s_pairs, scalars, soft, keep,
):  # fmt: skip
    """Return the flat program.

    Parameters
    ----------
    cards, starts
        States of all variables; place of the network's variables in the answer.
    c_ptr, c_scope, cut, parent
        Cliques: scopes as compressed rows, separator sizes, parents.
    f_ptr, f_list
        Factors of each clique; numbers from `len(o_offset)` on mean soft evidence on that variable.
    o_offset, o_ptr, o_scope, o_stride, s_ptr, s_pairs
        Factors: offset, scope and strides, slices.
    scalars, soft
        Factors without scope; for each variable where its likelihood starts, or -1.
    keep : bool
        Whether conditionals are kept beside the beliefs. Tables and messages are then padded to
        multiples of 8 and 4, for the passes over a warm program (`ready_layout.py`).
    """
    cliques, factors = len(cut), len(o_offset)
    kids = np.zeros(cliques + 1, np.int64)
    for c in range(cliques):
        if parent[c] >= 0:
            kids[parent[c] + 1] += 1
    for c in range(cliques):
        kids[c + 1] += kids[c]
    child = np.zeros(max(cliques, 1), np.int64)
    seat = kids.copy()
    for c in range(cliques):
        if parent[c] >= 0:
            child[seat[parent[c]]] = c
            seat[parent[c]] += 1
    place = np.zeros(len(cards), np.int64)
    shape = np.zeros(256, np.int64)
    strides = np.zeros(256, np.int64)
    operands = len(f_list) + kids[cliques]
    marginals = len(c_scope)
    fixed = HEAD + CLIQUE * cliques + OPERAND * (operands + len(scalars)) + 2 * len(s_pairs)
    fixed += MARGINAL * marginals
    size = fixed
    prog = np.zeros(0, np.int32)
    p_clique = p_operand = p_scalar = p_slice = p_marginal = at = 0
    line, lanes = (8, 4) if keep else (1, 1)
    soft_total = 0
    for v in range(len(soft)):
        if soft[v] >= 0:
            soft_total += cards[v]
    for attempt in range(2):
        if attempt == 1:
            prog = np.zeros(size, np.int32)
            p_clique = HEAD
            p_operand = p_clique + CLIQUE * cliques
            p_scalar = p_operand + OPERAND * operands
            p_slice = p_scalar + OPERAND * len(scalars)
            p_marginal = p_slice + 2 * len(s_pairs)
            at = fixed
            table = (soft_total + line - 1) // line * line
            first = table
            for k in range(len(s_pairs)):
                prog[p_slice + 2 * k] = s_pairs[k, 0]
                prog[p_slice + 2 * k + 1] = s_pairs[k, 1]
            for k in range(len(scalars)):
                o = p_scalar + OPERAND * k
                prog[o + 1] = o_offset[scalars[k]]
                prog[o + 2], prog[o + 3] = s_ptr[scalars[k]], s_ptr[scalars[k] + 1]
            for c in range(cliques):
                n = 1
                rows = 1
                for j in range(c_ptr[c], c_ptr[c + 1]):
                    n *= cards[c_scope[j]]
                    if j - c_ptr[c] < cut[c]:
                        rows *= cards[c_scope[j]]
                q = p_clique + CLIQUE * c
                prog[q], prog[q + 1], prog[q + 2], prog[q + 3] = n, rows, n // rows, table
                prog[q + 5] = parent[c]
                table += (n + line - 1) // line * line
            entries = table - first
            message = table + (entries if keep else 0)
            for c in range(cliques):
                q = p_clique + CLIQUE * c
                prog[q + 4] = message
                message += (prog[q + 1] + lanes - 1) // lanes * lanes
            prog[0], prog[1], prog[2], prog[6] = cliques, p_clique, p_operand, p_slice
            prog[7], prog[8], prog[9] = p_scalar, len(scalars), p_marginal
            prog[10], prog[11] = entries, message
        used = 0
        marked = 0
        for c in range(cliques):
            count = c_ptr[c + 1] - c_ptr[c]
            for a in range(count):
                v = c_scope[c_ptr[c] + a]
                place[v] = a
                shape[a] = cards[v]
            q = HEAD + CLIQUE * c
            if attempt == 1:
                prog[q + 6] = used
            for k in range(f_ptr[c], f_ptr[c + 1]):
                f = f_list[k]
                if f < factors:
                    spread(o_ptr, o_scope, f, o_stride, place, strides, count)
                else:
                    for a in range(count):
                        strides[a] = 0
                    strides[place[f - factors]] = 1
                if attempt == 0:
                    size += map_size(shape, strides, count)
                else:
                    o = p_operand + OPERAND * used
                    if f < factors:
                        prog[o + 1] = o_offset[f]
                        prog[o + 2], prog[o + 3] = s_ptr[f], s_ptr[f + 1]
                    else:
                        prog[o], prog[o + 1] = 1, soft[f - factors]
                    at = fill_map(shape, strides, count, prog, o, at)
                used += 1
            for k in range(kids[c], kids[c + 1]):
                d = child[k]
                for a in range(count):
                    strides[a] = 0
                step = 1
                for j in range(c_ptr[d] + cut[d] - 1, c_ptr[d] - 1, -1):
                    strides[place[c_scope[j]]] = step
                    step *= cards[c_scope[j]]
                if attempt == 0:
                    size += map_size(shape, strides, count)
                else:
                    o = p_operand + OPERAND * used
                    prog[o], prog[o + 1] = 1, prog[HEAD + CLIQUE * d + 4]
                    at = fill_map(shape, strides, count, prog, o, at)
                    prog[HEAD + CLIQUE * d + 10] = o
                used += 1
            if attempt == 1:
                prog[q + 7] = used
                prog[q + 8] = marked
                outer, inner = 1, prog[q]
                for a in range(count):
                    v = c_scope[c_ptr[c] + a]
                    inner //= cards[v]
                    if a >= cut[c] and v < len(starts):
                        r = p_marginal + MARGINAL * marked
                        prog[r], prog[r + 1] = starts[v], outer
                        prog[r + 2], prog[r + 3] = cards[v], inner
                        marked += 1
                    outer *= cards[v]
                prog[q + 9] = marked
    return prog
