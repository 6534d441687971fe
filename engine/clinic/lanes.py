"""Many questions about one case by one program.

All causes that are not observed, and the other parents of findings, are listed as soft findings,
flat where nothing is asked. So the engine plans once, and each question (a cause present, a group
absent, the outcome of a test, a link taken away) is one more run of the same program; questions of
a kind go in one call.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import cpu_count
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.hypotheses import Hypothesis
from fascinet.engine.api.engine import Engine
from fascinet.engine.api.posterior import Posterior
from fascinet.engine.clinic.coarse import Coarse, coarse_for
from fascinet.engine.run.conditioning import Cutset
from fascinet.engine.run.derivatives import slopes
from fascinet.engine.run.evidence import read_request
from fascinet.engine.run.loaded import LANES, Loaded
from fascinet.engine.tables.jacobian import Jacobian
from fascinet.engine.tables.pattern import Pattern
from fascinet.engine.tables.request import Request, pattern_of
from fascinet.model.case import Case
from fascinet.model.errors import BudgetError
from fascinet.model.gates import Array, NoisyMax

CONTEXT = ("age_group", "sex")  # what every cause depends on
WHOLE = 2**15  # entries, given the context, up to which a tree is not worked in parts
Changes: TypeAlias = Mapping[str, Array]  # flat findings to be multiplied, by variable


class Ready(NamedTuple):
    """A program, and a case as it takes it.

    Attributes
    ----------
    loaded : Loaded
    states : int array, shape (joint states of the cutset, variables)
    weights : array
    cutset : Cutset
    """

    loaded: Loaded
    states: NDArray[np.int64]
    weights: Array
    cutset: Cutset


@dataclass(frozen=True)
class Lanes:
    """A case with its flat soft findings.

    Attributes
    ----------
    engine : Engine
        That asks: the one that was given, or one with coarser findings.
    hard, flat : mapping
        The case as it takes it; `flat` is the soft evidence, and ones for all that may be asked.
    targets : tuple of str
        What a run answers.
    coarse : Coarse
    case : Case
        As it was given.
    resting : mapping of variable to state
    """

    engine: Engine
    hard: Mapping[str, str]
    flat: Mapping[str, Array]
    targets: tuple[str, ...]
    coarse: Coarse
    case: Case = field(default_factory=Case)
    resting: Mapping[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def request(self) -> Request:
        """The case by number, flat findings and all."""
        network = self.engine.network
        said = read_request(network, self.hard, self.soft, None)
        flat = {network.index[v]: x for v, x in self.flat.items()}
        return Request(said.states, {**flat, **said.soft}, said.cut)

    @cached_property
    def ready(self) -> Ready:
        """The program that answers the targets, and the case as it takes it.

        Raises
        ------
        BudgetError
            If its tables exceed the budget; it says what to leave out.
        """
        solver, index = self.engine.solver, self.engine.network.index
        wanted = frozenset(index[v] for v in self.targets)
        pattern = replace(pattern_of(solver.net, self.request, wanted), patient=True)
        cutset = self._cutset(pattern)
        try:
            loaded = solver.program(cutset.pattern(pattern))
        except BudgetError as error:
            remedy = self._remedy(cutset.pattern(pattern))
            raise BudgetError(error.width, error.entries, error.budget, remedy) from None
        states, weights = solver.case(cutset.request(self.request), loaded)
        return Ready(loaded, cutset.states(states), weights, cutset)

    def _cutset(self, pattern: Pattern) -> Cutset:
        """Return what to condition on: of what every cause depends on, what is not known.

        Nothing where that leaves so small a tree that the whole one is small too.
        """
        solver, network = self.engine.solver, self.engine.network
        context = [network.index[v] for v in CONTEXT if v in network.index]
        free = Cutset.of(solver.net, [v for v in context if v not in pattern.observed])
        none = Cutset.of(solver.net, ())
        if not free.variables:
            return none
        small = solver.plan(free.pattern(pattern)).entries <= WHOLE
        return none if small and solver.plan(pattern).entries <= solver.budget else free

    def _remedy(self, pattern: Pattern) -> str:
        """Return what to leave out, so that the tables are small enough."""
        solver, index = self.engine.solver, self.engine.network.index
        there = [v for v in self.hard if index[v] in pattern.observed - pattern.low]
        there = [v for v in there if isinstance(self.engine.network.gate(v), NoisyMax)]
        sizes = {
            v: solver.plan(replace(pattern, observed=pattern.observed - {index[v]})).entries
            for v in there
        }
        return f"leave out {min(sizes, key=sizes.__getitem__)}" if sizes else "leave findings out"

    # ---------------------------------------------------------------- asking

    def run(self, changes: Changes | None = None) -> Posterior | None:
        """Return the posterior with some flat findings multiplied; None if it is impossible."""
        logs, out = self._answers([changes or {}], leaves=True)
        if logs[0] == -np.inf:
            return None
        values, fine = self.coarse.answer(out[0]), self.coarse.fine
        soft = {**self.flat, **{v: self.flat[v] * x for v, x in (changes or {}).items()}}
        values.setflags(write=False)
        return Posterior(
            fine.layout, values, float(logs[0]), self.case.hard, soft, {}, self.targets, fine.prior
        )

    def log_probs(self, changes: Sequence[Changes]) -> Array:
        """Return ln P of the case with each set of flat findings multiplied."""
        weights, likelihood = self._weights(changes)
        cutset = self.ready.cutset
        return cutset.join(self._run_rows(weights, None), likelihood)[0]

    def answers(self, changes: Sequence[Changes]) -> tuple[Array, Array]:
        """Return ln P and the answers, a row each, with each set of flat findings multiplied.

        Answers stand in the places of `engine`; without leaf queries, and NaN where impossible.
        """
        return self._answers(changes, leaves=False)

    def _answers(self, changes: Sequence[Changes], leaves: bool) -> tuple[Array, Array]:
        solver, cutset = self.engine.solver, self.ready.cutset
        weights, likelihood = self._weights(changes)
        out = np.full((len(changes), len(cutset), self.engine.layout.total), np.nan)
        logs, shares = cutset.join(self._run_rows(weights, out, leaves=leaves), likelihood)
        solver.enter(out, self.request.states)
        return logs, cutset.mix(out, shares, solver.starts.tolist())

    def log_probs_with(self, bases: Array, which: NDArray[np.int64]) -> Array:
        """Return ln P of the case with some blocks of numbers taken from other bases.

        Parameters
        ----------
        bases : array, shape (k, numbers of the base)
        which : int array, shape (rows, blocks)
            From which base a row takes each block; 0 is the network's own, bases[0] is 1.
        """
        loaded, states, _, cutset = self.ready
        weights, likelihood = self._weights([{}] * len(which))
        net, program = loaded.net, loaded.program
        if loaded.core is None:
            every = np.concatenate([net.base[None], bases])
            sizes = np.diff(np.append(net.begins, net.base.size))
            places = np.arange(net.base.size)
            nets = (net.with_base(every[np.repeat(row, sizes), places]) for row in which)
            logs = [[loaded.run(seen, weights[0], net=other)[0] for seen in states]
                    for other in nets]  # fmt: skip
            return cutset.join(np.array(logs), likelihood)[0]
        block = np.concatenate([program.operands["block"], program.scalars["block"]])
        shifts = np.ascontiguousarray(which[:, block] * net.base.size)
        base = np.concatenate([net.base, *bases])
        return cutset.join(self._run_rows(weights, None, base, shifts), likelihood)[0]

    def _run_rows(
        self, weights: Array, answers: Array | None, base: Array | None = None,
        shifts: NDArray[np.int64] | None = None, leaves: bool = False,
    ) -> Array:  # fmt: skip
        """Return ln P of each row of weights given each joint state of the cutset.

        Answers, shape (rows, joint states, places), are written if wanted.
        """
        loaded, states, _, cutset = self.ready
        seen, each = np.tile(states, (len(weights), 1)), len(cutset)
        given = np.repeat(weights, each, axis=0)
        moved = None if shifts is None else np.repeat(shifts, each, axis=0)
        logs = np.empty(len(given))
        out = None if answers is None else answers.reshape(len(given), -1)

        def work(rows: slice) -> None:
            some = None if out is None else out[rows]
            shift = None if moved is None else moved[rows]
            logs[rows] = loaded.run_rows(seen[rows], given[rows], some, base, shift, leaves)

        share_out(work, len(given), loaded.program.entries)
        return logs.reshape(len(weights), each)

    def slopes(
        self, hypotheses: Sequence[Hypothesis] = (), jacobian: Jacobian | None = None
    ) -> tuple[float, Array, Array]:
        """Return ln P(e), P(h | e), and the slopes of all P(e, h), then of P(e), over P(e).

        Parameters
        ----------
        jacobian : Jacobian, optional
            What the slopes are by; default: all parameters of `engine`.
        """
        loaded, states, _, cutset = self.ready
        changes = [*({h.variable: np.array(h.indicator)} for h in hypotheses), {}]
        rows, likelihood = self._weights(changes)
        by = self.engine.solver.jacobian if jacobian is None else jacobian
        scale = float(self.log_probs([{}])[0])
        scale = scale if scale > -np.inf else 0.0
        each = np.empty((len(rows), len(cutset)))
        found = np.zeros((len(rows), by.count))

        def work(some: slice) -> None:
            for c, seen in enumerate(states):
                each[some, c], scales, slope = slopes(loaded, seen, rows[some], by)
                slope *= (np.exp(scales - scale) * likelihood[some, c])[:, None]
                found[some] += slope

        share_out(work, len(rows), loaded.program.entries)
        logs, _ = cutset.join(each, likelihood)
        return float(logs[-1]), np.exp(logs[:-1] - logs[-1]), found

    def _weights(self, changes: Sequence[Changes]) -> tuple[Array, Array]:
        """Return, for each set of changes, the row weights and the likelihood of the cutset."""
        loaded, _, weights, cutset = self.ready
        rows, index = np.tile(weights, (len(changes), 1)), self.engine.network.index
        likelihood = np.tile(cutset.likelihood(self.request.soft), (len(changes), 1))
        starts: list[int] = loaded.program.weights.tolist()
        for i, change in enumerate(changes):
            for name, vector in change.items():
                v = index[name]
                if v in cutset.variables:
                    likelihood[i] *= cutset.likelihood({v: vector})
                else:
                    rows[i, starts[v] : starts[v] + len(vector)] *= vector
        return rows, likelihood

    # ---------------------------------------------------------------- reading

    @property
    def soft(self) -> dict[str, Array]:
        """The soft evidence alone, as the engine takes it."""
        return {name: self.flat[name] for name in self.case.soft if name in self.flat}

    @property
    def known(self) -> dict[str, str]:
        """What is observed or set."""
        return {**self.hard, **self.case.do}

    def seen(self, finding: str) -> Array:
        """Return the likelihood of each state of an observed finding."""
        if finding in self.flat:
            return self.flat[finding]
        states = self.engine.network.states(finding)
        return np.eye(len(states))[states.index(self.hard[finding])]

    def at_rest(self, cause: str) -> Array:
        """Return the likelihood of a cause's being absent."""
        network = self.engine.network
        state = network.state_index(cause, self.resting[cause])
        return np.eye(len(network.states(cause)))[state]

    def present(self, posterior: Posterior, cause: str) -> float:
        """Return P(cause in any state but its resting one)."""
        state = self.engine.network.state_index(cause, self.resting[cause])
        return float(1.0 - posterior.array(cause)[state])

    def rest_places(self, causes: Sequence[str]) -> NDArray[np.int64]:
        """Return where the answers of `engine` have the resting state of each cause."""
        places = self.engine.layout.places
        return np.array([places[c][self.resting[c]] for c in causes], np.int64)


