"""The peers under one interface: answer one case, every posterior read."""

import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fascinet.model.formats import write
from fascinet.model.network import Network

Case = dict[str, str]
Answer = Callable[[Case], Any]


def _plain_states(network: Network) -> Network:
    """Return the network with states s0, s1, …: pyAgrum's reader refuses names such as `<5`."""
    states = {v: [f"s{i}" for i in range(len(network.states(v)))] for v in network.variables}
    return network.replace(states=states)


def pyagrum_peers(network: Network) -> dict[str, Answer]:
    """Return ShaferShenoy and LazyPropagation on one thread."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyagrum as gum
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "network.bif"
        write(_plain_states(network), copy)
        bn = gum.loadBN(str(copy))
    names = list(bn.names())
    place = {v: {s: i for i, s in enumerate(network.states(v))} for v in network.variables}

    def answer(engine: Any) -> Answer:
        engine.setNumberOfThreads(1)

        def run(case: Case) -> Any:
            engine.setEvidence({v: place[v][s] for v, s in case.items()})
            engine.makeInference()
            return [engine.posterior(v) for v in names]

        return run

    return {
        "ShaferShenoy": answer(gum.ShaferShenoyInference(bn)),
        "LazyPropagation": answer(gum.LazyPropagation(bn)),
    }


def pyagrum_families(network: Network) -> Answer:
    """Return the joint of every family by ShaferShenoy: the expert's way to all derivatives.

    d P(e) / d θ(x | u) = P(x, u, e) / θ(x | u), where θ is not zero; the division is not counted.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyagrum as gum
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "network.bif"
        write(_plain_states(network), copy)
        bn = gum.loadBN(str(copy))
    place = {v: {s: i for i, s in enumerate(network.states(v))} for v in network.variables}
    families = [{v, *network.parents(v)} for v in network.variables]
    engine = gum.ShaferShenoyInference(bn)
    engine.setNumberOfThreads(1)
    for family in families:
        engine.addJointTarget(family)

    def run(case: Case) -> Any:
        engine.setEvidence({v: place[v][s] for v, s in case.items()})
        engine.makeInference()
        return [engine.jointPosterior(family) for family in families]

    return run


def pgmpy_peer(network: Network) -> Answer:
    """Return pgmpy's variable elimination, one query a variable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.inference import VariableElimination

        engine = VariableElimination(network.to_pgmpy())

    def run(case: Case) -> Any:
        free = [v for v in network.variables if v not in case]
        return [engine.query([v], evidence=case, show_progress=False) for v in free]

    return run
