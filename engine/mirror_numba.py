"""Accumulators laid out along an elimination order, compiled: the twin of `mirror.Mirror`.

Items are rows of bits (their variables) and of accumulators (one place a gate, −1 where none is).
A factor is a row of ints: 0 offset, 1 axes, 2–7 three pairs variable, stride, 8 slices, 9–12 two
pairs stride, variable.
"""

# pyright: basic
from collections import namedtuple

import numpy as np

from fascinet.engine.machine_code import njit
from fascinet.engine.order_numba import popcount

FACTOR = 13
LINK, FIRST, STEP, BFIRST, BSTEP = range(5)
VARIABLES, FACTORS, ITEMS, ORDERED = range(4)
One = np.uint64

Board = namedtuple(
    "Board",
    "cards observed g_var p_ptr p_var blocks maxima left waits alive leaked mask held here factors "
    "order count size",
)


@njit(cache=True)
def set_bit(row, v):
    """Put a variable into an item."""
    row[v >> 6] |= One(1) << One(v & 63)


@njit(cache=True)
def drop(b, item, v):
    """Eliminate a variable from an item."""
    b.mask[item, v >> 6] &= ~(One(1) << One(v & 63))
    b.order[b.count[ORDERED]] = v
    b.count[ORDERED] += 1


@njit(cache=True)
def keep(b, g, accumulator, item):
    """Note that an item holds a gate's accumulator."""
    if accumulator >= 0 and accumulator != b.g_var[g]:
        b.held[item, g] = accumulator
        b.alive[g] += 1


@njit(cache=True)
def new_item(b):
    """Return an empty item."""
    item = b.count[ITEMS]
    b.count[ITEMS] += 1
    b.here[item] = 1
    return item


@njit(cache=True)
def add(b, g, offset, axes, n, last, item, level):
    """Add a factor over `n` axes and the next accumulator; return that (−1: observed, complete)."""
    gate = b.g_var[g]
    seen = b.observed[gate]
    if not last:
        after = b.count[VARIABLES]
        b.count[VARIABLES] += 1
        b.cards[after] = 2 if seen else b.cards[gate]
    else:
        after = -1 if seen else gate
    f = b.factors[b.count[FACTORS]]
    b.count[FACTORS] += 1
    f[:] = 0
    if after >= 0:
        axes[n, 0], axes[n, 1] = after, 1
        n += 1
    else:
        offset += 1
    f[0] = offset
    for i in range(n):
        v, stride = axes[i, 0], axes[i, 1]
        if v < len(b.observed) and b.observed[v]:
            f[9 + 2 * f[8]], f[10 + 2 * f[8]] = stride, v
            f[8] += 1
        else:
            f[2 + 2 * f[1]], f[3 + 2 * f[1]] = v, stride
            f[1] += 1
            set_bit(b.mask[item], v)
    if seen and level:
        f[9 + 2 * f[8]], f[10 + 2 * f[8]] = level, gate
        f[8] += 1
    return after


@njit(cache=True)
def step(b, g, i, before, last, item):
    """Add the step over link i, from an accumulator or from the start; return the next."""
    gate, parent = b.g_var[g], b.p_var[i]
    card, binary = b.cards[parent], b.observed[gate]
    width = 2 if binary else b.cards[gate]
    axes = np.empty((3, 2), np.int64)
    n, level = 0, 4 * card
    if before >= 0:
        axes[0, 0], axes[0, 1] = before, card * width
        n = 1
        offset = b.blocks[i, BSTEP] if binary else b.blocks[i, STEP]
    elif b.leaked[g]:
        offset = b.blocks[i, BSTEP] if binary else b.blocks[i, LINK]
    else:
        b.leaked[g] = 1
        offset = b.blocks[i, BFIRST] if binary else b.blocks[i, FIRST]
        level = 2 * card if binary else 0
    axes[n, 0], axes[n, 1] = parent, width
    return add(b, g, offset, axes, n + 1, last, item, level)


@njit(cache=True)
def join(b, one, two):
    """Join two items; accumulators of the same gate become one."""
    item = new_item(b)
    b.here[one] = b.here[two] = 0
    for w in range(b.mask.shape[1]):
        b.mask[item, w] = b.mask[one, w] | b.mask[two, w]
    axes = np.empty((3, 2), np.int64)
    for g in range(len(b.g_var)):
        x, y = b.held[one, g], b.held[two, g]
        b.held[item, g] = max(x, y)
        if x >= 0 and y >= 0:
            b.held[item, g] = -1
            b.alive[g] -= 2
            last = b.waits[g] == 0 and b.alive[g] == 0
            width = b.cards[x]
            axes[0, 0], axes[0, 1], axes[1, 0], axes[1, 1] = x, width * width, y, width
            after = add(b, g, b.maxima[width], axes, 2, last, item, 0)
            drop(b, item, x)
            drop(b, item, y)
            keep(b, g, after, item)
    return item


@njit(cache=True)
def sort_by_size(b, wanted, count):
    """Sort items by their number of variables, equal ones as they stand: few, so by insertion."""
    for i in range(count):
        item, size = wanted[i], 0
        for w in range(b.mask.shape[1]):
            size += popcount(b.mask[item, w])
        j = i
        while j > 0 and b.size[j - 1] > size:
            b.size[j], wanted[j] = b.size[j - 1], wanted[j - 1]
            j -= 1
        b.size[j], wanted[j] = size, item


