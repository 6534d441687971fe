"""What to ask next and what would change the answer, as methods of `Engine`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from fascinet.engine.api.orders import accepts_older_order
from fascinet.engine.api.queries import Queries
from fascinet.engine.run.evidence import Hard, as_text, names_of
from fascinet.model.lazy import Lazy

if TYPE_CHECKING:
    from fascinet.engine.analyses import influence as influences
    from fascinet.engine.analyses import policy as plans
    from fascinet.engine.analyses import value_of_information as information
    from fascinet.engine.analyses.access import Soft
    from fascinet.engine.api.engine import Engine
    from fascinet.model.schema import Knowledge
else:
    # each is imported when first asked for: together they take longer than a case
    influences = Lazy("fascinet.engine.analyses.influence")
    plans = Lazy("fascinet.engine.analyses.policy")
    information = Lazy("fascinet.engine.analyses.value_of_information")

Names: TypeAlias = str | Iterable[str]
Mode: TypeAlias = Literal["both", "rule_in", "rule_out"]


def several(names: Names | None) -> tuple[str, ...] | None:
    """Return names, each once; a single one stands for a list of one."""
    return None if names is None else names_of(names)


class Decisions(Queries):
    """Mixin of `Engine`."""

    __slots__ = ()

    @property
    def _engine(self) -> Engine:
        return cast("Engine", self)

    def _given(self, evidence: Hard | None) -> dict[str, str]:
        """Return checked evidence, each state as the network spells it."""
        return as_text(self._engine.network, evidence)

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
            self._engine, several(targets), self._given(evidence), several(candidates), costs,
            soft=soft, mode=mode, worth=worth, must_not_miss=must_not_miss,
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
            self._engine, several(targets), self._given(evidence), several(candidates), costs,
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
            self._engine, several(targets), self._given(evidence), several(candidates), costs,
            soft=soft, steps=steps, width=width, rare=rare, price=price,
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
