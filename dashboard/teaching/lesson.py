"""What the teaching pages keep of one browser session, and the ledger that they write to."""

from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock

import streamlit as st

from fascinet.dashboard import service
from fascinet.dashboard.teaching import browser
from fascinet.engine.teaching.case_library import CaseLibrary
from fascinet.engine.teaching.encounter import Encounter
from fascinet.engine.teaching.exercise import Exercise, Mark
from fascinet.engine.teaching.ledger import Ledger
from fascinet.engine.teaching.practice import Practice
from fascinet.model.errors import FascinetError, LedgerError

LESSON = "lesson"
VISIT = "visit"  # in the address: the consultation on the screen, which only its learner can open
_lock = Lock()
_ledgers: list[Ledger] = []


@dataclass
class Lesson:
    """One learner's session.

    Attributes
    ----------
    here : Encounter or None
        The consultation on the screen.
    key : str
        Opens the learner's ledger; "" for who keeps nothing.
    visit : str or None
        The name that the consultation is kept under.
    considered : list of str
        Causes whose probability the learner is about to state.
    exercise : Exercise or None
    mark : Mark or None
        Of the attempt at it; None before.
    done : dict of kind to (credits, attempts)
        Of this session; the ledger's own where there is one.
    turn : int
        How many exercises were drawn.
    trouble : str
        Why nothing is kept, if it should be.
    making : Lock
        Held while an exercise is made: two runs of one session may overlap.
    """

    here: Encounter | None = None
    key: str = ""
    visit: str | None = None
    considered: list[str] = field(default_factory=list[str])
    exercise: Exercise | None = None
    mark: Mark | None = None
    done: dict[str, tuple[float, int]] = field(default_factory=dict[str, tuple[float, int]])
    turn: int = 0
    trouble: str = ""
    making: Lock = field(default_factory=Lock, repr=False, compare=False)


def lesson() -> Lesson:
    """Return this browser session's lesson; after a reload, with what the browser remembers."""
    if LESSON not in st.session_state:
        fresh = Lesson()
        key = browser.remembered(browser.LEARNER)
        if key:
            sign_in(fresh, key)
        st.session_state[LESSON] = fresh
    found: Lesson = st.session_state[LESSON]
    return found


def sign_in(now: Lesson, key: str) -> None:
    """Open a learner's record, and go on with the consultation that the address names."""
    try:
        ledger().nickname(key)
        now.done, now.key, now.trouble = ledger().history(key), key, ""
        name = str(st.query_params.get(VISIT, ""))
        kept = next((v for v in ledger().visits(key) if name and v["id"] == name), None)
        if kept is not None and now.here is None:
            now.here = Encounter.from_dict(rooms(), kept["record"])
            now.visit = name
            now.considered = sorted({c for s in now.here.statements for c in s.belief})
    except FascinetError as error:
        now.trouble = str(error)


@lru_cache(maxsize=1)
def rooms() -> Practice:
    """Return the practice of the dashboard's own network and engine."""
    known = service.resources()
    return Practice(known.knowledge, known.reasoner)


def case_library() -> CaseLibrary:
    """Return the user's own library of teaching cases."""
    return CaseLibrary(rooms())


def ledger() -> Ledger:
    """Return the ledger, opened once for the process.

    Raises
    ------
    LedgerError
    """
    with _lock:
        if not _ledgers:
            _ledgers.append(Ledger())
        return _ledgers[0]


def keep_visit(now: Lesson) -> None:
    """Keep the consultation, if the learner wants one kept; trouble is told, and nothing stops."""
    if now.here is None or not now.key:
        return
    try:
        now.visit = ledger().keep_visit(now.key, now.here, now.visit)
        now.trouble = ""
    except LedgerError as error:
        now.trouble = str(error)


def keep_attempt(now: Lesson, exercise: Exercise, mark: Mark) -> None:
    """Count an attempt, and keep it as `keep_visit` does."""
    credit, n = now.done.get(exercise.kind, (0.0, 0))
    now.done[exercise.kind] = (credit + mark.credit, n + 1)
    if not now.key:
        return
    try:
        ledger().keep_attempt(now.key, exercise, mark)
        now.trouble = ""
    except LedgerError as error:
        now.trouble = str(error)
