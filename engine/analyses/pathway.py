"""Through what: the mechanisms that carry findings to a cause, and dangers not yet excluded.

A mechanism lies on the way if it is caused by the hypothesis and causes a finding. Its share is
I(M; h | e) beside how far the evidence moved it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from fascinet.engine.analyses.access import Evidence, Soft, batch_marginals, vectors_of
from fascinet.engine.analyses.hypotheses import Hypothesis, differential, is_state, present
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.engine.analyses.value_of_information import gains, joint_pairs

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine


@dataclass(frozen=True, eq=False, repr=False)
class Pathway(Result):
    """The variables between a hypothesis and the findings, those that carry most first.

    Attributes
    ----------
    variables : tuple of str
    prior, posterior : arrays
        P(variable out of its resting state), before and after the evidence.
    bits : array
        I(variable; target | e).
    explains : tuple of tuples of str
        The findings that lie below each.
    """

    hypothesis: Hypothesis
    variables: tuple[str, ...]
    prior: Array
    posterior: Array
    bits: Array
    explains: tuple[tuple[str, ...], ...]

    def columns(self) -> Columns:
        """Return one row a variable on the way."""
        return {
            "variable": list(self.variables),
            "prior": self.prior,
            "posterior": self.posterior,
            "bits": self.bits,
            "explains": [", ".join(x) for x in self.explains],
        }

    def title(self) -> str:
        """Return what lies between which hypothesis and the findings."""
        return f"Mechanisms between {self.hypothesis.name} and the findings"


def pathway(
    engine: "Engine", target: str, state: str, evidence: Evidence, *, soft: Soft | None = None
) -> Pathway:
    """Return the intermediates through which a hypothesis meets the findings."""
    network, graph = engine.network, engine.network.graph
    hypothesis = is_state(network, target, state)
    findings = {*evidence, *(soft or {})}
    below = nx.descendants(graph, network.check(target))
    between = [
        v for v in network.variables
        if v in below and v not in findings and nx.descendants(graph, v) & findings
    ]  # fmt: skip
    vectors = vectors_of(network, evidence, soft)
    marginals = [batch_marginals(engine, [x], between)[0] for x in ({}, vectors)]
    before, after = (
        np.array([float(present(network, v).probability(m[v][0])) for v in between])
        for m in marginals
    )
    pairs = joint_pairs(engine, vectors, (target,), between)
    bits = gains(network, target, [pairs[target, v] for v in between])
    order = np.argsort(-bits, kind="stable")
    explains = [
        tuple(f for f in network.variables if f in findings & nx.descendants(graph, v))
        for v in between
    ]
    return Pathway(
        hypothesis, tuple(between[i] for i in order), frozen(before[order]),
        frozen(after[order]), frozen(bits[order]), tuple(explains[i] for i in order),
    )  # fmt: skip


def not_excluded(
    engine: "Engine", evidence: Evidence, *, soft: Soft | None = None, threshold: float = 0.01
) -> tuple[tuple[str, float], ...]:
    """Return must-not-miss causes that are still above a threshold, most probable first.

    Pass their names as `targets` to `value_of_information` for the tests that exclude them.
    """
    network = engine.network
    names = [h.name for h in differential(network)]
    names = [c for c in names if network.meta.get(c, {}).get("must_not_miss")]
    marginals, _ = batch_marginals(engine, [vectors_of(network, evidence, soft)], names)
    found = [(c, float(present(network, c).probability(marginals[c][0]))) for c in names]
    return tuple(sorted((x for x in found if x[1] > threshold), key=lambda item: -item[1]))
