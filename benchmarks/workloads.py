"""What is measured; each function returns rows of a table."""

import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.clock import once, shortest
from benchmarks.networks import Subject
from benchmarks.peers import pgmpy_peer, pyagrum_peers
from fascinet.engine.engine import Engine
from fascinet.model.gates import Table, noisy_or
from fascinet.model.network import Network

Row = dict[str, Any]


def marginals(subject: Subject, cases: int, rounds: int, with_pgmpy: bool) -> Row:
    """All posteriors of a case, ours and the peers' alternating, medians over the cases."""
    peers = pyagrum_peers(subject.network)
    if with_pgmpy:
        peers["pgmpy"] = pgmpy_peer(subject.network)
    engine = Engine(subject.network, backend="numba")
    engine.posterior(subject.cases[-1])
    first: list[float] = []
    times: dict[str, list[float]] = {"warm": [], **{p: [] for p in peers}}
    for case in subject.cases[:cases]:
        first.append(once(lambda c=case: engine.posterior(c)))
        times["warm"].append(shortest(lambda c=case: engine.posterior(c), rounds))
        for name, answer in peers.items():
            n = 1 if name == "pgmpy" else rounds
            times[name].append(shortest(lambda c=case, a=answer: a(c), n, 0.0))
    row: Row = {"network": subject.name, "first_ms": 1e3 * median(first)}
    row |= {f"{k}_ms": 1e3 * median(v) for k, v in times.items()}
    best = min(row["ShaferShenoy_ms"], row["LazyPropagation_ms"])
    return row | {"warm_ratio": best / row["warm_ms"], "first_ratio": best / row["first_ms"]}


def batch(subject: Subject, rows: int) -> Row:
    """Cases per CPU second of a frame of mixed evidence sets, beside pyAgrum's loop."""
    engine = Engine(subject.network, backend="numba")
    picked = [subject.cases[i % len(subject.cases)] for i in range(rows)]
    frame = pd.DataFrame(
        [{v: c.get(v) for v in subject.network.variables} for c in picked], dtype=object
    )
    engine.posteriors(frame.iloc[:64])
    ours = rows / once(lambda: engine.posteriors(frame))
    peers = pyagrum_peers(subject.network)
    theirs = max(
        1.0 / median(shortest(lambda c=c, a=a: a(c), 3, 0.0) for c in subject.cases[:5])
        for a in peers.values()
    )
    return {
        "network": subject.name, "rows": rows, "cases_per_second": ours,
        "pyagrum_cases_per_second": theirs, "ratio": ours / theirs,
    }  # fmt: skip


def derivatives(subject: Subject) -> Row:
    """All-parameter derivatives beside one pass of all marginals."""
    engine = Engine(subject.network, backend="numba")
    case = subject.cases[0]
    posterior = shortest(lambda: engine.posterior(case))
    gradient = shortest(lambda: engine.derivatives(case))
    return {
        "network": subject.name, "derivatives_ms": 1e3 * gradient,
        "marginals_ms": 1e3 * posterior, "ratio": gradient / posterior,
    }  # fmt: skip


def cold_start(subject: Subject, rounds: int) -> Row:
    """Wall and CPU seconds of `fascinet query` in a new process."""
    command = [sys.executable, "-m", "fascinet", "query", str(subject.file), "--format", "json"]
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        walls.append(perf_counter() - begin)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"network": subject.name, "wall_s": median(walls), "cpu_s": median(cpus)}


MEMORY = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from benchmarks.networks import subject
from benchmarks.peers import pyagrum_peers
s = subject({name!r}, Path({folder!r}))
if {ours!r}:
    from fascinet.engine.engine import Engine
    answer = Engine(s.network, backend="numba").posterior
else:
    answer = pyagrum_peers(s.network)["ShaferShenoy"]
for case in s.cases[:3]:
    answer(case)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def peak_memory(subject: Subject) -> Row:
    """Peak resident MiB of a process that answers three cases, ours and ShaferShenoy."""
    root = str(Path(__file__).parents[1])

    def peak(ours: bool) -> float:
        code = MEMORY.format(
            root=root, name=subject.name, folder=str(subject.file.parent), ours=ours
        )
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        return float(done.stdout.split()[-1])

    ours, theirs = peak(True), peak(False)
    return {
        "network": subject.name, "mib": ours, "pyagrum_mib": theirs, "share": ours / theirs,
    }  # fmt: skip


def chain(length: int) -> Network:
    """Return a chain of binary variables."""
    names = [f"x{i}" for i in range(length)]
    step = Table(np.array([[0.9, 0.1], [0.2, 0.8]]))
    gates = {names[0]: Table(np.array([0.5, 0.5]))} | {v: step for v in names[1:]}
    above = {v: [u] for u, v in zip(names, names[1:], strict=False)}
    return Network({v: ["no", "yes"] for v in names}, above, gates)


def star(parents: int) -> Network:
    """Return a noisy-OR of so many causes."""
    causes = [f"c{i}" for i in range(parents)]
    gates = {v: noisy_or([], 0.1) for v in causes} | {"x": noisy_or([0.3] * parents, 0.01)}
    return Network({v: ["no", "yes"] for v in [*causes, "x"]}, {"x": causes}, gates)


def scaling() -> list[Row]:
    """Time of one query against nodes of a chain and parents of a gate."""
    rows: list[Row] = []
    for n in (100, 300, 1000, 3000):
        engine = Engine(chain(n), backend="numba")
        case = {"x0": "yes", f"x{n - 1}": "no"}
        engine.posterior(case)
        rows.append({"shape": "chain", "size": n, "ms": 1e3 * shortest(
            lambda e=engine, c=case: e.posterior(c))})  # fmt: skip
    for n in (5, 10, 20, 40, 80, 160):
        engine = Engine(star(n), backend="numba")
        engine.posterior({"x": "yes"})
        rows.append({"shape": "noisy-OR", "size": n, "ms": 1e3 * shortest(
            lambda e=engine: e.posterior({"x": "yes"}))})  # fmt: skip
    return rows
