"""A structure that pgmpy finds becomes a network of ours, state names kept; figures follow."""

import warnings
from typing import Any

import numpy as np
import pytest

import fascinet as fn
from fascinet.model.formats import FormatWarning
from fascinet.model.network import Network


def truth() -> Network:
    b = fn.NetworkBuilder("cough").variable("flu").variable("cold").variable("cough")
    b.variable("fever", ["none", "low", "high"]).table("flu", 0.3).table("cold", 0.4)
    b.noisy_or("cough", {"flu": 0.8, "cold": 0.6}, leak=0.1)
    return b.noisy_max("fever", {"flu": {"low": 0.3, "high": 0.5}}, leak={"low": 0.05}).build()


def earlier(first: str, second: str, **_: Any) -> tuple[str, str]:
    """Answer as an expert would: which of two comes first."""
    order = ["flu", "cold", "fever", "cough"]
    return (first, second) if order.index(first) < order.index(second) else (second, first)


@pytest.mark.slow  # pgmpy takes seconds to import
@pytest.mark.parametrize("name", ["HillClimbSearch", "PC", "GES", "ExpertInLoop"])
def test_a_graph_of_pgmpy_becomes_a_network_that_learns(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy import causal_discovery as found

        options: dict[str, Any] = {
            "HillClimbSearch": {"scoring_method": "bic-d", "return_type": "dag",
                                "show_progress": False},
            "PC": {"ci_test": "chi_square", "return_type": "dag", "show_progress": False},
            "GES": {"scoring_method": "bic-d", "return_type": "dag"},
            "ExpertInLoop": {"ci_test": "chi_square", "orientation_fn": earlier,
                             "show_progress": False},
        }[name]  # fmt: skip
        network = truth()
        data = fn.simulate(network, 3000, seed=1)
        graph = getattr(found, name)(**options).fit(data).causal_graph_
    arcs = {frozenset(arc) for arc in graph.edges()}
    assert arcs == {frozenset(x) for x in (("flu", "cough"), ("cold", "cough"), ("flu", "fever"))}
    states = {v: network.states(v) for v in network.variables}
    bare = fn.NetworkBuilder.from_networkx(graph, states=states).build(uniform=True)
    learnt = fn.learn(bare, data).network
    assert {v: learnt.states(v) for v in learnt.variables} == states
    one, two = fn.Engine(network), fn.Engine(learnt)
    for evidence in ({"cough": "yes"}, {"fever": "high"}, {"cough": "no", "fever": "none"}):
        want, got = one.posterior(evidence), two.posterior(evidence)
        assert got["flu"]["yes"] == pytest.approx(want["flu"]["yes"], abs=0.06)


def test_state_names_stand_the_way_to_pgmpy_and_back() -> None:
    network = truth()
    with pytest.warns(FormatWarning, match="noisy-MAX gates"):
        model = network.to_pgmpy()
    assert model.get_cpds("fever").state_names["fever"] == ["none", "low", "high"]
    again = fn.Network.from_pgmpy(model)
    for v in network.variables:
        assert again.states(v) == network.states(v)
        axes = [again.parents(v).index(u) for u in network.parents(v)]
        np.testing.assert_allclose(
            np.transpose(again.cpt(v), [*axes, len(axes)]), network.cpt(v), atol=1e-12
        )
