"""Lay a core's program out for `batch_fused_numba.py`.

What of a clique's table no row changes is multiplied at once (`static`); the rest are operands.

Layout of the ints (int32; rows are vectors of the work space)::

    head     0 cliques  1 → cliques  2 → operands  3 → targets  4 → sums  5 sliced  6 → sliced
             7 rows of the work space  8 first row of the marginals  9 of the scales  10 of the tile
             11, 12 first row and number of the separators' beliefs
    clique   0 rows  1 columns  2 first entry of `static`  3 row of m  4 row of B  5 parent
             6, 7 operands from … to  8, 9 targets from … to  10, 11 sums from … to
    operand  0 first row  1 → for each entry, which row
    target   0 first row  1 → for each entry, which row it is added to
    sum      0 first row  1 rows  2 → for each row, which one it is added to  3 first row of those
             (a separator's belief onto a child's that is constant along rows, or onto a marginal)
    sliced   0 first row  1 → the operand in the flat program  2 → offsets of its values  3 values
"""

# pyright: basic
import numpy as np

from fascinet.engine.kernel_cache import njit
from fascinet.engine.kernels_numba import CLIQUE, HEAD, MARGINAL, OPERAND

TILE = 32  # entries that are worked at a time
NODE, PART, TARGET, SUM, SLICED = 12, 2, 2, 4, 4


@njit(cache=True)
def expand(prog, o, out, at):
    """Write where each entry of a clique meets an operand, relative to its start."""
    inner, outer, mode, m = prog[o + 4], prog[o + 5], prog[o + 6], prog[o + 7]
    for i in range(outer):
        for j in range(inner):
            x = prog[m + i]
            if mode == 1:
                x += j
            elif mode == 2:
                x += prog[m + outer + j]
            out[at] = x
            at += 1
    return at


@njit(cache=True)
def compact(ints, at, count, uses, used):
    """Renumber the values of a map by first appearance; list them; return how many there are."""
    top = 0
    for e in range(at, at + count):
        top = max(top, ints[e])
    rank = np.full(top + 1, -1, np.int64)
    first = used
    for e in range(at, at + count):
        x = ints[e]
        if rank[x] < 0:
            rank[x] = used - first
            uses[used] = x
            used += 1
        ints[e] = rank[x]
    return used - first


@njit(cache=True)
def room(prog):
    """Return bounds on the numbers of operands, targets, sums, sliced operands, and map items."""
    operands = targets = items = 0
    for c in range(prog[0]):
        q = HEAD + CLIQUE * c
        mine, read = prog[q + 7] - prog[q + 6], prog[q + 9] - prog[q + 8]
        operands += mine
        targets += mine + read
        items += prog[q] * (2 * mine + 2 * read)
    return operands, targets, items


@njit(cache=True)
def is_steady(ints, at, rows, cols):
    """Whether a map is constant along rows: what is added to it is then the separator's belief."""
    for s in range(rows):
        for j in range(cols):
            if ints[at + s * cols + j] != ints[at + s * cols]:
                return False
    return True


@njit(cache=True)
def fuse(prog, base, places):
    """Return the ints, and the products of what no row changes."""
    cliques, entries = prog[0], prog[10]
    head = prog[HEAD + 3] if cliques else 0
    messages = prog[11] - entries - head
    operands, targets, items = room(prog)
    p_operand = 16 + NODE * cliques
    p_target = p_operand + PART * operands
    p_sum = p_target + TARGET * targets
    p_sliced = p_sum + SUM * targets
    at = p_sliced + SLICED * operands
    ints = np.zeros(at + items, np.int32)
    static = np.ones(entries)
    marginals = head + 2 * messages
    scales = marginals + places
    row = scales + cliques
    ints[0], ints[1], ints[2], ints[3], ints[4] = cliques, 16, p_operand, p_target, p_sum
    ints[6], ints[8], ints[9] = p_sliced, marginals, scales
    ints[11], ints[12] = head + messages, messages
    parts = goals = sums = sliced = 0
    widest = TILE
    for c in range(cliques):
        q, node = HEAD + CLIQUE * c, 16 + NODE * c
        n, first = prog[q], prog[q + 3] - head
        widest = max(widest, prog[q + 2])
        ints[node], ints[node + 1], ints[node + 2] = prog[q + 1], prog[q + 2], first
        ints[node + 3] = prog[q + 4] - entries
        ints[node + 4] = ints[node + 3] + messages
        ints[node + 5] = prog[q + 5]
        ints[node + 6], ints[node + 8], ints[node + 10] = parts, goals, sums
        mine = goals
        for k in range(prog[q + 6], prog[q + 7]):
            o = prog[2] + OPERAND * k
            expand(prog, o, ints, at)
            if prog[o] == 0 and prog[o + 2] == prog[o + 3]:
                for e in range(n):
                    static[first + e] *= base[prog[o + 1] + ints[at + e]]
                continue
            part = p_operand + PART * parts
            parts += 1
            ints[part + 1] = at
            if prog[o] == 0:
                rec = p_sliced + SLICED * sliced
                sliced += 1
                count = compact(ints, at, n, ints, at + n)
                ints[rec], ints[rec + 1], ints[rec + 2], ints[rec + 3] = row, o, at + n, count
                ints[part] = row
                row += count
                at += n + count
                continue
            if prog[o + 1] < head:
                ints[part] = prog[o + 1]
            else:
                ints[part] = prog[o + 1] - entries
                if is_steady(ints, at, prog[q + 1], prog[q + 2]):
                    rec = p_sum + SUM * sums
                    sums += 1
                    ints[rec], ints[rec + 1], ints[rec + 2] = ints[node + 4], prog[q + 1], at + n
                    ints[rec + 3] = ints[part] + messages
                    for r in range(prog[q + 1]):
                        ints[at + n + r] = ints[at + r * prog[q + 2]]
                    at += prog[q + 1]  # the map of the sum lies behind that of the operand
                else:
                    goal = p_target + TARGET * goals
                    goals += 1
                    ints[goal], ints[goal + 1] = ints[part] + messages, at
            at += n
        kids = goals
        for k in range(prog[q + 8], prog[q + 9]):
            r = prog[9] + MARGINAL * k
            place, card, inner = prog[r], prog[r + 2], prog[r + 3]
            best = -1
            for t in range(mine, kids):
                here = ints[p_target + TARGET * t + 1]
                if card > 1 and ints[here] != ints[here + inner]:
                    best = t
                    break
            if best < 0:
                goal = p_target + TARGET * goals
                goals += 1
                ints[goal], ints[goal + 1] = marginals + place, at
                for e in range(n):
                    ints[at + e] = e // inner % card
                at += n
                continue
            rec, goal = p_sum + SUM * sums, p_target + TARGET * best
            sums += 1
            size = 0
            for e in range(n):
                x = ints[ints[goal + 1] + e]
                size = max(size, x + 1)
                ints[at + x] = e // inner % card
            ints[rec], ints[rec + 1], ints[rec + 2] = ints[goal], size, at
            ints[rec + 3] = marginals + place
            at += size
        ints[node + 7], ints[node + 9], ints[node + 11] = parts, goals, sums
    ints[5], ints[10], ints[7] = sliced, row, row + widest
    return ints[:at].copy(), static
