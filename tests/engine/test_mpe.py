"""MPE and MAP against enumeration and pyAgrum."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given

from fascinet.engine.engine import Engine
from fascinet.model.build import build_network
from fascinet.model.errors import BudgetError, ImpossibleEvidenceError
from fascinet.model.gates import noisy_or
from fascinet.model.load import load_knowledge
from fascinet.model.network import Network
from tests import oracle
from tests.engine.networks import cases, network
from tests.engine.test_oracle import quick
from tests.strategies import Query, queries


def joint_of(query: Query, keep: tuple[str, ...]) -> np.ndarray:
    table = oracle.weigh(query.network, query.hard, query.soft)
    drop = tuple(i for i, v in enumerate(query.network.variables) if v not in keep)
    return table.sum(axis=drop)


def index_of(query: Query, found: dict[str, str], keep: tuple[str, ...]) -> tuple[int, ...]:
    states = {**query.hard, **found}
    names = [v for v in query.network.variables if v in keep]
    return tuple(query.network.states(v).index(states[v]) for v in names)


@quick
@given(query=queries(largest=8))
def test_mpe_is_the_largest_of_the_joint(query: Query) -> None:
    everything = query.network.variables
    table = joint_of(query, everything)
    engine = Engine(query.network)
    if table.sum() == 0.0:
        with pytest.raises(ImpossibleEvidenceError):
            engine.mpe(query.hard, soft=query.soft)
        return
    found = engine.mpe(query.hard, soft=query.soft)
    assert set(found.assignment) == set(everything) - set(query.hard)
    best = table[index_of(query, dict(found.assignment), everything)]
    assert best == pytest.approx(table.max(), rel=1e-10)
    assert found.log_prob == pytest.approx(np.log(table.max()), abs=1e-10)
    assert found.probability == pytest.approx(table.max() / table.sum(), rel=1e-9)


@quick
@given(query=queries(largest=8))
def test_map_is_the_largest_of_the_marginal(query: Query) -> None:
    free = [v for v in query.network.variables if v not in query.hard]
    targets = tuple(free[::2])
    if not targets or oracle.weigh(query.network, query.hard, query.soft).sum() == 0.0:
        return
    table = joint_of(query, targets)
    found = Engine(query.network).map_query(targets, query.hard, soft=query.soft)
    best = table[index_of(query, dict(found.assignment), targets)]
    assert best == pytest.approx(table.max(), rel=1e-10)
    assert found.log_prob == pytest.approx(np.log(table.max()), abs=1e-10)


@pytest.mark.parametrize("name", ["asia", "cancer", "survey", "sachs"])
def test_mpe_agrees_with_pgmpy(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.inference import VariableElimination

        peer = VariableElimination(network(name).to_pgmpy())
        for evidence in cases(name)[:2]:
            free = [v for v in network(name).variables if v not in evidence]
            theirs = peer.map_query(free, evidence=evidence, show_progress=False)
            engine = Engine(network(name))
            mine = engine.mpe(evidence)
            assert mine.log_prob == pytest.approx(
                engine.log_prob_evidence({**evidence, **theirs}), abs=1e-10
            )
            assert mine.log_prob == pytest.approx(
                engine.log_prob_evidence({**evidence, **mine.assignment}), abs=1e-10
            )


def test_gate_too_wide_to_maximise_is_refused() -> None:
    causes = [f"c{i}" for i in range(40)]
    states = {v: ["no", "yes"] for v in [*causes, "x"]}
    gates = {v: noisy_or([], 0.1) for v in causes} | {"x": noisy_or([0.5] * 40, 0.01)}
    engine = Engine(Network(states, {"x": causes}, gates))
    with pytest.raises(BudgetError):
        engine.mpe({"x": "yes"})
    assert engine.map_query(["c0"], {"x": "yes"}).assignment == {"c0": "no"}
    assert set(engine.mpe({"x": "no"}).assignment.values()) == {"no"}


def test_the_shipped_network_is_explained_without_its_leaves() -> None:
    net = build_network(load_knowledge())
    engine = Engine(net, backend="numba")
    case = {"weakness": "objective", "atrophy": "yes", "cramps": "yes", "bulbar": "no"}
    with pytest.raises(BudgetError, match="map_query"):
        engine.mpe(case)
    inner = {u for v in net.variables for u in net.parents(v)} - case.keys()
    found = engine.map_query(inner, case)
    assert set(found.assignment) == inner
    best = engine.log_prob_evidence({**case, **found.assignment})
    assert found.log_prob == pytest.approx(best, abs=1e-9)
    for v in sorted(inner):
        for state in net.states(v):
            other = {**case, **found.assignment, v: state}
            assert engine.log_prob_evidence(other) <= best + 1e-9


def test_a_budget_error_survives_a_pickle() -> None:
    error = BudgetError(30, 1e12, 1e8, "wait")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.remedy) == (str(error), "wait")
