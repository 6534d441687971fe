"""The fixed tree of a small network of tables, by name, against enumeration and other ways."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fascinet.engine import whole
from fascinet.engine.engine import Engine
from fascinet.engine.posterior import Posterior
from fascinet.engine.whole_layout import FULL, LANES, NODE, PARTLY
from fascinet.model.errors import (
    ImpossibleEvidenceError,
    UnknownStateError,
    UnknownVariableError,
)
from fascinet.model.gates import Table
from fascinet.model.network import Network
from tests import oracle
from tests.engine.networks import cases, network
from tests.strategies import random_evidence, random_network

SEEDS = st.integers(0, 2**32 - 1)


def of_tables(seed: int, size: int) -> Network:
    """Return a random network whose gates are all tables, many of their entries zero or one."""
    net = random_network(seed, size, parents=4)
    above = {v: list(net.parents(v)) for v in net.variables if net.parents(v)}
    gates = {v: Table(net.cpt(v)) for v in net.variables}
    return Network({v: list(net.states(v)) for v in net.variables}, above, gates)


def tree_of(engine: Engine) -> Callable[[dict[str, str]], Posterior | None]:
    """Return what answers from the fixed tree alone."""
    assert engine.solver.whole is not None
    found = whole.quick_answer(engine.solver.whole, engine.layout, engine.prior)
    assert found is not None
    return found


def check(net: Network, hard: dict[str, str]) -> None:
    """Compare the tree with enumeration: it answers if and only if the evidence is possible."""
    found = tree_of(Engine(net, backend="numba"))(hard)
    total = float(oracle.weigh(net, hard).sum())
    if total == 0.0:
        assert found is None
        return
    assert found is not None
    want, _ = oracle.posteriors(net, hard)
    assert found.log_prob_evidence == pytest.approx(np.log(total), rel=1e-10, abs=1e-13)
    for v in net.variables:
        np.testing.assert_allclose(found.array(v), want[v], atol=1e-12)
        np.testing.assert_array_equal(found.array(v)[want[v] == 0.0], 0.0)
        if v in hard:
            assert found[v][hard[v]] == 1.0


@given(SEEDS, st.integers(1, 10), st.sampled_from([0.0, 0.2, 0.5, 1.0]))
def test_tree_is_the_enumeration(seed: int, size: int, share: float) -> None:
    net = of_tables(seed, size)
    check(net, random_evidence(net, seed + 1, share).hard)


@given(SEEDS, st.integers(11, 40))
def test_tree_and_programs_agree(seed: int, size: int) -> None:
    net = of_tables(seed, size)
    engine, hard = Engine(net, backend="numba"), random_evidence(net, seed + 1, 0.15).hard
    if engine.solver.whole is None:
        return
    found = tree_of(engine)(hard)
    try:
        want = Engine(net, backend="numpy").posterior(hard)
    except ImpossibleEvidenceError:
        assert found is None
        return
    assert found is not None
    assert found.log_prob_evidence == pytest.approx(want.log_prob_evidence, rel=1e-10, abs=1e-12)
    np.testing.assert_allclose(found.flat, want.flat, atol=1e-12)


@given(SEEDS, st.integers(1, 9), st.booleans())
def test_soft_evidence_and_parts_of_an_answer(seed: int, size: int, some: bool) -> None:
    net = of_tables(seed, size)
    engine, query = Engine(net, backend="numba"), random_evidence(net, seed + 1, 0.25)
    total = float(oracle.weigh(net, query.hard, query.soft).sum())
    targets = list(net.variables[:: 2 if some else 1])
    if total == 0.0:
        assert engine.log_prob_evidence(query.hard, query.soft) == -np.inf
        with pytest.raises(ImpossibleEvidenceError):
            engine.posterior(query.hard, soft=query.soft, targets=targets)
        return
    want, _ = oracle.posteriors(net, query.hard, query.soft)
    found = engine.posterior(query.hard, soft=query.soft, targets=targets if some else None)
    for v in targets:
        np.testing.assert_allclose(found.array(v), want[v], atol=1e-12)
    for log_prob in (found.log_prob_evidence, engine.log_prob_evidence(query.hard, query.soft)):
        assert log_prob == pytest.approx(np.log(total), rel=1e-10, abs=1e-13)
    for v in set(net.variables) - {*targets, *query.hard}:
        assert len(net.states(v)) == 1 or np.isnan(found.array(v)).all()


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_likelihoods_of_any_scale(scale: float) -> None:
    engine = Engine(network("asia"), backend="numba")
    want = engine.posterior({"xray": "yes"}, soft={"dysp": [0.25, 1.0], "bronc": [0.5, 0.25]})
    soft = {"dysp": [0.25 * scale, scale], "bronc": [0.5, 0.25]}
    found = engine.posterior({"xray": "yes"}, soft=soft)
    np.testing.assert_allclose(found.flat, want.flat, atol=1e-14)
    shift = found.log_prob_evidence - want.log_prob_evidence
    assert shift == pytest.approx(np.log(scale), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", ["asia", "child", "alarm", "hepar2", "win95pts"])
def test_tree_and_programs_agree_on_every_case(name: str) -> None:
    net = network(name)
    engine, slow = Engine(net, backend="numba"), Engine(net, backend="numpy")
    for case in cases(name):
        found, want = engine.posterior(case), slow.posterior(case)
        np.testing.assert_allclose(found.flat, want.flat, atol=1e-12)
        assert found.log_prob_evidence == pytest.approx(want.log_prob_evidence, rel=1e-10)


@pytest.mark.parametrize("name", ["child", "alarm", "hepar2", "win95pts"])
def test_every_way_up_is_met_and_rows_are_whole_vectors(name: str) -> None:
    found = Engine(network(name), backend="numba").solver.whole
    assert found is not None
    records = found.ints[: NODE * found.nodes].reshape(-1, NODE)
    assert set(records[:, 4]) == {0, 1, FULL, PARTLY}
    assert not (records[:, 2] % LANES).any()
    assert (records[:, 3] > np.arange(found.nodes))[records[:, 3] >= 0].all()


def test_threads_share_one_engine_and_get_the_same_bits() -> None:
    engine, asked = Engine(network("alarm"), backend="numba"), cases("alarm")
    want = [engine.posterior(case) for case in asked]

    def ask(i: int) -> None:
        got = engine.posterior(asked[i % len(asked)])
        np.testing.assert_array_equal(got.flat, want[i % len(asked)].flat)
        assert got.log_prob_evidence == want[i % len(asked)].log_prob_evidence

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(ask, range(2000)))


def test_impossible_evidence_is_an_error_and_leaves_no_trace() -> None:
    net = network("asia")
    engine = Engine(net, backend="numba")
    before = engine.posterior({"xray": "yes"})
    with pytest.raises(ImpossibleEvidenceError) as told:
        engine.posterior({"tub": "yes", "either": "no"})
    assert set(told.value.conflict) == {"tub", "either"}
    np.testing.assert_array_equal(engine.posterior({"xray": "yes"}).flat, before.flat)


def test_names_are_told_as_on_the_long_way() -> None:
    engine = Engine(network("asia"), backend="numba")
    engine.prior()
    with pytest.raises(UnknownVariableError, match="xry"):
        engine.posterior({"xry": "yes"})
    with pytest.raises(UnknownStateError):
        engine.posterior({"xray": "maybe"})
    for wrong in (1, None, ["yes"]):
        with pytest.raises(UnknownStateError):
            engine.posterior({"xray": wrong})  # type: ignore[dict-item]  # callers err


class Name(str):
    """A name of a kind of its own: its hash could run any code, so the kernel leaves it alone."""

    __slots__ = ()


def test_any_mapping_is_evidence_and_the_answer_keeps_a_copy() -> None:
    engine = Engine(network("asia"), backend="numba")
    case = {"xray": "yes", "smoke": "no"}
    want = engine.posterior(case)
    for same in (MappingProxyType(case), {Name(v): Name(s) for v, s in case.items()}):
        np.testing.assert_allclose(engine.posterior(same).flat, want.flat, atol=1e-14)
    case["asia"] = "yes"
    assert want.evidence == {"xray": "yes", "smoke": "no"}


def test_some_targets_are_part_of_the_whole_answer() -> None:
    engine = Engine(network("asia"), backend="numba")
    whole_answer = engine.posterior({"xray": "yes"})
    found = engine.posterior({"xray": "yes"}, targets=(v for v in ["tub", "lung", "tub"]))
    assert found.targets == ("tub", "lung")
    assert found.log_prob_evidence == whole_answer.log_prob_evidence
    for v in ("tub", "lung", "xray"):
        np.testing.assert_array_equal(found.array(v), whole_answer.array(v))
    assert np.isnan(found.array("asia")).all()
    with pytest.raises(UnknownVariableError, match="tb"):
        engine.posterior({"xray": "yes"}, targets=["tb"])


def test_an_answer_is_read_only() -> None:
    found = Engine(network("asia"), backend="numba").posterior({"xray": "yes"})
    for part in (found.flat, found.array("tub")):
        with pytest.raises(ValueError, match="read-only"):
            part[0] = 0.5
    for name in ("flat", "log_prob_evidence", "evidence", "soft", "other"):
        with pytest.raises(AttributeError):
            setattr(found, name, 0)


def chain(length: int, stays: float) -> Network:
    """Return a hidden chain, each link of which is seen through a sensor."""
    names = [f"{kind}{i}" for i in range(length) for kind in ("h", "s")]
    above = {f"h{i}": [f"h{i - 1}"] for i in range(1, length)}
    above |= {f"s{i}": [f"h{i}"] for i in range(length)}
    move = np.array([[stays, 1.0 - stays], [1.0 - stays, stays]])
    sensor = np.array([[1e-9, 1.0 - 1e-9], [3e-9, 1.0 - 3e-9]])
    gates = {f"h{i}": Table(move if i else move[0]) for i in range(length)}
    gates |= {f"s{i}": Table(sensor) for i in range(length)}
    return Network({v: ["a", "b"] for v in names}, above, gates)


@pytest.mark.parametrize("stays", [0.9, 1.0])
def test_probabilities_beyond_the_range_of_floats(stays: float) -> None:
    engine = Engine(chain(200, stays), backend="numba")
    hard = {f"s{i}": "a" for i in range(200)}
    found, want = engine.posterior(hard), Engine(chain(200, stays), backend="numpy").posterior(hard)
    assert found.log_prob_evidence < -3500.0
    assert found.log_prob_evidence == pytest.approx(want.log_prob_evidence, rel=1e-10)
    np.testing.assert_allclose(found.flat, want.flat, atol=1e-12)


def test_numbers_out_of_range_are_left_to_the_careful_way() -> None:
    tiny = Table(np.array([[1e-200, 1.0], [1e-100, 1.0]]))
    gates = {"c": Table(np.array([0.5, 0.5])), "a": tiny, "b": tiny}
    net = Network({v: ["yes", "no"] for v in "cab"}, {"a": ["c"], "b": ["c"]}, gates)
    engine = Engine(net, backend="numba")
    hard = {"a": "yes", "b": "yes"}
    assert tree_of(engine)(hard) is None
    found = engine.posterior(hard)
    assert found.log_prob_evidence == pytest.approx(np.log(0.5) - 200 * np.log(10.0), rel=1e-12)
    assert found["c"]["yes"] == pytest.approx(1e-200, rel=1e-10)


def test_without_the_layout_of_objects_the_long_way_answers() -> None:
    case = cases("asia")[0]
    want = Engine(network("asia"), backend="numba").posterior(case)
    with mock.patch.object(whole, "objects_as_expected", return_value=False):
        found = Engine(network("asia"), backend="numba").posterior(case)
    np.testing.assert_allclose(found.flat, want.flat, atol=1e-12)
