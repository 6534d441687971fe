"""Loopy belief propagation: exact without loops, honest about its error with them."""

import numpy as np
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.engine.run.evidence import read_request
from fascinet.engine.search.loopy import LoopyBeliefs, LoopyRun, sender
from fascinet.model.errors import ConvergenceError, ImpossibleEvidenceError, OptionError
from fascinet.model.gates import NoisyMax, Table
from fascinet.model.network import Network
from tests.engine.networks import cases, network
from tests.strategies import distribution, random_evidence, random_gate, random_network


def polytree(seed: int, size: int) -> Network:
    """Return a random network without undirected loops, with gates, zeros and single states."""
    rng = np.random.default_rng(seed)
    cards = [int(rng.choice([1, 2, 3])) for _ in range(size)]
    group = list(range(size))
    above: dict[str, list[str]] = {}
    for v in range(1, size):
        picked: list[int] = []
        for u in rng.permutation(v).tolist():
            if len(picked) < 3 and group[u] != group[v] and rng.random() < 0.6:
                picked.append(u)
                old, new = group[u], group[v]
                group = [new if g == old else g for g in group]
        above[f"v{v}"] = [f"v{u}" for u in picked]
    kinds = ("table", "noisy_max", "noisy_max", "function")
    gates = {
        f"v{v}": random_gate(
            rng, [cards[int(u[1:])] for u in above.get(f"v{v}", [])], cards[v],
            str(rng.choice(kinds)),
        )
        for v in range(size)
    }  # fmt: skip
    return Network(
        {f"v{v}": [f"s{k}" for k in range(c)] for v, c in enumerate(cards)}, above, gates
    )


@pytest.mark.parametrize("seed", range(20))
def test_it_is_exact_without_loops(seed: int) -> None:
    net = polytree(seed, 9)
    query, engine = random_evidence(net, seed), Engine(net)
    try:
        exact = engine.posterior(query.hard, soft=query.soft)
    except ImpossibleEvidenceError:
        with pytest.raises(ImpossibleEvidenceError):
            engine.approximate(query.hard, soft=query.soft, method="lbp", samples=200)
        return
    found = engine.approximate(query.hard, soft=query.soft, method="lbp", samples=2000)
    assert isinstance(found, LoopyBeliefs)
    assert found.converged
    assert found.residual <= 1e-10
    assert found.log_prob_evidence == pytest.approx(exact.log_prob_evidence, abs=1e-8)
    for v in net.variables:
        np.testing.assert_allclose(found[v], exact.array(v), atol=1e-8)


@pytest.mark.parametrize("seed", range(12))
def test_a_gate_sends_what_its_table_would(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cards, states = [2, 3, 2, 1], 1 + seed % 4
    links = tuple(distribution(rng, c, states) for c in cards)
    gate = NoisyMax(links, distribution(rng, states))
    incoming = [rng.random(c) for c in (*cards, states)]
    for to in range(len(incoming)):
        np.testing.assert_allclose(
            sender(gate).send(incoming, to),
            sender(Table(gate.to_table())).send(incoming, to),
            atol=1e-13,
        )


@pytest.mark.parametrize("name", ["asia", "child", "alarm", "insurance"])
def test_errors_cover_the_exact_answer(name: str) -> None:
    engine, case = Engine(network(name)), cases(name)[0]
    exact = engine.posterior(case)
    found = engine.approximate(case, method="lbp", samples=20_000, damping=0.3, sweeps=3000)
    states = covered = 0
    for v in network(name).variables:
        off = np.abs(found[v] - exact.array(v))
        states += off.size
        covered += int((off <= found.errors[v] + 1e-9).sum())
    assert covered >= 0.95 * states


@pytest.mark.parametrize("seed", range(6))
def test_interventions_cut_the_gate(seed: int) -> None:
    net = random_network(seed, 5, parents=1)
    engine, v = Engine(net), net.variables[-1]
    do = {v: net.states(v)[0]}
    exact, found = engine.posterior(do=do), engine.approximate(do=do, method="lbp", samples=100)
    for u in net.variables:
        np.testing.assert_allclose(found[u], exact.array(u), atol=1e-8)


def test_what_does_not_settle_is_an_error_unless_it_is_wanted() -> None:
    engine, case = Engine(network("alarm")), cases("alarm")[0]
    with pytest.raises(ConvergenceError, match="after 2 sweeps") as caught:
        engine.approximate(case, method="lbp", samples=100, sweeps=2)
    assert caught.value.residual > caught.value.tolerance
    found = engine.approximate(case, method="lbp", samples=100, sweeps=2, keep=True)
    assert isinstance(found, LoopyBeliefs)
    assert not found.converged
    assert found.sweeps == 2
    assert found.change > 0.0


def test_the_same_bits_each_time_and_other_methods_are_refused() -> None:
    engine, case = Engine(network("child")), cases("child")[0]
    one, two = (engine.approximate(case, method="lbp", samples=500) for _ in range(2))
    for v in network("child").variables:
        np.testing.assert_array_equal(one[v], two[v])
        np.testing.assert_array_equal(one.errors[v], two.errors[v])
    with pytest.raises(OptionError, match="lbp"):
        engine.approximate(case, method="lpb")


def test_contradictory_findings_are_impossible() -> None:
    net = network("asia")
    request = read_request(net, {"either": "no", "lung": "yes"}, None, None)
    run = LoopyRun(net, request)
    with pytest.raises(ImpossibleEvidenceError):
        for k in range(5):
            run.sweep(0.0, forwards=k % 2 == 0)


def test_evidence_too_rare_for_draws_leaves_the_error_unknown() -> None:
    least = Table(np.array([[1.0 - 1e-12, 1e-12], [0.5, 0.5]]))
    gates = {"a": Table(np.array([1.0 - 1e-12, 1e-12])), "b": least, "c": least}
    above = {"b": ["a"], "c": ["b"]}
    net = Network({v: ["no", "yes"] for v in "abc"}, above, gates)
    engine, hard = Engine(net), {"c": "no", "b": "yes"}
    found = engine.approximate(hard, method="lbp", samples=1, seed=1)
    np.testing.assert_allclose(found["a"], engine.posterior(hard).array("a"), rtol=1e-9)
    contradiction = Engine(network("asia"))
    with pytest.raises(ImpossibleEvidenceError):
        contradiction.approximate({"either": "no", "lung": "yes"}, method="lbp", samples=10)
