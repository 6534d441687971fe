"""How the nodes of a small network are laid out."""

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fascinet.engine.arrays import network_arrays
from fascinet.engine.decompose import Pattern
from fascinet.engine.junction import make_plan
from fascinet.engine.whole_layout import (
    ALONE,
    FULL,
    LANES,
    MIXED,
    PARTLY,
    RUN,
    SAME,
    Node,
    eliminated,
    enumerate_places,
    link,
    patterned,
    split_order,
)
from tests.engine.networks import network


def nodes_of(name: str) -> tuple[list[Node], list[int]]:
    """Return a network's nodes, tables left out, and the numbers of states."""
    plan = make_plan(network_arrays(network(name)), Pattern())
    nodes = [Node(v, np.ones(()), axes) for _, v, axes in eliminated(plan)]
    link(nodes, plan.factors.cards)
    return nodes, plan.factors.cards


@pytest.mark.parametrize("name", ["asia", "child", "alarm", "hepar2", "win95pts", "insurance"])
def test_each_variable_has_a_node_that_hangs_on_its_separator(name: str) -> None:
    nodes, cards = nodes_of(name)
    assert sorted(n.variable for n in nodes) == list(range(len(network(name).variables)))
    for i, node in enumerate(nodes):
        assert sorted(node.given) == sorted(node.axes)
        assert all(nodes[k].parent == i for k in node.kids)
        if node.parent < 0:
            continue
        above = nodes[node.parent]
        assert node.parent > i
        assert set(node.given) <= {above.variable, *above.given}
        assert above.variable in node.given
        assert node.width % LANES == 0
        rows = prod(cards[v] for v in node.given)
        places = enumerate_places(
            [cards[v] for v in node.given], [node.strides[v] for v in node.given]
        )
        assert len(set(places.tolist())) == rows
        assert places.max() < node.width
        if node.mode == ALONE:
            assert node.given == (above.variable,)
        if node.mode == FULL:
            assert node.width == cards[above.variable] * above.width
            assert node.given == (above.variable, *above.given)
        if node.mode == PARTLY:
            assert places.tolist() == list(range(rows))


def test_what_hangs_on_few_goes_first() -> None:
    assert split_order([0, 1, 2], [frozenset({0, 1}), frozenset({1})]) == [2, 0, 1]
    assert split_order([], [frozenset({3})]) == []


@given(st.lists(st.integers(-1, 40), min_size=1, max_size=6).map(lambda x: x * LANES))
def test_a_patterned_map_keeps_every_place(places: list[int]) -> None:
    given_map = np.array(places)
    pattern, found = patterned(given_map)
    np.testing.assert_array_equal(found[given_map >= 0], given_map[given_map >= 0])
    assert found.min() >= 0
    groups = found.reshape(-1, LANES)
    if pattern[0] == RUN:
        assert (np.diff(groups) == 1).all()
    if pattern[0] == SAME:
        assert (np.diff(groups) == 0).all()


@pytest.mark.parametrize(
    ("places", "pattern", "filled"),
    [
        ([4, 5, 6, 7, 0, 1, -1, -1], RUN, [4, 5, 6, 7, 0, 1, 2, 3]),
        ([2, 2, 2, 2, 0, 0, -1, -1], SAME, [2, 2, 2, 2, 0, 0, 0, 0]),
        ([0, 2, 1, 3], MIXED, [0, 2, 1, 3]),
        ([-1, -1, -1, -1], MIXED, [0, 0, 0, 0]),
    ],
)
def test_patterns(places: list[int], pattern: int, filled: list[int]) -> None:
    found, full = patterned(np.array(places))
    assert (found[0], full.tolist()) == (pattern, filled)
