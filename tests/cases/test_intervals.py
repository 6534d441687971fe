"""Intervals of a diagnosis: joint passes agree with one reverse pass a cause."""

import numpy as np
import pytest

from fascinet.engine.analyses.hypotheses import present
from fascinet.engine.clinic import intervals
from fascinet.engine.clinic.reasoner import shipped_reasoner

FINDINGS = {"weakness": "objective", "atrophy": "yes", "cramps": "yes", "age": 62}


@pytest.mark.parametrize("tables", [intervals.TABLES, 1.0])
def test_joint_passes_agree_with_single_ones(
    tables: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intervals, "TABLES", tables)  # 1.0: four hypotheses a lot
    reasoner = shipped_reasoner()
    case = reasoner.open(reasoner.read(FINDINGS), None, {})
    rivals = [present(reasoner.network, c) for c in reasoner.causes[:10]]
    together = intervals.gradients(reasoner.engine, case, rivals, reasoner.jacobian)
    monkeypatch.setattr(intervals, "_together", lambda *_: None)
    in_turn = intervals.gradients(reasoner.engine, case, rivals, reasoner.jacobian)
    assert together.log_prob_evidence == pytest.approx(in_turn.log_prob_evidence, abs=1e-11)
    np.testing.assert_allclose(together.posterior, in_turn.posterior, atol=1e-12)
    scale = np.abs(in_turn.joint).max(axis=1, keepdims=True)
    np.testing.assert_allclose(together.joint / scale, in_turn.joint / scale, atol=1e-9)
    np.testing.assert_allclose(together.evidence, in_turn.evidence, rtol=1e-9, atol=1e-12)
