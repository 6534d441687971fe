"""pgmpy networks in and out, with full tables (pgmpy is imported on the first call only)."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.model.errors import FormatError
from fascinet.model.foreign import refusal
from fascinet.model.formats.common import Draft, full_table, losses, warn
from fascinet.model.formats.divorce import divorced
from fascinet.model.network import Network

if TYPE_CHECKING:
    from pgmpy.models import DiscreteBayesianNetwork


def to_pgmpy(network: Network) -> "DiscreteBayesianNetwork":
    """Return a pgmpy network with the same names, states and parents.

    Raises
    ------
    FormatError
        If pgmpy is not installed or a function's full table is too large.

    Warns
    -----
    FormatWarning
        Once, naming the gates that became full tables or chains of small ones (`divorce`), and
        the attributes left behind.
    """
    model_class, cpd_class = _classes()
    original, apart = network, divorced(network)
    network, chains = apart.network, apart.chains
    model = model_class()
    model.add_nodes_from(network.variables)
    model.add_edges_from([(u, v) for v in network.variables for u in network.parents(v)])
    for v in network.variables:
        table = full_table(network, v, "pgmpy")
        parents = network.parents(v)
        names = {u: list(network.states(u)) for u in (v, *parents)}
        model.add_cpds(
            cpd_class(
                v,
                table.shape[-1],
                np.ascontiguousarray(table.reshape(-1, table.shape[-1]).T),
                evidence=list(parents) or None,
                evidence_card=list(table.shape[:-1]) or None,
                state_names=names,
            )
        )
    if lost := losses(original, frozenset({"names", "version", "meta"}), chains):
        warn("pgmpy cannot hold " + "; ".join(lost))
    return model


def from_pgmpy(model: "DiscreteBayesianNetwork") -> Network:
    """Return a network from a pgmpy one; names and states become text.

    Raises
    ------
    FormatError
        If it is something else, a node has no table, or a table is no distribution.
    """
    if not isinstance(model, _classes()[0]):  # pyright: ignore  (callers err)
        raise refusal("a pgmpy DiscreteBayesianNetwork", model)
    draft = Draft("pgmpy network")
    tables: Any = model.get_cpds()  # pgmpy types it as one table or a list
    cpds = {cpd.variable: cpd for cpd in tables}
    for node in model.nodes():
        if node not in cpds:
            draft.fail(None, f"no table for {node!r}")
        draft.declare(str(node), [str(s) for s in cpds[node].state_names[node]], None)
    for node, cpd in cpds.items():
        _add_table(draft, node, cpd)
    return draft.network()


def _add_table(draft: Draft, node: Any, cpd: Any) -> None:
    parents = list(cpd.variables[1:])
    draft.define(str(node), [str(u) for u in parents], None)
    values = np.moveaxis(np.asarray(cpd.values, dtype=np.float64), 0, -1)
    for axis, u in enumerate(parents):
        order = [str(s) for s in cpd.state_names[u]]
        places = [order.index(s) for s in draft.states[str(u)]]
        values = np.take(values, places, axis=axis)
    draft.table(str(node), np.ascontiguousarray(values), None)


def _classes() -> tuple[Any, Any]:
    try:
        from pgmpy.factors.discrete import TabularCPD
        from pgmpy.models import DiscreteBayesianNetwork
    except ImportError:
        raise FormatError("pgmpy is not installed: pip install 'fascinet[pgmpy]'") from None
    return DiscreteBayesianNetwork, TabularCPD
