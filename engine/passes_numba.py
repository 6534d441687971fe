"""The passes over one program in one call each, behind which the interpreter's lock is let go."""

# pyright: basic
import numpy as np

from fascinet.engine.fall_numba import fall
from fascinet.engine.hard_numba import COUNT, OWNER, PLACES, SOFT, STARTS
from fascinet.engine.kernels_numba import DONE
from fascinet.engine.machine_code import later, njit
from fascinet.engine.rise_numba import rise

(longs_at,) = later("fascinet.engine.whole_vectors", "longs_at")


@njit(cache=True, nogil=True)
def up(ints, floats, soft, count, work):
    """Load the first `count` likelihoods and go up; return a status and ln P(e).

    Parameters
    ----------
    ints, floats : arrays
        What is ready of the program, see `ready.py`; the constants' part of ln P(e) is left out.
    """
    for j in range(count):
        work[j] = soft[j]
    return rise(ints, floats, work)


@njit(cache=True, nogil=True)
def up_and_down(ints, floats, soft, count, work, out):
    """As `up`, and write the marginals of all but the leaf queries."""
    status, log_prob = up(ints, floats, soft, count, work)
    if status == DONE:
        fall(ints, work, out)
    return status, log_prob


@njit(cache=True, nogil=True)
def answer(frame, ints, floats, soft, work, pending, certain, out):
    """Write all marginals but those of leaf queries, NaN; return ln P(e), NaN if in doubt.

    Parameters
    ----------
    frame : int64 array
        The findings, see `hard_numba.py`.
    ints, floats : arrays
        As for `up`.
    pending, certain : int64 array
        Places in the answer of the leaf queries, and of variables with one state.
    """
    status, log_prob = up_and_down(ints, floats, soft, frame[SOFT], work, out)
    if status != DONE:
        return np.nan
    for i in range(pending.size):
        out[pending[i]] = np.nan
    for i in range(certain.size):
        out[certain[i]] = 1.0
    enter(frame, out)
    return log_prob


@njit(cache=True)
def enter(frame, out):
    """Write the posteriors of the findings: ones and zeros."""
    places, owner, starts = longs_at(frame[PLACES]), longs_at(frame[OWNER]), longs_at(frame[STARTS])
    for i in range(frame[COUNT]):
        v = owner[places[i]]
        for j in range(starts[v], starts[v + 1]):
            out[j] = 0.0
        out[places[i]] = 1.0
