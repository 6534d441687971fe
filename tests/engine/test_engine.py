"""The engine's promises: names, errors, plans, threads, determinism, laziness."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.engine.tables.pattern import Pattern
from fascinet.model.errors import (
    EvidenceError,
    OptionError,
    UnknownStateError,
    UnknownVariableError,
)
from tests.engine.networks import cases, network
from tests.strategies import random_evidence, random_network


def test_posterior_reads_by_name() -> None:
    p = Engine(network("asia")).posterior({"dysp": "yes"})
    assert p["dysp"]["yes"] == 1.0
    assert set(p["lung"]) == {"yes", "no"}
    assert sum(p["lung"].values()) == pytest.approx(1.0)
    assert p.array("lung")[0] == p["lung"]["yes"] == p.prob("lung", "yes")
    assert len(p) == 8 and list(p) == list(network("asia").variables)
    assert p.prior["lung"]["yes"] < p["lung"]["yes"]
    frame = p.to_frame()
    assert list(frame.columns) == ["variable", "state", "prior", "posterior"]
    assert len(frame) == 16 and isinstance(frame, pd.DataFrame)
    assert '"log_prob_evidence"' in p.to_json()
    assert "8 variables" in repr(p)


@pytest.mark.parametrize("name", ["asia", "pigs"])
@pytest.mark.parametrize("backend", ["numpy", "core"])
def test_no_evidence_is_worked_once(name: str, backend: str) -> None:
    engine = Engine(network(name), backend=backend)
    first = engine.posterior()
    np.testing.assert_allclose(engine.prior().flat, first.flat, atol=1e-14)
    for other in (engine.posterior({}), engine.posterior({}, soft={}, do={})):
        np.testing.assert_array_equal(other.flat, first.flat)
        assert other.log_prob_evidence == pytest.approx(0.0, abs=1e-12)
    if name == "pigs":
        assert engine.prior() is first


def test_results_are_frozen() -> None:
    p = Engine(network("asia"), backend="core").posterior()
    with pytest.raises(AttributeError):
        p.log_prob_evidence = 0.0  # type: ignore[misc]  # frozen: that it fails is the point
    with pytest.raises(ValueError):
        p.array("lung")[0] = 0.5


def test_certain_evidence_has_log_probability_zero() -> None:
    assert Engine(network("asia")).posterior().log_prob_evidence == 0.0


def test_soft_evidence_by_mapping_and_by_sequence() -> None:
    engine = Engine(network("asia"))
    one = engine.posterior({}, soft={"xray": {"yes": 0.9, "no": 0.2}})
    two = engine.posterior({}, soft={"xray": [0.9, 0.2]})
    np.testing.assert_array_equal(one.flat, two.flat)
    hard = engine.posterior({"xray": "yes"})
    np.testing.assert_allclose(
        engine.posterior({}, soft={"xray": [1.0, 0.0]}).flat, hard.flat, atol=1e-15
    )


@pytest.mark.parametrize("backend", ["numpy", "core"])
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"evidence": {"smok": "yes"}}, UnknownVariableError),
        ({"evidence": {"smoke": "maybe"}}, UnknownStateError),
        ({"evidence": {"smoke": 1}}, UnknownStateError),
        ({"evidence": {"smoke": None}}, UnknownStateError),
        ({"soft": {"smoke": [0.5]}}, EvidenceError),
        ({"soft": {"smoke": [0.0, 0.0]}}, EvidenceError),
        ({"soft": {"smoke": [-1.0, 1.0]}}, EvidenceError),
        ({"soft": {"smoke": [float("nan"), 1.0]}}, EvidenceError),
        ({"soft": {"smoke": {"yes": 1.0}}}, EvidenceError),
        ({"soft": {"smoke": {"yes": 1.0, "maybe": 1.0}}}, UnknownStateError),
        ({"evidence": {"smoke": "yes"}, "soft": {"smoke": [1, 1]}}, EvidenceError),
        ({"evidence": {"smoke": "yes"}, "do": {"smoke": "yes"}}, EvidenceError),
        ({"do": {"smoke": "yes"}, "soft": {"smoke": [1, 1]}}, EvidenceError),
        ({"targets": ["lungs"]}, UnknownVariableError),
    ],
)
def test_bad_requests_are_named(backend: str, arguments: dict, error: type) -> None:
    with pytest.raises(error, match="smok|lung"):
        Engine(network("asia"), backend=backend).posterior(**arguments)


def test_an_answer_holds_what_was_asked_and_nothing_else() -> None:
    p = Engine(network("asia")).posterior({"dysp": "yes"}, targets=["lung"])
    assert list(p) == ["lung"]
    assert set(p.to_frame()["variable"]) == {"lung"}
    for ask in (lambda: p["smoke"], lambda: p.array("smoke"), lambda: p.prob("smoke", "yes")):
        with pytest.raises(OptionError, match="unknown target 'smoke'"):
            ask()


def test_a_state_that_is_unknown_is_a_key_error_with_a_hint() -> None:
    p = Engine(network("asia")).posterior({"dysp": "yes"})
    with pytest.raises(KeyError, match="did you mean 'yes'"):
        p["lung"]["yess"]
    assert p["lung"][True] == p["lung"]["yes"]  # type: ignore[index]
    assert p.get("lungs") is None


def test_unknown_backend() -> None:
    with pytest.raises(OptionError, match="cupy"):
        Engine(network("asia"), backend="cupy")


def test_plan_is_printable() -> None:
    plan = Engine(network("alarm")).plan(cases("alarm")[0])
    assert "free variables" in str(plan) and plan.entries < 1000


@pytest.mark.parametrize("name", ["alarm", "pigs"])
def test_thirty_two_threads_share_one_engine(name: str) -> None:
    engine = Engine(network(name), backend="core")
    given = cases(name)
    want = [Engine(network(name), backend="core").posterior(c).flat for c in given]

    def work(i: int) -> bool:
        k = i % len(given)
        return np.array_equal(engine.posterior(given[k]).flat, want[k])

    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(work, range(320)))


def test_same_bits_on_each_run() -> None:
    code = (
        "from tests.engine.networks import *; from fascinet.engine.api.engine import Engine;"
        "e = Engine(network('insurance'), backend='core');"
        "print(hash(e.posterior(cases('insurance')[0]).flat.tobytes().hex()))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True,
            env={"PYTHONHASHSEED": "0", "PYTHONPATH": "."},
        ).stdout
        for _ in range(2)
    }  # fmt: skip
    assert len(runs) == 1


def test_first_query_imports_little() -> None:
    code = (
        "import sys; from tests.engine.networks import *;"
        "from fascinet.engine.api.engine import Engine;"
        "Engine(network('alarm')).posterior(cases('alarm')[0]);"
        "sys.exit('scipy' in sys.modules or 'pgmpy' in sys.modules or 'pandas' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "."})


def test_cache_drops_the_least_recently_used() -> None:
    engine = Engine(network("insurance"), backend="numpy")
    engine.solver._cache.most = 2
    for case in cases("insurance")[:4]:
        engine.posterior(case)
    assert len(engine.solver._cache) == 2
    kept = engine.solver._cache.get(Pattern())
    assert kept is None


@pytest.mark.parametrize("seed", range(8))
def test_sixty_variables_agree_across_backends(seed: int) -> None:
    net = random_network(seed, 60, parents=3, states=3)
    hard = random_evidence(net, seed, 0.15).hard
    engines = [Engine(net, backend=b) for b in ("numpy", "core")]
    logs = [e.log_prob_evidence(hard) for e in engines]
    assert logs[0] == pytest.approx(logs[1], rel=1e-11)
    if logs[0] > -np.inf:
        one, two = (e.posterior(hard).flat for e in engines)
        np.testing.assert_allclose(one, two, atol=1e-12)
