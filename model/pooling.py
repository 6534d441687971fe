"""Several studies of one figure made one: a beta-binomial random-effects model on a grid.

    k_i ~ BetaBinomial(n_i, μ, ρ)        μ ~ Beta(1/2, 1/2)        ρ ~ Beta(1, 49)

with μ the mean share and ρ the correlation of two persons of one study: what differs between the
studies beyond chance (Williams 1975, doi 10.2307/2529820; for meta-analyses of proportions,
Young-Xu and Chan 2008, doi 10.1186/1471-2288-8-16). The estimate is the posterior median of μ, its
range the central 95%. A single study keeps some doubt that another would find another share.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SHARES = np.linspace(-9.5, 9.5, 160)  # on the scale of the logit
SPREADS = np.geomspace(1e-4, 0.7, 48)
PRIOR = 49.0
QUANTILES = (0.025, 0.5, 0.975)


def pool(studies: Sequence[tuple[int, int]]) -> tuple[float, float, float]:
    """Return middle, low and high of the pooled share.

    Parameters
    ----------
    studies : sequence of (events, n)

    Examples
    --------
    >>> p, low, high = pool([(30, 100), (36, 100)])
    >>> round(p, 2), low < 0.3, high > 0.36
    (0.33, True, True)
    """
    return _pooled(tuple((events, n) for events, n in studies))


@lru_cache(4096)  # the schema and the checks pool the same studies
def _pooled(studies: tuple[tuple[int, int], ...]) -> tuple[float, float, float]:
    mean, spread = 1.0 / (1.0 + np.exp(-SHARES)), SPREADS
    # on these scales the priors have the densities √(μ (1 − μ)) and ρ (1 − ρ)⁴⁸
    log = 0.5 * np.log(mean * (1.0 - mean))[:, None]
    log = log + np.log(spread) + (PRIOR - 1.0) * np.log1p(-spread)
    size = (1.0 - spread) / spread
    a, b = mean[:, None] * size, (1.0 - mean)[:, None] * size
    for events, n in studies:
        log = log + _log_beta(a + events, b + n - events) - _log_beta(a, b)
    weight = np.exp(log - log.max()).sum(axis=1)
    weight /= weight.sum()
    below = np.cumsum(weight) - weight / 2
    low, middle, high = 1.0 / (1.0 + np.exp(-np.interp(QUANTILES, below, SHARES)))
    return float(middle), float(low), float(high)


def _log_beta(a: Array, b: Array) -> Array:
    return _log_gamma(a) + _log_gamma(b) - _log_gamma(a + b)


def _log_gamma(x: Array) -> Array:
    """Return ln Γ(x) for x > 0 by Stirling's series at x + 10, to some 12 digits."""
    lower = np.multiply.reduce([x + k for k in range(10)])
    y = x + 10.0
    square = 1.0 / (y * y)
    series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / y
    return (y - 0.5) * np.log(y) - y + 0.5 * np.log(2.0 * np.pi) + series - np.log(lower)
