"""The border of the fixed tree: a dict of names in, places out, in compiled code.

The call holds the interpreter's lock, which also lets one work space serve all threads.
"""

# pyright: basic
import numpy as np
from numba import types

from fascinet.engine.kernel_cache import njit
from fascinet.engine.names_numba import read_dict
from fascinet.engine.objects import DATA
from fascinet.engine.whole_numba import CURSOR, HEAD, NAMES, NODES, STR, answer, answer_soft
from fascinet.engine.whole_vectors import address, handle, longs_at, numbers_at


@njit(cache=True)
def data_of(array):
    """Return the address of an array's numbers."""
    return longs_at(address(array))[DATA]


@njit(cache=True)
def look_up(frame, base, evidence):
    """Write the places of the observed states; return how many, -1 if a name is unknown."""
    places = longs_at(base + 8 * (HEAD + 4 * frame[NODES]))
    return read_dict(frame[NAMES], frame[STR], evidence, base + 8 * CURSOR, places)


@njit(cache=True)
def run(frame, evidence, out):
    """Answer the case of a dict of names; see `answer`.

    Parameters
    ----------
    frame : int64 array
        Where all data lie: see INTS … MARKS.
    evidence : dict of str to str
    out : array
        The answer: posteriors of all variables.
    """
    base = data_of(frame)
    longs = longs_at(base)
    count = look_up(longs, base, address(evidence))
    if count < 0:
        return np.nan
    return answer(longs, count, numbers_at(data_of(out)))


@njit(cache=True)
def run_by_number(frame, places, hard, soft, weights, out, full):
    """Answer a case by number.

    Parameters
    ----------
    frame : int64 array
        As for `run`.
    places : int64 array
        Of `hard` observed states in the answer, then of the first states of `soft` variables.
    hard, soft : int
    weights : array
        As long as an answer: likelihoods of the states of those.
    out : array
        The answer, if it is to be `full`; else it is left alone.
    full : int
    """
    return answer_soft(
        longs_at(data_of(frame)), longs_at(data_of(places)), hard, soft,
        numbers_at(data_of(weights)), numbers_at(data_of(out)),
        full,
    )  # fmt: skip


SIGNATURE = types.float64(handle, handle, handle)
BY_NUMBER = types.float64(handle, handle, types.int64, types.int64, handle, handle, types.int64)
