"""The compiled layout of accumulators and leaf queries, against its plain twin and the oracle."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fascinet.engine.arrays import NetworkArrays, network_arrays
from fascinet.engine.decompose import Pattern, open_gates, star_scopes
from fascinet.engine.engine import Engine
from fascinet.engine.lanes_layout import INSIDE, TOP, batch_up, spans
from fascinet.engine.layout_numba import search_order
from fascinet.engine.mirror import Mirror
from fascinet.engine.mirror_numba import mirror
from fascinet.engine.native_layout import Layouts, board, elimination_of, join, with_factors
from fascinet.engine.native_leaves import rows_of
from fascinet.engine.order import eliminate, follow
from fascinet.engine.junction import junction_tree
from fascinet.model.gates import NoisyMax, Table
from fascinet.model.network import Network
from tests.oracle import posteriors
from tests.strategies import distribution, random_network


def random_pattern(net: NetworkArrays, seed: int) -> Pattern:
    """Return a pattern with a third of the variables observed."""
    rng = np.random.default_rng(seed)
    seen = frozenset(v for v in range(len(net.cards)) if rng.random() < 1 / 3)
    low = frozenset(v for v in seen if net.blocks[v].is_max and rng.random() < 0.3)
    return Pattern(seen, low)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 40), st.booleans())
def test_compiled_accumulators_are_those_of_the_plain_twin(
    seed: int, size: int, sweep: bool
) -> None:
    net = network_arrays(random_network(seed, size))
    pattern = random_pattern(net, seed)
    opened = open_gates(net, pattern)
    scopes, cards, hubs = star_scopes(net, pattern, opened)
    order = eliminate(scopes, cards, "fill").order
    plain = Mirror(net, pattern, opened, hubs, sweep).run(order)
    inputs = board(net, pattern, opened, hubs, len(cards))
    factors, widths, sequence = mirror(*inputs, np.array(order, np.int64), sweep)
    assert Counter(with_factors(opened.out, factors, widths).factors) == Counter(plain.out.factors)
    assert widths.tolist() == plain.out.cards
    assert sequence.tolist() == plain.order


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60))
def test_compiled_junction_trees_are_those_of_the_plain_twin(seed: int, size: int) -> None:
    net = network_arrays(random_network(seed, size))
    laid = Layouts().lay_out(net, random_pattern(net, seed))
    assert join(*laid) == junction_tree(*laid)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60))
def test_compiled_orders_make_what_the_plain_twin_says_they_make(seed: int, size: int) -> None:
    net = network_arrays(random_network(seed, size))
    scopes, cards, _ = star_scopes(net, Pattern(), open_gates(net, Pattern()))
    found = elimination_of(*search_order(*rows_of(scopes), np.log2(np.array(cards, float))))
    plain = follow(scopes, cards, found.order)
    greedy = [eliminate(scopes, cards, measure) for measure in ("fill", "weight")]
    assert sorted(found.order) == sorted(greedy[0].order)
    assert found.neighbours == plain.neighbours
    assert found.work == pytest.approx(plain.work, rel=1e-12)
    assert found.work <= greedy[0].work * (1 + 1e-12) or found.work <= greedy[1].work


def wide_leaf(seed: int, states: int) -> Network:
    """Return a leaf of many states over five causes, two of them in a part of their own."""
    rng = np.random.default_rng(seed)
    names = [f"c{i}" for i in range(5)]
    above = {"c0": [], "c1": ["c0"], "c2": ["c1"], "c3": [], "c4": ["c3"]}
    gates = {v: Table(distribution(rng, *[3] * len(above[v]), 3)) for v in names}
    links = tuple(distribution(rng, 3, states) for _ in names)
    leaf = NoisyMax(links, distribution(rng, states))
    cards = {v: ["a", "b", "c"] for v in names} | {"x": [f"s{k}" for k in range(states)]}
    return Network(cards, {**above, "x": names}, {**gates, "x": leaf})


@pytest.mark.parametrize("states", [2, 3, 8, 9, 10, 17])
@pytest.mark.parametrize("seed", range(4))
def test_leaf_of_many_states_is_exact(states: int, seed: int) -> None:
    network = wide_leaf(seed, states)
    evidence = {"c2": "a"} if seed % 2 else {}
    found = Engine(network, backend="numba").posterior(evidence)
    expected, _ = posteriors(network, evidence)
    np.testing.assert_allclose(found.array("x"), expected["x"], rtol=1e-10, atol=1e-15)


def test_subtree_is_trimmed_to_the_cheapest_clique() -> None:
    # cliques 0 – 1 – 2 (root); both links' variables live in all, so the smallest answers
    parents, root = np.array([1, 2, -1]), np.array([2, 2, 2])
    k_ptr, kids = np.array([0, 0, 1, 2]), np.array([0, 1])
    c_ptr, c_scope = np.array([0, 3, 5, 8]), np.array([0, 1, 2, 0, 1, 0, 1, 3])
    home, q_ptr, l_var = np.array([2, 2, 0, 2]), np.array([0, 2]), np.array([0, 1])
    weights = np.array([8.0, 4.0, 8.0])
    marks, at = spans(parents, root, k_ptr, kids, c_ptr, c_scope, weights, home, q_ptr, l_var)
    assert marks.tolist() == [[0, TOP, 0]]
    assert at.tolist() == [1, 1]


def test_batches_hold_at_most_eight_lanes_and_every_query_once() -> None:
    rng = np.random.default_rng(5)
    marks = (rng.random((30, 12)) < 0.3).astype(np.uint8) * INSIDE
    lanes = rng.integers(1, 9, 30)
    batch, count = batch_up(marks, rng.random(12), lanes, 8)
    assert set(batch.tolist()) == set(range(count))
    assert max(np.bincount(batch, lanes)) <= 8
