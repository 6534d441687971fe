"""How Python's objects lie in memory, as far as kernels read them."""

import ctypes
import sys
from collections.abc import Callable

import numpy as np

WORD = 8  # bytes
KIND, DATA = 1, 2  # in words from an object's start: its type; of an array, where the data lie


def objects_as_expected() -> bool:
    """Tell whether objects lie in memory as the kernels read them, behind one lock."""
    locked: Callable[[], bool] = getattr(sys, "_is_gil_enabled", lambda: True)
    array, text = np.zeros(1), "text"

    def word(thing: object, place: int) -> int | None:
        return ctypes.c_void_p.from_address(id(thing) + WORD * place).value

    return (
        sys.implementation.name == "cpython"
        and ctypes.sizeof(ctypes.c_void_p) == WORD
        and locked()
        and word(array, DATA) == array.ctypes.data
        and word(text, KIND) == id(str)
    )
