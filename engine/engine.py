"""Exact inference by plan → program → run: the one class that users meet."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine import kernels_numpy as numpy_kernels
from fascinet.engine.analyses.methods import Analyses
from fascinet.engine.arrays import NetworkArrays, network_arrays
from fascinet.engine.cache import ProgramCache
from fascinet.engine.conflict_set import minimal_conflict
from fascinet.engine.decompose import Pattern
from fascinet.engine.leaves import ask, roots_of
from fascinet.engine.plan import Plan, make_plan
from fascinet.engine.posterior import Layout, Posterior
from fascinet.engine.program import Program, compile_program
from fascinet.engine.request import Hard, Request, Soft, pattern_of, read_request
from fascinet.model.errors import BudgetError, ImpossibleEvidenceError, OptionError
from fascinet.model.gates import Array
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.display import InferenceDrawing

Evidence = tuple[Hard | None, Soft | None]
BACKENDS = ("auto", "numpy", "numba")


class Engine(Analyses):
    """Answers queries about one network, exactly.

    Parameters
    ----------
    network : Network
    budget : int
        Most table entries that a program may have; beyond it `BudgetError` is raised.
    backend : {"auto", "numpy", "numba"}

    Notes
    -----
    For each set of observed variables a program is compiled once and kept (least recently used
    ones are dropped); the values of a case are read into it. The engine never changes the network
    and may be used by many threads at once.
    """

    def __init__(self, network: Network, *, budget: int = 2**27, backend: str = "auto") -> None:
        if backend not in BACKENDS:
            raise OptionError("backend", backend, BACKENDS)
        self.network, self.budget, self.backend = network, budget, backend
        self.layout = Layout({v: network.states(v) for v in network.variables})
        self._cache = ProgramCache()
        self._lock = Lock()
        self._prior: Posterior | None = None

    @cached_property
    def arrays(self) -> NetworkArrays:
        """The network without names."""
        return network_arrays(self.network)

    # ---------------------------------------------------------------- queries

    def posterior(
        self,
        evidence: Hard | None = None,
        *,
        soft: Soft | None = None,
        do: Hard | None = None,
        targets: Iterable[str] | None = None,
    ) -> Posterior:
        """Return all posterior marginals P(v | evidence, soft; do).

        Parameters
        ----------
        evidence : mapping of variable to state
        soft : mapping of variable to likelihoods
            A mapping from each state, or a sequence in state order: P(report | state).
        do : mapping of variable to state
            Interventions: the variable is cut from its parents and set.
        targets : iterable of str, optional
            Only these posteriors, which may need a far smaller program.

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError
        ImpossibleEvidenceError
            If P(evidence) = 0; it carries a minimal conflicting set.
        BudgetError
            If the plan exceeds the budget.
        """
        request = read_request(self.network, evidence, soft, do)
        wanted = self._targets(targets)
        values, log_prob = self._solve(request, wanted)
        if log_prob == -np.inf:
            raise ImpossibleEvidenceError(self._conflict(evidence, soft, do))
        names = self.network.variables if targets is None else tuple(dict.fromkeys(targets))
        return Posterior(
            self.layout, values, log_prob, dict(evidence or {}), dict(soft or {}), dict(do or {}),
            names, self.prior,
        )  # fmt: skip

    def prior(self) -> Posterior:
        """Return the marginals without evidence, computed once."""
        if self._prior is None:
            self._prior = self.posterior()
        return self._prior

    def log_prob_evidence(
        self, evidence: Hard | None = None, soft: Soft | None = None, do: Hard | None = None
    ) -> float:
        """Return ln P(evidence, soft; do); -inf if it is impossible."""
        request = read_request(self.network, evidence, soft, do)
        return self._log_prob(request)

    def batch_log_prob(self, cases: Iterable[Evidence]) -> Array:
        """Return ln P of many (evidence, soft) pairs, shape (cases,); -inf where impossible."""
        requests = [read_request(self.network, e, s, None) for e, s in cases]
        return np.array([self._log_prob(r) for r in requests])

    def batch_posteriors(self, cases: Iterable[Evidence]) -> tuple[Array, Array]:
        """Return posteriors (cases, states of all variables) and ln P (cases,).

        Column `layout.slices[v]` holds variable v. Impossible cases are NaN, with ln P = -inf.
        """
        solved = [self._solve(read_request(self.network, e, s, None), None) for e, s in cases]
        values = np.array([v for v, _ in solved]).reshape(len(solved), self.layout.total)
        return values, np.array([p for _, p in solved])

    def plan(self, evidence: Hard | None = None) -> Plan:
        """Return the plan for an evidence set; print it to see cliques, widths and entries."""
        request = read_request(self.network, evidence, None, None)
        return make_plan(self.arrays, pattern_of(self.arrays, request, None))

    # ---------------------------------------------------------------- analyses

    def draw(self, evidence: Hard | None = None, **options: Any) -> "InferenceDrawing":
        """Return the posteriors drawn in the network; see `fascinet.engine.display.draw`."""
        from fascinet.engine.display import draw

        return draw(self, evidence, **options)

    # ---------------------------------------------------------------- array layer

    def _targets(self, targets: Iterable[str] | None) -> frozenset[int] | None:
        if targets is None:
            return None
        return frozenset(self.network.index[self.network.check(t)] for t in targets)

    def program(self, pattern: Pattern) -> Program:
        """Return the compiled program of a pattern, from the cache if it is there."""
        with self._lock:
            found = self._cache.get(pattern)
        if found is None:
            plan = make_plan(self.arrays, pattern)
            if plan.entries > self.budget:
                raise BudgetError(plan.largest, plan.entries, self.budget)
            found = compile_program(self.arrays, plan)
            with self._lock:
                self._cache.put(pattern, found)
        return found

    def _solve(self, request: Request, targets: frozenset[int] | None) -> tuple[Array, float]:
        """Return all posteriors in one flat array (NaN if not asked or impossible), and ln P(e)."""
        net = self.arrays
        program = self.program(pattern_of(net, request, targets))
        values = np.full(self.layout.total, np.nan)
        case = numpy_kernels.Case(request.states, request.soft)
        tree = numpy_kernels.collect(net, program, case)
        if tree.log_prob > -np.inf:
            self._read(program, case, tree, values)
        values.setflags(write=False)
        return values, tree.log_prob

    def _read(
        self, program: Program, case: numpy_kernels.Case, tree: numpy_kernels.Tree, values: Array
    ) -> None:
        starts, count = self.layout.starts, len(self.arrays.cards)
        beliefs = numpy_kernels.distribute(program, tree)
        for v, marginal in numpy_kernels.marginals(program, beliefs).items():
            if v < count:
                values[starts[v] : starts[v + 1]] = marginal
        root = roots_of(program)
        for query in program.queries:
            v = query.variable
            values[starts[v] : starts[v + 1]] = ask(
                self.arrays, program, query, case, tree, beliefs, root
            )
        for v, state in case.states.items():
            values[starts[v] : starts[v + 1]] = 0.0
            values[starts[v] + state] = 1.0

    def _log_prob(self, request: Request) -> float:
        net = self.arrays
        program = self.program(pattern_of(net, request, frozenset()))
        case = numpy_kernels.Case(request.states, request.soft)
        return numpy_kernels.collect(net, program, case).log_prob

    def _conflict(
        self, evidence: Hard | None, soft: Soft | None, do: Hard | None
    ) -> dict[str, Any]:
        def possible(findings: Iterable[tuple[str, bool]]) -> bool:
            findings = list(findings)
            hard = {v: (evidence or {})[v] for v, is_soft in findings if not is_soft}
            likely = {v: (soft or {})[v] for v, is_soft in findings if is_soft}
            return self.log_prob_evidence(hard, likely, do) > -np.inf

        given: Mapping[str, Any] = {**(soft or {}), **(evidence or {})}
        findings = [(v, v in (soft or {})) for v in given]
        return {v: given[v] for v, _ in minimal_conflict(findings, possible)}
