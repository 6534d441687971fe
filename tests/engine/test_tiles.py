"""Tiled programs: joins, barren parts, rows and copies, against enumeration and flat programs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fascinet.engine import kernels_numba as kernels
from fascinet.engine.axes import LONG, padded
from fascinet.engine.engine import Engine
from fascinet.engine.joins_numba import join
from fascinet.engine.native import NativeProgram, observed_states, run_tiles
from fascinet.engine.request import pattern_of, read_request
from fascinet.engine.tiles_layout import BARREN, CLIQUE, JOIN, NODE, OPERAND, ROWS
from fascinet.model.gates import Table
from fascinet.model.network import Network
from tests import oracle
from tests.engine.networks import LARGE, SMALL, cases, network, reference
from tests.strategies import Query, random_evidence, random_network

quick = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def tiled(query: Query) -> tuple[int, float, np.ndarray, Engine, NativeProgram]:
    """Run the tiled program of a case, every gate within the tree."""
    engine = Engine(query.network, backend="numba")
    net, solver = engine.arrays, engine.solver
    request = read_request(query.network, query.hard, query.soft, None)
    everything = frozenset(range(len(net.cards)))
    program = solver.program(replace(pattern_of(net, request, None), joint=everything)).flat
    out = np.full(int(net.starts[-1]), np.nan)
    obs = observed_states(net, request.states)
    return *run_tiles(net, program, obs, request.soft, out), out, engine, program


def check(query: Query) -> None:
    """Hold a tiled program against enumeration."""
    status, log_prob, out, engine, program = tiled(query)
    expected, weight = oracle.posteriors(query.network, query.hard, query.soft) if float(
        oracle.weigh(query.network, query.hard, query.soft).sum()
    ) else ({}, 0.0)  # fmt: skip
    if weight == 0.0:
        assert status == kernels.IMPOSSIBLE and log_prob == -np.inf
        return
    assert status == kernels.DONE
    assert log_prob == pytest.approx(np.log(weight), rel=1e-11, abs=1e-12)
    for i, v in enumerate(query.network.variables):
        found = out[engine.arrays.starts[i] : engine.arrays.starts[i + 1]]
        if engine.arrays.cards[i] == 1:
            assert found == 1.0
        elif v in query.hard:
            assert np.isnan(found).all(), "observed variables are not touched"
        else:
            np.testing.assert_allclose(found, expected[v], rtol=1e-11, atol=1e-14)
            np.testing.assert_array_equal(found == 0.0, expected[v] == 0.0)
    assert program.tiles.dtype == np.int32


@quick
@given(
    seed=st.integers(0, 2**32 - 1), size=st.integers(1, 6),
    states=st.sampled_from([4, 8, 9, 11]), share=st.sampled_from([0.0, 0.2, 0.5]),
)  # fmt: skip
@example(seed=3, size=6, states=11, share=0.5)
def test_tiles_match_enumeration(seed: int, size: int, states: int, share: float) -> None:
    net = random_network(seed, size, parents=3, states=states)
    check(random_evidence(net, seed + 1, share))


def hub(leaves: int, states: int, seed: int = 0, every: int = 2) -> Network:
    """Return a hub of many states with leaves of few, some of them with a second parent."""
    rng = np.random.default_rng(seed)
    names = ["hub", "side", *(f"leaf{i}" for i in range(leaves))]
    cards = {v: 2 + int(rng.integers(3)) for v in names} | {"hub": states, "side": 3}
    above: dict[str, list[str]] = {v: ["hub"] for v in names} | {"hub": [], "side": ["hub"]}
    for i in range(0, leaves, every):
        above[f"leaf{i}"] = ["side", "hub"]
    gates: dict[str, Any] = {}
    for v in names:
        values = rng.random([*(cards[u] for u in above[v]), cards[v]])
        values[values < 0.2] = 0.0
        values[..., 0] += 0.1
        gates[v] = Table(values / values.sum(axis=-1, keepdims=True))
    return Network({v: [f"s{k}" for k in range(c)] for v, c in cards.items()}, above, gates)


@pytest.mark.parametrize("states", [7, 8, 21, 63])
def test_a_hub_with_many_leaves(states: int) -> None:
    net = hub(7, states)
    check(Query(net, {"leaf0": "s0", "leaf1": "s1", "leaf4": "s0"}, {"leaf2": [0.5] * 2}))
    check(
        Query(net, {"leaf3": "s0", "side": "s2"}, {"hub": [0.1 + 0.01 * k for k in range(states)]})
    )


def records(program: NativeProgram) -> np.ndarray:
    """Return the nodes of a tiled program."""
    ints = program.tiles
    return ints[int(ints[1]) :][: NODE * int(ints[0])].reshape(-1, NODE)


def test_many_small_operands_meet_in_a_join() -> None:
    """Leaves of the hub alone cost the largest clique a few passes, not one each."""
    net = hub(80, 63, every=40)
    given_ = {f"leaf{i}": "s0" for i in range(0, 80)}
    _, _, _, _, program = tiled(Query(net, given_, {}))
    nodes = records(program)
    assert (nodes[:, 5] == JOIN).any()
    largest = nodes[np.argmax(nodes[:, 0] * nodes[:, 1] * np.maximum(nodes[:, 17], 1))]
    assert largest[7] - largest[6] <= 4


def test_joins_are_smaller_than_their_clique() -> None:
    shape = np.array([2, 3, 5, 7] + [1] * 60, np.int64)
    items = np.array([0b1111, 0b1000, 0b1000, 0b0001, 0b0111, 0b1110], np.uint64)
    into, up = np.empty(6, np.int64), np.empty(6, np.int64)
    masks = np.empty(6, np.uint64)
    made = join(items, 6, shape, 210.0, into, up, masks)
    assert made >= 1 and into[0] == -1, "what has the clique's scope is left to the clique"
    for i in range(6):
        g = into[i]
        while g >= 0:
            assert items[i] & ~masks[g] == 0
            assert np.prod(shape[[a for a in range(4) if int(masks[g]) >> a & 1]]) < 210
            g = up[g]


def test_barren_parts_send_ones() -> None:
    """Nothing observed: no clique is summed, ln P is 0; a finding wakes only what it touches."""
    net = hub(9, 12)
    _, log_prob, _, _, program = tiled(Query(net, {}, {}))
    assert log_prob == 0.0
    nodes = records(program)
    assert (nodes[:, 5] != CLIQUE).all() and (nodes[nodes[:, 5] == BARREN, 3] == -1).all()
    _, _, _, _, program = tiled(Query(net, {"leaf1": "s0"}, {}))
    nodes = records(program)
    assert (nodes[nodes[:, 5] == BARREN, 3] == -1).all() and (nodes[:, 3] >= 0).any()


def test_windows_without_rows_are_copied() -> None:
    """A table whose last axis is observed has the next one strided: it is copied into rows."""
    net = random_network(0, 1)
    rng = np.random.default_rng(1)
    cards = {"a": 9, "b": 10, "c": 2, "d": 2}
    values = {v: rng.random(s) for v, s in
              {"a": (9,), "b": (9, 10), "c": (9, 10, 2), "d": (9, 10, 2)}.items()}  # fmt: skip
    gates: dict[str, Any] = {v: Table(x / x.sum(axis=-1, keepdims=True)) for v, x in values.items()}
    net = Network(
        {v: [f"s{k}" for k in range(c)] for v, c in cards.items()},
        {"a": [], "b": ["a"], "c": ["a", "b"], "d": ["a", "b"]}, gates,
    )  # fmt: skip
    found = 0
    for v in ("a", "b"):
        query = Query(net, {v: "s3", "c": "s1"}, {})
        check(query)
        found += int(tiled(query)[4].tiles[21])
    assert found > 0


def test_tables_by_rank_hold_every_number_once() -> None:
    net = Engine(network("diabetes"), backend="numba").arrays
    axes = net.axes
    kept = axes.source[axes.source >= 0]
    np.testing.assert_array_equal(np.sort(kept), np.arange(net.base.size))
    assert not net.ordered[axes.source < 0].any()
    for v in range(0, len(net.cards), 7):
        scope = axes.scope[axes.ptr[v] : axes.ptr[v + 1]]
        shape = [net.cards[u] for u in scope]
        room = [*shape[:-1], padded(shape[-1])]
        start = int(axes.tables[v])
        table = net.ordered[start : start + int(np.prod(room))].reshape(room)[..., : shape[-1]]
        block = net.blocks[v]
        own = net.base[block.offset : block.offset + table.size]
        family = (*net.parents[v], v)
        own = own.reshape([net.cards[u] for u in family])
        np.testing.assert_array_equal(table, own.transpose([family.index(u) for u in scope]))
        assert list(axes.rank[scope]) == sorted(axes.rank[scope])


def test_long_axes_lie_last() -> None:
    axes = Engine(network("diabetes"), backend="numba").arrays.axes
    cards = np.array(Engine(network("diabetes"), backend="numba").arrays.cards)
    long = cards[np.argsort(axes.rank)] >= LONG
    assert list(long) == sorted(long)


@pytest.mark.parametrize("name", [*SMALL, *LARGE])
def test_tiles_match_the_references_and_flat_programs(name: str) -> None:
    net = network(name)
    engine = Engine(net, backend="numba")
    known, starts = reference(name), engine.arrays.starts
    for i, evidence in enumerate(cases(name)[: 1 if name in {"munin1", "link"} else 3]):
        request = read_request(net, evidence, None, None)
        program = engine.solver.program(pattern_of(engine.arrays, request, None)).flat
        obs = observed_states(engine.arrays, request.states)
        out, flat = np.full((2, int(starts[-1])), np.nan)
        status, log_prob = run_tiles(engine.arrays, program, obs, {}, out)
        work = np.empty(int(program.prog[11]))
        _, flat_log = kernels.collect(program.prog, engine.arrays.base, obs, work)
        kernels.distribute(program.prog, work, flat, False)
        assert status == kernels.DONE
        assert log_prob == pytest.approx(flat_log, rel=1e-13, abs=1e-13)
        np.testing.assert_allclose(out, flat, atol=1e-13)
        np.testing.assert_array_equal(out == 0.0, flat == 0.0)
        for k, v in enumerate(net.variables):
            if v not in evidence:
                np.testing.assert_allclose(
                    out[starts[k] : starts[k + 1]], known[f"{i}|{v}"], atol=1e-12
                )


def test_no_table_of_a_clique_is_stored() -> None:
    net = network("diabetes")
    engine = Engine(net, backend="numba")
    request = read_request(net, cases("diabetes")[0], None, None)
    compiled = engine.solver.program(pattern_of(engine.arrays, request, None))
    assert int(compiled.flat.tiles[9]) < 0.25 * compiled.plan.entries


def test_rows_are_used_and_the_same_bits_come_out_again() -> None:
    net = network("diabetes")
    engine = Engine(net, backend="numba")
    request = read_request(net, cases("diabetes")[1], None, None)
    program = engine.solver.program(pattern_of(engine.arrays, request, None)).flat
    operands = program.tiles[int(program.tiles[3]) :][: OPERAND * int(program.tiles[2])]
    assert (operands.reshape(-1, OPERAND)[:, 4] == ROWS).mean() > 0.3
    obs = observed_states(engine.arrays, request.states)
    outs = np.zeros((2, int(engine.arrays.starts[-1])))
    for out in outs:
        run_tiles(engine.arrays, program, obs, {}, out)
    assert outs[0].tobytes() == outs[1].tobytes()


def test_another_base_runs_on_the_same_program() -> None:
    """A redrawn network of the same shape needs no program of its own."""
    one, two = hub(5, 12, seed=1), hub(5, 12, seed=1)
    rng = np.random.default_rng(5)
    engine = Engine(one, backend="numba")
    values = rng.random((12,))
    values /= values.sum()
    base = engine.arrays.base.copy()
    block = engine.arrays.blocks[one.index["hub"]]
    base[block.offset : block.offset + 12] = values
    given_ = {"leaf0": "s0", "leaf3": "s1"}
    request = read_request(one, given_, None, None)
    program = engine.solver.program(pattern_of(engine.arrays, request, None)).flat
    moved = replace(engine.arrays, base=base)
    out = np.full(int(moved.starts[-1]), np.nan)
    _, log_prob = run_tiles(moved, program, observed_states(moved, request.states), {}, out)
    gates = {v: two.gate(v) for v in two.variables} | {"hub": Table(values)}
    other = Network(
        {v: two.states(v) for v in two.variables}, {v: two.parents(v) for v in two.variables}, gates
    )
    want = Engine(other, backend="numpy").posterior(given_)
    assert log_prob == pytest.approx(want.log_prob_evidence, rel=1e-12)
    np.testing.assert_allclose(out[:12], want.array("hub"), rtol=1e-12)
