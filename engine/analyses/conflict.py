"""Do the findings fit together? Conflict and retraction; `meter` asks how rare the case is.

    conf(e) = ln [ Π_i P(e_i) / P(e) ]

Above zero, the findings are less probable together than if they had nothing to do with each other
(Jensen, Chamberlain, Nordahl & Jensen, UAI 1990, "Analysis in HUGIN of data conflict",
arXiv:1304.1146).
A rare case is no contradiction: a hypothesis h resolves the conflict if conf(e, h) ≤ 0, that is
if ln P(h | e) / P(h) ≥ conf(e).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.access import (
    Evidence,
    Soft,
    batch_marginals,
    require_possible,
    vectors_of,
)
from fascinet.engine.analyses.coalitions import Subsets
from fascinet.engine.analyses.hypotheses import Hypothesis, differential
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.model.arguments import instances_of

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

NAMED = 3  # hypotheses that a title names


@dataclass(frozen=True, eq=False, repr=False)
class Conflict(Result):
    """How well the findings fit together.

    Attributes
    ----------
    conf : float
        conf(e) in nats; above 0 the findings are in conflict.
    findings, states : tuples of str
    prior : array, shape (n,)
        P(f).
    retracted : array, shape (n,)
        P(f | all other findings): fast retraction. Low means that the others did not expect it.
    contribution : array, shape (n,)
        ln P(f) / P(f | others), in nats: what f adds to the conflict.
    resolving : tuple of (name, float)
        Hypotheses h with conf(e, h) ≤ 0, and ln P(h | e) / P(h), largest first: a rare case rather
        than an error. Empty if there is no conflict.
    """

    conf: float
    log_prob_evidence: float
    findings: tuple[str, ...]
    states: tuple[str, ...]
    prior: Array
    retracted: Array
    contribution: Array
    resolving: tuple[tuple[str, float], ...]

    @property
    def warning(self) -> str | None:
        """A sentence if the findings are in conflict and no hypothesis resolves it."""
        if self.conf <= 0.0 or self.resolving:
            return None
        odd = self.findings[int(np.argmax(self.contribution))]
        return (
            f"the findings fit together badly (conflict {self.conf:+.2f}) and no cause explains "
            f"it; the least expected is {odd}"
        )

    def columns(self) -> Columns:
        """Return one row a finding."""
        return {
            "finding": list(self.findings),
            "state": list(self.states),
            "prior": self.prior,
            "retracted": self.retracted,
            "contribution": self.contribution,
        }

    def title(self) -> str:
        """Return the conflict and what resolves it."""
        if self.conf <= 0.0:
            return f"No conflict: conf = {self.conf:+.3f}"
        names = [name for name, _ in self.resolving]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        by = (", ".join(names[:NAMED]) or "nothing") + more
        return f"Conflict: conf = {self.conf:+.3f}, resolved by {by}"

    def summary(self) -> dict[str, Any]:
        """Return the conflict, log P(e) and the resolving hypotheses."""
        return {
            "conflict": self.conf,
            "log_prob_evidence": self.log_prob_evidence,
            "resolving": [{"hypothesis": h, "log_ratio": x} for h, x in self.resolving],
        }


def conflict(
    engine: "Engine",
    evidence: Evidence | None = None,
    *,
    soft: Soft | None = None,
    hypotheses: Sequence[Hypothesis] | None = None,
) -> Conflict:
    """Return how well the findings fit together, and which hypothesis makes sense of them.

    Parameters
    ----------
    engine : Engine
    evidence, soft : mapping
        The findings.
    hypotheses : sequence of Hypothesis, optional
        Candidates for resolving a conflict; default: the differential.

    Raises
    ------
    ImpossibleEvidenceError
        If P(evidence) = 0: an absolute conflict.
    """
    network = engine.network
    vectors = vectors_of(network, evidence or {}, soft)
    total = require_possible(engine, evidence or {}, soft)
    names = tuple(vectors)
    alone = _alone(engine, vectors)
    subsets = Subsets(engine, vectors)
    others = ~np.eye(len(names), dtype=bool)
    rest = subsets.log_probs(others, [{}])[:, 0]
    retracted = total - rest
    conf = float(alone.sum() - total)
    if hypotheses is None:
        rivals = differential(network)
    else:
        rivals = instances_of("hypotheses", hypotheses, Hypothesis)
    resolving = _resolving(engine, vectors, conf, rivals) if conf > 0.0 else ()
    return Conflict(
        conf, total, names, tuple((evidence or {}).get(v, "soft") for v in names),
        frozen(np.exp(alone)), frozen(np.exp(retracted)), frozen(alone - retracted), resolving,
    )  # fmt: skip


def _alone(engine: "Engine", vectors: dict[str, Array]) -> Array:
    """Return ln P(f) of each finding alone, from the marginals without evidence."""
    if not vectors:
        return np.zeros(0)
    marginals, _ = batch_marginals(engine, [{}], list(vectors))
    return np.log(np.array([float(marginals[v][0] @ x) for v, x in vectors.items()]))


def _resolving(
    engine: "Engine",
    vectors: dict[str, Array],
    conf: float,
    rivals: tuple[Hypothesis, ...],
) -> tuple[tuple[str, float], ...]:
    rivals = tuple(h for h in rivals if h.variable not in vectors)
    if not rivals:
        return ()
    names = [h.variable for h in rivals]
    after, _ = batch_marginals(engine, [vectors], names)
    before, _ = batch_marginals(engine, [{}], names)
    with np.errstate(divide="ignore"):
        joint, prior = (
            np.log([float(h.probability(m[h.variable][0])) for h in rivals])
            for m in (after, before)
        )
    gains = joint - prior
    found = [(h.name, float(x)) for h, x in zip(rivals, gains, strict=True) if x >= conf]
    return tuple(sorted(found, key=lambda item: -item[1]))
