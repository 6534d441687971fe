"""Rows of evidence through the program of their core, by vectors: the kernels of `batch_core.py`.

A row is a lane. Its margin, a likelihood on each variable above the leaves, heads the work space
as soft evidence does; the rest is `batch_pattern_numba.py`, and `batch_leaves_numba.py` for leaves.
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.batch_leaves_numba import ask_rows, condition
from fascinet.engine.batch_pattern_numba import collect, distribute
from fascinet.engine.batch_vectors import pointer
from fascinet.engine.kernel_cache import njit
from fascinet.engine.kernels_numba import DONE, IMPOSSIBLE, TINY

WIDTH = 8
FAINT = 1e-100  # a likelihood whose largest number is below this is scaled
INNER, TABLE, GATE = 0, 1, 2
FIXED, CORE, MARGIN = 1, 2, 3


@njit(cache=True, nogil=True)
def classify(states, kinds, ptr, parents, roles):
    """Write what each row's findings are to its program."""
    for i in range(states.shape[0]):
        for v in range(states.shape[1]):
            if states[i, v] < 0:
                roles[i, v] = 0
            elif kinds[v] == INNER:
                roles[i, v] = FIXED
            elif kinds[v] == GATE:
                roles[i, v] = MARGIN if states[i, v] == 0 else CORE
            else:
                free = 0
                for j in range(ptr[v], ptr[v + 1]):
                    free += states[i, parents[j]] < 0
                roles[i, v] = MARGIN if free <= 1 else FIXED


@njit(cache=True)
def multiply(work, first, card, lane, base, at, stride):
    """Multiply a lane of a likelihood by numbers of the base."""
    for s in range(card):
        work[(first + s) * WIDTH + lane] *= base[at + s * stride]


@njit(cache=True)
def margin_of(v, tables, kinds, base, states, i, soft_at, work, lane):
    """Multiply a finding into its row's margin; return the number that depends on nothing."""
    cards, leaks, ptr, parents, links = tables
    if kinds[v] == GATE:
        number, m = base[leaks[v]], cards[v]
        for j in range(ptr[v], ptr[v + 1]):
            u = parents[j]
            if states[i, u] >= 0:
                number *= base[links[j] + states[i, u] * m]
            else:
                multiply(work, soft_at[u], cards[u], lane, base, links[j], m)
        return number
    at, free = leaks[v] + states[i, v], -1
    for j in range(ptr[v], ptr[v + 1]):
        if states[i, parents[j]] >= 0:
            at += links[j] * states[i, parents[j]]
        else:
            free = j
    if free < 0:
        return base[at]
    u = parents[free]
    multiply(work, soft_at[u], cards[u], lane, base, at, links[free])
    return 1.0


@njit(cache=True)
def load_margin(tables, kinds, base, states, i, roles, soft, soft_at, work, lane):
    """Fill a lane of the margin; return ln of what was taken out of it, -inf if it is zero."""
    cards = tables[0]
    for u in soft:
        for s in range(cards[u]):
            work[(soft_at[u] + s) * WIDTH + lane] = 1.0
    product, total = 1.0, 0.0
    for v in range(states.shape[1]):
        if roles[i, v] == MARGIN:
            product *= margin_of(v, tables, kinds, base, states, i, soft_at, work, lane)
            if product < TINY:
                if product <= 0.0:
                    return -np.inf
                total += log(product)
                product = 1.0
    for u in soft:
        if states[i, u] >= 0 and roles[i, u] == FIXED:  # else it is told by its parent
            for s in range(cards[u]):
                if s != states[i, u]:
                    work[(soft_at[u] + s) * WIDTH + lane] = 0.0
        top = 0.0
        for s in range(cards[u]):
            top = max(top, work[(soft_at[u] + s) * WIDTH + lane])
        if top <= 0.0:
            return -np.inf
        if top < FAINT:
            total += log(top)
            for s in range(cards[u]):
                work[(soft_at[u] + s) * WIDTH + lane] /= top
    return total + log(product)


