"""Sensitivity functions against re-inference by enumeration."""

import numpy as np
import pytest

from fascinet.engine.analyses import covariation
from fascinet.engine.analyses.sensitivity import sensitivity
from fascinet.engine.api.engine import Engine
from fascinet.model.errors import OptionError, UnknownStateError
from tests.analyses import networks
from tests.analyses.slow_engine import SlowEngine

CASES = [
    (networks.asia, "lung", "yes", {"xray": "yes", "dysp": "yes"}),
    (networks.asia, "tub", "yes", {"asia": "yes", "smoke": "no", "xray": "yes"}),
    (networks.asia, "either", "yes", {}),
    (networks.clinic, "grave", "yes", {"twitching": "yes", "weakness": "objective"}),
    (networks.clinic, "strain", "chronic", {"twitching": "yes", "test": "odd"}),
    (networks.deterministic, "b", "yes", {"or": "yes"}),
]


def reinfer(result, position, t, scheme="proportional"):
    figures = result.parameters
    values = figures.values.copy()
    cut, entry = figures.place(int(result.index[position]))
    values[cut] = covariation.vary(values[cut], entry, t, scheme)
    slow = SlowEngine(figures.rebuild(values))
    hypothesis = result.hypothesis
    return hypothesis.probability(slow.posterior(result.evidence).array(hypothesis.variable))


@pytest.mark.parametrize(("build", "target", "state", "evidence"), CASES)
def test_function_equals_reinference(build, target, state, evidence) -> None:
    result = sensitivity(Engine(build()), target, state, evidence)
    assert len(result.to_frame()) == len(result.index) > 0
    rng = np.random.default_rng(1)
    for i in rng.permutation(len(result.index))[:12]:
        for t in (0.15, 0.8):
            below = result.c[i] * t + result.d[i]
            if below > 1e-12:
                got = (result.a[i] * t + result.b[i]) / below
                assert got == pytest.approx(reinfer(result, i, t), abs=1e-10)


@pytest.mark.parametrize("scheme", covariation.SCHEMES)
def test_curve_of_each_scheme_equals_reinference(scheme) -> None:
    case = networks.clinic(), "grave", "yes", {"twitching": "yes", "test": "odd"}
    result = sensitivity(Engine(case[0]), *case[1:])
    for i in range(0, len(result.index), 7):
        cut, entry = result.parameters.place(int(result.index[i]))
        low, high = covariation.bounds(result.parameters.values[cut], entry, scheme)
        t = low + 0.3 * (high - low)
        got = result.curve(i, np.array([t]), scheme)
        assert got[0] == pytest.approx(reinfer(result, i, t, scheme), abs=1e-10)


@pytest.mark.parametrize("scheme", covariation.SCHEMES)
def test_a_row_moved_to_its_bounds_is_a_distribution(scheme) -> None:
    """Rounding once left -1e-16 beside a certainty, and no network would take the row."""
    rng = np.random.default_rng(5)
    for row in rng.dirichlet([0.3] * 4, 300):
        for entry in range(4):
            for value in covariation.bounds(row, entry, scheme):
                moved = covariation.vary(row, entry, value, scheme)
                assert (moved >= 0.0).all() and moved.sum() == pytest.approx(1.0, abs=1e-12)
                assert moved[entry] == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize(("build", "target", "state", "evidence"), CASES[:5])
def test_flips_are_where_the_top_changes(build, target, state, evidence) -> None:
    result = sensitivity(Engine(build()), target, state, evidence)
    found = 0
    for side, flip in ((-1, result.flip_low), (1, result.flip_high)):
        for i in np.flatnonzero(~np.isnan(flip))[:6]:
            before = top(result, i, flip[i] - side * 1e-6)
            after = top(result, i, flip[i] + side * 1e-6)
            assert before != after
            assert top(result, i, result.value[i]) == before
            found += 1
    assert found or build is networks.asia


def top(result, position, t):
    from fascinet.engine.analyses.hypotheses import competitors

    figures = result.parameters
    values = figures.values.copy()
    cut, entry = figures.place(int(result.index[position]))
    values[cut] = covariation.vary(values[cut], entry, float(t))
    posterior = SlowEngine(figures.rebuild(values)).posterior(result.evidence)
    rivals = competitors(figures.network, result.hypothesis.variable)
    return int(np.argmax([h.probability(posterior.array(h.variable)) for h in rivals]))


