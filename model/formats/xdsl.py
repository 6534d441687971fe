"""GeNIe .xdsl: tables, noisy-MAX nodes and deterministic nodes.

GeNIe lists the states of a noisy-MAX node from strongest to absent, the absent one last; ours
start with the resting one. Writing turns the states of such nodes round and every table on them
with it; reading turns them back. The parameters are net effects (Díez 1993), as GeNIe shows under
*net*; a column of parameters per parent's state, ordered by ``strengths``, then the leak.

Identifiers are C-like: other names of variables and states go into user properties. The `<name>`
that GeNIe shows on a node is kept as the variable's label.

pyAgrum writes this format too, with the first parent fastest where GeNIe has it slowest; its files
say so in `app="aGrUM …"`. Dynamic networks are refused: their arcs across time have no place here.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fascinet.model.formats.common import Draft, digits, full_table, identifiers
from fascinet.model.formats.continuous import Continuous, Cuts, Cutter, check_used, cuts_of
from fascinet.model.formats.equations import Formula
from fascinet.model.formats.xmltree import Node, escape, parse_xml
from fascinet.model.gates import Array, Function, NoisyMax, Table
from fascinet.model.network import Network

PREFIX = "fascinet_"
UNROLL = "dynamic networks are not read; unroll it in GeNIe (Network, Unroll) and save the result"
TAGS = ("cpt", "noisymax", "deterministic")
ONLY_GENIE = {
    "decision": "a decision", "utility": "a utility", "mau": "a utility", "equation": "an equation",
    "demorgan": "a DeMorgan gate", "noisyadder": "a noisy adder",
}  # fmt: skip


def parse(text: str, file: str, cuts: Cuts | None = None) -> Network:
    """Return the network that an XDSL text holds (`FormatError` with file and line if none)."""
    return read(parse_xml(text, file), file, cuts)[0]


def read(root: Node, file: str, cuts: Cuts | None = None) -> tuple[Network, dict[str, str]]:
    """Return the network of a tree of elements, and the name of each identifier."""
    nodes = root.first("nodes")
    draft = Draft(file)
    if root.tag != "smile" or nodes is None:
        draft.fail(root.line, f"expected <smile> with <nodes>, got <{root.tag}>")
    if dynamic := root.first("dynamic"):
        draft.fail(dynamic.line, f"<dynamic>: {UNROLL}")
    reader = _Reader(draft, root, nodes, cuts)
    return reader.run(), reader.names


class _Reader:
    def __init__(self, draft: Draft, root: Node, nodes: Node, cuts: Cuts | None) -> None:
        self.draft, self.root, self.nodes, self.cuts = draft, root, nodes, cuts
        self.wide: dict[str, tuple[float, ...] | int] = {}  # equation nodes, and their cuts
        self.formulas: dict[str, Continuous] = {}
        self.names: dict[str, str] = {}
        self.idents: dict[str, list[str]] = {}
        self.turned: set[str] = set()
        shown = [g for e in root.all("extensions") for g in e.all("genie")]
        self.first_fastest = any(g.attrs.get("app", "").lower().startswith("agrum") for g in shown)
        self.labels = dict(found for g in shown for found in labels(g))

    def run(self) -> Network:
        extras = properties(self.root)
        self.draft.name = extras.get(PREFIX + "name", self.root.attrs.get("id", ""))
        self.draft.version = extras.get(PREFIX + "version", "")
        for node in self.nodes.children:
            self.declare(node)
        self.order(extras.get(PREFIX + "order", "").split())
        for node in self.nodes.children:
            self.define(node)
        check_used(self.cuts, [*self.wide])
        if self.wide:
            Cutter(self.draft, self.formulas, self.wide).run()
        return self.draft.network()

    def order(self, idents: list[str]) -> None:
        """Bring the variables into the order that the file keeps, where it keeps one."""
        names = [self.names[i] for i in idents if i in self.names]
        if len(set(names)) == len(self.draft.states):
            self.draft.states = {v: self.draft.states[v] for v in names}

    def declare(self, node: Node) -> None:
        if node.tag == "equation":
            self.equation(node)
            return
        if node.tag not in TAGS:
            known = f"expected one of {', '.join(TAGS)}"
            what = f" ({ONLY_GENIE[node.tag]}: not read)" if node.tag in ONLY_GENIE else ""
            if node.tag in ("decision", "utility", "mau"):
                what = f" ({ONLY_GENIE[node.tag]}: use fascinet.InfluenceDiagram.load)"
            self.draft.fail(node.line, f"{known}, got <{node.tag}>{what}")
        if "dynamic" in node.attrs:
            self.draft.fail(node.line, f"a node of a dynamic network: {UNROLL}")
        ident = node.attrs.get("id", "")
        extras = properties(node)
        name = extras.pop(PREFIX + "name", ident)
        states = [s.attrs.get("id", "") for s in node.all("state")]
        shown = self.shown(node, extras.pop(PREFIX + "states", ""), states)
        if node.tag == "noisymax":
            self.turned.add(name)
            shown = shown[::-1]
        self.names[ident], self.idents[name] = name, states
        self.draft.declare(name, shown, node.line)
        label = self.labels.get(ident, name)
        if label not in (name, ident):
            extras.setdefault("label", label)
        if extras:
            self.draft.meta[name] = dict(extras)

    def equation(self, node: Node) -> None:
        """Read an equation node; its states get their names when it is cut."""
        ident = node.attrs.get("id", "")
        cuts = self.wide[ident] = cuts_of(self.draft, self.cuts, ident, node.line)
        count = cuts if isinstance(cuts, int) else len(cuts) + 1
        self.names[ident], self.idents[ident] = ident, []
        self.draft.declare(ident, [str(k) for k in range(count)], node.line)
        if self.labels.get(ident, ident) != ident:
            self.draft.meta[ident] = {"label": self.labels[ident]}

    def shown(self, node: Node, kept: str, states: list[str]) -> list[str]:
        if not kept:
            return states
        try:
            names = json.loads(kept)
        except ValueError:
            names = None
        if not isinstance(names, list) or len(names) != len(states):
            self.draft.fail(node.line, f"property {PREFIX}states: expected {len(states)} names")
        return [str(n) for n in names]

    def define(self, node: Node) -> None:
        name = self.names[node.attrs.get("id", "")]
        parents = [self.names.get(p, p) for p in node.words("parents")]
        if node.tag == "equation":
            self.formula(node, name, parents)
            return
        if self.first_fastest:
            parents.reverse()
        noisy = node.tag == "noisymax"
        shape = self.draft.define(name, parents, node.line, full=not noisy)
        if noisy:
            self.noisy_max(node, name, shape)
        elif node.tag == "cpt":
            words = node.words("probabilities")
            values = self.draft.numbers(words, shape, node.line, f"table of {name!r}")
            self.draft.table(name, self.turn(values, parents), node.line)
        else:
            self.function(node, name, parents, shape)

    def formula(self, node: Node, name: str, parents: list[str]) -> None:
        self.draft.define(name, parents, node.line)
        if turned := [u for u in parents if u in self.turned]:
            self.draft.fail(node.line, f"{name!r}: an equation of the noisy-MAX {turned[0]!r}")
        found = node.first("definition")
        left, _, right = (found.text if found else "").partition("=")
        if left.strip() != name:
            self.draft.fail(node.line, f"<definition> of {name!r}: expected {name}=a formula")
        named = dict(zip(node.words("parents"), parents, strict=True))
        self.formulas[name] = Continuous(name, named, (Formula(right.strip()),), node.line)

    def turn(self, values: Array, parents: Sequence[str]) -> Array:
        axes = tuple(k for k, u in enumerate(parents) if u in self.turned)
        return np.flip(values, axes)

    def function(self, node: Node, name: str, parents: list[str], shape: tuple[int, ...]) -> None:
        words, states = node.words("resultingstates"), self.idents[name]
        if len(words) != np.prod(shape[:-1]):
            self.draft.fail(
                node.line,
                f"resulting states of {name!r}: expected {np.prod(shape[:-1])}, got {len(words)}",
            )
        unknown = [w for w in words if w not in states]
        if unknown:
            self.draft.fail(node.line, f"unknown state {unknown[0]!r} of {name!r}")
        outcome = np.array([states.index(w) for w in words]).reshape(shape[:-1])
        turned = self.turn(outcome, parents).astype(np.int64)
        self.draft.gates[name] = Function(turned, shape[-1])

    def noisy_max(self, node: Node, name: str, shape: tuple[int, ...]) -> None:
        cards, size = shape[:-1], shape[-1]
        what = f"parameters of {name!r}"
        rows = self.draft.numbers(
            node.words("parameters"), (sum(cards) + 1, size), node.line, what
        )[:, ::-1]
        rows = self.draft.settle(name, rows, node.line, what=f"a column of the {what}")
        order = self.strengths(node, name, cards)
        links: list[Array] = []
        start = 0
        for u, card, places in zip(self.draft.parents[name], cards, order, strict=True):
            link = np.empty((card, size))
            link[places] = rows[start : start + card]
            links.append(link[::-1] if u in self.turned else link)
            start += card
        self.draft.gates[name] = NoisyMax(tuple(links), rows[-1])

    def strengths(self, node: Node, name: str, cards: tuple[int, ...]) -> list[list[int]]:
        words = node.words("strengths") or [str(k) for card in cards for k in range(card)]
        order: list[list[int]] = []
        start = 0
        for card in cards:
            places = [int(w) if w.isascii() and w.isdigit() else -1 for w in words[start:][:card]]
            if sorted(places) != list(range(card)):
                self.draft.fail(node.line, f"strengths of {name!r}: expected an order of states")
            order.append(places)
            start += card
        return order


def labels(node: Node) -> list[tuple[str, str]]:
    """Return identifier and shown name of the nodes in the layout, submodels included."""
    found: list[tuple[str, str]] = []
    for child in node.children:
        if child.tag == "submodel":
            found += labels(child)
        elif child.tag == "node" and (name := child.first("name")):
            found.append((child.attrs.get("id", ""), name.text.strip()))
    return [(ident, name) for ident, name in found if name]


def properties(node: Node) -> dict[str, str]:
    """Return the user properties of a node."""
    return {p.attrs.get("id", ""): p.text for p in node.all("property")}


# -------------------------------------------------------------------- writing


def render(network: Network) -> str:
    """Return the network as XDSL text, nodes with parents first as GeNIe expects."""
    writer = Writer(network)
    nodes = [line for v in network.topological for line in writer.node(v)]
    return writer.whole(network.topological, nodes)


def prop(key: str, value: str, depth: int) -> str:
    """Return one user property as XML."""
    return f'{" " * depth}<property id="{escape(key)}">{escape(value)}</property>'


class Writer:
    """Writes the nodes of a network.

    Parameters
    ----------
    network : Network
    others : sequence of str
        Names of other nodes, which get identifiers too.
    """

    def __init__(self, network: Network, others: Sequence[str] = ()) -> None:
        self.network = network
        self.idents = identifiers([*network.variables, *others])
        self.turned = {v for v in network.variables if isinstance(network.gate(v), NoisyMax)}

    def whole(
        self, order: Sequence[str], nodes: list[str], more: Mapping[str, str] | None = None
    ) -> str:
        """Return the text with nodes in some order, and more properties of the network."""
        network, name = self.network, self.network.name or "network"
        ident = identifiers([name])[name]
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<smile version="1.0" id="{ident}" numsamples="10000" discsamples="10000">',
        ]
        extras = {"name": network.name if ident != network.name else "", "version": network.version}
        if tuple(order) != network.variables:
            extras["order"] = " ".join(self.idents[v] for v in network.variables)
        lines += [prop(PREFIX + k, x, 1) for k, x in extras.items() if x]
        lines += [prop(k, x, 1) for k, x in (more or {}).items()]
        return "\n".join(
            [*lines, " <nodes>", *nodes, " </nodes>", *self.extensions(), "</smile>", ""]
        )

    def states(self, v: str) -> list[str]:
        """Return the states in the order of the file."""
        states = list(self.network.states(v))
        return states[::-1] if v in self.turned else states

    def node(self, v: str) -> list[str]:
        """Return the lines of a variable."""
        gate = self.network.gate(v)
        tag = {Table: "cpt", NoisyMax: "noisymax", Function: "deterministic"}[type(gate)]
        body = self.body(v, gate, identifiers(self.states(v)))
        return self.element(tag, v, self.network.parents(v), body)

    def element(self, tag: str, v: str, parents: Sequence[str], body: list[str]) -> list[str]:
        """Return a node of some kind with its states and parents."""
        states = self.states(v)
        idents = identifiers(states)
        lines = [f'  <{tag} id="{self.idents[v]}">']
        lines += [f'   <state id="{idents[s]}" />' for s in states]
        lines += self.parents(parents)
        lines += body
        lines += self.extras(v, states, idents)
        return [*lines, f"  </{tag}>"]

    def parents(self, names: Sequence[str]) -> list[str]:
        """Return the line that lists a node's parents, if it has any."""
        listed = " ".join(self.idents[u] for u in names)
        return [f"   <parents>{listed}</parents>"] if listed else []

    def body(self, v: str, gate: Any, idents: dict[str, str]) -> list[str]:
        """Return the lines of a variable's figures."""
        axes = tuple(k for k, u in enumerate(self.network.parents(v)) if u in self.turned)
        if isinstance(gate, NoisyMax):
            return self.noisy_max(v, gate)
        if isinstance(gate, Function):
            names = [idents[s] for s in self.network.states(v)]
            words = [names[k] for k in np.flip(gate.outcome, axes).ravel()]
            return [f"   <resultingstates>{' '.join(words)}</resultingstates>"]
        table = np.flip(full_table(self.network, v, "XDSL"), axes)
        return [f"   <probabilities>{' '.join(digits(table))}</probabilities>"]

    def noisy_max(self, v: str, gate: NoisyMax) -> list[str]:
        """Return the lines of a noisy-MAX's figures."""
        strengths: list[int] = []
        rows: list[Array] = []
        for u, link in zip(self.network.parents(v), gate.links, strict=True):
            link = link[::-1] if u in self.turned else link
            order = by_strength(link)
            strengths += order
            rows.append(link[order])
        values = np.concatenate([*rows, gate.leak[None]])[:, ::-1]
        words = " ".join(str(k) for k in strengths)
        return [
            *([f"   <strengths>{words}</strengths>"] if strengths else []),
            f"   <parameters>{' '.join(digits(values))}</parameters>",
        ]

    def extras(self, v: str, states: list[str], idents: dict[str, str]) -> list[str]:
        """Return the lines that keep names and attributes."""
        found: dict[str, str] = {}
        if self.idents[v] != v:
            found[PREFIX + "name"] = v
        if any(idents[s] != s for s in states):
            found[PREFIX + "states"] = json.dumps(states, ensure_ascii=False)
        meta = self.network.meta.get(v, {})
        found |= {k: x for k, x in meta.items() if isinstance(x, str)}
        return [prop(k, x, 3) for k, x in found.items()]

    def extensions(self) -> list[str]:
        """Return names and places for GeNIe's drawing: one row a generation."""
        rows: dict[int, int] = {}
        depth: dict[str, int] = {}
        name = escape(self.network.name or "network")
        lines = [" <extensions>", f'  <genie version="1.0" app="fascinet" name="{name}">']
        for v in self.network.topological:
            depth[v] = max((depth[u] + 1 for u in self.network.parents(v)), default=0)
            x, y = 40 + 150 * rows.get(depth[v], 0), 40 + 110 * depth[v]
            rows[depth[v]] = rows.get(depth[v], 0) + 1
            label = escape(str(self.network.meta.get(v, {}).get("label", v)))
            lines.append(
                f'   <node id="{self.idents[v]}"><name>{label}</name>'
                f"<position>{x} {y} {x + 120} {y + 50}</position></node>"
            )
        return [*lines, "  </genie>", " </extensions>"]


def by_strength(link: Array) -> list[int]:
    """Return the parent's states from the strongest effect to the weakest, resting ones last."""
    mean = [float(m) for m in link @ np.arange(link.shape[1])]
    return sorted(range(len(link)), key=lambda k: (-mean[k], -k))
