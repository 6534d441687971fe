"""Run the measurements: `python -m benchmarks [workload …] [--networks DIR] [--quick]`."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import workloads as w
from benchmarks.agreement import agreement
from benchmarks.analyses import analyses
from benchmarks.batches import batch, derivatives
from benchmarks.cohort import cohort
from benchmarks.formats import formats
from benchmarks.learning import learning
from benchmarks.networks import FOLDER, LARGE, SMALL, subject
from benchmarks.report import save, table
from benchmarks.scaling import scaling
from benchmarks.shipped import shipped
from benchmarks.shipped_batch import shipped_batch

Rows = list[dict[str, Any]]


PACKETS = Path(__file__).parents[1] / "tests" / "data" / "cases" / "packets"


def runners(folder: Path, quick: bool) -> dict[str, Callable[[], Rows]]:
    """Return each workload by name."""
    cases, rounds, rows = (2, 3, 2_000) if quick else (10, 10, 10_000)
    few = 1 if quick else 3

    def small() -> Rows:
        return [w.marginals(subject(n, folder), cases, rounds, n != "win95pts") for n in SMALL]

    def large() -> Rows:
        return [w.marginals(subject(n, folder), few, 2, False) for n in LARGE]

    return {
        "marginals_small": small,
        "marginals_large": large,
        "batch": lambda: [
            *(batch(subject(n, folder), rows) for n in (*SMALL, "insurance")),
            *(batch(subject(n, folder), rows, True) for n in ("alarm", "hepar2", "insurance")),
        ],
        "derivatives": lambda: [
            derivatives(subject(n, folder)) for n in (*SMALL, "insurance", "pigs")
        ],
        "shipped": lambda: shipped(PACKETS),
        "shipped_batch": lambda: shipped_batch(PACKETS, rows),
        "cohort": lambda: cohort(PACKETS, 5_000 if quick else 1_000_000),
        "analyses": lambda: analyses(quick),
        "learning": lambda: learning(quick),
        "agreement": lambda: agreement(folder),
        "cold_start": lambda: w.cold_start(subject("alarm", folder), PACKETS, 3),
        "peak_memory": lambda: [
            w.peak_memory(subject(n, folder)) for n in ("link", "munin1", "diabetes")
        ],
        "formats": lambda: formats(folder),
        "scaling": lambda: scaling(quick),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", help="default: all")
    parser.add_argument("--networks", type=Path, default=FOLDER)
    parser.add_argument("--quick", action="store_true", help="fewer cases and rounds")
    args = parser.parse_args()
    known = runners(args.networks, args.quick)
    for name in args.workloads or known:
        rows = known[name]()
        save(name, rows)
        print(f"\n{name}\n{table(rows)}", flush=True)


if __name__ == "__main__":
    main()
