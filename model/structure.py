"""Questions about the graph alone: separation, blankets, adjustment; and the graph as DOT."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fascinet.model.network import Network

Names = str | Iterable[str]


def named(network: "Network", names: Names) -> set[str]:
    """Return variables as a set, each checked; a single name stands for a list of one."""
    return {network.check(v) for v in ([names] if isinstance(names, str) else names)}


def d_separated(network: "Network", first: Names, second: Names, given: Names = ()) -> bool:
    """Return whether `given` d-separates two sets of variables; see `Network.d_separated`."""
    import networkx as nx

    one, two, known = (named(network, names) for names in (first, second, given))
    return bool(nx.is_d_separator(network.graph, one - known, two - known, known))


def markov_blanket(network: "Network", variable: str) -> frozenset[str]:
    """Return parents, children and the children's other parents."""
    kids = network.children(variable)
    around = {*network.parents(variable), *kids, *(u for v in kids for u in network.parents(v))}
    return frozenset(around - {variable})


def adjustment_set(
    network: "Network", treatment: str, outcome: str, among: Names | None = None
) -> frozenset[str] | None:
    """Return a minimal back-door set; see `Network.adjustment_set`."""
    import networkx as nx

    network.check(outcome)
    below = network.descendants(treatment)
    allowed = set(network.variables) if among is None else named(network, among)
    allowed -= {treatment, outcome, *below}
    graph = nx.DiGraph(network.graph)
    graph.remove_edges_from([*graph.out_edges(treatment)])
    found = nx.find_minimal_d_separator(graph, treatment, outcome, restricted=allowed)
    return None if found is None else frozenset(found)


def to_dot(network: "Network", variables: Names | None = None) -> str:
    """Return the graph in Graphviz's DOT language; see `Network.to_dot`."""
    shown = set(network.variables) if variables is None else named(network, variables)
    lines = [f"digraph {_quoted(network.name or 'network')} {{"]
    for v in network.variables:
        if v in shown:
            label = str(network.meta.get(v, {}).get("label", v))
            lines.append(f"  {_quoted(v)} [label={_quoted(label)}];")
    for v in network.variables:
        for u in network.parents(v):
            if u in shown and v in shown:
                lines.append(f"  {_quoted(u)} -> {_quoted(v)};")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
