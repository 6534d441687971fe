"""One fixed tree for all evidence: for small networks of tables, where it beats a new program.

Each node holds P(variable | separator) of the network without evidence; see `whole_layout.py`.
Evidence touches only the nodes from its own to the root; all others would send messages of ones
and are skipped on the way up. Rows are whole vectors of four (`whole_vectors.py`), maps have one
level, and an observed variable leaves one row of its table.

    up      T = P ∏ messages,   message = Σ_rows T
    down    T ← T · belief / message,   marginal = Σ_columns T

Layout of the ints (int32)::

    node    0 table (floats)  1 states  2 width of a row  3 node above  4 mode
            5 message  6 T  7 marginal  8 product of the messages about the variable alone
            9 place in the answer  10 whether T is read from below  11 belief of the separator
            12 step of the variable above in the message  13 → map up  14 → map down
            15 entries above that meet in one of the message
    seat    0 node  1 state, for each place in the answer
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.kernel_cache import njit
from fascinet.engine.whole_layout import ALONE, FULL, NODE, PARTLY, RUN, SAME
from fascinet.engine.whole_vectors import (
    LANES,
    add,
    gather,
    lanes_between,
    lanes_from,
    load,
    longs_at,
    numbers_at,
    ratio,
    spread,
    store,
    times,
    total,
    words_at,
)

SMALL = 1e-4  # a message below it is scaled up
TINY, FLOOR = 1e-40, 1e-90  # out of range: the careful path must answer
INTS, FLOATS, WORK, NODES, PLACES, PRIOR, NAMES, STR, MARKS, CURSOR = range(10)
HEAD = 16  # longs of a frame before the marks
CLEAN, DIRTY, ALONG, MET = 0, 1, 2, 4  # ALONG: messages about the variable alone; MET: T is made
FREE = -1


@njit(cache=True, forceinline=True)
def copy_row(source, at, target, to, width):
    """Copy a row."""
    for j in range(0, width, LANES):
        store(target, to + j, load(source, at + j))


@njit(cache=True, forceinline=True)
def weigh_rows(source, at, work, to, row0, row1, width, weight):
    """Multiply each row by a number of its own."""
    for r in range(row0, row1):
        y = spread(work[weight + r])
        for j in range(r * width, r * width + width, LANES):
            store(work, to + j, times(load(source, at + j), y))


@njit(cache=True, forceinline=True)
def weigh_all(source, at, work, to, row0, row1, width, weight):
    """Multiply each entry by one of a message that is as long."""
    for j in range(row0 * width, row1 * width, LANES):
        store(work, to + j, times(load(source, at + j), load(work, weight + j)))


@njit(cache=True, forceinline=True)
def meet(work, at, ints, meets, pattern):
    """Return the four numbers that a map names."""
    if pattern == RUN:
        return load(work, at + ints[meets])
    if pattern == SAME:
        return spread(work[at + ints[meets]])
    return gather(work, at, ints, meets)


@njit(cache=True, forceinline=True)
def weigh_some(source, at, work, to, row0, row1, width, weight, step, ints, meets):
    """Multiply each entry by the one of a message that it meets."""
    pattern = ints[meets - 1]
    for r in range(row0, row1):
        j = r * width
        for k in range(0, width, LANES):
            y = meet(work, weight + r * step, ints, meets + k, pattern)
            store(work, to + j + k, times(load(source, at + j + k), y))


@njit(cache=True, forceinline=True)
def add_rows(source, at, row0, row1, width, work, to):
    """Add rows up into a message; return bits for large and for doubtful entries."""
    large, doubtful = 0, 0
    for j in range(0, width, LANES):
        x = load(source, at + row0 * width + j)
        for r in range(row0 + 1, row1):
            x = add(x, load(source, at + r * width + j))
        store(work, to + j, x)
        large |= lanes_from(x, SMALL)
        doubtful |= lanes_between(x, FLOOR)
    return large, doubtful


@njit(cache=True, forceinline=True)
def enlarge(ints, q, source, at, row0, row1, work):
    """Scale a message and its T to a maximum of one; return the old maximum."""
    top, m, width = 0.0, ints[q + 5], ints[q + 2]
    for j in range(width):
        top = max(top, work[m + j])
    if top >= TINY:
        for j in range(width):
            work[m + j] /= top
        for j in range(row0 * width, row1 * width):
            work[ints[q + 6] + j] = source[at + j] / top
    return top


@njit(cache=True, forceinline=True)
def send_up(ints, floats, work, marks, nodes, c):
    """Make a node's message and hand it to the node above.

    Return 1 and the scale, or a reason to stop: minus infinity (no entry left), or NaN.
    """
    q = NODE * c
    card, width, t = np.int64(ints[q + 1]), np.int64(ints[q + 2]), np.int64(ints[q + 6])
    seen, state = marks[3 * nodes + c], marks[c]
    row0, row1 = (0, card) if seen == FREE else (seen, seen + 1)
    source, at = floats, np.int64(ints[q])
    if state & ALONG:
        weigh_rows(source, at, work, t, row0, row1, width, np.int64(ints[q + 8]))
        source, at = work, t
    kid = marks[nodes + c]
    while kid >= 0:
        k = NODE * kid
        weight = np.int64(ints[k + 5])
        if ints[k + 4] == FULL:
            weigh_all(source, at, work, t, row0, row1, width, weight)
        else:
            weigh_some(
                source, at, work, t, row0, row1, width, weight, np.int64(ints[k + 12]), ints,
                np.int64(ints[k + 13]),
            )  # fmt: skip
        source, at = work, t
        kid = marks[2 * nodes + kid]
    m, scale = np.int64(ints[q + 5]), 1.0
    large, doubtful = add_rows(source, at, row0, row1, width, work, m)
    if doubtful:
        return np.nan
    if not large:
        scale = enlarge(ints, q, source, at, row0, row1, work)
        if scale < TINY:
            return -np.inf if scale == 0.0 else np.nan
        at = t
    if at == t:
        marks[c] |= MET
    return scale


@njit(cache=True, forceinline=True)
def hand_up(ints, work, marks, nodes, c):
    """Note a message at the node above."""
    q, above = NODE * c, np.int64(ints[NODE * c + 3])
    if ints[q + 4] != ALONE:
        marks[2 * nodes + c] = marks[nodes + above]
        marks[nodes + above] = c
        return
    p = NODE * above
    m, along = np.int64(ints[q + 5]), np.int64(ints[p + 8])
    if marks[above] & ALONG:
        weigh_all(work, m, work, along, 0, 1, ints[q + 2], along)
    else:
        copy_row(work, m, work, along, ints[q + 2])
        marks[above] |= ALONG


@njit(cache=True, forceinline=True)
def gather_belief(ints, work, q):
    """Sum the table above to the separator."""
    above = np.int64(ints[NODE * ints[q + 3] + 6])
    sum_down(ints, work, q, above, np.int64(ints[q + 11]))


@njit(cache=True, forceinline=True)
def sum_down(ints, work, q, above, to):
    """Sum a table above a node to the node's separator."""
    meets, count, width = np.int64(ints[q + 14]), np.int64(ints[q + 15]), np.int64(ints[q + 2])
    pattern = ints[meets - 1]
    for j in range(0, width, LANES):
        x = meet(work, above, ints, meets + j, pattern)
        for k in range(meets + width + 1, meets + width + count):
            x = add(x, meet(work, above + ints[k], ints, meets + j, pattern))
        store(work, to + j, x)


