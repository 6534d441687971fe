"""From a marginal probability and odds ratios to a table: the arithmetic of logistic priors."""

import numpy as np

from fascinet.model.gates import Array

STEPS = 60
TOLERANCE = 1e-13


def logistic_table(marginal: Array, log_odds: Array, weights: Array) -> Array:
    """Return P(state | parents) with the given marginal and odds ratios.

    P(k | u) ∝ exp(b_k + r_k(u)), b chosen so that Σ_u P(u) P(k | u) is the marginal.

    Parameters
    ----------
    marginal : array, shape (settings, states)
    log_odds : array, shape (parents' states …, states)
        r_k(u), zero for the resting state.
    weights : array, shape (settings, parents' states …)
        P(u | setting).

    Returns
    -------
    array, shape (settings, parents' states …, states)
    """
    axes = tuple(range(1, weights.ndim))
    shape = (len(marginal), *(1 for _ in axes), marginal.shape[1])
    b = np.log(np.maximum(marginal, 1e-300))
    table = softmax(b.reshape(shape) + log_odds)
    for _ in range(STEPS):
        got = (weights[..., None] * table).sum(axis=axes)
        b = b + np.log(np.maximum(marginal, 1e-300)) - np.log(np.maximum(got, 1e-300))
        table = softmax(b.reshape(shape) + log_odds)
        if np.abs(got - marginal).max() < TOLERANCE:
            break
    return table


def softmax(x: Array) -> Array:
    """Return exp(x) normalised over the last axis."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def outer(vectors: list[Array], settings: int) -> Array:
    """Return the product of distributions, each of shape (settings, states)."""
    out = np.ones(settings)
    for vector in vectors:
        out = out[..., None] * vector.reshape(settings, *(1,) * (out.ndim - 1), -1)
    return out


def shift_odds(p: float, base: float, new: float) -> float:
    """Return p moved by the odds ratio that takes `base` to `new`."""
    if not 0.0 < base < 1.0 or not 0.0 < new < 1.0:
        return p
    ratio = new / (1.0 - new) * (1.0 - base) / base
    return p * ratio / (1.0 - p + p * ratio)
