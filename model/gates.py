"""Gates: how a variable depends on its parents, as arrays and ints only.

A gate is one of three kinds, each a frozen record with read-only arrays:

`Table`      P(x | u) listed for every configuration u of the parents.
`NoisyMax`   X = max(L, Z_1, …, Z_n), each Z_i drawn from its parent's state, L the leak;
             noisy-OR is the case of two states. Díez's convention: a link is the net effect of
             that cause alone, leak excluded (Díez 1993, UAI).
`Function`   a deterministic function of the parents' states.

One new kind is one class with `cards`, `states`, `to_table`, and one line in `KINDS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fascinet.model.errors import NetworkError

Array: TypeAlias = NDArray[np.float64]
SUM_TOLERANCE = 1e-9


def frozen(values: ArrayLike, dtype: type = np.float64) -> Array:
    """Return a read-only, contiguous copy of `values`."""
    array = np.array(values, dtype=dtype, order="C")
    array.setflags(write=False)
    return array


def check_distributions(values: Array, what: str) -> None:
    """Raise `NetworkError` unless every last-axis row is a distribution within 1e-9."""
    if not np.all(np.isfinite(values)) or values.min(initial=0.0) < 0.0:
        raise NetworkError(
            f"{what}: expected finite probabilities of at least 0, got {values.min()}"
        )
    worst = np.abs(values.sum(axis=-1) - 1.0).max(initial=0.0)
    if worst > SUM_TOLERANCE:
        raise NetworkError(f"{what}: expected rows that sum to 1, got one off by {worst:.3g}")


@dataclass(frozen=True, eq=False)
class Table:
    """P(x | u), shape (parents' states …, states)."""

    values: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values))
        check_distributions(self.values, "table")

    @property
    def cards(self) -> tuple[int, ...]:
        """Number of states of each parent."""
        return self.values.shape[:-1]

    @property
    def states(self) -> int:
        """Number of states of the variable."""
        return self.values.shape[-1]

    def to_table(self) -> Array:
        """Return P(x | u) itself."""
        return self.values


@dataclass(frozen=True, eq=False)
class NoisyMax:
    """Leaky noisy-MAX over ordered states, state 0 the resting one (Díez 1993).

    P(X ≤ k | u) = P(L ≤ k) ∏_i P(Z_i ≤ k | u_i)

    Attributes
    ----------
    links : tuple of arrays
        One a parent, shape (parent's states, states): row u is the distribution of Z_i when the
        parent is in state u. A resting row is (1, 0, …).
    leak : array, shape (states,)
        Distribution of L; (1, 0, …) means no leak.
    """

    links: tuple[Array, ...]
    leak: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "links", tuple(frozen(link) for link in self.links))
        object.__setattr__(self, "leak", frozen(self.leak))
        check_distributions(self.leak, "leak")
        for i, link in enumerate(self.links):
            check_distributions(link, f"link {i}")
            if link.ndim != 2 or link.shape[1] != self.states:
                raise NetworkError(
                    f"link {i}: expected shape (parent's states, {self.states}), got {link.shape}"
                )

    @property
    def cards(self) -> tuple[int, ...]:
        """Number of states of each parent."""
        return tuple(link.shape[0] for link in self.links)

    @property
    def states(self) -> int:
        """Number of states of the variable."""
        return self.leak.shape[0]

    def to_table(self) -> Array:
        """Return P(x | u) in full: 2^n rows for n binary parents, so small gates only.

        The result is max-convolved parent by parent, with sums of non-negative terms alone, so
        that small probabilities keep their digits.
        """
        table = self.leak
        for link in self.links:
            table = max_convolve(table[..., None, :], link)
        return frozen(table)


def max_convolve(a: Array, b: Array) -> Array:
    """Distribution of max(A, B): c_k = a_k B_k + A_{k-1} b_k, capitals cumulative sums."""
    below = np.cumsum(a, axis=-1) - a
    return a * np.cumsum(b, axis=-1) + below * b


@dataclass(frozen=True, eq=False)
class Function:
    """X = f(u): `outcome` holds the state index for every configuration of the parents."""

    outcome: NDArray[np.int64]
    states: int

    def __post_init__(self) -> None:
        outcome = np.array(self.outcome, dtype=np.int64, order="C")
        outcome.setflags(write=False)
        object.__setattr__(self, "outcome", outcome)
        if outcome.min() < 0 or outcome.max() >= self.states:
            raise NetworkError(
                f"function: expected state indices 0 to {self.states - 1}, got "
                f"{outcome.min()} to {outcome.max()}"
            )

    @property
    def cards(self) -> tuple[int, ...]:
        """Number of states of each parent."""
        return self.outcome.shape

    def to_table(self) -> Array:
        """Return the zero-one table."""
        return frozen(np.eye(self.states)[self.outcome])


Gate: TypeAlias = Table | NoisyMax | Function
KINDS: dict[str, type] = {"table": Table, "noisy_max": NoisyMax, "function": Function}


def noisy_or(links: Sequence[float | Sequence[float]], leak: float = 0.0) -> NoisyMax:
    """Return a leaky noisy-OR of two states (no, yes).

    Parameters
    ----------
    links : sequence
        One a parent: a number p for a binary parent (off, on), meaning P(yes | only this cause);
        or a sequence with one such number per state of the parent.
    leak : float
        P(yes | no cause).
    """
    rows = [np.atleast_1d(np.asarray(link, dtype=np.float64)) for link in links]
    rows = [np.array([0.0, r[0]]) if r.size == 1 else r for r in rows]
    return NoisyMax(tuple(np.stack([1.0 - r, r], axis=1) for r in rows), np.array([1 - leak, leak]))


def deterministic_or(cards: Sequence[int]) -> NoisyMax:
    """Return OR of parents with states (off, on, on, …) as a gate without noise."""
    return noisy_or([[0.0] + [1.0] * (card - 1) for card in cards])
