"""Keep what is slow to derive from the shipped data between runs, in the user's cache folder.

The key covers every shipped data file and every module of the package, so that a stale copy is
never read. Where the folder cannot be written, nothing is kept and nothing is said.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
ROOMS = ("model", "engine")
DIGITS = 24
KEPT = 4  # versions of each kept thing


def remember(name: str, make: Callable[[], T]) -> T:
    """Return `make()`, or what an earlier run made from the same data and code.

    Setting the environment variable FASCINET_CACHE to `off` makes it anew; to a folder, uses that.
    """
    value = kept(name)
    if value is None:
        value = make()
        keep(name, value)
    return value


def kept(name: str) -> Any:
    """Return what an earlier run kept by a name, for the same data and code; None if nothing."""
    path = _place(name)
    if path is None:
        return None
    try:
        return pickle.loads(path.read_bytes())
    except Exception:
        return None


def keep(name: str, value: object) -> None:
    """Keep a value by a name; where that is not possible, nothing is said."""
    path = _place(name)
    if path is not None:
        _keep(path, value)


def _place(name: str) -> Path | None:
    folder = cache_folder()
    return None if folder is None else folder / f"{name}-{fingerprint()}.pickle"


def cache_folder() -> Path | None:
    """Return the folder for kept results; None if it is turned off or there is no home."""
    chosen = os.environ.get("FASCINET_CACHE", "")
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(base) / "fascinet" if base else Path.home() / ".cache" / "fascinet"
    except RuntimeError:
        return None


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Return a hash of all shipped data and of the code that reads it; 24 hex digits."""
    from importlib.resources import files as resources

    digest = hashlib.sha256(f"{sys.version} {np.__version__}".encode())
    code = Path(__file__).resolve().parent
    files = [*Path(str(resources("fascinet.data"))).rglob("*"), *code.rglob("*.py")]
    files += [f for room in ROOMS for f in (code.parent / room).rglob("*.py")]
    for file in sorted({f for f in files if f.is_file() and "__pycache__" not in f.parts}):
        digest.update(str(file).encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:DIGITS]


def _keep(path: Path, value: object) -> None:
    """Write a value beside its place and move it there, so that no reader sees half of it."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.write_bytes(pickle.dumps(value, protocol=5))
        part.replace(path)
        name = path.stem.rpartition("-")[0]
        versions = path.parent.glob(f"{name}-{'?' * DIGITS}.pickle")
        for old in sorted(versions, key=lambda p: p.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    except Exception:
        with suppress(OSError):
            part.unlink(missing_ok=True)
