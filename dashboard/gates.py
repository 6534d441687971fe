"""A gate or table as rows that people can read."""

from itertools import product
from typing import Any

from fascinet.dashboard.words import label, state_name
from fascinet.model.gates import NoisyMax, Table
from fascinet.model.network import Network

MOST = 72


def gate_title(network: Network, variable: str) -> str:
    """Say in one line how a variable depends on its parents."""
    gate = network.gate(variable)
    if not network.parents(variable):
        return "Prior distribution"
    if isinstance(gate, NoisyMax):
        kind = "noisy-OR" if gate.states == 2 else "noisy-MAX"
        return f"Leaky {kind}: each row is the effect of that parent alone (Díez's convention)"
    if isinstance(gate, Table):
        return "Table: a row for each combination of parents"
    return "Fixed rule: no chance in it"


def gate_rows(network: Network, variable: str) -> list[dict[str, Any]]:
    """Return one row a parent state (noisy gates) or a combination of parents (tables).

    Returns
    -------
    list of dict
        `when` says the condition, `given` is the same as parents and their states; each state of
        the variable has its probability. At most `MOST` rows of a table.
    """
    gate = network.gate(variable)
    states = [state_name(network, variable, s) for s in network.states(variable)]
    if isinstance(gate, NoisyMax):
        rows = _noisy(network, variable, gate, states)
    else:
        rows = _table(network, variable, states)
    return rows


def _noisy(
    network: Network, variable: str, gate: NoisyMax, states: list[str]
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"when": "nothing listed (leak)", "given": {}, **_values(states, gate.leak)}
    ]
    for parent, link in zip(network.parents(variable), gate.links, strict=True):
        for state, row in zip(network.states(parent), link, strict=True):
            if row[0] < 1.0:
                name = f"{label(network, parent)}: {state_name(network, parent, state)}"
                rows.append({"when": name, "given": {parent: state}, **_values(states, row)})
    return rows


def _table(network: Network, variable: str, states: list[str]) -> list[dict[str, Any]]:
    parents = network.parents(variable)
    table = network.cpt(variable).reshape(-1, len(states))
    combos = product(*(network.states(p) for p in parents))
    rows: list[dict[str, Any]] = []
    for combo, row in zip(combos, table, strict=True):
        if len(rows) >= MOST:
            break
        given = dict(zip(parents, combo, strict=True))
        when = ", ".join(
            f"{label(network, p)}: {state_name(network, p, s)}" for p, s in given.items()
        )
        rows.append({"when": when or "always", "given": given, **_values(states, row)})
    return rows


def _values(states: list[str], row: Any) -> dict[str, float]:
    return {s: float(p) for s, p in zip(states, row, strict=True)}
