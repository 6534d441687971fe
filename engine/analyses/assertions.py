"""Evidence assertions: what the network promises, checked on itself.

Monotonicity: a finding that a cause produces should raise that cause. Where it lowers one, the
reason is named: the cause makes the finding less probable (it prevents it), or another cause that
makes it more probable explains it away (van der Gaag, Bodlaender & Feelders 2004,
arXiv:1207.4160).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from fascinet.engine.analyses.access import Evidence, batch_marginals, vectors_of
from fascinet.engine.analyses.hypotheses import causes, present, resting_state
from fascinet.engine.analyses.results import DB_PER_NAT, Array, Columns, Result, frozen

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine


@dataclass(frozen=True, eq=False, repr=False)
class Monotonicity(Result):
    """How each positive finding moves each cause.

    Attributes
    ----------
    finding, state, cause : tuples of str
    weight_db : array
        10 log10 of the likelihood ratio of finding = state for the cause, given the context.
    reason : tuple of str
        "raises", "no bearing", "explained away" or "prevented".
    """

    finding: tuple[str, ...]
    state: tuple[str, ...]
    cause: tuple[str, ...]
    weight_db: Array
    reason: tuple[str, ...]

    def lowering(self) -> "Monotonicity":
        """Return only the pairs in which the finding lowers the cause."""
        keep = [i for i, w in enumerate(self.weight_db) if w < -1e-6]

        def pick(items: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(items[i] for i in keep)

        return Monotonicity(
            pick(self.finding), pick(self.state), pick(self.cause),
            frozen(self.weight_db[keep]), pick(self.reason),
        )  # fmt: skip

    def columns(self) -> Columns:
        """Return one row a finding's state and cause."""
        return {
            "finding": list(self.finding),
            "state": list(self.state),
            "cause": list(self.cause),
            "weight_db": self.weight_db,
            "reason": list(self.reason),
        }


def monotonicity(
    engine: "Engine", findings: Sequence[str] | None = None, context: Evidence | None = None
) -> Monotonicity:
    """Return how every abnormal state of every finding moves every cause, given a context."""
    network = engine.network
    if findings is None:
        kinds = ("finding", "test")
        findings = [v for v in network.variables if network.meta.get(v, {}).get("kind") in kinds]
    names = causes(network)
    base = vectors_of(network, context or {})
    cases = [base]
    labels: list[tuple[str, str]] = []
    for v in findings:
        for i, state in enumerate(network.states(v)):
            if i != resting_state(network, v) and v not in base:
                cases.append(base | {v: np.eye(len(network.states(v)))[i]})
                labels.append((v, state))
    marginals, logs = batch_marginals(engine, cases, names)
    rows: list[tuple[str, str, str, float, str]] = []
    for c in names:
        p = present(network, c).probability(marginals[c])
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = (np.log(p) - np.log1p(-p)) * DB_PER_NAT
        for (v, state), x, log_prob in zip(labels, odds[1:], logs[1:], strict=True):
            if np.isfinite(log_prob) and np.isfinite(x - odds[0]):
                weight = float(x - odds[0])
                rows.append((v, state, c, weight, _reason(engine, c, v, weight)))
    return Monotonicity(
        tuple(r[0] for r in rows), tuple(r[1] for r in rows), tuple(r[2] for r in rows),
        frozen([r[3] for r in rows]), tuple(r[4] for r in rows),
    )  # fmt: skip


def _reason(engine: "Engine", cause: str, finding: str, weight: float) -> str:
    if abs(weight) <= 1e-6:
        return "no bearing"
    if weight > 0:
        return "raises"
    linked = finding in nx.descendants(engine.network.graph, cause)
    return "prevented" if linked else "explained away"
