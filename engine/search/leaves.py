"""Leaves in the search for a most probable explanation: exact values, and bounds that factorise.

Given the states u of its parents a leaf contributes

    g(u) = max_k λ_k P(X = k | u)

with λ its likelihood: ones if nothing is known of it, 0 and 1 if its state was seen. That is no
product over the parents, but with a reference state r_i of each parent not yet decided,

    g(u) ≤ g(r) ∏_i h_i(u_i),      h_i(r_i) = 1,   h_i(s) = max(1, b_i(s) / g(r)),

where b_i(s) bounds g from above over all u with u_i = s: of the undecided parents that leave their
reference any one suffices. In the reference the bound is exact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.engine.tables.request import Request
from fascinet.model.gates import Array

SLACK = 1e-15  # what rounding may take from a difference of cumulative probabilities
LEAST = 1e-6  # of its bound that a leaf counts in the reference, where that makes it impossible
KEPT = 4096  # bounds that a leaf remembers

Bound = tuple[float, dict[int, Array]]  # g(r), and h of each undecided parent


@dataclass
class Leaf:
    """A leaf gate or table.

    Attributes
    ----------
    variable : int
    parents : tuple of int
        Those not observed.
    weight : array
        λ.
    links : tuple of arrays, each (states of the parent, states)
        Of a noisy-MAX.
    leak : array, shape (states,)
        Of a noisy-MAX, observed parents taken in.
    table : array or None
        Axes parents … × states, for any other gate.
    """

    variable: int
    parents: tuple[int, ...]
    weight: Array
    links: tuple[Array, ...] = ()
    leak: Array = field(default_factory=lambda: np.ones(1))
    table: Array | None = None
    _known: dict[tuple[int, ...], Bound] = field(default_factory=dict[tuple[int, ...], Bound])

    def distribution(self, states: Sequence[int]) -> Array:
        """Return P(X | u)."""
        if self.table is not None:
            return self.table[tuple(states)]
        out = self.leak
        for link, s in zip(self.links, states, strict=True):
            out = maximum(out, link[s])
        return out

    def value(self, states: Sequence[int]) -> tuple[float, int]:
        """Return g(u) and the state that attains it."""
        weighed = self.weight * self.distribution(states)
        best = int(np.argmax(weighed))
        return float(weighed[best]), best

    def bound(self, decided: Mapping[int, int]) -> Bound:
        """Return g(r) and h, the parents that are not decided being in state 0 in r."""
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
        if least <= LEAST * most:
            least = LEAST * most
        if least == 0.0:
            return 0.0, {u: np.ones(x.size) for u, x in limits.items()}
        out: dict[int, Array] = {}
        for u, limit in limits.items():
            out[u] = np.maximum(1.0, limit / least)
            out[u][0] = 1.0
        return least, out

    def _table_limits(self, key: tuple[int, ...]) -> dict[int, Array]:
        assert self.table is not None
        cut = tuple(slice(None) if s < 0 else slice(s, s + 1) for s in key)
        best = (self.table[cut] * self.weight).max(axis=-1)
        axes = range(best.ndim)
        return {
            u: best.max(axis=tuple(a for a in axes if a != i))
            for i, (u, s) in enumerate(zip(self.parents, key, strict=True))
            if s < 0
        }

    def _link_limits(self, key: tuple[int, ...]) -> dict[int, Array]:
        """Bound P(X = k | u) = F_k − F_{k−1} with each factor of F between its extremes."""
        upto = [np.cumsum(link, axis=1) for link in self.links]
        low, high = [np.cumsum(self.leak)], [np.cumsum(self.leak)]
        for rows, s in zip(upto, key, strict=True):
            low.append(rows.min(axis=0) if s < 0 else rows[s])
            high.append(rows.max(axis=0) if s < 0 else rows[s])
        out: dict[int, Array] = {}
        for i, (u, s) in enumerate(zip(self.parents, key, strict=True)):
            if s < 0:
                small = upto[i] * np.prod(low[: i + 1] + low[i + 2 :], axis=0)
                large = upto[i] * np.prod(high[: i + 1] + high[i + 2 :], axis=0)
                below = np.concatenate([np.zeros((len(small), 1)), small[:, :-1]], axis=1)
                share = np.clip(large - below + SLACK, 0.0, 1.0)
                out[u] = (share * self.weight).max(axis=1)
        return out


def maximum(a: Array, b: Array) -> Array:
    """Return the distribution of the larger of two independent numbers; nothing is subtracted."""
    return a * np.cumsum(b) + b * (np.cumsum(a) - a)


def read_leaf(net: NetworkArrays, request: Request, v: int) -> Leaf:
    """Return a leaf under the evidence of a request."""
    states, blocks, m = request.states, net.blocks[v], net.cards[v]
    weight = np.array(request.soft.get(v, np.ones(m)), dtype=np.float64)
    if v in states:
        weight = np.eye(m)[states[v]]
    free = tuple(u for u in net.parents[v] if u not in states)
    if not blocks.raw:
        shape = tuple(net.cards[u] for u in (*net.parents[v], v))
        table = net.base[blocks.offset :][: prod(shape)].reshape(shape)
        cut = tuple(states.get(u, slice(None)) for u in net.parents[v])
        return Leaf(v, free, weight, table=table[cut])
    leak, links = net.base[blocks.leak : blocks.leak + m], list[Array]()
    for u, at in zip(net.parents[v], blocks.raw, strict=True):
        link = net.base[at : at + net.cards[u] * m].reshape(net.cards[u], m)
        if u in states:
            leak = maximum(leak, link[states[u]])
        else:
            links.append(link)
    return Leaf(v, free, weight, tuple(links), leak)
