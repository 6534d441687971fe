"""Questions about several variables at once, as methods of `Engine`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias, cast

from fascinet.engine.run.evidence import Hard, Soft, names_of
from fascinet.model.lazy import Lazy

if TYPE_CHECKING:
    from fascinet.engine.analyses import ask as events
    from fascinet.engine.analyses import joint as joints
    from fascinet.engine.analyses import risks
    from fascinet.engine.api.engine import Engine
else:
    events = Lazy("fascinet.engine.analyses.ask")
    joints = Lazy("fascinet.engine.analyses.joint")
    risks = Lazy("fascinet.engine.analyses.risks")

Names: TypeAlias = str | Iterable[str]


class Queries:
    """Mixin of `Engine`."""

    __slots__ = ()

    def joint(
        self,
        variables: Names,
        evidence: Hard | None = None,
        *,
        soft: Soft | None = None,
        do: Hard | None = None,
    ) -> joints.Joint:
        """Return P(variables | evidence, soft; do), whether or not they share a clique.

        Parameters
        ----------
        variables : str or iterable of str
            In the order of the table's axes.
        evidence, soft, do : mapping, optional
            As for `posterior`.

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, ImpossibleEvidenceError
        BudgetError
            If the table would have more than 2^20 entries.

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> found = engine.joint(["lung", "bronc"], {"dysp": "yes"})
        >>> round(found["yes", "no"], 4), found.table.shape
        (0.0377, (2, 2))
        >>> round(found.mutual_information("lung", "bronc"), 4)
        0.0199
        """
        return joints.joint(cast("Engine", self), names_of(variables), evidence, soft=soft, do=do)

    def ask(self, query: str) -> events.Answer:
        """Return the exact probability of an event, in words: P(event | condition).

        Parameters
        ----------
        query : str
            States joined by ``and`` (``&``), ``or``, ``not`` (``!``) and parentheses; ``!=`` and
            ``in (a, b)``; after ``|`` the condition, its parts joined by ``and`` or a comma, with
            ``do(variable=state)`` for interventions. Names with other characters go in quotes.

        Returns
        -------
        Answer
            A number (``float(answer)``), with P(event) beside it.

        Raises
        ------
        EvidenceError
            With the character, if the text cannot be read.
        UnknownVariableError, UnknownStateError
        ImpossibleEvidenceError
            If the condition has probability zero; it carries a minimal part that has.
        BudgetError
            If the event comes to more than 2^20 disjoint terms.

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> round(engine.ask("lung=yes or tub=yes | dysp=yes, not smoke=yes").probability, 4)
        0.0483
        >>> round(float(engine.ask("lung=yes | do(smoke=no)")), 4)
        0.01
        """
        return events.ask(cast("Engine", self), query)

    def compare_risks(
        self, event: str, condition: str, reference: str, *, sample_size: float | None = None
    ) -> risks.RiskComparison:
        """Return risk difference, risk ratio and odds ratio of an event, with intervals.

        Parameters
        ----------
        event, condition, reference : str
            As in `ask`: P(event | condition) is compared with P(event | reference). With
            ``do(…)`` in both, what is compared is the effect of an intervention.
        sample_size : float, optional
            Equivalent sample size of rows without a cited range; default: they are exact.

        Raises
        ------
        EvidenceError, UnknownVariableError, UnknownStateError, ImpossibleEvidenceError, BudgetError

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> found = engine.compare_risks("lung=yes", "smoke=yes", "smoke=no", sample_size=500)
        >>> round(found.risk_ratio, 6), round(found.odds_ratio, 6)
        (10.0, 11.0)
        """
        return risks.compare_risks(
            cast("Engine", self), event, condition, reference, sample_size=sample_size
        )
