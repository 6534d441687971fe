"""Prequential monitors: whether each table of a network forecasts what is seen.

Each case where a variable and its parents are known is a forecast by one row of its table. With
S = -ln P(x | u) of what happened, E = -Σ p ln p and V = Σ p ln² p - E² of the row, the monitor is
Z = Σ (S - E) / √ΣV, about standard normal while the row is right (Spiegelhalter, Dawid, Lauritzen
& Cowell 1993, doi:10.1214/ss/1177010888). Parent-child monitors look at one row, node monitors at
all rows of a variable. Ranges are not used: the figures are taken as they are.
"""

from collections.abc import Iterator
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.results import Columns
from fascinet.model.gates import Function
from fascinet.model.network import Network

States = NDArray[np.int16]
TABLE = 2**16  # entries up to which a table is looked at row by row


def monitors(network: Network, states: States) -> Columns:
    """Return a row for each variable and for each row of its table that was met in the cases.

    Parameters
    ----------
    states : array, shape (cases, variables)
        State of each variable, -1 where it is unknown.
    """
    rows = [row for v in network.variables for row in _variable(network, v, states)]
    names = ("variable", "parents", "n", "score", "expected", "z", "impossible")
    return {name: [row[name] for row in rows] for name in names}


def _variable(network: Network, v: str, states: States) -> Iterator[dict[str, Any]]:
    gate, parents = network.gate(v), network.parents(v)
    size = float(np.prod([float(c) for c in (*gate.cards, gate.states)]))
    places = [network.index[u] for u in (*parents, v)]
    known = states[(states[:, places] >= 0).all(axis=1)][:, places].astype(np.int64)
    if not len(known) or size > TABLE or isinstance(gate, Function) or gate.states < 2:
        return
    table = network.cpt(v)
    counts = np.zeros(table.shape)
    np.add.at(counts, tuple(known.T), 1.0)
    found = [_monitor(n, p) for n, p in _rows(counts, table)]
    yield {"variable": v, "parents": {}} | _joined(found)
    if parents:
        configs = np.ndindex(*table.shape[:-1])
        for at, row in zip(configs, found, strict=True):
            if row["n"]:
                given = {u: network.states(u)[k] for u, k in zip(parents, at, strict=True)}
                yield {"variable": v, "parents": given} | _joined([row])


def _rows(counts: Any, table: Any) -> Iterator[tuple[Any, Any]]:
    width = table.shape[-1]
    yield from zip(counts.reshape(-1, width), table.reshape(-1, width), strict=True)


def _monitor(counts: Any, row: Any) -> dict[str, float]:
    """Return Σ S, Σ E and Σ V over the cases of one row, and how many were impossible."""
    some = row > 0.0
    logs = np.log(row[some])
    mean = -float(row[some] @ logs)
    spread = float(row[some] @ logs**2) - mean**2
    n = float(counts.sum())
    return {
        "n": n, "impossible": float(counts[~some].sum()), "score": -float(counts[some] @ logs),
        "expected": n * mean, "variance": n * max(spread, 0.0),
    }  # fmt: skip


def _joined(rows: list[dict[str, float]]) -> dict[str, Any]:
    total = {key: sum(row[key] for row in rows) for key in rows[0]}
    variance, impossible = total["variance"], int(total["impossible"])
    z = (total["score"] - total["expected"]) / sqrt(variance) if variance > 1e-12 else np.nan
    return {
        "n": int(total["n"]), "score": total["score"], "expected": total["expected"],
        "z": float("inf") if impossible else z, "impossible": impossible,
    }  # fmt: skip
