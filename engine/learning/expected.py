"""The E-step: expected counts of every parameter, from derivatives.

P(e) is linear in each parameter θ of a table, of a link and of the leak, so that θ ∂ ln P(e)/∂θ is
the probability, given the case, that this entry was used: of a table P(x, u | e), of a noisy-MAX
that the cause's own effect was x (Darwiche 2003, doi:10.1145/765568.765570). No hidden variable has
to be made for the gates' inner effects.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.parameters import Parameters, parameters_of
from fascinet.engine.analyses.results import Array
from fascinet.engine.learning.cases import Cases
from fascinet.engine.run.batch import request_of
from fascinet.engine.run.derivatives import Derivatives, named_slopes, slopes
from fascinet.engine.run.loaded import Ints, Loaded
from fascinet.engine.run.solver import PART
from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.engine.tables.request import pattern_of
from fascinet.model.errors import ImpossibleEvidenceError, LearningError
from fascinet.model.gates import Function, Table
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

BLOCK = 1024  # rows worked at a time: what bounds the memory
PROGRAMS = 8192  # rows whose programs are kept from step to step, some 200 kB each


@dataclass(frozen=True, eq=False)
class Expected:
    """What an E-step finds.

    Attributes
    ----------
    log_likelihood : float
        Σ ln P(case).
    counts : array, shape (P,)
        Expected number of cases that used each parameter.
    """

    log_likelihood: float
    counts: Array


def expected_counts(engine: "Engine", cases: Cases) -> Expected:
    """Return the log likelihood and the expected counts of all parameters."""
    return EStep(engine, cases).expected()


class EStep:
    """E-steps of one set of cases, at the figures of an engine and later at others.

    Parameters
    ----------
    engine : Engine
        What is planned is planned for its figures.
    cases : Cases
    values : array, shape (P,), optional
        The figures at which it stands; default: those of the engine.
    """

    def __init__(self, engine: "Engine", cases: Cases, values: Array | None = None) -> None:
        self.engine, self.cases = engine, cases
        self.figures = parameters_of(engine.network)
        self.values = self.figures.values if values is None else values
        self._programs: dict[int, Loaded] = {}

    @cached_property
    def network(self) -> Network:
        """The network with these figures."""
        same = self.values is self.figures.values
        return self.engine.network if same else self.figures.rebuild(self.values)

    def moved(self, values: Array) -> "EStep":
        """Return the E-step at other figures; what was planned for each row is kept."""
        old = self.engine
        if self._tree is not None:
            return EStep(old, self.cases, values)
        network = self.figures.rebuild(values)
        other = EStep(type(old)(network, budget=old.budget, backend=old.backend), self.cases)
        if self._programs and _are_alike(other.engine.arrays, old.arrays):
            other._programs = self._programs
        return other

    def expected(self) -> Expected:
        """Return the log likelihood and the expected counts of all parameters."""
        counts, total = np.zeros(len(self.values)), 0.0
        for block, weights, logs in self.blocks():
            counts += weights @ block
            total += float(weights @ logs)
        return Expected(total, counts)

    def blocks(self) -> Iterator[tuple[Array, Array, Array]]:
        """Yield, some rows at a time, their shares of each parameter, weights and ln P.

        Raises
        ------
        LearningError
            With the row, if a case is impossible under the network.
        """
        cases, owner = self.cases, self.figures.owner[self.figures.row]
        share = self._by_names
        if self._tree is not None:
            share = self._by_tree
        elif any(blocks.raw for blocks in self.engine.arrays.blocks):
            share = self._by_program
        for begin in range(0, len(cases.weights), BLOCK):
            rows = slice(begin, min(begin + BLOCK, len(cases.weights)))
            weights = cases.weights[rows]
            block, logs = np.empty((len(weights), len(self.values))), np.empty(len(weights))
            for i in range(len(weights)):
                logs[i], block[i] = share(begin + i)
            block *= self.values
            block *= cases.relevant[rows][:, owner]
            yield block, weights, logs

    @cached_property
    def _tree(self) -> Any:
        """The fixed tree of a small network of tables on these figures; None if there is none."""
        network, fixed = self.engine.network, self.engine.solver.fixed
        kinds = {type(network.gate(v)) for v in network.variables}
        if fixed is None or fixed.size > PART or not kinds <= {Table, Function}:
            return None
        solver = self.engine.solver
        return fixed.plain_on(solver.net.with_base(solver.rebase(self.values[None])[0]))

    @cached_property
    def _places(self) -> Ints:
        """Where each parameter of a network of tables stands in the base."""
        parts = [
            blocks.offset + np.arange(blocks.gate.values.size)
            for blocks in self.engine.arrays.blocks if isinstance(blocks.gate, Table)
        ]  # fmt: skip
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def _by_tree(self, row: int) -> tuple[float, Array]:
        """Return ln P of a row and its slopes, by the fixed tree."""
        found = named_slopes(self.engine.solver, self._tree, self.cases.evidence[row])
        if found is None or found[0] == -np.inf:
            return self._by_names(row)
        return found[0], found[1][self._places]

    def _by_names(self, row: int) -> tuple[float, Array]:
        """Return the same by asking an engine with these figures."""
        found = self._derivatives(row)
        return found.log_prob, self.figures.flatten(found.gates)

    def _by_program(self, row: int) -> tuple[float, Array]:
        """Return the same where there are noisy gates, by the row's own program."""
        solver, request = self.engine.solver, request_of(self.cases.states[row])
        loaded = self._programs.get(row)
        if loaded is None:
            loaded = solver.program(pattern_of(solver.net, request, frozenset()))
            if len(self._programs) < PROGRAMS:
                self._programs[row] = loaded
        here = Loaded(solver.net, loaded.plan, loaded.program, loaded.core)
        states, weights = solver.case(request, here)
        logs, _, found = slopes(here, states, weights[None], solver.jacobian)
        if logs[0] == -np.inf:
            self._derivatives(row)  # raises
        return float(logs[0]), found[0]

    @cached_property
    def _here(self) -> "Engine":
        """An engine with these figures."""
        old = self.engine
        if self.network is old.network:
            return old
        return type(old)(self.network, budget=old.budget, backend=old.backend)

    def _derivatives(self, row: int) -> Derivatives:
        try:
            return self._here.derivatives(self.cases.evidence[row])
        except ImpossibleEvidenceError as error:
            raise LearningError(
                f"row {int(self.cases.first[row]) + 1} of the data is impossible under the network "
                f"(a probability of 0 stays 0): {error}"
            ) from None


def _are_alike(one: NetworkArrays, other: NetworkArrays) -> bool:
    """Whether all blocks of two bases stand at the same places, so that programs fit both."""
    gates = [[b.is_max for b in net.blocks] for net in (one, other)]
    return gates[0] == gates[1] and np.array_equal(one.begins, other.begins)


def row_totals(figures: Parameters, counts: Array) -> Array:
    """Return how many expected cases each row of parameters rests on, shape (…, R)."""
    return np.add.reduceat(counts, figures.starts, axis=-1)
