"""The analyses as methods of `Engine`: thin delegations, signatures as in the functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from fascinet.engine.lazy import Lazy

if TYPE_CHECKING:
    from fascinet.engine.analyses import conflict as conflicts
    from fascinet.engine.analyses import counterfactual as worlds
    from fascinet.engine.analyses import explain as reasons
    from fascinet.engine.analyses import explanations as joints
    from fascinet.engine.analyses import influence as influences
    from fascinet.engine.analyses import policy as plans
    from fascinet.engine.analyses import sensitivity as parameters
    from fascinet.engine.analyses import uncertainty as intervals
    from fascinet.engine.analyses import value_of_information as information
    from fascinet.engine.analyses.access import Evidence
    from fascinet.engine.api.engine import Engine
    from fascinet.engine.clinic import disablement as cures
else:
    # each is imported when first asked for: together they take longer than a case
    conflicts = Lazy("fascinet.engine.analyses.conflict")
    worlds = Lazy("fascinet.engine.analyses.counterfactual")
    cures = Lazy("fascinet.engine.clinic.disablement")
    reasons = Lazy("fascinet.engine.analyses.explain")
    joints = Lazy("fascinet.engine.analyses.explanations")
    influences = Lazy("fascinet.engine.analyses.influence")
    plans = Lazy("fascinet.engine.analyses.policy")
    parameters = Lazy("fascinet.engine.analyses.sensitivity")
    intervals = Lazy("fascinet.engine.analyses.uncertainty")
    information = Lazy("fascinet.engine.analyses.value_of_information")


class Analyses:
    """Mixin of `Engine`."""

    __slots__ = ()

    @property
    def _engine(self) -> Engine:
        return cast("Engine", self)

    def sensitivity(
        self, target: str, state: str, evidence: Evidence | None = None, **options: Any
    ) -> parameters.Sensitivity:
        """Return how P(target = state | evidence) depends on every parameter."""
        return parameters.sensitivity(self._engine, target, state, evidence, **options)

    def value_of_information(
        self,
        targets: str | Sequence[str] | None = None,
        evidence: Evidence | None = None,
        candidates: Sequence[str] | None = None,
        costs: Mapping[str, float] | None = None,
        **options: Any,
    ) -> information.ValueOfInformation:
        """Return how much each open question or test would tell about the targets."""
        return information.value_of_information(
            self._engine, targets, evidence, candidates, costs, **options
        )

    def explain(
        self,
        target: str,
        state: str | Sequence[str],
        evidence: Evidence | None = None,
        **options: Any,
    ) -> reasons.Explanation:
        """Return what each finding adds to target = state."""
        return reasons.explain(self._engine, target, state, evidence, **options)

    def counterfactual(
        self,
        evidence: Evidence,
        do: Mapping[str, str],
        targets: str | Sequence[str] | None = None,
        **options: Any,
    ) -> worlds.Counterfactual:
        """Return the targets had `do` been the case for this very person."""
        return worlds.counterfactual(self._engine, evidence, do, targets, **options)

    def without_each_cause(self, evidence: Evidence, **options: Any) -> cures.Disablement:
        """Return which findings would go were each cause, in turn, not there."""
        return cures.without_each_cause(self._engine, evidence, **options)

    def conflict(self, evidence: Evidence | None = None, **options: Any) -> conflicts.Conflict:
        """Return whether the findings belong together."""
        return conflicts.conflict(self._engine, evidence, **options)

    def uncertainty(
        self,
        evidence: Evidence | None = None,
        targets: str | Sequence[str] | None = None,
        draws: int = 1000,
        seed: int = 0,
        **options: Any,
    ) -> intervals.Uncertainty:
        """Return credible intervals of posteriors from the parameters' cited ranges."""
        return intervals.uncertainty(self._engine, evidence, targets, draws, seed, **options)

    def best_pairs(
        self,
        targets: str | Sequence[str] | None = None,
        evidence: Evidence | None = None,
        **options: Any,
    ) -> plans.Pairs:
        """Return pairs of tests by their joint information."""
        return plans.best_pairs(self._engine, targets, evidence, **options)

    def best_policy(
        self,
        targets: str | Sequence[str] | None = None,
        evidence: Evidence | None = None,
        **options: Any,
    ) -> plans.Policy:
        """Return a policy of a few tests, each chosen after the result of the last."""
        return plans.best_policy(self._engine, targets, evidence, **options)

    def most_probable_explanations(
        self,
        evidence: Evidence | None = None,
        variables: Sequence[str] | None = None,
        **options: Any,
    ) -> joints.Explanations:
        """Return the most probable joint states of the causes."""
        return joints.most_probable_explanations(self._engine, evidence, variables, **options)

    def what_would_change(
        self, target: str, state: str, evidence: Evidence, **options: Any
    ) -> influences.Movers:
        """Return the open findings and parameters that could move an answer most."""
        return influences.what_would_change(self._engine, target, state, evidence, **options)
