"""Intervals of posteriors from the ranges of the parameters, by the delta method.

Each row of parameters counts once, as the Dirichlet that its cited ranges stand for; see
`fascinet.engine.analyses.uncertainty`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fascinet.engine.analyses import uncertainty
from fascinet.engine.analyses.hypotheses import Hypothesis, present
from fascinet.engine.engine import Engine
from fascinet.engine.posterior import Posterior
from fascinet.model.case import Case

if TYPE_CHECKING:
    from fascinet.engine.reasoner import Reasoner


def cause_intervals(
    reasoner: "Reasoner", engine: Engine, case: Case, posterior: Posterior
) -> Mapping[str, tuple[float, float]]:
    """Return the 95% interval of P(cause present | evidence) for every cause."""
    unknown = [c for c in reasoner.causes if c not in case.hard and c not in case.do]
    hypotheses = [_present(reasoner, c) for c in unknown]
    spans = dict(zip(unknown, delta_intervals(engine, case, hypotheses), strict=True))
    known = {c: reasoner.present(posterior, c) for c in reasoner.causes if c not in spans}
    return spans | {c: (p, p) for c, p in known.items()}


def _present(reasoner: "Reasoner", cause: str) -> Hypothesis:
    return present(reasoner.network, cause)


def delta_intervals(
    engine: Engine, case: Case, hypotheses: list[Hypothesis]
) -> list[tuple[float, float]]:
    """Return the interval of P(h | evidence) for each hypothesis."""
    low, high = uncertainty.delta_intervals(engine, case.hard, hypotheses, soft=case.soft)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
