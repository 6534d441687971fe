"""The direct way for hard evidence on networks with gates, against the long way and enumeration."""

import copy
import gc
import pickle
import tracemalloc
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest import mock
from weakref import ref

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fascinet.engine import direct, native
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.engine.engine import Engine
from fascinet.engine.posterior import Posterior
from fascinet.engine.request import read_request
from fascinet.model.errors import (
    BudgetError,
    FascinetError,
    ImpossibleEvidenceError,
    UnknownStateError,
    UnknownVariableError,
)
from fascinet.model.gates import Array, NoisyMax, Table
from fascinet.model.network import Network
from fascinet.model.shipped import shipped_network
from tests import oracle
from tests.strategies import distribution, random_evidence, random_network

PACKETS = Path(__file__).parents[1] / "data" / "cases" / "packets"
CASE = {"twitching": "yes", "weakness": "objective", "atrophy": "no", "cramps": "yes", "pain": "no"}
LEAF = "fatigue"  # waits, where it is not observed
SEEDS = st.integers(0, 2**32 - 1)


class Name(str):
    """A string that is not exactly one."""


@cache
def published() -> list[dict[str, str]]:
    """Return the hard findings of the published cases."""
    reasoner = shipped_reasoner()
    read = (reasoner.open(reasoner.read(f), "primary_care", {}) for f in sorted(PACKETS.glob("*")))
    return [dict(case.hard) for case in read]


@pytest.fixture(scope="module")
def engine() -> Engine:
    engine = Engine(shipped_network(), backend="numba")
    engine.posterior()  # settles which way is taken
    return engine


def long_way(engine: Engine, hard: Mapping[str, str]) -> tuple[Array, float]:
    """Return posteriors and ln P(e) as any evidence gets them."""
    return engine.solver.solve(read_request(engine.network, hard, None, None), None)


def straight(engine: Engine, hard: Any) -> Posterior:
    """Return what the direct way answers."""
    found = engine._quick(hard)
    assert found is not None
    return found


def told(call: Any) -> tuple[type[Exception], str]:
    """Return the error of a call."""
    with pytest.raises((FascinetError, TypeError, AttributeError)) as caught:
        call()
    return caught.type, str(caught.value)


# -------------------------------------------------------------------- same numbers


def test_the_published_cases_have_the_bits_of_the_long_way(engine: Engine) -> None:
    assert len(published()) > 40
    for hard in published():
        found, (values, log_prob) = straight(engine, hard), long_way(engine, hard)
        assert found.log_prob_evidence == log_prob
        np.testing.assert_array_equal(found.flat, values)


@given(SEEDS, st.integers(2, 9), st.sampled_from([0.0, 0.3, 0.7]))
@settings(deadline=None)
def test_the_direct_way_is_the_enumeration(seed: int, size: int, share: float) -> None:
    net = random_network(seed, size)
    hard = random_evidence(net, seed + 1, share).hard
    engine = Engine(net, backend="numba")
    total = float(oracle.weigh(net, hard).sum())
    if total == 0.0:
        with pytest.raises(ImpossibleEvidenceError):
            engine.posterior(hard)
        return
    want, _ = oracle.posteriors(net, hard)
    found = engine.posterior(hard)
    assert found.log_prob_evidence == pytest.approx(np.log(total), rel=1e-10, abs=1e-12)
    for v in reversed(net.variables):
        assert list(found[v].values()) == pytest.approx(want[v].tolist(), abs=1e-12)
        np.testing.assert_array_equal(found.array(v)[want[v] == 0.0], 0.0)


@given(SEEDS, st.sampled_from([0.0, 0.3, 0.7]))
@example(445, 0.3).via("an operand was read where nothing is written")
@settings(deadline=None)
def test_what_lay_in_the_work_space_does_not_matter(seed: int, share: float) -> None:
    net = random_network(seed, 2 + seed % 8)
    engine, hard = Engine(net, backend="numba"), random_evidence(net, seed + 1, share).hard
    request, found = read_request(net, hard, None, None), list[tuple[Array, float]]()
    for junk in (0.3, 1e300, 1e-300, np.nan):
        for name in ("work", "sent"):
            native.scratch(1, name).fill(junk)
        found.append(engine.solver.solve(request, None))
    for values, log_prob in found[1:]:
        np.testing.assert_array_equal(values, found[0][0])
        assert log_prob == found[0][1]


