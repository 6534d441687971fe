"""What solving an influence diagram gives: policies, and what can be asked of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.results import Columns, Result
from fascinet.engine.api.engine import Engine
from fascinet.engine.run.evidence import as_text
from fascinet.model.arguments import mapping_of, text_of
from fascinet.model.diagram import InfluenceDiagram
from fascinet.model.errors import EvidenceError, UnknownVariableError
from fascinet.model.gates import Function
from fascinet.model.lazy import Lazy
from fascinet.model.network import Network

if TYPE_CHECKING:
    import pandas as pd

    from fascinet.engine.influence_diagrams import sensitivity as sensitivity_room
    from fascinet.engine.influence_diagrams import values as values_room
    from fascinet.engine.influence_diagrams.sensitivity import DecisionSensitivity
    from fascinet.engine.influence_diagrams.values import ValueOfControl, ValueOfObservation
else:
    sensitivity_room = Lazy("fascinet.engine.influence_diagrams.sensitivity")
    values_room = Lazy("fascinet.engine.influence_diagrams.values")

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
    exact : bool
        Whether no other policies do better. False of a LIMID in which single policy updating may
        stop short: then only no change of one decision alone does better.
    """

    diagram: InfluenceDiagram
    evidence: dict[str, str]
    expected_utility: float
    policies: Mapping[str, Policy]
    exact: bool = True

    def choose(self, decision: str, known: Mapping[str, str]) -> str:
        """Return the best choice, given what is known.

        Raises
        ------
        EvidenceError
            If something that the choice depends on is not given, or this cannot come about.
        UnknownVariableError, UnknownStateError
        """
        mapping_of("known", known, "variable to state")
        if text_of("decision", decision) not in self.policies:
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
        """Return the expected utility, and whether it is the largest."""
        sure = "" if self.exact else " (no single decision can be changed for the better)"
        return f"Expected utility {self.expected_utility:.6g}{sure}"

    def summary(self) -> dict[str, Any]:
        """Return the expected utility, whether it is the largest, and what was known."""
        return {
            "expected_utility": self.expected_utility, "exact": self.exact,
            "evidence": self.evidence,
        }  # fmt: skip

    def shown(self) -> "pd.DataFrame":
        """Return the rows with what is known on one line."""
        frame = self.to_frame()
        frame["known"] = [", ".join(f"{v}={s}" for v, s in k.items()) for k in frame["known"]]
        return frame

    def value_of_information(self, decision: str) -> "ValueOfObservation":
        """Return what observing each further variable before a decision would be worth."""
        return values_room.value_of_information(self, decision)

    def value_of_control(self) -> "ValueOfControl":
        """Return what it would be worth to set each chance variable oneself."""
        return values_room.value_of_control(self)

    def sensitivity(self) -> "DecisionSensitivity":
        """Return between which values of each figure these policies remain the best."""
        return sensitivity_room.sensitivity(self)
