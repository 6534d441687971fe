"""Weights of findings, and what a probability would be if one reasoned otherwise.

The exact posterior of a cause is compared with two shortcuts: as if the cause were there in every
second person, and as if every finding told something new.
"""

import numpy as np

from fascinet.engine.teaching.practice import Evidence, Practice

DECIBAN = 10.0 / np.log(10.0)
TINY = 1e-12


def even_prior(rooms: Practice, known: Evidence, cause: str) -> float:
    """Return the probability that the findings would give if the cause were there in every second.

    The odds are those of the likelihood ratio alone: O(c | e) / O(c | setting, complaint).
    """
    base, now = rooms.belief(rooms.start(known))[cause], rooms.belief(known)[cause]
    return from_db(db(now) - db(base))


def independent(rooms: Practice, known: Evidence, cause: str) -> float:
    """Return what multiplying the textbook likelihood ratios of all findings would give."""
    odds = db(rooms.belief(rooms.start(known))[cause])
    return from_db(odds + sum(textbook(rooms, known, cause).values()))


def textbook(rooms: Practice, known: Evidence, cause: str) -> dict[str, float]:
    """Return 10 log10 P(f | cause) / P(f | not cause) of each finding alone, in the setting."""
    start = rooms.start(known)
    states = rooms.network.states(cause)
    rest = states.index(rooms.resting(cause))
    base = rooms.posterior(start)
    without = rooms.posterior({**start, cause: states[rest]})
    p = rooms.reasoner.present(base, cause)
    out: dict[str, float] = {}
    for v, state in known.items():
        if v in start or v == cause:
            continue
        absent = float(without[v][state])
        present = (float(base[v][state]) - (1.0 - p) * absent) / p
        out[v] = DECIBAN * float(np.log(max(present, TINY) / max(absent, TINY)))
    return out


def db(p: float) -> float:
    """Return 10 log10 of the odds; a stated 0% or 100% counts as 0.1% or 99.9%.

    >>> db(0.5), round(db(10 / 11), 9)
    (0.0, 10.0)
    """
    p = min(max(p, 1e-3), 1.0 - 1e-3)
    return float(DECIBAN * (np.log(p) - np.log1p(-p)))


def from_db(x: float) -> float:
    """Return the probability of odds in decibans.

    >>> round(from_db(10.0), 9) == round(10 / 11, 9)
    True
    """
    return float(1.0 / (1.0 + 10.0 ** (-x / 10.0)))
