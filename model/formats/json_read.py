"""From the data of our JSON to a network, each fault told with its place and line."""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from fascinet.model.errors import NetworkError, shown
from fascinet.model.formats.common import Draft
from fascinet.model.formats.json_place import Path, line_of, spelled
from fascinet.model.gates import Array, Function, Gate, NoisyMax, Table
from fascinet.model.network import Network

FORM = "fascinet-network"
DIAGRAM = "fascinet-influence-diagram"
SCHEMA_VERSION = 1
DEPTH_LIMIT = 64


class Reader:
    """Build a draft from parsed JSON.

    Parameters
    ----------
    text : str
        What `data` was parsed from; only searched for the line of a fault.
    file : str
        Its name for messages.
    data : object
    """

    def __init__(self, text: str, file: str, data: Any) -> None:
        self.text, self.data = text, data
        self.paths: list[Path] = []
        self.draft = Draft(file, lambda mark: line_of(self.text, self.paths[mark]))

    def mark(self, path: Path) -> int:
        """Return the mark of a path, for the draft."""
        self.paths.append(path)
        return len(self.paths) - 1

    def fail(self, path: Path, message: str) -> NoReturn:
        """Raise `FormatError` with file, line, place and message."""
        self.draft.fail(self.mark(path), f"{spelled(path)}: {message}")

    def run(self) -> Network:
        """Return the network."""
        if isinstance(self.data, dict) and self.data.get("format") == DIAGRAM:
            use = "use fascinet.InfluenceDiagram.load"
            self.draft.fail(self.mark(["format"]), f"it has decisions and utilities: {use}")
        if not isinstance(self.data, dict) or self.data.get("format") != FORM:
            self.draft.fail(self.mark(["format"]), f'expected an object with "format": "{FORM}"')
        version = self.data.get("schema_version")
        if isinstance(version, bool) or version != SCHEMA_VERSION:
            self.draft.fail(
                self.mark(["schema_version"]),
                f"expected schema_version {SCHEMA_VERSION}, got {shown(version)}",
            )
        self.draft.name = self.get(self.data, "name", str, [], "")
        self.draft.version = self.get(self.data, "version", str, [], "")
        items = self.get(self.data, "variables", list, [])
        for k, item in enumerate(items):
            self.declare(item, ["variables", k])
        for k, item in enumerate(items):
            self.define(item, ["variables", k])
        return self.draft.network()

    def get(self, item: Any, key: str, kind: type, path: Path, default: Any = None) -> Any:
        """Return ``item[key]``, which must be of that kind."""
        value = item.get(key, default) if isinstance(item, dict) else None
        if not isinstance(value, kind):
            got = "nothing" if value is None else type(value).__name__
            self.draft.fail(
                self.mark([*path, key]),
                f"{spelled(path)}: expected {key!r} as {kind.__name__}, got {got}",
            )
        return value

    def texts(self, item: Any, key: str, path: Path, default: Any = None) -> list[str]:
        """Return ``item[key]``, a list of strings."""
        values = self.get(item, key, list, path, default)
        for k, x in enumerate(values):
            if not isinstance(x, str):
                self.draft.fail(
                    self.mark([*path, key, k]),
                    f"{spelled([*path, key])}: expected a list of strings",
                )
        return values

    def declare(self, item: Any, path: Path) -> None:
        """Add the variable with its states and attributes."""
        name = self.get(item, "name", str, path)
        self.draft.declare(name, self.texts(item, "states", path), self.mark(path))
        if meta := self.get(item, "meta", dict, path, {}):
            if too_deep(meta):
                self.fail([*path, "meta"], f"nested deeper than {DEPTH_LIMIT}")
            try:
                self.draft.meta[name] = with_arrays(meta)
            except (ValueError, TypeError, OverflowError):
                self.fail([*path, "meta", "ranges"], "expected lists of numbers")

    def define(self, item: Any, path: Path) -> None:
        """Add the variable's parents and gate."""
        name, place = item["name"], [*path, "gate"]
        states, parents = self.draft.states, self.texts(item, "parents", path, [])
        gate = self.get(item, "gate", dict, path)
        kind = gate.get("kind")
        if not isinstance(kind, str) or kind not in READERS:
            self.fail(place, f"expected a kind of {', '.join(READERS)}, got {shown(kind)}")
        self.draft.define(name, parents, self.mark(path), full=kind != "noisy_max")
        shape = (*(len(states[u]) for u in parents), len(states[name]))
        try:
            self.draft.gates[name] = READERS[kind](self, gate, shape, place)
        except NetworkError as error:
            self.draft.fail(self.mark(place), f"{spelled(place)} of {name!r}: {error}")

    def array(self, gate: Any, key: str, shape: Sequence[int], path: Path) -> Array:
        """Return ``gate[key]`` as an array of that shape."""
        return self.as_array(self.get(gate, key, list, path), shape, [*path, key])

    def as_array(self, values: Any, shape: Sequence[int], path: Path) -> Array:
        """Return nested lists as an array of that shape."""
        try:
            array = np.array(values)
        except (ValueError, TypeError, OverflowError):
            self.fail(path, "expected nested lists of numbers")
        if array.dtype.kind not in "fiu":  # texts, truth values, null, too large whole numbers
            self.fail(path, "expected nested lists of numbers")
        array = array.astype(np.float64)
        if array.shape != tuple(shape):
            self.fail(path, f"expected shape {tuple(shape)}, got {array.shape}")
        return array


