"""Cases by number in, flat answers out: picks the program and the backend."""

import sys
from collections.abc import Callable, Sequence
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascinet.engine import kernels_log as careful
from fascinet.engine import kernels_numpy as slow
from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.cache import ProgramCache
from fascinet.engine.compiled import Compiled
from fascinet.engine.decompose import Pattern
from fascinet.engine.junction import Plan, make_plan
from fascinet.engine.leaves import ask, roots_of
from fascinet.engine.request import Request, pattern_of
from fascinet.engine.steps import Program
from fascinet.engine.tables.fold import Folder
from fascinet.model.errors import BudgetError
from fascinet.model.gates import Array

if TYPE_CHECKING:
    from fascinet.engine.native_layout import Layouts
    from fascinet.engine.whole import Whole

PATIENCE = 0.25  # seconds of NumPy work after which Numba is worth its import
QUERIES = 6  # and so are this many queries
HEAVY = 500_000  # and so is a plan of so many entries
WHOLE = 250_000  # up to so many entries, one fixed tree beats many programs
PART = 40_000  # and for part of an answer, up to so many
FEW, SMALL = 12_000, (400, 100_000)  # parameters; or variables and parameters: worth such a plan

Wanted: TypeAlias = frozenset[int] | None
Collect: TypeAlias = Callable[[NetworkArrays, Program, slow.Case], slow.Tree]


