"""Weights of evidence and Shapley values against enumeration."""

import math
from itertools import permutations

import numpy as np
import pytest

from fascinet.engine.analyses import shapley
from fascinet.engine.analyses.explain import contrast
from fascinet.engine.analyses.hypotheses import is_state
from fascinet.engine.api.engine import Engine
from fascinet.model.errors import EvidenceError, ImpossibleEvidenceError
from tests.analyses import networks
from tests.oracle import posteriors

CASES = [
    (networks.asia, "lung", "yes", {"xray": "yes", "dysp": "yes", "smoke": "no", "asia": "yes"}),
    (networks.clinic, "grave", "yes", {"twitching": "yes", "weakness": "objective", "test": "odd"}),
]


def odds(network, variable, state, evidence):
    marginal, _ = posteriors(network, evidence)
    p = marginal[variable][network.states(variable).index(state)]
    return p / (1.0 - p)


@pytest.mark.parametrize(("build", "target", "state", "evidence"), CASES)
def test_weights_equal_enumerated_likelihood_ratios(build, target, state, evidence) -> None:
    network = build()
    result = Engine(network).explain(target, state, evidence)
    names = list(evidence)
    for i, f in enumerate(names):
        before = {v: evidence[v] for v in names[:i]}
        others = {v: evidence[v] for v in names if v != f}
        now = odds(network, target, state, before | {f: evidence[f]})
        step = 10 * math.log10(now / odds(network, target, state, before))
        assert result.weight_db[i] == pytest.approx(step)
        alone = odds(network, target, state, {f: evidence[f]}) / odds(network, target, state, {})
        assert result.textbook_lr[i] == pytest.approx(alone)
        context = odds(network, target, state, evidence) / odds(network, target, state, others)
        assert result.in_context_lr[i] == pytest.approx(context)


@pytest.mark.parametrize(("build", "target", "state", "evidence"), CASES)
def test_shapley_is_the_mean_over_all_orders(build, target, state, evidence) -> None:
    network = build()
    result = Engine(network).explain(target, state, evidence)
    total = dict.fromkeys(evidence, 0.0)
    orders = list(permutations(evidence))
    for order in orders:
        known: dict[str, str] = {}
        for f in order:
            before = odds(network, target, state, known)
            known[f] = evidence[f]
            total[f] += 10 * math.log10(odds(network, target, state, known) / before)
    want = [total[f] / len(orders) for f in evidence]
    assert result.shapley_db == pytest.approx(want)
    assert result.exact and result.shapley_db.sum() == pytest.approx(result.weight_db.sum())


def test_sampled_shapley_stays_within_its_error() -> None:
    rng = np.random.default_rng(5)
    table = rng.normal(size=2**6)

    def worth(masks: np.ndarray) -> np.ndarray:
        return table[masks @ (1 << np.arange(6))]

    exact, drawn = shapley.exact(worth, 6), shapley.sampled(worth, 6, 200, seed=1)
    assert np.all(np.abs(exact.values - drawn.values) <= 4.5 * drawn.error + 1e-12)
    assert drawn.values.sum() == pytest.approx(table[-1] - table[0])


def test_certain_and_impossible_hypotheses_have_capped_weights() -> None:
    result = Engine(networks.asia()).explain("either", "yes", {"lung": "yes", "xray": "no"})
    assert np.isfinite(result.weight_db).all() and result.posterior == pytest.approx(1.0)
    with pytest.raises(EvidenceError, match="lung"):
        Engine(networks.asia()).explain("lung", "yes", {"lung": "yes"})
    with pytest.raises(ImpossibleEvidenceError):
        Engine(networks.asia()).explain("bronc", "yes", {"lung": "yes", "either": "no"})


def test_contrast_adds_up_to_the_ratio_of_posteriors() -> None:
    network, engine = networks.clinic(), Engine(networks.clinic())
    evidence = {"twitching": "yes", "weakness": "subjective"}
    grave, benign = is_state(network, "grave", "yes"), is_state(network, "benign", "yes")
    found = contrast(engine, grave, benign, evidence)
    p, _ = posteriors(network, evidence)
    prior, _ = posteriors(network, {})
    assert found.balance_db == pytest.approx(10 * math.log10(p["grave"][1] / p["benign"][1]))
    start = 10 * math.log10(prior["grave"][1] / prior["benign"][1])
    assert found.weight_db.sum() == pytest.approx(found.balance_db - start)


def test_result_reads_well() -> None:
    result = Engine(networks.asia()).explain("lung", "yes", {"xray": "yes"})
    assert list(result.to_frame()) == [
        "finding", "state", "weight_db", "shapley_db", "textbook_lr", "in_context_lr",
    ]  # fmt: skip
    assert "lung=yes" in repr(result) and "<table" in result._repr_html_()
    assert '"rows"' in result.to_json()
