"""Give mutated files to every reader for a time; say what leaked, and keep it.

`python -m tests.fuzz --seconds 600 --seed 1`
"""

import argparse
import random
import sys
import time
from pathlib import Path

from tests.fuzz.run import Report, fuzz


def main() -> int:
    """Run; exit 1 if anything leaked."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("--seconds", type=float, default=600.0)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--out", type=Path, default=Path("test-results") / "fuzz")
    options.add_argument("--target", default="")
    given = options.parse_args()
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    start = time.monotonic()
    report: Report = fuzz(given.seconds, seed, given.out, given.target)
    print(f"seed {seed}, {time.monotonic() - start:.0f} s")
    print(report)
    return 1 if report.leaks else 0


if __name__ == "__main__":
    sys.exit(main())
