"""Compile the kernels once, so that no user waits for it: `python -m fascinet.warm`, at set-up.

Two cases take the usual ways through the kernels of a diagnosis; the search for a sweep, which only
cases of very many findings need, is asked for by itself. Meanwhile a second process runs programs
of plain tables, small networks and batches.
"""

import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fascinet.engine.engine import Engine

FEW = {"twitching": "yes", "eyelid_twitch": "yes", "weakness": "none"}
MANY = {
    "weakness": "objective", "atrophy": "yes", "umn_signs": "yes", "bulbar": "yes",
    "tongue_signs": "yes", "neck_weakness": "yes", "foot_drop": "yes", "distal_weakness": "yes",
}  # fmt: skip
TABLES = "tables"  # the argument of the second process


def main(arguments: Sequence[str] = ()) -> None:
    """Compile all kernels, on two cores; they are kept for later processes."""
    if TABLES in arguments:
        for run in (run_tables, run_small, run_frames):
            run()
        return
    second = subprocess.Popen([sys.executable, "-m", "fascinet.warm", TABLES])
    run_diagnoses()
    if second.wait():
        raise SystemExit("fascinet: the kernels of tables and batches could not be compiled")
    print("fascinet: kernels are compiled", file=sys.stderr)


def run_diagnoses() -> None:
    """Diagnose the two cases, and search for a sweep."""
    from fascinet.engine.clinic.reasoner import shipped_reasoner
    from fascinet.engine.decompose import open_gates
    from fascinet.engine.request import pattern_of, read_request
    from fascinet.engine.sweep import sweep_order

    reasoner = shipped_reasoner()
    for case in (FEW, MANY):
        reasoner.diagnose({"findings": case})
    net = reasoner.engine.arrays
    pattern = pattern_of(net, read_request(reasoner.network, MANY, None, None), frozenset())
    sweep_order(net, pattern, open_gates(net, pattern))


def run_tables() -> None:
    """Run a program of tables alone, as large networks have them: an intervention needs one."""
    engine = chain()
    engine.posterior({"c": "s1"}, do={"a": "s2"})


def run_small() -> None:
    """Answer from the fixed tree of a small network; its kernels need Numba, which keeps them."""
    engine = chain()
    engine.posterior({"c": "s1"})
    engine.log_prob_evidence({"c": "s1"})
    engine.derivatives({"c": "s1"})


def run_frames() -> None:
    """Answer frames: a small one of tables, and rows of the shipped network with many cores."""
    import pandas as pd

    from fascinet.engine.engine import Engine
    from fascinet.model.shipped import shipped_network

    network = shipped_network()
    seen = sorted(MANY)
    states = {v: network.states(v) for v in seen}
    rows = [{v: states[v][-(i >> j % 5 & 1)] for j, v in enumerate(seen)} for i in range(24)]
    rows = [{"twitching": "yes", "sex": ("male", "female")[i % 2]} | r for i, r in enumerate(rows)]
    frame = pd.DataFrame([*rows, *rows[3:4] * 8])
    engine = Engine(network, backend="core")
    engine.posteriors(frame, ["als"], impossible="nan")
    engine.posteriors(frame, impossible="nan")
    few = {"a": ["s0", "s1", None] * 10, "c": [None, "s1", "s2"] * 10}
    chain().posteriors(pd.DataFrame(few))


def chain() -> "Engine":
    """Return a chain of three variables with states enough for whole vectors."""
    import numpy as np

    from fascinet.engine.engine import Engine
    from fascinet.model.gates import Table
    from fascinet.model.network import Network

    states = [f"s{k}" for k in range(9)]
    parents = {"a": [], "b": ["a"], "c": ["b"]}
    gates = {v: Table(np.full([9] * (len(u) + 1), 1 / 9)) for v, u in parents.items()}
    return Engine(Network({v: states for v in parents}, parents, gates), backend="core")


if __name__ == "__main__":
    main(sys.argv[1:])
