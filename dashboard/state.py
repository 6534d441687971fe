"""The dashboard's state in one typed place: the case, its history, and the code in the link.

`Case` is frozen; every change makes a new one, so undo and redo are two stacks. The link holds
finding codes only, never a name, a date or free text.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

StatesOf = Mapping[str, Sequence[str]]
Edit = Mapping[str, Any]

DEFAULT_SETTING = "primary_care"
HISTORY = 100
QUERY = 80
SCENARIOS = ("A", "B", "C")
NAME = re.compile(r"[A-Za-z0-9_\-]{1,64}")


@dataclass(frozen=True)
class Case:
    """What is known of one patient.

    Attributes
    ----------
    setting : str
        Where the patient is seen; the priors follow it.
    hard : tuple of (variable, state)
        Findings as entered, in order of entry; age group and sex are among them.
    soft : tuple of (variable, ((state, likelihood), ...))
        Likelihood evidence: P(what was seen | state), each from 0 to 1.
    paused : frozenset of str
        Variables that are entered but left out of the evidence.
    """

    setting: str = DEFAULT_SETTING
    hard: tuple[tuple[str, str], ...] = ()
    soft: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = ()
    paused: frozenset[str] = frozenset()

    @property
    def values(self) -> dict[str, str]:
        """Hard findings, paused ones included."""
        return dict(self.hard)

    @property
    def likelihoods(self) -> dict[str, dict[str, float]]:
        """Soft findings, paused ones included."""
        return {v: dict(like) for v, like in self.soft}

    @property
    def evidence(self) -> dict[str, str]:
        """Hard findings that count."""
        return {v: s for v, s in self.hard if v not in self.paused}

    @property
    def soft_evidence(self) -> dict[str, dict[str, float]]:
        """Soft findings that count."""
        return {v: dict(like) for v, like in self.soft if v not in self.paused}

    @property
    def entered(self) -> tuple[str, ...]:
        """Every variable with a value, hard ones first."""
        return (*(v for v, _ in self.hard), *(v for v, _ in self.soft))

    def with_state(self, variable: str, state: str) -> "Case":
        """Return the case with one finding set; an empty state takes it out."""
        hard, soft = self.values, self.likelihoods
        soft.pop(variable, None)
        if state:
            hard[variable] = state
        else:
            hard.pop(variable, None)
        return self._rebuilt(hard, soft, self.paused - {variable})

    def with_likelihood(self, variable: str, likelihood: Mapping[str, float]) -> "Case":
        """Return the case with soft evidence on `variable`; equal likelihoods say nothing."""
        hard, soft = self.values, self.likelihoods
        hard.pop(variable, None)
        soft.pop(variable, None)
        if max(likelihood.values()) > 0 and len(set(likelihood.values())) > 1:
            soft[variable] = dict(likelihood)
        return self._rebuilt(hard, soft, self.paused - {variable})

    def with_pause(self, variable: str) -> "Case":
        """Return the case with one entered finding paused, or resumed if it was."""
        return replace(self, paused=self.paused ^ ({variable} & set(self.entered)))

    def _rebuilt(
        self,
        hard: Mapping[str, str],
        soft: Mapping[str, Mapping[str, float]],
        paused: Iterable[str],
    ) -> "Case":
        return Case(
            self.setting,
            tuple(hard.items()),
            tuple((v, tuple(like.items())) for v, like in soft.items()),
            frozenset(paused),
        )


@dataclass(frozen=True)
class Moment:
    """A case on the screen and where it came from: what undo goes back to.

    Attributes
    ----------
    case : Case
    title : str
        Name of an opened case; empty when it was typed in.
    origin : Case or None
        The case as it was opened, to tell whether it has been edited since.
    """

    case: Case
    title: str = ""
    origin: Case | None = None


@dataclass
class Session:
    """One browser session: the case, its history, and what the pages look at.

    Attributes
    ----------
    case : Case
        The case on the screen.
    past, future : list of Moment
        For undo and redo, newest last.
    focus : str or None
        The cause that Why, What if and How sure speak of; None means the first of the ranking.
    node, other : str or None
        The node picked in the network, and the one whose link with it is looked at.
    opened : str or None
        The cause whose row of the ranking is open.
    kept : dict of name to Case
        Scenarios A, B and C of What if.
    everything : bool
        The ranking shows all causes, not only the likely ones.
    title : str
        Name of an opened case, empty when it was typed in.
    origin : Case or None
        That case as it was opened.
    notices, warnings : list of str
        Messages to show once.
    query : str
        What is typed into the search box.
    """

    case: Case = field(default_factory=Case)
    past: list[Moment] = field(default_factory=list[Moment])
    future: list[Moment] = field(default_factory=list[Moment])
    focus: str | None = None
    node: str | None = None
    other: str | None = None
    opened: str | None = None
    kept: dict[str, Case] = field(default_factory=dict[str, Case])
    everything: bool = False
    title: str = ""
    origin: Case | None = None
    notices: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    query: str = ""

    @property
    def now(self) -> Moment:
        """The case on the screen with its title."""
        return Moment(self.case, self.title, self.origin)

    @property
    def name(self) -> str:
        """The title, with a mark once the case differs from what was opened."""
        edited = self.title and self.origin not in {None, self.case}
        return f"{self.title} (edited)" if edited else self.title

    def go(self, case: Case, title: str | None = None) -> None:
        """Make `case` the current one; the one before can be undone to.

        Parameters
        ----------
        case : Case
        title : str, optional
            Its name if it was opened, "" if it is nobody's; default: the title stays.
        """
        title = self.title if title is None else title
        if case == self.case and title == self.title:
            return
        origin = self.origin if title == self.title else case
        self.past = [*self.past[-HISTORY:], self.now]
        self.future = []
        self._show(Moment(case, title, origin if title else None))

    def undo(self) -> None:
        """Go back one step."""
        if self.past:
            self.future.append(self.now)
            self._show(self.past.pop())

    def _show(self, moment: Moment) -> None:
        self.case, self.title, self.origin = moment.case, moment.title, moment.origin

    def keep(self, name: str = SCENARIOS[0]) -> None:
        """Keep the case as a scenario: A, B or C."""
        self.kept = {n: c for n, c in sorted({**self.kept, name: self.case}.items())}

    def redo(self) -> None:
        """Take the last undo back."""
        if self.future:
            self.past.append(self.now)
            self._show(self.future.pop())


# ------------------------------------------------------------------------------- edits


def apply(session: Session, edit: Edit, states: StatesOf, blank: Case) -> None:
    """Apply one edit from the browser; an edit that makes no sense changes nothing.

    Parameters
    ----------
    session : Session
        Changed in place.
    edit : mapping
        `op` and its arguments, as the components send it.
    states : mapping of str to sequence of str
        The variables that may be entered, with their states.
    blank : Case
        What reset goes back to.
    """
    steps: dict[str, Callable[[], None]] = {
        "undo": session.undo,
        "redo": session.redo,
        "reset": lambda: _reset(session, blank),
        "all": lambda: setattr(session, "everything", not session.everything),
        "focus": lambda: setattr(session, "focus", str(edit.get("id", "")) or None),
        "find": lambda: setattr(session, "query", str(edit.get("words", ""))[:QUERY]),
        "open": lambda: _open(session, str(edit.get("id", ""))),
        "select": lambda: _select(session, str(edit.get("id", ""))),
        "other": lambda: _other(session, str(edit.get("id", ""))),
    }
    op = str(edit.get("op", ""))
    if op in steps:
        steps[op]()
    else:
        session.go(edited(session.case, edit, states))


def _reset(session: Session, blank: Case) -> None:
    session.go(replace(blank, setting=session.case.setting), "")


def _open(session: Session, cause: str) -> None:
    good = NAME.fullmatch(cause) and cause != session.opened
    session.opened = cause if good else None


def _select(session: Session, variable: str) -> None:
    session.other = None
    session.node = variable if session.node != variable and NAME.fullmatch(variable) else None


def _other(session: Session, variable: str) -> None:
    good = NAME.fullmatch(variable) and variable not in {session.node, session.other}
    session.other = variable if good and session.node else None


def edited(case: Case, edit: Edit, states: StatesOf) -> Case:
    """Return the case after one finding edit; unknown names leave it as it is."""
    op, variable = str(edit.get("op", "")), str(edit.get("id", ""))
    if variable not in states:
        return case
    if op == "pause":
        return case.with_pause(variable)
    if op == "soft":
        like = _likelihood(edit.get("likelihood"), states[variable])
        return case.with_likelihood(variable, like) if like else case
    state = str(edit.get("value" if op == "context" else "state", ""))
    if op not in {"set", "context"} or state not in {"", *states[variable]}:
        return case
    if variable == "setting":
        return replace(case, setting=state or case.setting)
    return case.with_state(variable, state)


def _likelihood(raw: object, states: Sequence[str]) -> dict[str, float] | None:
    if not isinstance(raw, Mapping) or set(raw) != set(states):
        return None
    try:
        like = {s: float(raw[s]) for s in states}
    except (TypeError, ValueError, OverflowError):
        return None
    ok = all(0.0 <= x <= 1.0 for x in like.values()) and max(like.values()) > 0
    return like if ok else None