class Solver:
    """Answers requests about one network.

    Parameters
    ----------
    net : NetworkArrays
    starts : array
        Place of each variable's states in the flat answer; the last item is its length.
    budget : int
        Most table entries of a program.
    backend : {"auto", "numpy", "numba"}
    """

    def __init__(
        self, net: NetworkArrays, starts: NDArray[np.int64], budget: int, backend: str
    ) -> None:
        self.net, self.starts, self.budget, self.backend = net, starts, budget, backend
        self._begins: list[int] = starts.tolist()
        self._cache, self.folder = ProgramCache(), Folder(net)
        self._lock = Lock()
        self._spent, self._asked = 0.0, 0
        self._native = backend == "numba"
        self._whole: Whole | None = None
        self._layouts: Layouts | None = None
        self._whole_tried = False

    # ---------------------------------------------------------------- programs

    @property
    def kept(self) -> tuple[int, float]:
        """How many programs, and table entries in them, are kept; the least used go first."""
        return self._cache.most, self._cache.bound

    @kept.setter
    def kept(self, bounds: tuple[int, float]) -> None:
        with self._lock:
            self._cache.most, self._cache.bound = bounds

    @property
    def native(self) -> bool:
        """Whether the compiled kernels answer; "auto" turns to them once they are worth it."""
        if not self._native and self.backend == "auto":
            self._native = (
                "fascinet.engine.native" in sys.modules
                or self._spent > PATIENCE
                or self._asked >= QUERIES
            )
        return self._native

    @property
    def whole(self) -> "Whole | None":
        """The fixed tree, if the network is small, of tables alone, and the kernels are in use."""
        if not self._whole_tried and self.native:
            net = self.net
            size = sum(net.family(v) for v in range(len(net.cards)))
            few = size <= FEW or (len(net.cards) <= SMALL[0] and size <= SMALL[1])
            if few and not any(b.raw for b in net.blocks):
                plan = self.plan(Pattern())
                if plan.entries <= min(WHOLE, self.budget):
                    from fascinet.engine.whole import make_whole

                    flat = Compiled(net, plan, self.starts).flat
                    self._whole = make_whole(net, flat, self.starts)
            self._whole_tried = True
        return self._whole

    def plan(self, pattern: Pattern) -> Plan:
        """Return the plan of a pattern."""
        if self.native:
            if self._layouts is None:
                from fascinet.engine.native_layout import Layouts

                self._layouts = Layouts()
            return self._layouts.plan(self.net, pattern)
        return make_plan(self.net, pattern)

    def program(self, pattern: Pattern) -> Compiled:
        """Return the programs of a pattern, from the cache if they are there.

        Raises
        ------
        BudgetError
            If the plan exceeds the budget.
        """
        with self._lock:
            found = self._cache.get(pattern)
        if found is None:
            plan = self.plan(pattern)
            if plan.entries > self.budget:
                raise BudgetError(plan.largest, plan.entries, self.budget)
            found = Compiled(self.net, plan, self.starts)
            with self._lock:
                self._cache.put(pattern, found)
        return found

    # ---------------------------------------------------------------- answers

    def solve(self, request: Request, wanted: Wanted) -> tuple[Array, float]:
        """Return posteriors (flat; NaN if not wanted or impossible) and ln P(e)."""
        found = self._solve_whole(request, wanted)
        if found is not None:
            return found
        asked, left_out = self.folder.fold(request) if wanted is None else (request, 0.0)
        compiled = self.program(pattern_of(self.net, asked, wanted))
        values = np.full(int(self.starts[-1]), np.nan)
        log_prob = self._answer(compiled, asked, values) + left_out
        if log_prob > -np.inf:
            self._enter(values, request.states)
        values.setflags(write=False)
        return values, log_prob

    def solve_each(
        self, requests: Sequence[Request], wanted: frozenset[int]
    ) -> tuple[Array, NDArray[np.float64]]:
        """Return posteriors of `wanted`, a row a case, and ln P(e) of cases that share a pattern.

        Rows of impossible cases mean nothing.
        """
        values = np.full((len(requests), int(self.starts[-1])), np.nan)
        logs = np.full(len(requests), -np.inf)
        if not requests or self._whole_for(requests[0], wanted) is not None:
            for i, request in enumerate(requests):
                values[i], logs[i] = self.solve(request, wanted)
            return values, logs
        compiled = self.program(pattern_of(self.net, requests[0], wanted))
        for i, request in enumerate(requests):
            logs[i] = self._answer(compiled, request, values[i])
        self._enter(values, requests[0].states)
        return values, logs

    def _enter(self, values: Array, states: dict[int, int]) -> None:
        """Write the posteriors of findings, and of variables with one state, into each answer."""
        values[..., self.net.certain] = 1.0
        begins = self._begins
        for v, state in states.items():
            values[..., begins[v] : begins[v + 1]] = 0.0
            values[..., begins[v] + state] = 1.0

    def _whole_for(self, request: Request, wanted: Wanted) -> "Whole | None":
        """Return the fixed tree if it may answer; part of an answer is worth only a small one."""
        whole = None if request.cut else self.whole
        if whole is None or (wanted is not None and whole.floats.size > PART):
            return None
        return whole

    def _solve_whole(self, request: Request, wanted: Wanted) -> tuple[Array, float] | None:
        whole = self._whole_for(request, wanted)
        found = None if whole is None else whole.solve(request.states, request.soft)
        if whole is None or found is None:
            return None
        values, log_prob = found
        if wanted is not None:
            values = whole.part(values, (*wanted, *request.states))
            values[self.net.certain] = 1.0
        values.setflags(write=False)
        return values, log_prob

    def log_prob(self, request: Request, wanted: Wanted = frozenset()) -> float:
        """Return ln P(e), -inf if it is impossible; by the program that answers `wanted`."""
        whole = self._whole_for(request, frozenset())
        found = None if whole is None else whole.solve(request.states, request.soft, False)
        if found is not None:
            return found[1]
        compiled = self.program(pattern_of(self.net, request, wanted))
        return self._answer(compiled, request, None)

    def _answer(self, compiled: Compiled, request: Request, out: Array | None) -> float:
        if self.native or (self.backend == "auto" and compiled.plan.entries > HEAVY):
            from fascinet.engine.native import DONE, run

            status, log_prob = run(self.net, compiled.flat, request.states, request.soft, out)
            if status == DONE:
                return log_prob
            return self._answer_slowly(compiled, request, out, careful.collect)
        begin = perf_counter()
        log_prob = self._answer_slowly(compiled, request, out, slow.collect)
        if log_prob == -np.inf:
            log_prob = self._answer_slowly(compiled, request, out, careful.collect)
        self._spent += perf_counter() - begin
        self._asked += 1
        return log_prob

    def _answer_slowly(
        self, compiled: Compiled, request: Request, out: Array | None, collect: Collect
    ) -> float:
        program, starts = compiled.steps, self.starts
        case = slow.Case(request.states, request.soft)
        tree = collect(self.net, program, case)
        if out is None or tree.log_prob == -np.inf:
            return tree.log_prob
        beliefs = slow.distribute(program, tree)
        for v, marginal in slow.marginals(program, beliefs).items():
            if v < len(self.net.cards):
                out[starts[v] : starts[v + 1]] = marginal
        root = roots_of([step.parent for step in program.steps])
        for query in program.queries:
            v = query.variable
            out[starts[v] : starts[v + 1]] = ask(
                self.net, program, query, case, tree, beliefs, root
            )
        return tree.log_prob
