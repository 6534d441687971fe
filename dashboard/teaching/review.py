"""The review of a consultation, by its record: what takes a while is computed beside the page.

Each function takes the record as JSON text, which travels between processes and is a key.
"""

import json
from dataclasses import dataclass
from functools import lru_cache

from fascinet.dashboard.figures import brief, parameter_name
from fascinet.dashboard.teaching.lesson import rooms
from fascinet.dashboard.words import first_up
from fascinet.engine.teaching.argue import Argument, arguments, settling
from fascinet.engine.teaching.encounter import Encounter
from fascinet.engine.teaching.feedback import Deciding, Valued, deciding, value_steps
from fascinet.engine.teaching.habits import Habit, habits
from fascinet.engine.teaching.information import Option


@dataclass(frozen=True)
class Dispute:
    """A figure to argue with, in words, and its source."""

    name: str
    source: str
    argument: Argument


def record_of(here: Encounter) -> str:
    """Return the record of a consultation as text."""
    return json.dumps(here.to_dict(), sort_keys=True)


@lru_cache(maxsize=64)
def opened(record: str) -> Encounter:
    """Return the consultation of a record."""
    return Encounter.from_dict(rooms(), json.loads(record))


@lru_cache(maxsize=64)
def steps(record: str) -> tuple[Valued, ...]:
    """Return what each step was worth."""
    return value_steps(opened(record))


@lru_cache(maxsize=64)
def named(record: str) -> tuple[Habit, ...]:
    """Return the habits that the record shows."""
    return habits(opened(record))


@lru_cache(maxsize=64)
def decided(record: str) -> tuple[Deciding, ...]:
    """Return the findings that decided about the chief cause."""
    return deciding(opened(record))


@lru_cache(maxsize=64)
def disputes(record: str, cause: str, stated: float) -> tuple[tuple[Dispute, ...], Option | None]:
    """Return the figures that would make the learner right, and the test that would settle it."""
    here, practice = opened(record), rooms()
    rows = arguments(practice, here.evidence, cause, stated)
    named_rows = tuple(
        Dispute(
            first_up(parameter_name(practice.network, a.variable, a.state, a.parents)),
            brief(practice.knowledge, a.source), a,
        )
        for a in rows
    )  # fmt: skip
    return named_rows, settling(practice, here.evidence, cause)