@njit(cache=True, forceinline=True)
def believe(source, at, work, to, weight, row0, row1, width, keep, marginal):
    """Weigh each column, and write the sums of the rows; return their sum."""
    whole = 0.0
    for r in range(row0, row1):
        x = spread(0.0)
        for j in range(0, width, LANES):
            y = times(load(source, at + r * width + j), load(work, weight + j))
            if keep:
                store(work, to + r * width + j, y)
            x = add(x, y)
        y = total(x)
        work[marginal + r] = y
        whole += y
    return whole


@njit(cache=True, forceinline=True)
def clear(work, at, row0, row1, width):
    """Set rows to zero."""
    x = spread(0.0)
    for j in range(row0 * width, row1 * width, LANES):
        store(work, at + j, x)


@njit(cache=True, forceinline=True)
def receive(ints, floats, work, marks, nodes, c, out):
    """Turn a node into what is believed of it, and read its variable's marginal."""
    q = NODE * c
    card, width, t = np.int64(ints[q + 1]), np.int64(ints[q + 2]), np.int64(ints[q + 6])
    weight, marginal = np.int64(ints[q + 11]), np.int64(ints[q + 7])
    place, keep, seen = np.int64(ints[q + 9]), ints[q + 10], marks[3 * nodes + c]
    source, at = floats, np.int64(ints[q])
    if ints[q + 4] == PARTLY and (keep or seen == FREE):
        gather_belief(ints, work, q)
    if marks[c]:
        m = np.int64(ints[q + 5])
        for j in range(0, width, LANES):
            store(work, m + j, ratio(load(work, weight + j), load(work, m + j)))
        weight = m
        if marks[c] & MET:
            source, at = work, t
    if seen == FREE:
        whole = believe(source, at, work, t, weight, 0, card, width, keep, marginal)
        scale = 1.0 / whole
        for r in range(card):
            out[place + r] = work[marginal + r] * scale
        return
    if keep:
        believe(source, at, work, t, weight, seen, seen + 1, width, keep, marginal)
        clear(work, t, 0, seen, width)
        clear(work, t, seen + 1, card, width)
    for r in range(card):
        work[marginal + r] = out[place + r] = 1.0 if r == seen else 0.0


