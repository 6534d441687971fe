"""How a network shows itself in a notebook: facts, and a drawing where it is small enough."""

from collections import Counter
from html import escape

import numpy as np

from fascinet.model.layout import layers
from fascinet.model.network import Network, gate_arrays
from fascinet.model.svg import Drawing

DRAWN = 80
"""Networks of more variables are shown as facts alone."""


def facts(network: Network) -> dict[str, str]:
    """Return what there is to say about a network in a few words each."""
    kinds = Counter(
        str(network.meta.get(v, {}).get("kind", type(network.gate(v)).__name__.lower()))
        for v in network.variables
    )
    entries = sum(a.size for v in network.variables for a in gate_arrays(network.gate(v)))
    most = max((len(network.states(v)) for v in network.variables), default=0)
    return {
        "variables": f"{len(network.variables):,}",
        "arcs": f"{network.graph.number_of_edges():,}",
        "parameters": f"{entries:,}",
        "most states": str(most),
        "kinds": ", ".join(f"{n} {kind}" for kind, n in kinds.most_common()),
        "version": network.version or "none",
        "hash": network.hash,
    }


def network_html(network: Network) -> str:
    """Return a self-contained HTML fragment: a table of facts, and a drawing of small networks."""
    rows = "".join(
        f'<tr><th style="text-align:left">{escape(k)}</th>'
        f'<td style="text-align:left">{escape(x)}</td></tr>'
        for k, x in facts(network).items()
    )
    drawing = ""
    if len(network.variables) <= DRAWN:
        figure = Drawing(network, layers(network), roots(network))
        drawing = f"<details open><summary>arcs</summary>{figure._repr_html_()}</details>"  # pyright: ignore[reportPrivateUsage]  (Jupyter's protocol)
    name = escape(network.name or "network")
    return f"<div><strong>{name}</strong><table>{rows}</table>{drawing}</div>"


def roots(network: Network) -> dict[str, np.ndarray]:
    """Return the distributions of variables without parents, which need no inference."""
    return {v: network.cpt(v) for v in network.variables if not network.parents(v)}
