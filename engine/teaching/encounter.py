"""One consultation: what was asked, what it cost, what the learner thought, and the end of it.

An encounter is a record of steps and statements. It is written and read as plain data, so that it
survives a reload, a ledger and a copy to another machine.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from fascinet.engine.teaching.patient import Patient, is_right
from fascinet.engine.teaching.practice import Practice
from fascinet.model.errors import CaseError, OptionError

if TYPE_CHECKING:
    from fascinet.model.schema import Session

UNIT_DAYS = {"day": 1.0, "week": 7.0}
SPAN = re.compile(r"(\d+)(?:-(\d+))? (day|week)s?")


@dataclass(frozen=True)
class Step:
    """One answer.

    Attributes
    ----------
    way : {"ask", "examine", "order"}
    variable, state : str
    cost, burden : float
        Ordinal, 1 (little) to 5, of a test; what is done in one session costs once.
    days : float
        Until the result; 0 for what is asked or seen.
    """

    way: str
    variable: str
    state: str
    cost: float = 0.0
    burden: float = 0.0
    days: float = 0.0


@dataclass(frozen=True)
class Statement:
    """What the learner believed at one moment.

    Attributes
    ----------
    after : int
        How many steps had been taken.
    belief : mapping of cause to probability that it is present
        Causes left out count at their probability before any question.
    """

    after: int
    belief: Mapping[str, float]


@dataclass(frozen=True)
class Verdict:
    """The end: the cause named (None for an ordinary twitch) and the action chosen."""

    cause: str | None
    action: str | None = None


@dataclass
class Encounter:
    """A learner with a patient.

    Parameters
    ----------
    rooms : Practice
    patient : Patient

    Examples
    --------
    >>> from fascinet.teaching import Encounter, deal, practice
    >>> here = Encounter(practice(), deal(practice(), "primary_care", seed=7))
    >>> here.ask("caffeine_excess").state in ("no", "yes")
    True
    >>> here.say({"als": 0.01, "bfs": 0.4})
    >>> here.commit("bfs", "A2")
    >>> len(here.steps), here.cost, here.is_over
    (1, 0.0, True)
    """

    rooms: Practice
    patient: Patient
    steps: list[Step] = field(default_factory=list[Step])
    statements: list[Statement] = field(default_factory=list[Statement])
    verdict: Verdict | None = None

    # ---------------------------------------------------------------- what is known

    @property
    def evidence(self) -> dict[str, str]:
        """All that is known now."""
        return self.evidence_after(len(self.steps))

    def evidence_after(self, count: int) -> dict[str, str]:
        """Return what was known after so many steps."""
        return {**self.patient.opening, **{s.variable: s.state for s in self.steps[:count]}}

    @property
    def is_over(self) -> bool:
        """Whether the learner has committed."""
        return self.verdict is not None

    @property
    def is_right(self) -> bool:
        """Whether the cause named is there; naming none is right if none is."""
        if self.verdict is None:
            return False
        if self.verdict.cause is None:
            return not any(is_right(self.rooms, self.patient, c) for c in self.rooms.causes)
        return is_right(self.rooms, self.patient, self.verdict.cause)

    @property
    def cost(self) -> float:
        """Ordinal cost of all that was ordered."""
        return sum(s.cost for s in self.steps)

    @property
    def burden(self) -> float:
        """Ordinal burden of all that was ordered."""
        return sum(s.burden for s in self.steps)

    @property
    def days(self) -> float:
        """Days until the last result, if each order waits for the one before."""
        return sum(s.days for s in self.steps)

    # ---------------------------------------------------------------- what the learner does

    def ask(self, variable: str) -> Step:
        """Ask the patient.

        Raises
        ------
        UnknownVariableError, OptionError, CaseError
        """
        return self._learn("ask", variable)

    def examine(self, variable: str) -> Step:
        """Examine the patient."""
        return self._learn("examine", variable)

    def order(self, name: str) -> tuple[Step, ...]:
        """Order a test, or all open tests of a session that is done in one go."""
        session = self.rooms.knowledge.sessions.get(name)
        if session is None:
            return (self._learn("order", name),)
        open_ = [t for t in session.tests if t not in self.evidence]
        if not open_:
            raise CaseError(f"{session.label}: every test of it has been done")
        return tuple(self._learn("order", t) for t in open_)

    def say(self, belief: Mapping[str, float]) -> None:
        """State a differential: the probability of each cause that one thinks of.

        Raises
        ------
        OptionError, CaseError
        """
        self._require_open()
        for cause, p in belief.items():
            self.rooms.script(cause)
            if not 0.0 <= p <= 1.0:
                raise CaseError(f"{cause}: expected a probability from 0 to 1, got {p!r}")
        self.statements.append(Statement(len(self.steps), dict(belief)))

    def commit(self, cause: str | None, action: str | None = None) -> None:
        """Name the cause, None for an ordinary twitch, and choose what to do."""
        self._require_open()
        if cause is not None:
            self.rooms.script(cause)
        actions = [a.id for a in self.rooms.knowledge.actions]
        if action is not None and action not in actions:
            raise OptionError("action", action, actions)
        self.verdict = Verdict(cause, action)

    def _learn(self, way: str, variable: str) -> Step:
        self._require_open()
        rooms, known = self.rooms, self.evidence
        rooms.network.check(variable)
        if variable not in rooms.askable:
            raise OptionError("question or test", variable, rooms.of_way(way))
        if rooms.way_of(variable) != way:
            raise CaseError(f"{variable}: use {rooms.way_of(variable)}, not {way}")
        if variable in known:
            raise CaseError(f"{variable} is already known: {known[variable]}")
        state = self.patient.answer(rooms, variable, known)
        step = Step(way, variable, state, *self._price(variable))
        self.steps.append(step)
        return step

    def _price(self, variable: str) -> tuple[float, float, float]:
        """Return cost, burden and days; later tests of a session cost nothing more."""
        test = self.rooms.knowledge.tests.get(variable)
        if test is None:
            return 0.0, 0.0, 0.0
        session = session_of(self.rooms, variable)
        if session is None:
            return float(test.cost), float(test.burden), days_of(test.turnaround)
        if {s.variable for s in self.steps} & set(session.tests):
            return 0.0, 0.0, 0.0
        waits = (days_of(self.rooms.knowledge.tests[t].turnaround) for t in session.tests)
        return float(session.cost), float(session.burden), max(waits)

    def _require_open(self) -> None:
        if self.is_over:
            raise CaseError("this consultation is over: the cause was named")

    # ---------------------------------------------------------------- plain data

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain data."""
        patient = {**asdict(self.patient), "groups": sorted(self.patient.groups)}
        return {
            "patient": patient,
            "steps": [asdict(s) for s in self.steps],
            "statements": [asdict(s) for s in self.statements],
            "verdict": asdict(self.verdict) if self.verdict else None,
        }

    @classmethod
    def from_dict(cls, rooms: Practice, record: Mapping[str, Any]) -> "Encounter":
        """Return the encounter of a record.

        Raises
        ------
        CaseError
            If it is not one of ours.
        """
        try:
            told: dict[str, Any] = dict(record["patient"])
            told["groups"] = frozenset(told["groups"])
            patient = Patient(**told)
            steps = [Step(**s) for s in record["steps"]]
            statements = [Statement(**s) for s in record["statements"]]
            verdict = Verdict(**record["verdict"]) if record["verdict"] else None
        except (KeyError, TypeError) as error:
            raise CaseError(f"not the record of a consultation: {error}") from None
        for s in steps:
            rooms.network.state_index(s.variable, s.state)
        return cls(rooms, patient, steps, statements, verdict)


def session_of(rooms: Practice, test: str) -> "Session | None":
    """Return the session that a test belongs to, if it is done with others."""
    sessions = rooms.knowledge.sessions.values()
    return next((s for s in sessions if test in s.tests), None)


def days_of(turnaround: str) -> float:
    """Return the days that a turnaround stands for: the middle of each span, added up.

    >>> days_of("same day"), days_of("1-2 weeks"), days_of("1-8 weeks, report 1-7 days")
    (0.0, 10.5, 35.5)
    """
    out = 0.0
    for low, high, unit in SPAN.findall(turnaround):
        first = float(low)
        out += UNIT_DAYS[unit] * (first + float(high or low)) / 2.0
    return out
