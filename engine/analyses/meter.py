"""Is the case outside the model? How rare it is among cases that the network itself would make.

    percentile = P[ log P(E) ≤ log P(e) ],   E the same variables in a simulated case

A conflict compares findings with one another; the meter compares the whole case with what is usual,
so that a case may be rare without conflict. Cases are drawn from the network (ancestral sampling),
in blocks until it is clear on which side of a line the percentile lies, or `draws` are used up
(a binomial test after each block; after Clopper & Pearson 1934, Biometrika 26). Each drawn case has
a pattern of positive findings of its own, hence a program of its own: seconds on the
shipped network, which is why `diagnose` warns by the conflict, at no cost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import exp, lgamma, log, log1p
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.access import Evidence, log_probs, require_possible
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.engine.analyses.simulate import simulate

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

BLOCK = 50
SURE = 0.005  # each side of the interval that decides


@dataclass(frozen=True, eq=False, repr=False)
class Meter(Result):
    """Where a case stands among simulated ones.

    Attributes
    ----------
    log_prob_evidence : float
        log P(e).
    log_probs : array, shape (n,)
        log P of the simulated cases.
    line : float
        The percentile below which a case counts as outside the model.
    """

    evidence: dict[str, str]
    log_prob_evidence: float
    log_probs: Array
    line: float

    @cached_property
    def percentile(self) -> float:
        """The share of simulated cases at most as probable as this one."""
        return float((self.log_probs <= self.log_prob_evidence + 1e-9).mean())

    @property
    def error(self) -> float:
        """Standard error of the percentile, √(p (1 - p) / n)."""
        p = self.percentile
        return float(np.sqrt(p * (1.0 - p) / len(self.log_probs)))

    @property
    def outside(self) -> bool:
        """Whether the case is rarer than the line."""
        return self.percentile < self.line

    def columns(self) -> Columns:
        """Return the simulated cases' log P, sorted, with the share at most as probable."""
        count = len(self.log_probs)
        return {"log_prob": np.sort(self.log_probs), "share": np.arange(1, count + 1) / count}

    def title(self) -> str:
        """Return how the case compares."""
        return (
            f"Rarity: {self.percentile:.1%} ± {self.error:.1%} of {len(self.log_probs)} simulated "
            f"cases are at least as rare (ln P(e) = {self.log_prob_evidence:.2f})"
        )

    def summary(self) -> dict[str, Any]:
        """Return the percentile with its error."""
        return {
            "log_prob_evidence": self.log_prob_evidence, "percentile": self.percentile,
            "error": self.error, "draws": len(self.log_probs), "outside": self.outside,
        }  # fmt: skip


def outside_meter(
    engine: "Engine",
    evidence: Evidence,
    *,
    draws: int = 300,
    seed: int = 0,
    line: float = 0.01,
    until_clear: bool = True,
) -> Meter:
    """Return where a case stands among simulated cases with the same variables observed.

    Parameters
    ----------
    engine : Engine
    evidence : mapping of str to str
    draws : int
        Most cases to draw.
    seed : int
    line : float
        Percentile below which a case counts as outside.
    until_clear : bool
        Whether to stop once the percentile is clearly on one side of the line.

    Raises
    ------
    UnknownVariableError, UnknownStateError, ImpossibleEvidenceError
    """
    own = require_possible(engine, evidence, None)
    found: list[float] = []
    for block in _blocks(engine, dict(evidence), draws, seed):
        found += block
        below = sum(x <= own + 1e-9 for x in found)
        if until_clear and _clear(below, len(found), line):
            break
    return Meter(dict(evidence), own, frozen(found), line)


def _blocks(
    engine: "Engine", evidence: dict[str, str], draws: int, seed: int
) -> Iterator[list[float]]:
    """Yield log P of simulated cases, a block at a time; equal ones are valued once."""
    network, known = engine.network, dict[tuple[int, ...], float]()
    sample = simulate(network, draws, seed)
    cases = np.array([sample[v] for v in evidence], dtype=np.int64).reshape(len(evidence), draws)
    for start in range(0, draws, BLOCK):
        keys = [tuple(c) for c in cases[:, start : start + BLOCK].T.tolist()]
        new = [k for k in dict.fromkeys(keys) if k not in known]
        vectors = [
            {v: np.eye(len(network.states(v)))[s] for v, s in zip(evidence, k, strict=True)}
            for k in new
        ]
        known |= dict(zip(new, log_probs(engine, vectors).tolist(), strict=True))
        yield [known[k] for k in keys]


def _clear(below: int, count: int, line: float) -> bool:
    """Tell whether so many of `count` leave no doubt on which side of the line the share is.

    >>> _clear(12, 50, 0.01), _clear(0, 50, 0.01), _clear(0, 600, 0.01)
    (True, False, True)
    """
    if not 0.0 < line < 1.0:
        return False
    fewer = sum(_binomial(k, count, line) for k in range(below + 1))
    more = sum(_binomial(k, count, line) for k in range(below, count + 1))
    return min(fewer, more) < SURE


def _binomial(k: int, count: int, p: float) -> float:
    """Return the probability of `k` of `count`.

    >>> round(_binomial(2, 4, 0.5), 12)
    0.375
    """
    choices = lgamma(count + 1) - lgamma(k + 1) - lgamma(count - k + 1)
    return exp(choices + k * log(p) + (count - k) * log1p(-p))


def surprise(
    engine: "Engine", evidence: Evidence, *, draws: int = 300, seed: int = 0
) -> tuple[float, float]:
    """Return the meter of all `draws` as (percentile, standard error), both in 0 to 1."""
    found = outside_meter(engine, evidence, draws=draws, seed=seed, until_clear=False)
    return found.percentile, found.error
