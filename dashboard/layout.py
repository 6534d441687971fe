"""Where the nodes of the network stand: one column a layer, ordered to cross few arcs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fascinet.dashboard.words import label, short_label
from fascinet.model.network import Network

COLUMNS = (
    (("context", "risk"), "Context and risks"),
    (("cause",), "Causes"),
    (("mechanism",), "Mechanisms"),
    (("finding",), "Findings"),
    (("test",), "Tests"),
)
# in a story tests stand with the findings, so that no arc to a test runs behind a finding
TOGETHER = (*COLUMNS[:-2], (("finding", "test"), "Findings"))
ROOMY = 7  # findings and tests that one column holds, large enough to be read in a room
HIDDEN = "trigger"
TALLEST = 50
SWEEPS = 6


@dataclass(frozen=True)
class Size:
    """How large things are drawn, in units of the drawing.

    Attributes
    ----------
    node, tall : int
        Width and height of a node.
    gap, row, top : int
        Between columns; from node to node; above the first.
    font : int
        Height of letters.
    letters : int
        How many fit into a node.
    """

    node: int = 178
    tall: int = 24
    gap: int = 44
    row: int = 30
    top: int = 30
    font: int = 12
    letters: int = 23


MAP = Size()
STORY = Size(node=196, tall=44, gap=58, row=58, top=34, font=17, letters=48)


@dataclass(frozen=True)
class GraphLayout:
    """Positions and arcs, ready to be drawn.

    Attributes
    ----------
    nodes : tuple of dict
        id, label, short, layer, x, y (left upper corner, in units of the drawing).
    edges : tuple of (parent, child)
        Hidden trigger nodes are folded: cause → trigger → finding is drawn cause → finding.
    columns : tuple of dict
        label and x of each column.
    width, height : int
        Size of the drawing.
    """

    nodes: tuple[dict[str, Any], ...]
    edges: tuple[tuple[str, str], ...]
    columns: tuple[dict[str, Any], ...]
    width: int
    height: int
    size: Size = MAP

    @cached_property
    def ids(self) -> frozenset[str]:
        """All variables that are drawn."""
        return frozenset(str(n["id"]) for n in self.nodes)

    def payload(self, key: str) -> dict[str, Any]:
        """Return the layout as the graph component wants it."""
        return {
            "id": key,
            "nodes": list(self.nodes),
            "edges": [list(e) for e in self.edges],
            "columns": list(self.columns),
            "width": self.width,
            "height": self.height,
            "node": self.size.node,
            "tall": self.size.tall,
            "font": self.size.font,
        }


def kind_of(network: Network, variable: str) -> str:
    """Return the layer of a variable; without meta data, roots are causes, the rest findings."""
    kind = network.meta.get(variable, {}).get("kind")
    if kind is None:
        return "finding" if network.parents(variable) else "cause"
    return str(kind)


def folded_edges(network: Network) -> tuple[tuple[str, str], ...]:
    """Return the arcs with hidden trigger nodes taken out and their ends joined."""
    hidden = {v for v in network.variables if kind_of(network, v) == HIDDEN}
    out: dict[tuple[str, str], None] = {}
    for parent, child in network.graph.edges:
        if child in hidden:
            continue
        for source in _visible_parents(network, parent, hidden):
            if source != child:
                out[source, child] = None
    return tuple(out)


def _visible_parents(network: Network, variable: str, hidden: set[str]) -> list[str]:
    if variable not in hidden:
        return [variable]
    return [u for p in network.parents(variable) for u in _visible_parents(network, p, hidden)]


def arrange(network: Network, only: Collection[str] | None = None, size: Size = MAP) -> GraphLayout:
    """Return the positions of visible nodes, by repeated barycentre sweeps (Sugiyama 1981).

    Parameters
    ----------
    network : Network
    only : collection of str, optional
        The variables to draw; default: all that are not hidden.
    size : Size
    """
    edges = folded_edges(network)
    columns = _columns(network, only)
    order = {v: i / max(1, len(c)) for _, c in columns for i, v in enumerate(c)}
    near: dict[str, list[str]] = {v: [] for v in order}
    for a, b in edges:
        if a in near and b in near:
            near[a].append(b)
            near[b].append(a)
    for _ in range(SWEEPS):
        for _, column in columns:
            column.sort(key=lambda v: _centre(v, near, order))
            order |= {v: (i + 0.5) / len(column) for i, v in enumerate(column)}
    drawn = tuple(e for e in edges if e[0] in order and e[1] in order)
    return _placed(network, columns, drawn, size)


def _columns(network: Network, only: Collection[str] | None = None) -> list[tuple[str, list[str]]]:
    """Return the columns; one with too many nodes is halved."""
    chosen = network.variables if only is None else [v for v in network.variables if v in only]
    out: list[tuple[str, list[str]]] = []
    shown = [v for v in chosen if kind_of(network, v) in {"finding", "test"}]
    for kinds, title in COLUMNS if only is None or len(shown) > ROOMY else TOGETHER:
        column = [v for kind in kinds for v in chosen if kind_of(network, v) == kind]
        half = (len(column) + 1) // 2 if len(column) > TALLEST else len(column)
        out += [(title, column[:half]), ("", column[half:])]
    return [(title, column) for title, column in out if column]


def _centre(v: str, near: dict[str, list[str]], order: dict[str, float]) -> float:
    kin = near[v]
    return sum(order[u] for u in kin) / len(kin) if kin else order[v]


def _placed(
    network: Network,
    columns: Sequence[tuple[str, list[str]]],
    edges: tuple[tuple[str, str], ...],
    size: Size,
) -> GraphLayout:
    tallest = max((len(c) for _, c in columns), default=1)
    height = size.top + size.row * tallest
    nodes: list[dict[str, Any]] = []
    heads: list[dict[str, Any]] = []
    for i, (title, column) in enumerate(columns):
        x = i * (size.node + size.gap)
        heads.append({"label": title, "x": x})
        step = min(2.0 * size.row, (height - size.top) / len(column))
        start = size.top + ((height - size.top) - step * len(column)) / 2
        nodes += [
            _node(network, v, x, start + step * j, size.letters) for j, v in enumerate(column)
        ]
    width = len(columns) * (size.node + size.gap) - size.gap
    return GraphLayout(tuple(nodes), edges, tuple(heads), width + 4, height + 4, size)


def _node(network: Network, variable: str, x: float, y: float, letters: int) -> dict[str, Any]:
    name = short_label(network, variable)
    short = name if len(name) <= letters else name[: letters - 1].rstrip(" ,(") + "…"
    return {
        "id": variable,
        "label": label(network, variable),
        "short": short,
        "layer": kind_of(network, variable),
        "x": round(x + 1, 1),
        "y": round(y, 1),
    }
