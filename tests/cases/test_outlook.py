"""The warning outside the model: Markov's bound holds, and a rare cause is no reason for it."""

import numpy as np
import pytest

import fascinet as fn
from fascinet.engine.analyses.simulate import simulate
from fascinet.engine.clinic.outlook import outside
from fascinet.engine.clinic.reasoner import shipped_reasoner

FINDINGS = ("weakness", "cramps", "paraesthesia", "anxiety_symptoms", "sensory_loss_exam")


def test_the_share_of_odd_cases_is_bounded() -> None:
    reasoner = shipped_reasoner()
    ground = {"setting": "primary_care", "twitching": "yes"}
    network, engine = reasoner.network, reasoner.engine
    names = [v for v in FINDINGS if v in network.index]
    prior = engine.posterior(ground)
    column = simulate(network, 20_000, seed=1)
    fits = np.all([column[v] == network.state_index(v, s) for v, s in ground.items()], axis=0)
    assert fits.sum() > 300
    cases = [
        {v: network.states(v)[column[v][i]] for v in names} for i in np.flatnonzero(fits)[:600]
    ]
    logs = engine.batch_log_prob([({**ground, **case}, {}) for case in cases])
    together = logs - prior.log_prob_evidence
    alone = [sum(np.log(prior[v][s]) for v, s in case.items()) for case in cases]
    odd = np.array(alone) - together
    assert np.exp(odd).mean() <= 1.0 + 4 * np.exp(odd).std() / np.sqrt(len(odd))
    for share in (1 / 3, 0.05):
        bound = share + 3 * np.sqrt(share / len(odd))
        assert (odd >= -np.log(share)).mean() <= bound


@pytest.mark.parametrize(
    ("odd", "after", "warns"),
    [(1.0, 0.011, False), (1.2, 0.011, True), (1.2, 0.5, False), (3.1, 0.1, True)],
)
def test_a_cause_that_rises_enough_resolves_the_conflict(
    odd: float, after: float, warns: bool
) -> None:
    assert (outside(odd, {"x": 0.01}, {"x": after}) is not None) == warns


def test_diagnose_carries_the_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    case = {"weakness": "objective", "atrophy": "yes"}
    assert not any("fit together badly" in w for w in fn.diagnose(case).warnings)
    monkeypatch.setattr("fascinet.engine.clinic.reasoner.conflict", lambda *_: 9.0)
    assert any("at most 0.01%" in w for w in fn.diagnose(case).warnings)
