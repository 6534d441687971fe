"""Influence diagrams in files: JSON both ways; GeNIe's .xdsl, and XMLBIF as pyAgrum writes it, in.

The XML formats differ from those of networks in a few elements only. These are taken out of the
tree, each decision is left as a variable without parents, and the reader of networks does the rest.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from fascinet.model.diagram import InfluenceDiagram, Utility, decisions_and_utilities, utility_of
from fascinet.model.errors import FascinetError, FormatError, OptionError, shown
from fascinet.model.formats import format_of, json_format, xdsl, xmlbif
from fascinet.model.formats.files import read_text, write_text
from fascinet.model.formats.json_read import DIAGRAM, FORM
from fascinet.model.formats.xmltree import Node, parse_xml
from fascinet.model.gates import Array, NoisyMax
from fascinet.model.network import Network

READ = (".json", ".xdsl", ".xmlbif")
Parts = tuple[Network, dict[str, list[str]], dict[str, Utility]]


def read_diagram(path: str | Path) -> InfluenceDiagram:
    """Read an influence diagram; the suffix names the format.

    Raises
    ------
    OptionError
        If diagrams are not read in this format.
    FormatError
        With file and, where it is known, line.
    """
    form, file = format_of(path), str(path)
    readers = {".json": _json, ".xdsl": _xdsl, ".xmlbif": _xmlbif}
    suffix = form.suffixes[0]
    if suffix not in readers:
        raise OptionError("format of an influence diagram", suffix, READ)
    network, decisions, utilities = readers[suffix](read_text(Path(path)), file)
    if not decisions or not utilities:
        what = "decision" if not decisions else "utility"
        raise FormatError(f"{file}: no {what}: a network, not a diagram; use fascinet.load")
    try:
        return InfluenceDiagram(network, decisions, utilities)
    except FascinetError as error:
        raise FormatError(f"{file}: {error}") from None


def write_diagram(diagram: InfluenceDiagram, path: str | Path) -> None:
    """Write an influence diagram as JSON; the file is replaced whole or not at all."""
    suffix = format_of(path).suffixes[0]
    if suffix != ".json":
        raise OptionError("format to write an influence diagram in", suffix, (".json",))
    text = json_format.render(diagram.network).replace(f'"{FORM}"', f'"{DIAGRAM}"', 1)
    rest = [
        f" {json.dumps(k)}: {json_format.dump(x)}"
        for k, x in decisions_and_utilities(diagram).items()
    ]
    body = text.rstrip().removesuffix("}").rstrip()
    write_text(Path(path), ",\n".join([body, *rest]) + "\n}\n")


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
    return network, decisions, {k: _json_utility(file, k, u) for k, u in utilities.items()}


def _json_utility(file: str, name: str, given: Any) -> Utility:
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


# -------------------------------------------------------------------- XML


def _fail(file: str, node: Node, message: str) -> NoReturn:
    raise FormatError(f"{file}:{node.line}: {message}")


def _numbers(file: str, node: Node, words: list[str], shape: tuple[int, ...], name: str) -> Array:
    try:
        values = np.array([float(w) for w in words])
    except ValueError as error:
        _fail(file, node, f"utility {name!r}: expected numbers: {error}")
    if values.size != int(np.prod(shape)):
        _fail(file, node, f"utility {name!r}: expected {np.prod(shape)} numbers, got {values.size}")
    return values.reshape(shape)


def _cards(file: str, node: Node, network: Network, parents: list[str]) -> tuple[int, ...]:
    unknown = [u for u in parents if u not in network.index]
    if unknown:
        _fail(file, node, f"unknown parent {unknown[0]!r} of a utility")
    return tuple(len(network.states(u)) for u in parents)


def _xmlbif(text: str, file: str) -> Parts:
    root = parse_xml(text, file)
    body = root.first("NETWORK")
    kinds = {
        _name(v): v.attrs.get("TYPE", "nature") for v in (body.all("VARIABLE") if body else ())
    }
    definitions: dict[str, Node] = {}
    if body is not None:
        kept = list[Node]()
        for node in body.children:
            own = node.first("FOR") if node.tag.upper() == "DEFINITION" else None
            name = own.text.strip() if own else _name(node)
            kind = kinds.get(name, "nature")
            if own is not None and kind in ("decision", "utility"):
                definitions[name] = node
            elif kind == "decision":
                kept += [
                    replace(node, attrs={**node.attrs, "TYPE": "nature"}),
                    _uniform(node, name),
                ]
            elif kind != "utility" or node.tag.upper() != "VARIABLE":
                kept.append(node)
        body.children[:] = kept
    network = xmlbif.read(root, file)
    decisions = {d: _given(definitions.get(d)) for d, kind in kinds.items() if kind == "decision"}
    utilities = dict[str, Utility]()
    for name in (v for v, kind in kinds.items() if kind == "utility"):
        if (node := definitions.get(name)) is None:
            raise FormatError(f"{file}: no <DEFINITION> of utility {name!r}")
        parents = _given(node)
        shape = _cards(file, node, network, parents)
        words = node.words("TABLE")
        utilities[name] = utility_of(parents, _numbers(file, node, words, shape, name))
    return network, decisions, utilities


def _name(node: Node) -> str:
    name = node.first("NAME")
    return name.text.strip() if name else ""


def _given(node: Node | None) -> list[str]:
    return [g.text.strip() for g in node.all("GIVEN")] if node else []


def _uniform(variable: Node, name: str) -> Node:
    count = len(variable.all("OUTCOME")) or 1
    parts = [Node("FOR", {}, variable.line, name),
             Node("TABLE", {}, variable.line, " ".join([repr(1.0 / count)] * count))]  # fmt: skip
    return Node("DEFINITION", {}, variable.line, "", parts)


def _xdsl(text: str, file: str) -> Parts:
    root = parse_xml(text, file)
    nodes = root.first("nodes")
    found = {"decision": list[Node](), "utility": list[Node](), "mau": list[Node]()}
    for k, node in enumerate(nodes.children if nodes else ()):
        if node.tag in found:
            found[node.tag].append(node)
        if node.tag == "decision" and nodes is not None:
            nodes.children[k] = _chance(node)
    if nodes is not None:
        nodes.children[:] = [n for n in nodes.children if n.tag not in ("utility", "mau")]
    network, names = xdsl.read(root, file)
    decisions = dict[str, list[str]]()
    for d in found["decision"]:
        if (name := d.attrs.get("id", "")) not in names:
            _fail(file, d, f"decision {name!r}: expected an id of its own")
        decisions[names[name]] = [names.get(u, u) for u in d.words("parents")]
    utilities = {u.attrs.get("id", ""): _xdsl_utility(u, file, network, names)
                 for u in found["utility"]}  # fmt: skip
    for mau in found["mau"]:
        _weigh(mau, file, utilities)
    return network, decisions, utilities


def _chance(decision: Node) -> Node:
    """Return a decision as a node without parents whose states are equally probable."""
    count = len(decision.all("state")) or 1
    table = Node("probabilities", {}, decision.line, " ".join([repr(1.0 / count)] * count))
    kept = [c for c in decision.children if c.tag in ("state", "property")]
    return Node("cpt", decision.attrs, decision.line, "", [*kept, table])


def _xdsl_utility(node: Node, file: str, network: Network, names: dict[str, str]) -> Utility:
    name, parents = node.attrs.get("id", ""), [names.get(u, u) for u in node.words("parents")]
    shape = _cards(file, node, network, parents)
    values = _numbers(file, node, node.words("utilities"), shape, name)
    turned = tuple(k for k, u in enumerate(parents) if isinstance(network.gate(u), NoisyMax))
    return utility_of(parents, np.flip(values, turned))


def _weigh(mau: Node, file: str, utilities: dict[str, Utility]) -> None:
    """Take the weights of an additive super-value node into its utilities."""
    parts, words = mau.words("parents"), mau.words("weights")
    if mau.first("expression") is not None or len(words) != len(parts):
        _fail(file, mau, "a utility by an expression: only weights are read")
    for part, word in zip(parts, words, strict=True):
        if part not in utilities:
            _fail(file, mau, f"expected utilities as parents, got {shown(part)}")
        weight = float(_numbers(file, mau, [word], (), mau.attrs.get("id", "")))
        utilities[part] = utility_of(utilities[part].parents, weight * utilities[part].values)
