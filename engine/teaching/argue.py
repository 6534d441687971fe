"""Argue with a figure: which one would have made the learner right, and what would settle it.

The learner says P(cause | findings) = q and the engine says p. Each single figure of the network
has one value at which the engine would say q too (`analyses.inverse`). Where that value lies in the
range that the figure is cited with, the learner may be right and the literature cannot say; where
it lies outside, it is the literature that they disagree with, by so many decibans.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fascinet.engine.analyses.hypotheses import present
from fascinet.engine.analyses.inverse import Statement, single_changes
from fascinet.engine.analyses.ranges import cited_ranges
from fascinet.engine.analyses.sources import figures_behind
from fascinet.engine.teaching.information import Option, options
from fascinet.engine.teaching.practice import Evidence, Practice
from fascinet.engine.teaching.weights import DECIBAN
from fascinet.model.errors import CaseError
from fascinet.model.gates import Array

SHOWN = 5
EDGE = 1e-3


@dataclass(frozen=True)
class Argument:
    """A figure that would make the learner right.

    Attributes
    ----------
    variable, state : str
    parents : mapping
        It is P(variable = state | parents).
    value, low, high : float
        As it stands, and its cited range.
    needed : float
        What it would have to be.
    outside_db : float
        How far `needed` lies outside the range, in decibans of odds; 0 within it.
    source, grade : str
    """

    variable: str
    state: str
    parents: Mapping[str, str]
    value: float
    low: float
    high: float
    needed: float
    outside_db: float
    source: str
    grade: str


def arguments(
    rooms: Practice, known: Evidence, cause: str, stated: float, count: int = SHOWN
) -> tuple[Argument, ...]:
    """Return the figures that would each, alone, make the learner right; the most tenable first.

    Parameters
    ----------
    rooms : Practice
    known : mapping
        The findings at the time of the statement.
    cause : str
    stated : float
        The learner's probability; 0 and 1 are read as 0.1% and 99.9%.
    count : int

    Raises
    ------
    CaseError
        If the cause is itself among the findings.
    """
    if cause in known:
        raise CaseError(f"{cause} is known: no figure changes its probability")
    q = min(max(stated, EDGE), 1.0 - EDGE)
    relation = ">=" if q > rooms.belief(known)[cause] else "<="
    goal = Statement(present(rooms.network, cause), relation, q)
    found = single_changes(rooms.engine, goal, known)
    low, high = cited_ranges(found.parameters)
    rows: list[Argument] = []
    for i, needed in zip(found.index.tolist(), found.needed.tolist(), strict=True):
        if np.isfinite(low[i]) and 0.0 < low[i] < high[i]:
            argument = _argument(rooms, found.parameters.labels[i], i, needed, low, high,
                                 float(found.parameters.values[i]))  # fmt: skip
            rows += [] if argument is None else [argument]
    rows.sort(key=lambda a: (a.outside_db, abs(_db(a.needed) - _db(a.value))))
    return tuple(rows[:count])


def _argument(
    rooms: Practice,
    label: tuple[str, str, Mapping[str, str]],
    index: int,
    needed: float,
    low: Array,
    high: Array,
    value: float,
) -> Argument | None:
    variable, state, parents = label
    if state == rooms.network.states(variable)[0]:  # what the others leave over
        return None
    figures = figures_behind(rooms.knowledge, variable, state, parents)
    if not figures:
        return None
    beyond = max(_db(low[index]) - _db(needed), _db(needed) - _db(high[index]), 0.0)
    weakest = max(figures, key=lambda f: f.grade)
    return Argument(variable, state, dict(parents), value, float(low[index]), float(high[index]),
                    needed, beyond, weakest.source, weakest.grade)  # fmt: skip


def settling(rooms: Practice, known: Evidence, cause: str) -> Option | None:
    """Return the open question or test that tells most about one cause, or None if none does."""
    if cause in known:
        return None
    found = max(options(rooms, known, causes=[cause]), key=lambda o: o.bits, default=None)
    return found if found is not None and found.bits > 0.0 else None


def _db(p: float) -> float:
    p = min(max(float(p), 1e-9), 1.0 - 1e-9)
    return float(DECIBAN * (np.log(p) - np.log1p(-p)))
