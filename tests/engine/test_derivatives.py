"""Derivatives against differences of the enumerated polynomial, for every parameter."""

import numpy as np
import pytest
from hypothesis import given, settings

from fascinet.engine.api.engine import Engine
from fascinet.model.errors import ImpossibleEvidenceError
from fascinet.model.gates import Array, Function, NoisyMax, Table, max_convolve
from fascinet.model.network import Network, gate_arrays
from tests import oracle
from tests.engine.networks import cases, network
from tests.engine.test_oracle import BACKENDS, quick
from tests.strategies import Query, queries


class Free:
    """A network whose tables need not sum to one: what the polynomial is a function of."""

    def __init__(self, network: Network, tables: dict[str, Array]) -> None:
        self.variables, self.states, self.parents = (
            network.variables, network.states, network.parents,
        )  # fmt: skip
        self.cpt = tables.__getitem__


def table_of(gate: NoisyMax | Table, arrays: list[Array]) -> Array:
    if isinstance(gate, Table):
        return arrays[0]
    table = arrays[-1]
    for link in arrays[:-1]:
        table = max_convolve(table[..., None, :], link)
    return table


def difference(query: Query, v: str, part: int, place: tuple[int, ...], step: float) -> float:
    net = query.network
    tables = {u: net.cpt(u) for u in net.variables}
    gate = net.gate(v)
    assert isinstance(gate, NoisyMax | Table)

    def weight(delta: float) -> float:
        arrays = [a.copy() for a in gate_arrays(gate)]
        arrays[part][place] += delta
        free = Free(net, tables | {v: table_of(gate, arrays)})
        # `Free` offers what the oracle asks of a network, with rows that need not sum to one
        return float(oracle.weigh(free, query.hard, query.soft).sum())  # type: ignore[arg-type]  # it offers what is asked

    return (weight(step) - weight(-step)) / (2 * step) / weight(0.0)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(quick, max_examples=25)
@given(query=queries(largest=6, parents=4))
def test_every_parameter_matches_the_difference(query: Query, backend: str) -> None:
    net = query.network
    engine = Engine(net, backend=backend)
    if oracle.weigh(net, query.hard, query.soft).sum() == 0.0:
        with pytest.raises(ImpossibleEvidenceError):
            engine.derivatives(query.hard, soft=query.soft)
        return
    found = engine.derivatives(query.hard, soft=query.soft)
    pruned = any(b.raw for b in engine.arrays.blocks)
    for v in net.variables:
        arrays = () if isinstance(net.gate(v), Function) else gate_arrays(net.gate(v))
        assert [a.shape for a in found[v]] == [a.shape for a in arrays]
        if pruned and not any(a.any() for a in found[v]):
            continue  # without bearing on the evidence: zero by definition
        for part, array in enumerate(found[v]):
            for place in np.ndindex(array.shape):
                want = difference(query, v, part, place, 1e-6)
                assert array[place] == pytest.approx(want, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", ["asia", "alarm", "insurance", "hepar2"])
def test_backends_agree_and_match_family_joints(name: str) -> None:
    net, evidence = network(name), cases(name)[0]
    one, two = (Engine(net, backend=b).derivatives(evidence) for b in BACKENDS)
    assert one.log_prob == pytest.approx(two.log_prob, rel=1e-12)
    for v in net.variables:
        np.testing.assert_allclose(one[v][0], two[v][0], rtol=1e-9, atol=1e-12)
        # Σ θ ∂ ln P/∂θ over a row's family is P(u | e); over the table it is 1
        assert float((net.cpt(v) * two[v][0]).sum()) == pytest.approx(1.0, rel=1e-9)


def test_zero_parameter_has_its_own_derivative() -> None:
    net = Network(
        {"a": ["n", "y"], "b": ["n", "y"]},
        {"b": ["a"]},
        {"a": Table(np.array([0.4, 0.6])), "b": Table(np.array([[1.0, 0.0], [0.3, 0.7]]))},
    )
    found = Engine(net).derivatives({"b": "y"}, extra={"a": "y"})
    assert found.log_prob == pytest.approx(np.log(0.42))
    found = Engine(net).derivatives({"b": "y"})
    np.testing.assert_allclose(found["b"][0], [[0.0, 0.4 / 0.42], [0.0, 0.6 / 0.42]])
