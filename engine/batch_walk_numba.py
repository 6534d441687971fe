"""The walk of a block of cases through the tree of a batch program, up and down.

The work space is counted in vectors (one row = one number of each case)::

    tables of all cliques | their sums m, later B / m | messages | beliefs of separators | λ

A clique without evidence below it in any lane is skipped on the way up; its K then stands in for T.
"""

# pyright: basic
from typing import Any, NamedTuple

import numpy as np

from fascinet.engine.batch_numba import (
    believe,
    close_root,
    is_small,
    leaf_down,
    leaf_up,
    read_evidence,
    rescale,
    sum_to,
    times_rows,
    up_more,
    up_one,
    up_two,
    weigh,
    write_observed,
)
from fascinet.engine.batch_vectors import pointer
from fascinet.engine.kernel_cache import njit
from fascinet.engine.kernels_numba import DONE


class Walk(NamedTuple):
    """The arrays of a batch program, for the kernels; inside them, their addresses.

    Attributes
    ----------
    table, maps, terms, settle, settle_ptr, cards, starts : arrays
        See `BatchProgram`.
    entry, rows, columns, seat, parent, inner, inner_end, outer, outer_end, sums, sums_end, needed
        The columns of `BatchProgram.cliques`.
    kind, number, path
        The columns of its operands.
    sum_kind, sum_from, sum_to, sum_target, sum_count, sum_path
        The columns of its sums.
    leaf : int64 array, shape (cliques,)
        1 for a clique with one residual variable and no message from below.
    limits : array
        Below the first number a message is scaled; below the second the careful path must answer.
    """

    table: Any
    maps: Any
    terms: Any
    settle: Any
    settle_ptr: Any
    cards: Any
    starts: Any
    entry: Any
    rows: Any
    columns: Any
    seat: Any
    parent: Any
    inner: Any
    inner_end: Any
    outer: Any
    outer_end: Any
    sums: Any
    sums_end: Any
    needed: Any
    kind: Any
    number: Any
    path: Any
    sum_kind: Any
    sum_from: Any
    sum_to: Any
    sum_target: Any
    sum_count: Any
    sum_path: Any
    leaf: Any
    limits: Any


class Block(NamedTuple):
    """The block of cases at hand; all arrays by address.

    Attributes
    ----------
    work : the work space
    width : lanes of a vector
    m, sent, belief, evidence : int
        First rows of the parts of the work space.
    seen : uint8, one a variable
        0 not observed, 1 in some lane, 2 in all.
    mine, sends : uint8, one a clique
        Whether a clique has a table T of its own; whether its message is not all ones.
    where : int64, one a clique
        Row at which its message starts.
    source, path : int64
        The operands of the clique at hand: row, start of the map.
    totals, status : one a lane
        ln of the scales taken out; DONE, IMPOSSIBLE or UNSAFE.
    """

    work: Any
    width: Any
    m: Any
    sent: Any
    belief: Any
    evidence: Any
    seen: Any
    mine: Any
    sends: Any
    where: Any
    source: Any
    path: Any
    totals: Any
    status: Any


@njit(cache=True)
def addresses(w):
    """Return a walk with the addresses of its arrays."""
    return Walk(
        pointer(w.table), pointer(w.maps), pointer(w.terms), pointer(w.settle),
        pointer(w.settle_ptr), pointer(w.cards), pointer(w.starts), pointer(w.entry),
        pointer(w.rows), pointer(w.columns), pointer(w.seat), pointer(w.parent), pointer(w.inner),
        pointer(w.inner_end), pointer(w.outer), pointer(w.outer_end), pointer(w.sums),
        pointer(w.sums_end), pointer(w.needed), pointer(w.kind), pointer(w.number),
        pointer(w.path), pointer(w.sum_kind), pointer(w.sum_from), pointer(w.sum_to),
        pointer(w.sum_target), pointer(w.sum_count), pointer(w.sum_path), pointer(w.leaf),
        pointer(w.limits),
    )  # fmt: skip


@njit(cache=True)
def operand_row(w, b, k):
    """Return the row of an operand, -1 where it is all ones."""
    n = w.number[k]
    if w.kind[k] == 0:
        return b.evidence + w.starts[n] if b.seen[n] > 0 else -1
    return b.where[n] if b.sends[n] == 1 else -1


@njit(cache=True)
def settle(w, b, d):
    """Complete the message of a clique: its sums times λ and the messages within it."""
    rows, seat = w.rows[d], w.seat[d]
    live, at, own = b.mine[d] == 1, b.m + seat, b.sent + seat
    for k in range(w.outer[d], w.outer_end[d]):
        a = operand_row(w, b, k)
        if a >= 0:
            times_rows(b.work, own, at, rows, w.maps, a, w.path[k], not live)
            live, at = True, own
    if live and is_small(b.work, at, rows, w.limits[0]):
        rescale(b.work, own, at, rows, b.width, w.limits, b.totals, b.status)
        at = own
    b.where[d] = at
    b.sends[d] = 1 if live else 0


