"""Cells to state numbers, without making a Python object of each cell."""

# pyright: basic
import numpy as np

from fascinet.engine.kernel_cache import njit

KNOWN = 64  # different objects that a column may hold before it is hashed by value instead
SLOTS = 256


@njit(cache=True, nogil=True)
def code_objects(ids, first, out):
    """Give each object of a column a number by identity, in order of appearance.

    Parameters
    ----------
    ids : int64 array, shape (rows,)
        Address of each object.
    first : int64 array, shape (KNOWN,)
        Filled with the row of each object met.

    Returns
    -------
    int
        How many there are; -1 if there are too many.
    """
    met, codes = np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int16)
    count = 0
    for i in range(len(ids)):
        x = ids[i]
        slot = np.uintp((x >> 4) ^ (x >> 12)) & np.uintp(SLOTS - 1)
        while met[slot] != x and met[slot] != 0:
            slot = (slot + np.uintp(1)) & np.uintp(SLOTS - 1)
        if met[slot] == 0:
            if count == len(first):
                return -1
            met[slot], codes[slot], first[count] = x, count, i
            count += 1
        out[i] = codes[slot]
    return count


@njit(cache=True, nogil=True)
def translate(out, known):
    """Replace each number by what stands at its place in `known`; -1 is the last."""
    for i in range(len(out)):
        out[i] = known[np.uintp(out[i]) if out[i] >= 0 else np.uintp(len(known) - 1)]


@njit(cache=True, nogil=True)
def code_strings(offsets, text, valid, skip, states, lengths, out):
    """Write the state number of each string of an Arrow column, -1 where it is null.

    Parameters
    ----------
    offsets : int array, shape (rows + 1,)
    text : uint8 array
    valid : uint8 array
        Bitmap of the rows that are not null, from bit `skip` on; empty if all are there.
    states, lengths
        The states' names as bytes, one row each, and how long they are.

    Returns
    -------
    int
        The first row that names no state; -1 if there is none.
    """
    for i in range(len(out)):
        bit = skip + i
        if len(valid) > 0 and not (valid[bit >> 3] >> (bit & 7)) & 1:
            out[i] = -1
            continue
        start, size, code = offsets[i], offsets[i + 1] - offsets[i], -1
        for k in range(len(lengths)):
            if lengths[k] == size:
                j = 0
                while j < size and states[k, j] == text[start + j]:
                    j += 1
                if j == size:
                    code = k
                    break
        if code < 0:
            return i
        out[i] = code
    return -1
