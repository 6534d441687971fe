"""A builder makes the network that was written down, and names the row of every fault."""

import doctest
import json
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fascinet as fn
from fascinet.model import builder, builder_drafts, builder_gates, builder_rows
from fascinet.model.errors import FascinetError, NetworkError, UnknownStateError
from fascinet.model.gates import Function, NoisyMax, Table
from fascinet.model.network import Network
from tests.strategies import random_network


def lawn() -> fn.NetworkBuilder:
    b = fn.NetworkBuilder("lawn").variable("rain").variable("sprinkler").variable("wet")
    return b.table("rain", 0.2).table("sprinkler", 0.3)


def binary(*names: str) -> fn.NetworkBuilder:
    b = fn.NetworkBuilder()
    for name in names:
        b.variable(name)
    return b


@pytest.mark.parametrize("module", [builder, builder_drafts, builder_gates, builder_rows])
def test_examples_run(module: Any) -> None:
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_the_four_ways_to_write_a_table_are_one() -> None:
    rows: list[Any] = [
        {("no", "no"): 0.0, ("no", "yes"): 0.8, ("yes", "no"): [0.1, 0.9],
         ("yes", "yes"): {"yes": 0.99, "no": 0.01}},
        [[[1.0, 0.0], [0.2, 0.8]], [[0.1, 0.9], [0.01, 0.99]]],
        np.array([[0.0, 0.8], [0.9, 0.99]]),
    ]  # fmt: skip
    built = [lawn().table("wet", r, parents=["rain", "sprinkler"]).build() for r in rows]
    want = np.array(rows[1])
    for network in built:
        np.testing.assert_allclose(network.cpt("wet"), want, atol=1e-15)
        assert network.parents("wet") == ("rain", "sprinkler")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_a_network_taken_apart_and_written_down_again_is_the_same(seed: int, size: int) -> None:
    network = random_network(seed, size)
    b = fn.NetworkBuilder(network.name)
    for v in network.variables:
        b.variable(v, network.states(v))
    for v in network.variables:
        write_down(b, network, v)
    assert b.build().hash == network.hash


def write_down(b: fn.NetworkBuilder, network: Network, v: str) -> None:
    gate, parents = network.gate(v), network.parents(v)
    states = [network.states(u) for u in parents]
    configs = list(np.ndindex(*(len(s) for s in states)))
    names = {c: tuple(s[k] for s, k in zip(states, c, strict=True)) for c in configs}
    if isinstance(gate, NoisyMax):
        links = {
            u: {s: row.tolist() for s, row in zip(network.states(u), link, strict=True)}
            for u, link in zip(parents, gate.links, strict=True)
        }
        b.noisy_max(v, links, leak=gate.leak.tolist())
    elif isinstance(gate, Function):
        outcome = {names[c]: network.states(v)[gate.outcome[c]] for c in configs}
        b.deterministic(v, outcome, parents=parents)
    elif parents:
        b.table(v, {names[c]: gate.values[c].tolist() for c in configs}, parents=parents)
    else:
        b.table(v, gate.values.tolist())


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=5),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
def test_noisy_or_is_one_minus_the_product(links: list[float], leak: float, seed: int) -> None:
    names = [f"c{i}" for i in range(len(links))]
    b = binary(*names, "effect")
    for name in names:
        b.table(name, 0.5)
    b.noisy_or("effect", dict(zip(names, links, strict=True)), leak=leak)
    on = np.random.default_rng(seed).integers(0, 2, len(links))
    want = 1 - (1 - leak) * np.prod([1 - p for p, x in zip(links, on, strict=True) if x])
    assert b.build().cpt("effect")[(*on, 1)] == pytest.approx(want, abs=1e-12)


def test_logistic_is_a_regression() -> None:
    b = binary("smoker", "cough").variable("age", ["young", "middle", "old"])
    b.table("smoker", 0.3).table("age", [0.3, 0.4, 0.3])
    weights = {"smoker": 1.5, "age": {"middle": 0.5, "old": 2.0}}
    table = b.logistic("cough", weights, intercept=-2.0).build().cpt("cough")
    for i, w in enumerate((0.0, 1.5)):
        for j, a in enumerate((0.0, 0.5, 2.0)):
            assert table[i, j, 1] == pytest.approx(1 / (1 + np.exp(2.0 - w - a)), abs=1e-14)
    big = b.logistic("cough", {"smoker": 800.0}, intercept=-900.0).build().cpt("cough")
    assert np.isfinite(big).all()
    assert big[0, 1] < 1e-300 or big[0, 1] >= 0


