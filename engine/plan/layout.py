"""From the factors of an evidence pattern to an elimination order, accumulators laid out.

The searches run in the compiled core where there is one; the modules `order`, `accumulators` and
`sweep` say the same in Python, to the bit.
"""

from collections import OrderedDict
from dataclasses import replace
from threading import Lock
from typing import Any, TypeAlias

import numpy as np

from fascinet.engine.core import core as compiled
from fascinet.engine.plan import accumulators, order, sweep
from fascinet.engine.plan.accumulators import AXES, Layout
from fascinet.engine.plan.gate_problem import GateProblem
from fascinet.engine.plan.order import Elimination, Ints
from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.engine.tables.factors import Factors

SWEEP = 2.0**24  # work from which the search for a sweep pays
KEPT = 256  # layouts: some kilobytes each
LARGE, AGAIN = 400_000, 4  # work from which patience pays, and how often it looks again

Key: TypeAlias = tuple[bytes, ...]


def ints(values: bytes) -> Ints:
    """Return the core's bytes as numbers."""
    return np.frombuffer(values, np.int64)


class Planner:
    """Finds elimination orders for one network, and keeps the layouts of its gates.

    Parameters
    ----------
    net : NetworkArrays
    core : module or None
        The compiled searches; None for their Python twins.
    """

    def __init__(self, net: NetworkArrays, core: Any = compiled) -> None:
        self.net, self._core = net, core
        rows = [
            [
                (u, k.link, k.first, k.step, k.bfirst, k.bstep)
                for u, k in zip(us if b.links else (), b.links, strict=True)
            ]
            for us, b in zip(net.parents, net.blocks, strict=True)
        ]
        apart = [(b.leak, b.bleak) if b.bleak >= 0 else (-1, -1) for b in net.blocks]
        self._leaks = np.array(apart, np.int64).reshape(-1, 2)
        self._links = [np.array(r, np.int64).reshape(-1, 6) for r in rows]
        self._maxima = np.full(max(net.maxima, default=0) + 1, -1, np.int64)
        self._maxima[list(net.maxima)] = list(net.maxima.values())
        self._kept: OrderedDict[Key, tuple[Factors, Ints, Elimination]] = OrderedDict()
        self._lock = Lock()

    def __getstate__(self) -> tuple[NetworkArrays, bool]:
        return self.net, self._core is not None

    def __setstate__(self, state: tuple[NetworkArrays, bool]) -> None:
        self.__init__(state[0], compiled if state[1] else None)

    def lay_out(self, factors: Factors, patient: bool = False) -> tuple[Factors, Elimination]:
        """Return the factors with those of accumulators, and the cheapest order found.

        Parameters
        ----------
        factors : Factors
            All factors of an evidence pattern but those of its open gates.
        patient : bool
            Look again where the tree is large.
        """
        if not factors.gates:
            return factors, self.find_order(*factors.scopes(), factors.cards)
        problem = self._problem(factors)
        key = (*self._key(problem), bytes([patient]))
        with self._lock:
            kept = self._kept.get(key)
        if kept is None:
            kept = self._search(problem, patient)
            with self._lock:
                self._kept[key] = kept
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        made, states, elimination = kept
        return factors.joined(np.concatenate([factors.cards, states]), made), elimination

    def find_order(self, start: Ints, values: Ints, states: Ints) -> Elimination:
        """Return the best of many orders of the variables in some scopes."""
        names, dense = np.unique(values, return_inverse=True)
        dense, cards = dense.astype(np.int64, copy=False), states[names].astype(np.float64)
        if self._core is None:
            found = order.search_order(start, dense, cards)
        else:
            *parts, work = self._core.search_order(start, dense, cards)
            found = Elimination(*map(ints, parts), work=work)
        found = order.long_last(found, cards)
        return Elimination(names[found.order], found.start, names[found.neighbours], found.work)

    def _problem(self, factors: Factors) -> GateProblem:
        links = [self._links[g] for g in factors.gates]
        ends = np.cumsum([0, *map(len, links)]).astype(np.int64)
        start, values = factors.scopes()
        return GateProblem(
            factors.cards, factors.observed, start, values,
            np.column_stack([factors.gates, ends[:-1], ends[1:], self._leaks[list(factors.gates)]]),
            np.concatenate(links), self._maxima,
        )  # fmt: skip

    def _key(self, problem: GateProblem) -> Key:
        """Return all that a search depends on.

        A factor of one variable marries nobody, so evidence sets that differ by absent findings or
        by likelihoods have one layout.
        """
        size = np.diff(problem.start)
        joint = np.repeat(size > 1, size)
        near = np.concatenate([problem.gates[:, 0], problem.links[:, 0]])
        # by counting: np.unique imports numpy.ma at its first call, some 20 ms
        alone = np.flatnonzero(np.bincount(problem.values[~joint]))
        return tuple(
            part.tobytes()
            for part in (
                size[size > 1], problem.values[joint], alone, problem.gates,
                problem.observed[near],
            )
        )  # fmt: skip

    def _search(self, problem: GateProblem, patient: bool) -> tuple[Factors, Ints, Elimination]:
        layout = self._layout(problem)
        if patient and layout[2].work > LARGE:
            others = [self._layout_renamed(problem, seed) for seed in range(1, AGAIN + 1)]
            layout = min([layout, *others], key=lambda laid: laid[2].work)
        large = LARGE if patient else SWEEP
        if layout[2].work > large and len(problem.gates) <= sweep.MOST_GATES:
            swept = self._layout(problem, self._sweep(problem, layout[2].work, patient))
            layout = min(layout, swept, key=lambda laid: laid[2].work)
        steps, states, elimination = layout
        return self._factors(problem, steps), states, elimination

    def _layout(self, problem: GateProblem, along: Ints | None = None) -> Layout:
        if self._core is None:
            if along is None:
                return accumulators.search_layout(problem)
            return accumulators.sweep_layout(problem, along.tolist())
        arrays = [getattr(problem, name) for name in GateProblem.__annotations__]
        steps, states, (*parts, work) = self._core.search_layout(
            *arrays, *(() if along is None else (along,))
        )
        found = Elimination(*map(ints, parts), work=work)
        return ints(steps).reshape(-1, 3 + 2 * AXES), ints(states), found

    def _layout_renamed(self, problem: GateProblem, seed: int) -> Layout:
        """Return what the search finds when the variables have other numbers: another chance."""
        count = len(problem.states)
        old = np.random.default_rng(seed).permutation(count)  # of each new number
        new = np.argsort(old)
        gates, links = problem.gates.copy(), problem.links.copy()
        gates[:, 0], links[:, 0] = new[gates[:, 0]], new[links[:, 0]]
        steps, states, found = self._layout(replace(
            problem, states=problem.states[old], observed=problem.observed[old],
            values=new[problem.values], gates=gates, links=links,
        ))  # fmt: skip
        back = np.concatenate([old, count + np.arange(len(states))])
        steps = steps.copy()
        named = np.flatnonzero(steps[:, 1] >= 0)
        steps[named, 1] = back[steps[named, 1]]
        axes = steps[:, 3:].reshape(len(steps), AXES, 2)
        used = np.arange(AXES) < steps[:, 2:3]
        axes[used, 0] = back[axes[used, 0]]
        order = Elimination(back[found.order], found.start, back[found.neighbours], found.work)
        return steps, states, order

    def _sweep(self, problem: GateProblem, tree: float, patient: bool) -> Ints:
        """Return a good order for a sweep: by a short search, and longer ones where they pay.

        Parameters
        ----------
        tree : float
            The work of the best layout that is no sweep.
        """
        board = sweep.sweep_problem(problem, depths(self.net))
        best, work = self._climb(board, sweep.ROUNDS, sweep.SEED)
        longer = [4 * sweep.ROUNDS] if work > sweep.LONG else []
        if patient and work < sweep.NEAR * tree:
            longer.append(min(int(tree / sweep.PRICE), sweep.MOST_ROUNDS))
        for i, rounds in enumerate(longer):
            again = self._climb(board, rounds, sweep.SEED + 1 + i)
            best, work = min((best, work), again, key=lambda found: found[1])
        return np.array(board.names, np.int64)[best]

    def _climb(self, board: sweep.SweepProblem, rounds: int, seed: int) -> tuple[Ints, float]:
        if self._core is None:
            return sweep.search_sweep(board, rounds, sweep.HEAT, seed)
        best, work = self._core.search_sweep(
            board.scopes, board.gates_of, board.parents, board.becomes, board.states,
            board.accumulator_states, board.start, board.values, rounds, sweep.HEAT, seed,
        )  # fmt: skip
        return ints(best), work

    @staticmethod
    def _factors(problem: GateProblem, steps: Ints) -> Factors:
        """Return the accumulators' tables as factors."""
        axes = steps[:, 3:].reshape(len(steps), AXES, 2)
        used = np.arange(AXES) < steps[:, 2:3]
        ends = np.concatenate([[0], np.cumsum(steps[:, 2])])
        return Factors(
            problem.states, problem.observed, steps[:, 0].copy(), ends, axes[..., 0][used],
            axes[..., 1][used], steps[:, 1].copy(),
        )  # fmt: skip


def depths(net: NetworkArrays) -> list[int]:
    """Return the longest way from a root to each variable."""
    depth = [0] * len(net.cards)
    waiting = [len(us) for us in net.parents]
    ready = [v for v, count in enumerate(waiting) if not count]
    for v in ready:  # grows as it goes; no recursion, since a chain may be thousands long
        for child in net.children[v]:
            depth[child] = max(depth[child], depth[v] + 1)
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    return depth
