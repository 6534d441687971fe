"""Leaves in the search for a most probable explanation: exact values, and bounds that factorise.

Given the states u of its parents a leaf contributes

    g(u) = max_k λ_k P(X = k | u)

with λ its likelihood: ones if nothing is known of it, 0 and 1 if its state was seen. That is no
product over the parents, but with a reference state r_i of each parent not yet decided,

    g(u) ≤ g(r) ∏_i h_i(u_i),      h_i(r_i) = 1,   h_i(s) = max(1, b_i(s) / g(r)),

where b_i(s) bounds g from above over all u with u_i = s: of the undecided parents that leave their
reference any one suffices. In the reference the bound is exact. All values are natural logarithms,
since a likelihood times a probability may leave the range of a double.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from fascinet.engine.search.mpe import log
from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.engine.tables.request import Request
from fascinet.model.gates import Array

SLACK = 1e-13  # what rounding may take from a difference of cumulative probabilities
LEAST = np.log(1e-6)  # of its bound that a leaf counts in the reference, where it is impossible
KEPT = 4096  # bounds and values that a leaf remembers

Value = tuple[float, int]  # ln g(u), and the state that attains it
Bound = tuple[float, dict[int, Array]]  # ln g(r), and ln h of each undecided parent


@dataclass
class Leaf:
    """A leaf gate or table.

    Attributes
    ----------
    variable : int
    parents : tuple of int
        Those not observed.
    weight : array
        ln λ.
    links : tuple of arrays, each (states of the parent, states)
        ln of the links of a noisy-MAX.
    leak : array, shape (states,)
        ln of the leak of a noisy-MAX, observed parents taken in.
    table : array or None
        ln of the table of any other gate, axes parents … × states.
    """

    variable: int
    parents: tuple[int, ...]
    weight: Array
    links: tuple[Array, ...] = ()
    leak: Array = field(default_factory=lambda: np.zeros(1))
    table: Array | None = None
    _known: dict[tuple[int, ...], Bound] = field(default_factory=dict[tuple[int, ...], Bound])
    _values: dict[tuple[int, ...], Value] = field(default_factory=dict[tuple[int, ...], Value])

    def distribution(self, states: Sequence[int]) -> Array:
        """Return ln P(X | u)."""
        if self.table is not None:
            return self.table[tuple(states)]
        out = self.leak
        for link, s in zip(self.links, states, strict=True):
            out = maximum(out, link[s])
        return out

    def value(self, states: Sequence[int]) -> Value:
        """Return ln g(u) and the state that attains it."""
        key = tuple(states)
        found = self._values.get(key)
        if found is None:
            weighed = self.weight + self.distribution(states)
            best = int(np.argmax(weighed))
            found = float(weighed[best]), best
            if len(self._values) < KEPT:
                self._values[key] = found
        return found

    def bound(self, decided: Mapping[int, int]) -> Bound:
        """Return ln g(r) and ln h, the parents that are not decided being in state 0 in r."""
        key = tuple(decided.get(u, -1) for u in self.parents)
        found = self._known.get(key)
        if found is None:
            found = self._bound(key)
            if len(self._known) < KEPT:
                self._known[key] = found
        return found

    def _bound(self, key: tuple[int, ...]) -> Bound:
        least, _ = self.value([max(s, 0) for s in key])
        limits = self._table_limits(key) if self.table is not None else self._link_limits(key)
        most = max((float(x.max()) for x in limits.values()), default=least)
        least = max(least, float(most + LEAST))
        out: dict[int, Array] = {}
        for u, limit in limits.items():
            out[u] = np.maximum(0.0, limit - least) if least > -np.inf else np.zeros(limit.size)
            out[u][0] = 0.0
        return least, out

    def _table_limits(self, key: tuple[int, ...]) -> dict[int, Array]:
        assert self.table is not None
        cut = tuple(slice(None) if s < 0 else slice(s, s + 1) for s in key)
        best = (self.table[cut] + self.weight).max(axis=-1)
        axes = range(best.ndim)
        return {
            u: best.max(axis=tuple(a for a in axes if a != i))
            for i, (u, s) in enumerate(zip(self.parents, key, strict=True))
            if s < 0
        }

    def _link_limits(self, key: tuple[int, ...]) -> dict[int, Array]:
        """Bound P(X = k | u) = F_k − F_{k−1} with each factor of F between its extremes."""
        upto = [np.cumsum(np.exp(link), axis=1) for link in self.links]
        leak = np.cumsum(np.exp(self.leak))
        low, high = [leak], [leak]
        for rows, s in zip(upto, key, strict=True):
            low.append(rows.min(axis=0) if s < 0 else rows[s])
            high.append(rows.max(axis=0) if s < 0 else rows[s])
        out: dict[int, Array] = {}
        for i, (u, s) in enumerate(zip(self.parents, key, strict=True)):
            if s < 0:
                small = upto[i] * np.prod(low[: i + 1] + low[i + 2 :], axis=0)
                large = upto[i] * np.prod(high[: i + 1] + high[i + 2 :], axis=0)
                below = np.concatenate([np.zeros((len(small), 1)), small[:, :-1]], axis=1)
                share = np.clip(large - below + SLACK, SLACK, 1.0)
                out[u] = (np.log(share) + self.weight).max(axis=1)
        return out


def maximum(a: Array, b: Array) -> Array:
    """Return ln of the distribution of the larger of two independent numbers, from their ln.

    >>> np.exp(maximum(np.log([0.5, 0.5]), np.log([0.5, 0.5]))).round(2).tolist()
    [0.25, 0.75]
    """
    below = np.concatenate([[-np.inf], np.logaddexp.accumulate(a)[:-1]])
    return np.logaddexp(a + np.logaddexp.accumulate(b), b + below)


def read_leaf(net: NetworkArrays, request: Request, v: int) -> Leaf:
    """Return a leaf under the evidence of a request."""
    states, blocks, m = request.states, net.blocks[v], net.cards[v]
    weight = log(np.array(request.soft.get(v, np.ones(m)), dtype=np.float64))
    if v in states:
        weight = log(np.eye(m)[states[v]])
    free = tuple(u for u in net.parents[v] if u not in states)
    if not blocks.raw:
        shape = tuple(net.cards[u] for u in (*net.parents[v], v))
        table = log(net.base[blocks.offset :][: prod(shape)].reshape(shape))
        cut = tuple(states.get(u, slice(None)) for u in net.parents[v])
        return Leaf(v, free, weight, table=table[cut])
    leak, links = log(net.base[blocks.leak : blocks.leak + m]), list[Array]()
    for u, at in zip(net.parents[v], blocks.raw, strict=True):
        link = log(net.base[at : at + net.cards[u] * m].reshape(net.cards[u], m))
        if u in states:
            leak = maximum(leak, link[states[u]])
        else:
            links.append(link)
    return Leaf(v, free, weight, tuple(links), leak)
