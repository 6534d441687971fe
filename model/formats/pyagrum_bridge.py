"""pyAgrum networks in and out, with full tables (pyAgrum is imported on the first call only)."""

from typing import Any

import numpy as np

from fascinet.model.errors import FormatError
from fascinet.model.formats.common import Draft, full_table, losses, warn
from fascinet.model.formats.divorce import divorced
from fascinet.model.network import Network


def to_pyagrum(network: Network) -> Any:
    """Return a pyAgrum ``BayesNet`` with the same names, states and parents.

    Raises
    ------
    FormatError
        If pyAgrum is not installed or a function's full table is too large.

    Warns
    -----
    FormatWarning
        Once, naming the gates that became full tables or chains of small ones (`divorce`), and
        the attributes left behind.
    """
    gum = _module()
    original, apart = network, divorced(network)
    network, chains = apart.network, apart.chains
    net = gum.BayesNet(network.name or "network")
    for v in network.variables:
        label = str(network.meta.get(v, {}).get("label", v))
        net.add(gum.LabelizedVariable(v, label, list(network.states(v))))
    for v in network.variables:
        for u in network.parents(v):
            net.addArc(u, v)
    for v in network.variables:
        table = full_table(network, v, "pyAgrum")
        cpt = net.cpt(v)
        order = [u for u in reversed(cpt.names) if u != v]
        axes = [network.parents(v).index(u) for u in order]
        cpt.fillWith(np.transpose(table, (*axes, table.ndim - 1)).ravel().tolist())
    if lost := losses(original, frozenset({"names", "version", "meta"}), chains):
        warn("pyAgrum cannot hold " + "; ".join(lost))
    return net


def from_pyagrum(net: Any) -> Network:
    """Return a network from a pyAgrum one; states are the labels of its variables.

    Raises
    ------
    FormatError
        If a table is no distribution.
    """
    draft = Draft("pyAgrum network")
    names = {k: net.variable(k).name() for k in net.nodes()}
    for k, v in names.items():
        draft.declare(v, list(net.variable(k).labels()), None)
    for k, v in names.items():
        cpt = net.cpt(k)
        parents = [u for u in cpt.names if u != v]
        draft.define(v, parents, None)
        shown = list(reversed(cpt.names))
        values = np.asarray(cpt.toarray(), dtype=np.float64)
        axes = [shown.index(u) for u in (*parents, v)]
        draft.table(v, np.ascontiguousarray(np.transpose(values, axes)), None)
    return draft.network()


def _module() -> Any:
    try:
        import pyagrum
    except ImportError:
        raise FormatError("pyAgrum is not installed: pip install pyagrum") from None
    return pyagrum