def two_layers(seed: int) -> Network:
    """Return causes, some with a parent, and findings of two or more of them."""
    rng = np.random.default_rng(seed)
    causes = [f"c{i}" for i in range(int(rng.integers(2, 5)))]
    leaves = [f"f{i}" for i in range(int(rng.integers(1, 40)))]
    cards = {v: int(rng.integers(2, 4)) for v in (*causes, *leaves)}
    above = {f: [str(c) for c in rng.choice(causes, 2, False)] for f in leaves}
    gates: dict[str, Any] = {c: Table(distribution(rng, cards[c])) for c in causes}
    for f, us in above.items():
        links = tuple(distribution(rng, cards[u], cards[f]) for u in us)
        gates[f] = NoisyMax(links, distribution(rng, cards[f]))
    return Network({v: [f"s{k}" for k in range(n)] for v, n in cards.items()}, above, gates)


@given(SEEDS, st.sampled_from([0.0, 0.3, 0.9]))
@settings(deadline=None)
def test_absent_leaves_are_folded_as_the_long_way_folds_them(seed: int, share: float) -> None:
    net = two_layers(seed)
    engine, hard = Engine(net, backend="numba"), random_evidence(net, seed + 1, share).hard
    engine.posterior()
    found, (values, log_prob) = engine._quick(hard), long_way(engine, hard)
    if log_prob == -np.inf:
        assert found is None
        return
    if found is None:  # no leaf with two free parents is left, or numbers out of range
        found = engine.posterior(hard)
    assert found.log_prob_evidence == log_prob
    np.testing.assert_array_equal(found.flat, values)


# -------------------------------------------------------------------- names and errors


@pytest.mark.parametrize(
    "hard",
    [
        {"wekness": "objective"}, {"weakness": "objectve"}, {"weakness": None}, {3: "yes"},
        {"weakness": 1}, {("weakness",): "objective"}, {"weakness": ["objective"]},
        {"weakness": "objective", "pain": ""}, [("weakness", "objective")], "weakness", 3,
    ],
)  # fmt: skip
def test_errors_are_those_of_the_long_way(engine: Engine, hard: Any) -> None:
    slow = Engine(engine.network, backend="numpy")
    assert told(lambda: engine.posterior(hard)) == told(lambda: slow.posterior(hard))


@pytest.mark.parametrize(
    "hard",
    [
        {Name(v): s for v, s in CASE.items()}, {v: Name(s) for v, s in CASE.items()},
        {np.str_(v): np.str_(s) for v, s in CASE.items()}, MappingProxyType(CASE),
        {v: "".join(s) for v, s in CASE.items()},
    ],
)  # fmt: skip
def test_names_may_be_of_any_kind(engine: Engine, hard: Any) -> None:
    found, want = engine.posterior(hard), engine.posterior(CASE)
    assert np.array_equal(found.flat, want.flat)
    assert found.evidence == CASE


def test_no_evidence_is_the_prior(engine: Engine) -> None:
    assert engine.posterior().log_prob_evidence == pytest.approx(0.0, abs=1e-12)
    for none in ({}, None, MappingProxyType({})):
        assert np.array_equal(engine.posterior(none).flat, engine.prior().flat)


def test_what_cannot_be_raises_at_once() -> None:
    gate = NoisyMax((np.array([[1.0, 0.0], [0.5, 0.5]]),) * 2, np.array([1.0, 0.0]))
    free = NoisyMax((np.array([[0.9, 0.1], [0.5, 0.5]]),) * 2, np.array([0.9, 0.1]))
    coin = Table(np.array([0.5, 0.5]))
    names = {v: ("no", "yes") for v in "abxy"}
    gates = {"a": coin, "b": coin, "x": gate, "y": free}
    engine = Engine(Network(names, {"x": ["a", "b"], "y": ["a", "b"]}, gates), backend="numba")
    assert straight(engine, {"x": "no"}) is not None
    hard = {"x": "yes", "a": "no", "b": "no"}
    assert engine._quick(hard) is None
    with pytest.raises(ImpossibleEvidenceError):
        engine.posterior(hard)
    assert engine.posterior({"a": "no", "b": "no"})["x"]["yes"] == 0.0


def test_too_large_a_plan_raises_at_once() -> None:
    engine = Engine(shipped_network(), backend="numba", budget=100)
    with pytest.raises(BudgetError):
        engine.posterior({"weakness": "objective"})
    engine.solver.budget = 2**27
    assert straight(engine, {"weakness": "objective"})["weakness"]["objective"] == 1.0


