"""The interpreter's own functions, for kernels that read Python's objects.

They are only called while the interpreter's lock is held. This module imports Numba; kernels name
what they need of it by `machine_code.later`.
"""

# pyright: basic
from numba import types

dict_next = types.ExternalFunction(
    "PyDict_Next", types.intc(types.intp, types.intp, types.intp, types.intp)
)
dict_item = types.ExternalFunction("PyDict_GetItemWithError", types.intp(types.intp, types.intp))
long_value = types.ExternalFunction("PyLong_AsSsize_t", types.intp(types.intp))
