"""Most probable explanations and estimates, as methods of `Engine`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from fascinet.engine.api.conflict_set import conflicting
from fascinet.engine.api.methods import Analyses
from fascinet.engine.api.orders import accepts_older_order
from fascinet.engine.run.evidence import Hard, Soft, names_of, read_request, warn_unset
from fascinet.engine.search.approximate import Approximation, likelihood_weighting
from fascinet.engine.search.branches import most_probable
from fascinet.engine.search.loopy import loopy_beliefs
from fascinet.engine.search.mpe import Assignment
from fascinet.model.errors import ImpossibleEvidenceError, OptionError

ESTIMATES = ("weighting", "lbp")


class Searches(Analyses):
    """Mixin of `Engine`."""

    __slots__ = ()

    def mpe(self, evidence: Hard | None = None, *, soft: Soft | None = None) -> Assignment:
        """Return the most probable state of all free variables together, argmax_h P(h | e).

        Networks with unobserved leaf gates are searched by branch and bound, which is exact.

        Parameters
        ----------
        evidence : mapping of variable to state, optional
        soft : mapping of variable to likelihoods, optional

        Raises
        ------
        ImpossibleEvidenceError
        BudgetError
            If a table, or the search, gets too large; then `map_query` over all but the
            unobserved leaves is often well within reach.

        Examples
        --------
        >>> import fascinet as fn
        >>> fn.Engine(fn.example("cancer")).mpe({"Xray": "positive"}).assignment["Cancer"]
        'False'
        """
        if self._engine.chosen:
            warn_unset(self._engine.chosen, evidence, soft)
        return self._explanation(None, evidence, soft)

    @accepts_older_order("targets", "evidence")
    def map_query(
        self,
        evidence: Hard | None = None,
        *,
        targets: str | Iterable[str],
        soft: Soft | None = None,
    ) -> Assignment:
        """Return the most probable joint state of `targets`, all other variables summed out.

        Parameters
        ----------
        evidence : mapping of variable to state, optional
        targets : str or iterable of str
        soft : mapping of variable to likelihoods, optional

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, ImpossibleEvidenceError, BudgetError

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> engine.map_query({"dysp": "yes"}, targets=["lung", "bronc"]).assignment
        {'lung': 'no', 'bronc': 'yes'}
        """
        if self._engine.chosen:
            warn_unset(self._engine.chosen, evidence, soft)
        return self._explanation(names_of(targets), evidence, soft)

    def _explanation(
        self, targets: tuple[str, ...] | None, evidence: Hard | None, soft: Soft | None
    ) -> Assignment:
        engine = self._engine
        network, solver = engine.network, engine.solver
        request = read_request(network, evidence, soft, None)
        asked = network.variables if targets is None else targets
        wanted = {network.index[network.check(t)] for t in asked} - request.states.keys()
        best, log_prob = most_probable(solver, request, wanted)
        if log_prob == -np.inf:
            raise ImpossibleEvidenceError(
                conflicting(engine.log_prob_evidence, evidence, soft, None)
            )
        names = network.variables
        found = {names[v]: network.states(names[v])[best[v]] for v in sorted(wanted)}
        return Assignment(found, log_prob, solver.log_prob(request))

    def approximate(
        self,
        evidence: Hard | None = None,
        *,
        soft: Soft | None = None,
        do: Hard | None = None,
        samples: int = 20_000,
        seed: int = 0,
        method: Literal["weighting", "lbp"] = "weighting",
        sweeps: int = 500,
        tolerance: float = 1e-10,
        damping: float = 0.0,
        keep: bool = False,
    ) -> Approximation:
        """Return estimates with errors; never used unless asked for.

        Parameters
        ----------
        evidence, soft, do
            As for `posterior`.
        samples, seed : int
            Of likelihood weighting.
        method : {"weighting", "lbp"}
            Likelihood weighting, or loopy belief propagation set beside it; the latter returns
            `LoopyBeliefs`.
        sweeps, tolerance, damping, keep
            Of belief propagation: most passes, the change of a message at which it stops, the
            share of the old message that is kept, and whether to return beliefs that have not
            converged instead of raising.

        Raises
        ------
        ImpossibleEvidenceError
            If no draw fits the evidence.
        ConvergenceError
            If belief propagation does not settle.

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> found = engine.approximate({"dysp": "yes"}, samples=2000)
        >>> bool(abs(found["bronc"].sum() - 1) < 1e-9)
        True
        """
        if method not in ESTIMATES:
            raise OptionError("method", method, ESTIMATES)
        weighed = None
        try:
            weighed = likelihood_weighting(
                self._engine.network, evidence, soft=soft, do=do, samples=samples, seed=seed
            )
        except ImpossibleEvidenceError:
            if method == "weighting":
                raise
        if weighed is not None and method == "weighting":
            return weighed
        request = read_request(self._engine.network, evidence, soft, do)
        return loopy_beliefs(
            self._engine.network, request, weighed,
            sweeps=sweeps, tolerance=tolerance, damping=damping, keep=keep,
        )  # fmt: skip