@njit(cache=True, forceinline=True)
def touch(ints, marks, c):
    """Mark a node and all above it."""
    while c >= 0 and marks[c] == CLEAN:
        marks[c] = DIRTY
        c = np.int64(ints[NODE * c + 3])


@njit(cache=True, forceinline=True)
def observe(frame, ints, marks, count):
    """Forget the case before, and mark the observed nodes."""
    nodes = frame[NODES]
    for c in range(nodes):
        marks[c], marks[nodes + c], marks[3 * nodes + c] = CLEAN, -1, FREE
    for i in range(count):
        seat = NODE * nodes + 2 * marks[4 * nodes + i]
        c = np.int64(ints[seat])
        if c >= 0:
            marks[3 * nodes + c] = ints[seat + 1]
            touch(ints, marks, c)


@njit(cache=True, forceinline=True)
def hear(frame, ints, work, marks, place, weights):
    """Enter the likelihood of a variable that starts at a place; return whether it has a node."""
    nodes = frame[NODES]
    c = np.int64(ints[NODE * nodes + 2 * place])
    if c < 0:
        return False
    q = NODE * c
    card, along = np.int64(ints[q + 1]), np.int64(ints[q + 8])
    for j in range(card):
        work[along + j] = weights[place + j]
    for j in range(along + card, along + (card + LANES - 1) // LANES * LANES):
        work[j] = 0.0
    touch(ints, marks, c)
    marks[c] |= ALONG
    return True


# -------------------------------------------------------------------- the two passes


@njit(cache=True, forceinline=True)
def collect(ints, floats, work, marks, nodes):
    """Send messages from the evidence to the roots; return ln P(e)."""
    log_prob, product = 0.0, 1.0
    for c in range(nodes):
        if marks[c]:
            scale = send_up(ints, floats, work, marks, nodes, c)
            if scale != 1.0:
                if not scale > 0.0:
                    return scale
                log_prob += log(scale)
            if ints[NODE * c + 3] >= 0:
                hand_up(ints, work, marks, nodes, c)
            else:
                product *= work[ints[NODE * c + 5]]
                if product < FLOOR:
                    log_prob += log(product)
                    product = 1.0
    return log_prob + log(product)


@njit(cache=True, forceinline=True)
def distribute(frame, ints, floats, work, marks, out):
    """Hand beliefs from the roots to all nodes, and write every marginal."""
    prior, nodes = numbers_at(frame[PRIOR]), frame[NODES]
    for j in range(frame[PLACES]):
        out[j] = prior[j]
    for j in range(LANES):
        work[j] = 1.0
    for c in range(nodes - 1, -1, -1):
        above = np.int64(ints[NODE * c + 3])
        if above >= 0:
            marks[nodes + c] = marks[nodes + above]
        else:
            marks[nodes + c] = marks[c]
        if marks[nodes + c] != CLEAN:
            receive(ints, floats, work, marks, nodes, c, out)


@njit(cache=True, forceinline=True)
def answer(frame, count, out):
    """Answer one case; return ln P(e), minus infinity or NaN where numbers are out of range."""
    ints, floats, work = words_at(frame[INTS]), numbers_at(frame[FLOATS]), numbers_at(frame[WORK])
    marks = longs_at(frame[MARKS])
    observe(frame, ints, marks, count)
    log_prob = collect(ints, floats, work, marks, frame[NODES])
    if log_prob > -np.inf:
        distribute(frame, ints, floats, work, marks, out)
    return log_prob


@njit(cache=True, forceinline=True)
def answer_soft(frame, places, hard, soft, weights, out, full):
    """As `answer`, with `soft` likelihoods after the `hard` findings; if not `full`, only ln P."""
    ints, floats, work = words_at(frame[INTS]), numbers_at(frame[FLOATS]), numbers_at(frame[WORK])
    marks = longs_at(frame[MARKS])
    for i in range(hard):
        marks[4 * frame[NODES] + i] = places[i]
    observe(frame, ints, marks, hard)
    for i in range(hard, hard + soft):
        if not hear(frame, ints, work, marks, places[i], weights):
            return np.nan
    log_prob = collect(ints, floats, work, marks, frame[NODES])
    if full and log_prob > -np.inf:
        distribute(frame, ints, floats, work, marks, out)
    return log_prob
