"""Pairs, policies, thresholds, joint explanations, monotonicity, words."""

from itertools import product

import numpy as np
import pytest

import fascinet as fn
from fascinet.engine.analyses import explanations
from fascinet.engine.analyses.assertions import monotonicity
from fascinet.engine.analyses.explanations import most_probable_explanations
from fascinet.engine.analyses.policy import best_pairs, best_policy
from fascinet.engine.analyses.thresholds import expected_utility, thresholds
from fascinet.engine.analyses.wording import strength
from fascinet.engine.api.engine import Engine
from fascinet.model.errors import BudgetError, OptionError
from fascinet.model.gates import Function, Table
from fascinet.model.network import Network
from tests.analyses import networks
from tests.oracle import weigh


def joint_information(network, target, pair, evidence):
    table = weigh(network, evidence)
    table = table / table.sum()
    order = [network.variables.index(v) for v in (target, *pair)]
    rest = tuple(i for i in range(table.ndim) if i not in order)
    marginal = np.transpose(table.sum(axis=rest), np.argsort(np.argsort(order)))
    joint = marginal.reshape(marginal.shape[0], -1)
    outer = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    live = joint > 0
    return float((joint[live] * np.log2(joint[live] / outer[live])).sum())


def test_pairs_are_joint_mutual_information() -> None:
    network, evidence = networks.asia(), {"dysp": "yes"}
    found = best_pairs(Engine(network), "lung", evidence)
    for row in found.to_frame().head(10).itertuples():
        want = joint_information(network, "lung", (row.first, row.second), evidence)
        assert row.bits == pytest.approx(want, abs=1e-12)


def parity() -> Network:
    """Return a target that is the parity of two coins: singles say nothing, the pair all."""
    coin = Table(np.array([0.5, 0.5]))
    gates = {"a": coin, "b": coin, "t": Function(np.array([[0, 1], [1, 0]]), 2)}
    return Network({v: networks.NO_YES for v in gates}, {"t": ("a", "b")}, gates)


def test_a_pair_can_tell_what_no_single_test_can() -> None:
    found = best_pairs(Engine(parity()), "t", {}, ["a", "b"])
    assert found.bits[0] == pytest.approx(1.0) and found.synergy[0] == pytest.approx(1.0)


def test_policy_is_no_worse_than_the_best_single_test_and_stops() -> None:
    engine = Engine(networks.asia())
    single = engine.value_of_information("lung", {"dysp": "yes"})
    policy = best_policy(engine, "lung", {"dysp": "yes"}, steps=3, price=0.0)
    assert policy.bits >= single.bits.max() - 1e-12 and policy.test in single.variables
    assert sum(p for p, _ in policy.then.values()) == pytest.approx(1.0)
    assert best_policy(engine, "lung", {"dysp": "yes"}, price=10.0).test is None
    assert str(policy).startswith(policy.test) and policy.to_dict()["test"] == policy.test


@pytest.mark.parametrize(
    ("b", "c", "tp", "fp", "r"), [(1.0, 0.2, 0.9, 0.1, 0.01), (4, 1, 0.7, 0, 0)]
)
def test_thresholds_are_where_expected_utilities_cross(b, c, tp, fp, r) -> None:
    """Pauker & Kassirer 1980 (doi:10.1056/NEJM198005153022003): equal utility at the thresholds."""
    found = thresholds(b, c, tp, fp, r)
    low = expected_utility(found.testing, b, c, tp, fp, r)
    high = expected_utility(found.treatment, b, c, tp, fp, r)
    assert low["test"] == pytest.approx(low["withhold"], abs=1e-12)
    assert high["test"] == pytest.approx(high["treat"])
    for p in np.linspace(0, 1, 41):
        values = expected_utility(p, b, c, tp, fp, r)
        assert values[found.action(p)] == pytest.approx(max(values.values()), abs=1e-12)


def test_thresholds_of_the_1975_rule_and_a_useless_test() -> None:
    """Without a test: treat above 1 / (B/C + 1) (doi:10.1056/NEJM197507312930505)."""
    assert thresholds(3.0, 1.0).without_test == pytest.approx(1 / (3.0 + 1))
    assert not thresholds(1.0, 1.0, 0.5, 0.5, 0.3).test_is_useful
    with pytest.raises(OptionError):
        thresholds(1.0, 1.0, 1.4)


