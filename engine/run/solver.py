"""Cases by number in, flat answers out: which program answers, and what is kept."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from math import prod
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.core import core as compiled_core
from fascinet.engine.plan.layout import Planner
from fascinet.engine.plan.plan import Plan
from fascinet.engine.program.compile import compile_program
from fascinet.engine.run.cache import ProgramCache
from fascinet.engine.run.conditioning import Cutset, cutsets
from fascinet.engine.run.fixed import FixedTree
from fascinet.engine.run.loaded import Loaded
from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.engine.tables.factors import catalogue, open_gates, star_scopes
from fascinet.engine.tables.fold import Folder, Packed
from fascinet.engine.tables.jacobian import Jacobian, jacobian
from fascinet.engine.tables.pattern import Pattern
from fascinet.engine.tables.rebase import Rebase
from fascinet.engine.tables.request import Request, pattern_of
from fascinet.model.errors import BudgetError
from fascinet.model.gates import Array

Ints: TypeAlias = NDArray[np.int64]
Wanted: TypeAlias = frozenset[int] | None
Rest: TypeAlias = Callable[[Array], Array]
Places: TypeAlias = Mapping[str, Mapping[str, int]]

# One fixed tree beats many programs where it has few entries; part of an answer is worth only a
# smaller one. Networks of many parameters are not planned for it in the first place.
FIXED, PART = 250_000, 40_000
FEW, SMALL = 12_000, (400, 100_000)  # parameters; or variables and parameters


class Solver:
    """Answers requests about one network.

    Parameters
    ----------
    net : NetworkArrays
    places : mapping of variable to mapping of state to int
        Place in an answer of each state, by name.
    budget : int
        Most table entries of a program.
    core : module or None
        The compiled core; None for NumPy.
    """

    def __init__(
        self, net: NetworkArrays, places: Places, budget: int, core: Any = compiled_core
    ) -> None:
        self.net, self.budget, self.core = net, budget, core
        self._places = places
        self.starts = net.starts
        self._begins: list[int] = net.starts.tolist()
        self._cache, self._lock = ProgramCache(), Lock()
        self.folder = Folder(net)

    def __getstate__(self) -> tuple[NetworkArrays, Places, int, bool]:
        return self.net, self._places, self.budget, self.core is not None

    def __setstate__(self, state: tuple[NetworkArrays, Places, int, bool]) -> None:
        self.__init__(*state[:3], compiled_core if state[3] else None)

    # ---------------------------------------------------------------- programs

    @property
    def kept(self) -> tuple[int, float]:
        """How many programs, and table entries in them, are kept; the least used go first."""
        return self._cache.most, self._cache.bound

    @kept.setter
    def kept(self, bounds: tuple[int, float]) -> None:
        with self._lock:
            self._cache.most, self._cache.bound = bounds

    @cached_property
    def _catalogue(self) -> Any:
        return catalogue(self.net)

    @cached_property
    def _planner(self) -> Planner:
        return Planner(self.net, self.core)

    @cached_property
    def jacobian(self) -> Jacobian:
        """How the network's numbers depend on its parameters."""
        return jacobian(self.net)

    @cached_property
    def rebase(self) -> Rebase:
        """Makes the network's numbers anew for other parameters."""
        return Rebase(self.net)

    @cached_property
    def fixed(self) -> FixedTree | None:
        """The fixed tree of a small network of tables alone; None without the compiled core."""
        net = self.net
        size = sum(prod(net.cards[u] for u in (*net.parents[v], v)) for v in range(len(net.cards)))
        few = size <= FEW or (len(net.cards) <= SMALL[0] and size <= SMALL[1])
        if self.core is None or not few or any(b.raw for b in net.blocks):
            return None
        plan = self.plan(Pattern())
        if plan.entries > min(FIXED, self.budget):
            return None
        return self._fixed_tree(plan)

    @cached_property
    def rows_tree(self) -> FixedTree | None:
        """The fixed tree that takes the rows of a batch; gates in it are as any variable."""
        if self.fixed is not None or self.core is None:
            return self.fixed
        every = Pattern(joint=frozenset(range(len(self.net.cards))))
        opened = open_gates(self.net, self._catalogue, every)
        scopes, cards, _ = star_scopes(self.net, opened)
        start = np.cumsum([0, *map(len, scopes)]).astype(np.int64)
        values = np.array([v for scope in scopes for v in scope], np.int64)
        star = self._planner.find_order(start, values, np.array(cards, np.int64))
        if star.work > FIXED:  # no tree is much smaller than that of the gates as stars
            return None
        plan = self.plan(every)
        if plan.entries > min(FIXED, self.budget):
            return None
        return self._fixed_tree(plan)

    def _fixed_tree(self, plan: Plan) -> FixedTree | None:
        """Return the calibrated tree of a plan, None where doubles cannot hold it."""
        tree = FixedTree(self._load(plan, calibrated=True), self.core, self._places)
        return tree if tree.is_exact else None

    def plan(self, pattern: Pattern) -> Plan:
        """Return the plan of a pattern."""
        opened = open_gates(self.net, self._catalogue, pattern)
        factors, elimination = self._planner.lay_out(opened, pattern.patient)
        return Plan(pattern, factors, elimination)

    def _load(self, plan: Plan, calibrated: bool = False) -> Loaded:
        net = self.net
        likely = plan.pattern.soft - plan.pattern.observed
        program = compile_program(
            plan.factors, plan.elimination, likely, net.starts, net.begins, calibrated
        )
        return Loaded(net, plan, program, self.core)

    def program(self, pattern: Pattern) -> Loaded:
        """Return the program of a pattern, from the cache if it is there.

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
            found = self._load(plan)
            with self._lock:
                self._cache.put(pattern, found)
        return found

    def case(self, request: Request, loaded: Loaded) -> tuple[Ints, Array]:
        """Return a request's observed states and row weights as a program takes them."""
        states = np.zeros(len(self.net.cards), np.int64)
        for v, s in request.states.items():
            states[v] = s
        program = loaded.program
        if isinstance(request.soft, Packed):  # all that have weights, in order
            return states, request.soft.numbers
        weights = np.ones(int(program.sizes[2]))
        for v, likelihood in request.soft.items():
            at = program.weights[v]
            weights[at : at + len(likelihood)] = likelihood
        return states, weights

    # ---------------------------------------------------------------- answers

    def answer(self, request: Request, wanted: Wanted) -> tuple[Array, float, Rest | None]:
        """Return posteriors (flat; NaN if not wanted or impossible), ln P(e), and the rest.

        The rest, if there is one, returns the posteriors with those of leaf queries, NaN so far.
        """
        fixed = self._fixed_for(request, wanted)
        if fixed is None:
            values, log_prob, rest = self._begin(request, wanted)
        else:
            (values, log_prob), rest = fixed.solve(request.states, request.soft), None
            if wanted is not None and log_prob > -np.inf:
                values = self._part(values, (*wanted, *request.states))
        if log_prob == -np.inf:
            values = np.full(int(self.starts[-1]), np.nan)
        values.setflags(write=False)
        return values, log_prob, rest

    def solve(self, request: Request, wanted: Wanted) -> tuple[Array, float]:
        """Return posteriors (flat; NaN if not wanted or impossible) and ln P(e)."""
        values, log_prob, rest = self.answer(request, wanted)
        if rest is not None:
            values = rest(values)
            values.setflags(write=False)
        return values, log_prob

    def _begin(self, request: Request, wanted: Wanted) -> tuple[Array, float, Rest | None]:
        """Return what `answer` does by a program; the rest keeps the case alone, no tables."""
        asked, left_out = self.folder.fold(request) if wanted is None else (request, 0.0)
        values = np.full(int(self.starts[-1]), np.nan)
        if left_out == -np.inf:
            return values, -np.inf, None
        pattern = pattern_of(self.net, asked, wanted)
        try:
            loaded = self.program(pattern)
        except BudgetError as error:
            values, log_prob = self._in_parts(asked, pattern, self._cutset(pattern, error))
            self.enter(values, request.states)
            return values, left_out + log_prob, None
        states, weights = self.case(asked, loaded)
        log_prob = left_out + loaded.run(states, weights, values)[0]
        self.enter(values, request.states)
        if not loaded.program.queries or log_prob == -np.inf:
            return values, log_prob, None
        return values, log_prob, partial(self._finish, loaded, states, weights, request.states)

    def _cutset(self, pattern: Pattern, error: BudgetError) -> Cutset:
        """Return the smallest cutset that brings a pattern's program within the budget.

        Raises
        ------
        BudgetError
            The one that is given, if none does.
        """
        for cutset in cutsets(self.net, pattern):
            if self.plan(cutset.pattern(pattern)).entries <= self.budget:
                return cutset
        raise error

    def _in_parts(self, request: Request, pattern: Pattern, cutset: Cutset) -> tuple[Array, float]:
        """Return an answer and ln P(e) given each joint state of a few roots, joined."""
        loaded = self.program(cutset.pattern(pattern))
        states, weights = self.case(cutset.request(request), loaded)
        values = np.full((1, len(cutset), int(self.starts[-1])), np.nan)
        each = zip(cutset.states(states), values[0], strict=True)
        logs = np.array([loaded.solve(seen, weights, out) for seen, out in each])
        log_prob, shares = cutset.join(logs[None], cutset.likelihood(request.soft)[None])
        return cutset.mix(values, shares, self._begins)[0], float(log_prob[0])

    def _finish(
        self, loaded: Loaded, seen: Ints, weights: Array, states: Mapping[int, int], values: Array
    ) -> Array:
        """Return an answer with its leaf queries answered: absent findings are among them."""
        out = loaded.finish(seen, weights, values)
        self.enter(out, states)
        return out

    def solve_each(
        self, requests: Sequence[Request], wanted: frozenset[int]
    ) -> tuple[Array, NDArray[np.float64]]:
        """Return posteriors of `wanted`, a row a case, and ln P(e) of cases that share a pattern.

        Rows of impossible cases mean nothing.
        """
        values = np.full((len(requests), int(self.starts[-1])), np.nan)
        logs = np.full(len(requests), -np.inf)
        if not requests or self._fixed_for(requests[0], wanted) is not None:
            for i, request in enumerate(requests):
                values[i], logs[i] = self.solve(request, wanted)
            return values, logs
        pattern = pattern_of(self.net, requests[0], wanted)
        try:
            loaded = self.program(pattern)
        except BudgetError as error:
            cutset = self._cutset(pattern, error)
            for i, request in enumerate(requests):
                values[i], logs[i] = self._in_parts(request, pattern, cutset)
        else:
            for i, request in enumerate(requests):
                logs[i] = loaded.solve(*self.case(request, loaded), values[i])
        self.enter(values, requests[0].states)
        return values, logs

    def enter(self, values: Array, states: Mapping[int, int]) -> None:
        """Write the posteriors of findings, and of variables with one state, into each answer."""
        values[..., self.net.certain] = 1.0
        begins = self._begins
        for v, state in states.items():
            values[..., begins[v] : begins[v + 1]] = 0.0
            values[..., begins[v] + state] = 1.0

    def _part(self, values: Array, wanted: Sequence[int]) -> Array:
        """Return the posteriors of some variables, NaN for the others."""
        out = np.full(len(values), np.nan)
        for v in wanted:
            here = slice(self._begins[v], self._begins[v + 1])
            out[here] = values[here]
        out[self.net.certain] = 1.0
        return out

    def _fixed_for(self, request: Request, wanted: Wanted) -> FixedTree | None:
        """Return the fixed tree if it may answer; part of an answer is worth only a small one."""
        fixed = None if request.cut else self.fixed
        if fixed is None or (wanted is not None and fixed.size > PART):
            return None
        return fixed

    def log_prob(self, request: Request, wanted: Wanted = frozenset()) -> float:
        """Return ln P(e), -inf if it is impossible; by the program that answers `wanted`."""
        fixed = self._fixed_for(request, frozenset())
        if fixed is not None:
            return fixed.solve(request.states, request.soft, False)[1]
        pattern = pattern_of(self.net, request, wanted)
        try:
            loaded = self.program(pattern)
        except BudgetError as error:
            return self._in_parts(request, pattern, self._cutset(pattern, error))[1]
        return loaded.run(*self.case(request, loaded))[0]
