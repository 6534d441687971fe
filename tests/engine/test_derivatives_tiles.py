"""Derivatives of tiled programs against NumPy's reverse pass and the flat kernels'."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fascinet.engine import derivatives as slow
from fascinet.engine import native, native_derivatives
from fascinet.engine.engine import Engine
from fascinet.engine.kernels_numpy import Case
from fascinet.engine.native_derivatives import by_tiles
from fascinet.engine.request import Request, pattern_of, read_request
from fascinet.engine.tiles_layout import JOIN, NODE, OPERAND, ROWS
from fascinet.model.gates import Table
from fascinet.model.network import Network
from tests.engine.networks import cases, network
from tests.engine.test_tiles import hub, quick
from tests.strategies import Query, random_evidence, random_network


def request_of(query: Query) -> Request:
    return read_request(query.network, query.hard, query.soft, None)


def check(query: Query) -> np.ndarray:
    """Hold the tiled derivatives against NumPy's, zeros to the bit; return the program."""
    engine, request = Engine(query.network, backend="numba"), request_of(query)
    net = engine.arrays
    pattern = pattern_of(net, request, frozenset() if any(b.raw for b in net.blocks) else None)
    compiled = engine.solver.program(pattern)
    status, log_prob, grad = by_tiles(net, compiled.flat, request.states, request.soft)
    expected, slopes = slow.reverse(net, compiled.steps, Case(request.states, request.soft))
    assert log_prob == pytest.approx(expected, rel=1e-12, abs=1e-12)
    if expected == -np.inf:
        assert not grad.any()
        return compiled.flat.tiles
    assert status == native.DONE
    np.testing.assert_allclose(grad, slopes, rtol=1e-11, atol=1e-13)
    np.testing.assert_array_equal(grad == 0.0, slopes == 0.0)
    return compiled.flat.tiles


@quick
@given(
    seed=st.integers(0, 2**32 - 1), size=st.integers(1, 9),
    states=st.sampled_from([4, 8, 9, 11]), share=st.sampled_from([0.0, 0.2, 0.5]),
)  # fmt: skip
@example(seed=3, size=6, states=11, share=0.5)
def test_tiles_match_the_plain_reverse_pass(
    seed: int, size: int, states: int, share: float
) -> None:
    net = random_network(seed, size, parents=3, states=states)
    check(random_evidence(net, seed + 1, share))


@pytest.mark.parametrize("states", [7, 8, 21, 63])
def test_a_hub_has_joins_rows_and_barren_leaves(states: int) -> None:
    net = hub(40, states, every=5)
    given_ = {f"leaf{i}": "s0" for i in range(0, 36, 2)}
    ints = check(Query(net, given_, {"leaf3": [0.5] * len(net.states("leaf3"))}))
    nodes = ints[int(ints[1]) :][: NODE * int(ints[0])].reshape(-1, NODE)
    operands = ints[int(ints[3]) :][: OPERAND * int(ints[2])].reshape(-1, OPERAND)
    assert (nodes[:, 5] == JOIN).any()
    assert (operands[:, 0] == 2).any(), "a child that sends ones"
    assert (operands[:, 4] == ROWS).any() == (states >= 8)
    check(Query(net, {}, {"hub": [0.1 + 0.01 * k for k in range(states)]}))


@pytest.mark.parametrize("name", ["alarm", "insurance", "hepar2", "pathfinder", "diabetes", "pigs"])
def test_tiles_match_the_flat_kernels(name: str) -> None:
    engine = Engine(network(name), backend="numba")
    for case in cases(name)[:2]:
        request = request_of(Query(engine.network, case, {}))
        program = engine.solver.program(pattern_of(engine.arrays, request, None)).flat
        both = [
            way(engine.arrays, program, request.states, {})
            for way in (by_tiles, native.derivatives)
        ]
        assert both[0][1] == pytest.approx(both[1][1], rel=1e-12)
        # rows of these files are off one by up to 1e-10, which barren parts leave out
        np.testing.assert_allclose(both[0][2], both[1][2], rtol=1e-9, atol=1e-12)


def test_a_changed_network_uses_its_own_numbers() -> None:
    """A program is shared by networks that differ in numbers alone."""
    net = hub(6, 9)
    tables = {v: net.cpt(v) for v in net.variables}
    changed = net.with_cpt("hub", np.roll(tables["hub"], 1))
    one, two = Engine(net, backend="numba"), Engine(changed, backend="numba")
    request = request_of(Query(net, {"leaf0": "s0"}, {}))
    program = one.solver.program(pattern_of(one.arrays, request, None)).flat
    shared = by_tiles(two.arrays, program, request.states, {})
    own = two.solver.program(pattern_of(two.arrays, request, None)).flat
    alone = by_tiles(two.arrays, own, request.states, {})
    assert shared[1] == alone[1]
    np.testing.assert_array_equal(shared[2], alone[2])


def test_large_programs_take_this_way(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, calls = Engine(network("diabetes"), backend="numba"), list[int]()

    def spy(*arguments: Any) -> tuple[int, float, np.ndarray]:
        calls.append(1)
        return by_tiles(*arguments)

    monkeypatch.setattr(native_derivatives, "by_tiles", spy)
    engine.derivatives(cases("diabetes")[0])
    assert calls


def chain(length: int) -> Network:
    """Return a chain of variables of nine states, with zeros."""
    rng = np.random.default_rng(length)
    names = [f"v{i}" for i in range(length)]
    above = {v: names[max(i - 2, 0) : i] for i, v in enumerate(names)}
    gates: dict[str, Table] = {}
    for v in names:
        values = rng.random([9] * (len(above[v]) + 1))
        values[values < 0.3] = 0.0
        values[..., 0] += 0.01
        gates[v] = Table(values / values.sum(axis=-1, keepdims=True))
    return Network({v: [f"s{k}" for k in range(9)] for v in names}, above, gates)


def test_threads_share_a_program_and_get_the_same_bits() -> None:
    engine = Engine(chain(60), backend="numba")
    asked = [{"v59": f"s{k % 9}", "v20": "s0"} for k in range(32)]
    alone = [engine.solver.derivatives(request_of(Query(engine.network, a, {}))) for a in asked]
    with ThreadPoolExecutor(32) as pool:
        found = list(
            pool.map(
                lambda a: engine.solver.derivatives(request_of(Query(engine.network, a, {}))), asked
            )
        )
    for (one, two), (three, four) in zip(alone, found, strict=True):
        assert one == three
        np.testing.assert_array_equal(two, four)
