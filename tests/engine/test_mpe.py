"""MPE and MAP against enumeration and pyAgrum."""

import pickle
import warnings
from itertools import product

import numpy as np
import pytest
from hypothesis import given

from fascinet.engine.api.engine import Engine
from fascinet.engine.run.evidence import read_request
from fascinet.engine.search import branches as mpe_search
from fascinet.engine.search.branches import Search
from fascinet.model.build import build_network
from fascinet.model.errors import BudgetError, ImpossibleEvidenceError
from fascinet.model.gates import Gate, NoisyMax, Table, noisy_or
from fascinet.model.load import load_knowledge
from fascinet.model.network import Network
from tests import oracle
from tests.engine.networks import cases, network
from tests.engine.test_oracle import quick
from tests.strategies import Query, distribution, queries


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


def test_a_gate_of_forty_parents_is_searched() -> None:
    causes = [f"c{i}" for i in range(40)]
    states = {v: ["no", "yes"] for v in [*causes, "x"]}
    strengths = np.linspace(0.3, 0.6, 40).tolist()
    gates = {v: noisy_or([], 0.1) for v in causes} | {"x": noisy_or(strengths, 0.01)}
    engine = Engine(Network(states, {"x": causes}, gates))
    found = engine.mpe({"x": "yes"})
    assert [v for v, s in found.assignment.items() if s == "yes"] == ["c39"]
    best = 39 * np.log(0.9) + np.log(0.1) + np.log(1.0 - 0.99 * 0.4)
    assert found.log_prob == pytest.approx(best, abs=1e-12)
    assert engine.map_query(["c0"], {"x": "yes"}).assignment == {"c0": "no"}
    assert set(engine.mpe({"x": "no"}).assignment.values()) == {"no"}
    assert set(engine.mpe().assignment.values()) == {"no"}


def clinic(seed: int) -> Network:
    """Return risks, causes and leaves: gates of two to five parents, tables, zeros."""
    rng = np.random.default_rng(seed)
    states = {"r": ["a", "b"]} | {f"c{i}": ["no", "yes", "bad"][: 2 + i % 2] for i in range(5)}
    parents: dict[str, list[str]] = {f"c{i}": ["r"] for i in (0, 2, 4)}
    gates: dict[str, Gate] = {"r": Table(rng.dirichlet(np.ones(2)))}
    for i in range(5):
        size = len(states[f"c{i}"])
        gates[f"c{i}"] = Table(rng.dirichlet(np.linspace(3.0, 0.5, size), [2] * (i % 2 == 0)))
    for j in range(6):
        m, k = 2 + j % 2, int(rng.integers(2, 6))
        above = [f"c{i}" for i in rng.choice(5, k, replace=False)]
        parents[f"x{j}"], states[f"x{j}"] = above, [str(s) for s in range(m)]
        cards = [len(states[u]) for u in above]
        links = tuple(distribution(rng, c, m) for c in cards)
        gates[f"x{j}"] = NoisyMax(links, distribution(rng, m))
        if j == 5:
            gates[f"x{j}"] = Table(distribution(rng, *cards, m))
    return Network(states, parents, gates)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("seen", [0, 1, 3])
def test_search_equals_enumeration(seed: int, seen: int) -> None:
    net, rng = clinic(seed), np.random.default_rng(seed + 1000 * seen)
    hard = {str(v): str(rng.choice(net.states(str(v)))) for v in rng.choice(net.variables, seen)}
    left = [v for v in net.variables if v not in hard]
    soft = {v: rng.random(len(net.states(v))).tolist() for v in left[::4]} if seed % 3 == 0 else {}
    query = Query(net, hard, soft)
    table = joint_of(query, net.variables)
    request = read_request(net, hard, soft, None)
    search = Search(Engine(net, budget=10**6).solver, request)
    best, value = search.run()
    if table.max() == 0.0:
        assert value == -np.inf
        return
    found = {net.variables[v]: net.states(net.variables[v])[s] for v, s in best.items()}
    assert set(found) == set(left)
    assert table[index_of(query, found, net.variables)] == pytest.approx(table.max(), rel=1e-10)
    assert value == pytest.approx(np.log(table.max()), abs=1e-10)


@pytest.mark.parametrize("seed", range(20))
def test_bounds_hold_and_are_exact_in_the_reference(seed: int) -> None:
    net, rng = clinic(seed), np.random.default_rng(seed)
    engine = Engine(net)
    arrays = engine.arrays
    hard = {"x0": net.states("x0")[-1]}
    search = Search(engine.solver, read_request(net, hard, None, None))
    for leaf in search.leaves:
        cards = [arrays.cards[u] for u in leaf.parents]
        decided = {leaf.parents[0]: int(rng.integers(cards[0]))}
        value, shares = leaf.bound(decided)
        for states in product(*map(range, cards)):
            if states[0] == decided[leaf.parents[0]]:
                here = dict(zip(leaf.parents, states, strict=True))
                bound = value + sum(shares[u][here[u]] for u in shares)
                exact = leaf.value(states)[0]
                assert exact <= bound + 1e-12
                if not any(states[1:]) and exact > np.log(1e-3):
                    assert exact == pytest.approx(bound, abs=1e-12)


