"""Lay out the shipped knowledge for a quick start: `python -m fascinet.model.prebuild`.

Set-up and the building of a wheel run this; see `fascinet.model.prebuilt` for the reader.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from fascinet.model.atomic import whole_file
from fascinet.model.build import build_network
from fascinet.model.digest import digest_of
from fascinet.model.find import index_in
from fascinet.model.load import raw_knowledge
from fascinet.model.network import Network
from fascinet.model.prebuilt import ARRAY, BUILT, DATA, KIND, MANIFEST, NUMBERS, fingerprint
from fascinet.model.schema import Knowledge


class Numbers:
    """Collects arrays into one, the same one once."""

    def __init__(self) -> None:
        self.parts: list[np.ndarray] = []
        self.places: dict[bytes, int] = {}
        self.size = 0

    def add(self, array: np.ndarray) -> dict[str, Any]:
        """Return where an array lies in the one, and its shape."""
        content = np.ascontiguousarray(array, dtype=np.float64)
        at = self.places.setdefault(content.tobytes(), self.size)
        if at == self.size:
            self.parts.append(content.ravel())
            self.size += content.size
        return {KIND: ARRAY, "at": at, "shape": list(array.shape), "type": str(array.dtype)}

    def file(self) -> bytes:
        """Return the content of the file of numbers."""
        out = BytesIO()
        np.save(out, np.concatenate(self.parts), allow_pickle=False)
        return out.getvalue()


def encoded(value: Any, numbers: Numbers) -> Any:
    """Return a value as JSON can hold it: records by name, arrays by their place."""
    if isinstance(value, np.ndarray):
        return numbers.add(value)
    if isinstance(value, frozenset):
        return {KIND: "frozenset", "items": sorted(value)}
    if isinstance(value, tuple | list):
        return [encoded(x, numbers) for x in value]
    kind = {}
    if is_dataclass(value):
        kind = {KIND: type(value).__name__}
        value = {f.name: getattr(value, f.name) for f in fields(value)}
    if isinstance(value, Mapping):
        return kind | {k: encoded(x, numbers) for k, x in value.items()}
    return value


def network_parts(network: Network) -> dict[str, Any]:
    """Return the arguments that make a network."""
    names = network.variables
    return {
        "states": {v: network.states(v) for v in names},
        "parents": {v: network.parents(v) for v in names},
        "gates": {v: network.gate(v) for v in names},
        "name": network.name, "version": network.version, "meta": network.meta,
    }  # fmt: skip


def prebuild(data: Path = DATA, sources: Path = DATA) -> Path:
    """Write the parts into `data/built`, the list of them last; return that folder."""
    raw = raw_knowledge(sources)
    knowledge = Knowledge.model_validate(raw)
    numbers = Numbers()
    whole = {
        "knowledge": raw,
        "digest": digest_of(knowledge),
        "network": network_parts(build_network(knowledge)),
        "find": index_in(knowledge),
    }
    parts = {
        f"{name}.json": json.dumps(
            encoded(value, numbers), ensure_ascii=False, separators=(",", ":")
        ).encode()
        for name, value in whole.items()
    }
    again = Knowledge.model_validate(json.loads(parts["knowledge.json"]))
    assert again == knowledge, "the knowledge base holds what JSON cannot"
    parts[NUMBERS] = numbers.file()
    manifest = {
        "sources": fingerprint(sources),
        "parts": {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()},
    }
    built = data / BUILT
    built.mkdir(exist_ok=True)
    for name, content in {**parts, MANIFEST: json.dumps(manifest, indent=1).encode()}.items():
        with whole_file(built / name) as part:
            part.write_bytes(content)
    return built


if __name__ == "__main__":
    prebuild(*map(Path, sys.argv[1:]))
