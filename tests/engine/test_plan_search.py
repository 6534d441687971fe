"""The compiled plan search against its Python twin, to the bit, and what its orders must be."""

import signal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fascinet.engine.core import core
from fascinet.engine.plan import order, sweep
from fascinet.engine.plan.layout import Planner, depths
from fascinet.engine.plan.order import Elimination
from fascinet.engine.tables.arrays import network_arrays
from fascinet.engine.tables.factors import Factors, catalogue, open_gates
from fascinet.engine.tables.pattern import Pattern
from fascinet.model.network import Network
from tests import fuzz_engine
from tests.engine.networks import SMALL, network
from tests.strategies import random_network

compiled = pytest.mark.skipif(core is None, reason="the core is not compiled here")
quick = settings(max_examples=60, deadline=None)


def random_factors(net: Network, seed: int, share: float = 1 / 3) -> tuple[Planner, Factors]:
    """Return a planner, and factors with a share of the variables observed."""
    arrays = network_arrays(net)
    rng = np.random.default_rng(seed)
    seen = frozenset(v for v in range(len(arrays.cards)) if rng.random() < share)
    low = frozenset(v for v in seen if arrays.blocks[v].is_max and rng.random() < 0.3)
    return Planner(arrays), open_gates(arrays, catalogue(arrays), Pattern(seen, low))


def assert_same(one: tuple[Factors, Elimination], two: tuple[Factors, Elimination]) -> None:
    for name in ("cards", "offset", "ptr", "variable", "stride", "head"):
        np.testing.assert_array_equal(getattr(one[0], name), getattr(two[0], name))
    for name in ("order", "start", "neighbours"):
        np.testing.assert_array_equal(getattr(one[1], name), getattr(two[1], name))
    assert one[1].work == two[1].work


def eliminate(factors: Factors, order: list[int]) -> list[set[int]]:
    """Return the neighbours of each variable in turn, by sets."""
    start, values = factors.scopes()
    near: dict[int, set[int]] = {}
    for a, b in zip(start, start[1:], strict=False):
        for v in values[a:b].tolist():
            near.setdefault(v, set()).update(set(values[a:b].tolist()) - {v})
    out: list[set[int]] = []
    for v in order:
        mine = near.pop(v)
        out.append(mine)
        for u in mine:
            near[u] = (near[u] | mine) - {u, v}
    assert not near
    return out


@compiled
@quick
@given(st.integers(0, 10**6), st.integers(1, 60))
def test_core_and_twin_find_the_same_layout(seed: int, size: int) -> None:
    planner, factors = random_factors(random_network(seed, size), seed)
    assert_same(planner.lay_out(factors), Planner(planner.net, core=None).lay_out(factors))


@compiled
@quick
@given(st.integers(0, 10**6))
def test_core_and_twin_agree_where_leaks_stand_alone(seed: int) -> None:
    planner, factors = random_factors(fuzz_engine.random_network(seed), seed)
    assert_same(planner.lay_out(factors), Planner(planner.net, core=None).lay_out(factors))


@compiled
@pytest.mark.parametrize("name", [*SMALL, "pathfinder", "pigs", "munin1", "diabetes"])
def test_core_and_twin_find_the_same_order_of_a_reference_network(name: str) -> None:
    planner, factors = random_factors(network(name), 1, 0.1)
    assert_same(planner.lay_out(factors), Planner(planner.net, core=None).lay_out(factors))


@compiled
@quick
@given(st.integers(0, 10**6), st.integers(2, 25))
def test_core_and_twin_find_the_same_sweep(seed: int, size: int) -> None:
    planner, factors = random_factors(random_network(seed, size), seed)
    if not factors.gates:
        return
    problem = planner._problem(factors)
    board = sweep.sweep_problem(problem, depths(planner.net))
    slow = Planner(planner.net, core=None)
    (one, work), (two, same) = (p._climb(board, 40, 3) for p in (planner, slow))
    assert (one.tolist(), work) == (two.tolist(), same)
    order = np.array(board.names, np.int64)[one]
    layouts = [p._layout(problem, order) for p in (planner, slow)]
    np.testing.assert_array_equal(layouts[0][0], layouts[1][0])
    np.testing.assert_array_equal(layouts[0][2].order, layouts[1][2].order)
    assert layouts[0][2].work == layouts[1][2].work


@quick
@given(st.integers(0, 10**6), st.integers(1, 40))
def test_an_order_makes_what_it_says(seed: int, size: int) -> None:
    planner, given_factors = random_factors(random_network(seed, size), seed)
    factors, found = planner.lay_out(given_factors)
    order = found.order.tolist()
    place = {v: k for k, v in enumerate(order)}
    near = eliminate(factors, order)
    ends = found.start.tolist()
    for k, (a, b) in enumerate(zip(ends, ends[1:], strict=False)):
        row = found.neighbours[a:b].tolist()
        assert row == sorted(near[k], key=place.__getitem__)
    sizes = [
        np.prod(factors.cards[[v, *mine]], dtype=float) for v, mine in zip(order, near, strict=True)
    ]
    assert found.work == pytest.approx(sum(sizes), rel=1e-12)


def test_a_layout_does_not_depend_on_what_was_asked_before() -> None:
    planner, factors = random_factors(random_network(5, 40), 5)
    first = planner.lay_out(factors)
    for seed in range(20):
        planner.lay_out(random_factors(random_network(5, 40), seed)[1])
    assert_same(first, planner.lay_out(factors))
    assert_same(first, Planner(planner.net).lay_out(factors))


@compiled
def test_a_search_can_be_interrupted() -> None:
    def raise_(*_: object) -> None:
        raise InterruptedError

    planner, factors = random_factors(network("link"), 0, 0.0)
    old = signal.signal(signal.SIGALRM, raise_)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001)
        with pytest.raises(InterruptedError):
            for _ in range(1000):
                planner.lay_out(factors)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    planner.lay_out(factors)


@pytest.mark.parametrize("seed", range(20))
def test_variables_of_many_states_go_last_in_their_cliques(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cards = rng.choice([2, 3, 5, 18, 40], 12).astype(np.float64)
    scopes = [rng.choice(12, rng.integers(2, 5), replace=False).tolist() for _ in range(10)]
    start = np.cumsum([0, *map(len, scopes)])
    values = np.array([v for scope in scopes for v in scope])
    found = order.search_order(start, values, cards)
    moved = order.long_last(found, cards)
    played = order.follow(order.Graph.of(scopes, cards.tolist()), moved.order.tolist()).lists()
    assert moved.neighbours.tolist() == played.neighbours.tolist()
    assert moved.start.tolist() == played.start.tolist()
    assert moved.work == pytest.approx(played.work)
    assert max(np.diff(moved.start)) == max(np.diff(found.start))  # no larger cliques
