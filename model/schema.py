"""The knowledge base as frozen records: what one may write in `data/`, and nothing else.

Every number is a `Figure` (a probability with range, source and grade), an `Odds` (an odds ratio
with the same) or a `Spread` (a distribution). Nothing here computes; `fascinet.model.build` does.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from fascinet.model.pooling import pool

Grade: TypeAlias = Literal["A", "B", "C", "D"]
Read: TypeAlias = Literal["abstract", "full_text", "dataset", "summary", "quote"]
YES = "yes"
NO_YES = ("no", YES)


class Record(BaseModel):
    """Base of all records: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Study(Record):
    """One study of a figure: `events` of `n` persons, where it says so, and what was read."""

    source: str
    n: int = Field(gt=0)
    events: int = Field(ge=0)
    where: str
    read: Read
    note: str = ""


class Cited(Record):
    """What every number carries.

    Attributes
    ----------
    source : str
        A key of `sources.bib`, or `expert_estimate`.
    grade : str
        A large registry or review, B single cohort, C small or second hand, D expert estimate.
    n : int, optional
        Size of the sample.
    where : str
        Table, page or sentence of the source that holds the figure.
    read : str
        What was read of it: abstract, full_text, dataset (a registry or annotation file), summary
        (a guideline's or publisher's page), or quote (seen quoted by another).
    article : tuple of str
        Ids of the statements of the article that this number stands for.
    """

    source: str
    grade: Grade
    n: int | None = None
    where: str = ""
    read: Read | Literal[""] = ""
    article: tuple[str, ...] = ()
    note: str = ""


def _pooled(value: Any) -> Any:
    """Fill in from the studies of a figure what it does not say itself: p, range, n, source."""
    studies = value.get("studies") if isinstance(value, Mapping) else None
    if not isinstance(studies, list | tuple) or not all(isinstance(s, Mapping) for s in studies):
        return value
    counts = [(s.get("events"), s.get("n")) for s in studies]
    if not counts or not all(isinstance(x, int) for pair in counts for x in pair):
        return value
    largest = max(studies, key=lambda s: s["n"])
    out = {"n": sum(n for _, n in counts), "source": largest.get("source"), **value}
    if "p" not in out and all(0 <= k <= n for k, n in counts):
        p, low, high = pool(counts)
        out = {"range": (low, high), **out, "p": p}
    return out


