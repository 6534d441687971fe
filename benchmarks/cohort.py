"""`fascinet cohort` on the shipped network: rows a second, peak memory, processes, dask.

Rows are published cases, each finding kept with probability 0.8: nearly all sets differ. CPU
seconds are those of the command and all processes under it; wall seconds depend on what else runs.
Memory is the largest sum over the processes (resident set, polled). "One core" is one process kept
to one core, since a process alone would take all of them for its answers: two processes are
compared with that, and dask by CPU seconds. A tenth of the rows goes these ways; all of them go
through two processes.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from benchmarks.shipped_batch import mixed_frame, typical_cases
from fascinet.engine.clinic.reasoner import shipped_reasoner

Row = dict[str, Any]
PART = 50_000  # rows that are made at a time
CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(host="127.0.0.1", n_workers=1, threads_per_worker=1, processes=True,
                      dashboard_address=None, protocol="tcp://") as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


def write_cases(path: Path, packets: Path, count: int) -> list[str]:
    """Write a table of cases; return the causes of the network."""
    network = shipped_reasoner().network
    cases = typical_cases(network, packets)
    for begin in range(0, count, PART):
        frame = mixed_frame(network, cases, min(PART, count - begin), seed=1 + begin)
        used = [v for v in network.variables if any(v in c for c in cases)]
        frame[used].to_csv(path, index=False, mode="a", header=not begin)
    return [v for v in network.variables if network.meta[v].get("kind") == "cause"]


def tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def measured(
    command: list[str], beside: psutil.Process | None = None, core: int | None = None
) -> Row:
    """Run a command; return wall and CPU seconds and the peak of memory of its processes."""

    def cpu(processes: list[psutil.Process]) -> float:
        total = 0.0
        for p in processes:
            try:
                t = p.cpu_times()
                total += t.user + t.system
            except psutil.NoSuchProcess:
                pass
        return total

    others = tree(beside) if beside else []
    before, begin = cpu(others), time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "fascinet", "--quiet", *command])
    watched, peak, spent = psutil.Process(process.pid), 0, 0.0
    if core is not None:
        watched.cpu_affinity([core])
    while process.poll() is None:
        alive = tree(watched)
        sizes = 0
        for p in alive:
            try:
                sizes += p.memory_info().rss
            except psutil.NoSuchProcess:
                pass
        peak, spent = max(peak, sizes), max(spent, cpu(alive))
        time.sleep(0.05)
    if process.returncode:
        raise RuntimeError(f"cohort failed: {process.returncode}")
    wall = time.perf_counter() - begin
    return {"wall": wall, "cpu": spent + cpu(others) - before, "peak_gib": peak / 2**30}


@contextmanager
def cluster() -> Iterator[tuple[str, psutil.Process]]:
    """Serve a scheduler and one worker on this machine, over TCP."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield process.stdout.readline().strip(), psutil.Process(process.pid)
    finally:
        process.stdin.close()
        process.wait(30)


def cohort(packets: Path, count: int) -> list[Row]:
    """Measure one core, two processes, and dask with one worker; the outputs are the same bytes."""
    out: list[Row] = []
    with TemporaryDirectory() as folder, cluster() as (address, workers):
        source, results = Path(folder) / "in.csv", list[bytes]()
        few = count // 10
        targets = ",".join(write_cases(source, packets, few))
        ways: dict[str, list[str]] = {
            "one core": [], "two processes": ["--processes", "2"],
            "dask, one worker": ["--scheduler", address],
        }  # fmt: skip
        for name, more in ways.items():
            path = Path(folder) / "out.csv"
            command = ["cohort", str(source), str(path), "--targets", targets, *more]
            core = 0 if name == "one core" else None
            row = measured(command, workers if "dask" in name else None, core)
            results.append(path.read_bytes())
            rates = {
                "rows_per_cpu_second": few / row["cpu"],
                "rows_per_second": few / row["wall"],
            }
            out.append({"workload": name, "rows": few} | rates | row)
            out[-1]["same_bytes"] = results[-1] == results[0]
            print(out[-1], flush=True)
        out[1]["x_wall"] = out[0]["wall"] / out[1]["wall"]
        out[2]["cpu_overhead"] = out[2]["cpu"] / out[0]["cpu"] - 1.0
        every, path = Path(folder) / "all.csv", Path(folder) / "out.csv"
        write_cases(every, packets, count)
        row = measured(["cohort", str(every), str(path), "--targets", targets, "--processes", "2"])
        rates = {"rows_per_cpu_second": count / row["cpu"], "rows_per_second": count / row["wall"]}
        out.append({"workload": "two processes, all rows", "rows": count} | rates | row)
        print(out[-1], flush=True)
    out[0]["load"] = os.getloadavg()[0]
    return out
