"""Beta distributions from cited ranges: NumPy alone, many at once.

A figure p with a range [low, high] stands for Beta(νp, ν(1-p)), whose mean is p and whose
concentration ν puts 95% of its mass inside the range. A figure of 0 (or 1) has no such Beta: it
stands for Beta(1, b), mode 0, with 2.5% above `high`, b = ln 0.025 / ln(1 - high).
"""

import math

import numpy as np

from fascinet.engine.analyses.results import Array

MASS = 0.95
LEAST, MOST = 1e-3, 1e7
Z = 1.959964  # of 95%
_LANCZOS = (
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
    -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
    1.5056327351493116e-7,
)  # fmt: skip


def log_gamma(x: Array) -> Array:
    """Return ln Γ(x) for x > 0 (Lanczos 1964, doi:10.1137/0701008), to about 1e-14."""
    x = np.asarray(x, dtype=np.float64)
    low = x < 0.5
    z = np.where(low, x, x - 1.0)
    series = np.full_like(z, _LANCZOS[0])
    for i, coefficient in enumerate(_LANCZOS[1:], start=1):
        series = series + coefficient / (z + i)
    t = z + 7.5
    value = 0.5 * math.log(2.0 * math.pi) + (z + 0.5) * np.log(t) - t + np.log(series)
    return np.where(low, value - np.log(np.where(low, x, 1.0)), value)


def beta_cdf(x: Array, a: Array, b: Array) -> Array:
    """Return the regularised incomplete beta function I_x(a, b), elementwise.

    Lentz's continued fraction (Thompson & Barnett 1986, doi:10.1016/0021-9991(86)90046-X) on the
    side where it converges fast.
    """
    x, a, b = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (x, a, b)))
    swap = x > (a + 1.0) / (a + b + 2.0)
    y, p, q = np.where(swap, 1.0 - x, x), np.where(swap, b, a), np.where(swap, a, b)
    inside = (x > 0.0) & (x < 1.0)
    safe = np.where(inside, y, 0.5)
    front = log_gamma(p + q) - log_gamma(p) - log_gamma(q)
    front = front + p * np.log(safe) + q * np.log1p(-safe)
    value = np.exp(front) * _fraction(safe, p, q) / p
    value = np.where(swap, 1.0 - value, value)
    return np.where(inside, np.clip(value, 0.0, 1.0), np.where(x <= 0.0, 0.0, 1.0))


def _fraction(x: Array, a: Array, b: Array) -> Array:
    tiny, shape = 1e-300, x.shape
    x, a, b = x.ravel(), a.ravel(), b.ravel()
    c = np.ones_like(x)
    d = 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / np.where(np.abs(d) < tiny, tiny, d)
    out, left, value = d.copy(), np.arange(x.size), d.copy()
    for m in range(1, 1000):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for step in (even, odd):
            d = 1.0 + step * d
            c = 1.0 + step / c
            d = 1.0 / np.where(np.abs(d) < tiny, tiny, d)
            c = np.where(np.abs(c) < tiny, tiny, c)
            value = value * d * c
        open_ = np.abs(d * c - 1.0) >= 1e-13
        if not open_.all():  # go on with those that have not converged
            out[left] = value
            left, value, c, d = left[open_], value[open_], c[open_], d[open_]
            x, a, b = x[open_], a[open_], b[open_]
        if not left.size:
            break
    out[left] = value
    return out.reshape(shape)


def concentration(p: Array, low: Array, high: Array) -> Array:
    """Return ν such that Beta(νp, ν(1-p)) has 95% of its mass in [low, high].

    ∞ where the range is a point or missing (NaN); for p = 0 or 1 the ν of the stand-in Beta.
    Found by bisection on ln ν: the mass grows with ν once the mean lies inside. A range that begins
    at 0 holds 95% of a rare event's Beta at any ν, also a tiny one; there ν is that of the variance
    of a normal whose 95% end at the farther end of the range, and at least 1.
    """
    p, low, high = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (p, low, high)))
    out = np.full(p.shape, np.inf)
    with np.errstate(invalid="ignore"):
        given = np.isfinite(low) & np.isfinite(high) & (high > low)
        edge = given & ((p <= 0.0) | (p >= 1.0))
        inner = given & ~edge & (low <= p) & (p <= high)
    wide = np.where(p <= 0.0, high, 1.0 - low)
    with np.errstate(divide="ignore", invalid="ignore"):
        stand_in = 1.0 + np.log(0.025) / np.log1p(-np.clip(wide, 0.0, 1.0 - 1e-12))
    out[edge] = stand_in[edge]
    if inner.any():
        triples = np.stack([p[inner], low[inner], high[inner]], axis=1)
        distinct, back = np.unique(triples, axis=0, return_inverse=True)
        out[inner] = _bisect(*distinct.T)[back.ravel()]
    return out


def _bisect(p: Array, low: Array, high: Array) -> Array:
    below, above = np.full(p.shape, math.log(LEAST)), np.full(p.shape, math.log(MOST))
    for _ in range(44):
        middle = (below + above) / 2.0
        size = np.exp(middle)
        mass = beta_cdf(high, size * p, size * (1 - p)) - beta_cdf(low, size * p, size * (1 - p))
        enough = mass >= MASS
        above, below = np.where(enough, middle, above), np.where(enough, below, middle)
    size = np.exp((below + above) / 2.0)
    stuck = size < 2.0 * LEAST
    half = np.maximum(high - p, p - low)
    return np.where(stuck, np.maximum(p * (1.0 - p) * (Z / half) ** 2 - 1.0, 1.0), size)
