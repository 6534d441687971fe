"""Slopes of programs: the compiled core against the passes in NumPy, extremes included."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fascinet.engine.core import core
from fascinet.engine.reference.passes import Case
from fascinet.engine.reference.slopes import slopes
from fascinet.engine.run.evidence import read_request
from fascinet.engine.run.loaded import Loaded
from fascinet.engine.run.solver import Solver
from fascinet.engine.tables.arrays import network_arrays
from fascinet.engine.tables.request import pattern_of
from fascinet.model.gates import NoisyMax, Table
from fascinet.model.network import Network
from tests.strategies import random_evidence, random_network

pytestmark = pytest.mark.skipif(core is None, reason="the core is not compiled here")
quick = settings(max_examples=60, deadline=None)


def tiny(network: Network, seed: int) -> Network:
    """Return a network whose tables and links hold numbers down to 1e-280."""
    rng = np.random.default_rng(seed)

    def shrink(values: np.ndarray) -> np.ndarray:
        small = values * 10.0 ** rng.uniform(-280, 0, values.shape)
        small[..., -1] = 1.0 - small[..., :-1].sum(axis=-1)
        return small

    gates = {}
    for v in network.variables:
        gate = network.gate(v)
        if isinstance(gate, Table):
            gate = Table(shrink(gate.values))
        elif isinstance(gate, NoisyMax):
            gate = NoisyMax(tuple(shrink(x) for x in gate.links), shrink(gate.leak))
        gates[v] = gate
    parents = {v: network.parents(v) for v in network.variables}
    return Network({v: network.states(v) for v in network.variables}, parents, gates)


def program(network: Network, seed: int, pruned: bool) -> tuple[Loaded, np.ndarray, np.ndarray]:
    """Return a program with a case for it: observed states and row weights."""
    arrays = network_arrays(network)
    query = random_evidence(network, seed, 0.3)
    solver = Solver(arrays, {}, 2**27)
    request = read_request(network, query.hard, query.soft, None)
    loaded = solver.program(pattern_of(arrays, request, frozenset() if pruned else None))
    return loaded, *solver.case(request, loaded)


def check(
    loaded: Loaded, states: np.ndarray, weights: np.ndarray, rtol: float, atol: float = 0.0
) -> None:
    """Compare all slopes of some rows of weights."""
    count, base = len(weights), loaded.net.base
    logs, scales, found = np.empty(count), np.empty(count), np.zeros((count, base.size))
    none = (None, None, None)
    core.slopes(loaded.prepared, None, None, states, weights, logs, scales, found, *none)
    for k in range(count):
        log_prob, scale, want = slopes(loaded.program, base, Case(states, weights[k]))
        assert logs[k] == pytest.approx(log_prob, rel=1e-12, abs=1e-12)
        if log_prob == -np.inf and want.any():  # each has a scale of its own
            mine, want = found[k] / found[k].max(), want / want.max()
            np.testing.assert_allclose(mine, want, rtol=rtol, atol=1e-15)
        else:
            np.testing.assert_allclose(found[k], want, rtol=rtol, atol=atol)
        if not atol:
            np.testing.assert_array_equal(found[k] > 0.0, want > 0.0)


@quick
@given(st.integers(0, 10**6), st.integers(1, 14), st.booleans(), st.integers(1, 12))
def test_core_and_reference_agree(seed: int, size: int, pruned: bool, count: int) -> None:
    loaded, states, weights = program(random_network(seed, size), seed + 1, pruned)
    rng = np.random.default_rng(seed)
    rows = np.tile(weights, (count, 1))
    rows[1:] *= rng.random(rows[1:].shape) ** 6 * (rng.random(rows[1:].shape) < 0.6)
    check(loaded, states, rows, 1e-9)


@quick
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 3))
def test_slopes_of_numbers_near_the_edge_of_doubles(seed: int, size: int, count: int) -> None:
    loaded, states, weights = program(tiny(random_network(seed, size), seed), seed + 1, True)
    rng = np.random.default_rng(seed)
    rows = np.tile(weights, (count, 1)) * 10.0 ** rng.uniform(-300, 0, (count, len(weights)))
    check(loaded, states, rows, 1e-9, 1e-250)


def test_cases_of_one_call_do_not_touch_each_other() -> None:
    loaded, states, weights = program(random_network(7, 12), 8, False)
    rows = np.tile(weights, (11, 1))
    check(loaded, states, rows, 1e-12)
    rows[3] = 0.0
    check(loaded, states, rows, 1e-9)


def test_arrays_of_other_lengths_are_refused() -> None:
    loaded, states, weights = program(random_network(7, 12), 8, False)
    logs, grad = np.empty(1), np.zeros((1, loaded.net.base.size + 1))
    with pytest.raises(ValueError, match="lengths"):
        core.slopes(
            loaded.prepared, None, None, states, weights, logs, logs.copy(), grad, None, None, None
        )
