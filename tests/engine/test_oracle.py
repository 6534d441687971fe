"""All programs against enumeration: gates, zeros, hard, soft and impossible evidence."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fascinet.engine.api.engine import Engine
from fascinet.engine.tables import arrays
from fascinet.model.errors import ImpossibleEvidenceError
from fascinet.model.gates import NoisyMax, Table
from fascinet.model.network import Network
from tests import oracle
from tests.strategies import Query, queries

BACKENDS = ("numpy", "core")
quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def check(query: Query, engine: Engine) -> None:
    weight = float(oracle.weigh(query.network, query.hard, query.soft).sum())
    if weight == 0.0:
        check_impossible(query, engine)
        return
    answer = engine.posterior(query.hard, soft=query.soft)
    expected, _ = oracle.posteriors(query.network, query.hard, query.soft)
    assert answer.log_prob_evidence == pytest.approx(np.log(weight), rel=1e-10, abs=1e-11)
    assert engine.log_prob_evidence(query.hard, query.soft) == pytest.approx(
        np.log(weight), rel=1e-10, abs=1e-11
    )
    for v in query.network.variables:
        np.testing.assert_allclose(answer.array(v), expected[v], rtol=1e-10, atol=1e-13)


def check_impossible(query: Query, engine: Engine) -> None:
    with pytest.raises(ImpossibleEvidenceError) as caught:
        engine.posterior(query.hard, soft=query.soft)
    assert engine.log_prob_evidence(query.hard, query.soft) == -np.inf
    conflict = caught.value.conflict

    def weight(names: set[str]) -> float:
        hard = {v: s for v, s in query.hard.items() if v in names}
        soft = {v: x for v, x in query.soft.items() if v in names}
        return float(oracle.weigh(query.network, hard, soft).sum())

    assert conflict and weight(set(conflict)) == 0.0
    for v in conflict:
        assert weight(set(conflict) - {v}) > 0.0, "the conflict is not minimal"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("small", [0, 64])
@quick
@given(query=queries(largest=9))
def test_posteriors_match_enumeration(query: Query, backend: str, small: int) -> None:
    with mock.patch.object(arrays, "SMALL_GATE", small):
        engine = Engine(query.network, backend=backend)
        engine.arrays  # noqa: B018  the gates' layout is fixed here
    check(query, engine)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("first", [{}, {"below": "yes"}])
def test_a_gate_may_be_a_leaf_of_one_case_and_a_table_of_the_next(
    backend: str, first: dict[str, str]
) -> None:
    """One engine keeps both ways to see it; they were once taken for each other."""
    states, names = ("no", "yes"), ("one", "two", "gate", "below", "side")
    above = {"one": (), "two": (), "gate": ("one", "two"), "below": ("gate",), "side": ("one",)}
    link = np.array([[1.0, 0.0], [0.3, 0.7]])
    gates = {
        "one": Table(np.array([0.8, 0.2])), "two": Table(np.array([0.6, 0.4])),
        "gate": NoisyMax((link, link), np.array([0.9, 0.1])),
        "below": Table(np.array([[0.7, 0.3], [0.1, 0.9]])), "side": Table(link),
    }  # fmt: skip
    net = Network({v: states for v in names}, above, gates)
    engine = Engine(net, backend=backend)
    with mock.patch.object(arrays, "SMALL_GATE", 64):
        assert not engine.arrays.blocks[2].is_max
    second = {"side": "yes"}
    for hard in (first, second):
        targets = [v for v in names if hard is first or v != "below"]
        answer = engine.posterior(hard, targets=targets)
        expected, _ = oracle.posteriors(net, hard, {})
        for v in targets:
            np.testing.assert_allclose(answer.array(v), expected[v], rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@quick
@given(query=queries(largest=9), data=st.data())
def test_targets_need_only_their_own_program(query: Query, backend: str, data: st.DataObject):
    weight = float(oracle.weigh(query.network, query.hard, query.soft).sum())
    if weight == 0.0:
        return
    wanted = data.draw(st.lists(st.sampled_from(query.network.variables), min_size=1, unique=True))
    answer = Engine(query.network, backend=backend).posterior(
        query.hard, soft=query.soft, targets=wanted
    )
    expected, _ = oracle.posteriors(query.network, query.hard, query.soft)
    assert tuple(answer) == tuple(wanted)
    for v in wanted:
        np.testing.assert_allclose(answer.array(v), expected[v], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("backend", BACKENDS)
@quick
@given(query=queries(largest=8), data=st.data())
def test_interventions_match_the_mutilated_network(
    query: Query, backend: str, data: st.DataObject
) -> None:
    free = [v for v in query.network.variables if v not in query.hard and v not in query.soft]
    if not free:
        return
    cut = data.draw(st.lists(st.sampled_from(free), min_size=1, max_size=3, unique=True))
    do = {v: data.draw(st.sampled_from(query.network.states(v))) for v in cut}
    mutilated = query.network.do(do)
    engine = Engine(query.network, backend=backend)
    weight = float(oracle.weigh(mutilated, query.hard, query.soft).sum())
    if weight == 0.0:
        with pytest.raises(ImpossibleEvidenceError):
            engine.posterior(query.hard, soft=query.soft, do=do)
        return
    answer = engine.posterior(query.hard, soft=query.soft, do=do)
    expected, _ = oracle.posteriors(mutilated, query.hard, query.soft)
    assert answer.log_prob_evidence == pytest.approx(np.log(weight), rel=1e-10, abs=1e-11)
    for v in query.network.variables:
        np.testing.assert_allclose(answer.array(v), expected[v], rtol=1e-10, atol=1e-13)
