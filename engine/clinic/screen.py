"""Which questions and tests are worth an exact computation: a quick estimate of all of them.

The parents of a candidate are taken as independent given the evidence and a cause c:

    P(f ≤ k | c, e) ≈ P(L ≤ k) Π_i Σ_u P(u_i = u | c, e) P(Z_i ≤ k | u)

(for tables the sum over the parents' joint states). P(u_i | c, e) is exact: one run for each cause
that holds a share of what may be learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.clinic.lanes import Lanes
from fascinet.engine.clinic.ranking import kind
from fascinet.model.gates import Array, NoisyMax
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.clinic.next_tests import Unit

Ints = NDArray[np.int64]
NEARLY = 0.999  # share of the weighted entropy whose causes get a run
LITTLE = 0.01  # share of a session's score that its least tests may be left out for
TINY = 1e-12


@dataclass(frozen=True)
class Rough:
    """Estimates of all units.

    Attributes
    ----------
    units : tuple of Unit
    told : tuple of arrays, shape (members, causes)
        I(c; f | e) of each test of each unit, ∞ where it cannot be estimated.
    scale : array, shape (causes,)
        What a bit about each cause is worth.
    score : array, shape (units,)
    """

    units: tuple["Unit", ...]
    told: tuple[Array, ...]
    scale: Array
    score: Array

    @cached_property
    def order(self) -> list[int]:
        """The units, the best first."""
        return np.argsort(-self.score, kind="stable").tolist()

    def unit(self, i: int) -> "Unit":
        """Return a unit without those of its tests that together add less than `LITTLE` to it.

        The test that tells most stays, and all do where one cannot be estimated.
        """
        told, members = self.told[i] * self.scale, self.units[i].members
        if len(members) == 1 or not np.isfinite(told).all():
            return self.units[i]
        kept, spare = list(range(len(members))), LITTLE * told.max(axis=0).sum()
        best = int(told.sum(axis=1).argmax())
        while len(kept) > 1:
            below, top = np.sort(told[kept], axis=0)[-2:]
            adds = np.bincount(told[kept].argmax(axis=0), top - below, len(kept))
            adds[kept.index(best)] = np.inf
            if adds.min() > spare:
                break
            spare -= adds.min()
            del kept[int(adds.argmin())]
        return replace(self.units[i], members=tuple(members[k] for k in kept))


def screened(
    lanes: Lanes,
    causes: Sequence[str],
    before: Array,
    weight: Array,
    every: Sequence["Unit"],
    first: Sequence[str] = (),
) -> Rough:
    """Return estimates for the causes in `first`, then those with nearly all that is to be learnt.

    Parameters
    ----------
    before : array, shape (causes,)
        P(cause present | e).
    weight : array, shape (causes,)
        What a bit about each cause is worth.
    """
    of = list(dict.fromkeys([*first, *_most(causes, before, weight)]))
    place = {c: i for i, c in enumerate(causes)}
    chosen = [place[c] for c in of]
    bits = _estimates(lanes, of, before[chosen], [f for u in every for f in u.members])
    ends = np.cumsum([0, *(len(u.members) for u in every)]).tolist()
    told = tuple(bits[a:b] for a, b in zip(ends, ends[1:], strict=False))
    scale = weight[chosen]
    worth = np.where(scale > 0, bits, 0.0) * scale
    score = np.maximum.reduceat(worth, ends[:-1], axis=0).sum(axis=1)
    return Rough(tuple(every), told, scale, score / np.array([u.price for u in every]))


def _most(causes: Sequence[str], before: Array, weight: Array) -> list[str]:
    """Return the causes with the highest weighted entropies that hold `NEARLY` of their sum."""
    bits = weight * _entropy(before)
    order = np.argsort(-bits, kind="stable")
    held = np.cumsum(bits[order])
    enough = int(np.searchsorted(held, NEARLY * held[-1])) + 1
    return [causes[int(i)] for i in order[:enough]]


def _entropy(p: Array) -> Array:
    q = 1.0 - p
    return -(p * np.log2(np.where(p > 0, p, 1.0)) + q * np.log2(np.where(q > 0, q, 1.0)))


def _estimates(lanes: Lanes, of: Sequence[str], p: Array, names: Sequence[str]) -> Array:
    """Return I(c; f | e), shape (names, causes); ∞ where the parents are not known."""
    _, answers = lanes.answers([{}, *({c: 1.0 - lanes.at_rest(c)} for c in of)])
    predict = predictor_of(lanes.engine.network)
    predicted = predict(answers.T)
    now, present = predicted[:, :1], predicted[:, 1:]
    with np.errstate(invalid="ignore"):
        absent = (now - p * present) / (1.0 - p)
        log = np.log2(np.clip(now, TINY, 1.0))
        bits = np.zeros_like(present)
        for weight, given in ((p, present), (1.0 - p, absent)):
            given = np.clip(given, TINY, 1.0)
            bits += weight * given * (np.log2(given) - log)
    sums = np.add.reduceat(bits, predict.starts, axis=0)
    return np.where(np.isnan(sums), np.inf, sums)[[predict.place[f] for f in names]]


class Predictor:
    """P(f) of all that can be asked, from the marginals of its parents.

    Parameters
    ----------
    network : Network

    Attributes
    ----------
    place : dict of str to int
    starts : int array
        Where the states of each candidate start in what is predicted.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        sizes = [len(network.states(v)) for v in network.variables]
        self._first = dict(zip(network.variables, np.cumsum([0, *sizes]).tolist(), strict=False))
        askable = [v for v in network.variables if kind(network, v) in ("finding", "test", "risk")]
        self._own = [v for v in askable if kind(network, v) == "risk"]
        rest = [v for v in askable if kind(network, v) != "risk"]
        self._max = [v for v in rest if isinstance(network.gate(v), NoisyMax)]
        self._tables = [v for v in rest if not isinstance(network.gate(v), NoisyMax)]
        names = [*self._own, *self._max, *self._tables]
        self.place = {v: i for i, v in enumerate(names)}
        ends = np.cumsum([0, *(len(network.states(v)) for v in names)])
        self.starts = ends[:-1].astype(np.int64)
        self._at, self._upto, self._row, self._leak, self._ends = self._links()
        self._more = [np.flatnonzero(self._upto[:, u]) for u in range(self._upto.shape[1])]
        counts = np.array([len(network.states(v)) for v in self._max], np.int64)
        self._begins = np.zeros(counts.sum(), bool)  # the first state of each candidate
        self._begins[np.cumsum(counts) - counts] = True
        self._levels = np.delete(np.arange(counts.sum()), np.cumsum(counts) - 1)

    def _links(self) -> tuple[Ints, Array, Ints, Array, Ints]:
        """Lay out the links of the noisy-MAX candidates, an entry for each link and level.

        Returns the places of the parents' states, P(Z ≤ k | u) beside them, where the entries of
        each candidate and level start, P(L ≤ k), and how many levels each candidate has.
        """
        network = self.network
        most = max(
            (len(network.states(p)) for v in self._max for p in network.parents(v)), default=1
        )
        at: list[Ints] = []
        upto: list[Array] = []
        rows: list[int] = []
        leaks: list[float] = []
        for v in self._max:
            gate = network.gate(v)
            assert isinstance(gate, NoisyMax)
            sums = [np.cumsum(link, axis=1) for link in gate.links]
            firsts = [self._first[p] for p in network.parents(v)]
            for k, leak in enumerate(np.cumsum(gate.leak)[:-1].tolist()):
                rows.append(len(at))
                leaks.append(leak)
                for first, x in zip(firsts, sums, strict=True):
                    count = len(x)
                    at.append(first + np.minimum(np.arange(most), count - 1))
                    upto.append(np.pad(x[:, k], (0, most - count)))
        levels = np.cumsum([len(network.states(v)) - 1 for v in self._max])
        return (np.array(at, np.int64).reshape(-1, most), np.array(upto).reshape(-1, most),
                np.array(rows, np.int64), np.array(leaks), levels.astype(np.int64))  # fmt: skip

    def __call__(self, answers: Array) -> Array:
        """Return P(f) of all candidates, a row a state, from answers that stand in columns."""
        parts = [answers[self._states(v)] for v in self._own]
        if self._max:
            parts.append(self._maxima(answers))
        parts += [self._table(answers, v) for v in self._tables]
        return np.concatenate(parts)

    def _states(self, v: str) -> slice:
        first = self._first[v]
        return slice(first, first + len(self.network.states(v)))

    def _maxima(self, answers: Array) -> Array:
        below = answers[self._at[:, 0]] * self._upto[:, :1]
        for u in range(1, self._at.shape[1]):
            some = self._more[u]
            below[some] += answers[self._at[some, u]] * self._upto[some, u, None]
        upto = np.multiply.reduceat(below, self._row, axis=0) * self._leak[:, None]
        out = np.ones((len(upto) + len(self._ends), answers.shape[1]))
        out[self._levels] = upto
        out[1:] -= np.where(self._begins[1:, None], 0.0, out[:-1])
        return out

    def _table(self, answers: Array, v: str) -> Array:
        table = self.network.cpt(v)
        joint = np.ones((1, answers.shape[1]))
        for u in self.network.parents(v):
            joint = (joint[:, None] * answers[self._states(u)]).reshape(-1, answers.shape[1])
        return table.reshape(-1, table.shape[-1]).T @ joint


@lru_cache(maxsize=16)
def predictor_of(network: Network) -> Predictor:
    """Return the predictor of a network; kept, since networks do not change."""
    return Predictor(network)
