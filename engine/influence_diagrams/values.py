"""What information and control are worth before decisions, in utilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.results import Columns, Result
from fascinet.engine.influence_diagrams.solution import Solution
from fascinet.engine.influence_diagrams.solving import solve
from fascinet.model.diagram import InfluenceDiagram


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


@dataclass(frozen=True, eq=False, repr=False)
class ValueOfControl(Result):
    """What it is worth to set a chance variable oneself, before the first decision; best first.

    Attributes
    ----------
    variables, states : tuple of str
        The variable and the state to set it to.
    value : array
        Expected utility with do(variable = state) and the best policies then, less that without;
        zero where leaving it alone is as good.
    """

    variables: tuple[str, ...]
    states: tuple[str, ...]
    value: NDArray[np.float64]

    def columns(self) -> Columns:
        """Return one row a variable."""
        return {"variable": list(self.variables), "state": list(self.states), "value": self.value}

    def title(self) -> str:
        """Return what is listed."""
        return "Value of setting a variable oneself"


def value_of_control(solution: Solution) -> ValueOfControl:
    """Return the value of control of each chance variable that is not known."""
    diagram, found = _with_order(solution.diagram), list[tuple[float, str, str]]()
    network = diagram.network
    for v in network.variables:
        if v in diagram.decisions or v in solution.evidence:
            continue
        worth = {}
        for state in network.states(v):
            other = diagram.replace(network=network.do({v: state}))
            worth[state] = solve(other, solution.evidence).expected_utility
        best = max(worth, key=worth.__getitem__)
        found.append((max(worth[best] - solution.expected_utility, 0.0), v, best))
    found.sort(key=lambda row: -row[0])
    return ValueOfControl(
        tuple(v for _, v, _ in found), tuple(s for _, _, s in found),
        np.array([x for x, _, _ in found]),
    )  # fmt: skip


def _with_order(diagram: InfluenceDiagram) -> InfluenceDiagram:
    """Return the diagram in which each decision observes the one before, as it remembers it.

    Setting a variable cuts its arcs, and with them perhaps the path that orders two decisions.
    """
    if diagram.limited:
        return diagram
    seen = {
        d: tuple(dict.fromkeys((*diagram.decisions[d], *diagram.order[max(k - 1, 0) : k])))
        for k, d in enumerate(diagram.order)
    }
    return diagram.replace(decisions={d: seen[d] for d in diagram.decisions})
