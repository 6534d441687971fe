"""Our own JSON: gates stay gates, every float64 and every attribute comes back.

`network.schema.json` beside this file is its JSON Schema; `SCHEMA_VERSION` grows when a reader of
an older version could no longer understand the file.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from fascinet.model.formats.common import Draft
from fascinet.model.formats.json_read import FORM, SCHEMA_VERSION, Reader
from fascinet.model.gates import Gate, NoisyMax, Table
from fascinet.model.network import Network

CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*+"?|(-?Infinity|NaN)', re.DOTALL)


def parse(text: str, file: str) -> Network:
    """Return the network that a JSON text holds.

    Raises
    ------
    FormatError
        With the line, and on bad content with the place (``variables[3].gate``) too.
    """
    return read(load(text, file), text, file)


def read(data: Any, text: str, file: str) -> Network:
    """Return the network in data that were parsed from a text."""
    return Reader(text, file, data).run()


def load(text: str, file: str) -> Any:
    """Return the data of a JSON text without NaN and Infinity.

    Raises
    ------
    FormatError
        With the line.
    """
    draft = Draft(file)
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        draft.fail(error.lineno, f"not JSON: {error.msg}")
    except RecursionError as error:
        draft.fail(None, f"not JSON: {error}")
    except ValueError as error:
        draft.fail(_line_of_constant(text), f"not JSON: {error}")


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _line_of_constant(text: str) -> int | None:
    """Return the line of the first NaN or Infinity outside a string."""
    for match in CONSTANT.finditer(text):
        if match.group(1):
            return text.count("\n", 0, match.start()) + 1
    return None


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
