"""The actions of a diagnosis as an influence diagram: what `decide` weighs, for `fascinet.solve`.

For each action offered a chance variable *need* (what the action is for is there), a decision to
act, and a utility. With G_a as in `decisions`, and m_a the largest stake of the action's targets,

    P(need_a = yes) = G_a / m_a        U_a = benefit_a · m_a · [acted, needed] − burden_a · [acted]

so that acting earns benefit_a · G_a − burden_a, the utility of the advice. The actions are weighed
apart from each other, as `diagnose` does: a LIMID in which no decision observes anything.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fascinet.engine.clinic.decisions import Advice
from fascinet.engine.clinic.differential import Differential
from fascinet.model.arguments import instance_of
from fascinet.model.builder import NetworkBuilder
from fascinet.model.diagram import InfluenceDiagram
from fascinet.model.errors import OptionError
from fascinet.model.foreign import refusal
from fascinet.model.shipped import shipped_digest

if TYPE_CHECKING:
    from fascinet.model.digest import Digest, UtilityFacts
    from fascinet.model.schema import Knowledge, Utility


def decision_layer(
    differential: Differential, *, knowledge: "Knowledge | Digest | None" = None
) -> InfluenceDiagram:
    """Return the actions of a diagnosis, with their utilities, as an influence diagram.

    Solving it advises what `diagnose` advises: the actions with a utility above zero. Then ask it
    more: what knowing a need for certain is worth (`value_of_information`), or at which probability
    or utility the advice changes (`sensitivity`).

    Parameters
    ----------
    differential : Differential
        From `fascinet.diagnose`.
    knowledge : Knowledge or Digest, optional
        Where its utilities are declared; default: the shipped knowledge.

    Raises
    ------
    OptionError
        If the diagnosis offers no action.

    Examples
    --------
    >>> import fascinet as fn
    >>> found = fn.diagnose({"findings": {"weakness": "objective", "serum_k": "low"}})
    >>> solution = fn.solve(fn.decision_layer(found))
    >>> {a.action for a in found.advice if a.utility > 0} == {
    ...     a for a in solution.policies if solution.choose(a, {}) == "yes"}
    True
    """
    instance_of("differential", differential, Differential)
    if knowledge is not None and not hasattr(knowledge, "utilities"):
        raise refusal("a Knowledge", knowledge)
    if not differential.advice:
        raise OptionError("diagnosis", "no action is offered", ["one with advice"])
    utilities = (shipped_digest() if knowledge is None else knowledge).utilities.actions
    builder = NetworkBuilder(f"actions of {differential.model['name']}")
    for advice in differential.advice:
        _add(builder, advice, utilities[advice.action])
    return builder.diagram(limited=True)


def _add(builder: NetworkBuilder, advice: Advice, utility: "Utility | UtilityFacts") -> None:
    most = max((utility.stakes.get(c, 1.0) for c, _ in advice.basis), default=1.0)
    most = max(most, 1.0)  # an urgent flag may count for more than the stakes
    benefit, burden = utility.benefit.p, utility.burden.p
    gain = (advice.utility + burden) / benefit if benefit > 0.0 else 0.0
    need = f"need_{advice.action}"
    builder.variable(need, label=f"Need for: {advice.label}", basis=_basis(advice.basis))
    builder.table(need, min(max(gain / most, 0.0), 1.0))
    builder.decision(advice.action, label=advice.label)
    acted = [-burden, benefit * most - burden]  # needless, needed
    builder.utility(f"worth_{advice.action}", [[0.0, 0.0], acted], parents=[advice.action, need])


def _basis(basis: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{cause} {p:.4f}" for cause, p in basis)
