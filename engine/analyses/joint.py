"""P(a, b, … | e) of several variables together, whether or not they share a clique."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.access import vectors_of
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.engine.run.evidence import Hard, Soft, as_text, names_of, warn_unset
from fascinet.model.errors import BudgetError, EvidenceError, OptionError
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

ENTRIES = 2**20
"""Most entries of a joint table; each is an evidence query."""
CHUNK = 4096


@dataclass(frozen=True, eq=False, repr=False)
class Joint(Result):
    """A joint distribution P(variables | e).

    Attributes
    ----------
    variables : tuple of str
    states : tuple of tuples of str
        Of each variable, in order.
    table : array
        P(variables | e), an axis a variable; read-only.
    log_prob_evidence : float
        ln P(e).
    """

    variables: tuple[str, ...]
    states: tuple[tuple[str, ...], ...]
    table: Array
    log_prob_evidence: float

    def __getitem__(self, states: str | tuple[str, ...]) -> float:
        names = (states,) if isinstance(states, str) else tuple(states)
        if len(names) != len(self.variables):
            raise EvidenceError(f"joint: expected a state each of {', '.join(self.variables)}")
        return float(self.table[tuple(self._place(i, s) for i, s in enumerate(names))])

    def _place(self, axis: int, state: str) -> int:
        if state not in self.states[axis]:
            raise OptionError(f"state of {self.variables[axis]!r}", state, self.states[axis])
        return self.states[axis].index(state)

    def _axis(self, variable: str) -> int:
        if variable not in self.variables:
            raise OptionError("variable of the joint", variable, self.variables)
        return self.variables.index(variable)

    def marginal(self, *variables: str) -> "Joint":
        """Return the joint distribution of some of the variables, in the order given."""
        axes = [self._axis(v) for v in names_of(variables)]
        rest = tuple(i for i in range(self.table.ndim) if i not in axes)
        order = np.argsort(np.argsort(axes))  # where each kept axis stands after the sum
        table = self.table.sum(axis=rest).transpose(order)
        states = tuple(self.states[i] for i in axes)
        return Joint(names_of(variables), states, frozen(table), self.log_prob_evidence)

    def given(self, evidence: Mapping[str, str]) -> "Joint":
        """Return the distribution of the other variables, given states of some.

        Raises
        ------
        EvidenceError
            If those states have probability zero.
        """
        at: list[Any] = [slice(None)] * self.table.ndim
        for v, s in evidence.items():
            at[self._axis(v)] = self._place(self._axis(v), s)
        part, kept = self.table[tuple(at)], [i for i, x in enumerate(at) if isinstance(x, slice)]
        total = float(part.sum())
        if total <= 0.0:
            raise EvidenceError(
                f"joint: P = 0 of {', '.join(f'{v}={s}' for v, s in evidence.items())}"
            )
        return Joint(
            tuple(self.variables[i] for i in kept), tuple(self.states[i] for i in kept),
            frozen(part / total), self.log_prob_evidence + float(np.log(total)),
        )  # fmt: skip

    def mutual_information(self, first: str, second: str) -> float:
        """Return I(first; second | e) in bits, Σ p ln (p / (p_1 p_2)) / ln 2."""
        table = self.marginal(first, second).table
        apart = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True)
        some = table > 0
        return max(float((table[some] * np.log2(table[some] / apart[some])).sum()), 0.0)

    def columns(self) -> Columns:
        """Return one row a configuration: a column a variable, and the probability."""
        rows = list(product(*self.states))
        names = {v: [row[i] for row in rows] for i, v in enumerate(self.variables)}
        return {**names, "probability": self.table.ravel()}

    def title(self) -> str:
        """Return what is distributed."""
        return f"P({', '.join(self.variables)} | evidence)"

    def summary(self) -> dict[str, Any]:
        """Return ln P(e)."""
        return {"log_prob_evidence": self.log_prob_evidence}


def joint(
    engine: "Engine",
    variables: str | Sequence[str],
    evidence: Hard | None = None,
    *,
    soft: Soft | None = None,
    do: Hard | None = None,
) -> Joint:
    """Return P(variables | evidence, soft; do); see `Engine.joint`."""
    network = engine.network
    names = tuple(network.check(v) for v in names_of(variables))
    if not names:
        raise EvidenceError("joint: expected at least one variable, got none")
    cards = [len(network.states(v)) for v in names]
    most = min(ENTRIES, engine.budget)
    if prod(cards) > most:
        raise BudgetError(len(names), prod(cards), most, "ask for fewer variables at once")
    hard, done = as_text(network, evidence), as_text(network, do)
    warn_unset(engine.chosen, hard, soft, done)
    total = engine.posterior(hard, soft=soft, do=done, targets=[]).log_prob_evidence
    logs = np.full(prod(cards), -np.inf)
    waiting = _cases(network, names, hard, soft or {}, done)
    while some := list(islice(waiting, CHUNK)):
        places = [place for place, _, _ in some]
        if done or soft:
            logs[places] = [engine.log_prob_evidence(h, s, done) for _, h, s in some]
        else:
            logs[places] = engine.batch_log_prob((h, None) for _, h, _ in some)
    table = np.exp(logs - total).reshape(cards)
    return Joint(names, tuple(network.states(v) for v in names), frozen(table), total)


def _cases(
    network: Network, names: Sequence[str], hard: dict[str, str], soft: Soft, do: dict[str, str]
) -> Iterator[tuple[int, dict[str, str], dict[str, Any]]]:
    """Yield place and evidence of each configuration that the evidence leaves open.

    A soft finding on a variable that the configuration fixes is left out, and its likelihood goes
    in as evidence of a fixed variable would: on one state alone.
    """
    likely = vectors_of(network, {}, soft)
    for place, config in enumerate(product(*(network.states(v) for v in names))):
        told = dict(zip(names, config, strict=True))
        if any(s != told.get(v, s) for v, s in (hard | do).items()):
            continue
        left = {v: x for v, x in likely.items() if v not in told}
        point = {
            v: np.where(np.arange(len(x)) == network.state_index(v, told[v]), x, 0.0)
            for v, x in likely.items()
            if v in told
        }
        if any(not x.any() for x in point.values()):
            continue
        free = {v: s for v, s in told.items() if v not in do and v not in likely}
        yield place, hard | free, left | point