@njit(cache=True)
def read_leaf(v, tables, base, states, i, starts, row):
    """Write P(X | e) of a leaf with a table, at most one parent of which is not observed."""
    cards, leaks, ptr, parents, links = tables
    at, free = leaks[v], -1
    for j in range(ptr[v], ptr[v + 1]):
        if states[i, parents[j]] >= 0:
            at += links[j] * states[i, parents[j]]
        else:
            free = j
    for s in range(cards[v]):
        if free < 0:
            row[starts[v] + s] = base[at + s]
            continue
        x, u = 0.0, parents[free]
        for k in range(cards[u]):
            x += row[starts[u] + k] * base[at + k * links[free] + s]
        row[starts[v] + s] = x


@njit(cache=True)
def show(states, i, starts, row):
    """Write the observed states of a row."""
    for v in range(states.shape[1]):
        if states[i, v] >= 0:
            for j in range(starts[v], starts[v + 1]):
                row[j] = 0.0
            row[starts[v] + states[i, v]] = 1.0


@njit(cache=True)
def load_block(
    rows, begin, count, lanes, state_of, totals, tables, kinds, base_array, states, roles,
    soft, soft_at, table,
):  # fmt: skip
    """Load the next cases into the lanes, the last one again where fewer are left."""
    for i in range(WIDTH):
        lanes[i] = rows[begin + min(i, count - 1)]
        state_of[i] = DONE
        totals[i] = load_margin(
            tables, kinds, base_array, states, lanes[i], roles, soft, soft_at, table, i
        )
        if totals[i] == -np.inf:
            state_of[i] = IMPOSSIBLE


@njit(cache=True)
def tell(count, lanes, state_of, totals, logs, status):
    """Write ln P(e) and the status of the lanes' cases."""
    for i in range(count):
        logs[lanes[i]] = totals[i] if state_of[i] == DONE else -np.inf
        status[lanes[i]] = state_of[i]


@njit(cache=True, nogil=True)
def run_core(
    flat, ask_array, leaves, where, link_array, stops, base_array, tables, kinds, state_array,
    coded_array, roles, rows, soft, soft_at, simple, starts, work, sent_array, below_array,
    buffers, out, logs, status,
):  # fmt: skip
    """Answer the cases `rows` of a frame, all of one group.

    Parameters
    ----------
    flat, ask_array, leaves, where, link_array, stops
        The program, and its leaf queries as `batch_groups.LeafQueries` tells them.
    state_array, coded_array : int16 arrays, shape (cases, variables)
        As observed, and as the program reads them: a gate out of the row's core as "no matter".
    soft, soft_at
        Variables that bear a margin, and for each variable where its likelihood starts.
    simple
        Leaves whose posterior is read from one parent's.
    work, sent_array, below_array : arrays, shape (…, 8)
        Work space of the program, of the queries' messages, of one leaf's levels.
    out : array, shape (cases, places) or (0, places)
    """
    numbers, reals, marks = buffers
    prog, base, coded = pointer(flat), pointer(base_array), pointer(coded_array)
    table, places, states = pointer(work), out.shape[1], pointer(state_array)
    lanes, offsets = pointer(numbers), pointer(numbers[WIDTH:])
    totals, spare, state_of = pointer(reals), pointer(reals[WIDTH:]), pointer(marks)
    answer, stride, told = pointer(out), coded_array.shape[1], pointer(status)
    asks, links = pointer(ask_array), pointer(link_array)
    sent, below = pointer(sent_array), pointer(below_array)
    entries = np.int64(flat[10])
    shift = np.int64(flat[11]) - 2 * entries
    for begin in range(0, len(rows), WIDTH):
        count = min(WIDTH, len(rows) - begin)
        load_block(
            rows, begin, count, lanes, state_of, totals, tables, kinds, base_array, state_array,
            roles, soft, soft_at, table,
        )  # fmt: skip
        collect(prog, base, coded, stride, lanes, table, offsets, totals, state_of)
        tell(count, lanes, state_of, totals, logs, status)
        if out.shape[0] == 0:
            continue
        distribute(prog, table, entries + shift, spare, lanes, count, answer, places)
        condition(prog, stops, shift, table)
        ask_rows(
            prog, asks, leaves, where, links, tables, base, states, stride, lanes, count, table,
            shift, sent, below, starts, told, answer, places,
        )  # fmt: skip
        for i in range(count):
            n = lanes[i]
            if state_of[i] != DONE:
                status[n] = state_of[i]
                continue
            for v in simple:
                if state_array[n, v] < 0:
                    read_leaf(v, tables, base_array, state_array, n, starts, out[n])
            show(state_array, n, starts, out[n])
