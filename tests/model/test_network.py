"""The network is immutable, checks itself, and names what is wrong."""

import networkx as nx
import numpy as np
import pytest

from fascinet.model.errors import NetworkError, UnknownStateError, UnknownVariableError
from fascinet.model.gates import Table, noisy_or
from fascinet.model.network import Network
from fascinet.model.shipped import load
from tests.oracle import joint, posteriors

YES_NO = ("no", "yes")


@pytest.fixture
def sprinkler() -> Network:
    """Rain and sprinkler wet the grass."""
    return Network(
        {"rain": YES_NO, "sprinkler": YES_NO, "wet": YES_NO},
        {"sprinkler": ["rain"], "wet": ["sprinkler", "rain"]},
        {
            "rain": Table(np.array([0.8, 0.2])),
            "sprinkler": Table(np.array([[0.6, 0.4], [0.99, 0.01]])),
            "wet": noisy_or([0.9, 0.8], 0.0),
        },
        name="sprinkler",
    )


def test_joint_sums_to_one(sprinkler: Network) -> None:
    assert joint(sprinkler).sum() == pytest.approx(1.0, abs=1e-15)


def test_do_cuts_the_parents(sprinkler: Network) -> None:
    forced = sprinkler.do({"sprinkler": "yes"})
    assert forced.parents("sprinkler") == ()
    seen, _ = posteriors(sprinkler, {"sprinkler": "yes"})
    done, _ = posteriors(forced, {"sprinkler": "yes"})
    assert done["rain"][1] == pytest.approx(0.2)
    assert seen["rain"][1] < 0.01


def test_with_cpt_leaves_the_first_network_alone(sprinkler: Network) -> None:
    wetter = sprinkler.with_cpt("rain", [0.1, 0.9])
    assert sprinkler.cpt("rain")[1] == 0.2
    assert wetter.cpt("rain")[1] == 0.9
    assert wetter.hash != sprinkler.hash


def test_hash_does_not_depend_on_the_name(sprinkler: Network) -> None:
    assert sprinkler.replace(name="other").hash == sprinkler.hash


def test_topological_order_has_parents_first(sprinkler: Network) -> None:
    assert sprinkler.topological == ("rain", "sprinkler", "wet")
    assert sprinkler.children("rain") == ("sprinkler", "wet")


def test_unknown_names_come_with_the_nearest(sprinkler: Network) -> None:
    with pytest.raises(UnknownVariableError, match="did you mean 'sprinkler'"):
        sprinkler.states("sprinklers")
    with pytest.raises(UnknownStateError, match="expected one of no, yes"):
        sprinkler.state_index("wet", "soaked")


@pytest.mark.parametrize(
    ("states", "parents", "says"),
    [
        ({"a": YES_NO, "b": YES_NO}, {"a": ["b"], "b": ["a"]}, "cycle"),
        ({"a": ("no", "no")}, {}, "distinct states"),
        ({"a": ()}, {}, "distinct states"),
        ({"a": YES_NO, "b": YES_NO}, {"b": ["a", "a"]}, "twice"),
        ({"a": YES_NO, "b": YES_NO}, {"b": ["a"]}, "expected shape"),
    ],
)
def test_bad_structure_is_refused(states, parents, says: str) -> None:
    gates = {v: Table(np.array([0.5, 0.5])) for v in states}
    if "cycle" in says:
        gates = {v: noisy_or([0.5], 0.1) for v in states}
    with pytest.raises(NetworkError, match=says):
        Network(states, parents, gates)


def test_order_and_descendants_are_those_of_the_graph() -> None:
    network = load()
    graph = network.graph
    order = nx.lexicographical_topological_sort(graph, key=network.index.__getitem__)
    assert network.topological == tuple(order)
    for variable in network.variables[::7]:
        assert network.descendants(variable) == nx.descendants(graph, variable)
        children = network.children(variable)
        assert set(children) == set(graph.successors(variable))
        assert list(children) == sorted(children, key=network.index.__getitem__)
