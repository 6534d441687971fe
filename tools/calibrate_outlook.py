"""Print the lines of the warning that findings fit together badly, from simulated cases.

    python -m tools.calibrate_outlook [--n 1500] [--seed 1]

For each number of findings: the T that 1 in 50 of the cases exceed that the network makes (see
`engine/clinic/outlook.py`, whose `LINE` they are). Minutes; run it when the knowledge has changed.
"""

import argparse

import numpy as np

from fascinet.engine.clinic.outlook import LINE
from fascinet.engine.clinic.outside_rates import left_over, simulated_cases
from fascinet.engine.clinic.reasoner import shipped_reasoner

SHARE = 0.98
LEAST = 50


def main() -> None:
    """Print the present and the measured lines."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--n", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    reasoner = shipped_reasoner()
    found = np.array(left_over(reasoner, list(simulated_cases(reasoner, args.n, args.seed))))
    starts = [n for n, _ in LINE]
    for (low, now), high in zip(LINE, [*starts[1:], 10**6], strict=True):
        here = found[(found[:, 0] >= low) & (found[:, 0] < high), 1]
        measured = f"{np.quantile(here, SHARE):.2f}" if len(here) >= LEAST else "too few"
        print(f"from {low:>3} findings: line {now:.2f}, measured {measured} ({len(here)} cases)")


if __name__ == "__main__":
    main()