def test_networks_of_strange_names_take_the_long_way() -> None:
    net = two_layers(5)
    states = {Name(v): net.states(v) for v in net.variables}
    above = {v: net.parents(v) for v in net.variables}
    engine = Engine(Network(states, above, {v: net.gate(v) for v in states}), backend="numba")
    found = engine.posterior({"f0": "s0"})
    assert engine._quick({"f0": "s0"}) is None
    want = Engine(net, backend="numba").posterior({"f0": "s0"})
    np.testing.assert_array_equal(found.flat, want.flat)


def test_other_interpreters_take_the_long_way() -> None:
    with mock.patch.object(direct, "objects_as_expected", lambda: False):
        engine = Engine(shipped_network(), backend="numba")
        found = engine.posterior(CASE)
        assert engine._quick(CASE) is None
    assert np.array_equal(found.flat, long_way(engine, CASE)[0])


# -------------------------------------------------------------------- what waits until it is read


def test_leaves_wait_and_the_rest_does_not(engine: Engine) -> None:
    found = straight(engine, CASE)
    with mock.patch.object(direct, "ask_leaves") as asked:
        assert 0.0 < found["als"]["yes"] < 1.0 and found["pain"]["no"] == 1.0
        assert found.array("als").sum() == pytest.approx(1.0)
        assert found.log_prob_evidence < 0.0 and len(found) == 209
        asked.assert_not_called()
    assert 0.0 < found[LEAF]["yes"] < 1.0


def test_targets_leave_nothing_to_be_read_later(engine: Engine) -> None:
    with mock.patch.object(direct, "ask_leaves") as asked:
        found = engine.posterior(CASE, targets=["als"])
        assert np.isnan(found.array(LEAF)).all() and found["als"]["yes"] > 0.0
        asked.assert_not_called()


def test_targets_are_answered_as_by_a_program_of_their_own(engine: Engine) -> None:
    index, layout = engine.network.index, engine.layout
    for hard in published()[::3]:
        for targets in (("als",), ("als", "ms", LEAF), ("weakness", "als")):
            found = engine.posterior(hard, targets=targets)
            wanted = frozenset(index[v] for v in targets)
            values, log_prob = engine.solver.solve(
                read_request(engine.network, hard, None, None), wanted
            )
            assert found.log_prob_evidence == pytest.approx(log_prob, rel=1e-10)
            assert found.targets == targets == tuple(found)
            for v in targets:
                np.testing.assert_allclose(found.array(v), values[layout.slices[v]], atol=1e-12)
        found = engine.posterior(hard, targets=["als"])
        told = {v for v in engine.network.variables if not np.isnan(found.array(v)).any()}
        assert told == {"als", *hard}


def test_targets_that_need_little_have_a_program_of_their_own(engine: Engine) -> None:
    assert engine._quick_part({"sex": "female"}, ("age_group",)) is None
    assert engine._quick_part(CASE, ("als",)) is not None
    assert engine._quick_part(CASE, (LEAF,)) is None
    assert engine._quick_part(CASE, ("nobody",)) is None
    with pytest.raises(UnknownVariableError):
        engine.posterior(CASE, targets=["nobody"])
    with pytest.raises(UnknownStateError):
        engine.posterior(CASE | {"pain": "so so"}, targets=["nobody"])


def test_targets_may_fit_where_all_variables_do_not() -> None:
    plan = Engine(shipped_network(), backend="numba").plan(CASE)
    engine = Engine(shipped_network(), backend="numba", budget=int(plan.entries) - 1)
    for _ in range(2):
        assert engine._quick_part(CASE, ("als",)) is None
        with pytest.raises(BudgetError):
            engine.posterior(CASE)


READERS = {
    "item": lambda p: p[LEAF]["no"],
    "array": lambda p: p.array(LEAF),
    "prob": lambda p: p.prob(LEAF, "no"),
    "flat": lambda p: p.flat,
    "dict": lambda p: p.to_dict(),
    "frame": lambda p: p.to_frame(),
    "only": lambda p: p.only((LEAF,)),
    "copy": lambda p: copy.copy(p).flat,
    "equal": lambda p: p == p.only(p.targets),
}


