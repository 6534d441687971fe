"""pyAgrum networks in and out, with full tables (pyAgrum is imported on the first call only)."""

from typing import Any

import numpy as np

from fascinet.model.errors import FormatError
from fascinet.model.foreign import refusal
from fascinet.model.formats.common import Draft, full_table, losses, warn
from fascinet.model.formats.divorce import divorced
from fascinet.model.gates import Array
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

    Whatever a variable's table is made of there (noisy-OR, noisy-AND, logit, aggregators), it is
    read entry by entry and becomes a full table.

    Raises
    ------
    FormatError
        If it is another kind of pyAgrum model, or a table is no distribution.
    """
    gum = _module()
    if not isinstance(net, gum.BayesNet):
        raise refusal("a pyAgrum BayesNet", net)
    draft = Draft("pyAgrum network")
    names = {k: net.variable(k).name() for k in net.nodes()}
    for k, v in names.items():
        draft.declare(v, list(net.variable(k).labels()), None)
    for k, v in names.items():
        cpt = net.cpt(k)
        parents = [u for u in cpt.names if u != v]
        shape = draft.define(v, parents, None)
        draft.table(v, _entries(gum, cpt, (*parents, v), shape), None)
    return draft.network()


def _entries(gum: Any, cpt: Any, order: tuple[str, ...], shape: tuple[int, ...]) -> Array:
    """Return a table entry by entry, the last of `order` fastest.

    `toarray` and its kin read the memory of a plain table, which other kinds of table do not have.
    """
    place = gum.Instantiation()
    for name in reversed(order):  # the first one added moves fastest
        place.add(cpt.variable(name))
    values = np.empty(int(np.prod(shape)))
    for k in range(values.size):
        values[k] = cpt.get(place)
        place.inc()
    return values.reshape(shape)


def _module() -> Any:
    try:
        import pyagrum
    except ImportError:
        raise FormatError("pyAgrum is not installed: pip install pyagrum") from None
    return pyagrum
