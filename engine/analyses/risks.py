"""Two risks compared: risk difference, risk ratio and odds ratio, with intervals.

With r_k = P(event | condition_k) and g_k = ∂r_k/∂θ, the delta method gives, from the rows'
Dirichlets (`uncertainty`), cov(r_1, r_2) = Σ_rows g_1' [diag(θ) - θ θ'] g_2 / (ν + 1): both risks
rest on the same figures, so that their errors go together. Intervals are normal on the log odds of
a single risk and on the logarithm of a ratio; that of the difference is put together from those of
the risks (Zou & Donner 2008, doi:10.1002/sim.3095), as a normal one is poor near a risk of zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.ask import (
    impossible,
    listed,
    log_sum,
    split,
    term_logs,
    vectors_of_term,
    warn_condition,
)
from fascinet.engine.analyses.events import Query, Term, joined, read_query
from fascinet.engine.analyses.parameters import Parameters, parameters_of
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.engine.analyses.uncertainty import Z, factor, row_sizes
from fascinet.model.arguments import number_of

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

MEASURES = ("risk", "risk", "risk difference", "risk ratio", "odds ratio")


@dataclass(frozen=True, eq=False, repr=False)
class RiskComparison(Result):
    """The same event under two conditions.

    Attributes
    ----------
    event, condition, reference : str
        As asked.
    value, low, high : arrays, shape (5,)
        Risk under the condition, risk under the reference, risk difference, risk ratio, odds
        ratio; each with its 95% interval. Where a risk is 0 or 1 a ratio may be infinite or not
        defined (NaN), and has no interval.
    uncertain : int
        Number of parameters with a range; without any the intervals have no width.
    """

    event: str
    condition: str
    reference: str
    value: Array
    low: Array
    high: Array
    uncertain: int

    @property
    def risk(self) -> float:
        """P(event | condition)."""
        return float(self.value[0])

    @property
    def reference_risk(self) -> float:
        """P(event | reference)."""
        return float(self.value[1])

    @property
    def risk_difference(self) -> float:
        """P(event | condition) - P(event | reference)."""
        return float(self.value[2])

    @property
    def risk_ratio(self) -> float:
        """P(event | condition) / P(event | reference)."""
        return float(self.value[3])

    @property
    def odds_ratio(self) -> float:
        """odds(event | condition) / odds(event | reference)."""
        return float(self.value[4])

    def columns(self) -> Columns:
        """Return one row a measure."""
        return {
            "measure": list(MEASURES),
            "condition": [self.condition, self.reference, *["compared"] * 3],
            "value": self.value,
            "low": self.low,
            "high": self.high,
        }

    def title(self) -> str:
        """Return what is compared."""
        sure = "" if self.uncertain else "; no figure has a range, so the intervals have no width"
        return f"P({self.event}): {self.condition} against {self.reference}{sure}"

    def summary(self) -> dict[str, Any]:
        """Return what is compared."""
        return {
            "event": self.event,
            "condition": self.condition,
            "reference": self.reference,
            "uncertain_parameters": self.uncertain,
        }


def compare_risks(
    engine: "Engine",
    event: str,
    condition: str,
    reference: str,
    *,
    sample_size: float | None = None,
) -> RiskComparison:
    """Return two risks compared; see `Engine.compare_risks`."""
    network = engine.network
    figures, sizes = parameters_of(network), row_sizes(network)
    if sample_size is not None:
        sample_size = number_of("sample_size", sample_size)
        sizes = np.where(np.isinf(sizes), sample_size, sizes)
    uncertain = int(figures.widths[np.isfinite(sizes)].sum())
    asked = [read_query(f"{event} | {given}", network) for given in (condition, reference)]
    found = [_risk(engine, query, figures, bool(uncertain)) for query in asked]
    risks, slopes = np.array([r for r, _ in found]), np.array([g for _, g in found])
    covariance = np.zeros((2, 2))
    if uncertain:
        parts = factor(figures, slopes, sizes)
        covariance = parts @ parts.T
    value, low, high = measures(risks, covariance)
    return RiskComparison(
        event, condition, reference, frozen(value), frozen(low), frozen(high), uncertain
    )


def measures(risks: Array, covariance: Array) -> tuple[Array, Array, Array]:
    """Return value, low and high of the five measures.

    Parameters
    ----------
    risks : array, shape (2,)
    covariance : array, shape (2, 2)
        Of the risks.
    """
    r, s = risks
    with np.errstate(divide="ignore", invalid="ignore"):
        logs, odds = np.log(risks), np.log(risks) - np.log1p(-risks)
        by_odds = 1.0 / (risks * (1.0 - risks))
        slopes = np.array(
            [
                [by_odds[0], 0.0],
                [0.0, by_odds[1]],
                [1.0, -1.0],
                [1.0 / r, -1.0 / s],
                [by_odds[0], -by_odds[1]],
            ]
        )
        middle = np.array([*odds, r - s, logs[0] - logs[1], odds[0] - odds[1]])
        spread = Z * np.sqrt(np.maximum(np.einsum("mi,ij,mj->m", slopes, covariance, slopes), 0.0))
        out = [_back(x) for x in (middle, middle - spread, middle + spread)]
    out[1][2], out[2][2] = _difference(risks, covariance, out[1][:2], out[2][:2])
    sure = (risks <= 0.0) | (risks >= 1.0)
    for x in out:  # a risk of zero or one has no log odds
        x[:2] = np.where(sure, risks, x[:2])
    value, low, high = out
    value[:3] = r, s, r - s
    return value, low, high


def _difference(risks: Array, covariance: Array, low: Array, high: Array) -> tuple[float, float]:
    """Return the interval of the difference from those of the two risks and their correlation."""
    scale = np.sqrt(covariance[0, 0] * covariance[1, 1])
    rho = float(np.clip(covariance[0, 1] / scale, -1.0, 1.0)) if scale > 0 else 0.0
    down, up = np.nan_to_num(risks - low), np.nan_to_num(high - risks)
    below = down[0] ** 2 + up[1] ** 2 - 2.0 * rho * down[0] * up[1]
    above = up[0] ** 2 + down[1] ** 2 - 2.0 * rho * up[0] * down[1]
    middle = float(risks[0] - risks[1])
    return middle - float(np.sqrt(max(below, 0.0))), middle + float(np.sqrt(max(above, 0.0)))


def _back(x: Array) -> Array:
    """Return log odds, difference and logarithms on their own scales."""
    return np.array([*(1.0 / (1.0 + np.exp(-x[:2]))), x[2], *np.exp(x[3:])])


def _risk(
    engine: "Engine", query: Query, figures: Parameters, is_sloped: bool
) -> tuple[float, Array]:
    """Return P(event | condition) and its derivative by every parameter."""
    network = engine.network
    warn_condition(engine, query)
    condition = joined(True, [e for _, e in query.condition])
    both, above = (listed(e, network) for e in (joined(True, [query.event, condition]), condition))
    logs, log_condition = term_logs(engine, both, query.do), -np.inf
    above_logs = term_logs(engine, above, query.do)
    log_condition = log_sum(above_logs)
    if log_condition == -np.inf:
        raise impossible(engine, query)
    risk = min(float(np.exp(log_sum(logs) - log_condition)), 1.0)
    if not is_sloped:
        return risk, np.zeros(len(figures.values))
    joint = _slope(engine, both, logs - log_condition, query.do, figures)
    evidence = _slope(engine, above, above_logs - log_condition, query.do, figures)
    return risk, joint - risk * evidence


def _slope(
    engine: "Engine", found: Sequence[Term], logs: Array, do: Mapping[str, str], figures: Parameters
) -> Array:
    """Return Σ_t P(t) ∂ ln P(t)/∂θ."""
    out = np.zeros(len(figures.values))
    for term, log in zip(found, logs, strict=True):
        if log == -np.inf:
            continue
        free = {v: states for v, states in term.items() if v not in do}
        hard, soft = split(engine.network, vectors_of_term(engine.network, free))
        slopes = engine.derivatives(hard, soft=soft, do=do)
        out += np.exp(log) * figures.flatten(slopes.gates)
    return out
