"""Programs on both backends: the same numbers as enumeration in exact arithmetic, at any size."""

import copy
import json
import pickle
import signal
import threading
import time
from fractions import Fraction
from itertools import product
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fascinet as fn
from fascinet.engine.api.engine import Engine
from fascinet.engine.core import core
from fascinet.engine.program import arrange
from fascinet.model.errors import ImpossibleEvidenceError
from fascinet.model.gates import Table
from fascinet.model.network import Network
from tests.engine.networks import network
from tests.strategies import random_evidence, random_network

CASES = Path(__file__).parents[1] / "data" / "cases" / "packets"
BACKENDS = ["numpy", "core"] if core is not None else ["numpy"]


def extreme(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return rows that sum to one, with entries down to 1e-308 and some zeros."""
    values = rng.random(shape) ** rng.choice([1.0, 1.0, 30.0, 300.0, 700.0], size=shape)
    values = np.maximum(values, 1e-308)
    values[rng.random(shape) < 0.2] = 0.0
    values[..., 0] += values.sum(axis=-1) == 0.0
    return values / values.sum(axis=-1, keepdims=True)


def extreme_network(seed: int) -> Network:
    rng = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(int(rng.integers(2, 7)))]
    cards = {v: int(rng.integers(2, 4)) for v in names}
    above = {
        v: [str(u) for u in rng.choice(names[:i], int(rng.integers(0, min(i, 3) + 1)), False)]
        for i, v in enumerate(names)
    }
    gates = {v: Table(extreme(rng, *(cards[u] for u in above[v]), cards[v])) for v in names}
    return Network({v: [f"s{k}" for k in range(c)] for v, c in cards.items()}, above, gates)


def enumerate_exactly(
    net: Network, hard: dict[str, str]
) -> tuple[Fraction, dict[str, list[Fraction]]]:
    """Return P(e) and the joint of each variable with e, in fractions."""
    names = net.variables
    total = Fraction(0)
    joint = {v: [Fraction(0)] * len(net.states(v)) for v in names}
    tables = {v: net.cpt(v) for v in names}
    for states in product(*(range(len(net.states(v))) for v in names)):
        at = dict(zip(names, states, strict=True))
        if any(net.states(v)[at[v]] != s for v, s in hard.items()):
            continue
        p = Fraction(1)
        for v in names:
            p *= Fraction(float(tables[v][tuple(at[u] for u in net.parents(v)) + (at[v],)]))
        total += p
        for v in names:
            joint[v][at[v]] += p
    return total, joint


def log_of(p: Fraction) -> float:
    shift = p.denominator.bit_length() - p.numerator.bit_length()
    return log(p * 2**shift if shift >= 0 else p / 2**-shift) - shift * log(2.0)


@pytest.mark.parametrize("backend", BACKENDS)
@given(st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_extreme_tables_are_right_to_the_last_digits(backend: str, seed: int) -> None:
    net = extreme_network(seed)
    rng = np.random.default_rng(seed)
    hard = {v: str(rng.choice(net.states(v))) for v in net.variables if rng.random() < 0.4}
    engine = Engine(net, backend=backend)
    total, joint = enumerate_exactly(net, hard)
    if total == 0:
        with pytest.raises(ImpossibleEvidenceError):
            engine.posterior(hard)
        return
    found = engine.posterior(hard)
    assert found.log_prob_evidence == pytest.approx(log_of(total), rel=1e-10, abs=1e-12)
    assert engine.log_prob_evidence(hard) == pytest.approx(log_of(total), rel=1e-10, abs=1e-12)
    for v in net.variables:
        want = [float(x / total) for x in joint[v]]
        assert found.array(v) == pytest.approx(want, abs=1e-9)
    best = engine.mpe(hard)
    assert best.log_prob <= found.log_prob_evidence + 1e-9
    batch, logs = engine.batch_posteriors([(hard, None)] * 9)
    assert logs == pytest.approx([log_of(total)] * 9, rel=1e-10, abs=1e-12)
    assert np.abs(batch - found.flat).max() < 1e-9


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_tiny_roots_are_possible(backend: str) -> None:
    tiny = {v: Table(np.array([1.0 - p, p])) for v, p in (("a", 1e-150), ("b", 1e-200))}
    net = Network({v: ["no", "yes"] for v in tiny}, {}, tiny)
    engine = Engine(net, backend=backend)
    evidence = {"a": "yes", "b": "yes"}
    assert engine.posterior(evidence).log_prob_evidence == pytest.approx(-350 * log(10), rel=1e-12)
    assert engine.mpe(evidence).log_prob == pytest.approx(-350 * log(10), rel=1e-12)
    logs = engine.batch_log_prob([(evidence, None)] * 12)
    assert logs == pytest.approx([-350 * log(10)] * 12, rel=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_thousand_findings_of_one_cause(backend: str) -> None:
    count = 1000
    states = {"cause": ["no", "yes"], **{f"f{i}": ["no", "yes"] for i in range(count)}}
    gates = {"cause": Table(np.array([0.5, 0.5]))}
    gates |= {f"f{i}": Table(np.array([[0.99, 0.01], [0.98, 0.02]])) for i in range(count)}
    net = Network(states, {f"f{i}": ["cause"] for i in range(count)}, gates)
    found = Engine(net, backend=backend).posterior({f"f{i}": "yes" for i in range(count)})
    want = count * log(0.02) + log(0.5)
    assert found.log_prob_evidence == pytest.approx(want, rel=1e-12)
    assert found["cause"]["yes"] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.skipif(core is None, reason="needs the compiled core")
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.2, 0.5]))
@settings(max_examples=80, deadline=None)
def test_both_backends_say_the_same(seed: int, share: float) -> None:
    net = random_network(seed, int(np.random.default_rng(seed).integers(1, 16)))
    query = random_evidence(net, seed + 1, share)
    engines = [Engine(net, backend=b) for b in BACKENDS]
    logs = [e.log_prob_evidence(query.hard, query.soft) for e in engines]
    assert logs[0] == pytest.approx(logs[1], rel=1e-11, abs=1e-11)
    if logs[0] > -np.inf:
        one, two = (e.posterior(query.hard, soft=query.soft).flat for e in engines)
        assert np.abs(one - two).max() < 1e-12


@pytest.mark.skipif(core is None, reason="needs the compiled core")
@pytest.mark.parametrize("number", ["004", "012", "041"])
def test_both_backends_say_the_same_of_published_cases(number: str) -> None:
    packet = CASES / f"sh-{number}.json"
    given = json.loads(fn.diagnose(str(packet), setting="primary_care").to_json())["evidence"]
    engines = [Engine(fn.load(), backend=b) for b in BACKENDS]
    one, two = (e.posterior(given["hard"], soft=given["soft"]) for e in engines)
    assert one.log_prob_evidence == pytest.approx(two.log_prob_evidence, abs=1e-11)
    assert np.abs(one.flat - two.flat).max() < 1e-12


def test_a_used_engine_pickles_and_copies() -> None:
    engine = Engine(network("asia"))
    want = engine.posterior({"smoke": "yes"})
    for other in (pickle.loads(pickle.dumps(engine)), copy.deepcopy(engine)):
        assert np.array_equal(other.posterior({"smoke": "yes"}).flat, want.flat)


def test_answers_do_not_depend_on_what_was_asked_before() -> None:
    net, case = network("insurance"), {"Age": "Adolescent", "MakeModel": "SportsCar"}
    fresh, used = Engine(net), Engine(net)
    used.posterior()
    used.posterior({"Age": "Senior"})
    used.batch_posteriors([({"Age": "Adult"}, None)] * 20)
    assert np.array_equal(fresh.posterior(case).flat, used.posterior(case).flat)


def test_a_query_inside_a_query_disturbs_neither() -> None:
    engine = Engine(network("asia"))
    want = engine.posterior({"smoke": "yes"}).flat.copy()
    inner: list[np.ndarray] = []

    def handler(*_: object) -> None:
        inner.append(engine.posterior({"xray": "yes"}).flat)

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        got = [engine.posterior({"smoke": "yes"}).flat for _ in range(3000)]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert inner and all(np.array_equal(x, want) for x in got)


@pytest.mark.skipif(core is None, reason="needs the compiled core")
def test_a_long_query_is_interrupted_and_the_engine_lives_on() -> None:
    rng = np.random.default_rng(0)
    names = [f"v{i}" for i in range(14)]
    above = {v: names[max(0, i - 12) : i] for i, v in enumerate(names)}
    gates = {v: Table(rng.dirichlet([1.0] * 3, [3] * len(above[v]))) for v in names}
    net = Network({v: ["a", "b", "c"] for v in names}, above, gates)
    engine = Engine(net, backend="core")
    want = engine.posterior().flat.copy()
    main, asking = threading.main_thread().ident, threading.Event()
    assert main is not None

    def interrupt() -> None:
        asking.wait()
        time.sleep(0.05)
        signal.pthread_kill(main, signal.SIGINT)

    other = threading.Thread(target=interrupt)
    other.start()
    # a shell that runs the tests in its background has them ignore interrupts
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            asking.set()
            begin = time.monotonic()
            while time.monotonic() < begin + 120.0:
                engine.posterior({"v13": "a"}, soft={"v0": [0.5, 0.3, 0.2]})
    finally:
        signal.signal(signal.SIGINT, before)
    other.join()
    assert np.array_equal(engine.posterior().flat, want)


@pytest.mark.parametrize("backend", BACKENDS)
@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_joins_and_the_order_of_axes_change_no_number(backend: str, seed: int) -> None:
    net = random_network(seed, 9)
    query = random_evidence(net, seed, 0.2)
    hard, soft = query.hard, query.soft
    if Engine(net, backend=backend).log_prob_evidence(hard, soft) == -np.inf:
        return
    plain = Engine(net, backend=backend).posterior(hard, soft=soft)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrange, "LARGE", 4)
        patch.setattr(arrange, "SMALL", 2)
        joined = Engine(net, backend=backend).posterior(hard, soft=soft)
        leaves = joined.flat
    assert joined.log_prob_evidence == pytest.approx(plain.log_prob_evidence, rel=1e-12, abs=1e-12)
    assert np.abs(leaves - plain.flat).max() < 1e-12