@pytest.mark.parametrize("build", [networks.clinic, networks.wide])
def test_joint_explanations_equal_enumeration(build) -> None:
    network = build()
    evidence = {"twitching": "yes"} if "twitching" in network.index else {"pain": "yes"}
    found = most_probable_explanations(Engine(network), evidence, count=4)
    table = weigh(network, evidence)
    axes = [network.variables.index(v) for v in found.variables]
    marginal = table.sum(axis=tuple(i for i in range(table.ndim) if i not in axes)) / table.sum()
    best = sorted(product(*(range(n) for n in marginal.shape)), key=lambda s: -marginal[s])[:4]
    assert found.exact and found.probability == pytest.approx([marginal[s] for s in best])
    first = tuple(network.states(v)[i] for v, i in zip(found.variables, best[0], strict=True))
    assert found.states[0] == first
    assert found.share <= 1.0 and found.minimal


def test_ties_are_told() -> None:
    b = fn.NetworkBuilder().variable("a").variable("b").variable("c")
    network = b.table("a", 0.5).table("b", 0.2).table("c", 0.5).build()
    found = Engine(network).most_probable_explanations(targets=["a", "b", "c"], count=6)
    assert found.ties == 4
    assert "first 4 are equally likely" in found.title()
    assert Engine(network).most_probable_explanations(targets="b").ties == 1


def test_a_narrow_beam_is_made_good_by_search_or_says_that_it_may_be_wrong(monkeypatch) -> None:
    engine, evidence = Engine(networks.wide()), {"pain": "yes"}
    wide = most_probable_explanations(engine, evidence, count=4)
    found = most_probable_explanations(engine, evidence, count=4, beam=2)
    assert found.exact
    np.testing.assert_allclose(found.probability, wide.probability, rtol=1e-12)

    def refuse(*_: object) -> None:
        raise BudgetError(40, 2**40, 2**27)

    monkeypatch.setattr(explanations, "ranked", refuse)
    assert not most_probable_explanations(engine, evidence, count=4, beam=2).exact


def test_findings_that_lower_a_cause_have_a_reason() -> None:
    found = monotonicity(Engine(networks.clinic()), ["weakness", "wasting"], {"twitching": "yes"})
    frame = found.to_frame()
    grave = frame.query("cause == 'grave' and finding == 'wasting'").iloc[0]
    assert grave["reason"] == "raises" and grave["weight_db"] > 10
    lowered = found.lowering()
    assert {"explained away"} >= {
        r for r, c in zip(lowered.reason, lowered.cause, strict=True) if c == "strain"
    }


@pytest.mark.parametrize("reader", ["student", "clinician"])
def test_every_sentence_is_supported_by_a_figure(reader) -> None:
    network = networks.clinic()
    evidence = {"twitching": "yes", "weakness": "objective", "wasting": "yes", "test": "normal"}
    result = Engine(network).explain("grave", "yes", evidence)
    text = result.in_words(reader, network)
    for i, finding in enumerate(result.findings):
        said = [s for s in text if s.startswith((f"{finding}:", f"{finding} speaks"))]
        said = [s for s in said if "dB" in s or "speaks" in s]
        for s in said:
            assert (" against" in s) == (result.shapley_db[i] < 0)
            assert abs(result.shapley_db[i]) >= 1.0
            if reader == "student":
                assert f" {strength(result.shapley_db[i])} " in s
    strong = [f for f, w in zip(result.findings, result.shapley_db, strict=True) if abs(w) >= 1]
    assert all(any(f in s for s in text) for f in strong)
    rises = "rises to" in text[0] or "weight of evidence +" in text[0]
    assert rises == (result.weight_db.sum() > 0)
    with pytest.raises(OptionError):
        result.in_words("poet")


def test_little_evidence_claims_little() -> None:
    network = networks.clinic()
    text = Engine(network).explain("strain", "acute", {"wasting": "no"}).in_words()
    assert "stays at about" in text[0] and not any("strongly" in s for s in text)
