"""One fixed tree for all evidence: for small networks of tables, where it beats a new program.

The tree is calibrated once without evidence, so that each clique holds P(residual | separator).
Evidence then touches only the cliques from its own to the root; all others send messages of ones
and are skipped on the way up. `run` answers one case, `run_lanes` many, a case a SIMD lane.
"""

# pyright: basic
from math import log

import numpy as np
from numba import njit

from fascinet.engine.kernels_numba import (
    CLIQUE,
    DONE,
    FAST,
    FLOOR,
    IMPOSSIBLE,
    TINY,
    UNSAFE,
    U,
    condition,
    gather_sum,
    put,
    read_marginals,
    scale_rows,
)


@njit(cache=True)
def touch(prog, prior, work, dirty, c):
    """Copy the calibrated tables of a clique and of all above it into the work space."""
    while c >= 0 and dirty[c] == 0:
        dirty[c] = 1
        q = np.int64(prog[1]) + CLIQUE * c
        b = np.int64(prog[q + 3])
        for j in range(prog[q]):
            work[b + j] = prior[b + j]
        c = np.int64(prog[q + 5])


@njit(cache=True)
def observe(prog, seats, v, state, work):
    """Set all entries of a variable's home that differ from its state to zero."""
    c, outer, card, inner = seats[v, 0], seats[v, 1], seats[v, 2], seats[v, 3]
    d = np.int64(prog[np.int64(prog[1]) + CLIQUE * c + 3])
    for _ in range(outer):
        for s in range(card):
            if s != state:
                for j in range(inner):
                    work[d + j] = 0.0
            d += inner


@njit(cache=True, nogil=True)
def run(prog, prior, seats, owner, codes, marginals, work, out):
    """Answer one case; return ln P(e), NaN where numbers are out of range.

    Parameters
    ----------
    prior : array
        The work space after calibration without evidence.
    seats : int array, shape (variables, 5)
        Home clique, outer, states, inner and place in the answer of each variable.
    owner, codes : int arrays
        Variable of each place in the answer; places of the observed states.
    marginals : array
        The answer without evidence.
    """
    cliques = np.int64(prog[0])
    dirty = np.zeros(cliques, np.uint8)
    for code in codes:
        v = owner[code]
        touch(prog, prior, work, dirty, seats[v, 0])
        observe(prog, seats, v, code - seats[v, 4], work)
    total, product = 0.0, 1.0
    for c in range(cliques):
        if dirty[c] == 1:
            q = np.int64(prog[1]) + CLIQUE * c
            b, m = np.int64(prog[q + 3]), np.int64(prog[q + 4])
            top = condition(work, b, m, np.int64(prog[q + 1]), np.int64(prog[q + 2]))
            if top == 0.0:
                return -np.inf
            if top < TINY:
                return np.nan
            product *= top
            if product < TINY:
                total += log(product)
                product = 1.0
            if prog[q + 5] >= 0:
                above = np.int64(prog[1]) + CLIQUE * np.int64(prog[q + 5])
                put(prog, np.int64(prog[q + 10]), work, np.int64(prog[above + 3]), work, m, False)
    total += log(product)
    for c in range(cliques - 1, -1, -1):
        q = np.int64(prog[1]) + CLIQUE * c
        b, m, parent = np.int64(prog[q + 3]), np.int64(prog[q + 4]), np.int64(prog[q + 5])
        rows, cols = np.int64(prog[q + 1]), np.int64(prog[q + 2])
        mine = dirty[c]
        if parent >= 0:
            dirty[c] = dirty[parent]
        if dirty[c] == 0:
            for k in range(prog[q + 8], prog[q + 9]):
                r = np.int64(prog[9]) + 4 * k
                for j in range(prog[r], prog[r] + prog[r + 2]):
                    out[j] = marginals[j]
            continue
        if parent >= 0:
            above = np.int64(prog[np.int64(prog[1]) + CLIQUE * parent + 3])
            for s in range(rows):
                work[m + s] = 0.0
            gather_sum(prog, np.int64(prog[q + 10]), work, above, work, m)
            scale_rows(work, b, work if mine == 1 else prior, m, rows, cols, b)
        read_marginals(prog, work, q, b, out)
    return total


