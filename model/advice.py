"""Rules about cases as frozen records: warnings, actions, sessions of tests, expectations."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from fascinet.model.cited import Figure, Record


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