def test_a_function_may_speak_of_states_or_of_truth() -> None:
    b = binary("a", "b", "both").table("a", 0.5).table("b", 0.5)
    one = b.deterministic("both", lambda x, y: x == y == "yes", parents=["a", "b"]).build()
    rows = {
        (x, y): "yes" if x == y == "yes" else "no" for x in ("no", "yes") for y in ("no", "yes")
    }
    two = b.deterministic("both", rows, parents=["a", "b"]).build()
    assert one.hash == two.hash
    assert isinstance(one.gate("both"), Function)


Step = Callable[[], Any]
WRONG: list[tuple[Step, str]] = [
    (lambda: lawn().variable("rain"), "'rain' is declared twice"),
    (lambda: lawn().variable("snow", "yes"), "expected a list of states, got 'yes'"),
    (lambda: lawn().variable("snow", ["no", "no"]), "expected distinct texts"),
    (lambda: lawn().table("rian", 0.2), "did you mean 'rain'"),
    (lambda: lawn().table("wet", 0.2, parents=["rian"]), "parent of 'wet': .*did you mean 'rain'"),
    (lambda: lawn().table("rain", 1.2), "table of 'rain': expected a probability from 0 to 1"),
    (lambda: lawn().table("rain", [0.2, 0.7]), "table of 'rain': expected to sum to 1, got 0.9"),
    (lambda: lawn().table("rain", {"yes": 0.2}), "no probability for no"),
    (lambda: lawn().table("rain", {"yse": 0.2, "no": 0.8}), "did you mean 'yes'"),
    (lambda: lawn().table("wet", {"no": 0.1}, parents=["rain"]), "no row for rain=yes"),
    (
        lambda: lawn().table("wet", {("no", "no"): 0.1}, parents=["rain", "sprinkler"]),
        r"no row for rain=no, sprinkler=yes \(and 2 more rows\)",
    ),
    (
        lambda: lawn().table("wet", {"no": 0.1, "yes": [0.5, 0.6]}, parents=["rain"]),
        "table of 'wet', row rain=yes: expected to sum to 1, got 1.1",
    ),
    (
        lambda: lawn().table("wet", [[0.1, 0.9], [0.5, 0.6]], parents=["rain"]),
        "row rain=yes: expected to sum to 1, got 1.1",
    ),
    (
        lambda: lawn().table("wet", [0.1, 0.2, 0.3], parents=["rain"]),
        r"expected shape \(2, 2\) \(rain, wet\), got \(3,\)",
    ),
    (lambda: lawn().table("wet", {"no": "x", "yes": 0.5}, parents=["rain"]), "row rain=no"),
    (lambda: lawn().noisy_or("wet", {"rain": 1.5}), "link rain → wet, row rain=yes"),
    (lambda: lawn().noisy_or("wet", {"rain": 0.5}, leak=float("nan")), "leak of 'wet'"),
    (
        lambda: lawn().noisy_max("wet", {"rain": {"no": 0.2, "yes": 0.8}}),
        "may mean the states of either",
    ),
    (
        lambda: lawn().deterministic("wet", lambda x: "soaked", parents=["rain"]),
        "row rain=no: expected one of no, yes, got 'soaked'",
    ),
    (lambda: lawn().logistic("wet", {"rain": "1"}, intercept=0.0), "rain=yes: expected a number"),
    (lambda: lawn().build(), "wet: has no table or gate"),
    (
        lambda: binary("a", "b").table("a", [0.1, 0.9], parents=["b"])
        .table("b", [0.1, 0.9], parents=["a"]).build(),
        "the arcs make a cycle",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("step", "message"), WRONG, ids=lambda x: x if isinstance(x, str) else "")
def test_what_is_wrong_is_named(step: Step, message: str) -> None:
    with pytest.raises(FascinetError, match=message):
        step()


def test_check_lists_all_errors_first_and_build_names_them_together() -> None:
    b = binary("a", "b").variable("c", ["yes", "no"]).variable("d", ["none", "some", "never"])
    b.table("a", 0.5).noisy_or("c", {"a": 0.8}, leak=0.1).table("d", [0.5, 0.5, 0.0])
    found = b.check()
    assert [i.level for i in found] == sorted(i.level for i in found)
    rules = {(i.rule, i.where) for i in found}
    assert rules == {
        ("gate", "b"), ("resting_state", "c"), ("impossible_state", "d"),
        ("unconnected", "b"), ("unconnected", "d"),
    }  # fmt: skip
    assert "no" in next(i.remedy for i in found if i.rule == "resting_state")
    with pytest.raises(NetworkError, match="b: has no table or gate"):
        b.build()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_impossible_states_are_those_without_probability_in_any_row(seed: int, size: int) -> None:
    network = random_network(seed, size)
    found = {
        i.message.partition(" ")[0]
        for i in fn.NetworkBuilder.from_network(network).check()
        if i.rule == "impossible_state"
    }
    want = {
        f"{v}={s}"
        for v in network.variables
        if len(network.states(v)) > 1
        for k, s in enumerate(network.states(v))
        if network.cpt(v)[..., k].max() == 0.0
    }
    assert found == want


def test_removing_a_variable_leaves_its_children_without_a_gate() -> None:
    b = lawn().noisy_or("wet", {"rain": 0.9, "sprinkler": 0.8})
    b.remove("rain")
    assert [i.where for i in b.check() if i.level == "error"] == ["wet"]
    assert b.noisy_or("wet", {"sprinkler": 0.8}).build().variables == ("sprinkler", "wet")


# ---------------------------------------------------------------- other sources


def test_a_mapping_may_come_from_json() -> None:
    spec = json.loads(
        """{"name": "lawn", "version": "2", "variables": {
          "rain": {"label": "Rain last night", "table": 0.2, "meta": {"kind": "cause"}},
          "month": {"states": ["june", "july"], "table": [0.5, 0.5]},
          "hose": {"table": {"june": 0.3, "july": 0.1}, "parents": ["month"]},
          "wet": {"noisy_or": {"rain": 0.9, "hose": 0.8}, "leak": 0.01},
          "slip": {"logistic": {"wet": 2.0}, "intercept": -3.0},
          "puddle": {"states": ["none", "small", "big"],
                     "noisy_max": {"rain": {"small": 0.5, "big": 0.2}}}
        }}"""
    )
    network = fn.NetworkBuilder.from_dict(spec).build()
    assert (network.name, network.version) == ("lawn", "2")
    assert network.meta["rain"] == {"label": "Rain last night", "kind": "cause"}
    assert network.cpt("hose")[1, 1] == 0.1
    assert network.cpt("wet")[1, 0, 1] == pytest.approx(1 - 0.99 * 0.1)
    np.testing.assert_allclose(network.cpt("puddle"), [[1, 0, 0], [0.3, 0.5, 0.2]])


def test_a_mapping_tells_all_its_faults_at_once() -> None:
    spec = {"variables": {"a": {"table": 1.5}, "b": {"tabel": 0.5}, "c": {"noisy_or": {"a": 2}}}}
    with pytest.raises(NetworkError, match="'tabel': did you mean 'table'"):
        fn.NetworkBuilder.from_dict(spec)
    del spec["variables"]["b"]
    with pytest.raises(NetworkError, match="table of 'a'.*link a → c"):
        fn.NetworkBuilder.from_dict(spec)
    for wrong in ([], {"variables": []}, {"variables": {"a": 0.5}}, {"variable": {}}):
        with pytest.raises(NetworkError, match="expected a mapping"):
            fn.NetworkBuilder.from_dict(wrong)  # pyright: ignore


ARCS = pd.DataFrame(
    [("", "flu", 0.05), (None, "cold", 0.2), ("flu", "cough", 0.8), ("cold", "cough", 0.6),
     (None, "cough", 0.1)],
    columns=["parent", "child", "probability"],
)  # fmt: skip


def test_a_frame_of_arcs_is_a_network_of_noisy_ors() -> None:
    network = fn.NetworkBuilder.from_arcs(ARCS, name="cough").build()
    assert network.parents("cough") == ("flu", "cold")
    assert network.cpt("cough")[1, 1, 1] == pytest.approx(1 - 0.9 * 0.2 * 0.4)
    assert network.cpt("flu")[1] == pytest.approx(0.05)


def test_arcs_without_figures_are_a_structure_to_learn_in() -> None:
    states = {"cough": ["none", "dry", "wet"]}
    b = fn.NetworkBuilder.from_arcs(ARCS[["parent", "child"]].iloc[2:4], states=states)
    assert {i.rule for i in b.check()} == {"gate"}
    network = b.build(uniform=True)
    assert network.states("cough") == ("none", "dry", "wet")
    np.testing.assert_allclose(network.cpt("cough"), 1 / 3)


def test_a_faulty_row_of_arcs_is_named_by_its_number() -> None:
    bad = pd.concat([ARCS, pd.DataFrame([("flu", "cough", 0.8), ("flu", "fever", 1.8)],
                                        columns=ARCS.columns)])  # fmt: skip
    with pytest.raises(NetworkError, match="row 6: link flu → cough is given twice; row 7: link"):
        fn.NetworkBuilder.from_arcs(bad)
    with pytest.raises(FascinetError, match="did you mean 'parent'"):
        fn.NetworkBuilder.from_arcs(ARCS.rename(columns={"parent": "parnet"}))
    with pytest.raises(FascinetError, match="did you mean 'cough'"):
        fn.NetworkBuilder.from_arcs(ARCS, states={"couhg": ["no", "yes"]})
    with pytest.raises(NetworkError, match="fever"):  # no prior: nothing to build
        fn.NetworkBuilder.from_arcs(
            pd.DataFrame([("fever", "cough", 0.5)], columns=ARCS.columns)
        ).build()


def test_a_graph_with_links_is_a_network_and_one_without_a_structure() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph(name="cough")
    graph.add_node("flu", table=0.05, label="Influenza")
    graph.add_node("cough", leak=0.1)
    graph.add_edge("flu", "cough", link=0.8)
    network = fn.NetworkBuilder.from_networkx(graph).build()
    assert isinstance(network.gate("cough"), NoisyMax)
    assert network.name == "cough"
    assert network.cpt("cough")[1, 1] == pytest.approx(0.82)
    asia = fn.example("asia")
    again = fn.NetworkBuilder.from_networkx(
        nx.DiGraph(asia.graph), states={v: asia.states(v) for v in asia.variables}
    ).build(uniform=True)
    assert {v: set(asia.parents(v)) for v in asia.variables} == {
        v: set(again.parents(v)) for v in again.variables
    }
    assert all(isinstance(again.gate(v), Table) for v in again.variables)


def test_a_copy_with_other_figures_is_checked_as_a_whole() -> None:
    network = lawn().noisy_or("wet", {"rain": 0.9, "sprinkler": 0.8}).build()
    other = network.copy_with(name="x", tables={"rain": [0.5, 0.5]}, labels={"wet": "Wet lawn"})
    assert (other.name, other.cpt("rain")[1], other.meta["wet"]["label"]) == ("x", 0.5, "Wet lawn")
    assert network.cpt("rain")[1] == 0.2
    with pytest.raises(NetworkError, match="gate of 'rain'"):
        network.copy_with(tables={"rain": [0.5, 0.25, 0.25]})
    with pytest.raises(FascinetError, match="did you mean 'rain'"):
        network.copy_with(labels={"rian": "Rain"})
    with pytest.raises(NetworkError, match="table or a gate"):
        network.copy_with(tables={"rain": [1, 0]}, gates={"rain": network.gate("rain")})


def test_a_bad_state_in_a_key_is_an_unknown_state() -> None:
    with pytest.raises(UnknownStateError, match="did you mean 'yes'"):
        lawn().table("wet", {"no": 0.1, "yse": 0.5}, parents=["rain"])
