"""One fixed tree for all evidence: for small networks of tables, where it beats a new program.

The tree is calibrated once without evidence, so that each clique holds P(residual | separator).
Evidence then touches only the cliques from its own to the root; all others send messages of ones
and are skipped on the way up. Cliques are so small that what costs is not the arithmetic but the
loops around it: so maps have one level, and rows are not normalised before they are read.

Layout of the ints (int32, pointers are absolute)::

    head    0 cliques  1 → cliques  2 → marginals  3 → seats  4 → owners  5 most rows
            6 entries and messages in the work space  7 → prior marginals (in the floats)
    clique  0 table  1 rows  2 columns  3 message  4 parent  5 → rows that the parent's entries meet
            6, 7 marginals from … to  8 entries of the parent in a run that meet the same  9 runs
    marginal, seat  0 place in the answer  1 outer  2 states  3 inner  4 clique
"""

# pyright: basic
from math import log

import numpy as np

from fascinet.engine.kernel_cache import njit
from fascinet.engine.kernels_numba import FAST, FLOOR, TINY, U, read_marginal

HEAD, CLIQUE, SEAT = 8, 10, 5
SMALL = 1e-4  # a message below it is scaled up


@njit(cache=True, fastmath=FAST)
def touch(ints, floats, work, dirty, c):
    """Copy the calibrated tables of a clique and of all above it into the work space."""
    while c >= 0 and dirty[c] == 0:
        dirty[c] = 1
        q = HEAD + CLIQUE * c
        first = U(ints[q])
        for j in range(U(ints[q + 1] * ints[q + 2])):
            work[first + j] = floats[first + j]
        c = ints[q + 4]


@njit(cache=True, fastmath=FAST)
def observe(ints, code, work):
    """Set all entries of a variable's home that differ from its state to zero; return its seat."""
    seat = ints[3] + SEAT * ints[ints[4] + code]
    state = code - ints[seat]
    inner, d = U(ints[seat + 3]), U(ints[HEAD + CLIQUE * ints[seat + 4]])
    for _ in range(ints[seat + 1]):
        for s in range(ints[seat + 2]):
            if s != state:
                for j in range(inner):
                    work[d + j] = 0.0
            d += inner


@njit(cache=True, fastmath=FAST)
def send_up(ints, q, work):
    """Sum a clique's rows and multiply its parent by them; return the largest, and the scale."""
    at, cols, m = U(ints[q]), U(ints[q + 2]), U(ints[q + 3])
    top, low = 0.0, 1.0
    for s in range(U(ints[q + 1])):
        x = 0.0
        for j in range(cols):
            x += work[at + j]
        at += cols
        work[m + s] = x
        top = max(top, x)
        if x > 0.0:
            low = min(low, x)
    if low < FLOOR or top < TINY:
        return 0.0 if top == 0.0 else np.nan, 1.0
    scale = 1.0 / top if top < SMALL else 1.0
    if ints[q + 4] >= 0:
        above = HEAD + CLIQUE * ints[q + 4]
        d, meets, run = U(ints[above]), U(ints[q + 5]), U(ints[q + 8])
        if run == 1:
            for p in range(U(ints[q + 9])):
                work[d + p] *= work[U(ints[meets + p])] * scale
            return top, scale
        for p in range(U(ints[q + 9])):
            y = work[U(ints[meets + p])] * scale
            for j in range(run):
                work[d + j] *= y
            d += run
    return top, scale


@njit(cache=True, fastmath=FAST)
def receive(ints, floats, q, work, mine):
    """Weigh a clique's rows by what its parent believes of the separator."""
    above = HEAD + CLIQUE * ints[q + 4]
    rows, cols, m = U(ints[q + 1]), U(ints[q + 2]), U(ints[q + 3])
    sums = U(ints[6])
    for s in range(rows):
        work[sums + s] = 0.0
    d, meets, to, run = U(ints[above]), U(ints[q + 5]), sums - m, U(ints[q + 8])
    if run == 1:
        for p in range(U(ints[q + 9])):
            work[U(ints[meets + p]) + to] += work[d + p]
    else:
        for p in range(U(ints[q + 9])):
            x = work[d]
            for j in range(U(1), run):
                x += work[d + j]
            work[U(ints[meets + p]) + to] += x
            d += run
    at = U(ints[q])
    for s in range(rows):
        x = work[sums + s]
        if mine:
            y = work[m + s]
            x = x / y if y > 0.0 else 0.0
            for j in range(cols):
                work[at + j] *= x
        else:
            for j in range(cols):
                work[at + j] = floats[at + j] * x
        at += cols


@njit(cache=True, nogil=True)
def run(ints, floats, codes, work, out):
    """Answer one case; return ln P(e), NaN where numbers are out of range.

    Parameters
    ----------
    ints : int32 array
    floats : array
        The work space after calibration without evidence, then the answer without evidence.
    codes : int array
        Places in the answer of the observed states.
    work : array
    out : array
        The answer: posteriors of all variables.
    """
    cliques = ints[0]
    dirty = np.zeros(cliques, np.uint8)
    for code in codes:
        touch(ints, floats, work, dirty, ints[ints[3] + SEAT * ints[ints[4] + code] + 4])
        observe(ints, code, work)
    total, product = 0.0, 1.0
    for c in range(cliques):
        if dirty[c]:
            q = HEAD + CLIQUE * c
            top, scale = send_up(ints, q, work)
            if not top > 0.0:
                return np.nan if np.isnan(top) else -np.inf
            if ints[q + 4] < 0:
                product *= top
                scale = 1.0 / top
                for j in range(U(ints[q]), U(ints[q] + ints[q + 2])):
                    work[j] *= scale
                if product < TINY:
                    total += log(product)
                    product = 1.0
            elif scale != 1.0:
                total -= log(scale)
    for c in range(cliques - 1, -1, -1):
        q = HEAD + CLIQUE * c
        mine = dirty[c] == 1
        if ints[q + 4] >= 0:
            dirty[c] = dirty[ints[q + 4]]
        if dirty[c] == 0:
            for k in range(ints[q + 6], ints[q + 7]):
                r = ints[2] + SEAT * k
                for j in range(U(ints[r]), U(ints[r] + ints[r + 2])):
                    out[j] = floats[U(ints[7]) + j]
            continue
        if ints[q + 4] >= 0:
            receive(ints, floats, q, work, mine)
        for k in range(ints[q + 6], ints[q + 7]):
            read_marginal(ints, np.int64(ints[2]) + SEAT * k, work, ints[q], out)
    return total + log(product)
