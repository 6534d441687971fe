"""XMLBIF 0.3: tables with the variable itself fastest, parents in the order given."""

import numpy as np

from fascinet.model.formats.bif import UNNAMED, split_property
from fascinet.model.formats.common import Draft, digits, full_table
from fascinet.model.formats.xmltree import Node, escape, parse_xml
from fascinet.model.network import Network

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
"""No document type follows: it is optional, and pyAgrum's reader stumbles over it."""


def parse(text: str, file: str) -> Network:
    """Return the network that an XMLBIF text holds (`FormatError` with file and line if none)."""
    root = parse_xml(text, file)
    draft = Draft(file)
    network = root.first("NETWORK")
    if root.tag.upper() != "BIF" or network is None:
        draft.fail(root.line, f"expected <BIF> with a <NETWORK>, got <{root.tag}>")
    name = network.first("NAME")
    draft.name = name.text.strip() if name and name.text.strip() not in UNNAMED else ""
    draft.version = _properties(network).get("version", "")
    for node in network.all("VARIABLE"):
        _variable(draft, node)
    for node in network.all("DEFINITION"):
        _definition(draft, node)
    return draft.network()


def _properties(node: Node) -> dict[str, str]:
    return dict(split_property([p.text.strip()]) for p in node.all("PROPERTY") if p.text.strip())


def _variable(draft: Draft, node: Node) -> None:
    name = node.first("NAME")
    if name is None or not name.text.strip():
        draft.fail(node.line, "a <VARIABLE> without <NAME>")
    kind = node.attrs.get("TYPE", "nature")
    if kind != "nature":
        draft.fail(node.line, f"variable {name.text!r} is of type {kind!r}; only nature is read")
    states = [o.text.strip() for o in node.all("OUTCOME")]
    draft.declare(name.text.strip(), states, node.line)
    if meta := _properties(node):
        draft.meta[name.text.strip()] = meta


def _definition(draft: Draft, node: Node) -> None:
    children = [f.text.strip() for f in node.all("FOR")]
    if len(children) != 1:
        draft.fail(node.line, f"expected one <FOR> in a <DEFINITION>, got {len(children)}")
    parents = [g.text.strip() for g in node.all("GIVEN")]
    shape = draft.define(children[0], parents, node.line)
    table = node.first("TABLE")
    if table is None:
        draft.fail(node.line, f"no <TABLE> for {children[0]!r}")
    numbers = draft.numbers(table.text.split(), shape, table.line, f"table of {children[0]!r}")
    draft.table(children[0], numbers, table.line)


def render(network: Network) -> str:
    """Return the network as XMLBIF text."""
    lines = [HEAD + '<BIF VERSION="0.3">', "<NETWORK>"]
    lines.append(f"<NAME>{escape(network.name or 'unknown')}</NAME>")
    if network.version:
        lines.append(f"<PROPERTY>version = {escape(network.version)}</PROPERTY>")
    for v in network.variables:
        lines += _render_variable(network, v)
    for v in network.variables:
        lines += _render_definition(network, v)
    return "\n".join([*lines, "</NETWORK>", "</BIF>", ""])


def _render_variable(network: Network, v: str) -> list[str]:
    lines = ['<VARIABLE TYPE="nature">', f"  <NAME>{escape(v)}</NAME>"]
    lines += [f"  <OUTCOME>{escape(s)}</OUTCOME>" for s in network.states(v)]
    for key, value in network.meta.get(v, {}).items():
        if isinstance(value, str):
            lines.append(f"  <PROPERTY>{escape(f'{key} = {value}')}</PROPERTY>")
    return [*lines, "</VARIABLE>"]


def _render_definition(network: Network, v: str) -> list[str]:
    lines = ["<DEFINITION>", f"  <FOR>{escape(v)}</FOR>"]
    lines += [f"  <GIVEN>{escape(u)}</GIVEN>" for u in network.parents(v)]
    table = np.asarray(full_table(network, v, "XMLBIF"))
    return [*lines, f"  <TABLE>{' '.join(digits(table))}</TABLE>", "</DEFINITION>"]
