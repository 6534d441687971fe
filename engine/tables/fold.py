"""Absent findings as likelihoods of their parents, so that they do not change the program.

A leaf that is a noisy-MAX and was seen in state 0 is a product over its parents,

    P(X = 0 | u) = P(L = 0) · ∏_i P(Z_i = 0 | u_i),

so its parents may carry it as soft evidence. When every parent of such leaves has a place for a
likelihood, all evidence sets with the same *positive* findings share one program, and none has to
be planned because one more finding is absent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf, log
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.engine.tables.request import Request
from fascinet.model.gates import Array

Places: TypeAlias = dict[int, slice]
LEAST, TINY = -900.0, 1e-280  # what a folded likelihood must not come near
FREE = 256  # sets of observed parents whose layout is kept


@dataclass(frozen=True)
class Packed(Mapping[int, Array]):
    """Likelihoods of several variables, one after the other in one array.

    Attributes
    ----------
    places : dict of int to slice
        Where each variable's states lie, the variables ascending and without gaps.
    numbers : array
    """

    places: Places
    numbers: Array

    def __getitem__(self, variable: int) -> Array:
        return self.numbers[self.places[variable]]

    def __iter__(self) -> Iterator[int]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


class Folder:
    """Folds the absent leaves of a network into their parents.

    Parameters
    ----------
    net : NetworkArrays
    """

    def __init__(self, net: NetworkArrays) -> None:
        self.net = net
        self._free = lru_cache(FREE)(self._free_places)

    @cached_property
    def rows(self) -> dict[int, int]:
        """Row of each leaf in `factors`."""
        net = self.net
        leaves = [v for v, b in enumerate(net.blocks) if b.is_max and not net.children[v]]
        return {v: i for i, v in enumerate(leaves)}

    @cached_property
    def spine(self) -> Places:
        """Where the states of each parent of a leaf lie in a row of `factors`."""
        return lay_places(self.net, sorted({u for v in self.rows for u in self.net.parents[v]}))

    @cached_property
    def factors(self) -> Array:
        """P(Z_i = 0 | u_i) of each leaf's links, 1 where it has none; last P(L = 0).

        Shape (leaves, Σ states of the spine + 1).
        """
        net, width = self.net, sum(self.net.cards[u] for u in self.spine)
        out = np.ones((len(self.rows), width + 1))
        for v, row in self.rows.items():
            blocks, states = net.blocks[v], net.cards[v]
            for u, link in zip(net.parents[v], blocks.raw, strict=True):
                out[row, self.spine[u]] *= net.base[link : link + net.cards[u] * states : states]
            out[row, -1] = net.base[blocks.leak]
        return out

    @cached_property
    def bits(self) -> Array:
        """log2 of the factors, 0 for zeros: what a product of positive factors comes to."""
        return np.log2(np.where(self.factors > 0.0, self.factors, 1.0))

    def fold(self, request: Request) -> tuple[Request, float]:
        """Return a request without absent leaves, and ln of the factor that it leaves out of P(e).

        Where likelihoods would leave the range of a double, nothing is folded.
        """
        rows, states = self.rows, request.states
        if not rows:
            return request, 0.0
        low = [v for v, s in states.items() if s == 0 and v in rows and v not in request.cut]
        which = [rows[v] for v in low]
        if np.add.reduce(self.bits[which], axis=0).min() < LEAST:
            return request, 0.0
        product = np.multiply.reduce(self.factors[which], axis=0)
        seen = frozenset(self.spine.keys() & states.keys())
        left_out = [product[-1], *(product[self.spine[u]][states[u]] for u in sorted(seen))]
        constant = sum(log(x) if x > 0.0 else -inf for x in left_out)
        places, free = self._free(seen)
        soft: Mapping[int, Array] = Packed(places, product[free])
        for v, given in request.soft.items():
            if v in places:
                top = float(given.max())
                soft[v][:] *= given / top
                constant += log(top)
                if ((soft[v] < TINY) & (soft[v] > 0.0)).any() or not soft[v].any():
                    return request, 0.0
            else:
                soft = {**soft, v: given}
        absent = set(low)
        kept = {v: s for v, s in states.items() if v not in absent}
        return Request(kept, soft, request.cut), constant

    def _free_places(self, seen: frozenset[int]) -> tuple[Places, NDArray[np.int64]]:
        """Return where the spine's unobserved states lie, and which of a row's places they are."""
        free = [u for u in self.spine if u not in seen]
        picked = [np.arange(p.start, p.stop) for p in map(self.spine.__getitem__, free)]
        return lay_places(self.net, free), np.concatenate([np.zeros(0, np.int64), *picked])


def lay_places(net: NetworkArrays, variables: list[int]) -> Places:
    """Return where each variable's states lie, one after the other."""
    ends = np.cumsum([net.cards[u] for u in variables]).tolist()
    return {u: slice(end - net.cards[u], end) for u, end in zip(variables, ends, strict=True)}
