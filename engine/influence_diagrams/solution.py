"""Influence diagrams solved: variable elimination against the order of time, policies on the way.

What is never observed leaves first, then the last decision, what was observed before it, the
decision before that, and so on to the first (strong elimination: Jensen, Jensen & Dittmer 1994).
Within such a group the variable goes next whose table is smallest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.results import Columns, Result
from fascinet.engine.api.engine import Engine
from fascinet.engine.influence_diagrams.potentials import Factor, Pool
from fascinet.engine.run.evidence import Hard, as_text
from fascinet.model.diagram import InfluenceDiagram
from fascinet.model.errors import EvidenceError, UnknownVariableError
from fascinet.model.foreign import refusal
from fascinet.model.gates import Function
from fascinet.model.network import Network

if TYPE_CHECKING:
    import pandas as pd

Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Policy:
    """What to do at one decision.

    Attributes
    ----------
    decision : str
    scope : tuple of str
        What the choice depends on, of all that is known then.
    choice : array of int, shape (scope's states …)
        The best state; the first of those that are equally good.
    possible : array of bool, shape (scope's states …)
        Whether this can come about; elsewhere the choice means nothing.
    """

    decision: str
    scope: tuple[str, ...]
    choice: Index
    possible: NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class Solution(Result):
    """The optimal policies of an influence diagram.

    Attributes
    ----------
    diagram : InfluenceDiagram
    evidence : dict of str to str
        What was known before the first decision.
    expected_utility : float
        Of the optimal policies, given the evidence.
    policies : mapping of decision to Policy
        In the order of time.
    """

    diagram: InfluenceDiagram
    evidence: dict[str, str]
    expected_utility: float
    policies: Mapping[str, Policy]

    def choose(self, decision: str, known: Mapping[str, str]) -> str:
        """Return the best choice, given what is known.

        Raises
        ------
        EvidenceError
            If something that the choice depends on is not given, or this cannot come about.
        UnknownVariableError, UnknownStateError
        """
        if decision not in self.policies:
            raise UnknownVariableError(decision, self.policies)
        policy, network = self.policies[decision], self.diagram.network
        told = as_text(network, {**self.evidence, **known})
        missing = [v for v in policy.scope if v not in told]
        if missing:
            raise EvidenceError(f"decision {decision!r} depends on {', '.join(missing)}: not given")
        if Engine(network).log_prob_evidence(told) == -np.inf:
            listed = ", ".join(f"{v}={s}" for v, s in told.items())
            raise EvidenceError(f"decision {decision!r}: this cannot come about: {listed}")
        at = tuple(network.state_index(v, told[v]) for v in policy.scope)
        return network.states(decision)[int(policy.choice[at])]

    @cached_property
    def network(self) -> Network:
        """The network in which every decision follows its policy: ask an `Engine` about it."""
        network = self.diagram.network
        parents = {v: network.parents(v) for v in network.variables}
        gates = {v: network.gate(v) for v in network.variables}
        for d, policy in self.policies.items():
            parents[d] = policy.scope
            gates[d] = Function(policy.choice, len(network.states(d)))
        return network.replace(parents=parents, gates=gates)

    def columns(self) -> Columns:
        """Return one row a configuration of what each choice depends on, if it can come about."""
        network = self.diagram.network
        rows: list[tuple[str, dict[str, str], str]] = []
        for d, policy in self.policies.items():
            for at in np.ndindex(*policy.choice.shape):
                if policy.possible[at]:
                    given = {v: network.states(v)[i] for v, i in zip(policy.scope, at, strict=True)}
                    rows.append((d, given, network.states(d)[int(policy.choice[at])]))
        return {
            "decision": [d for d, _, _ in rows],
            "known": [given for _, given, _ in rows],
            "choice": [choice for _, _, choice in rows],
        }

    def title(self) -> str:
        """Return the expected utility."""
        return f"Expected utility {self.expected_utility:.6g}"

    def summary(self) -> dict[str, Any]:
        """Return the expected utility and what was known."""
        return {"expected_utility": self.expected_utility, "evidence": self.evidence}

    def shown(self) -> "pd.DataFrame":
        """Return the rows with what is known on one line."""
        frame = self.to_frame()
        frame["known"] = [", ".join(f"{v}={s}" for v, s in k.items()) for k in frame["known"]]
        return frame

    def value_of_information(self, decision: str) -> "ValueOfObservation":
        """Return what observing each further variable before a decision would be worth."""
        return value_of_information(self, decision)


def solve(diagram: InfluenceDiagram, evidence: Hard | None = None) -> Solution:
    """Return the optimal policy of every decision and the expected utility, exactly.

    Parameters
    ----------
    diagram : InfluenceDiagram
    evidence : mapping of variable to state, optional
        What is known before the first decision: chance variables that no decision influences.

    Raises
    ------
    EvidenceError, UnknownVariableError, UnknownStateError
    ImpossibleEvidenceError
    BudgetError
        If a table gets too large.

    Examples
    --------
    >>> import fascinet as fn
    >>> b = fn.NetworkBuilder().variable("ill").table("ill", 0.2).decision("treat")
    >>> b = b.utility("health", {("no", "no"): 100, ("no", "yes"): 40, ("yes", "no"): 90,
    ...                          ("yes", "yes"): 80}, parents=["treat", "ill"])
    >>> solution = fn.solve(b.diagram())
    >>> solution.choose("treat", {}), solution.expected_utility
    ('no', 88.0)
    >>> solution.value_of_information("treat").to_frame().round(2).to_dict("records")
    [{'variable': 'ill', 'value': 8.0}]
    """
    if not isinstance(diagram, InfluenceDiagram):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise refusal("an InfluenceDiagram", diagram)
    network = diagram.network
    known = as_text(network, evidence)
    _check_evidence(diagram, known)
    if known:
        Engine(network).posterior(known, targets=[])  # raises if it is impossible
    cards = {v: len(network.states(v)) for v in network.variables}
    pool = Pool(_chances(diagram, known), _utilities(diagram, known), cards)
    policies: dict[str, Policy] = {}
    for group, decision in _groups(diagram, known):
        waiting = list(group)
        while waiting:
            v = pool.next_of(waiting)
            waiting.remove(v)
            pool.sum_out(v)
        if decision is not None:
            scope, best, possible = pool.maximise(decision)
            policies[decision] = _pruned(Policy(decision, scope, best, possible))
    worth = sum(float(u.table) for u in pool.utilities)
    ordered = {d: policies[d] for d in diagram.order}
    return Solution(diagram, known, worth, ordered)


def _pruned(policy: Policy) -> Policy:
    """Return the policy without variables on which the choice does not depend."""
    scope, choice, possible = list(policy.scope), policy.choice, policy.possible
    for v in policy.scope:
        axis = scope.index(v)
        first = np.argmax(possible, axis=axis, keepdims=True)
        kept = np.take_along_axis(choice, first, axis=axis)
        if np.array_equal(np.where(possible, choice, kept), np.broadcast_to(kept, choice.shape)):
            scope.remove(v)
            choice, possible = kept.squeeze(axis), possible.any(axis=axis)
    return Policy(policy.decision, tuple(scope), choice, possible)


def _check_evidence(diagram: InfluenceDiagram, known: Mapping[str, str]) -> None:
    for v in known:
        if v in diagram.decisions:
            raise EvidenceError(f"{v!r} is a decision: it cannot be observed before it is taken")
        above = next((d for d in diagram.order if v in diagram.network.descendants(d)), None)
        if above is not None:
            raise EvidenceError(f"{v!r} depends on decision {above!r}: it is not known before")


def _chances(diagram: InfluenceDiagram, known: Mapping[str, str]) -> list[Factor]:
    network = diagram.network
    parts = [
        Factor((*network.parents(v), v), network.cpt(v))
        for v in network.variables
        if v not in diagram.decisions
    ]
    return [_sliced(network, part, known) for part in parts]


def _utilities(diagram: InfluenceDiagram, known: Mapping[str, str]) -> list[Factor]:
    parts = [Factor(u.parents, u.values) for u in diagram.utilities.values()]
    return [_sliced(diagram.network, part, known) for part in parts]


def _sliced(network: Network, part: Factor, known: Mapping[str, str]) -> Factor:
    at = tuple(network.state_index(v, known[v]) if v in known else slice(None) for v in part.scope)
    return Factor(tuple(v for v in part.scope if v not in known), part.table[at])


def _groups(
    diagram: InfluenceDiagram, known: Mapping[str, str]
) -> "list[tuple[list[str], str | None]]":
    """Return variables in the order in which they leave, each group before its decision."""
    seen = set(known)
    groups: list[tuple[list[str], str | None]] = []
    for d in diagram.order:
        fresh = [v for v in diagram.decisions[d] if v not in seen and v not in diagram.decisions]
        seen |= {*fresh, d}
        groups.append((fresh, d))
    hidden = [v for v in diagram.network.variables if v not in seen]
    # time runs backwards: hidden, last decision, what it observed, the decision before …
    out: list[tuple[list[str], str | None]] = [(hidden, groups[-1][1] if groups else None)]
    for k in range(len(groups) - 1, -1, -1):
        out.append((groups[k][0], groups[k - 1][1] if k else None))
    return out


# -------------------------------------------------------------------- information


@dataclass(frozen=True, eq=False, repr=False)
class ValueOfObservation(Result):
    """What it is worth to observe a variable before a decision, best first.

    Attributes
    ----------
    decision : str
    variables : tuple of str
    value : array
        Expected utility with the observation, less that without; never below zero.
    """

    decision: str
    variables: tuple[str, ...]
    value: NDArray[np.float64]

    def columns(self) -> Columns:
        """Return one row a variable."""
        return {"variable": list(self.variables), "value": self.value}

    def title(self) -> str:
        """Return the decision."""
        return f"Value of observing a variable before {self.decision}"


def value_of_information(solution: Solution, decision: str) -> ValueOfObservation:
    """Return the value of each observation that is possible before a decision."""
    diagram = solution.diagram
    known = {*diagram.known_at(decision), *solution.evidence, *diagram.decisions}
    blocked = diagram.network.descendants(decision) | known
    found: list[tuple[float, str]] = []
    for v in diagram.network.variables:
        if v not in blocked:
            better = solve(diagram.with_observation(decision, v), solution.evidence)
            found.append((max(better.expected_utility - solution.expected_utility, 0.0), v))
    found.sort(key=lambda pair: -pair[0])
    return ValueOfObservation(decision, tuple(v for _, v in found), np.array([x for x, _ in found]))
