"""Many questions about one case by one program.

All causes that are not observed, and the other parents of findings, are listed as soft findings,
flat where nothing is asked. So the engine plans once, and each question (a cause present, a group
absent, the outcome of a test) is one more run of the same program. Only the first question is about
everything; the others have a program that answers no more than what may be asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.api.engine import Engine
from fascinet.engine.api.posterior import Posterior
from fascinet.engine.run.evidence import read_request
from fascinet.engine.run.loaded import Loaded
from fascinet.engine.tables.request import Request, pattern_of
from fascinet.model.case import Case
from fascinet.model.gates import Array

Ready: TypeAlias = tuple[Loaded, NDArray[np.int64], Array]  # a program, states and weights


@dataclass(frozen=True)
class Lanes:
    """A case with its flat soft findings.

    Attributes
    ----------
    engine : Engine
    case : Case
    flat : mapping of variable to array
        Soft evidence of the case, and ones for everything that may be asked.
    resting : mapping of variable to state
    targets : tuple of str
        What a full run answers.
    asked : tuple of str
        What a short run answers.
    """

    engine: Engine
    case: Case
    flat: Mapping[str, Array]
    resting: Mapping[str, str]
    targets: tuple[str, ...]
    asked: tuple[str, ...]

    @cached_property
    def request(self) -> Request:
        """The case by number, flat findings and all."""
        flat: dict[str, Sequence[float]] = {v: x.tolist() for v, x in self.flat.items()}
        return read_request(self.engine.network, self.case.hard, flat, None)

    @cached_property
    def wanted(self) -> frozenset[int]:
        """The numbers of what a full run answers."""
        return frozenset(self.engine.network.index[v] for v in self.targets)

    @cached_property
    def short(self) -> frozenset[int]:
        """The numbers of what a short run answers."""
        return frozenset(self.engine.network.index[v] for v in self.asked)

    def run(self, changes: Mapping[str, Array] | None = None) -> Posterior | None:
        """Return the posterior with some flat findings multiplied; None if it is impossible."""
        return self._run(changes or {}, self._full, self.targets)

    def ask(self, changes: Mapping[str, Array]) -> Posterior | None:
        """Return the posterior of what may be asked, as `run` does."""
        return self._run(changes, self._short, self.asked)

    def log_prob(self, changes: Mapping[str, Array] | None = None) -> float:
        """Return ln P of the case with some flat findings multiplied."""
        weights = self._changed(self._short, changes or {})
        return -np.inf if weights is None else self._short[0].run(self._short[1], weights)[0]

    @cached_property
    def _full(self) -> Ready:
        return self._ready(self.wanted)

    @cached_property
    def _short(self) -> Ready:
        return self._ready(self.short)

    def _ready(self, wanted: frozenset[int]) -> Ready:
        """Return the program that answers some variables, and the case as it takes it."""
        solver = self.engine.solver
        loaded = solver.program(pattern_of(solver.net, self.request, wanted))
        return loaded, *solver.case(self.request, loaded)

    def _changed(self, ready: Ready, changes: Mapping[str, Array]) -> Array | None:
        """Return the weights with some flat findings multiplied; None if one is all zero."""
        loaded, _, weights = ready
        index, weights = self.engine.network.index, weights.copy()
        for name, vector in changes.items():
            at = int(loaded.program.weights[index[name]])
            row = weights[at : at + len(vector)]
            row *= vector
            if not row.any():
                return None
        return weights

    def _run(
        self, changes: Mapping[str, Array], ready: Ready, names: tuple[str, ...]
    ) -> Posterior | None:
        engine, weights = self.engine, self._changed(ready, changes)
        if weights is None:
            return None
        values = np.full(engine.layout.total, np.nan)
        log_prob = ready[0].solve(ready[1], weights, values)
        if log_prob == -np.inf:
            return None
        engine.solver.enter(values, self.request.states)
        values.setflags(write=False)
        soft = {**self.flat, **{name: self.flat[name] * v for name, v in changes.items()}}
        return Posterior(
            engine.layout, values, log_prob, self.case.hard, soft, {}, names, engine.prior
        )

    def at_rest(self, cause: str) -> Array:
        """Return the likelihood of a cause's being absent."""
        network = self.engine.network
        state = network.state_index(cause, self.resting[cause])
        return np.eye(len(network.states(cause)))[state]

    def present(self, posterior: Posterior, cause: str) -> float:
        """Return P(cause in any state but its resting one)."""
        state = self.engine.network.state_index(cause, self.resting[cause])
        return float(1.0 - posterior.array(cause)[state])

    def case_soft(self) -> dict[str, Array]:
        """Return the soft evidence of the case alone."""
        return {name: self.flat[name] for name in self.case.soft}


def open_lanes(
    engine: Engine,
    case: Case,
    askable: tuple[str, ...],
    resting: Mapping[str, str],
    targets: tuple[str, ...],
) -> Lanes:
    """Return the lanes of a case: `askable` are the variables to ask about."""
    network = engine.network
    flat = {k: np.array([v[s] for s in network.states(k)]) for k, v in case.soft.items()}
    for name in askable:
        if name not in case.hard and name not in case.do:
            flat.setdefault(name, np.ones(len(network.states(name))))
    return Lanes(engine, case, flat, resting, targets, tuple(flat))
