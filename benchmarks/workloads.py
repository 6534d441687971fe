"""What is measured; each function returns rows of a table."""

import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.clock import once, shortest
from benchmarks.networks import Subject
from benchmarks.peers import pgmpy_peer, pyagrum_peers
from fascinet.engine.api.engine import Engine

Row = dict[str, Any]

LIBDAI_MS = {
    "asia": 0.0098, "child": 0.045, "alarm": 0.072, "insurance": 0.85, "hepar2": 0.23,
    "win95pts": 0.25, "pathfinder": 5.7, "pigs": 33.0, "munin": 1992.0, "diabetes": 315.0,
}  # fmt: skip
"""Milliseconds of libDAI's junction tree (C++, git 6df66a8, Hugin updates, one thread), measured
elsewhere on a machine of this class: all marginals, another evidence set at every call."""


def marginals(subject: Subject, cases: int, rounds: int, with_pgmpy: bool) -> Row:
    """All posteriors of a case, ours and the peers' alternating, medians over the cases."""
    peers = pyagrum_peers(subject.network)
    if with_pgmpy:
        peers["pgmpy"] = pgmpy_peer(subject.network)
    engine = Engine(subject.network, backend="core")
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
    row |= {"warm_ratio": best / row["warm_ms"], "first_ratio": best / row["first_ms"]}
    reported = LIBDAI_MS.get(subject.name)
    if reported is not None:
        row |= {"x_libDAI_reported": reported / row["warm_ms"]}
    return row


def cold_start(subject: Subject, packets: Path, rounds: int) -> list[Row]:
    """Wall and CPU seconds of new processes: the import, a query, the diagnosis of each case."""
    query = ["-m", "fascinet", "query", str(subject.file), "--format", "json"]
    rows = [
        {"process": "import fascinet", **new_process(["-c", "import fascinet"], rounds)},
        {"process": f"fascinet query {subject.name}", **new_process(query, rounds)},
    ]
    cases = [
        new_process(["-m", "fascinet", "diagnose", str(case)], 1)
        for case in sorted(packets.glob("*.json"))
    ]
    walls = sorted(case["wall_s"] for case in cases)
    name = f"fascinet diagnose, {len(cases)} published cases"
    middle = {key: median(case[key] for case in cases) for key in ("wall_s", "cpu_s")}
    spread = {"p95_wall_s": walls[int(0.95 * len(walls))], "worst_wall_s": walls[-1]}
    return [*rows, {"process": name, **middle, **spread}]


def new_process(arguments: Sequence[str], rounds: int) -> Row:
    """Return the medians of wall and CPU seconds of a Python process with such arguments."""
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        walls.append(perf_counter() - begin)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"wall_s": median(walls), "cpu_s": median(cpus)}


MEMORY = """
import sys
from collections.abc import Sequence
from pathlib import Path
sys.path.insert(0, {root!r})
from benchmarks.networks import subject
from benchmarks.peers import pyagrum_peers
s = subject({name!r}, Path({folder!r}))
if {ours!r}:
    from fascinet.engine.api.engine import Engine
    answer = Engine(s.network, backend="core").posterior
else:
    answer = pyagrum_peers(s.network)["ShaferShenoy"]
for case in s.cases[:3]:
    answer(case)
status = Path("/proc/self/status").read_text()  # ru_maxrss would count the parent of the fork
print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
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
