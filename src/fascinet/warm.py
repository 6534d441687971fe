"""Compile the kernels once, so that no user waits for it: `python -m fascinet.warm`, at set-up.

Two cases take the usual ways through the kernels of a diagnosis; the search for a sweep, which only
cases of very many findings need, and the programs of plain tables are asked for by themselves.
"""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fascinet.engine.engine import Engine

FEW = {"twitching": "yes", "eyelid_twitch": "yes", "weakness": "none"}
MANY = {
    "weakness": "objective", "atrophy": "yes", "umn_signs": "yes", "bulbar": "yes",
    "tongue_signs": "yes", "neck_weakness": "yes", "foot_drop": "yes", "distal_weakness": "yes",
}  # fmt: skip


def main() -> None:
    """Diagnose the two cases; the compiled kernels are kept for later processes."""
    from fascinet.engine.decompose import open_gates
    from fascinet.engine.reasoner import shipped_reasoner
    from fascinet.engine.request import pattern_of, read_request
    from fascinet.engine.sweep import sweep_order

    reasoner = shipped_reasoner()
    for case in (FEW, MANY):
        reasoner.diagnose({"findings": case})
    net = reasoner.engine.arrays
    pattern = pattern_of(net, read_request(reasoner.network, MANY, None, None), frozenset())
    sweep_order(net, pattern, open_gates(net, pattern))
    run_tables()
    run_small()
    print("fascinet: kernels are compiled", file=sys.stderr)


def run_tables() -> None:
    """Run a program of tables alone, as large networks have them: an intervention needs one."""
    from fascinet.engine.decompose import Pattern
    from fascinet.engine.native_derivatives import by_tiles

    engine = chain()
    engine.posterior({"c": "s1"}, do={"a": "s2"})
    by_tiles(engine.arrays, engine.solver.program(Pattern(frozenset([2]))).flat, {2: 1}, {})


def run_small() -> None:
    """Answer from the fixed tree of a small network; its kernels need Numba, which keeps them."""
    engine = chain()
    engine.posterior({"c": "s1"})
    engine.log_prob_evidence({"c": "s1"})
    engine.derivatives({"c": "s1"})


def chain() -> "Engine":
    """Return a chain of three variables with states enough for whole vectors."""
    import numpy as np

    from fascinet.engine.engine import Engine
    from fascinet.model.gates import Table
    from fascinet.model.network import Network

    states = [f"s{k}" for k in range(9)]
    parents = {"a": [], "b": ["a"], "c": ["b"]}
    gates = {v: Table(np.full([9] * (len(u) + 1), 1 / 9)) for v, u in parents.items()}
    return Engine(Network({v: states for v in parents}, parents, gates), backend="numba")


if __name__ == "__main__":
    main()