@pytest.mark.parametrize("reader", READERS)
def test_reading_early_or_late_gives_the_same_bits(engine: Engine, reader: str) -> None:
    want = long_way(engine, CASE)[0]
    early = straight(engine, CASE)
    READERS[reader](early)
    late = [straight(engine, CASE | {"cramps": s}) for s in engine.network.states("cramps")]
    other = Engine(engine.network, backend="numba")
    for pause in (
        lambda: engine.posterior(CASE | {"pain": "yes"}).flat,
        lambda: engine._quick({"nobody": "yes"}),
        lambda: other.posterior(CASE | {"pain": "yes"}),
        lambda: engine.log_prob_evidence({"pain": "yes"}),
    ):
        between = straight(engine, CASE)
        pause()
        READERS[reader](between)
        np.testing.assert_array_equal(between.flat, want)
    np.testing.assert_array_equal(early.flat, want)
    for found in late:
        READERS[reader](found)
        np.testing.assert_array_equal(found.flat, long_way(engine, found.evidence)[0])


def test_a_marginal_that_was_read_before_is_not_changed(engine: Engine) -> None:
    found = straight(engine, CASE)
    cause = found["als"]
    before = dict(cause)
    assert found.flat.size == 444
    assert dict(cause) == before == dict(found["als"])


def test_an_engine_is_let_go_with_its_answers() -> None:
    engine = Engine(shipped_network(), backend="numba")
    gone, answers = ref(engine), [engine.posterior(CASE) for _ in range(2)]
    assert answers[0][LEAF] == answers[1][LEAF]
    engine.posterior(CASE)  # what the work space holds now
    del engine, answers
    gc.collect()
    assert gone() is None


def test_empty_evidence_of_two_engines_is_told_apart() -> None:
    nets = [two_layers(seed) for seed in (3, 4)]
    engines = [Engine(net, backend="numba") for net in nets]
    found = [engine.posterior() for engine in engines]
    for engine, posterior in zip(engines, found, strict=True):
        np.testing.assert_array_equal(posterior.flat, long_way(engine, {})[0])


def test_another_thread_may_read_first(engine: Engine) -> None:
    want = long_way(engine, CASE)[0]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            found = straight(engine, CASE)
            reads = [pool.submit(lambda p=found: p.flat.copy()) for _ in range(8)]
            assert all(np.array_equal(read.result(), want) for read in reads)


def test_a_program_that_was_dropped_is_made_again(engine: Engine) -> None:
    want, found = long_way(engine, CASE)[0], straight(engine, CASE)
    fresh = Engine(engine.network, backend="numba")
    fresh.solver.kept = (1, 1.0)
    late = straight(fresh, CASE)
    fresh.posterior({"weakness": "objective"})
    assert len(fresh.solver._cache) == 1
    np.testing.assert_array_equal(late.flat, want)
    np.testing.assert_array_equal(found.flat, want)


def test_answers_are_pickled_and_copied_whole(engine: Engine) -> None:
    found = straight(engine, CASE)
    again = pickle.loads(pickle.dumps(found))
    assert again == found and again.prior == found.prior and again.prior.prior is again.prior
    np.testing.assert_array_equal(again.flat, long_way(engine, CASE)[0])
    assert again.log_prob_evidence == found.log_prob_evidence and again.evidence == CASE
    assert not again.flat.flags.writeable and again.soft == {} == again.do
    assert copy.deepcopy(straight(engine, CASE)) == again
    assert copy.copy(found) is found


def test_kept_answers_keep_no_tables(engine: Engine) -> None:
    cases = [
        CASE | {"age_group": a, "cramps": c} for a in ("18-39", "40-59") for c in ("no", "yes")
    ]
    for hard in cases:
        engine.posterior(hard)
    tracemalloc.start()
    kept = [engine.posterior(cases[i % len(cases)]) for i in range(2000)]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / len(kept) < 444 * 8 + 4000  # bytes: an answer, the findings, and little else
    assert kept[7][LEAF].keys() == {"no", "yes"} or LEAF in kept[7].evidence


# -------------------------------------------------------------------- threads


def test_32_threads_share_one_engine() -> None:
    engine, cases = Engine(shipped_network(), backend="numba"), published()[:16]
    want = [long_way(engine, hard) for hard in cases]
    fresh = Engine(engine.network, backend="numba")

    def ask(i: int) -> bool:
        found, (values, log_prob) = fresh.posterior(cases[i % 16]), want[i % 16]
        other = fresh.posterior(cases[(i + 5) % 16])
        return (
            found.log_prob_evidence == log_prob
            and np.array_equal(found.flat, values)
            and np.array_equal(other.flat, want[(i + 5) % 16][0])
        )

    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(ask, range(640)))


def test_a_work_space_tells_what_it_holds() -> None:
    case, other = tuple([b""]), tuple([b""])
    native.hold(case)
    assert native.holds(case) and not native.holds(other)
    native.scratch(1, "other")
    assert native.holds(case)
    native.scratch(1)
    assert not native.holds(case)
