"""Compile the kernels once, so that no user waits for it: `python -m fascinet.warm`, at set-up.

Two cases take every way through the kernels of a diagnosis: one of a few findings, and one of so
many that the planner searches for a sweep.
"""

import sys

FEW = {"twitching": "yes", "eyelid_twitch": "yes", "weakness": "none"}
MANY = {
    "weakness": "objective", "atrophy": "yes", "umn_signs": "yes", "bulbar": "yes",
    "tongue_signs": "yes", "neck_weakness": "yes", "foot_drop": "yes", "distal_weakness": "yes",
    "cramps": "yes",
}  # fmt: skip


def main() -> None:
    """Diagnose the two cases; the compiled kernels are kept for later processes."""
    from fascinet.engine.reasoner import diagnose

    for case in (FEW, MANY):
        diagnose({"findings": case})
    print("fascinet: kernels are compiled", file=sys.stderr)


if __name__ == "__main__":
    main()