LANES = 8


@njit(cache=True, fastmath=FAST)
def lanes_put(prog, o, work, d0, m0):
    """Multiply a table of lanes by a message read through its map."""
    inner, outer, mode, p = U(prog[o + 4]), U(prog[o + 5]), prog[o + 6], U(prog[o + 7])
    d, m = U(d0), U(m0)
    for k in range(outer):
        u = m + U(prog[p + k])
        for j in range(inner):
            t = u
            if mode == 1:
                t += j
            elif mode == 2:
                t += U(prog[p + outer + j])
            for i in range(LANES):
                work[d, i] *= work[t, i]
            d += U(1)


@njit(cache=True, fastmath=FAST)
def lanes_sum(prog, o, work, d0, m0):
    """Add a table of lanes onto its separator."""
    inner, outer, mode, p = U(prog[o + 4]), U(prog[o + 5]), prog[o + 6], U(prog[o + 7])
    d, m = U(d0), U(m0)
    for k in range(outer):
        u = m + U(prog[p + k])
        for j in range(inner):
            t = u
            if mode == 1:
                t += j
            elif mode == 2:
                t += U(prog[p + outer + j])
            for i in range(LANES):
                work[t, i] += work[d, i]
            d += U(1)


@njit(cache=True, fastmath=FAST)
def lanes_row(work, at0, cols0, x):
    """Sum the rows at … at + cols of lanes into x, and multiply them by 1/x where x > 0."""
    at, cols = U(at0), U(cols0)
    a = np.zeros(LANES)
    for j in range(cols):
        for i in range(LANES):
            a[i] += work[at + j, i]
    for i in range(LANES):
        x[i] = a[i]
        a[i] = 1.0 / a[i] if a[i] > 0.0 else 0.0
    for j in range(cols):
        for i in range(LANES):
            work[at + j, i] *= a[i]


@njit(cache=True, fastmath=FAST)
def lanes_scale(work, src, prior, b0, m0, rows0, cols0):
    """Multiply each row of lanes, or of the calibrated table, by its separator's weight."""
    at, m, rows, cols = U(b0), U(m0), U(rows0), U(cols0)
    for s in range(rows):
        if src:
            for j in range(cols):
                for i in range(LANES):
                    work[at + j, i] *= work[m + s, i]
        else:
            for j in range(cols):
                y = prior[at + j]
                for i in range(LANES):
                    work[at + j, i] = y * work[m + s, i]
        at += cols


