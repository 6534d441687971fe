"""How good a stated differential is: by what came out, and by what the findings warrant.

Each cause is present or not, y = 1 or 0, and was given a probability q. The causes that were
not found out themselves are scored, as far as it is known whether they are there:

    Brier      Σ (q − y)²                       log score   − Σ log2 (y q + (1 − y)(1 − q))  in bits

Both depend on luck. The exact posterior p tells what they are expected to be, and what of the
expected score is the learner's doing:

    E[Brier] − its least = Σ (q − p)²           E[log] − its least = Σ D(p || q)

with D the Kullback-Leibler divergence in bits. Skill is 1 − Σ (q − p)² / Σ (q0 − p)²: one for
who says what the engine says, zero for who says what was known before any question, q0, and less
for who does worse. A cause that the learner leaves out counts at q0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fascinet.model.gates import Array

EDGE = 0.001
"""A stated 0% or 100% is scored as 0.1% or 99.9%: no learner's log score is infinite."""


@dataclass(frozen=True)
class Scores:
    """Scores of one statement.

    Attributes
    ----------
    brier, log_bits : float or None
        The learner's, lower is better; None where the truth is not known of any open cause.
    engine_brier, engine_log_bits : float or None
        The same of the exact posterior.
    excess_brier, excess_bits : float
        What the statement costs in expectation over the exact posterior; no luck in it.
    skill : float
        1 as the engine, 0 as the base rates; NaN where no question changed anything.
    """

    brier: float | None
    log_bits: float | None
    engine_brier: float | None
    engine_log_bits: float | None
    excess_brier: float
    excess_bits: float
    skill: float


def score(
    stated: Mapping[str, float],
    exact: Mapping[str, float],
    base: Mapping[str, float],
    causes: Sequence[str],
    truth: Mapping[str, bool] | None,
) -> Scores:
    """Return the scores of a statement.

    Parameters
    ----------
    stated : mapping of cause to probability
    exact, base : mapping of cause to probability
        Given all that is known; before any question.
    causes : sequence of str
        Those that are open.
    truth : mapping of cause to bool, optional
        Of those of which it is known; Brier and log score are of them.

    Examples
    --------
    >>> found = score({"a": 0.5}, {"a": 0.9}, {"a": 0.5}, ["a"], {"a": True})
    >>> found.brier, round(found.excess_brier, 2), found.skill
    (0.25, 0.16, 0.0)
    """
    p, q0 = (np.array([x[c] for c in causes], dtype=float) for x in (exact, base))
    q = np.array([stated.get(c, base[c]) for c in causes], dtype=float)
    came = truth or {}
    is_known = np.array([c in came for c in causes], dtype=bool)
    y = np.array([came[c] for c in causes if c in came], dtype=float)
    lost, gap = float(((q - p) ** 2).sum()), float(((q0 - p) ** 2).sum())
    return Scores(
        *_outcome(q[is_known], y), *_outcome(p[is_known], y), lost, float(divergence(p, q).sum()),
        1.0 - lost / gap if gap > 0.0 else float("nan"),
    )  # fmt: skip


def divergence(p: Array, q: Array) -> Array:
    """Return D(p || q) of yes or no in bits, q kept within `EDGE`."""
    held = np.clip(q, EDGE, 1.0 - EDGE)
    out = np.zeros_like(held)
    for a, b in ((p, held), (1.0 - p, 1.0 - held)):
        out += np.where(a > 0.0, a * np.log2(np.where(a > 0.0, a, 1.0) / b), 0.0)
    return np.maximum(out, 0.0)


def _outcome(q: Array, y: Array) -> tuple[float | None, float | None]:
    """Return Brier and log score by what came out; None where nothing is known of it."""
    if not y.size:
        return None, None
    held = np.clip(q, EDGE, 1.0 - EDGE)
    log = float(-np.log2(np.where(y > 0.0, held, 1.0 - held)).sum())
    return float(((q - y) ** 2).sum()), log
