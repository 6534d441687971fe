"""The k most probable explanations against the whole table of the joint."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fascinet as fn
from fascinet.model.network import Network
from tests import oracle
from tests.engine.networks import network
from tests.engine.test_oracle import quick
from tests.strategies import Query, queries


def largest(query: Query, keep: list[str], count: int) -> tuple[np.ndarray, float]:
    """Return the largest probabilities of joint states of some variables, and P(e)."""
    table = oracle.weigh(query.network, query.hard, query.soft)
    drop = tuple(i for i, v in enumerate(query.network.variables) if v not in keep)
    flat = np.sort(table.sum(axis=drop).ravel())[::-1]
    return flat[flat > 0.0][:count], float(table.sum())


def check(query: Query, targets: list[str] | None, count: int) -> None:
    names = targets or [v for v in query.network.variables if v not in query.hard]
    want, total = largest(query, [*names, *query.hard], count)
    if not names or total < 1e-200:
        return
    found = fn.Engine(query.network).most_probable_explanations(
        query.hard, targets=targets, soft=query.soft, count=count
    )
    assert found.exact
    np.testing.assert_allclose(found.probability, want / total, rtol=1e-9)
    assert len(set(found.states)) == len(found.states)
    if targets is None:
        engine = fn.Engine(query.network)
        for states, p in zip(found.states, found.probability, strict=True):
            case = {**query.hard, **dict(zip(names, states, strict=True))}
            log = engine.log_prob_evidence(case) + sum(
                np.log(np.asarray(oracle_vector(query.network, v, x))[
                    query.network.state_index(v, case[v])])
                for v, x in query.soft.items()
            )  # fmt: skip
            assert log - np.log(total) == pytest.approx(np.log(p), abs=1e-8)


def oracle_vector(net: Network, v: str, given: object) -> np.ndarray:
    if isinstance(given, dict):
        return np.array([given.get(s, 0.0) for s in net.states(v)])
    return np.asarray(given, dtype=float)


@quick
@given(query=queries(largest=7), count=st.integers(1, 9))
def test_the_k_best_of_all_variables_are_the_largest_of_the_joint(query: Query, count: int) -> None:
    check(query, None, count)


@quick
@given(query=queries(largest=7), count=st.integers(1, 6))
def test_the_k_best_of_some_variables_are_the_largest_of_the_marginal(
    query: Query, count: int
) -> None:
    check(query, [v for v in query.network.variables if v not in query.hard][::2] or None, count)


def test_the_best_of_alarm_is_its_mpe_and_the_next_are_no_better() -> None:
    engine = fn.Engine(network("alarm"))
    evidence = {"BP": "LOW", "HRBP": "HIGH", "PRESS": "HIGH"}
    found = engine.most_probable_explanations(evidence, count=4)
    best = engine.mpe(evidence)
    assert dict(zip(found.variables, found.states[0], strict=True)) == dict(best.assignment)
    assert found.probability[0] == pytest.approx(best.probability, rel=1e-9)
    assert (np.diff(found.probability) <= 0.0).all()
    for states, p in zip(found.states, found.probability, strict=True):
        case = {**evidence, **dict(zip(found.variables, states, strict=True))}
        log = engine.log_prob_evidence(case) - engine.log_prob_evidence(evidence)
        assert log == pytest.approx(np.log(p), abs=1e-9)


def test_ties_of_all_variables_are_told() -> None:
    b = fn.NetworkBuilder().variable("a").table("a", 0.5).variable("b").table("b", 0.5)
    b.variable("c").table("c", 0.9)
    found = fn.Engine(b.build()).most_probable_explanations(count=6)
    assert found.ties == 4
    assert len(found.states) == 6
    assert fn.Engine(b.build()).most_probable_explanations(count=20).share == pytest.approx(1.0)