def share_out(work: Callable[[slice], None], count: int, entries: int) -> None:
    """Do rows of work, by threads and one at a time where the tables are large.

    So eight tables side by side are never larger than a cache; what was not begun is left undone
    where an exception, or Ctrl-C, comes in between.
    """
    if entries <= LANES:
        work(slice(0, count))
        return
    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        todo = [pool.submit(work, slice(i, i + 1)) for i in range(count)]
        try:
            for one in todo:
                one.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def open_lanes(
    engine: Engine,
    case: Case,
    askable: tuple[str, ...],
    resting: Mapping[str, str],
    targets: tuple[str, ...],
) -> Lanes:
    """Return the lanes of a case: `askable` are the variables to ask about."""
    coarse = coarse_for(engine, case)
    hard, soft = coarse.evidence(case)
    network = coarse.engine.network
    flat = {k: np.array([v[s] for s in network.states(k)]) for k, v in soft.items()}
    for name in askable:
        if name not in hard and name not in case.do:
            flat.setdefault(name, np.ones(len(network.states(name))))
    return Lanes(coarse.engine, hard, flat, targets, coarse, case, resting)


def plain_lanes(engine: Engine, hard: Mapping[str, str], soft: Mapping[str, Any]) -> Lanes:
    """Return the lanes of evidence on which nothing is to be asked."""
    request = read_request(engine.network, hard, soft, None)
    names = engine.network.variables
    flat = {names[v]: x for v, x in request.soft.items()}
    case = Case(hard=hard, soft={v: dict(zip(engine.network.states(v), x.tolist(), strict=True))
                                 for v, x in flat.items()})  # fmt: skip
    return Lanes(engine, hard, flat, (), Coarse(engine, engine, {}), case)