@njit(cache=True)
def climb(w, b, c):
    """Make the table and the sums of a clique from its operands that are not all ones."""
    used = 0
    for k in range(w.inner[c], w.inner_end[c]):
        a = operand_row(w, b, k)
        if a >= 0:
            b.source[used] = a
            b.path[used] = w.path[k]
            used += 1
    b.mine[c] = 1 if used > 0 else 0
    if used == 0:
        return
    t, rows, columns, m = w.entry[c], w.rows[c], w.columns[c], b.m + w.seat[c]
    a, p = b.source[0], b.path[0]
    if w.leaf[c] == 1:
        leaf_up(w.table, b.work, t, m, rows, columns, a)
    elif used == 1:
        up_one(w.table, b.work, t, m, rows, columns, w.maps, a, p)
    else:
        up_two(w.table, b.work, t, m, rows, columns, w.maps, a, p, b.source[1], b.path[1])
        for k in range(2, used):
            up_more(b.work, t, m, rows, columns, w.maps, b.source[k], b.path[k])


@njit(cache=True)
def descend(w, b, c, out, step, block):
    """Make the belief of a clique, and write the separators and marginals that are read from it."""
    t, rows, columns, seat = w.entry[c], w.rows[c], w.columns[c], w.seat[c]
    weight, mine = b.m + seat, b.mine[c] == 1
    if w.parent[c] >= 0:
        if mine:
            weigh(b.work, b.belief + seat, weight, rows)
        else:
            weight = b.belief + seat
    elif not mine:
        for i in range(b.width):
            b.work[weight * b.width + i] = 1.0
    last = w.sums_end[c] - w.leaf[c]
    if w.leaf[c] == 1:
        v = w.sum_target[last]
        if b.seen[v] < 2:
            to, a = w.starts[v] * step + block, b.evidence + w.starts[v]
            leaf_down(w.table, b.work, t, weight, rows, columns, out, to, step, a, mine)
    elif w.needed[c] == 1:
        believe(w.table, b.work, t, weight, rows, columns, mine)
    for k in range(w.sums[c], last):
        source, target = t, w.sum_target[k]
        if w.sum_kind[k] == 1:
            source = b.belief + w.seat[w.sum_from[k]]
        if w.sum_to[k] == 1:
            to, n = b.belief + w.seat[target], w.rows[target]
            sum_to(b.work, source, b.work, to, 1, n, w.sum_count[k], w.terms, w.sum_path[k])
        elif b.seen[target] < 2:
            to, n = w.starts[target] * step + block, w.cards[target]
            sum_to(b.work, source, out, to, step, n, w.sum_count[k], w.terms, w.sum_path[k])


@njit(cache=True, nogil=True)
def run_vectors(walk, states, begin, end, work, marks, numbers, out, logs, status, constant):
    """Answer the cases begin … end, a vector of them at a time.

    Parameters
    ----------
    walk : Walk
    states : int16 array, shape (variables, cases rounded up to a multiple of the width)
        -1 where unknown, and beyond the last case.
    begin, end : int
        `begin` is a multiple of the vector's width.
    work : array, shape (rows, width)
    marks, numbers : uint8 and int64 arrays, shape (3, largest of cliques, variables, operands)
        Buffers. Their addresses are used, so they must be owned by the caller: Numba lets go of an
        array of its own after the last line that names it.
    out : array, shape (places, cases rounded up to a multiple of the width)
        With no rows, only `logs` and `status` are written.
    logs, status : arrays, shape (cases,)
    constant : float
        Added to ln P(e).
    """
    cliques, variables, width = len(walk.rows), len(walk.cards), work.shape[1]
    entries = len(walk.table)
    separators = (work.shape[0] - entries - walk.starts[variables]) // 3
    padded, wanted, full = out.shape[1], out.shape[0] > 0, np.uint64((1 << width) - 1)
    totals, state_of = np.zeros(width), np.zeros(width, np.uint8)
    w, answer, seen = addresses(walk), pointer(out), pointer(states)
    b = Block(
        pointer(work), width, entries, entries + separators, entries + 2 * separators,
        entries + 3 * separators, pointer(marks[0]), pointer(marks[1]), pointer(marks[2]),
        pointer(numbers[0]), pointer(numbers[1]), pointer(numbers[2]), pointer(totals),
        pointer(state_of),
    )  # fmt: skip
    for first in range(begin, end, width):
        last = min(first + width, end)
        read_evidence(
            seen, padded, variables, w.cards, w.starts, first, b.work, b.evidence, full, b.seen
        )
        totals[:] = constant
        state_of[:] = DONE
        for c in range(cliques):
            for x in range(w.settle_ptr[c], w.settle_ptr[c + 1]):
                settle(w, b, w.settle[x])
            climb(w, b, c)
        for c in range(cliques):
            if w.parent[c] < 0 and b.mine[c] == 1:
                close_root(b.work, b.m + w.seat[c], width, w.limits[1], b.totals, b.status)
        for i in range(last - first):
            logs[first + i] = totals[i] if state_of[i] == DONE else -np.inf
            status[first + i] = state_of[i]
        if wanted:
            for c in range(cliques - 1, -1, -1):
                descend(w, b, c, answer, padded // width, first // width)
            write_observed(
                seen, padded, variables, w.cards, w.starts, first, b.work, b.evidence, b.seen,
                answer, padded // width, first // width,
            )  # fmt: skip
