"""Red flags and reassurance: the knowledge base's own conditions, on what is known of a case.

A flag is raised by its condition alone, so that no further finding hides it. A reassurance needs
its whole condition, and is withdrawn by any flag and by any finding, risk or cause out of its
resting state that it does not itself allow (`despite`); so none brings it back either.
"""

from typing import TYPE_CHECKING

from fascinet.engine.clinic.conditions import Marginals, any_holds, holds, possible_states
from fascinet.engine.clinic.differential import RedFlag
from fascinet.model.case import COMPLAINT, CONTEXT, Case

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fascinet.model.digest import Digest, FlagFacts
    from fascinet.model.schema import Knowledge
    from fascinet.model.schema import RedFlag as Rule

LEVELS = ("urgent", "routine", "review", "reassure")
WITHIN = ("hours", "day", "weeks", "")
URGENT, REASSURE = "urgent", "reassure"


def red_flags(
    knowledge: "Knowledge | Digest", case: Case, posterior: Marginals
) -> tuple[RedFlag, ...]:
    """Return the flags that the case raises, most urgent first, or else what reassures.

    Parameters
    ----------
    knowledge : Knowledge or Digest
    case : Case
    posterior : mapping of variable to mapping of state to probability
        Of the causes and mechanisms.
    """
    known = possible_states(knowledge, case, posterior)
    rules = knowledge.red_flags
    raised = [r for r in rules if r.level != REASSURE and any_holds(r.when, known)]
    if not raised:
        told = out_of_rest(case, knowledge.resting)
        raised = [r for r in rules if r.level == REASSURE and reassures(r, known, told)]
    return tuple(
        RedFlag(r.id, r.level, r.text, tuple(r.article), r.action, r.within, tuple(r.actions))
        for r in sorted(raised, key=urgency)
    )


def urgency(rule: "Rule | FlagFacts | RedFlag") -> tuple[int, int]:
    """Return the place of a flag in the order of urgency: its level, then how soon."""
    return LEVELS.index(rule.level), WITHIN.index(rule.within)


def reassures(
    rule: "Rule | FlagFacts", known: "Mapping[str, frozenset[str]]", told: set[str]
) -> bool:
    """Tell whether one of the rule's conditions holds, and nothing else is out of its rest."""
    return any(holds(when, known) and told <= {*when, *rule.despite} for when in rule.when)


def out_of_rest(case: Case, resting: "Mapping[str, str]") -> set[str]:
    """Return what a case has out of its resting state, for certain or more likely than not.

    Context and the complaint say nothing by themselves.
    """
    given = {name: {state: 1.0} for name, state in {**case.do, **case.hard}.items()}
    given |= {name: dict(likelihoods) for name, likelihoods in case.soft.items()}
    told = {
        name
        for name, likelihoods in given.items()
        if max(likelihoods.values(), default=0.0) > likelihoods.get(resting.get(name, ""), 0.0)
    }
    return told - {*CONTEXT, COMPLAINT}
