"""The Jacobian of the base against differences of bases made anew."""

import numpy as np
import pytest

from fascinet.engine.tables.arrays import network_arrays
from fascinet.engine.tables.jacobian import jacobian
from fascinet.model.gates import NoisyMax, Table
from fascinet.model.network import Network, gate_arrays
from tests.strategies import random_network


def moved(net: Network, v: str, part: int, row: int, step: np.ndarray) -> np.ndarray:
    """Return the base with one row of one gate moved by `step`, which sums to zero."""
    arrays = [a.copy() for a in gate_arrays(net.gate(v))]
    arrays[part].reshape(-1, arrays[part].shape[-1])[row] += step
    gate = Table(arrays[0]) if isinstance(net.gate(v), Table) else None
    gates = {u: net.gate(u) for u in net.variables}
    gates[v] = gate or NoisyMax(tuple(arrays[:-1]), arrays[-1])
    parents = {u: list(net.parents(u)) for u in net.variables}
    return network_arrays(Network({u: net.states(u) for u in net.variables}, parents, gates)).base


@pytest.mark.parametrize("seed", range(12))
def test_a_row_that_moves_moves_the_base_as_the_jacobian_says(seed: int) -> None:
    net = random_network(seed, 7)
    arrays = network_arrays(net)
    table = jacobian(arrays)
    dense = np.zeros((arrays.base.size, table.count))
    places = np.repeat(np.arange(arrays.base.size), np.diff(table.start))
    dense[places, table.parameter] = table.value
    rng, at = np.random.default_rng(seed), 0
    worked = np.ones(arrays.base.size, bool)  # not what a leaf query alone reads
    for blocks in arrays.blocks:
        if blocks.raw and not blocks.is_max:
            sizes = [blocks.gate.states, *(x.size for x in blocks.gate.links)]
            for start, size in zip((blocks.leak, *blocks.raw), sizes, strict=True):
                worked[start : start + size] = False
    for v in net.variables:
        gate = net.gate(v)
        if not isinstance(gate, Table | NoisyMax):
            continue
        for part, values in enumerate(gate_arrays(gate)):
            rows = values.reshape(-1, values.shape[-1])
            for row, now in enumerate(rows):
                target = rng.dirichlet(np.ones(len(now)))
                step = 0.5 * (target - now)  # towards another distribution: stays one
                want = moved(net, v, part, row, step) - arrays.base
                got = dense[:, at : at + len(now)] @ step
                np.testing.assert_allclose(got[worked], want[worked], atol=1e-12)
                at += len(now)
    assert at == table.count
