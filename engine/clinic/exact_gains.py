"""What tests tell of the causes, exactly: joint probabilities by runs of the case's program.

With f ≤ k for a noisy-MAX the runs are products over its parents; a table is summed over the joint
states of those that are open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import TypeAlias

import numpy as np

from fascinet.engine.api.posterior import Posterior
from fascinet.engine.clinic.lanes import Changes, Lanes
from fascinet.model.gates import Array, NoisyMax
from fascinet.model.network import Network

TINY = 1e-12
Outcomes: TypeAlias = tuple[Array, Array]


def exact_gain(lanes: Lanes, posterior: Posterior, causes: Sequence[str], name: str) -> float:
    """Return Σ_c I(c; f | e) in bits."""
    before = np.array([lanes.present(posterior, c) for c in causes])
    return float(Exact(lanes, posterior, causes, before).bits([name])[name].sum())


class Exact:
    """What tests tell of the causes, worked out by runs of the case's program.

    Parameters
    ----------
    lanes : Lanes
    posterior : Posterior
    causes : sequence of str
    before : array, shape (causes,)
        P(cause present | e).

    Attributes
    ----------
    outcomes : dict of str to (array (states,), array (states, causes))
        P(f = s | e) and P(f = s, cause present | e) of each test worked out so far.
    """

    def __init__(
        self, lanes: Lanes, posterior: Posterior, causes: Sequence[str], before: Array
    ) -> None:
        self.lanes, self.log_prob = lanes, float(posterior.log_prob_evidence)
        self.posterior, self.causes, self.before = posterior, causes, before
        self.outcomes: dict[str, Outcomes] = {}

    def bits(self, names: Sequence[str]) -> dict[str, Array]:
        """Return I(c; f | e) of each cause, in bits, for each test."""
        new = [f for f in names if f not in self.outcomes]
        for f in new:
            if not is_in_lanes(self.lanes, f):
                self.outcomes[f] = self._apart(f)
        new = [f for f in new if f not in self.outcomes]
        asked = [questions(self.lanes, self.posterior, f) for f in new]
        joint = self._joint(self.lanes, [run for q in asked for run in q.runs])
        at = 1
        for f, q in zip(new, asked, strict=True):
            found = q.mix[:, :1] * joint[0] + q.mix[:, 1:] @ joint[at : at + len(q.runs)]
            at += len(q.runs)
            self.outcomes[f] = found[:, 0], found[:, 1:]
        return gains_of(self.before, {f: self.outcomes[f] for f in names})

    def _apart(self, name: str) -> Outcomes:
        """Return the outcomes of what depends on more than the lanes hold: with a program apart."""
        states = len(self.lanes.engine.network.states(name))
        own = replace(self.lanes, flat={**self.lanes.flat, name: np.ones(states)})
        joint = self._joint(own, [{name: point} for point in np.eye(states)])[1:]
        return joint[:, 0], joint[:, 1:]

    def _joint(self, lanes: Lanes, runs: Sequence[Changes]) -> Array:
        """Return P(run | e) and P(run, cause present | e): of what is known, then of each run."""
        out = np.zeros((len(runs) + 1, 1 + len(self.causes)))
        out[0] = 1.0, *self.before
        if runs:
            logs, answers = lanes.answers(runs)
            p = np.exp(logs - self.log_prob)
            present = 1.0 - answers[:, lanes.rest_places(self.causes)]
            out[1:, 0] = p
            out[1:, 1:] = np.where(p[:, None] > 0.0, p[:, None] * present, 0.0)
        return out


@dataclass(frozen=True)
class Questions:
    """How the outcomes of a test are put together from runs of the program.

    Attributes
    ----------
    runs : tuple of Changes
    mix : array, shape (states, 1 + runs)
        P(f = s, · | e) = Σ_r mix[s, r] P(run r, · | e); run 0 is the evidence alone.
    """

    runs: tuple[Changes, ...]
    mix: Array


def is_in_lanes(lanes: Lanes, name: str) -> bool:
    """Tell whether all that a test depends on is known or in the lanes."""
    parents = lanes.engine.network.parents(name)
    return name in lanes.flat or all(p in lanes.flat or p in lanes.known for p in parents)


def questions(lanes: Lanes, posterior: Posterior, name: str) -> Questions:
    """Return how to work out P(f = s, · | e) for every state of f."""
    network = lanes.engine.network
    if name in lanes.flat:
        points = np.eye(len(network.states(name)))
        return _all_but_one([{name: x} for x in points], np.eye(len(points)),
                            int(posterior.array(name).argmax()))  # fmt: skip
    gate = network.gate(name)
    if isinstance(gate, NoisyMax):
        return _by_product(lanes, name, gate)
    return _by_table(lanes, name)


def _by_product(lanes: Lanes, name: str, gate: NoisyMax) -> Questions:
    """Ask for a noisy-MAX: P(f ≤ k | u) is a product over its parents."""
    network = lanes.engine.network
    runs: list[Changes] = []
    scales: list[float] = []
    leak, links = _sums(network, name)
    for k in range(gate.states - 1):
        scale, vectors = leak[k], dict[str, Array]()
        for parent, sums in zip(network.parents(name), links, strict=True):
            upto = sums[k]
            if parent in lanes.flat:
                vectors[parent] = vectors.get(parent, 1.0) * upto
            else:
                scale *= float(upto[network.state_index(parent, lanes.known[parent])])
        runs.append(vectors)
        scales.append(scale)
    upto = np.zeros((gate.states, gate.states))  # of the evidence alone, then of each run
    upto[:-1, 1:] = np.diag(scales)
    upto[-1, 0] = 1.0
    return Questions(tuple(runs), np.diff(upto, axis=0, prepend=0.0))


@lru_cache(maxsize=1024)
def _sums(network: Network, name: str) -> tuple[list[float], list[Array]]:
    """Return P(L ≤ k), and P(Z ≤ k | u) of each link, shape (states, parent's states)."""
    gate = network.gate(name)
    assert isinstance(gate, NoisyMax)
    links = [np.ascontiguousarray(np.cumsum(link, axis=1).T) for link in gate.links]
    return np.cumsum(gate.leak).tolist(), links


def _by_table(lanes: Lanes, name: str) -> Questions:
    """Ask for a table: P(f = k | u) summed over the states u of its free parents."""
    network = lanes.engine.network
    parents = network.parents(name)
    free = [p for p in parents if p in lanes.flat]
    table = network.cpt(name)
    for axis, u in reversed(list(enumerate(parents))):
        if u not in free:
            table = np.take(table, network.state_index(u, lanes.known[u]), axis=axis)
    if not free:
        return Questions((), table[:, None])
    if len(free) == 1:  # one run a column, whatever the states of the parent
        runs = [{free[0]: column} for column in table.T]
        return _all_but_one(runs, np.eye(len(runs)), int(table.sum(axis=0).argmax()))
    cards = table.shape[:-1]
    eyes = [np.eye(n) for n in cards]
    runs = [
        {u: eye[s] for u, eye, s in zip(free, eyes, states, strict=True)}
        for states in product(*map(range, cards))
    ]
    return _all_but_one(runs, table.reshape(-1, table.shape[-1]).T, 0)


def _all_but_one(runs: Sequence[Changes], mix: Array, spared: int) -> Questions:
    """Return the questions of runs that exhaust what is possible: one follows from the others."""
    rest = np.delete(mix, spared, axis=1) - mix[:, spared : spared + 1]
    whole = np.concatenate([mix[:, spared : spared + 1], rest], axis=1)
    return Questions(tuple(r for i, r in enumerate(runs) if i != spared), whole)


def gains_of(before: Array, outcomes: Mapping[str, Outcomes]) -> dict[str, Array]:
    """Return I(c; f | e) of each cause in bits, from P(c | e) and the outcomes of each test f."""
    if not outcomes:
        return {}
    p = np.concatenate([p for p, _ in outcomes.values()])
    joint = np.concatenate([x for _, x in outcomes.values()])
    p = np.where(p > TINY, p, 0.0)
    given = np.clip(joint / np.where(p > 0.0, p, 1.0)[:, None], 0.0, 1.0)
    ends = np.cumsum([len(p) for p, _ in outcomes.values()])
    starts = np.concatenate([[0], ends[:-1]])
    after = np.add.reduceat(p[:, None] * entropy(given), starts, axis=0)
    return dict(zip(outcomes, np.maximum(0.0, entropy(before) - after), strict=True))


def entropy(p: Array) -> Array:
    """Return the entropy of yes or no in bits.

    >>> entropy(np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 1.0, 0.0]
    """
    q = 1.0 - p
    return -(p * np.log2(np.where(p > 0, p, 1.0)) + q * np.log2(np.where(q > 0, q, 1.0)))
