"""Several visits of one person as one case: the last word on each finding, and what time tells.

A finding that is told at several visits counts as it is told last. What stayed away tells more.
Let h be P(a state is found within a month | the cause, not found yet), the cause's `course`. If the
state was looked for and not found at a first visit, and at a last one m months later, the cause is

    P(still not found | cause) = (1 - h)^m

times as likely as without the second look; causes without a course say nothing of time (factor 1).
Figures: `course` in `data/causes/*.yaml`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fascinet.model.case import COMPLAINT, Case
from fascinet.model.digest import Range
from fascinet.model.errors import CaseError, shown
from fascinet.model.read_case import Source, load_case

if TYPE_CHECKING:
    from fascinet.engine.clinic.reasoner import Reasoner

MONTHS = "months"
FIXED = ("sex",)
DAYS = 365.25 / 12
UNSEEN = "subjective"  # reported: nobody has looked


@dataclass(frozen=True)
class Visit:
    """One visit: when, in months since the first, and the case as it stood then."""

    months: float
    case: Case


def followed(reasoner: "Reasoner", visits: Sequence[Source]) -> Case:
    """Return the case that visits make up; what time tells of a cause is a likelihood on it.

    Parameters
    ----------
    visits : sequence of case
        From the first. A mapping may say when, `months` since the first; the age does for
        Phenopackets.

    Raises
    ------
    CaseError
        If the times are not known or do not increase, or what cannot change does.
    """
    if not visits:
        raise CaseError("visits: expected one case or more, got none")
    read = _read(reasoner, visits)
    merged, notes = _merged(read)
    soft = dict(merged.soft)
    for cause, facts in reasoner.digest.causes.items():
        for finding, states in facts.course.items():
            for state, hazard in states.items():
                span = unseen(read, finding, state)
                if span and cause not in merged.hard and cause not in merged.do:
                    _add(soft, reasoner, cause, hazard, span)
                    notes.append(_note(reasoner, cause, finding, state, hazard, span))
    return replace(merged, soft=soft, warnings=(*merged.warnings, *notes))


def _read(reasoner: "Reasoner", visits: Sequence[Source]) -> list[Visit]:
    out: list[Visit] = []
    start: float | None = None
    for number, source in enumerate(visits, 1):
        told, months = _taken(source)
        case = reasoner.read(told, strict=number == 1)
        age = None if case.age is None else 12.0 * case.age
        if months is None and number > 1 and not isinstance(told, Case):
            months = None if age is None or start is None else age - start
        if months is None and number == 1:
            months = 0.0
        if months is None:
            raise CaseError(
                f"visit {number}: expected `months` since the first visit, or a Phenopacket whose "
                "age tells it"
            )
        start = age if number == 1 else start
        if out and months <= out[-1].months:
            raise CaseError(
                f"visit {number}: expected a time after {out[-1].months:g} months, got {months:g}"
            )
        out.append(Visit(months, case))
    return out


def _taken(source: Source) -> tuple[Source, float | None]:
    """Return a visit without its time, and that."""
    if isinstance(source, str) or hasattr(source, "__fspath__"):
        source = load_case(source)
    if not isinstance(source, Mapping) or MONTHS not in source:
        return source, None
    value: Any = source[MONTHS]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1200:
        raise CaseError(f"{MONTHS}: expected a number from 0, got {shown(value)}")
    return {k: v for k, v in source.items() if k != MONTHS}, float(value)


def _merged(visits: Sequence[Visit]) -> tuple[Case, list[str]]:
    """Return the case of the last word on each variable, and what changed."""
    hard, soft, notes = dict[str, str](), dict[str, Mapping[str, float]](), list[str]()
    do: dict[str, str] = {}
    for visit in visits:
        case = visit.case
        for name, state in case.hard.items():
            if case.assumed and name == COMPLAINT and name in hard:
                continue  # not mentioned again: as it was
            if hard.get(name, state) != state:
                if name in FIXED:
                    raise CaseError(
                        f"contradictory case: {name} is given as {hard[name]} and as {state}"
                    )
                notes.append(f"{name}: {hard[name]}, after {visit.months:g} months {state}: as now")
            hard[name] = state
            soft.pop(name, None)
        for name, likelihoods in case.soft.items():
            soft[name] = likelihoods
            hard.pop(name, None)
        do |= case.do
    last = visits[-1].case
    warnings = dict.fromkeys(w for v in visits for w in v.case.warnings)
    unmapped = dict.fromkeys(u for v in visits for u in v.case.unmapped)
    exposures = dict.fromkeys(e for v in visits for e in v.case.exposures)
    setting = next((v.case.setting for v in reversed(visits) if v.case.setting), None)
    whole = replace(
        last, hard=hard, soft=soft, do=do, warnings=tuple(warnings), unmapped=tuple(unmapped),
        exposures=tuple(exposures), setting=setting, id=visits[0].case.id,
        assumed=all(v.case.assumed for v in visits),
    )  # fmt: skip
    return whole, notes


def unseen(visits: Sequence[Visit], finding: str, state: str) -> float:
    """Return the months from the first look to the last without a state; 0 if it was ever found."""
    looks = [v.months for v in visits if _is_absent(v.case, finding, state)]
    if len(looks) < 2 or any(v.case.hard.get(finding) == state for v in visits):
        return 0.0
    return looks[-1] - looks[0]


def _is_absent(case: Case, finding: str, state: str) -> bool:
    if finding in case.hard:
        return case.hard[finding] not in (state, UNSEEN)
    left = {s for s, x in case.soft.get(finding, {}).items() if x > 0.0}
    return bool(left - {UNSEEN}) and state not in left


def _add(
    soft: dict[str, Any], reasoner: "Reasoner", cause: str, hazard: Range, months: float
) -> None:
    """Take the likelihood of a cause that would have shown by now."""
    resting, stays = reasoner.rules.resting[cause], (1.0 - hazard.p) ** months
    before = soft.get(cause, dict.fromkeys(reasoner.rules.states[cause], 1.0))
    soft[cause] = {s: x * (1.0 if s == resting else stays) for s, x in before.items()}


def _note(
    reasoner: "Reasoner", cause: str, finding: str, state: str, hazard: Range, months: float
) -> str:
    low, mid, high = ((1.0 - h) ** months for h in (hazard.high, hazard.p, hazard.low))
    label = reasoner.digest.causes[cause].label
    span = f"{months:g} month{'' if months == 1 else 's'}"
    times = f"{mid:.2f} times as likely ({low:.2f} to {high:.2f})"
    return f"{span} without {finding}={state}: {label} is {times}"
