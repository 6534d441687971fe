"""Numba's cache on disk, keyed also by what a kernel calls.

Numba looks at a kernel's own file to tell whether its kept code is stale. A kernel that calls
others from other files would keep their old code after they changed. So the key gets a digest of
every function that is reached from the kernel, and of the constants that they read.
"""

# pyright: basic
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

from numba import njit as numba_njit
from numba.core.caching import FunctionCache

PLAIN = (bool, int, float, str, tuple, set, frozenset)


@lru_cache(maxsize=256)
def file_digest(path: str) -> int:
    """Return a digest of a source file; 0 where it cannot be read."""
    try:
        return crc32(Path(path).read_bytes())
    except OSError:
        return 0


def source_digest(function: Callable[..., Any]) -> int:
    """Return a digest of a function, of all kernels that it reaches, and of their constants."""
    seen: set[Callable[..., Any]] = set()
    found: set[tuple[str, object]] = set()
    stack = [function]
    while stack:
        here = stack.pop()
        if here in seen:
            continue
        seen.add(here)
        found.add((here.__code__.co_filename, file_digest(here.__code__.co_filename)))
        for name in here.__code__.co_names:
            value = here.__globals__.get(name)
            inner = getattr(value, "py_func", None) or getattr(value, "_defn", None)
            if inner is not None and hasattr(inner, "__code__"):
                stack.append(inner)
            elif isinstance(value, PLAIN):
                plain = sorted(value) if isinstance(value, set | frozenset) else value
                found.add((f"{here.__module__}.{name}", repr(plain)))
    return crc32(repr(sorted(found, key=repr)).encode())


class KeyedCache(FunctionCache):
    """The cache of one kernel, its key extended by `source_digest`."""

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        if not hasattr(self, "_digest"):
            self._digest = source_digest(self._py_func)
        return (*super()._index_key(sig, codegen), self._digest)


def keyed(dispatcher: Any) -> Any:
    """Return a cached dispatcher with its cache keyed by all that it calls."""
    if isinstance(getattr(dispatcher, "_cache", None), FunctionCache):
        dispatcher._cache = KeyedCache(dispatcher.py_func)
    return dispatcher


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return Numba's decorator with such a cache."""
    return lambda function: keyed(numba_njit(**options)(function))
