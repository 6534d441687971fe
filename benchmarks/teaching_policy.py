"""How much the engine's own choice of questions beats a fixed order and a random one.

    python -m benchmarks.teaching_policy [--patients 20] [--steps 8]

Drawn patients of primary care. The engine asks what has the best score now; the fixed order is that
of the scores before the first answer; the random order asks any open question. Printed: by how many
bits the entropy of the causes has fallen on average, and how many times the others' fall that is.
"""

import argparse

import numpy as np

from fascinet.teaching import Encounter, Patient, drawn, options, practice


def fall(patient: Patient, steps: int, order: str, seed: int) -> float:
    """Return how many bits were won in so many steps."""
    rooms = practice()
    here, rng = Encounter(rooms, patient), np.random.default_rng(seed)
    start = [o.variable for o in options(rooms, here.evidence, count=64)]
    for _ in range(steps):
        known = here.evidence
        if order == "engine":
            name = options(rooms, known)[0].variable
        elif order == "fixed":
            name = next(v for v in start if v not in known)
        else:
            name = str(rng.choice([v for v in rooms.askable if v not in known]))
        way = rooms.way_of(name)
        {"ask": here.ask, "examine": here.examine, "order": here.order}[way](name)
    return rooms.bits(patient.opening) - rooms.bits(here.evidence)


def won(patients: int, steps: int, seed: int = 5) -> dict[str, float]:
    """Return the mean bits won by each order with the same patients."""
    stream = drawn(practice(), "primary_care", seed=seed)
    people = [next(stream) for _ in range(patients)]
    return {
        order: float(np.mean([fall(p, steps, order, k) for k, p in enumerate(people)]))
        for order in ("engine", "fixed", "random")
    }


def main() -> None:
    """Print what each order wins, and the engine's factor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=20)
    parser.add_argument("--steps", type=int, default=8)
    told = parser.parse_args()
    found = won(told.patients, told.steps)
    for order, bits in found.items():
        factor = "" if order == "engine" else f" (the engine: {found['engine'] / bits:.2f} times)"
        print(f"{order:>7}: {bits:.2f} bits in {told.steps} steps{factor}")


if __name__ == "__main__":
    main()
