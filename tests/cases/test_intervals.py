"""Gradients of a diagnosis: of all causes in one call, of one alone, and without the core."""

import numpy as np
import pytest

from fascinet.engine.analyses.covariation import slopes
from fascinet.engine.analyses.hypotheses import present
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic import intervals
from fascinet.engine.clinic.reasoner import shipped_reasoner

FINDINGS = {"weakness": "objective", "atrophy": "yes", "cramps": "yes", "age": 62}


def test_gradients_agree_however_they_are_asked() -> None:
    reasoner = shipped_reasoner()
    case = reasoner.open(reasoner.read(FINDINGS), None, {})
    rivals = [present(reasoner.network, c) for c in reasoner.causes[:10]]
    together = intervals.gradients(reasoner.engine, case, rivals)
    scale = np.abs(together.joint).max(axis=1, keepdims=True)
    slow = intervals.gradients(Engine(reasoner.network, backend="numpy"), case, rivals)
    alone = [intervals.gradients(reasoner.engine, case, [h]) for h in rivals[:3]]
    assert slow.log_prob_evidence == pytest.approx(together.log_prob_evidence, abs=1e-11)
    np.testing.assert_allclose(together.posterior, slow.posterior, atol=1e-12)
    np.testing.assert_allclose(together.joint / scale, slow.joint / scale, atol=1e-9)
    np.testing.assert_allclose(together.evidence, slow.evidence, rtol=1e-9, atol=1e-12)
    figures = parameters_of(reasoner.network)
    for k, one in enumerate(alone):  # a part without bearing may add one number to a whole row
        pair = [
            slopes(x / scale[k], figures.values, figures.row)
            for x in (one.joint[0], together.joint[k])
        ]
        np.testing.assert_allclose(*pair, atol=1e-9)
