"""A program on one of the two backends: the compiled core, or the passes in NumPy."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.plan.plan import Plan
from fascinet.engine.program.program import Program
from fascinet.engine.reference import passes, queries
from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.model.gates import Array

Ints: TypeAlias = NDArray[np.int64]
Calibration: TypeAlias = Any  # (tables, beliefs) of the core; Calibrated of the passes in NumPy

FEW, LANES = 3, 100_000  # rows from which eight go side by side, in programs of so many entries


class Loaded:
    """A program ready to run; a work space belongs to a call, so any threads may share it.

    Parameters
    ----------
    net : NetworkArrays
    plan : Plan
    program : Program
    core : module or None
        The compiled core; None for NumPy.
    """

    def __init__(self, net: NetworkArrays, plan: Plan, program: Program, core: Any) -> None:
        self.net, self.plan, self.program, self.core = net, plan, program, core

    @cached_property
    def prepared(self) -> Any:
        """The program as the core runs it."""
        return prepare(self.core, self.program, self.net.base, self.net.least)

    @cached_property
    def leaves(self) -> Any:
        """The leaf queries as the core runs them."""
        rows, links = leaf_rows(self.net, self.program.queries)
        return self.core.leaves(self.prepared, rows, links)

    def run(
        self,
        states: Ints,
        weights: Array,
        answer: Array | None = None,
        net: NetworkArrays | None = None,
        calibrate: bool = False,
    ) -> tuple[float, Calibration]:
        """Return ln P(e) and, if asked for, the calibrated tree.

        Parameters
        ----------
        states : int array, shape (variables,)
            Observed states.
        weights : array
            Row weights, see `Program.weights`.
        answer : array, optional
            Takes the marginals of free variables.
        net : NetworkArrays, optional
            The same network with other numbers.
        """
        if self.core is None:
            return self._run_numpy(states, weights, answer, net or self.net, calibrate)
        kept = (None, None)
        if calibrate:
            kept = np.empty(self.program.sizes[0]), np.empty(self.program.sizes[1])
        numbers = (None, None) if net is None else (net.base, net.least)
        log_prob = self.core.run(self.prepared, *numbers, states, weights, answer, *kept)
        return log_prob, kept

    def _run_numpy(
        self,
        states: Ints,
        weights: Array,
        answer: Array | None,
        net: NetworkArrays,
        calibrate: bool,
    ) -> tuple[float, Calibration]:
        tree = passes.collect(self.program, net.base, passes.Case(states, weights))
        if tree.log_prob > -np.inf and (answer is not None or calibrate):
            passes.distribute(self.program, tree)
            if answer is not None:
                passes.marginals(self.program, tree, answer)
        return tree.log_prob, tree

    def ask(
        self, tree: Calibration, states: Ints, answer: Array, net: NetworkArrays | None = None
    ) -> None:
        """Write the posteriors of all leaf queries."""
        if not self.program.queries:
            return
        if self.core is not None:
            base = None if net is None else net.base
            self.core.ask(self.leaves, base, states, *tree, answer)
            return
        case, net = passes.Case(states, np.zeros(0)), net or self.net
        for leaf in self.program.queries:
            here = slice(net.starts[leaf], net.starts[leaf + 1])
            answer[here] = queries.ask(net, self.program, tree, case, leaf)

    def solve(
        self, states: Ints, weights: Array, answer: Array, net: NetworkArrays | None = None
    ) -> float:
        """Return ln P(e) and write all posteriors but those of findings."""
        some = bool(self.program.queries)
        log_prob, tree = self.run(states, weights, answer, net, some)
        if some and log_prob > -np.inf:
            self.ask(tree, states, answer, net)
        return log_prob

    def finish(self, states: Ints, weights: Array, values: Array) -> Array:
        """Return an answer of `run` with its leaf queries answered; the answer is not changed."""
        out = values.copy()
        _, tree = self.run(states, weights, calibrate=True)
        self.ask(tree, states, out)
        return out

    def run_rows(
        self,
        states: Ints,
        weights: Array,
        answers: Array | None,
        base: Array | None = None,
        shifts: Ints | None = None,
        leaves: bool = True,
    ) -> Array:
        """Return ln P(e) of many cases, a row each, and write their posteriors, if wanted.

        Parameters
        ----------
        states, weights
            As for `run`, a row a case.
        answers : array, optional
        base, shifts : arrays, optional
            On the compiled core: another base, and for each row how far each operand, then each
            scalar, lies from its place.
        leaves : bool
            Answer leaf queries too.
        """
        logs = np.full(len(states), -np.inf)
        if self.core is not None:
            asked = self.leaves if self.program.queries and leaves and answers is not None else None
            alone = np.arange(len(states))
            if asked is None and len(states) >= FEW and self.program.entries <= LANES:
                self.core.run_lanes(self.prepared, base, shifts, states, weights, answers, logs)
                alone = np.flatnonzero(np.isnan(logs))  # they leave the range of a double
            if len(alone):
                some = None if answers is None else answers[alone]
                moved, found = None if shifts is None else shifts[alone], logs[alone]
                self.core.run_rows(
                    self.prepared, asked, base, moved, states[alone], weights[alone], some, found
                )
                logs[alone] = found
                if answers is not None:
                    answers[alone] = some
            return logs
        for i, (seen, given) in enumerate(zip(states, weights, strict=True)):
            if answers is None or not leaves:
                logs[i], _ = self.run(seen, given, None if answers is None else answers[i])
            else:
                logs[i] = self.solve(seen, given, answers[i])
        return logs


def prepare(core: Any, program: Program, base: Array, least: Array) -> Any:
    """Return a program as the core runs it."""
    return core.prepare(
        program.nodes, program.axes, program.operands, program.slices, program.strides,
        program.children, program.scalars, program.weights, program.observed, program.sizes,
        base, least,
    )  # fmt: skip


def leaf_rows(net: NetworkArrays, leaves: Sequence[int]) -> tuple[Ints, Ints]:
    """Return leaves and their links as rows of numbers, see core/queries.h."""
    rows: list[tuple[int, ...]] = []
    links: list[tuple[int, int]] = []
    for v in leaves:
        first = len(links)
        links.extend(zip(net.parents[v], net.blocks[v].raw, strict=True))
        rows.append((int(net.starts[v]), net.cards[v], net.blocks[v].leak, first, len(links)))
    return np.array(rows, np.int64).reshape(-1, 5), np.array(links, np.int64).reshape(-1, 2)
