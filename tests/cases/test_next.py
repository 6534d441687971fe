"""Expected gains against one posterior for each outcome of each test."""

from collections.abc import Sequence

import numpy as np
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic.lanes import open_lanes
from fascinet.engine.clinic.next_tests import exact_gain, expected_gains
from fascinet.engine.clinic.reasoner import Reasoner, shipped_reasoner
from fascinet.model.case import Case

CASES = [
    {"weakness": "objective", "atrophy": "yes", "cramps": "yes"},
    {"eyelid_twitch": "yes", "twitch_duration": "days", "age_group": "18-39"},
    {"serum_ca": "low", "cramps": "yes"},
]


@pytest.fixture(scope="module")
def reasoner() -> Reasoner:
    return shipped_reasoner()


def slow_gain(
    reasoner: Reasoner, engine: Engine, case: Case, causes: Sequence[str], name: str
) -> float:
    """H(causes | e) − Σ_s P(s | e) H(causes | e, s), each posterior asked for by itself."""

    def bits(evidence: dict[str, str]) -> float:
        found = engine.posterior(evidence, targets=causes)
        p = np.array([reasoner.present(found, c) for c in causes])
        return float(sum(-x * np.log2(x) for q in (p, 1 - p) for x in q if x > 0))

    base = engine.log_prob_evidence(case.hard)
    gain = bits(dict(case.hard))
    for state in engine.network.states(name):
        with_state = {**case.hard, name: state}
        log_prob = engine.log_prob_evidence(with_state)
        if log_prob > -np.inf:
            gain -= np.exp(log_prob - base) * bits(with_state)
    return gain


@pytest.mark.parametrize("findings", CASES)
@pytest.mark.parametrize(
    "name", ["weakness", "emg", "ncs", "serum_k", "mri", "bulbar", "twitch_increasing", "diabetes"]
)
def test_gain_is_the_expected_fall_of_entropy(
    reasoner: Reasoner, findings: dict[str, str], name: str
) -> None:
    case = reasoner.open(reasoner.read(findings), None, {})
    if name in case.hard:
        pytest.skip("already known")
    engine, resting = reasoner.engine, reasoner.rules.resting
    lanes = open_lanes(engine, case, reasoner.askable, resting, reasoner.targets)
    posterior = lanes.run()
    assert posterior is not None
    causes = [c for c in reasoner.causes if c not in case.hard]
    got = exact_gain(lanes, posterior, causes, name)
    assert got == pytest.approx(slow_gain(reasoner, engine, case, causes, name), abs=1e-9)


def test_the_screen_keeps_what_is_best(reasoner: Reasoner) -> None:
    case = reasoner.open(reasoner.read(CASES[0]), None, {})
    lanes = open_lanes(
        reasoner.engine, case, reasoner.askable, reasoner.rules.resting, reasoner.targets
    )
    posterior = lanes.run()
    assert posterior is not None
    everything = expected_gains(reasoner, lanes, posterior, None)
    shown = expected_gains(reasoner, lanes, posterior, 10)
    assert (shown[0].finding, shown[0].score) == (everything[0].finding, everything[0].score)
    best = {t.finding for t in everything[:5]}
    assert best <= {t.finding for t in shown}
    assert not {t.finding for t in everything} & set(case.hard)
