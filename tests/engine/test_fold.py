"""Absent findings are likelihoods of their parents: same answers, one program for many cases."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fascinet as fn
from fascinet.engine.api.engine import Engine
from fascinet.engine.run.evidence import read_request
from fascinet.engine.tables.fold import Packed
from fascinet.model.errors import ImpossibleEvidenceError
from fascinet.model.gates import NoisyMax, Table
from fascinet.model.network import Network
from tests import oracle
from tests.strategies import distribution

CASE = {
    "setting": "primary_care", "age_group": "40-59", "twitching": "yes", "weakness": "objective",
    "atrophy": "no", "cramps": "yes", "bulbar": "no", "pain": "no", "fatigue": "no",
}  # fmt: skip
ABSENT = ("atrophy", "bulbar", "pain", "fatigue")


def two_layers(seed: int) -> tuple[Network, dict[str, str], dict[str, list[float]]]:
    """Return causes, findings of two to four of them, and evidence, most of it absent."""
    rng = np.random.default_rng(seed)
    causes = [f"c{i}" for i in range(int(rng.integers(2, 6)))]
    findings = [f"f{i}" for i in range(int(rng.integers(1, 5)))]
    cards = {v: int(rng.integers(2, 4)) for v in (*causes, *findings)}
    above = {
        f: [str(c) for c in rng.choice(causes, int(rng.integers(2, len(causes) + 1)), False)]
        for f in findings
    }
    gates = {c: Table(distribution(rng, cards[c])) for c in causes} | {
        f: NoisyMax(
            tuple(distribution(rng, cards[c], cards[f]) for c in above[f]),
            distribution(rng, cards[f]),
        )
        for f in findings
    }
    network = Network({v: [f"s{k}" for k in range(n)] for v, n in cards.items()}, above, gates)
    hard = {f: "s0" if rng.random() < 0.7 else "s1" for f in findings if rng.random() < 0.8}
    if rng.random() < 0.3:
        hard[causes[0]] = "s1"
    return network, hard, {causes[-1]: (rng.random(cards[causes[-1]]) + 0.1).tolist()}


@given(st.integers(0, 2**32 - 1), st.sampled_from(["numpy", "core"]))
@settings(deadline=None, max_examples=60)
def test_folded_answers_are_those_of_enumeration(seed: int, backend: str) -> None:
    network, hard, soft = two_layers(seed)
    engine = Engine(network, backend=backend)
    weight = float(oracle.weigh(network, hard, soft).sum())
    if weight == 0.0:
        with pytest.raises(ImpossibleEvidenceError):
            engine.posterior(hard, soft=soft)
        return
    expected, _ = oracle.posteriors(network, hard, soft)
    found = engine.posterior(hard, soft=soft)
    assert found.log_prob_evidence == pytest.approx(np.log(weight), abs=1e-11)
    for v in network.variables:
        assert list(found[v].values()) == pytest.approx(expected[v].tolist(), abs=1e-12)


def test_the_shipped_network_answers_the_same_folded_and_not() -> None:
    engine = Engine(fn.load(), backend="core")
    solver = engine.solver
    request = read_request(engine.network, CASE, {"tremor": [0.9, 0.2]}, None)
    folded, one = solver.solve(request, None)
    plain, two = solver.solve(request, frozenset(range(len(solver.net.cards))))
    assert one == pytest.approx(two, abs=1e-11)
    assert np.abs(folded - plain).max() < 1e-13


def programs_of(engine: Engine) -> int:
    """Return how many programs an engine keeps."""
    return len(engine.solver._cache)


def test_one_program_serves_all_cases_with_the_same_positive_findings() -> None:
    engine = Engine(fn.load(), backend="core")
    engine.posterior(CASE)
    for gone in ABSENT:
        engine.posterior({v: s for v, s in CASE.items() if v != gone})
    assert programs_of(engine) == 1
    engine.posterior(CASE | {"atrophy": "yes"})
    assert programs_of(engine) == 2


@pytest.mark.parametrize("likelihood", [[0.5, 0.25, 0.1], [0.5, 0.0, 0.2]])
def test_cases_with_an_uncertain_cause_share_a_program_too(likelihood: list[float]) -> None:
    engine = Engine(fn.load(), backend="core")
    for gone in ABSENT:
        case = {v: s for v, s in CASE.items() if v != gone}
        engine.posterior(case, soft={"stress_anxiety": likelihood})
    assert programs_of(engine) == 1


def denied(p: float, count: int) -> tuple[Network, dict[str, str]]:
    """Return two causes, findings that the first leaves absent with chance `p`, all absent."""
    rows = np.array([[1.0, 0.0], [p, 1.0 - p]]), np.array([[1.0, 0.0], [0.5, 0.5]])
    findings = [f"f{i}" for i in range(count)]
    names = ["a", "b", *findings]
    gates = {v: Table(np.array([0.9, 0.1])) for v in ("a", "b")}
    gates |= {f: NoisyMax(rows, np.array([1.0, 0.0])) for f in findings}
    network = Network({v: ["no", "yes"] for v in names}, {f: ["a", "b"] for f in findings}, gates)
    return network, dict.fromkeys(findings, "no")


@pytest.mark.parametrize("backend", ["numpy", "core"])
def test_denials_whose_product_is_no_double_are_possible(backend: str) -> None:
    """A present cause of a hundred findings, each absent with chance 1e-10."""
    network, absent = denied(1e-10, 100)
    found = Engine(network, backend=backend).posterior({**absent, "a": "yes", "b": "no"})
    want = np.log(0.1) + np.log(0.9) + 100 * np.log(1e-10)
    assert found.log_prob_evidence == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "core"])
def test_a_likelihood_times_denials_may_leave_the_range_of_a_double(backend: str) -> None:
    network, absent = denied(1e-10, 12)
    engine = Engine(network, backend=backend)
    sure = engine.posterior(absent, soft={"a": [0.0, 1e-250]})
    assert sure["a"] == {"no": 0.0, "yes": 1.0}
    want = np.log(0.1) + np.log(1e-250) + 12 * np.log(1e-10) + np.log(0.9 + 0.1 * 0.5**12)
    assert sure.log_prob_evidence == pytest.approx(want, rel=1e-12)
    torn = engine.posterior(absent, soft={"a": [1e-300, 1e-180]})  # 1e-300 against 1e-300
    odds = 0.1 * 1e-180 * 1e-10**12 / (0.9 * 1e-300)
    assert torn["a"]["yes"] / torn["a"]["no"] == pytest.approx(odds, rel=1e-9)


def test_packed_likelihoods_read_as_a_mapping() -> None:
    packed = Packed({3: slice(0, 2), 7: slice(2, 5)}, np.arange(5.0))
    assert list(packed) == [3, 7]
    assert len(packed) == 2
    assert packed[7].tolist() == [2.0, 3.0, 4.0]


def test_threads_share_one_engine_of_gates() -> None:
    leave = [v for v in CASE if v != "setting"]
    cases = [{v: s for v, s in CASE.items() if v != gone} for gone in ("", *leave)]
    alone = Engine(fn.load(), backend="core")
    want = [alone.posterior(case).flat for case in cases]
    shared = Engine(fn.load(), backend="core")
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda i: shared.posterior(cases[i % len(cases)]).flat, range(80)))
    assert all(np.array_equal(flat, want[i % len(cases)]) for i, flat in enumerate(got))
