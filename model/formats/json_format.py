"""Our own JSON: gates stay gates, every float64 and every attribute comes back.

`network.schema.json` beside this file is its JSON Schema; `SCHEMA_VERSION` grows when a reader of
an older version could no longer understand the file.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from fascinet.model.errors import NetworkError
from fascinet.model.formats.common import Draft
from fascinet.model.gates import Function, Gate, NoisyMax, Table
from fascinet.model.network import Network

FORM = "fascinet-network"
SCHEMA_VERSION = 1


def parse(text: str, file: str) -> Network:
    """Return the network that a JSON text holds.

    Raises
    ------
    FormatError
        With the line on bad JSON, and with the place (``variables[3].gate``) on bad content.
    """
    draft = Draft(file)
    try:
        data = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        draft.fail(error.lineno, f"not JSON: {error.msg}")
    except (ValueError, RecursionError) as error:
        draft.fail(None, f"not JSON: {error}")
    return _Reader(draft, data).run()


def _with_arrays(meta: dict[str, Any]) -> dict[str, Any]:
    """Return attributes with the ranges of parameters as arrays again, null as NaN."""
    if "ranges" not in meta:
        return meta
    return meta | {"ranges": tuple(tuple(_array(x) for x in part) for part in meta["ranges"])}


def _array(values: Any) -> Any:
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


class _Reader:
    def __init__(self, draft: Draft, data: Any) -> None:
        self.draft, self.data = draft, data

    def run(self) -> Network:
        if not isinstance(self.data, dict) or self.data.get("format") != FORM:
            self.draft.fail(None, f'expected an object with "format": "{FORM}"')
        version = self.data.get("schema_version")
        if version != SCHEMA_VERSION:
            self.draft.fail(None, f"expected schema_version {SCHEMA_VERSION}, got {version!r}")
        self.draft.name = self.get(self.data, "name", str, "the file", "")
        self.draft.version = self.get(self.data, "version", str, "the file", "")
        items = self.get(self.data, "variables", list, "the file")
        for k, item in enumerate(items):
            self.declare(item, f"variables[{k}]")
        for k, item in enumerate(items):
            self.define(item, f"variables[{k}]")
        return self.draft.network()

    def get(self, item: Any, key: str, kind: type, where: str, default: Any = None) -> Any:
        value = item.get(key, default) if isinstance(item, dict) else None
        if not isinstance(value, kind):
            got = "nothing" if value is None else type(value).__name__
            self.draft.fail(None, f"{where}: expected {key!r} as {kind.__name__}, got {got}")
        return value

    def texts(self, item: Any, key: str, where: str, default: Any = None) -> list[str]:
        values = self.get(item, key, list, where, default)
        if not all(isinstance(x, str) for x in values):
            self.draft.fail(None, f"{where}.{key}: expected a list of strings")
        return values

    def declare(self, item: Any, where: str) -> None:
        name = self.get(item, "name", str, where)
        self.draft.declare(name, self.texts(item, "states", where), None)
        if meta := self.get(item, "meta", dict, where, {}):
            try:
                self.draft.meta[name] = _with_arrays(meta)
            except (ValueError, TypeError):
                self.draft.fail(None, f"{where}.meta.ranges: expected lists of numbers")

    def define(self, item: Any, where: str) -> None:
        name = item["name"]
        states, parents = self.draft.states, self.texts(item, "parents", where, [])
        gate = self.get(item, "gate", dict, where)
        kind = gate.get("kind")
        if kind not in READERS:
            known = ", ".join(READERS)
            self.draft.fail(None, f"{where}.gate: expected a kind of {known}, got {kind!r}")
        self.draft.define(name, parents, None, full=kind != "noisy_max")
        shape = (*(len(states[u]) for u in parents), len(states[name]))
        try:
            self.draft.gates[name] = READERS[kind](self, gate, shape, f"{where}.gate")
        except NetworkError as error:
            self.draft.fail(None, f"{where}.gate of {name!r}: {error}")

    def array(self, gate: Any, key: str, shape: Sequence[int], where: str) -> Any:
        return self.as_array(self.get(gate, key, list, where), shape, f"{where}.{key}")

    def as_array(self, values: Any, shape: Sequence[int], where: str) -> Any:
        try:
            array = np.array(values, dtype=np.float64)
        except (ValueError, TypeError):
            self.draft.fail(None, f"{where}: expected nested lists of numbers")
        if array.shape != tuple(shape):
            self.draft.fail(None, f"{where}: expected shape {tuple(shape)}, got {array.shape}")
        return array


def _table(reader: _Reader, gate: Any, shape: tuple[int, ...], where: str) -> Gate:
    return Table(reader.array(gate, "values", shape, where))


def _noisy_max(reader: _Reader, gate: Any, shape: tuple[int, ...], where: str) -> Gate:
    links = reader.get(gate, "links", list, where)
    if len(links) != len(shape) - 1:
        reader.draft.fail(None, f"{where}: expected {len(shape) - 1} links, got {len(links)}")
    arrays = [
        reader.as_array(link, (cards, shape[-1]), f"{where}.links[{k}]")
        for k, (link, cards) in enumerate(zip(links, shape, strict=False))
    ]
    return NoisyMax(tuple(arrays), reader.array(gate, "leak", shape[-1:], where))


def _function(reader: _Reader, gate: Any, shape: tuple[int, ...], where: str) -> Gate:
    outcome = reader.array(gate, "outcome", shape[:-1], where)
    if not np.array_equal(outcome, np.floor(outcome)):
        reader.draft.fail(None, f"{where}.outcome: expected whole numbers")
    return Function(outcome.astype(np.int64), shape[-1])


READERS: dict[str, Callable[[_Reader, Any, tuple[int, ...], str], Gate]] = {
    "table": _table,
    "noisy_max": _noisy_max,
    "function": _function,
}


# -------------------------------------------------------------------- writing


def render(network: Network) -> str:
    """Return the network as JSON text, one variable a line."""
    head = {
        "format": FORM,
        "schema_version": SCHEMA_VERSION,
        "name": network.name,
        "version": network.version,
    }
    lines = [f" {json.dumps(k)}: {dump(x)}," for k, x in head.items()]
    rows = ",\n".join("  " + dump(_variable(network, v)) for v in network.variables)
    return "\n".join(["{", *lines, ' "variables": [', rows, " ]", "}", ""])


def dump(value: Any) -> str:
    """Return compact JSON; floats read back exactly, NaN becomes null."""
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return _plain(cast(Any, value).tolist())
    if isinstance(value, Mapping):
        return {str(k): _plain(x) for k, x in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(x) for x in cast("list[Any]", value)]
    if isinstance(value, set | frozenset):
        return sorted(cast("set[Any]", value))
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _variable(network: Network, v: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": v,
        "states": network.states(v),
        "parents": network.parents(v),
        "gate": gate_to_json(network.gate(v)),
    }
    if meta := network.meta.get(v):
        found["meta"] = dict(meta)
    return found


def gate_to_json(gate: Gate) -> dict[str, Any]:
    """Return the gate as nested lists."""
    if isinstance(gate, Table):
        return {"kind": "table", "values": gate.values.tolist()}
    if isinstance(gate, NoisyMax):
        links = [link.tolist() for link in gate.links]
        return {"kind": "noisy_max", "links": links, "leak": gate.leak.tolist()}
    return {"kind": "function", "outcome": gate.outcome.tolist()}