@njit(cache=True)
def product(b, wanted, count):
    """Join items two by two, the smallest first, so that few accumulators meet at a time."""
    if count == 0:
        return new_item(b)
    sort_by_size(b, wanted, count)
    item, one = new_item(b), wanted[0]  # at the end of the line, where the twin puts it
    for w in range(b.mask.shape[1]):
        b.mask[item, w] = b.mask[one, w]
    for g in range(len(b.g_var)):
        b.held[item, g] = b.held[one, g]
    b.here[one] = 0
    for i in range(1, count):
        item = join(b, item, wanted[i])
    return item


@njit(cache=True)
def advance(b, g, item, v):
    """Step over the gate's links on `v` (−1: all that are left) from what the item holds."""
    before = b.held[item, g]
    b.held[item, g] = -1
    b.alive[g] -= before >= 0
    for i in range(b.p_ptr[g], b.p_ptr[g + 1]):
        if b.left[i] and (v < 0 or b.p_var[i] == v):
            b.left[i] = 0
            b.waits[g] -= 1
            last = b.waits[g] == 0 and b.alive[g] == 0
            after = step(b, g, i, before, last, item)
            if before >= 0:
                drop(b, item, before)
            before = after
    keep(b, g, before, item)


@njit(cache=True)
def open_gate(b, g):
    """Take in the links of observed parents at once; they need no place."""
    known = 0
    for i in range(b.p_ptr[g], b.p_ptr[g + 1]):
        b.left[i] = not b.observed[b.p_var[i]]
        b.waits[g] += b.left[i]
        known += not b.left[i]
    if known == 0:
        return
    item, before = new_item(b), -1
    for i in range(b.p_ptr[g], b.p_ptr[g + 1]):
        if not b.left[i]:
            known -= 1
            after = step(b, g, i, before, known == 0 and b.waits[g] == 0, item)
            if before >= 0:
                drop(b, item, before)
            before = after
    keep(b, g, before, item)


@njit(cache=True)
def touches(b, item, v, sweep):
    """Whether eliminating `v` takes an item in."""
    if b.mask[item, v >> 6] >> One(v & 63) & One(1):
        return True
    if sweep:
        for g in range(len(b.g_var)):
            if b.held[item, g] >= 0:
                for i in range(b.p_ptr[g], b.p_ptr[g + 1]):
                    if b.left[i] and b.p_var[i] == v:
                        return True
    return False


@njit(cache=True)
def eliminate_one(b, v, sweep, wanted):
    """Eliminate an ordinary variable: its gates step, then it is summed out."""
    count = 0
    for item in range(b.count[ITEMS]):
        if b.here[item] and touches(b, item, v, sweep):
            wanted[count] = item
            count += 1
    item = product(b, wanted, count)
    for g in range(len(b.g_var)):
        for i in range(b.p_ptr[g], b.p_ptr[g + 1]):
            if b.left[i] and b.p_var[i] == v:
                advance(b, g, item, v)
                break
    drop(b, item, v)


@njit(cache=True)
def finish_gate(b, g, wanted):
    """Bring together all that is left of a gate."""
    count = 0
    for item in range(b.count[ITEMS]):
        if b.here[item] and b.held[item, g] >= 0:
            wanted[count] = item
            count += 1
    advance(b, g, product(b, wanted, count), -1)


@njit(cache=True)
def mirror(cards0, observed, f_ptr, f_scope, g_var, p_ptr, p_var, blocks, maxima, hub, star, sweep):
    """Return the accumulators' factors, the cards of all variables, and the elimination order.

    Parameters
    ----------
    cards0, observed
        States of the network's variables, and which are observed.
    f_ptr, f_scope
        Scopes of the factors that are there already.
    g_var, p_ptr, p_var, blocks
        Open gates: variable, parents as compressed rows, five offsets a link.
    maxima
        Offset of the table of a maximum, by number of states.
    hub, star
        Gate of each variable of the star graph that is a hub (−1: none); the order on that graph.
    sweep : bool
        Bring all that holds a gate's accumulator along, so that none are ever merged.
    """
    n, gates, links, given = len(cards0), len(g_var), len(p_var), len(f_ptr) - 1
    most = n + 2 * links + gates
    room = 2 * (given + gates) + 4 * (len(star) + 1)
    cards = np.zeros(most, np.int64)
    cards[:n] = cards0
    b = Board(
        cards, observed, g_var, p_ptr, p_var, blocks, maxima, np.zeros(links, np.uint8),
        np.zeros(gates, np.int64), np.zeros(gates, np.int64), np.zeros(gates, np.uint8),
        np.zeros((room, (most + 63) // 64), np.uint64), np.full((room, gates), -1, np.int32),
        np.zeros(room, np.uint8), np.zeros((2 * links + gates, FACTOR), np.int64),
        np.zeros(most, np.int64), np.array([n, 0, 0, 0]), np.zeros(room, np.int64),
    )  # fmt: skip
    for f in range(given):
        if f_ptr[f + 1] > f_ptr[f]:
            item = new_item(b)
            for i in range(f_ptr[f], f_ptr[f + 1]):
                set_bit(b.mask[item], f_scope[i])
    for g in range(gates):
        open_gate(b, g)
    wanted = np.zeros(room, np.int64)
    for v in star:
        g = hub[v]
        if g >= 0 and (b.waits[g] > 0 or b.alive[g] > 0):
            finish_gate(b, g, wanted)
        if g < 0 or v == g_var[g]:
            eliminate_one(b, v, sweep, wanted)
    return b.factors[: b.count[FACTORS]], cards[: b.count[VARIABLES]], b.order[: b.count[ORDERED]]
