"""How far our posteriors are from the given references, pyAgrum's and pgmpy's."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.networks import LARGE, SMALL, Subject, subject
from benchmarks.peers import pgmpy_peer
from fascinet.engine.api.engine import Engine
from fascinet.model.formats.pyagrum_bridge import to_pyagrum

Row = dict[str, Any]
FEW = 2  # cases that peers are asked
HEAVY = ("munin1", "link")  # pyAgrum takes seconds and gigabytes


def agreement(folder: Path) -> list[Row]:
    """Return the largest absolute difference of any posterior, a network a row."""
    return [one_network(subject(name, folder), folder) for name in (*SMALL, *LARGE)]


def one_network(one: Subject, folder: Path) -> Row:
    """Return the differences of one network."""
    engine, names = Engine(one.network, backend="core"), one.network.variables
    given = np.load(folder / f"{one.name}.reference.npz")
    far = 0.0
    for i, case in enumerate(one.cases):
        found = engine.posterior(case)
        kept = [v for v in names if f"{i}|{v}" in given.files]
        far = max([far, *(float(np.abs(found.array(v) - given[f"{i}|{v}"]).max()) for v in kept)])
    row: Row = {"network": one.name, "cases": len(one.cases), "reference": far}
    if one.name not in HEAVY:
        row["pyagrum"] = beside_pyagrum(engine, one)
    if one.name in SMALL and one.name != "win95pts":
        row["pgmpy"] = beside_pgmpy(engine, one)
    return row


def beside_pyagrum(engine: Engine, one: Subject) -> float:
    """Return the largest difference from pyAgrum's Shafer-Shenoy, the tables handed over.

    Its reader of BIF files takes numbers in single precision, so no file is read here.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyagrum as gum

        theirs = gum.ShaferShenoyInference(to_pyagrum(one.network))
    far = 0.0
    for case in one.cases[:FEW]:
        found = engine.posterior(case)
        theirs.setEvidence({v: one.network.state_index(v, s) for v, s in case.items()})
        theirs.makeInference()
        for v in one.network.variables:
            far = max(far, float(np.abs(found.array(v) - theirs.posterior(v).toarray()).max()))
    return far


def beside_pgmpy(engine: Engine, one: Subject) -> float:
    """Return the largest difference from pgmpy's variable elimination."""
    ask, far = pgmpy_peer(one.network), 0.0
    for case in one.cases[:FEW]:
        found = engine.posterior(case)
        for factor in ask(case):
            (v,) = factor.variables
            at = [factor.state_names[v].index(s) for s in one.network.states(v)]
            far = max(far, float(np.abs(found.array(v) - factor.values[at]).max()))
    return far
