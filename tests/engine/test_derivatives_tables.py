"""Derivatives of networks of tables: coefficients of a polynomial, whoever asks and how often."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fascinet.engine.api.engine import Engine
from fascinet.model.errors import (
    ImpossibleEvidenceError,
    UnknownStateError,
    UnknownVariableError,
)
from fascinet.model.gates import Table
from fascinet.model.network import Network
from tests import oracle
from tests.engine.networks import cases, network
from tests.strategies import random_evidence, random_network


def of_tables(seed: int, size: int) -> Network:
    """Return a random network whose gates are all tables, many of their entries zero or one."""
    net = random_network(seed, size, parents=3)
    above = {v: list(net.parents(v)) for v in net.variables if net.parents(v)}
    gates = {v: Table(net.cpt(v)) for v in net.variables}
    return Network({v: list(net.states(v)) for v in net.variables}, above, gates)


def formal(net: Network, v: str, hard: dict[str, str]) -> np.ndarray:
    """Return ∂ ln P / ∂ θ of one table: the polynomial is linear in it."""
    total = float(oracle.weigh(net, hard).sum())
    out = np.zeros(net.cpt(v).shape)
    for place in np.ndindex(*out.shape):
        unit = np.zeros(out.shape)
        unit[place] = 1.0
        out[place] = oracle.weigh(_Free(net, v, unit), hard).sum() / total  # type: ignore[arg-type]  # it offers what is asked
    return out


class _Free:
    """A network with one table replaced by any numbers."""

    def __init__(self, net: Network, variable: str, table: np.ndarray) -> None:
        self.variables, self.states, self.parents = net.variables, net.states, net.parents
        self.cpt = lambda v: table if v == variable else net.cpt(v)


@pytest.mark.parametrize("seed", range(30))
def test_every_entry_is_the_coefficient_of_the_polynomial(seed: int) -> None:
    net = of_tables(seed, 1 + seed % 6)
    engine, hard = Engine(net, backend="core"), random_evidence(net, seed, 0.3).hard
    if float(oracle.weigh(net, hard).sum()) == 0.0:
        with pytest.raises(ImpossibleEvidenceError):
            engine.derivatives(hard)
        return
    found = engine.derivatives(hard)
    for v in net.variables:
        np.testing.assert_allclose(found[v][0], formal(net, v, hard), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("name", ["asia", "child", "alarm", "hepar2", "win95pts"])
def test_backends_agree(name: str) -> None:
    net = network(name)
    fast, slow = Engine(net, backend="core"), Engine(net, backend="numpy")
    for case in cases(name)[:3]:
        mine, other = fast.derivatives(case), slow.derivatives(case)
        assert mine.log_prob == pytest.approx(other.log_prob, abs=1e-11)
        for v in net.variables:
            np.testing.assert_allclose(mine[v][0], other[v][0], atol=1e-9)
            with pytest.raises(ValueError, match="read-only"):
                mine[v][0][...] = 0.0


def test_a_family_posterior_is_its_derivative_times_its_parameter() -> None:
    net, case = network("alarm"), cases("alarm")[0]
    engine = Engine(net, backend="core")
    found, posterior = engine.derivatives(case), engine.posterior(case)
    for v in net.variables:
        family = found[v][0] * net.cpt(v)
        own = family.sum(axis=tuple(range(family.ndim - 1)))
        np.testing.assert_allclose(own, posterior.array(v), atol=1e-12)


def test_threads_get_the_same_bits() -> None:
    net, case = network("alarm"), cases("alarm")[0]
    engine = Engine(net, backend="core")
    want = [engine.derivatives(case)[v][0] for v in net.variables]
    with ThreadPoolExecutor(32) as pool:
        for got in pool.map(lambda _: engine.derivatives(case), range(256)):
            for v, x in zip(net.variables, want, strict=True):
                np.testing.assert_array_equal(got[v][0], x)


@given(st.integers(0, 2**32 - 1), st.integers(7, 40), st.sampled_from([0.0, 0.1, 0.3]))
def test_backends_agree_on_random_networks(seed: int, size: int, share: float) -> None:
    net = of_tables(seed, size)
    hard = random_evidence(net, seed + 1, share).hard
    engines = [Engine(net, backend=b) for b in ("core", "numpy")]
    try:
        found, want = (e.derivatives(hard) for e in engines)
    except ImpossibleEvidenceError:
        for engine in engines:
            with pytest.raises(ImpossibleEvidenceError):
                engine.derivatives(hard)
        return
    assert found.log_prob == pytest.approx(want.log_prob, rel=1e-10, abs=1e-12)
    for v in net.variables:
        np.testing.assert_allclose(found[v][0], want[v][0], rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(found[v][0] == 0.0, want[v][0] == 0.0)


def test_nothing_of_a_case_is_left_for_the_next() -> None:
    net = network("asia")
    engine, case = Engine(net, backend="core"), {"xray": "yes", "asia": "no"}
    want = {v: engine.derivatives(case)[v][0].copy() for v in net.variables}
    with pytest.raises(ImpossibleEvidenceError):
        engine.derivatives({"tub": "yes", "either": "no"})
    engine.derivatives({"dysp": "no", "smoke": "yes"})
    for v, x in want.items():
        np.testing.assert_array_equal(engine.derivatives(case)[v][0], x)


def test_numbers_beyond_the_range_of_products() -> None:
    tiny = Table(np.array([[1e-200, 1.0], [1e-100, 1.0]]))
    gates = {"c": Table(np.array([0.5, 0.5])), "a": tiny, "b": tiny}
    net = Network({v: ["yes", "no"] for v in "cab"}, {"a": ["c"], "b": ["c"]}, gates)
    found = Engine(net).derivatives({"a": "yes", "b": "yes"})
    assert found["c"][0][1] == pytest.approx(2.0, rel=1e-10)
    assert found.log_prob == pytest.approx(np.log(0.5) - 200 * np.log(10.0), rel=1e-12)


def test_a_changed_network_uses_its_own_numbers() -> None:
    net, case = network("alarm"), cases("alarm")[0]
    changed = net.with_cpt("HYPOVOLEMIA", net.cpt("HYPOVOLEMIA")[::-1])
    before = Engine(net).derivatives(case)["HYPOVOLEMIA"][0]
    after = Engine(changed).derivatives(case)["HYPOVOLEMIA"][0]
    np.testing.assert_array_equal(Engine(net).derivatives(case)["HYPOVOLEMIA"][0], before)
    # d P / d theta does not depend on theta, P itself does
    ratio = before / after
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-10)


def test_names_and_extra_evidence_take_the_same_way() -> None:
    engine = Engine(network("asia"), backend="core")
    both = engine.derivatives({"xray": "yes", "smoke": "no"})
    split = engine.derivatives({"xray": "yes"}, extra={"smoke": "no"})
    np.testing.assert_array_equal(both["lung"][0], split["lung"][0])
    with pytest.raises(UnknownVariableError):
        engine.derivatives({"xry": "yes"})
    with pytest.raises(UnknownStateError):
        engine.derivatives({"xray": "maybe"})
