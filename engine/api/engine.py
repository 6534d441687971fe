"""Exact inference by plan → program → run: the one class that users meet."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from fascinet.engine.api.conflict_set import conflicting
from fascinet.engine.api.posterior import NOTHING, Layout, Posterior
from fascinet.engine.api.searches import Searches
from fascinet.engine.core import core
from fascinet.engine.plan.plan import Plan
from fascinet.engine.run.batch import solve_states, states_of
from fascinet.engine.run.derivatives import (
    Derivatives,
    GateDerivatives,
    log_slopes,
    named_slopes,
    table_record,
)
from fascinet.engine.run.evidence import (
    Hard,
    Soft,
    as_text,
    checked,
    chosen_variables,
    names_of,
    pairs_of,
    read_request,
    spelled,
    warn_unset,
)
from fascinet.engine.run.solver import PART, Solver
from fascinet.engine.tables.arrays import NetworkArrays, network_arrays
from fascinet.engine.tables.request import pattern_of
from fascinet.model.errors import FascinetError, ImpossibleEvidenceError, OptionError
from fascinet.model.foreign import refusal
from fascinet.model.gates import Array
from fascinet.model.lazy import Lazy
from fascinet.model.network import Network
from fascinet.model.plural import counted

if TYPE_CHECKING:
    from fascinet.engine.display.drawing import InferenceDrawing

drawing_room = Lazy("fascinet.engine.display.drawing")

Frame = TypeVar("Frame")
Evidence = tuple[Hard | None, Soft | None]
Quick = Callable[[Any], Posterior | None]
Backend = Literal["auto", "numpy", "core"]
BACKENDS = ("auto", "numpy", "core")


class Engine(Searches):
    """Answers queries about one network, exactly.

    Parameters
    ----------
    network : Network
    budget : int
        Most table entries that a program may have; beyond it `BudgetError` is raised.
    backend : {"auto", "numpy", "core"}
        The compiled core, if there is one; or NumPy, which gives the same numbers more slowly.

    Notes
    -----
    For each set of observed variables a program is compiled once and kept (least recently used
    ones are dropped); the values of a case are read into it. The engine never changes the network
    and may be used by many threads at once.

    Examples
    --------
    >>> import fascinet as fn
    >>> engine = fn.Engine(fn.load(setting="primary_care"))
    >>> p = engine.posterior({"weakness": "objective"}, targets=["als"])
    >>> p["als"]["yes"] > engine.prior()["als"]["yes"]
    True
    """

    def __init__(self, network: Network, *, budget: int = 2**27, backend: Backend = "auto") -> None:
        if not isinstance(network, Network):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise refusal("a fascinet Network", network)
        if isinstance(budget, bool) or not isinstance(budget, int | float):  # pyright: ignore
            raise FascinetError(f"budget: expected a number of table entries, got {budget!r}")
        if backend not in BACKENDS or (backend == "core" and core is None):
            there = [b for b in BACKENDS if b != "core" or core is not None]
            raise OptionError("backend", backend, there)
        self.network, self.budget = network, budget
        self.backend: Backend = backend
        self.layout = Layout({v: network.states(v) for v in network.variables})
        self._prior: Posterior | None = None
        self.chosen = chosen_variables(network)

    def __repr__(self) -> str:
        net = self.network
        return f"Engine({net.name!r}, {counted(len(net.variables), 'variable')}, {self.backend})"

    def _repr_html_(self) -> str:
        return drawing_room.posterior_html(self.prior())

    def __getstate__(self) -> dict[str, Any]:
        """Return what makes the engine anew: programs are not kept."""
        return {"network": self.network, "budget": self.budget, "backend": self.backend}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state.pop("network"), **state)

    @cached_property
    def arrays(self) -> NetworkArrays:
        """The network without names."""
        return network_arrays(self.network)

    @cached_property
    def solver(self) -> Solver:
        """Answers by number; see `fascinet.engine.run.solver`."""
        chosen = None if self.backend == "numpy" else core
        return Solver(self.arrays, self.layout.places, self.budget, chosen)

    # ---------------------------------------------------------------- queries

    def posterior(
        self,
        evidence: Hard | None = None,
        *,
        soft: Soft | None = None,
        do: Hard | None = None,
        targets: str | Iterable[str] | None = None,
    ) -> Posterior:
        """Return all posterior marginals P(v | evidence, soft; do).

        Parameters
        ----------
        evidence : mapping of variable to state
        soft : mapping of variable to likelihoods
            A mapping from each state, or a sequence in state order: P(report | state).
        do : mapping of variable to state
            Interventions: the variable is cut from its parents and set.
        targets : str or iterable of str, optional
            Only these posteriors, which may need a far smaller program.

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError
        ImpossibleEvidenceError
            If P(evidence) = 0; it carries a minimal conflicting set.
        BudgetError
            If the plan exceeds the budget.

        Examples
        --------
        >>> import fascinet as fn
        >>> engine = fn.Engine(fn.example("asia"))
        >>> p = engine.posterior({"smoke": "yes"}, soft={"xray": {"yes": 0.8, "no": 0.2}})
        >>> round(p["lung"]["yes"], 3)
        0.271
        """
        asked = None if targets is None else names_of(targets)
        if self.chosen and evidence is not NOTHING:
            warn_unset(self.chosen, evidence, soft, do)
        if soft is None and do is None and asked is None:
            quick = self._quick(evidence)
            if quick is not None:
                return quick
        request = read_request(self.network, evidence, soft, do)
        wanted = self._targets(asked)
        values, log_prob, rest = self.solver.answer(request, wanted)
        if log_prob == -np.inf:
            raise ImpossibleEvidenceError(conflicting(self.log_prob_evidence, evidence, soft, do))
        names = self.network.variables if asked is None else asked
        answer = Posterior(
            self.layout, values, log_prob, spelled(self.network, evidence), dict(soft or {}),
            spelled(self.network, do), names, self.prior, rest,
        )  # fmt: skip
        if self._prior is None and asked is None and not (evidence or soft or do):
            self._prior = answer
        return answer

    @cached_property
    def _quick(self) -> Quick:
        """What answers hard evidence by name on the fixed tree; None where it cannot."""
        fixed = self.solver.fixed
        if fixed is None:
            return lambda evidence: None if evidence else self._prior
        return Posterior.answering(self.layout, self.prior, core.find_names, fixed.named)

    def prior(self) -> Posterior:
        """Return the marginals without evidence, computed once."""
        if self._prior is None:
            self._prior = self.posterior(NOTHING)
        return self._prior

    def log_prob_evidence(
        self, evidence: Hard | None = None, soft: Soft | None = None, do: Hard | None = None
    ) -> float:
        """Return ln P(evidence, soft; do); -inf if it is impossible."""
        request = read_request(self.network, evidence, soft, do)
        return self.solver.log_prob(request)

    def posteriors(
        self,
        frame: Frame,
        targets: str | Iterable[str] | None = None,
        *,
        impossible: Literal["raise", "nan"] = "raise",
        dtype: Literal["float64", "float32"] = "float64",
        threads: int | None = None,
    ) -> Frame:
        """Return the posteriors of every row of a DataFrame (pandas, polars, Arrow).

        Parameters
        ----------
        frame : DataFrame
            A column a variable, the cells states; a missing cell is unknown.
        targets : str or iterable of str, optional
            Variables wanted; None means all.
        impossible : {"raise", "nan"}
            How to treat a row whose evidence is impossible: raise, or return NaN.
        dtype : {"float64", "float32"}
            Single precision takes half the time and memory; the largest difference from double
            precision on 256 of the rows is then told in `.attrs["max_abs_difference"]` (pandas;
            about 1e-6 on networks of a hundred variables).
        threads : int, optional
            How many work at a time; default: one a core. Processes side by side take one each.

        Returns
        -------
        DataFrame
            Of the same kind, with a column `"variable=state"` for each state of each target.

        Raises
        ------
        UnknownVariableError, UnknownStateError, EvidenceError, OptionError, ImpossibleEvidenceError

        Examples
        --------
        >>> import fascinet as fn, pandas as pd
        >>> engine = fn.Engine(fn.example("asia"))
        >>> frame = pd.DataFrame({"smoke": ["yes", None], "xray": ["yes", "no"]})
        >>> engine.posteriors(frame, targets="lung").round(3)
           lung=yes  lung=no
        0     0.646    0.354
        1     0.001    0.999
        """
        from fascinet.engine.api.frames import posterior_frame

        names = self.network.variables if targets is None else names_of(targets)
        self._targets(names)
        if self.chosen:
            warn_unset(self.chosen, dict.fromkeys(map(str, getattr(frame, "columns", ()))))
        return posterior_frame(
            self.solver, self.network, self.layout, frame, names, impossible, dtype, threads
        )

    def batch_log_prob(self, cases: Iterable[Evidence]) -> Array:
        """Return ln P of many (evidence, soft) pairs, shape (cases,); -inf where impossible."""
        requests = [read_request(self.network, e, s, None) for e, s in pairs_of(cases)]
        if any(r.soft for r in requests):
            return np.array([self.solver.log_prob(r) for r in requests])
        states = states_of(requests, len(self.network.variables))
        return solve_states(self.solver, states, posteriors=False)[1]

    def batch_posteriors(self, cases: Iterable[Evidence]) -> tuple[Array, Array]:
        """Return posteriors (cases, states of all variables) and ln P (cases,).

        Column `layout.slices[v]` holds variable v. Impossible cases are NaN, with ln P = -inf.
        """
        requests = [read_request(self.network, e, s, None) for e, s in pairs_of(cases)]
        if any(r.soft for r in requests):
            solved = [self.solver.solve(r, None) for r in requests]
            values = np.array([v for v, _ in solved]).reshape(len(solved), self.layout.total)
            return values, np.array([p for _, p in solved])
        return solve_states(self.solver, states_of(requests, len(self.network.variables)))

    def derivatives(
        self,
        evidence: Hard | None = None,
        *,
        extra: Hard | None = None,
        soft: Soft | None = None,
        do: Hard | None = None,
    ) -> Derivatives:
        """Return ∂ ln P(evidence, extra, soft; do) / ∂ θ for every parameter of every gate.

        Each parameter counts as free. A gate without bearing on the evidence gets zeros (in
        networks of tables alone: its formal derivative P(u | e), the same along each row).

        Raises
        ------
        ImpossibleEvidenceError
            If the probability is zero.

        Examples
        --------
        >>> import fascinet as fn
        >>> found = fn.Engine(fn.example("asia")).derivatives({"dysp": "yes"})
        >>> round(found.log_prob, 3)
        -0.83
        """
        given: Any = {**(evidence or {}), **checked("extra", extra)} if extra else evidence or {}
        found = None
        if soft is None and do is None and self._named_tree is not None:
            found = named_slopes(self.solver, self._named_tree, given)
        if found is None:
            found = log_slopes(self.solver, read_request(self.network, given, soft, do))
        log_prob, grad = found
        if log_prob == -np.inf:
            raise ImpossibleEvidenceError(conflicting(self.log_prob_evidence, given, soft, do))
        return self._gate_derivatives(log_prob, grad)

    def _gate_derivatives(self, log_prob: float, grad: Array) -> Derivatives:
        gates = GateDerivatives(self.arrays, self.network.index, grad, self._record)
        return Derivatives(log_prob, gates)

    @cached_property
    def _named_tree(self) -> Any:
        """The tree that takes findings by name, where that is the quickest way to slopes."""
        fixed = self.solver.fixed
        return None if fixed is None or fixed.size > PART else fixed.plain

    @cached_property
    def _record(self) -> np.dtype[np.void]:
        return table_record(self.arrays, self.network.variables)

    def plan(self, evidence: Hard | None = None) -> Plan:
        """Return the plan for an evidence set; print it to see cliques, widths and entries.

        Examples
        --------
        >>> import fascinet as fn
        >>> plan = fn.Engine(fn.example("asia")).plan({"dysp": "yes"})
        """
        request = read_request(self.network, evidence, None, None)
        return self.solver.plan(pattern_of(self.arrays, request, None))

    # ---------------------------------------------------------------- analyses

    def draw(
        self,
        evidence: Hard | None = None,
        *,
        soft: Soft | None = None,
        do: Hard | None = None,
        variables: str | Iterable[str] | None = None,
    ) -> "InferenceDrawing":
        """Return the network drawn with its posteriors; arcs as wide as the information they carry.

        Parameters
        ----------
        evidence, soft, do
            As for `posterior`.
        variables : str or iterable of str, optional
            Only these; a drawing of more than about 60 is hard to read.

        Examples
        --------
        >>> import fascinet as fn
        >>> fn.Engine(fn.example("asia")).draw({"dysp": "yes"}).svg()[:4]
        '<svg'
        """
        shown = None if variables is None else names_of(variables)
        given, done = as_text(self.network, evidence), as_text(self.network, do)
        return drawing_room.draw(self, given, soft=soft, do=done, variables=shown)

    # ---------------------------------------------------------------- array layer

    def _targets(self, targets: Iterable[str] | None) -> frozenset[int] | None:
        if targets is None:
            return None
        return frozenset(self.network.index[self.network.check(t)] for t in targets)
