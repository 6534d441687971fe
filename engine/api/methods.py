"""The analyses as methods of `Engine`, all called as `analysis(evidence, *, target=…, …)`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from fascinet.engine.api.orders import accepts_older_order
from fascinet.engine.api.queries import Queries
from fascinet.engine.run.evidence import Hard, as_text, names_of
from fascinet.model.lazy import Lazy

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
    from fascinet.engine.analyses.access import Soft
    from fascinet.engine.analyses.hypotheses import Hypothesis
    from fascinet.engine.api.engine import Engine
    from fascinet.engine.clinic import disablement as cures
    from fascinet.model.schema import Knowledge
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

Names: TypeAlias = str | Iterable[str]
States: TypeAlias = str | bool | int | Sequence[str]
Mode: TypeAlias = Literal["both", "rule_in", "rule_out"]


class Analyses(Queries):
    """Mixin of `Engine`."""

    __slots__ = ()

    @property
    def _engine(self) -> Engine:
        return cast("Engine", self)

    def _given(self, evidence: Hard | None) -> dict[str, str]:
        """Return checked evidence, each state as the network spells it."""
        return as_text(self._engine.network, evidence)

    @accepts_older_order("target", "state", "evidence")
    def sensitivity(
        self,
        evidence: Hard | None = None,
        *,
        target: str,
        state: States,
        soft: Soft | None = None,
        against: Sequence[Hypothesis] | None = None,
        ranges: Mapping[int, tuple[float, float]] | None = None,
    ) -> parameters.Sensitivity:
        """Return how strongly P(target = state | evidence) depends on each parameter.

        Parameters
        ----------
        evidence : mapping of variable to state, optional
        target : str
        state : str or sequence of str
            The answer under study; several states mean "any of them".
        soft : mapping of variable to likelihoods, optional
        against : sequence of Hypothesis, optional
            Which hypotheses compete with the answer, for `flip_low` and `flip_high`. Default: the
            differential if the target is a cause, else the target's states.
        ranges : mapping of parameter index to (low, high), optional
            Instead of the cited ranges.

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, ImpossibleEvidenceError

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> found = engine.sensitivity({"dysp": "yes"}, target="lung", state="yes")
        >>> found.tornado(1)[["variable", "state"]].to_dict("records")
        [{'variable': 'lung', 'state': 'yes'}]
        """
        return parameters.sensitivity(
            self._engine, target, state, self._given(evidence),
            soft=soft, against=against, ranges=ranges,
        )  # fmt: skip

    @accepts_older_order("targets", "evidence", "candidates", "costs")
    def value_of_information(
        self,
        evidence: Hard | None = None,
        *,
        targets: Names | None = None,
        candidates: Names | None = None,
        costs: Mapping[str, float] | None = None,
        soft: Soft | None = None,
        mode: Mode = "both",
        worth: float = 0.005,
        must_not_miss: Mapping[str, float] | None = None,
    ) -> information.ValueOfInformation:
        """Return the expected information of each open question or test about the targets.

        Parameters
        ----------
        evidence : mapping of variable to state, optional
        targets : str or iterable of str, optional
            Variables to learn about. Default: the differential of a network with causes.
        candidates : str or iterable of str, optional
            Default: all open findings, tests and risks; in a plain network all open variables.
        costs : mapping of variable to float, optional
            Default: what the network says, else 1.
        soft : mapping of variable to likelihoods, optional
        mode : {"both", "rule_in", "rule_out"}
            Count all outcomes, or only those that raise, or lower, the target.
        worth : float
            Bits per cost below which nothing is worth asking (`stop`).
        must_not_miss : mapping of cause to float, optional
            Probabilities from which a cause among the targets keeps its decisive test in sight.

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, OptionError, ImpossibleEvidenceError

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> found = engine.value_of_information({"dysp": "yes"}, targets="lung")
        >>> found.variables[0]
        'either'
        """
        return information.value_of_information(
            self._engine, _several(targets), self._given(evidence), _several(candidates), costs,
            soft=soft, mode=mode, worth=worth, must_not_miss=must_not_miss,
        )  # fmt: skip

    @accepts_older_order("target", "state", "evidence")
    def explain(
        self,
        evidence: Hard | None = None,
        *,
        target: str,
        state: States,
        soft: Soft | None = None,
        samples: int | None = None,
        seed: int = 0,
    ) -> reasons.Explanation:
        """Return what each finding contributes to target = state: its weight of evidence.

        Parameters
        ----------
        evidence : mapping of variable to state, optional
            The order is that of `weight_db`.
        target : str
        state : str or sequence of str
            The hypothesis; several states mean "any of them".
        soft : mapping of variable to likelihoods, optional
        samples : int, optional
            Pairs of orders drawn for the Shapley values. Default: exact up to 12 findings if the
            work allows, else 2 to 64 pairs.
        seed : int

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, ImpossibleEvidenceError

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> why = engine.explain({"smoke": "yes", "xray": "yes"}, target="lung", state="yes")
        >>> why.supporting
        ('xray', 'smoke')
        """
        return reasons.explain(
            self._engine, target, state, self._given(evidence),
            soft=soft, samples=samples, seed=seed,
        )  # fmt: skip

    @accepts_older_order("evidence", "do", "targets")
    def counterfactual(
        self,
        evidence: Hard | None = None,
        *,
        do: Hard,
        targets: Names | None = None,
        soft: Soft | None = None,
    ) -> worlds.Counterfactual:
        """Return P(targets) in the counterfactual world where `do` holds.

        Parameters
        ----------
        evidence : mapping of variable to state, optional
            What was found in the actual world.
        do : mapping of variable to state
            What is different in the counterfactual world.
        targets : str or iterable of str, optional
            Default: the descendants of `do`; of a network with causes those that are observed or
            causes themselves.
        soft : mapping of variable to likelihoods, optional

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, ImpossibleEvidenceError

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> found = engine.counterfactual({"dysp": "yes"}, do={"smoke": "no"}, targets="bronc")
        >>> bool(found.counterfactual[0] < found.posterior[0])
        True
        """
        return worlds.counterfactual(
            self._engine, self._given(evidence), self._given(do), _several(targets), soft=soft
        )

    @accepts_older_order("evidence", "causes", "findings", warn=True)
    def without_each_cause(
        self,
        evidence: Hard,
        *,
        causes: Names | None = None,
        findings: Names | None = None,
    ) -> cures.Disablement:
        """For each cause, return the probability that each finding would vanish without it.

        Parameters
        ----------
        evidence : mapping of variable to state
        causes : str or iterable of str, optional
            Default: all causes of the network that are not in the evidence.
        findings : str or iterable of str, optional
            Default: observed noisy gates out of their resting state with a cause above them.

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, OptionError, ImpossibleEvidenceError

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.load(setting="primary_care"))
        >>> found = engine.without_each_cause({"atrophy": "yes"}, causes=["als", "bfs"])
        >>> found.gone.shape
        (2, 1)
        """
        return cures.without_each_cause(
            self._engine, self._given(evidence), _several(causes), _several(findings)
        )

    def conflict(
        self,
        evidence: Hard | None = None,
        *,
        soft: Soft | None = None,
        hypotheses: Sequence[Hypothesis] | None = None,
    ) -> conflicts.Conflict:
        """Return whether the findings fit together (Jensen's measure of conflict).

        Parameters
        ----------
        evidence : mapping of variable to state, optional
        soft : mapping of variable to likelihoods, optional
        hypotheses : sequence of Hypothesis, optional
            What might resolve a conflict; default: the differential.

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, ImpossibleEvidenceError

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> engine.conflict({"smoke": "no", "xray": "yes"}).conf > 0
        True
        """
        return conflicts.conflict(
            self._engine, self._given(evidence), soft=soft, hypotheses=hypotheses
        )

    @accepts_older_order("evidence", "targets", "draws", "seed")
    def uncertainty(
        self,
        evidence: Hard | None = None,
        *,
        targets: Names | None = None,
        draws: int = 1000,
        seed: int = 0,
        soft: Soft | None = None,
        method: Literal["delta", "monte_carlo"] = "delta",
        sample_size: float | None = None,
    ) -> intervals.Uncertainty:
        """Return credible intervals of posteriors from the parameters' cited ranges.

        Parameters
        ----------
        evidence : mapping of variable to state, optional
        targets : str or iterable of str, optional
            Variables, all states of each; default: the differential.
        draws : int
            Draws for `p_top` (and, by Monte Carlo, of whole networks).
        seed : int
        soft : mapping of variable to likelihoods, optional
        method : {"delta", "monte_carlo"}
        sample_size : float, optional
            Equivalent sample size of rows without a cited range; default: they are exact.

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, OptionError, ImpossibleEvidenceError

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> found = engine.uncertainty({"xray": "yes"}, targets="lung", sample_size=100)
        >>> bool(found.low[0] < found.posterior[0] < found.high[0])
        True
        """
        return intervals.uncertainty(
            self._engine, self._given(evidence), _several(targets), draws, seed,
            soft=soft, method=method, sample_size=sample_size,
        )  # fmt: skip

    @accepts_older_order("targets", "evidence", "candidates", "costs", warn=True)
    def best_pairs(
        self,
        evidence: Hard | None = None,
        *,
        targets: Names | None = None,
        candidates: Names | None = None,
        costs: Mapping[str, float] | None = None,
        soft: Soft | None = None,
        width: int = 6,
    ) -> plans.Pairs:
        """Return pairs of tests by their joint information.

        Parameters
        ----------
        evidence : mapping of variable to state, optional
        targets, candidates, costs, soft
            As for `value_of_information`.
        width : int
            The first of each pair is one of the `width` best single tests.

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, OptionError, ImpossibleEvidenceError

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> pairs = engine.best_pairs({"dysp": "yes"}, targets="lung", width=1)
        >>> pairs.first[0]
        'either'
        """
        return plans.best_pairs(
            self._engine, _several(targets), self._given(evidence), _several(candidates), costs,
            soft=soft, width=width,
        )  # fmt: skip

    @accepts_older_order("targets", "evidence", "candidates", "costs", warn=True)
    def best_policy(
        self,
        evidence: Hard | None = None,
        *,
        targets: Names | None = None,
        candidates: Names | None = None,
        costs: Mapping[str, float] | None = None,
        soft: Soft | None = None,
        steps: int = 3,
        width: int = 3,
        rare: float = 0.02,
        price: float = 0.005,
    ) -> plans.Policy:
        """Return a policy of a few tests, each chosen after the result of the last.

        Parameters
        ----------
        evidence : mapping of variable to state, optional
        targets, candidates, costs, soft
            As for `value_of_information`.
        steps : int
            Most tests in a row.
        width : int
            Tests tried at each step.
        rare : float
            Results less probable are not followed further.
        price : float
            Bits that one unit of cost is worth.

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, OptionError, ImpossibleEvidenceError

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("cancer"))
        >>> engine.best_policy(targets="Cancer", steps=1, price=0.0).test
        'Xray'
        """
        return plans.best_policy(
            self._engine, _several(targets), self._given(evidence), _several(candidates), costs,
            soft=soft, steps=steps, width=width, rare=rare, price=price,
        )  # fmt: skip

    @accepts_older_order("evidence", "targets", warn=True)
    def most_probable_explanations(
        self,
        evidence: Hard | None = None,
        *,
        targets: Names | None = None,
        soft: Soft | None = None,
        count: int = 5,
        beam: int = 256,
    ) -> joints.Explanations:
        """Return the most probable joint states of the targets.

        Parameters
        ----------
        evidence : mapping of variable to state, optional
        targets : str or iterable of str, optional
            Default: the causes of the network; of a plain network, all variables.
        soft : mapping of variable to likelihoods, optional
        count : int
            How many; raise it if `ties` says that all of them are as probable as the first.
        beam : int
            Most partial explanations kept at each level, where a few of the variables are asked.

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, OptionError, ImpossibleEvidenceError

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> found = engine.most_probable_explanations({"dysp": "yes"}, targets=["lung", "bronc"])
        >>> found.states[0]
        ('no', 'yes')
        """
        return joints.most_probable_explanations(
            self._engine, self._given(evidence), _several(targets),
            soft=soft, count=count, beam=beam,
        )  # fmt: skip

    @accepts_older_order("target", "state", "evidence", warn=True)
    def what_would_change(
        self,
        evidence: Hard | None = None,
        *,
        target: str,
        state: str,
        soft: Soft | None = None,
        grades: Mapping[int, str] | None = None,
        count: int = 20,
        knowledge: Knowledge | None = None,
    ) -> influences.Changes:
        """Return the open findings and the parameters that could change an answer most.

        Parameters
        ----------
        evidence : mapping of variable to state, optional
        target, state : str
        soft : mapping of variable to likelihoods, optional
        grades : mapping of parameter index to grade, optional
            Instead of those of the knowledge base.
        count : int
        knowledge : Knowledge, optional
            Where grades and sources are read; default: the shipped one for the shipped network.

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, ImpossibleEvidenceError

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> found = engine.what_would_change({"dysp": "yes"}, target="lung", state="yes")
        >>> found.kind[0], found.name[0]
        ('finding', 'either')
        """
        return influences.what_would_change(
            self._engine, target, state, self._given(evidence),
            soft=soft, grades=grades, count=count, knowledge=knowledge,
        )  # fmt: skip


def _several(names: Names | None) -> tuple[str, ...] | None:
    """Return names, each once; a single one stands for a list of one."""
    return None if names is None else names_of(names)
