"""The border of the fixed tree: a dict of names in, places out, in compiled code.

On a small network to read the evidence by Python's own means takes as long as to answer. So the
kernel walks through the dict itself, by the interpreter's functions and while it holds the
interpreter's lock, which also lets one work space serve all threads.
"""

# pyright: basic
import numpy as np
from numba import types

from fascinet.engine.kernel_cache import njit
from fascinet.engine.whole_numba import CURSOR, HEAD, NAMES, NODES, STR, answer, answer_soft
from fascinet.engine.whole_vectors import address, handle, longs_at, numbers_at

KIND, DATA = 1, 2  # in words from an object's start: its type; of an array, where the data lie

_dict_next = types.ExternalFunction(
    "PyDict_Next", types.intc(types.intp, types.intp, types.intp, types.intp)
)
_dict_item = types.ExternalFunction("PyDict_GetItemWithError", types.intp(types.intp, types.intp))
_long_value = types.ExternalFunction("PyLong_AsSsize_t", types.intp(types.intp))


@njit(cache=True)
def kind_of(thing):
    """Return the address of an object's type."""
    return longs_at(thing)[KIND]


@njit(cache=True)
def data_of(array):
    """Return the address of an array's numbers."""
    return longs_at(address(array))[DATA]


@njit(cache=True)
def look_up(frame, base, evidence):
    """Write the places of the observed states; return how many, -1 if a name is unknown.

    Only exact strings are looked up, so that no code of Python's runs meanwhile.
    """
    count = 0
    at, cursor = HEAD + 4 * frame[NODES], base + 8 * CURSOR
    frame[CURSOR] = 0
    while _dict_next(evidence, cursor, cursor + 8, cursor + 16):
        name, state = frame[CURSOR + 1], frame[CURSOR + 2]
        if kind_of(name) != frame[STR] or kind_of(state) != frame[STR]:
            return -1
        states = _dict_item(frame[NAMES], name)
        if states == 0:
            return -1
        place = _dict_item(states, state)
        if place == 0:
            return -1
        frame[at + count] = _long_value(place)
        count += 1
    return count


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
