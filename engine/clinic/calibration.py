"""Do the shares of the groups mean what they say? Reliability, and the parts of the Brier score.

Each case gives one forecast a group: its share p of all groups' scores, and whether the group is
right, o. Over all N pairs, in bins b of p with n_b pairs, mean forecast p_b and frequency o_b:

    reliability = Σ_b n_b (p_b − o_b)² / N        0 is best
    resolution  = Σ_b n_b (o_b − o)² / N          much is best
    uncertainty = o (1 − o)
    mean (p − o)² = reliability − resolution + uncertainty + within

`within` is what the bins hide (Murphy 1973, doi 10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2;
Stephenson et al. 2008, doi 10.1175/2007WAF2006116.1).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

BINS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)


@dataclass(frozen=True)
class Bin:
    """Forecasts from `low` to `high`: how many, their mean, and how many of them came true."""

    low: float
    high: float
    n: int
    forecast: float
    observed: float


@dataclass(frozen=True)
class BrierParts:
    """The mean of (p − o)² over all pairs of case and group, and its parts."""

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float


def pairs(cases: Iterable[tuple[Mapping[str, float], str]]) -> tuple[np.ndarray, np.ndarray]:
    """Return forecasts and outcomes, one pair a case and group; a case is (shares, right group)."""
    found = [(p, float(g == right)) for shares, right in cases for g, p in shares.items()]
    both = np.array(found, dtype=float).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def reliability(forecast: np.ndarray, outcome: np.ndarray) -> tuple[Bin, ...]:
    """Return the bins that hold a forecast.

    >>> reliability(np.array([0.02, 0.7, 0.7]), np.array([0.0, 1.0, 0.0]))[1].observed
    0.5
    """
    place = np.clip(np.searchsorted(BINS, forecast, side="right") - 1, 0, len(BINS) - 2)
    out: list[Bin] = []
    for b in range(len(BINS) - 1):
        here = place == b
        if here.any():
            out.append(Bin(BINS[b], BINS[b + 1], int(here.sum()), float(forecast[here].mean()),
                           float(outcome[here].mean())))  # fmt: skip
    return tuple(out)


def brier_parts(forecast: np.ndarray, outcome: np.ndarray) -> BrierParts:
    """Return the mean squared error of the forecasts and its parts; zeros without any."""
    if not len(forecast):
        return BrierParts(0.0, 0.0, 0.0, 0.0, 0.0)
    score, base = float(((forecast - outcome) ** 2).mean()), float(outcome.mean())
    bins = reliability(forecast, outcome)
    share = np.array([b.n for b in bins]) / len(forecast)
    means = np.array([(b.forecast, b.observed) for b in bins])
    off = float(share @ (means[:, 0] - means[:, 1]) ** 2)
    told = float(share @ (means[:, 1] - base) ** 2)
    open_ = base * (1.0 - base)
    return BrierParts(score, off, told, open_, score - (off - told + open_))
