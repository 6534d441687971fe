"""Influence diagrams in files: JSON, GeNIe's .xdsl, HUGIN's .net, XMLBIF as pyAgrum writes it.

The readers and writers of networks do most of the work: a decision stands there as a variable
without parents, and utilities come beside.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from fascinet.model.diagram import InfluenceDiagram, SuperValue, Utility, utility_of
from fascinet.model.errors import FascinetError, FormatError, OptionError, shown
from fascinet.model.formats import (
    diagram_hugin,
    diagram_xdsl,
    diagram_xmlbif,
    format_of,
    json_format,
)
from fascinet.model.formats.common import losses, warn
from fascinet.model.formats.diagram_parts import Parts
from fascinet.model.formats.files import read_text, write_text
from fascinet.model.formats.json_read import DIAGRAM, FORM


def read_diagram(path: str | Path) -> InfluenceDiagram:
    """Read an influence diagram; the suffix names the format.

    Raises
    ------
    OptionError
        If diagrams are not read in this format.
    FormatError
        With file and, where it is known, line.
    """
    file = str(path)
    read, _ = _of(path, "format of an influence diagram")
    found = read(read_text(Path(path)), file)
    if not found.decisions or not found.utilities:
        what = "decision" if not found.decisions else "utility"
        raise FormatError(f"{file}: no {what}: a network, not a diagram; use fascinet.load")
    try:
        return InfluenceDiagram(
            found.network, found.decisions, found.utilities, limited=found.limited
        )
    except FascinetError as error:
        raise FormatError(f"{file}: {error}") from None


def write_diagram(diagram: InfluenceDiagram, path: str | Path) -> None:
    """Write an influence diagram; the file is replaced whole or not at all.

    Raises
    ------
    OptionError
        If diagrams are not written in this format.
    FormatError
        If it cannot be written.

    Warns
    -----
    FormatWarning
        Once, naming everything that the format cannot hold.
    """
    _, render = _of(path, "format to write an influence diagram in")
    write_text(Path(path), render(diagram))
    form = format_of(path)
    lost = losses(diagram.network, form.keeps)
    nodes = [k for k, u in diagram.utilities.items() if isinstance(u, SuperValue)]
    if nodes and form.suffixes[0] in (".net", ".xmlbif"):
        lost.append(
            f"super-value nodes (written as the utilities they come to): {', '.join(nodes)}"
        )
    if lost:
        warn(f"{path}: {form.name} cannot hold " + "; ".join(lost))


def _of(path: str | Path, what: str) -> "tuple[Any, Any]":
    """Return reader and writer of the format that a file's name says."""
    suffix = format_of(path).suffixes[0]
    if suffix not in FORMATS:
        raise OptionError(what, suffix, FORMATS)
    return FORMATS[suffix]


# -------------------------------------------------------------------- JSON


def _json(text: str, file: str) -> Parts:
    data = json_format.load(text, file)
    if not isinstance(data, dict) or data.get("format") != DIAGRAM:
        raise FormatError(f'{file}: expected an object with "format": "{DIAGRAM}"')
    network = json_format.read({**data, "format": FORM}, text, file)
    decisions, utilities = data.get("decisions"), data.get("utilities")
    if not isinstance(decisions, dict) or not isinstance(utilities, dict):
        raise FormatError(f"{file}: expected 'decisions' and 'utilities' as objects")
    for d, seen in decisions.items():
        if not isinstance(seen, list) or not all(isinstance(v, str) for v in seen):
            raise FormatError(f"{file}: decisions.{d}: expected a list of names, got {shown(seen)}")
    limited = data.get("limited", False)
    if not isinstance(limited, bool):
        raise FormatError(f"{file}: limited: expected true or false, got {shown(limited)}")
    read = {k: _json_utility(file, k, u) for k, u in utilities.items()}
    return Parts(network, decisions, read, limited)


def _json_utility(file: str, name: str, given: Any) -> Utility | SuperValue:
    if isinstance(given, dict) and "parts" in given:
        return _json_super_value(file, name, given)
    if not isinstance(given, dict) or set(given) != {"parents", "values"}:
        raise FormatError(f"{file}: utilities.{name}: expected 'parents' and 'values'")
    parents = given["parents"]
    if not isinstance(parents, list) or not all(isinstance(v, str) for v in parents):
        raise FormatError(f"{file}: utilities.{name}.parents: expected a list of names")
    try:
        values = np.array(given["values"])
    except ValueError:
        values = np.array("ragged")
    if values.dtype.kind not in "fiu":
        raise FormatError(f"{file}: utilities.{name}.values: expected nested lists of numbers")
    return utility_of(parents, values)


def _json_super_value(file: str, name: str, given: dict[str, Any]) -> SuperValue:
    where, parts, weights = f"{file}: utilities.{name}", given["parts"], given.get("weights")
    if not isinstance(parts, list) or not all(isinstance(k, str) for k in parts):
        raise FormatError(f"{where}.parts: expected a list of names")
    if weights is None:
        weights = [1.0] * len(parts)
    if not isinstance(weights, list) or not all(
        isinstance(w, int | float) and not isinstance(w, bool) for w in weights
    ):
        raise FormatError(f"{where}.weights: expected a list of numbers")
    unknown = sorted(set(given) - {"parts", "how", "weights"})
    if unknown:
        raise FormatError(f"{where}: unknown key {shown(unknown[0])}")
    how = given.get("how", "sum")
    return SuperValue(tuple(parts), str(how), tuple(map(float, weights)))


def _render_json(diagram: InfluenceDiagram) -> str:
    text = json_format.render(diagram.network).replace(f'"{FORM}"', f'"{DIAGRAM}"', 1)
    rest: dict[str, Any] = {
        "decisions": {d: list(seen) for d, seen in diagram.decisions.items()},
        "utilities": {name: _utility_to_json(u) for name, u in diagram.utilities.items()},
    }
    if diagram.limited:
        rest["limited"] = True
    lines = [f" {json.dumps(k)}: {json_format.dump(x)}" for k, x in rest.items()]
    body = text.rstrip().removesuffix("}").rstrip()
    return ",\n".join([body, *lines]) + "\n}\n"


def _utility_to_json(utility: Utility | SuperValue) -> dict[str, Any]:
    if isinstance(utility, Utility):
        return {"parents": list(utility.parents), "values": utility.values.tolist()}
    found = {"parts": list(utility.parts), "how": utility.how}
    return found if utility.how == "product" else found | {"weights": list(utility.weights)}


FORMATS = {
    ".json": (_json, _render_json),
    ".xdsl": (diagram_xdsl.read, diagram_xdsl.render),
    ".xmlbif": (diagram_xmlbif.read, diagram_xmlbif.render),
    ".net": (diagram_hugin.read, diagram_hugin.render),
}
