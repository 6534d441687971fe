"""Conditions of the knowledge base on what is known of a case: of red flags and of actions.

A condition is a mapping of variable to states; it holds if each variable is known to be in one of
its states. What is only partly known counts if every state left open is listed; a cause, which is
seldom observed, counts if one of its states is more probable than not. So no further finding can
undo a condition on findings.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from fascinet.model.case import Case

if TYPE_CHECKING:
    from fascinet.model.digest import Digest
    from fascinet.model.schema import Knowledge

Condition: TypeAlias = Mapping[str, tuple[str, ...]]
Marginals: TypeAlias = Mapping[str, Mapping[str, float]]
LIKELY = 0.5


def any_holds(when: Iterable[Condition], known: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether any of the conditions holds."""
    return any(holds(condition, known) for condition in when)


def holds(condition: Condition, known: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether every variable of a condition is known to be in one of its states.

    >>> known = {"weakness": frozenset({"objective"}), "emg": frozenset({"normal", "abnormal"})}
    >>> holds({"weakness": ("objective",)}, known), holds({"emg": ("abnormal",)}, known)
    (True, False)
    """
    for name, states in condition.items():
        if name not in known or not known[name].issubset(states):
            return False
    return True


def observed_states(case: Case) -> dict[str, frozenset[str]]:
    """Return the states left open for what is observed; a likelihood of zero rules a state out."""
    told = {**case.contained, **case.do, **case.hard}
    known = {name: frozenset({state}) for name, state in told.items()}
    for name, given in case.soft.items():
        known[name] = frozenset(state for state, value in given.items() if value > 0)
    return known


def possible_states(
    knowledge: "Knowledge | Digest", case: Case, posterior: Marginals
) -> dict[str, frozenset[str]]:
    """Return the states left open for what is observed, and the likely state of each cause."""
    known = observed_states(case)
    for name in posterior:
        if name in known or not (name in knowledge.causes or name in knowledge.mechanisms):
            continue
        likely = frozenset(state for state, p in posterior[name].items() if p > LIKELY)
        if likely:
            known[name] = likely
    return known
