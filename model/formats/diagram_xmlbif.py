"""Influence diagrams in XMLBIF as pyAgrum writes them: variables of type decision and utility."""

from dataclasses import replace

from fascinet.model.diagram import InfluenceDiagram, Utility, utility_of
from fascinet.model.errors import FormatError
from fascinet.model.formats import xmlbif
from fascinet.model.formats.common import digits
from fascinet.model.formats.diagram_parts import LIMITED, Parts, cards, numbers, terms_by_name
from fascinet.model.formats.xmltree import Node, escape, parse_xml


def read(text: str, file: str) -> Parts:
    """Return what an XMLBIF text says of a diagram."""
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
    limited = body is not None and any(
        p.text.replace(" ", "") == f"{LIMITED}=yes" for p in body.all("PROPERTY")
    )
    network = xmlbif.read(root, file)
    decisions = {d: _given(definitions.get(d)) for d, kind in kinds.items() if kind == "decision"}
    utilities = dict[str, Utility]()
    for name in (v for v, kind in kinds.items() if kind == "utility"):
        if (node := definitions.get(name)) is None:
            raise FormatError(f"{file}: no <DEFINITION> of utility {name!r}")
        parents = _given(node)
        shape = cards(file, node, network, parents)
        words = node.words("TABLE")
        utilities[name] = utility_of(parents, numbers(file, node, words, shape, name))
    return Parts(network, decisions, utilities, limited)


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


# -------------------------------------------------------------------- writing


def render(diagram: InfluenceDiagram) -> str:
    """Return a diagram as XMLBIF text."""
    network, terms = diagram.network, terms_by_name(diagram.utilities, diagram.terms)
    lines = xmlbif.opening(network)
    if diagram.limited:
        lines.append(f"<PROPERTY>{LIMITED} = yes</PROPERTY>")
    for v in network.variables:
        kind = "decision" if v in diagram.decisions else "nature"
        lines += xmlbif.variable(network, v, kind)
    for name in terms:
        lines += ['<VARIABLE TYPE="utility">', f"  <NAME>{escape(name)}</NAME>",
                  "  <OUTCOME>0</OUTCOME>", "</VARIABLE>"]  # fmt: skip
    for v in network.variables:
        seen = diagram.decisions.get(v)
        lines += xmlbif.definition(network, v) if seen is None else _definition(v, seen, "")
    for name, utility in terms.items():
        lines += _definition(name, utility.parents, " ".join(digits(utility.values)))
    return "\n".join([*lines, "</NETWORK>", "</BIF>", ""])


def _definition(name: str, parents: tuple[str, ...], table: str) -> list[str]:
    lines = ["<DEFINITION>", f"  <FOR>{escape(name)}</FOR>"]
    lines += [f"  <GIVEN>{escape(u)}</GIVEN>" for u in parents]
    return [*lines, *([f"  <TABLE>{table}</TABLE>"] if table else []), "</DEFINITION>"]
