"""A cause that must not be missed keeps its decisive test until it is improbable."""

import numpy as np
import pytest

from fascinet.engine.analyses.must_not_miss import decisive
from fascinet.engine.api.engine import Engine
from fascinet.model.errors import OptionError, UnknownVariableError
from fascinet.model.network import Network
from fascinet.model.shipped import shipped_network
from tests.analyses import networks

CASE = {"twitching": "yes", "weakness": "subjective"}
DEAR = {"test": 1000.0, "wasting": 500.0}


def clinic() -> Network:
    """Return the clinic with the grave cause marked."""
    plain = networks.clinic()
    meta = {v: dict(plain.meta[v]) for v in plain.variables}
    meta["grave"]["must_not_miss"] = True
    return plain.replace(meta=meta)


@pytest.fixture(scope="module", params=["numpy", "core"])
def engine(request) -> Engine:
    return Engine(clinic(), backend=request.param)


def below(engine: Engine, evidence: dict[str, str], name: str, line: float) -> float:
    """Return the probability that the result of a test takes the cause below its line."""
    now, share = engine.posterior(evidence), 0.0
    for state, p in now[name].items():
        if p > 0 and engine.posterior({**evidence, name: state})["trigger_grave"]["yes"] < line:
            share += p
    return share


def test_the_kept_test_is_the_one_most_likely_to_rule_out(engine) -> None:
    found = engine.value_of_information(None, CASE, costs=DEAR, must_not_miss={"grave": 0.003})
    (kept,) = found.kept
    shares = {v: below(engine, CASE, v, 0.003) for v in found.variables}
    assert kept.p_below == pytest.approx(max(shares.values()), abs=1e-12)
    assert shares[kept.test] == pytest.approx(kept.p_below, abs=1e-12)
    assert kept.probability == pytest.approx(engine.posterior(CASE)["trigger_grave"]["yes"])


def test_with_nothing_left_to_ask_nothing_is_kept(engine) -> None:
    found = engine.value_of_information(None, CASE, [], must_not_miss={"grave": 0.003})
    assert found.kept == () and found.variables == () and found.stop


def test_a_dear_test_stays_in_sight_until_the_cause_is_improbable(engine) -> None:
    dear = {v: 1e6 for v in ("test", "wasting")}
    options = {"costs": dear, "must_not_miss": {"grave": 0.003}, "worth": 1.0}
    found = engine.value_of_information(None, CASE, **options)
    (kept,) = found.kept
    assert found.variables[0] != kept.test or len(found.variables) == 1
    assert kept.test in found.suggested(1) and not found.stop
    assert (found.score < 1.0).all()  # but for the grave cause it would be time to stop
    for state in engine.network.states(kept.test):
        evidence = {**CASE, kept.test: state}
        after = engine.value_of_information(None, evidence, **options)
        improbable = engine.posterior(evidence)["trigger_grave"]["yes"] < 0.003
        assert improbable != any(k.cause == "grave" for k in after.kept) or not after.variables
        assert not improbable or after.stop


def test_marked_causes_are_kept_by_default_and_only_as_targets(engine) -> None:
    found = engine.value_of_information(None, {**CASE, "weakness": "objective"})
    assert [k.cause for k in found.kept] == ["grave"]
    assert [k["cause"] for k in found.summary()["must_not_miss"]] == ["grave"]
    assert engine.value_of_information("benign", CASE).kept == ()
    assert Engine(networks.asia()).value_of_information("lung", {"dysp": "yes"}).kept == ()


def test_questions_and_tests_are_told_apart(engine) -> None:
    questions, tests = engine.value_of_information(None, CASE).apart()
    assert set(tests["variable"]) == {"test"} and "wasting" in set(questions["variable"])
    assert (np.diff(questions["bits"]) <= 0).all()


def test_bad_thresholds_are_refused(engine) -> None:
    with pytest.raises(OptionError, match="0 to 1"):
        engine.value_of_information(None, CASE, must_not_miss={"grave": 1.5})
    with pytest.raises(UnknownVariableError, match="gravest"):
        engine.value_of_information(None, CASE, must_not_miss={"gravest": 0.5})


def test_what_says_nothing_is_not_decisive() -> None:
    blind = np.outer([0.8, 0.2], [0.5, 0.5])
    assert decisive("c", 0.01, {"coin": blind}) is None
    assert decisive("c", 0.5, {"any": np.array([[0.7, 0.1], [0.0, 0.2]])}) is None
    sure = np.array([[0.8, 0.0], [0.0, 0.2]])  # zeros: a perfect test
    kept = decisive("c", 0.01, {"coin": blind, "perfect": sure})
    assert kept is not None and kept.test == "perfect" and kept.p_below == pytest.approx(0.8)


def test_als_keeps_its_test_in_the_shipped_network() -> None:
    engine = Engine(shipped_network(), backend="core")
    tests = [v for v in engine.network.variables if engine.network.meta[v].get("kind") == "test"]
    case = {"setting": "primary_care", "age_group": "60+", "twitching": "yes",
            "weakness": "objective", "atrophy": "yes"}  # fmt: skip
    found = engine.value_of_information("als", case, tests)
    (kept,) = found.kept
    assert kept.cause == "als" and kept.test in found.suggested(1)
    young = {"setting": "general", "age_group": "18-39", "twitching": "yes",
             "weakness": "none", "cramps": "no"}  # fmt: skip
    assert engine.posterior(young)["als"]["yes"] < 0.01
    assert engine.value_of_information("als", young, tests).kept == ()
