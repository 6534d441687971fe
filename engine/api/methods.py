"""The analyses as methods of `Engine`, all called as `analysis(evidence, *, target=…, …)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from fascinet.engine.api.decisions import Decisions, Names, several
from fascinet.engine.api.orders import accepts_older_order
from fascinet.engine.run.evidence import Hard
from fascinet.model.lazy import Lazy

if TYPE_CHECKING:
    from fascinet.engine.analyses import conflict as conflicts
    from fascinet.engine.analyses import counterfactual as worlds
    from fascinet.engine.analyses import explain as reasons
    from fascinet.engine.analyses import explanations as joints
    from fascinet.engine.analyses import sensitivity as parameters
    from fascinet.engine.analyses import uncertainty as intervals
    from fascinet.engine.analyses.access import Soft
    from fascinet.engine.analyses.hypotheses import Hypothesis
    from fascinet.engine.clinic import disablement as cures
else:
    # each is imported when first asked for: together they take longer than a case
    conflicts = Lazy("fascinet.engine.analyses.conflict")
    worlds = Lazy("fascinet.engine.analyses.counterfactual")
    cures = Lazy("fascinet.engine.clinic.disablement")
    reasons = Lazy("fascinet.engine.analyses.explain")
    joints = Lazy("fascinet.engine.analyses.explanations")
    parameters = Lazy("fascinet.engine.analyses.sensitivity")
    intervals = Lazy("fascinet.engine.analyses.uncertainty")

States: TypeAlias = str | bool | int | Sequence[str]


class Analyses(Decisions):
    """Mixin of `Engine`."""

    __slots__ = ()

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
            self._engine, self._given(evidence), self._given(do), several(targets), soft=soft
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
            self._engine, self._given(evidence), several(causes), several(findings)
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
            self._engine, self._given(evidence), several(targets), draws, seed,
            soft=soft, method=method, sample_size=sample_size,
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
            self._engine, self._given(evidence), several(targets),
            soft=soft, count=count, beam=beam,
        )  # fmt: skip
