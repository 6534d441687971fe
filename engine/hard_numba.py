"""Hard evidence of a network with gates: names to numbers, absent leaves folded, a program's key.

What `request.read_request` and `fold.Folder.fold` do for any evidence is done here in one call for
a dict of names: the same numbers, multiplied in the same order.

Layout of the frame (int64; → is the address of an array)::

    0 the dict of names  1 `str`  2 … 4 to work with  5 findings  6 variables  7 words of the key
    8 places of the spine  9 variables of the spine  10 likelihoods
    → 11 places of the findings (int64)  → 12 observed states (int64)  → 13 key (int64)
    → 14 product over absent leaves  → 15 likelihoods
    → 16 factors of the leaves  → 17 variable at each place (int64)  → 18 first place (int64)
    → 19 row of a leaf in the factors, else -1 (int64)
    → 20 the spine's variables (int64)  → 21 where their states start (int64)

The key has a byte a variable: 0 if it is not observed, or folded; else one more than its state.
"""

# pyright: basic
import numpy as np

from fascinet.engine.machine_code import later, njit
from fascinet.engine.names_numba import read_dict

longs_at, numbers_at = later("fascinet.engine.whole_vectors", "longs_at numbers_at")

NAMES, STR, CURSOR, COUNT, VARIABLES, WORDS, WIDTH, SPINE, SOFT = 0, 1, 2, 5, 6, 7, 8, 9, 10
PLACES, OBS, KEY, PRODUCT, LIKELY, FACTORS, OWNER, STARTS, ROW, ABOVE, SEAT = range(11, 22)
FRAME = 24
BYTES = 8  # variables in a word of the key
MOST = 254  # states that a byte can tell


@njit(cache=True)
def absorb(frame, i, product):
    """Note one finding: in the key, or if it is an absent leaf in the product."""
    obs, key = longs_at(frame[OBS]), longs_at(frame[KEY])
    place = longs_at(frame[PLACES])[i]
    v = longs_at(frame[OWNER])[place]
    state = place - longs_at(frame[STARTS])[v]
    obs[v] = state
    row = longs_at(frame[ROW])[v] if state == 0 else -1
    if row >= 0:
        factors, width = numbers_at(frame[FACTORS] + 8 * row * (frame[WIDTH] + 1)), frame[WIDTH]
        for j in range(width + 1):
            product[j] *= factors[j]
        return
    key[v // BYTES] |= (state + 1) << 8 * (v % BYTES)


@njit(cache=True)
def fold(frame):
    """Fold the findings by place; return the factor of P(e) that the likelihoods leave out."""
    obs, key, product = longs_at(frame[OBS]), longs_at(frame[KEY]), numbers_at(frame[PRODUCT])
    for v in range(frame[VARIABLES]):
        obs[v] = 0
    for k in range(frame[WORDS]):
        key[k] = 0
    for j in range(frame[WIDTH] + 1):
        product[j] = 1.0
    for i in range(frame[COUNT]):
        absorb(frame, i, product)
    constant, used = product[frame[WIDTH]], 0
    above, seat, likely = longs_at(frame[ABOVE]), longs_at(frame[SEAT]), numbers_at(frame[LIKELY])
    for k in range(frame[SPINE]):
        u = above[k]
        if key[u // BYTES] >> 8 * (u % BYTES) & 255:
            constant *= product[seat[k] + obs[u]]
            continue
        for j in range(seat[k], seat[k + 1]):
            likely[used] = product[j]
            used += 1
    frame[SOFT] = used
    return constant


@njit(cache=True)
def read_names(frame, evidence, cursor):
    """Read a dict of names; return the factor of P(e) that is left out, NaN on any doubt.

    Parameters
    ----------
    frame : int64 array
    evidence, cursor : int
        Addresses of the dict, and of `CURSOR` in the frame.
    """
    places = longs_at(frame[PLACES])
    count = read_dict(frame[NAMES], frame[STR], evidence, cursor, places)
    if count < 0:
        return np.nan
    frame[COUNT] = count
    return fold(frame)
