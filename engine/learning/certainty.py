"""How sure the learnt figures are: information in the data and in what was known before.

In the softmax basis (θ = softmax η, row by row) a case's score is s = share - θ · (row's share),
the sum of s s' over the cases is the empirical information (Meilijson 1989,
doi:10.1111/j.2517-6161.1989.tb01753.x), to which a prior of size ν adds ν (diag θ - θ θ'). The
inverse is the covariance of η, taken to θ by J = diag θ - θ θ'. What missing data cost is in it:
the information of incomplete cases is smaller than their expected counts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.beta import Z, beta_cdf, log_gamma
from fascinet.engine.analyses.parameters import Parameters
from fascinet.engine.analyses.results import Array
from fascinet.engine.learning.expected import EStep, row_totals

Rows = NDArray[np.bool_]
Index = NDArray[np.int64]
CLOSE, EXACT, ODDS = 1e-9, 1e-12, 700.0  # of log odds, of mass; the farthest log odds
FAINT = 1e-6  # prior cases added to every free row, so that what nothing speaks of has an inverse


@dataclass(frozen=True, eq=False)
class Certainty:
    """Standard errors and 95% intervals of all figures; NaN where none was learnt.

    Attributes
    ----------
    error : array, shape (P,)
        Posterior standard deviation, √(θ (1 - θ) / (worth + 1)); zero where a figure was not free.
    low, high : arrays, shape (P,)
        Jeffreys' 95% interval of as many observations as the figure is worth.
    worth : array, shape (P,)
        Complete observations of the row that would be as good, prior knowledge included.
    """

    error: Array
    low: Array
    high: Array
    worth: Array


def certainty(step: EStep, pseudo: Array, free: Rows, open_: Rows) -> Certainty:
    """Return how sure the figures are at which an E-step stands, given its cases.

    Parameters
    ----------
    pseudo : array, shape (P,)
        ν θ⁰.
    free : array of bool, shape (R,)
        Rows that were learnt.
    open_ : array of bool, shape (P,)
        Figures that were neither 0 nor 1 before.
    """
    figures, theta = step.figures, step.values
    places = coordinates(figures, theta, free)
    information, rests = np.zeros((len(places), len(places))), row_totals(figures, pseudo)
    for block, weights, _ in step.blocks():
        shares = row_totals(figures, block)
        rests = rests + weights @ shares
        score = block - shares[:, figures.row] * theta
        part = score[:, places] * np.sqrt(weights)[:, None]
        information += part.T @ part
    sizes = row_totals(figures, pseudo) + FAINT
    same = figures.row[places][:, None] == figures.row[places]
    prior = np.diag(theta[places]) - np.outer(theta[places], theta[places]) * same
    information += sizes[figures.row[places]][:, None] * prior
    scale = np.sqrt(np.diag(information))
    spread = np.linalg.inv(information / np.outer(scale, scale)) / np.outer(scale, scale)
    variance = variances(figures, theta, places, spread)
    some = free[figures.row] & open_
    return intervals(theta, variance, np.where(some, rests[figures.row], np.nan))


def coordinates(figures: Parameters, theta: Array, free: Rows) -> Index:
    """Return the parameters that stand for the free rows: all but the largest, zeros left out."""
    largest = np.maximum.reduceat(theta, figures.starts)[figures.row]
    top = theta == largest
    first = np.flatnonzero(top)
    _, kept = np.unique(figures.row[first], return_index=True)
    mask = free[figures.row] & (theta > 0.0)
    mask[first[kept]] = False
    return np.flatnonzero(mask)


def variances(figures: Parameters, theta: Array, places: Index, spread: Array) -> Array:
    """Return the variance of every figure in the softmax basis' normal posterior, diag(J Σ J')."""
    out = np.zeros(len(theta))
    for row in np.unique(figures.row[places]).tolist():
        own = np.flatnonzero(figures.row[places] == row)
        entries = slice(int(figures.starts[row]), int(figures.starts[row] + figures.widths[row]))
        p, chosen = theta[entries], places[own] - entries.start
        jacobian = np.eye(len(p))[:, chosen] * p[:, None] - np.outer(p, p[chosen])
        out[entries] = np.einsum("ka,ab,kb->k", jacobian, spread[np.ix_(own, own)], jacobian)
    return out


def intervals(theta: Array, variance: Array, rests: Array) -> Certainty:
    """Return what the figures are worth, and Jeffreys' intervals for that many observations.

    Of complete data the normal's variance is θ (1 - θ) / n; n of incomplete ones is what would give
    the same. The interval is that of Beta(nθ + ½, n(1 - θ) + ½), which covers well for rare events,
    too (Brown, Cai & DasGupta 2001, doi:10.1214/ss/1009213286).

    Parameters
    ----------
    rests : array, shape (P,)
        Expected cases of the row, of a figure that was learnt; NaN of the others.
    """
    room, some = theta * (1.0 - theta), np.isfinite(rests)
    inner = some & (variance > 0.0) & (room > 0.0)
    worth = rests.copy()  # of figures that came to 0 or 1
    worth[inner] = room[inner] / variance[inner]
    error = np.zeros(theta.shape)
    error[inner] = np.sqrt(room[inner] / (worth[inner] + 1.0))
    low, high = np.full(theta.shape, np.nan), np.full(theta.shape, np.nan)
    a, b = worth[some] * theta[some] + 0.5, worth[some] * (1.0 - theta[some]) + 0.5
    # a range holds its figure
    ends = beta_quantile(np.array([[0.025], [0.975]]), a, b)
    low[some], high[some] = np.minimum(ends[0], theta[some]), np.maximum(ends[1], theta[some])
    return Certainty(error, low, high, worth)


def beta_quantile(q: float | Array, a: Array, b: Array) -> Array:
    """Return the q-quantile of Beta(a, b): Newton's steps on ln x or ln(1 - x), within a bracket.

    They begin at the normal quantile on the log odds.
    """
    q, a, b = np.broadcast_arrays(q, a, b)
    scale = log_gamma(a + b) - log_gamma(a) - log_gamma(b)
    tilt = np.sign(q - 0.5) * Z * np.sqrt(1.0 / a + 1.0 / b)
    y = np.clip(np.log(a / b) + tilt, -ODDS, ODDS)
    below, above = np.full(a.shape, -ODDS), np.full(a.shape, ODDS)
    for _ in range(60):
        x = 1.0 / (1.0 + np.exp(-y))
        mass = beta_cdf(x, a, b)
        below, above = np.where(mass < q, y, below), np.where(mass < q, above, y)
        slope = np.exp(scale + a * np.log(x) - b * np.logaddexp(0.0, y))
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            # far in the lower tail the logarithm of the mass is nearly straight
            step = np.where(mass < q / 2.0, mass * np.log(mass / q) / slope, (mass - q) / slope)
        new = y - step
        fine = (np.abs(step) < 0.1) | ((new > below) & (new < above))
        new = np.where(fine, new, (below + above) / 2.0)
        done = (np.abs(new - y) <= CLOSE) | (np.abs(mass - q) <= EXACT)
        y = new
        if done.all():
            break
    return 1.0 / (1.0 + np.exp(-y))
