"""Probabilities on pages and phones: those a learner can state, and how exact ones are told."""

from fascinet.dashboard.words import percent

RARE, CROWD = 0.01, 100_000  # below it a percentage says little

STEPS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35,
         0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99,
         0.995, 1.0)  # fmt: skip
"""Probabilities that a learner can state: finer near nothing and near certainty."""


def exactly(p: float) -> str:
    """Return a probability; a rare one in people, too, since "<0.1%" hides how it moves.

    >>> exactly(0.2), exactly(0.00033), exactly(1e-6)
    ('20%', '<0.1%, about 33 of 100,000 people', '<0.1%, fewer than 1 of 100,000 people')
    """
    if p >= RARE:
        return percent(p)
    count = round(CROWD * p)
    many = f"about {count:,}" if count else "fewer than 1"
    return f"{percent(p)}, {many} of {CROWD:,} people"
