"""The shipped knowledge as set-up laid it out in `data/built`: JSON and one array, no code.

Reading a hundred YAML files takes seconds; these take milliseconds. They are made by
`fascinet.model.prebuild` from the same files, and are used only while the digest of those files,
and of the modules that turn them into a network, is the one that they were made from, and each
of them is whole. Otherwise the YAML is read. Nothing is written when fascinet runs.

The environment variable FASCINET_PREBUILT=off leaves them unread.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).resolve().parent.parent / "data"
BUILT = "built"
MANIFEST, NUMBERS = "manifest.json", "numbers.npy"
KIND, ARRAY = "@", "array"
SUFFIXES = (".yaml", ".csv", ".bib")
LARGEST = 2**26  # bytes of a file that is read; the largest has some millions


class DamagedError(Exception):
    """The numbers do not fit the manifest."""


def prebuilt(name: str, kinds: Iterable[type] = ()) -> Any:
    """Return a part of what set-up made, or None if it does not fit the sources.

    Parameters
    ----------
    name : str
        knowledge, digest, network or find.
    kinds : iterable of type
        The records that it is made of.
    """
    whole = _read(f"{name}.json")
    if whole is None:
        return None
    found: dict[str, Any] = {kind.__name__: kind for kind in kinds}
    try:
        return decoded(json.loads(whole), found)
    except DamagedError:
        return None


def fingerprint(data: Path) -> str:
    """Return the SHA-256 of the sources: every file of knowledge and every module of this room."""
    digest = hashlib.sha256()
    folders = (data, SUFFIXES), (data / "causes", SUFFIXES), (Path(__file__).parent, (".py",))
    for number, (folder, suffixes) in enumerate(folders):
        for name in sorted(n for n in os.listdir(folder) if n.endswith(suffixes)):
            with open(folder / name, "rb") as file:
                content = file.read()
            digest.update(f"{number}/{name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _parts() -> dict[str, str]:
    """Return the SHA-256 of each part by its file; none if they do not fit the sources."""
    if os.environ.get("FASCINET_PREBUILT") == "off":
        return {}
    try:
        manifest = json.loads(_content(MANIFEST) or b"")
        return dict(manifest["parts"]) if manifest["sources"] == fingerprint(DATA) else {}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}


def _content(file: str) -> bytes | None:
    """Return the bytes of a plain file of bounded size; None of a pipe, or if it is gone."""
    path = DATA / BUILT / file
    try:
        whole = path.is_file() and path.stat().st_size <= LARGEST
        return path.read_bytes() if whole else None
    except OSError:
        return None


def _read(file: str) -> bytes | None:
    """Return the bytes of a part if they are those that set-up wrote."""
    content = _content(file) if file in _parts() else None
    if content is None or hashlib.sha256(content).hexdigest() != _parts()[file]:
        return None
    return content


@lru_cache(maxsize=1)
def _numbers() -> np.ndarray:
    content = _read(NUMBERS)
    if content is None:
        raise DamagedError
    numbers = np.load(BytesIO(content), allow_pickle=False)
    numbers.setflags(write=False)
    return numbers


def decoded(value: Any, kinds: dict[str, Any]) -> Any:
    """Return what `encoded` wrote: lists as tuples, marked objects as records and arrays."""
    if isinstance(value, list):
        return tuple([decoded(x, kinds) for x in value])
    if not isinstance(value, dict):
        return value
    name = value.pop(KIND, None)
    if name == ARRAY:
        shape = tuple(value["shape"])
        part = _numbers()[value["at"] : value["at"] + prod(shape)].reshape(shape)
        return part if value["type"] == "float64" else part.astype(value["type"])
    fields = {k: decoded(x, kinds) for k, x in value.items()}
    if name is None:
        return fields
    return frozenset(fields["items"]) if name == "frozenset" else kinds[name](**fields)
