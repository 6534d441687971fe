"""Habits of reasoning, named from the record with the figures that show them.

Premature closure: the learner committed while a step worth its price could still change much.
Anchoring: the findings moved the odds of the first favourite, and the learner hardly did.
Base-rate neglect: what was stated is nearer to the answer of an even prior than to the exact one.
Double counting: it is nearer to the product of textbook likelihood ratios than to the exact one.

A habit is a description of numbers, not of a mind: chance alone can name one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fascinet.engine.teaching.encounter import Encounter, Statement
from fascinet.engine.teaching.information import options
from fascinet.engine.teaching.weights import db, even_prior, independent

CLEAR_DB = 5.0  # odds × 3: less than that is no disagreement
WORTH = 0.05  # harm-weighted bits per price that one does not leave lying
CHANGE = 0.10  # and some result of it changes a probability by ten points
MOVED = 0.5  # of the exact move of the odds


@dataclass(frozen=True)
class Habit:
    """One habit, with the figures that show it.

    Attributes
    ----------
    kind : str
        premature_closure, anchoring, base_rate_neglect or double_counting.
    cause : str
        What it is about.
    stated, exact, other : float
        The learner's probability, the exact one, and the one that the habit would give: of an even
        prior; of independent findings; of no move at all. Of premature closure, the most that the
        best step left could change.
    detail : str
        The variable that is meant, or the move of the odds in decibans.
    moves : str
        Of premature closure, the cause that the best step left could change most.
    """

    kind: str
    cause: str
    stated: float
    exact: float
    other: float
    detail: str = ""
    moves: str = ""


def habits(here: Encounter) -> tuple[Habit, ...]:
    """Return the habits that a record shows, one of each kind and cause."""
    found = [*_closure(here), *_anchoring(here)]
    for said in here.statements[-1:]:
        found += list(_figures(here, said))
    return tuple(found)


def _closure(here: Encounter) -> Iterator[Habit]:
    rooms, known = here.rooms, here.evidence
    cause = here.verdict.cause if here.verdict else None
    if cause is None or cause in known:
        return
    best = next(
        (o for o in options(rooms, known) if o.score >= WORTH and o.largest >= CHANGE), None
    )
    stated = (
        here.statements[-1].belief.get(cause, float("nan")) if here.statements else float("nan")
    )
    exact = rooms.belief(known)[cause]
    if best is not None and exact < 0.9:
        yield Habit("premature_closure", cause, stated, exact, best.largest, best.variable,
                    best.moves)  # fmt: skip


def _anchoring(here: Encounter) -> Iterator[Habit]:
    """Compare how the findings and the learner moved the odds between first and last statement."""
    if len(here.statements) < 2 or not here.statements[0].belief:
        return
    first, last = here.statements[0], here.statements[-1]
    cause = max(first.belief, key=first.belief.__getitem__)
    if cause in here.evidence:
        return
    exact = [here.rooms.belief(here.evidence_after(s.after))[cause] for s in (first, last)]
    stated = [first.belief[cause], _stated(here, last, cause)]
    moved, own = (db(x[1]) - db(x[0]) for x in (exact, stated))
    if abs(moved) >= CLEAR_DB and own * np.sign(moved) < MOVED * abs(moved):
        too_far = (db(stated[1]) - db(exact[1])) * np.sign(moved) < -CLEAR_DB
        if too_far:
            yield Habit("anchoring", cause, stated[1], exact[1], stated[0], f"{moved:+.0f} dB")


def _figures(here: Encounter, said: Statement) -> Iterator[Habit]:
    rooms, known = here.rooms, here.evidence_after(said.after)
    belief = rooms.belief(known)
    for cause, q in said.belief.items():
        if cause in known:
            continue
        p = belief[cause]
        if abs(db(q) - db(p)) < CLEAR_DB:
            continue
        even, naive = even_prior(rooms, known, cause), independent(rooms, known, cause)
        if _nearer(q, even, p) and db(even) - db(p) >= CLEAR_DB:
            yield Habit("base_rate_neglect", cause, q, p, even)
        elif _nearer(q, naive, p) and abs(db(naive) - db(p)) >= CLEAR_DB:
            yield Habit("double_counting", cause, q, p, naive)


def _nearer(q: float, other: float, exact: float) -> bool:
    return abs(db(q) - db(other)) < abs(db(q) - db(exact))


def _stated(here: Encounter, said: Statement, cause: str) -> float:
    if cause in said.belief:
        return said.belief[cause]
    return here.rooms.belief(here.rooms.start(here.evidence))[cause]