@pytest.mark.parametrize("scale", [1.0, 1e-200])
def test_the_best_roots_may_rule_a_leaf_out(scale: float) -> None:
    """Each root is likely on, and then the leaf is on, which it is not."""
    states = {v: ["no", "yes"] for v in ("a", "b", "c", "x")}
    off = 0.1 * scale
    gates: dict[str, Gate] = {v: Table(np.array([off, 1.0 - off])) for v in ("a", "b", "c")}
    sure = np.array([[1.0, 0.0], [0.0, 1.0]])
    gates["x"] = NoisyMax((sure, sure, sure), np.array([1.0, 0.0]))
    engine = Engine(Network(states, {"x": ["a", "b", "c"]}, gates))
    found = engine.mpe(soft={"x": [scale, 0.0]})
    assert set(found.assignment.values()) == {"no"}
    assert found.log_prob == pytest.approx(3.0 * np.log(off) + np.log(scale), rel=1e-12)


def test_a_wide_observed_gate_is_set_apart() -> None:
    net = clinic(7)
    gate = next(v for v in net.variables if v[0] == "x" and len(net.parents(v)) >= 4)
    hard = {gate: net.states(gate)[-1]}
    query = Query(net, hard, {})
    search = Search(Engine(net, budget=40).solver, read_request(net, hard, None, None))
    assert net.index[gate] in [leaf.variable for leaf in search.leaves]
    _, value = search.run()
    assert value == pytest.approx(np.log(joint_of(query, net.variables).max()), abs=1e-10)


def test_map_over_all_that_matters_is_searched_where_a_table_would_be_too_large() -> None:
    """Thirty causes of one seen gate, and a leaf of each that is not asked for."""
    causes = [f"c{i}" for i in range(30)]
    leaves = {f"y{i}": [v, "x"] for i, v in enumerate(causes)}
    states = {v: ["no", "yes"] for v in [*leaves, *causes, "x"]}
    strengths = np.linspace(0.3, 0.6, 30).tolist()
    gates: dict[str, Gate] = {v: noisy_or([], 0.1) for v in causes}
    gates |= {"x": noisy_or(strengths, 0.01)} | {v: noisy_or([0.5, 0.5], 0.1) for v in leaves}
    engine = Engine(Network(states, {"x": causes, **leaves}, gates), budget=10**6)
    found = engine.map_query({"x": "yes"}, targets=causes)
    assert [v for v, s in found.assignment.items() if s == "yes"] == ["c29"]
    best = 29 * np.log(0.9) + np.log(0.1) + np.log(1.0 - 0.99 * 0.4)
    assert found.log_prob == pytest.approx(best, abs=1e-12)


def test_a_search_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mpe_search, "NODES", 1)
    causes = [f"c{i}" for i in range(40)]
    states = {v: ["no", "yes"] for v in [*causes, "x", "y"]}
    gates = {v: noisy_or([], 0.1) for v in causes}
    gates |= {"x": noisy_or([0.5] * 40, 0.01), "y": noisy_or([0.5] * 40, 0.01)}
    net = Network(states, {"x": causes, "y": causes}, gates)
    with pytest.raises(BudgetError, match="map_query"):
        Engine(net).mpe({"x": "yes"})


def test_the_shipped_network_is_explained() -> None:
    net = build_network(load_knowledge())
    engine = Engine(net, backend="core")
    ground = {"setting": "primary_care", "age_group": "60+", "sex": "male"}
    case = {**ground, "tongue_signs": "yes", "bulbar": "no"}
    found = engine.mpe(case)
    assert set(found.assignment) == set(net.variables) - case.keys()
    best = engine.log_prob_evidence({**case, **found.assignment})
    assert found.log_prob == pytest.approx(best, abs=1e-9)
    inner = {u for v in net.variables for u in net.parents(v)} - case.keys()
    others = [
        {**case, **found.assignment, v: s}
        for v in sorted(found.assignment) for s in net.states(v) if s != found.assignment[v]
    ]  # fmt: skip
    values = engine.batch_log_prob([(other, {}) for other in others])
    assert len(values) > 300 and values.max() <= best + 1e-9  # no single change is better
    causes = engine.map_query(inner, case).assignment  # nor are the best causes alone
    assert engine.log_prob_evidence({**case, **causes}) >= best
    rest = {v: found.assignment[v] for v in found.assignment if v not in inner}
    assert engine.log_prob_evidence({**case, **causes, **rest}) <= best + 1e-9


def test_the_best_states_of_some_causes_are_found_with_many_findings() -> None:
    engine = Engine(build_network(load_knowledge()), backend="core")
    case = {"setting": "primary_care", "age_group": "60+", "sex": "male", "twitching": "yes",
            "weakness": "objective", "atrophy": "yes"}  # fmt: skip
    causes = ("als", "nerve_compression", "cervical_myelopathy")
    found = engine.map_query(causes, case)
    every = [dict(zip(causes, s, strict=True))
             for s in product(*(engine.network.states(c) for c in causes))]  # fmt: skip
    values = [engine.log_prob_evidence({**case, **states}) for states in every]
    assert found.assignment == every[int(np.argmax(values))]
    assert found.log_prob == pytest.approx(max(values), abs=1e-9)


def test_a_budget_error_survives_a_pickle() -> None:
    error = BudgetError(30, 1e12, 1e8, "wait")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.remedy) == (str(error), "wait")
