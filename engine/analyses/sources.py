"""What the knowledge base says about a parameter: the figures behind it, their grade and source.

A parameter may rest on one figure (a link, a leak), on several (a logistic prior: the prevalence
and the odds ratio of each parent), or be what the others leave over (the resting state). It is as
well founded as the weakest of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fascinet.engine.analyses.parameters import Parameters
from fascinet.model.schema import Cited, Knowledge, Trigger

TRIGGER, UNEXPLAINED = "trigger_", "trigger_other"


@dataclass(frozen=True)
class Basis:
    """What a parameter rests on.

    Attributes
    ----------
    grade : str
        The weakest grade of its figures, A to D.
    sources : tuple of str
        Keys of the bibliography, or `expert_estimate`, each once.
    """

    grade: str
    sources: tuple[str, ...]


def bases(knowledge: Knowledge, figures: Parameters, index: Iterable[int]) -> dict[int, Basis]:
    """Return the basis of parameters, by index; those that rest on no figure are left out."""
    out: dict[int, Basis] = {}
    for i in index:
        found = figures_behind(knowledge, *figures.labels[int(i)])
        if found:
            worst = max(f.grade for f in found)
            out[int(i)] = Basis(worst, tuple(dict.fromkeys(f.source for f in found)))
    return out


def figures_behind(
    knowledge: Knowledge, variable: str, state: str, parents: Mapping[str, str]
) -> tuple[Cited, ...]:
    """Return the cited figures that P(variable = state | parents) rests on; none if computed."""
    if variable.startswith(TRIGGER):
        cause = variable.removeprefix(TRIGGER)
        trigger = _trigger(knowledge, variable)
        return () if trigger is None else _either(trigger.link, parents.get(cause, "yes"))
    if variable in knowledge.context:
        return (knowledge.context[variable].spread,)
    if variable in knowledge.causes or variable in knowledge.risks:
        return _prior(knowledge, variable, state, parents)
    if variable in knowledge.findings or variable in knowledge.tests:
        return _finding(knowledge, variable, state, parents)
    return ()


def _trigger(knowledge: Knowledge, name: str) -> Trigger | None:
    """Return the record of a trigger: of a cause, or of the ordinary unexplained twitch."""
    if name == UNEXPLAINED:
        return knowledge.unexplained
    cause = knowledge.causes.get(name.removeprefix(TRIGGER))
    return cause.trigger if cause else None


def _prior(
    knowledge: Knowledge, variable: str, state: str, parents: Mapping[str, str]
) -> tuple[Cited, ...]:
    """Return the link of the only parent, or the prevalence with the odds ratios that apply."""
    prior = (knowledge.causes.get(variable) or knowledge.risks[variable]).prior
    for parent, value in parents.items():
        link = prior.links.get(parent, {}).get(value)
        if link:
            return _either(link, state)
    place = prior.settings.get(parents.get("setting", "all")) or prior.settings.get("all")
    place = place or next(iter(prior.settings.values()), {})
    out = _either(place, state)
    for parent, value in parents.items():
        odds = prior.odds.get(parent, {}).get(value)
        out += _either(odds, state) if odds else ()
    return out


def _finding(
    knowledge: Knowledge, variable: str, state: str, parents: Mapping[str, str]
) -> tuple[Cited, ...]:
    """Return what each parent that is there shows, or the leak if none is."""
    out: tuple[Cited, ...] = ()
    for parent, value in parents.items():
        trigger = _trigger(knowledge, parent) if parent.startswith(TRIGGER) else None
        record = knowledge.causes.get(parent) or knowledge.risks.get(parent)
        if trigger is not None:
            out += _shown(trigger, variable, value)
        elif record is not None:
            out += _either(record.links(value).get(variable, {}), state)
    if out:
        return out
    return _either((knowledge.findings.get(variable) or knowledge.tests[variable]).leak, state)


def _shown(trigger: Trigger, variable: str, value: str) -> tuple[Cited, ...]:
    """Return how the twitching that a trigger makes looks, where it is on."""
    for shown in (trigger.by_state.get(value), trigger.shows) if value != "no" else ():
        if shown is not None:
            found = shown.spreads.get(variable) or shown.figures.get(variable)
            if found is not None:
                return (found,)
    return ()


def _either(table: Mapping[str, Any], state: str) -> tuple[Cited, ...]:
    """Return the figure of a state, or of all others if it is what they leave over."""
    if state in table:
        return (table[state],)
    return tuple(table.values())
