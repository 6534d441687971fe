"""Likelihood weighting: within its own error of the exact answer, and reproducible."""

import numpy as np
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.model.errors import ImpossibleEvidenceError, OptionError
from tests.engine.networks import cases, network
from tests.engine.test_numerics import wide_or


@pytest.mark.parametrize("name", ["asia", "child", "alarm"])
def test_estimates_lie_within_their_errors(name: str) -> None:
    engine, case = Engine(network(name)), cases(name)[0]
    exact, rough = engine.posterior(case), engine.approximate(case, samples=20_000)
    assert rough.effective_samples > 100
    for v in network(name).variables:
        off = np.abs(rough[v] - exact.array(v))
        assert (off <= 5 * rough.errors[v] + 2e-3).all(), v
    assert rough.log_prob_evidence == pytest.approx(exact.log_prob_evidence, abs=0.2)


def test_gates_soft_evidence_and_interventions() -> None:
    engine = Engine(wide_or(12, 0.5, 0.01, 0.2))
    soft, do = {"x": [0.3, 0.9]}, {"c1": "yes"}
    exact = engine.posterior({"c0": "no"}, soft=soft, do=do)
    rough = engine.approximate({"c0": "no"}, soft=soft, do=do)
    np.testing.assert_allclose(rough["x"], exact.array("x"), atol=0.02)
    np.testing.assert_allclose(rough["c1"], [0.0, 1.0], atol=1e-12)


def test_same_seed_same_answer_other_seed_another() -> None:
    engine = Engine(network("asia"))
    one, two, other = (engine.approximate(seed=s, samples=500) for s in (1, 1, 2))
    np.testing.assert_array_equal(one["lung"], two["lung"])
    assert one["smoke"].tolist() != other["smoke"].tolist()


def test_bad_requests() -> None:
    engine = Engine(network("asia"))
    with pytest.raises(ImpossibleEvidenceError):
        engine.approximate({"lung": "yes", "either": "no"})
    with pytest.raises(OptionError):
        engine.approximate(samples=0)
