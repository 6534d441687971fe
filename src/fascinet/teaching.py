"""Teaching: simulated patients, feedback on how one reasons, and exercises with exact answers.

>>> from fascinet.teaching import Encounter, deal, practice, score_of
>>> rooms = practice()
>>> here = Encounter(rooms, deal(rooms, "primary_care", seed=7))
>>> step = here.ask("insomnia")
>>> here.say({"bfs": 0.5, "als": 0.01})
>>> score_of(here).excess_bits >= 0
True
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from fascinet.engine.teaching.argue import Argument, arguments, settling
from fascinet.engine.teaching.case_file import TeachingCase, check_case, read_teaching_case
from fascinet.engine.teaching.case_library import CaseLibrary, Kept
from fascinet.engine.teaching.encounter import Encounter, Statement, Step, Verdict
from fascinet.engine.teaching.exercise import Exercise, Mark
from fascinet.engine.teaching.exercises import KINDS, make, next_kind
from fascinet.engine.teaching.feedback import (
    deciding,
    illness_script,
    left_open,
    score_of,
    value_steps,
)
from fascinet.engine.teaching.habits import Habit, habits
from fascinet.engine.teaching.information import Option, options
from fascinet.engine.teaching.patient import Patient, chief, deal, drawn, from_case, truths
from fascinet.engine.teaching.practice import Practice, practice
from fascinet.engine.teaching.scores import Scores, score
from fascinet.model.errors import LedgerError
from fascinet.model.lazy import Lazy

if TYPE_CHECKING:
    from fascinet.engine.teaching.ledger import Ledger

ledger_room = Lazy("fascinet.engine.teaching.ledger")

__all__ = [
    "Argument", "CaseLibrary", "Encounter", "Exercise", "Habit", "KINDS", "Kept", "Mark", "Option",
    "Patient", "Practice", "Scores", "Statement", "Step", "TeachingCase", "Verdict", "arguments",
    "check_case", "chief", "deal", "deciding", "drawn", "from_case", "habits", "illness_script",
    "left_open", "make", "next_kind", "open_ledger", "options", "practice", "read_teaching_case",
    "score", "score_of", "settling", "truths", "value_steps",
]  # fmt: skip


def open_ledger(url: str | None = None) -> "Ledger":
    """Return the learners' ledger; see `fascinet.engine.teaching.ledger.Ledger`.

    Parameters
    ----------
    url : str, optional
        `sqlite:///file` or `postgresql+psycopg://…`; default: the variable FASCINET_LEDGER, else a
        file in the user's data folder.

    Raises
    ------
    LedgerError
    """
    if find_spec("sqlalchemy") is None or find_spec("alembic") is None:
        raise LedgerError("the ledger needs SQLAlchemy: pip install 'fascinet[teaching]'")
    return ledger_room.Ledger(url)
