"""A case written for teaching: what is told in which order, its objectives, notes and check.

    title: The eyelid
    setting: primary_care
    ground: {age_group: 18-39, sex: male}
    cause: als
    objectives: [Base rates before signs]
    distractors: [bfs, ms]
    note: Everyone writes down a number first.
    steps:
      - {finding: eyelid_twitch, state: yes, note: What does it change?}

`cause` is the one whose probability is followed; `distractors` are causes that students will think
of; a `note` is for the teacher, one to the story and one to each step. The file is YAML or JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log
from typing import Any

from fascinet.engine.clinic.reasoner import SETTING
from fascinet.engine.teaching.practice import Practice
from fascinet.model.case import COMPLAINT, CONTEXT
from fascinet.model.errors import CaseError
from fascinet.model.read_case import YAML_SUFFIXES, parse_case

KEYS = ("title", "setting", "ground", "cause", "objectives", "distractors", "note", "steps")
STEP_KEYS = ("finding", "state", "note")
SURPRISING = 2.0  # nats of conflict from which a step is pointed out: findings that hardly meet


@dataclass(frozen=True)
class ToldStep:
    """One finding, in the order told, with the teacher's note."""

    finding: str
    state: str
    note: str = ""


@dataclass(frozen=True)
class TeachingCase:
    """A case for a lesson; the keys of the file are its attributes."""

    title: str
    setting: str
    cause: str
    steps: tuple[ToldStep, ...]
    ground: Mapping[str, str] = field(default_factory=dict[str, str])
    objectives: tuple[str, ...] = ()
    distractors: tuple[str, ...] = ()
    note: str = ""

    def known(self, count: int | None = None) -> dict[str, str]:
        """Return what is known after so many steps; all by default."""
        told = {s.finding: s.state for s in self.steps[:count]}
        return {SETTING: self.setting, COMPLAINT: "yes", **self.ground, **told}

    def to_json(self) -> str:
        """Return the file's text, which `read_teaching_case` reads."""
        out = {
            "title": self.title, "setting": self.setting, "ground": dict(self.ground),
            "cause": self.cause, "objectives": list(self.objectives),
            "distractors": list(self.distractors), "note": self.note,
            "steps": [{"finding": s.finding, "state": s.state, "note": s.note} for s in self.steps],
        }  # fmt: skip
        return json.dumps(out, indent=1, ensure_ascii=False)


@dataclass(frozen=True)
class Checked:
    """What one step does.

    Attributes
    ----------
    after : int
        Steps told; 0 is the story alone.
    probability : float
        Of the cause followed.
    leader : str
        The most probable open cause.
    leader_probability : float
    conflict : float
        Σ ln P(finding) − ln P(findings), given setting and complaint, in nats; above zero the
        findings fit each other worse than if they were independent.
    """

    after: int
    probability: float
    leader: str
    leader_probability: float
    conflict: float

    @property
    def is_surprising(self) -> bool:
        """Whether the findings so far hardly go together."""
        return self.conflict >= SURPRISING


def read_teaching_case(rooms: Practice, data: bytes, name: str = "the file") -> TeachingCase:
    """Return the teaching case in a file's bytes.

    Raises
    ------
    CaseError
        For what is no such file, in one line that names the key and what was expected.
    UnknownVariableError, UnknownStateError, OptionError
        With the nearest valid name.
    """
    raw = parse_case(data, name, yaml=name.lower().endswith(YAML_SUFFIXES))
    _only(raw, KEYS, name)
    missing = [k for k in ("title", "setting", "cause", "steps") if not raw.get(k)]
    if missing:
        raise CaseError(f"{name}: {missing[0]} is missing")
    steps = raw["steps"]
    if not isinstance(steps, list) or not all(isinstance(s, Mapping) for s in steps):
        raise CaseError(f"{name}: steps: expected a list of finding and state")
    for step in steps:
        _only(step, STEP_KEYS, f"{name}: a step")
    found = TeachingCase(
        str(raw["title"])[:200], str(raw["setting"]), str(raw["cause"]),
        tuple(ToldStep(str(s.get("finding")), _state(s.get("state")), str(s.get("note", "")))
              for s in steps),
        {str(v): _state(s) for v, s in _mapping(raw, "ground", name).items()},
        _texts(raw, "objectives", name), _texts(raw, "distractors", name),
        str(raw.get("note") or ""),
    )  # fmt: skip
    _names(rooms, found, name)
    return found


def check_case(rooms: Practice, case: TeachingCase) -> tuple[Checked, ...]:
    """Return where a case points after each step.

    Raises
    ------
    ImpossibleEvidenceError
        At the first step whose findings exclude each other, with the smallest such set.
    """
    return tuple(_checked(rooms, case, k) for k in range(len(case.steps) + 1))


def _checked(rooms: Practice, case: TeachingCase, count: int) -> Checked:
    known = case.known(count)
    belief = rooms.belief(known)
    leader = max(rooms.open_causes(known), key=belief.__getitem__)
    return Checked(count, belief[case.cause], leader, belief[leader], _conflict(rooms, known))


def _conflict(rooms: Practice, known: Mapping[str, str]) -> float:
    start = rooms.start(known)
    alone, engine = rooms.posterior(start), rooms.engine
    single = sum(log(float(alone[v][s])) for v, s in known.items() if v not in start)
    return single - (engine.log_prob_evidence(known) - engine.log_prob_evidence(start))


# ------------------------------------------------------------------------------- what is refused


def _names(rooms: Practice, case: TeachingCase, name: str) -> None:
    rules = rooms.reasoner.rules
    rules.check(SETTING, case.setting)
    for cause in (case.cause, *case.distractors):
        rooms.script(cause)
    for variable, state in case.ground.items():
        if variable not in CONTEXT:
            raise CaseError(f"{name}: ground: expected {', '.join(CONTEXT[:2])}, got {variable}")
        rules.check(variable, state)
    seen: set[str] = set()
    for step in case.steps:
        rules.check(step.finding, step.state)
        if step.finding in seen or step.finding not in rooms.askable:
            why = "is told twice" if step.finding in seen else "is nothing that a patient can tell"
            raise CaseError(f"{name}: {step.finding} {why}")
        if step.finding == case.cause:
            raise CaseError(f"{name}: {step.finding} is the cause that is asked for")
        seen.add(step.finding)


def _only(raw: Mapping[str, Any], known: tuple[str, ...], name: str) -> None:
    strange = [str(k) for k in raw if k not in known]
    if strange:
        raise CaseError(f"{name}: unknown key {strange[0]!r}: expected {', '.join(known)}")


def _mapping(raw: Mapping[str, Any], key: str, name: str) -> Mapping[str, Any]:
    found = raw.get(key) or {}
    if not isinstance(found, Mapping):
        raise CaseError(f"{name}: {key}: expected variable and state")
    return found


def _texts(raw: Mapping[str, Any], key: str, name: str) -> tuple[str, ...]:
    found = raw.get(key) or []
    if not isinstance(found, list):
        raise CaseError(f"{name}: {key}: expected a list")
    return tuple(map(str, found))


def _state(value: object) -> str:
    """Return a state; `yes` and `no` are names of states, whatever YAML makes of them."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
