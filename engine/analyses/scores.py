"""How good forecasts of one event are: calibration, discrimination, decision curves.

Forecasts p and outcomes y (0 or 1), arrays of one length:

Brier score      mean (p - y)²;  log score  mean ln of the probability given to what happened
calibration      P(y) = 1 / (1 + exp(-(a + b logit p))): a = 0 and b = 1 are perfect (Cox 1958)
discrimination   AUC = P(p of an event > p of a non-event), ties a half, variance by DeLong,
                 DeLong & Clarke-Pearson (1988, doi:10.2307/2531595)
net benefit      TP/n - FP/n t/(1 - t) of acting where p ≥ t (Vickers & Elkin 2006,
                 doi:10.1177/0272989X06295361)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.results import Array

Outcomes = NDArray[np.bool_]
Z = 1.959963984540054
LEAST = 1e-15
"""Forecasts closer to 0 or 1 count as this far off in logarithms."""


@dataclass(frozen=True)
class Estimate:
    """A measure with its 95% interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


NONE = Estimate(np.nan, np.nan, np.nan)


def mean_of(values: Array) -> Estimate:
    """Return a mean with the interval of its standard error."""
    if not len(values):
        return NONE
    middle = float(values.mean())
    if len(values) < 2:
        return Estimate(middle, np.nan, np.nan)
    half = Z * float(values.std(ddof=1)) / np.sqrt(len(values))
    return Estimate(middle, middle - half, middle + half)


def log_scores(p: Array, y: Outcomes) -> Array:
    """Return ln of the probability given to what happened, case by case."""
    return np.log(np.maximum(np.where(y, p, 1.0 - p), LEAST))


def auc(p: Array, y: Outcomes) -> Estimate:
    """Return the area under the ROC curve, its interval on the logit scale."""
    m, n = int(y.sum()), int((~y).sum())
    if not m or not n:
        return NONE
    everything, events, others = ranks(p), ranks(p[y]), ranks(p[~y])
    above = (everything[y] - events) / n  # share of non-events below each event
    below = 1.0 - (everything[~y] - others) / m
    area = float(above.mean())
    if m < 2 or n < 2 or not 0.0 < area < 1.0:
        return Estimate(area, np.nan, np.nan)
    error = np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n)
    middle, half = np.log(area / (1.0 - area)), Z * error / (area * (1.0 - area))
    low, high = (1.0 / (1.0 + np.exp(-(middle + s * half))) for s in (-1.0, 1.0))
    return Estimate(area, float(low), float(high))


def ranks(values: Array) -> Array:
    """Return ranks from 1, ties their mean.

    >>> ranks(np.array([0.2, 0.7, 0.2])).tolist()
    [1.5, 3.0, 1.5]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[place]


def recalibration(p: Array, y: Outcomes) -> tuple[Estimate, Estimate]:
    """Return intercept (with slope 1) and slope of the logistic recalibration.

    Forecasts of 0 and 1 are certain, and have no log odds: they are left out here, and count in the
    log score. Where events and non-events are told apart without error the slope has no estimate.
    """
    inside = (p > LEAST) & (p < 1.0 - LEAST)
    p, y = p[inside], y[inside]
    logit = np.log(p) - np.log1p(-p)
    ones = np.ones((len(p), 1))
    one = _logistic(ones, y.astype(float), logit)
    two = _logistic(np.column_stack([ones, logit]), y.astype(float), np.zeros(len(p)))
    return (one[0] if one else NONE), (two[1] if two else NONE)


def _logistic(x: Array, y: Array, offset: Array) -> list[Estimate]:
    """Return the coefficients of a logistic regression by Newton's method; none if it diverges."""
    beta = np.zeros(x.shape[1])
    if len(y) <= len(beta):
        return []
    for _ in range(60):
        score = np.clip(x @ beta + offset, -700.0, 700.0)
        mean = 1.0 / (1.0 + np.exp(-score))
        information = x.T @ (x * (mean * (1.0 - mean))[:, None])
        try:
            step = np.linalg.solve(information, x.T @ (y - mean))
        except np.linalg.LinAlgError:
            return []
        beta = beta + np.clip(step, -5.0, 5.0)
        if np.abs(beta).max() > 1e3:
            return []
        if np.abs(step).max() < 1e-10:
            errors = np.sqrt(np.diag(np.linalg.inv(information)))
            return [
                Estimate(float(b), float(b - Z * e), float(b + Z * e))
                for b, e in zip(beta, errors, strict=True)
            ]
    return []


def wilson(events: Array, total: Array) -> tuple[Array, Array]:
    """Return Wilson's 95% interval of shares (1927, doi:10.1080/01621459.1927.10502953)."""
    share = events / total
    middle = (share + Z**2 / (2 * total)) / (1 + Z**2 / total)
    half = Z * np.sqrt(share * (1 - share) / total + Z**2 / (4 * total**2)) / (1 + Z**2 / total)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def calibration_bins(p: Array, y: Outcomes, bins: int) -> dict[str, Array]:
    """Return bins of equally many forecasts: mean forecast, share of events, its interval, n."""
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(p))) if len(part)]
    total = np.array([len(part) for part in parts], float)
    events = np.array([y[part].sum() for part in parts], float)
    low, high = wilson(events, total)
    forecast = np.array([p[part].mean() for part in parts])
    return {
        "forecast": forecast, "observed": events / total, "low": low, "high": high, "n": total
    }  # fmt: skip


def net_benefit(p: Array, y: Outcomes, thresholds: Array) -> dict[str, Array]:
    """Return the net benefit of acting by the forecasts, of acting always, and of never."""
    odds = thresholds / (1.0 - thresholds)
    acted = p[None, :] >= thresholds[:, None]
    true = (acted & y).mean(axis=1)
    false = (acted & ~y).mean(axis=1)
    base = float(y.mean())
    return {
        "threshold": thresholds, "model": true - false * odds,
        "all": base - (1.0 - base) * odds, "none": np.zeros(len(thresholds)),
    }  # fmt: skip
