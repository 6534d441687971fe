"""Red flags: the knowledge base's own conditions, on what is known of a case.

A condition holds if each variable it names is observed in one of its states. What is only partly
known counts if every state left open is listed; a cause, which is never observed, counts if it is
more probable than not.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fascinet.engine.api.posterior import Posterior
from fascinet.engine.clinic.differential import RedFlag
from fascinet.model.case import Case

if TYPE_CHECKING:
    from fascinet.model.digest import Digest, FlagFacts
    from fascinet.model.schema import Knowledge
    from fascinet.model.schema import RedFlag as Rule

LEVELS = ("urgent", "routine", "review", "reassure")
LIKELY = 0.5


def red_flags(
    knowledge: "Knowledge | Digest", case: Case, posterior: Posterior
) -> tuple[RedFlag, ...]:
    """Return the flags that the case raises, most urgent first."""
    open_states = possible_states(knowledge, case, posterior)
    raised = [rule for rule in knowledge.red_flags if is_raised(rule, open_states)]
    ranked = sorted(raised, key=lambda rule: LEVELS.index(rule.level))
    return tuple(RedFlag(r.id, r.level, r.text, tuple(r.article), r.action) for r in ranked)


def is_raised(rule: "Rule | FlagFacts", open_states: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether any of the rule's alternatives holds."""
    return any(
        all(name in open_states and open_states[name] <= set(states) for name, states in w.items())
        for w in rule.when
    )


def possible_states(
    knowledge: "Knowledge | Digest", case: Case, posterior: Posterior
) -> dict[str, frozenset[str]]:
    """Return the states left open for what is observed, and the likely state of each cause."""
    known = {name: frozenset({state}) for name, state in {**case.do, **case.hard}.items()}
    for name, given in case.soft.items():
        known[name] = frozenset(state for state, value in given.items() if value > 0)
    for name in (*knowledge.causes, *knowledge.mechanisms):
        if name in known or name not in posterior:
            continue
        likely = [state for state, p in posterior[name].items() if p > LIKELY]
        if likely:
            known[name] = frozenset(likely)
    return known