def too_deep(value: Any) -> bool:
    """Tell whether a value nests deeper than is read."""
    level = [value]
    for _ in range(DEPTH_LIMIT):
        parts = [x for item in level for x in (item.values() if isinstance(item, dict) else item)]
        level = [x for x in parts if isinstance(x, dict | list)]
        if not level:
            return False
    return True


def with_arrays(meta: dict[str, Any]) -> dict[str, Any]:
    """Return attributes with the ranges of parameters as arrays again, null as NaN."""
    if "ranges" not in meta:
        return meta
    return meta | {"ranges": tuple(tuple(_frozen(x) for x in part) for part in meta["ranges"])}


def _frozen(values: Any) -> Array:
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


def _table(reader: Reader, gate: Any, shape: tuple[int, ...], path: Path) -> Gate:
    return Table(reader.array(gate, "values", shape, path))


def _noisy_max(reader: Reader, gate: Any, shape: tuple[int, ...], path: Path) -> Gate:
    links = reader.get(gate, "links", list, path)
    if len(links) != len(shape) - 1:
        reader.fail(path, f"expected {len(shape) - 1} links, got {len(links)}")
    arrays = [
        reader.as_array(link, (cards, shape[-1]), [*path, "links", k])
        for k, (link, cards) in enumerate(zip(links, shape, strict=False))
    ]
    return NoisyMax(tuple(arrays), reader.array(gate, "leak", shape[-1:], path))


def _function(reader: Reader, gate: Any, shape: tuple[int, ...], path: Path) -> Gate:
    place = [*path, "outcome"]
    if len(shape) == 1:  # without parents: one number, not a list
        outcome = reader.as_array(gate.get("outcome"), (), place)
    else:
        outcome = reader.array(gate, "outcome", shape[:-1], path)
    if not (np.abs(outcome) <= shape[-1]).all():
        reader.fail(place, f"expected numbers of states, 0 to {shape[-1] - 1}")
    if not np.array_equal(outcome, np.floor(outcome)):
        reader.fail(place, "expected whole numbers")
    return Function(outcome.astype(np.int64), shape[-1])


READERS: dict[str, Callable[[Reader, Any, tuple[int, ...], Path], Gate]] = {
    "table": _table,
    "noisy_max": _noisy_max,
    "function": _function,
}
