"""A dict of names to places in the answer, in compiled code.

To read the evidence by Python's own means takes as long as to answer on a small network. So kernels
walk through the dict itself, by the interpreter's functions and while they hold its lock.
"""

# pyright: basic
from fascinet.engine.machine_code import later, njit
from fascinet.engine.objects import KIND

dict_item, dict_next, long_value = later(
    "fascinet.engine.python_objects", "dict_item dict_next long_value"
)
(longs_at,) = later("fascinet.engine.whole_vectors", "longs_at")


@njit(cache=True)
def kind_of(thing):
    """Return the address of an object's type."""
    return longs_at(thing)[KIND]


@njit(cache=True)
def read_dict(names, text, evidence, cursor, places):
    """Write the places of the observed states; return how many, -1 if a name is unknown.

    Only exact strings are looked up, so that no code of Python's runs meanwhile.

    Parameters
    ----------
    names, text, evidence : int
        Addresses of the dict of variables to dicts of states to places, of `str`, of the evidence.
    cursor : int
        Address of three longs to work with.
    places : pointer to int64
    """
    at, count = longs_at(cursor), 0
    at[0] = 0
    while dict_next(evidence, cursor, cursor + 8, cursor + 16):
        name, state = at[1], at[2]
        if kind_of(name) != text or kind_of(state) != text:
            return -1
        states = dict_item(names, name)
        if states == 0:
            return -1
        place = dict_item(states, state)
        if place == 0:
            return -1
        places[count] = long_value(place)
        count += 1
    return count
