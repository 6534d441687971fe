"""The fixed tree of a small network: calibrated without evidence, it takes any findings."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.program.compile import separator_strides
from fascinet.engine.program.program import OPERAND, Program
from fascinet.engine.run.loaded import Loaded, prepare
from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.model.gates import Array

Ints = NDArray[np.int64]
NO_PLACES = np.zeros(0, np.int64)


def calibrated(program: Program) -> Program:
    """Return the program whose base is a calibrated tree's tables, one operand a node."""
    nodes, count = program.nodes.copy(), len(program.nodes)
    ends = np.append(nodes["axes"], len(program.axes))
    steps, width = separator_strides(ends, program.axes["states"])
    length = 1 + np.diff(ends)
    at = np.cumsum(length) - length
    own = np.zeros(int(length.sum()), np.int64)
    own[at] = width
    own[np.setdiff1d(np.arange(len(own)), at)] = steps
    operands = np.zeros(count, OPERAND)
    operands["offset"], operands["block"] = nodes["table"], np.arange(count)
    operands["strides"] = len(program.strides) + at
    nodes["operands"] = np.arange(count)
    nodes["operands_end"] = nodes["operands"] + (nodes["states"] > 1)  # of one state: ones
    nodes["conditional"], nodes["weight"] = 1, -1
    sizes = program.sizes.copy()
    sizes[2] = 0
    return replace(
        program, nodes=nodes, operands=operands, slices=program.slices[:0],
        strides=np.concatenate([program.strides, own]), scalars=program.scalars[:0],
        weights=np.full_like(program.weights, -1), sizes=sizes,
    )  # fmt: skip


TINY = 1e-290  # a number below it is near the end of the range of doubles


def _holds(loaded: Loaded, states: Ints, tables: Array) -> bool:
    """Whether calibrated tables hold all that is possible, none of it too small for a double.

    With ones for all that is positive in the base, a table is zero only where nothing is possible.
    """
    ones = loaded.net.with_base((loaded.net.base > 0.0).astype(np.float64))
    _, (possible, _) = loaded.run(states, np.zeros(0), net=ones, calibrate=True)
    return bool((tables[possible > 0.0] >= TINY).all())


class FixedTree:
    """A calibrated tree on the compiled core.

    Parameters
    ----------
    loaded : Loaded
        The program of the network without evidence.
    core : module
    places : mapping of variable to mapping of state to int
        Place in an answer of each state, by name.

    Attributes
    ----------
    prior : array
        The answer without evidence.
    named : capsule
        What `core.find`, `core.find_names` and `core.find_rows` take.
    """

    def __init__(self, loaded: Loaded, core: Any, places: Mapping[str, Mapping[str, int]]) -> None:
        self._core, self.size = core, loaded.program.entries
        self.prior = np.empty(int(loaded.program.sizes[3]))
        states = np.zeros(len(loaded.program.observed), np.int64)
        _, (tables, _) = loaded.run(states, np.zeros(0), self.prior, calibrate=True)
        program = calibrated(loaded.program)
        positive = np.where(tables > 0.0, tables, inf)
        least = np.minimum.reduceat(positive, program.nodes["table"]) if tables.size else tables
        prepared = prepare(core, program, tables, np.log2(np.where(least < inf, least, 1.0)))
        self.named = core.name(prepared, {v: dict(states) for v, states in places.items()})
        self.starts: list[int] = loaded.net.starts.tolist()
        self._loaded, self._places = loaded, places
        self.is_exact = _holds(loaded, states, tables)

    @cached_property
    def plain(self) -> Any:
        """The same tree on the network's own numbers, by name: for slopes."""
        return self._core.name(self._loaded.prepared, {v: dict(s) for v, s in self._places.items()})

    def plain_on(self, net: NetworkArrays) -> Any:
        """Return the same tree on other numbers of the same network, by name: for slopes."""
        here = Loaded(net, self._loaded.plan, self._loaded.program, self._core)
        return self._core.name(here.prepared, {v: dict(s) for v, s in self._places.items()})

    def solve(
        self, states: Mapping[int, int], soft: Mapping[int, Array], full: bool = True
    ) -> tuple[Array, float]:
        """Return posteriors (if `full`) and ln P(e).

        Parameters
        ----------
        states : mapping of int to int
            Observed states by variable.
        soft : mapping of int to array
            Likelihoods by variable.
        """
        starts = self.starts
        hard = np.array([starts[v] + s for v, s in states.items()], np.int64)
        answer, weights, places = np.full(starts[-1], np.nan), self.prior, NO_PLACES
        if soft:
            weights = np.zeros(starts[-1])
            places = np.array([starts[v] for v in soft], np.int64)
            for v, likelihood in soft.items():
                weights[starts[v] : starts[v + 1]] = likelihood
        found = self._core.find(self.named, hard, places, weights, answer if full else None)
        return answer, found