def test_no_flip_means_the_top_never_changes() -> None:
    result = sensitivity(
        Engine(networks.clinic()), "grave", "yes", {"twitching": "yes", "wasting": "no"}
    )
    for i in np.flatnonzero(np.isnan(result.flip_low) & np.isnan(result.flip_high))[::5]:
        assert len({top(result, i, t) for t in (0.02, 0.4, 0.98)}) == 1


@pytest.mark.parametrize(("build", "target", "state", "evidence"), CASES)
def test_a_vertex_is_where_the_function_has_slope_one(build, target, state, evidence) -> None:
    result = sensitivity(Engine(build()), target, state, evidence)
    a, b, c, d = result.a, result.b, result.c, result.d
    bent = np.abs(c) > 1e-9
    assert np.isinf(result.vertex_proximity[c == 0.0]).all()
    for i in np.flatnonzero(bent & (np.abs(b * c - a * d) > 1e-9)):
        at = result.value[i] + result.vertex_proximity[i] * np.array([-1.0, 1.0])
        slopes = (a[i] * d[i] - b[i] * c[i]) / (c[i] * at + d[i]) ** 2
        assert np.abs(np.abs(slopes) - 1.0).min() < 1e-6


def test_a_tornado_holds_the_widest_swings_of_the_table_and_no_other_column() -> None:
    found = Engine(networks.asia()).sensitivity({"dysp": "yes"}, target="lung", state="yes")
    widest, table = found.tornado(4), found.to_frame()
    assert list(widest.columns) == [*table.columns, "swing"]
    assert list(widest.index) == [0, 1, 2, 3]
    swings = (table["posterior_high"] - table["posterior_low"]).abs()
    expected = sorted(swings.dropna(), reverse=True)[:4]
    assert list(widest["swing"]) == pytest.approx(expected, abs=1e-12)


def test_proportional_slopes_by_finite_difference() -> None:
    result = sensitivity(Engine(networks.asia()), "lung", "yes", {"dysp": "yes"})
    for i in range(0, len(result.index), 3):
        step = 1e-6 if result.value[i] < 0.5 else -1e-6
        slope = (reinfer(result, i, result.value[i] + step) - result.posterior) / step
        assert result.derivative[i] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_analytic_function_of_a_single_test() -> None:
    """One disease, one test: p(t) = t s / (t s + (1 - t) f), van der Gaag & Coupé's first case."""
    from fascinet.model.network import Network

    gates = {"d": networks.table(0.2), "t": networks.table(0.9, 0.1)}
    net = Network({"d": networks.YES_NO, "t": networks.YES_NO}, {"t": ("d",)}, gates)
    result = sensitivity(Engine(net), "d", "yes", {"t": "yes"})
    prior = result.to_frame().query("variable == 'd' and state == 'yes'").iloc[0]
    evidence = 0.2 * 0.9 + 0.8 * 0.1
    got = prior[["a", "b", "c", "d"]].to_numpy(dtype=float)
    assert got == pytest.approx(np.array([0.9, 0.0, 0.8, 0.1]) / evidence)
    assert prior["flip_low"] == pytest.approx(0.1) and np.isnan(prior["flip_high"])
    vertex = -0.125 + np.sqrt(0.09 / 0.64)  # s = -d/c, |r| = |bc - ad| / c²
    assert result.vertex_proximity[0] == pytest.approx(abs(0.2 - vertex))


def test_schemes_keep_rows_distributions_and_the_order() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        row = rng.dirichlet(np.ones(4))
        entry = int(rng.integers(4))
        for scheme in covariation.SCHEMES:
            low, high = covariation.bounds(row, entry, scheme)
            assert covariation.vary(row, entry, row[entry], scheme) == pytest.approx(row)
            for t in np.linspace(low, high, 5):
                moved = covariation.vary(row, entry, t, scheme)
                assert moved[entry] == pytest.approx(t, abs=1e-12)
                assert moved.min() >= 0.0 and moved.sum() == pytest.approx(1.0)
                if scheme == "order_preserving":
                    assert (np.diff(moved[np.argsort(row)]) >= -1e-12).all()


def test_bad_names_are_named() -> None:
    engine = Engine(networks.asia())
    with pytest.raises(UnknownStateError, match="yes"):
        sensitivity(engine, "lung", "yess")
    with pytest.raises(OptionError, match="proportional"):
        covariation.vary(np.array([0.5, 0.5]), 0, 0.3, "proportonal")