class Figure(Cited):
    """A probability `p` with its range (low, high).

    Attributes
    ----------
    studies : tuple of Study
        Those that it rests on. Without a `p` of its own the figure is their pooled share; with one
        (a net effect, say), the `note` says how the two differ.
    """

    p: float
    range: tuple[float, float]
    studies: tuple[Study, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_studies(cls, value: Any) -> Any:
        return _pooled(value)

    @property
    def pooled(self) -> tuple[float, float, float] | None:
        """Middle, low and high of the pooled studies; None without any."""
        return pool([(min(s.events, s.n), s.n) for s in self.studies]) if self.studies else None

    @property
    def low(self) -> float:
        """Lower end of the range."""
        return self.range[0]

    @property
    def high(self) -> float:
        """Upper end of the range."""
        return self.range[1]


class Odds(Cited):
    """An odds ratio `value` against the resting state of its parent, with its range."""

    value: float
    range: tuple[float, float]


class Spread(Cited):
    """A distribution over the states of a finding; `weight` is its equivalent sample size."""

    p: Mapping[str, float]
    weight: float = 10.0


def _by_state(value: Any) -> Any:
    """Read a bare figure as the figure of the state yes."""
    if isinstance(value, Mapping) and ({"p", "value", "studies"} & set(value)):
        return {YES: value}
    return value


def _by_two_states(value: Any) -> Any:
    """Read a bare figure as yes → yes, and a figure of a parent's state as that state → yes."""
    value = _by_state(value)
    return {k: _by_state(v) for k, v in value.items()} if isinstance(value, Mapping) else value


Link: TypeAlias = Annotated[Mapping[str, Figure], BeforeValidator(_by_state)]
StateLinks: TypeAlias = Annotated[Mapping[str, Link], BeforeValidator(_by_two_states)]
OddsByState: TypeAlias = Annotated[Mapping[str, Odds], BeforeValidator(_by_state)]
Codes: TypeAlias = Mapping[str, tuple[str, ...]]


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
    """

    group: str
    must_not_miss: bool = False
    harm: float = 0.2
    trigger: Trigger | None = None


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
    coarse : mapping of state to states
        A state that only says "one of these" (reported, not yet examined). Scripts give the
        fine states; most of them are told coarsely, so that it weighs as their union.
    """

    section: str = ""
    by: Literal["history", "examination"] = "history"
    on: Literal["cause", "trigger", "mechanism"] = "cause"
    leak: Link = Field(default_factory=dict)
    default: str | None = None
    coarse: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)


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
    """

    form: Literal["noisy_max", "mixture"] = "noisy_max"
    normal: str
    cost: int
    burden: int
    turnaround: str
    availability: str = ""
    pitfalls: str = ""
    defines: Mapping[str, str] = Field(default_factory=dict)


class Session(Record):
    """Tests that are done in one go and cost once; cost and burden from 1 (little) to 5.

    `proves` are the causes that must not be missed whose test this is.
    """

    id: str
    label: str
    tests: tuple[str, ...]
    proves: tuple[str, ...] = ()
    cost: int
    burden: int


class RedFlag(Record):
    """A warning: any of `when` holds, each a mapping of variable to states, all of which hold.

    Attributes
    ----------
    within : str
        How soon: hours (an emergency), day, weeks, or "".
    actions : tuple of str
        The actions that it calls for, first things first.
    despite : tuple of str
        Of a reassurance: what may be out of its resting state; anything else withdraws it.
    """

    id: str
    level: Literal["urgent", "routine", "review", "reassure"]
    when: tuple[Mapping[str, tuple[str, ...]], ...]
    text: str
    action: str
    within: Literal["hours", "day", "weeks", ""] = ""
    actions: tuple[str, ...] = ()
    despite: tuple[str, ...] = ()
    article: tuple[str, ...] = ()
    source: tuple[str, ...] = ()


class Action(Record):
    """What may be done, for which variables, with its caution and the evidence for it.

    Attributes
    ----------
    by : str
        Whether its targets count where they are `present`, beyond what the setting makes likely,
        or where they are at `work`, making the muscle twitch.
    when, unless : tuple of conditions
        It is offered only where one of `when` holds, and not where one of `unless` does.
    """

    id: str
    label: str
    targets: tuple[str, ...]
    text: str
    by: Literal["work", "present"] = "work"
    when: tuple[Mapping[str, tuple[str, ...]], ...] = ()
    unless: tuple[Mapping[str, tuple[str, ...]], ...] = ()
    caution: str = ""
    evidence: str = ""
    article: tuple[str, ...] = ()
    source: tuple[str, ...] = ()


class Utility(Record):
    """What an action is worth.

    Attributes
    ----------
    benefit, burden : Figure
        Gained where a target is there; lost whenever the action is taken.
    stakes : mapping of target to float
        Multiplies the benefit; 1 where not given.
    """

    benefit: Figure
    burden: Figure
    stakes: Mapping[str, float] = Field(default_factory=dict)


class Utilities(Record):
    """The worth of every action, and how likely a flag is to mean what its action is for.

    Attributes
    ----------
    actions : mapping of action to Utility
    flags : mapping of how soon to Figure
        P(what the action is for | an urgent flag that asks for it), by how soon.
    """

    actions: Mapping[str, Utility]
    flags: Mapping[Literal["hours", "day", "weeks"], Figure]


class Proof(Record):
    """What entering a statement does: a test runs it.

    Attributes
    ----------
    given, enter : mapping of variable to state
        What is known before, and what is entered.
    moves : mapping of variable, variable=state or trigger_CAUSE to float
        By how many decibans its log odds rise at least (or, below 0, fall).
    flags, actions : tuple of str
        Ids of red flags that are raised and of actions that are advised (a utility above 0) after.
    """

    given: Mapping[str, str] = Field(default_factory=dict)
    enter: Mapping[str, str]
    moves: Mapping[str, float] = Field(default_factory=dict)
    flags: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()


class Statement(Record):
    """A statement of the article, paraphrased, and what shows that the network carries it."""

    id: str
    must: bool
    text: str
    proofs: tuple[Proof, ...] = ()


class Exposure(Record):
    """What a named exposure of a case sets when present and when absent, or why nothing."""

    present: Mapping[str, str] = Field(default_factory=dict)
    absent: Mapping[str, str] = Field(default_factory=dict)
    reason: str = ""


class Expectation(Record):
    """Findings that never speak against a cause, by state, and who counts them as its signs."""

    source: tuple[str, ...]
    signs: Mapping[str, tuple[str, ...]]


class Vignette(Record):
    """A composed case and bounds that its posterior or ranking must keep."""

    id: str
    setting: str
    findings: Mapping[str, str]
    text: str
    first: tuple[str, ...] = ()
    below: Mapping[str, float] = Field(default_factory=dict)
    above: Mapping[str, float] = Field(default_factory=dict)
    red_flags: tuple[str, ...] = ()


class Source(Record):
    """A reference of `sources.bib`."""

    key: str
    kind: str
    fields: Mapping[str, str]


class Place(NamedTuple):
    """A number of the knowledge base and where it stands."""

    where: str
    figure: Figure | Odds | Spread


class Knowledge(Record):
    """Everything in `data/`."""

    name: str
    version: str
    hpo_release: str
    context: Mapping[str, Context]
    risks: Mapping[str, Risk]
    causes: Mapping[str, Cause]
    mechanisms: Mapping[str, Mechanism]
    unexplained: Trigger
    findings: Mapping[str, Finding]
    tests: Mapping[str, Test]
    sessions: Mapping[str, Session]
    red_flags: tuple[RedFlag, ...]
    actions: tuple[Action, ...]
    utilities: Utilities
    statements: Mapping[str, Statement]
    exposures: Mapping[str, Exposure]
    vignettes: tuple[Vignette, ...]
    sources: Mapping[str, Source]
    fitted: Mapping[str, Mapping[str, Mapping[str, float]]]
    hpo_unmapped: Mapping[str, str]
    renamed: Mapping[str, str] = Field(default_factory=dict)
    expectations: Mapping[str, Expectation] = Field(default_factory=dict)
    lay_words: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    @property
    def settings(self) -> tuple[str, ...]:
        """Care settings."""
        return self.context["setting"].states

    @property
    def variables(self) -> dict[str, Variable]:
        """Every declared variable (triggers are hidden and not declared)."""
        parts: tuple[Mapping[str, Variable], ...] = (
            self.context, self.risks, self.causes, self.mechanisms, self.findings, self.tests,
        )  # fmt: skip
        return {name: record for part in parts for name, record in part.items()}

    @property
    def resting(self) -> dict[str, str]:
        """The state of each variable that means absent or normal."""
        return {v: getattr(r, "normal", r.states[0]) for v, r in self.variables.items()}

    def hpo_anchors(
        self,
    ) -> Iterator[tuple[str, Mapping[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]]:
        """Yield variable, its defining terms by state, and its hints by state."""
        for name, record in self.variables.items():
            if record.hpo or record.hpo_also:
                yield name, record.hpo, record.hpo_also

    def figures(self) -> Iterator[Place]:
        """Yield every number with its place."""
        from fascinet.model.figures import places

        return places(self)
