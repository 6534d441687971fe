"""Influence diagrams solved: variable elimination against the order of time, policies on the way.

What is never observed leaves first, then the last decision, what was observed before it, the
decision before that, and so on to the first (strong elimination: Jensen, Jensen & Dittmer 1994).
Within such a group the variable goes next whose table is smallest. LIMIDs: see `limid`.
"""

from collections.abc import Mapping

import numpy as np

from fascinet.engine.api.engine import Engine
from fascinet.engine.influence_diagrams.limid import updated, worth
from fascinet.engine.influence_diagrams.potentials import Pool, cards_of, chances, terms
from fascinet.engine.influence_diagrams.solution import Policy, Solution
from fascinet.engine.run.evidence import Hard, as_text
from fascinet.model.diagram import InfluenceDiagram
from fascinet.model.errors import EvidenceError
from fascinet.model.foreign import refusal


def solve(diagram: InfluenceDiagram, evidence: Hard | None = None) -> Solution:
    """Return the optimal policy of every decision and the expected utility.

    Exact where nothing known is forgotten. A LIMID is solved by single policy updating, one
    decision after the other until no change of a single one does better; `Solution.exact` says
    whether that is certainly the optimum.

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
    if diagram.limited:
        found, exact = updated(diagram, known)
        kept = {d: _pruned(found[d]) for d in diagram.order}
        return Solution(diagram, known, worth(diagram, kept, known), kept, exact)
    pool = Pool(chances(diagram, known), terms(diagram, known), cards_of(diagram))
    policies: dict[str, Policy] = {}
    for group, decision in _groups(diagram, known):
        pool.sum_all(group)
        if decision is not None:
            scope, best, possible = pool.maximise(decision)
            policies[decision] = _pruned(Policy(decision, scope, best, possible))
    total = sum(float(u.table) for u in pool.utilities)
    ordered = {d: policies[d] for d in diagram.order}
    return Solution(diagram, known, total, ordered)


def _pruned(policy: Policy) -> Policy:
    """Return the policy without variables on which the choice does not depend."""
    scope, choice, possible = list(policy.scope), policy.choice, policy.possible
    for v in policy.scope:
        axis = scope.index(v)
        first = np.argmax(possible, axis=axis, keepdims=True)
        kept = np.take_along_axis(choice, first, axis=axis)
        if np.array_equal(np.where(possible, choice, kept), np.broadcast_to(kept, choice.shape)):
            scope.remove(v)
            choice, possible = kept.squeeze(axis), np.logical_or.reduce(possible, axis=axis)
    return Policy(policy.decision, tuple(scope), choice, possible)


def _check_evidence(diagram: InfluenceDiagram, known: Mapping[str, str]) -> None:
    for v in known:
        if v in diagram.decisions:
            raise EvidenceError(f"{v!r} is a decision: it cannot be observed before it is taken")
        above = next((d for d in diagram.order if v in diagram.network.descendants(d)), None)
        if above is not None:
            raise EvidenceError(f"{v!r} depends on decision {above!r}: it is not known before")


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
