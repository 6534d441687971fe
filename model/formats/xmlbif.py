"""XMLBIF 0.3 and 0.2: tables with the parents in the order given.

Version 0.3 lists the variable itself fastest. Version 0.2 has other names (VALUE for OUTCOME,
PROBABILITY for DEFINITION, a TYPE element) and, after BIF 0.15, lists the variable itself slowest;
files that list it fastest there are known by their rows, which sum to 1 in one order only.
"""

import numpy as np

from fascinet.model.errors import shown
from fascinet.model.formats.bif import DEFAULT_LIMIT, UNNAMED
from fascinet.model.formats.bif_tokens import split_property
from fascinet.model.formats.common import ROUNDING, Draft, digits, full_table
from fascinet.model.formats.xmltree import Node, escape, parse_xml
from fascinet.model.gates import Array
from fascinet.model.network import Network

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
"""No document type follows: it is optional, and pyAgrum's reader stumbles over it."""


def parse(text: str, file: str) -> Network:
    """Return the network that an XMLBIF text holds (`FormatError` with file and line if none)."""
    return read(parse_xml(text, file), file)


def read(root: Node, file: str) -> Network:
    """Return the network of a tree of elements."""
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
        _definition(draft, node, node.first("TABLE"))
    for node in network.all("PROBABILITY"):
        _definition(draft, node, None)
    return draft.network()


def _properties(node: Node) -> dict[str, str]:
    return dict(split_property([p.text.strip()]) for p in node.all("PROPERTY") if p.text.strip())


def _variable(draft: Draft, node: Node) -> None:
    name = node.first("NAME")
    if name is None or not name.text.strip():
        draft.fail(node.line, "a <VARIABLE> without <NAME>")
    kind = node.attrs.get("TYPE", "nature")
    own = node.first("TYPE")
    said = kind if own is None else own.text.strip().lower()
    if said not in ("nature", "discrete"):
        what = f"variable {shown(name.text.strip())} is of type {shown(said)}"
        hint = "; use fascinet.InfluenceDiagram.load" if said in ("decision", "utility") else ""
        draft.fail(node.line, f"{what}; only nature and discrete are read{hint}")
    states = [o.text.strip() for tag in ("OUTCOME", "VALUE") for o in node.all(tag)]
    draft.declare(name.text.strip(), states, node.line)
    if meta := _properties(node):
        draft.meta[name.text.strip()] = meta


def _definition(draft: Draft, node: Node, table: Node | None) -> None:
    children = [f.text.strip() for f in node.all("FOR")]
    if len(children) != 1:
        what = f"expected one <FOR> in a <{node.tag}>, got {len(children)}"
        draft.fail(node.line, what)
    parents = [g.text.strip() for g in node.all("GIVEN")]
    shape = draft.define(children[0], parents, node.line)
    if node.tag.upper() == "PROBABILITY":
        values, line = _table_02(draft, node, children[0], parents, shape)
    else:
        if table is None:
            draft.fail(node.line, f"no <TABLE> for {shown(children[0])}")
        line = table.line
        what = f"table of {shown(children[0])}"
        values = draft.numbers(table.text.split(), shape, line, what)
    draft.table(children[0], values, line)


def _table_02(
    draft: Draft, node: Node, child: str, parents: list[str], shape: tuple[int, ...]
) -> tuple[Array, int]:
    """Return the table of a PROBABILITY element and its line."""
    table, what = node.first("TABLE"), f"table of {shown(child)}"
    if table is None:
        return _entries_02(draft, node, child, parents, shape), node.line
    slow = (shape[-1], *shape[:-1])
    values = draft.numbers(table.text.split(), slow, table.line, what)
    first, last = np.moveaxis(values, 0, -1), values.reshape(shape)
    if not _sums_to_one(first) and _sums_to_one(last):
        return last, table.line
    return first, table.line


def _sums_to_one(values: Array) -> bool:
    return bool((np.abs(values.sum(axis=-1) - 1.0) <= ROUNDING).all())


def _entries_02(
    draft: Draft, node: Node, child: str, parents: list[str], shape: tuple[int, ...]
) -> Array:
    """Return the rows that ENTRY elements give by the parents' states, DEFAULT for the others."""
    if np.prod(shape) > DEFAULT_LIMIT:
        most = f"expected at most {DEFAULT_LIMIT:,} numbers"
        draft.fail(node.line, f"entries of {shown(child)}: {most}")
    values = np.full(shape, np.nan)
    defaults = [t for d in node.all("DEFAULT") for t in d.all("TABLE")]
    for table in defaults[:1]:
        values[...] = draft.numbers(
            table.text.split(), shape[-1:], table.line, f"default of {child}"
        )
    for entry in node.all("ENTRY"):
        names = [v.text.strip() for v in entry.all("VALUE")]
        table = entry.first("TABLE")
        if len(names) != len(parents) or table is None:
            what = f"entry of {shown(child)}: expected {len(parents)} <VALUE> and a <TABLE>"
            draft.fail(entry.line, what)
        unknown = [n for n, u in zip(names, parents, strict=True) if n not in draft.states[u]]
        if unknown:
            draft.fail(entry.line, f"entry of {shown(child)}: unknown state {shown(unknown[0])}")
        at = tuple(draft.states[u].index(n) for n, u in zip(names, parents, strict=True))
        words = table.text.split()
        values[at] = draft.numbers(words, shape[-1:], table.line, f"entry of {shown(child)}")
    if np.isnan(values).any():
        draft.fail(node.line, f"no <TABLE> for {shown(child)}, nor entries for all rows")
    return values


def render(network: Network) -> str:
    """Return the network as XMLBIF text."""
    lines = opening(network)
    for v in network.variables:
        lines += variable(network, v)
    for v in network.variables:
        lines += definition(network, v)
    return "\n".join([*lines, "</NETWORK>", "</BIF>", ""])


def opening(network: Network) -> list[str]:
    """Return the lines before the variables."""
    lines = [HEAD + '<BIF VERSION="0.3">', "<NETWORK>"]
    lines.append(f"<NAME>{escape(network.name or 'unknown')}</NAME>")
    if network.version:
        lines.append(f"<PROPERTY>version = {escape(network.version)}</PROPERTY>")
    return lines


def variable(network: Network, v: str, kind: str = "nature") -> list[str]:
    """Return the lines that declare a variable."""
    lines = [f'<VARIABLE TYPE="{kind}">', f"  <NAME>{escape(v)}</NAME>"]
    lines += [f"  <OUTCOME>{escape(s)}</OUTCOME>" for s in network.states(v)]
    for key, value in network.meta.get(v, {}).items():
        if isinstance(value, str):
            lines.append(f"  <PROPERTY>{escape(f'{key} = {value}')}</PROPERTY>")
    return [*lines, "</VARIABLE>"]


def definition(network: Network, v: str) -> list[str]:
    """Return the lines of a variable's table."""
    lines = ["<DEFINITION>", f"  <FOR>{escape(v)}</FOR>"]
    lines += [f"  <GIVEN>{escape(u)}</GIVEN>" for u in network.parents(v)]
    table = np.asarray(full_table(network, v, "XMLBIF"))
    return [*lines, f"  <TABLE>{' '.join(digits(table))}</TABLE>", "</DEFINITION>"]
