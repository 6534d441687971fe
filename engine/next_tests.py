"""What to ask or test next: the expected information about the differential.

    gain(f) = Σ_c I(c; f | evidence) = Σ_c [H(c | e) − Σ_s P(f = s | e) H(c | e, f = s)]

in bits, over all causes c, present or not. It needs P(f | e, c) and P(f | e, not c) alone, so one
program serves all candidates: every cause is a soft finding, flat but for the one in question.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.differential import NextTest
from fascinet.engine.engine import Engine
from fascinet.engine.posterior import Posterior
from fascinet.model.case import Case
from fascinet.model.gates import Array

if TYPE_CHECKING:
    from fascinet.engine.reasoner import Reasoner

ASKABLE = frozenset({"finding", "test", "risk"})
QUESTION = 1.0
RELEVANT = 1e-4


def expected_gains(
    reasoner: "Reasoner", engine: Engine, case: Case, posterior: Posterior
) -> tuple[NextTest, ...]:
    """Return every unanswered question and test, most bits per cost first."""
    known = {*case.hard, *case.soft, *case.do}
    names = [v for v in reasoner.network.variables if _askable(reasoner, v) and v not in known]
    open_causes = [
        c for c in reasoner.causes
        if c not in known and RELEVANT < reasoner.present(posterior, c) < 1 - RELEVANT
    ]  # fmt: skip
    gains = information(reasoner, engine, case, posterior, open_causes, names)
    tests = [_entry(reasoner, name, gain) for name, gain in zip(names, gains, strict=True)]
    return tuple(sorted(tests, key=lambda t: (-t.score, -t.expected_gain_bits)))


def _askable(reasoner: "Reasoner", name: str) -> bool:
    meta = reasoner.network.meta.get(name, {})
    return meta.get("kind") in ASKABLE


def _entry(reasoner: "Reasoner", name: str, gain: float) -> NextTest:
    test = reasoner.knowledge.tests.get(name)
    cost = float(test.cost) if test else QUESTION
    label = reasoner.knowledge.variables[name].label
    return NextTest(name, label, gain, cost, gain / cost)


def information(
    reasoner: "Reasoner",
    engine: Engine,
    case: Case,
    posterior: Posterior,
    causes: Sequence[str],
    names: Sequence[str],
) -> list[float]:
    """Return Σ_c I(c; f | e) in bits for each variable f."""
    if not causes or not names:
        return [0.0] * len(names)
    queries = [(case.hard, _with(reasoner, case, causes, cause)) for cause in causes]
    values, _ = engine.batch_posteriors(queries)
    total = np.zeros(len(names))
    for row, cause in zip(values, causes, strict=True):
        p = reasoner.present(posterior, cause)
        for i, name in enumerate(names):
            present = row[engine.layout.slices[name]]
            total[i] += mutual_information(p, present, posterior.array(name))
    return [float(gain) for gain in total]


def _with(
    reasoner: "Reasoner", case: Case, causes: Sequence[str], present: str
) -> Mapping[str, Any]:
    flat = {c: np.ones(len(reasoner.network.states(c))) for c in causes}
    vector = flat[present]
    vector[reasoner.network.state_index(present, reasoner.rules.resting[present])] = 0.0
    return {**case.soft, **flat}


def mutual_information(p: float, present: Array, marginal: Array) -> float:
    """Return I(c; f) in bits from P(c), P(f | c) and P(f).

    >>> round(mutual_information(0.5, np.array([0.0, 1.0]), np.array([0.5, 0.5])), 12)
    1.0
    """
    absent = np.clip((marginal - p * present) / (1.0 - p), 0.0, 1.0)
    bits = p * _divergence(present, marginal) + (1.0 - p) * _divergence(absent, marginal)
    return max(0.0, bits)


def _divergence(p: Array, q: Array) -> float:
    live = (p > 0) & (q > 0)
    return float(np.sum(p[live] * np.log2(p[live] / q[live])))