@njit(cache=True, nogil=True)
def run_lanes(prog, prior, seats, states, marginals, begin, end, out, logs, status):
    """Answer the cases begin … end, eight at a time.

    Parameters
    ----------
    states : int8 or int16 array, shape (cases, variables)
        State of each observed variable, -1 for unknown.
    out, logs, status : arrays
        One row a case: posteriors, ln P(e), status.
    """
    cliques, variables = np.int64(prog[0]), states.shape[1]
    size = np.int64(prog[11])
    work = np.empty((size, LANES))
    answer = np.empty((len(marginals), LANES))
    dirty = np.zeros(cliques, np.uint8)
    mine = np.zeros(cliques, np.uint8)
    like = np.empty(LANES)
    total = np.empty(LANES)
    bad = np.empty(LANES, np.uint8)
    x = np.empty(LANES)
    top = np.empty(LANES)
    for block in range(begin, end, LANES):
        n = min(LANES, end - block)
        dirty[:] = 0
        total[:] = 0.0
        bad[:] = DONE
        for v in range(variables):
            seen = False
            for i in range(n):
                if states[block + i, v] >= 0:
                    seen = True
            if not seen:
                continue
            c = seats[v, 0]
            while c >= 0 and dirty[c] == 0:
                dirty[c] = 1
                q = np.int64(prog[1]) + CLIQUE * c
                b = np.int64(prog[q + 3])
                for j in range(prog[q]):
                    y = prior[b + j]
                    for i in range(LANES):
                        work[b + j, i] = y
                c = np.int64(prog[q + 5])
            d = np.int64(prog[np.int64(prog[1]) + CLIQUE * seats[v, 0] + 3])
            outer, card, inner = seats[v, 1], seats[v, 2], seats[v, 3]
            for _ in range(outer):
                for s in range(card):
                    for i in range(LANES):
                        like[i] = 1.0
                    for i in range(n):
                        t = states[block + i, v]
                        if t >= 0 and t != s:
                            like[i] = 0.0
                    for j in range(inner):
                        for i in range(LANES):
                            work[d + j, i] *= like[i]
                    d += inner
        for c in range(cliques):
            if dirty[c] == 0:
                continue
            q = np.int64(prog[1]) + CLIQUE * c
            b, m = np.int64(prog[q + 3]), np.int64(prog[q + 4])
            rows, cols = np.int64(prog[q + 1]), np.int64(prog[q + 2])
            top[:] = 0.0
            for s in range(rows):
                at = b + s * cols
                lanes_row(work, at, cols, x)
                for i in range(LANES):
                    work[m + s, i] = x[i]
                    top[i] = max(top[i], x[i])
                    if 0.0 < x[i] < FLOOR:
                        bad[i] = UNSAFE
            for i in range(LANES):
                if top[i] > 0.0:
                    if top[i] < TINY:
                        bad[i] = UNSAFE
                    total[i] += log(top[i])
                    top[i] = 1.0 / top[i]
                elif bad[i] == DONE:
                    bad[i] = IMPOSSIBLE
            for s in range(rows):
                for i in range(LANES):
                    work[m + s, i] *= top[i]
            if prog[q + 5] >= 0:
                o = np.int64(prog[q + 10])
                d = np.int64(prog[np.int64(prog[1]) + CLIQUE * np.int64(prog[q + 5]) + 3])
                lanes_put(prog, o, work, d, m)
        for c in range(cliques - 1, -1, -1):
            q = np.int64(prog[1]) + CLIQUE * c
            b, m, parent = np.int64(prog[q + 3]), np.int64(prog[q + 4]), np.int64(prog[q + 5])
            rows, cols = np.int64(prog[q + 1]), np.int64(prog[q + 2])
            mine[c] = dirty[c]
            if parent >= 0:
                dirty[c] = dirty[parent]
            if dirty[c] == 0:
                for k in range(prog[q + 8], prog[q + 9]):
                    r = np.int64(prog[9]) + 4 * k
                    for j in range(prog[r], prog[r] + prog[r + 2]):
                        for i in range(LANES):
                            answer[j, i] = marginals[j]
                continue
            if parent >= 0:
                d = np.int64(prog[np.int64(prog[1]) + CLIQUE * parent + 3])
                for s in range(rows):
                    for i in range(LANES):
                        work[m + s, i] = 0.0
                o = np.int64(prog[q + 10])
                lanes_sum(prog, o, work, d, m)
                lanes_scale(work, mine[c] == 1, prior, b, m, rows, cols)
            for k in range(prog[q + 8], prog[q + 9]):
                r = np.int64(prog[9]) + 4 * k
                at, outer, card, inner = prog[r], prog[r + 1], prog[r + 2], prog[r + 3]
                for s in range(card):
                    for i in range(LANES):
                        answer[at + s, i] = 0.0
                d = b
                for _ in range(outer):
                    for s in range(card):
                        for _j in range(inner):
                            for i in range(LANES):
                                answer[at + s, i] += work[d, i]
                            d += 1
                x[:] = 0.0
                for s in range(card):
                    for i in range(LANES):
                        x[i] += answer[at + s, i]
                for i in range(LANES):
                    x[i] = 1.0 / x[i] if x[i] > 0.0 else np.nan
                for s in range(card):
                    for i in range(LANES):
                        answer[at + s, i] *= x[i]
        for i in range(n):
            status[block + i] = bad[i]
            logs[block + i] = total[i] if bad[i] == DONE else -np.inf
            for j in range(len(marginals)):
                out[block + i, j] = answer[j, i]
