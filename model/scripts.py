"""Variables and illness scripts as frozen records: what is asked, and what causes what."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from fascinet.model.cited import YES, Codes, Figure, Link, OddsByState, Record, Spread, StateLinks
from fascinet.model.quantity import Quantity

NO_YES = ("no", YES)


class Prior(Record):
    """How probable a variable is before its findings.

    Attributes
    ----------
    form : str
        `logistic`: one log-odds per state, moved by the parents' odds ratios, expanded to a table.
        `noisy_max`: a background plus the net effect of each parent (Díez).
    settings : mapping of setting to link
        For a cause: P(state | adult with twitching, setting); the unconditional prior that gives
        it back is in `fitted_priors.yaml`. For a risk: its prevalence; the key `all` serves all.
    odds : mapping of parent to state to odds ratio, optionally by own state
    links : mapping of parent to parent's state to own state to P(own state | only this parent)
    """

    form: Literal["logistic", "noisy_max"]
    settings: Mapping[str, Link]
    odds: Mapping[str, Mapping[str, OddsByState]] = Field(default_factory=dict)
    links: Mapping[str, StateLinks] = Field(default_factory=dict)

    @property
    def parents(self) -> tuple[str, ...]:
        """Parents besides the setting."""
        return (*self.odds, *self.links)


class Shown(Record):
    """How twitching looks when this cause makes it: findings that depend on the trigger."""

    spreads: Mapping[str, Spread] = Field(default_factory=dict)
    figures: Mapping[str, Figure] = Field(default_factory=dict)


class Trigger(Record):
    """The hidden event "present, and making muscle twitch".

    Attributes
    ----------
    link : Figure, or one a state of the cause
        P(trigger | cause).
    mechanism : str
        A mechanism, or `twitching` itself.
    """

    link: Link
    mechanism: str
    shows: Shown = Shown()
    by_state: Mapping[str, Shown] = Field(default_factory=dict)


class Variable(Record):
    """What all variables carry.

    Attributes
    ----------
    short : str
        The label where there is little room, as in a picture of the network; at most 24 letters.
    state_labels : mapping of state to str
        What a state means, where its name does not say it.
    """

    id: str
    label: str
    short: str = Field(default="", max_length=24)
    patient_label: str = ""
    states: tuple[str, ...] = NO_YES
    codes: Codes = Field(default_factory=dict)
    article: tuple[str, ...] = ()
    summary: str = ""
    hpo: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    hpo_also: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    question: str = ""
    synonyms: tuple[str, ...] = ()
    state_labels: Mapping[str, str] = Field(default_factory=dict)

    @property
    def loinc(self) -> tuple[str, ...]:
        """LOINC codes of the assays that measure it."""
        return tuple(self.codes.get("loinc", ()))


class Context(Variable):
    """A fact about the person or place that one picks: setting, age, sex."""

    spread: Spread


class Scripted(Variable):
    """What shows itself in findings.

    Attributes
    ----------
    findings : mapping of finding to link
        P(finding's state | this alone), for every state but the first.
    findings_by_state : mapping of own state to the same
        For what comes in several kinds; goes before `findings`.
    """

    prior: Prior
    findings: Mapping[str, Link] = Field(default_factory=dict)
    findings_by_state: Mapping[str, Mapping[str, Link]] = Field(default_factory=dict)

    def links(self, state: str) -> dict[str, Mapping[str, Figure]]:
        """Return the findings of one state."""
        return {**self.findings, **self.findings_by_state.get(state, {})}

    @property
    def all_findings(self) -> tuple[str, ...]:
        """Every finding it is linked to, in order of appearance."""
        named = [f for links in self.findings_by_state.values() for f in links]
        return tuple(dict.fromkeys([*self.findings, *named]))


class Risk(Scripted):
    """A risk factor: habit, exposure, illness or past operation."""


class Cause(Scripted):
    """An illness script.

    Attributes
    ----------
    group : str
        The entry of the differential's groups that it counts for.
    must_not_miss : bool
    harm : float
        Harm of missing it, 0 to 1; a judgement, used only by the ranking `harm`.
    course : mapping of finding to state to figure
        P(state is found within a month | this cause, not found yet), for follow-up visits.
    """

    group: str
    must_not_miss: bool = False
    harm: float = 0.2
    trigger: Trigger | None = None
    course: Mapping[str, Link] = Field(default_factory=dict)


class Mechanism(Variable):
    """A deterministic OR of causes (`of`) or of the triggers that name it.

    Attributes
    ----------
    expected : mapping of setting to figure
        P(present | adult with twitching, setting), which the fitted priors should come near.
    """

    of: tuple[str, ...] = ()
    expected: Mapping[str, Figure] = Field(default_factory=dict)


class Finding(Variable):
    """A symptom or sign, a leaky noisy-MAX of its causes.

    Attributes
    ----------
    section : str
        Where a form shows it.
    by : {"history", "examination"}
        Who can tell: the patient, or whoever examines.
    on : str
        `cause`, or `trigger` for what depends on the triggers of twitching.
    leak : link
        P(state | none of the modelled causes).
    default : str, optional
        The state that a case has unless it says otherwise (the complaint).
    implies : mapping of state to mapping of finding to state
        What it contains (weak hips are weakness): where both are told, the general one is not
        counted again; where the general one is denied, nor is the denial of this one.
    coarse : mapping of state to states
        A state that only says "one of these" (reported, not yet examined). Scripts give the
        fine states; most of them are told coarsely, so that it weighs as their union.
    """

    section: str = ""
    by: Literal["history", "examination"] = "history"
    on: Literal["cause", "trigger", "mechanism"] = "cause"
    leak: Link = Field(default_factory=dict)
    default: str | None = None
    implies: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    coarse: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)


class Measured(Record):
    """How a measured number becomes a result; see `fascinet.model.quantity`.

    Attributes
    ----------
    unit : str
    cuts : tuple of float
        Borders between results, increasing.
    order : tuple of str
        The results from the lowest number to the highest.
    units : mapping of str to float
        Other units, each with what turns its numbers into `unit`.
    source, where, read : str
        Where the cut points are from, as for a figure.
    """

    unit: str
    cuts: tuple[float, ...]
    order: tuple[str, ...]
    units: Mapping[str, float] = Field(default_factory=dict)
    source: str
    where: str = ""
    read: str = ""
    note: str = ""


class Test(Finding):
    """An investigation; `form` mixture is a table for results that no order joins.

    Attributes
    ----------
    normal : str
        The result that means nothing found.
    cost, burden : int
        1 (little) to 5.
    defines : mapping of result to variable, or variable=state
        What this result is by definition: a potassium below its range is hypokalaemia.
    measured : Measured, optional
        How a number becomes a result.
    """

    form: Literal["noisy_max", "mixture"] = "noisy_max"
    normal: str
    cost: int
    burden: int
    turnaround: str
    availability: str = ""
    pitfalls: str = ""
    defines: Mapping[str, str] = Field(default_factory=dict)
    measured: Measured | None = None

    @property
    def quantity(self) -> Quantity | None:
        """How a number becomes a result, with the normal one."""
        m = self.measured
        return m and Quantity(m.unit, m.cuts, m.order, self.normal, dict(m.units))
