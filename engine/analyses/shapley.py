"""Shapley values of findings: the share of each in a sum, whatever the order they came in.

    φ_i = Σ_S |S|! (n-|S|-1)! / n! · [v(S ∪ i) - v(S)]

Shapley (1953, doi:10.1515/9781400881970-018). Exact over all 2^n sets; sampled by permutations,
each with its reverse (antithetic), with a standard error.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.results import Array

Masks = NDArray[np.bool_]
Worth = Callable[[Masks], Array]


@dataclass(frozen=True, eq=False)
class Shares:
    """Shapley values.

    Attributes
    ----------
    values : array, shape (n,)
        φ; they sum to v(all) - v(none).
    error : array, shape (n,)
        Standard error of each; 0 where exact.
    exact : bool
    """

    values: Array
    error: Array
    exact: bool


def all_masks(count: int) -> Masks:
    """Return every subset of `count` things, shape (2^count, count), the empty one first."""
    return (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)


def exact(worth: Worth, count: int) -> Shares:
    """Return Shapley values by all 2^count sets."""
    masks = all_masks(count)
    v = worth(masks)
    size = masks.sum(axis=1)
    weight = np.array(
        [math.factorial(s) * math.factorial(count - s - 1) for s in range(count)]
    ) / math.factorial(count)
    values = np.zeros(count)
    for i in range(count):
        without = np.flatnonzero(~masks[:, i])
        values[i] = weight[size[without]] @ (v[without | (1 << i)] - v[without])
    return Shares(values, np.zeros(count), True)


def sampled(worth: Worth, count: int, pairs: int, seed: int = 0) -> Shares:
    """Return Shapley values from `pairs` random orders and their reverses.

    All sets of all orders are valued in one call; equal sets once.
    """
    orders, sets, where = drawn(count, pairs, seed)
    v = worth(sets)[np.ravel(where)].reshape(2 * pairs, count + 1)
    gains = np.zeros((2 * pairs, count))
    both = np.stack([o for order in orders for o in (order, order[::-1])])
    np.put_along_axis(gains, both, np.diff(v, axis=1), axis=1)
    halves = gains.reshape(pairs, 2, count).mean(axis=1)
    error = halves.std(axis=0, ddof=1) / math.sqrt(pairs) if pairs > 1 else np.full(count, np.inf)
    return Shares(halves.mean(axis=0), error, False)


def drawn(count: int, pairs: int, seed: int = 0) -> tuple[NDArray[np.int64], Masks, Any]:
    """Return random orders, all sets along them and their reverses, and the set of each step."""
    rng = np.random.default_rng(seed)
    orders = np.array([rng.permutation(count) for _ in range(pairs)])
    chains = np.stack([_chain(o) for order in orders for o in (order, order[::-1])])
    return orders, *np.unique(chains.reshape(-1, count), axis=0, return_inverse=True)


def _chain(order: NDArray[np.int64]) -> Masks:
    """Return the growing sets of an order, from none to all."""
    chain = np.zeros((len(order) + 1, len(order)), dtype=bool)
    for place, i in enumerate(order):
        chain[place + 1] = chain[place]
        chain[place + 1, i] = True
    return chain
