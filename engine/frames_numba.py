"""Cells to state numbers, without making a Python object of each cell."""

# pyright: basic
import numpy as np

from fascinet.engine.kernel_cache import njit

BLOCK = 4096  # rows whose keys are worked at a time
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
    count, last, code = 0, np.int64(0), np.int16(0)
    for i in range(len(ids)):
        x = ids[i]
        if x == last:  # most columns are mostly empty
            out[i] = code
            continue
        slot = np.uintp((x >> 4) ^ (x >> 12)) & np.uintp(SLOTS - 1)
        while met[slot] != x and met[slot] != 0:
            slot = (slot + np.uintp(1)) & np.uintp(SLOTS - 1)
        if met[slot] == 0:
            if count == len(first):
                return -1
            met[slot], codes[slot], first[count] = x, count, i
            count += 1
        last, code = x, codes[slot]
        out[i] = code
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


@njit(cache=True, nogil=True)
def mix(columns, weights, keys):
    """Write two numbers made of the states of each row.

    Parameters
    ----------
    columns : int16 array, shape (variables, rows)
        In C order. Variables that nobody observes are skipped.
    weights : uint32 array, shape (variables, 2)
    keys : uint32 array, shape (2, rows)
    """
    keys[:] = 0
    for begin in range(0, columns.shape[1], BLOCK):
        end = min(begin + BLOCK, columns.shape[1])
        for v in range(columns.shape[0]):
            column = columns[v, begin:end]
            top = column[0]
            for i in range(len(column)):
                top = max(top, column[i])
            if top < 0:
                continue
            for k in range(2):
                weight, key = weights[v, k], keys[k, begin:end]
                for i in range(len(column)):
                    key[i] += np.uint32(column[i] + 1) * weight


@njit(cache=True, nogil=True)
def number(keys, which, first):
    """Give each key a number in order of appearance; return how many there are.

    Parameters
    ----------
    keys : uint32 array, shape (2, rows)
    which, first : int64 arrays, shape (rows,)
        Filled with the number of each row, and with the row in which each number appears first.
    """
    rows = keys.shape[1]
    size = 16
    while size < 2 * rows:
        size *= 2
    slots, count = np.full(size, -1, np.int32), 0
    for i in range(rows):
        a, b = keys[0, i], keys[1, i]
        at = (np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(20)) ^ np.uint64(b)
        at &= np.uint64(size - 1)
        while slots[at] >= 0:
            seen = first[slots[at]]
            if keys[0, seen] == a and keys[1, seen] == b:
                break
            at = (at + np.uint64(1)) & np.uint64(size - 1)
        if slots[at] < 0:
            slots[at], first[count] = count, i
            count += 1
        which[i] = slots[at]
    return count


@njit(cache=True, nogil=True)
def are_alike(columns, which, first):
    """Whether every row equals the first of its number."""
    for v in range(columns.shape[0]):
        column = columns[v]
        other, top = 0, column[0]
        for i in range(len(column)):
            top = max(top, column[i])
        if top < 0:
            continue
        for i in range(len(which)):
            other |= column[i] ^ column[first[which[i]]]
        if other != 0:
            return False
    return True
