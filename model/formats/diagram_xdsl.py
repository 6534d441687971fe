"""Influence diagrams as GeNIe writes them: decisions, utilities, and utilities of utilities (MAU).

A sum of utilities has weights, a product an expression such as ``cost * gain``.
"""

import re
from collections.abc import Mapping

import numpy as np

from fascinet.model.diagram import InfluenceDiagram, SuperValue, Utility, utility_of
from fascinet.model.errors import shown
from fascinet.model.formats import xdsl
from fascinet.model.formats.common import digits
from fascinet.model.formats.diagram_parts import LIMITED, Parts, cards, fail, numbers
from fascinet.model.formats.xmltree import Node, parse_xml
from fascinet.model.gates import NoisyMax
from fascinet.model.network import Network

PRODUCT = re.compile(r"\s*\w+\s*(?:\*\s*\w+\s*)*")


def read(text: str, file: str) -> Parts:
    """Return what an XDSL text says of a diagram."""
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
            fail(file, d, f"decision {name!r}: expected an id of its own")
        decisions[names[name]] = [names.get(u, u) for u in d.words("parents")]
    utilities = dict[str, Utility | SuperValue]()
    called = {n.attrs.get("id", ""): _name(n) for n in (*found["utility"], *found["mau"])}
    for node in found["utility"]:
        utilities[_name(node)] = _utility(node, file, network, names)
    for node in found["mau"]:
        utilities[_name(node)] = _super_value(node, file, called)
    limited = xdsl.properties(root).get(LIMITED) == "yes"
    return Parts(network, decisions, utilities, limited)


def _name(node: Node) -> str:
    return xdsl.properties(node).get(xdsl.PREFIX + "name", node.attrs.get("id", ""))


def _chance(decision: Node) -> Node:
    """Return a decision as a node without parents whose states are equally probable."""
    count = len(decision.all("state")) or 1
    table = Node("probabilities", {}, decision.line, " ".join([repr(1.0 / count)] * count))
    kept = [c for c in decision.children if c.tag in ("state", "property")]
    return Node("cpt", decision.attrs, decision.line, "", [*kept, table])


def _utility(node: Node, file: str, network: Network, names: Mapping[str, str]) -> Utility:
    name, parents = _name(node), [names.get(u, u) for u in node.words("parents")]
    shape = cards(file, node, network, parents)
    values = numbers(file, node, node.words("utilities"), shape, name)
    return utility_of(parents, np.flip(values, _turned(network, parents)))


def _turned(network: Network, parents: "list[str] | tuple[str, ...]") -> tuple[int, ...]:
    """Return the axes of parents whose states GeNIe lists in the other order."""
    return tuple(k for k, u in enumerate(parents) if isinstance(network.gate(u), NoisyMax))


def _super_value(node: Node, file: str, called: Mapping[str, str]) -> SuperValue:
    """Return utilities put together: by weights, or by a product of all of them."""
    idents = node.words("parents")
    for ident in idents:
        if ident not in called:
            fail(file, node, f"expected utilities as parents, got {shown(ident)}")
    parts = tuple(called[ident] for ident in idents)
    expression = node.first("expression")
    if expression is not None:
        factors = re.findall(r"\w+", expression.text)
        if not PRODUCT.fullmatch(expression.text) or sorted(factors) != sorted(idents):
            fail(file, node, f"a utility by the expression {shown(expression.text.strip())}: only "
                 f"weights, and the product of all parents, are read")  # fmt: skip
        return SuperValue(parts, "product", (1.0,) * len(parts))
    weights = numbers(file, node, node.words("weights"), (len(parts),), _name(node))
    return SuperValue(parts, "sum", tuple(weights.tolist()))


# -------------------------------------------------------------------- writing


def render(diagram: InfluenceDiagram) -> str:
    """Return a diagram as XDSL text, nodes after what they observe or depend on."""
    network = diagram.network
    writer = xdsl.Writer(network, tuple(diagram.utilities))
    order, lines = diagram.topological, list[str]()
    for v in order:
        seen = diagram.decisions.get(v)
        lines += writer.node(v) if seen is None else writer.element("decision", v, seen, [])
    for name, utility in diagram.utilities.items():
        if isinstance(utility, Utility):
            table = np.flip(utility.values, _turned(network, utility.parents))
            lines += _element(writer, "utility", name, utility.parents,
                              f"<utilities>{' '.join(digits(table))}</utilities>")  # fmt: skip
    for name, node in diagram.utilities.items():
        if isinstance(node, SuperValue):
            lines += _element(writer, "mau", name, node.parts, _joined(writer, node))
    return writer.whole(order, lines, {LIMITED: "yes"} if diagram.limited else {})


def _joined(writer: xdsl.Writer, node: SuperValue) -> str:
    if node.how == "product":
        return f"<expression>{' * '.join(writer.idents[k] for k in node.parts)}</expression>"
    return f"<weights>{' '.join(map(repr, node.weights))}</weights>"


def _element(
    writer: xdsl.Writer, tag: str, name: str, parents: tuple[str, ...], body: str
) -> list[str]:
    ident = writer.idents[name]
    kept = [xdsl.prop(xdsl.PREFIX + "name", name, 3)] if ident != name else []
    lines = [f'  <{tag} id="{ident}">', *writer.parents(parents), f"   {body}"]
    return [*lines, *kept, f"  </{tag}>"]
