"""Figures learnt from cases: counts, exact EM, ranges; against enumeration, pgmpy and pyAgrum."""

import warnings
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fascinet as fn
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.simulate import simulate
from fascinet.engine.analyses.uncertainty import row_sizes
from fascinet.engine.learning.cases import read_cases
from fascinet.engine.learning.expected import expected_counts
from fascinet.model.errors import FascinetError, LearningError
from fascinet.model.gates import Function, NoisyMax
from fascinet.model.network import Network
from tests.oracle import joint, weigh
from tests.strategies import random_network


def drawn(network: Network, rows: int, missing: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Return cases drawn from a network, a share of the cells missing."""
    states = simulate(network, rows, seed)
    frame = pd.DataFrame(
        {v: np.array(network.states(v), dtype=object)[states[v]] for v in network.variables}
    )
    return frame.mask(np.random.default_rng(seed + 1).random(frame.shape) < missing)


def cough(links: tuple[float, float] = (0.8, 0.6), leak: float = 0.1) -> Network:
    b = fn.NetworkBuilder("cough").variable("flu").variable("cold").variable("cough")
    b.table("flu", 0.3).table("cold", 0.4)
    return b.noisy_or("cough", {"flu": links[0], "cold": links[1]}, leak=leak).build()


def has_figures(network: Network) -> bool:
    """Return whether there is a row of more than one figure."""
    return any(not isinstance(network.gate(v), Function) and len(network.states(v)) > 1
               for v in network.variables)  # fmt: skip


def blank(network: Network) -> Network:
    """Return the network with uniform tables."""
    return network.copy_with(
        tables={v: np.full_like(network.cpt(v), 1 / len(network.states(v)))
                for v in network.variables}
    )  # fmt: skip


# ---------------------------------------------------------------- counts


def test_complete_data_are_counted() -> None:
    asia = fn.example("asia")
    frame = drawn(asia, 500)
    start = blank(asia)
    found = fn.learn(start, frame, sample_size=0)
    for v in asia.variables:
        parents = list(asia.parents(v))
        for config in product(*(asia.states(u) for u in parents)):
            rows = frame
            for u, s in zip(parents, config, strict=True):
                rows = rows[rows[u] == s]
            at = tuple(asia.states(u).index(s) for u, s in zip(parents, config, strict=True))
            got = found.network.cpt(v)[at]
            if len(rows):
                want = [(rows[v] == s).mean() for s in asia.states(v)]
                np.testing.assert_allclose(got, want, atol=1e-12)
            else:
                np.testing.assert_allclose(got, start.cpt(v)[at])
                assert {"variable": v, "parents": dict(zip(parents, config, strict=True))} in (
                    found.silent
                )


def test_a_prior_is_so_many_observations() -> None:
    b = fn.NetworkBuilder().variable("x")
    network = b.table("x", 0.25).build()
    frame = pd.DataFrame({"x": ["yes"] * 6 + ["no"] * 2})
    found = fn.learn(network, frame, sample_size=8.0)
    assert found.network.cpt("x")[1] == pytest.approx((0.25 * 8 + 6) / 16)
    assert found.found.worth[1] == pytest.approx(16, rel=1e-4)
    assert found.found.error[1] == pytest.approx(np.sqrt(0.5 * 0.5 / 17), rel=1e-4)


def test_cited_ranges_are_the_prior_and_fade() -> None:
    ranges = (np.array([0.5, 0.3]),), (np.array([0.7, 0.5]),)
    network = Network(
        {"x": ("no", "yes")}, {}, {"x": fn.NetworkBuilder().variable("x").table("x", 0.4).build()
                                   .gate("x")}, meta={"x": {"ranges": ranges}},
    )  # fmt: skip
    size = float(row_sizes(network)[0])
    frame = pd.DataFrame({"x": ["yes"] * 30})
    for fading in (1.0, 0.5, 0.0):
        got = fn.learn(network, frame, sample_size=0, fading=fading).network.cpt("x")[1]
        assert got == pytest.approx((0.4 * size * fading + 30) / (size * fading + 30))


def test_learning_in_two_parts_is_about_learning_once() -> None:
    network = cough()
    frame = drawn(network, 3000)
    start = cough((0.5, 0.5), 0.3)
    once = fn.learn(start, frame).network
    half = fn.learn(start, frame[:1500]).network
    twice = fn.learn(half, frame[1500:]).network
    for v in network.variables:
        np.testing.assert_allclose(twice.cpt(v), once.cpt(v), atol=0.02)
    assert (row_sizes(twice) > 1.3 * row_sizes(half))[np.isfinite(row_sizes(half))].mean() > 0.7


# ---------------------------------------------------------------- the E-step


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_expected_counts_are_those_of_enumeration(seed: int, size: int) -> None:
    network = random_network(seed, size, parents=3, states=3)
    frame = drawn(network, 12, missing=0.5, seed=seed)
    if not frame.notna().any(axis=None) or not has_figures(network):
        return
    cases = read_cases(network, frame)
    found = expected_counts(fn.Engine(network), cases)
    total, names = 0.0, network.variables
    tables = {v: np.zeros_like(network.cpt(v)) for v in names}
    for _, row in frame.iterrows():
        hard = {v: s for v, s in row.items() if isinstance(s, str)}
        table = weigh(network, hard)
        total += np.log(table.sum())
        seen = {v for v in hard} | {v for v in names if network.descendants(v) & hard.keys()}
        for v in seen:
            axes = [names.index(u) for u in (*network.parents(v), v)]
            part = table.sum(axis=tuple(i for i in range(table.ndim) if i not in axes))
            tables[v] += np.transpose(part, np.argsort(np.argsort(axes))) / table.sum()
    assert found.log_likelihood == pytest.approx(total, abs=1e-9)
    figures, at = parameters_of(network), 0
    for v in names:
        gate = network.gate(v)
        if hasattr(gate, "values"):
            got = found.counts[at : at + tables[v].size].reshape(tables[v].shape)
            np.testing.assert_allclose(got, tables[v], atol=1e-9)
            at += tables[v].size
        elif isinstance(gate, NoisyMax):
            for u, link in zip(network.parents(v), gate.links, strict=True):
                got = found.counts[at : at + link.size].reshape(link.shape).sum(axis=1)
                axis = network.parents(v).index(u)
                rest = tuple(i for i in range(tables[v].ndim) if i != axis)
                np.testing.assert_allclose(got, tables[v].sum(axis=rest), atol=1e-9)
                at += link.size
            leak = found.counts[at : at + gate.leak.size]
            assert leak.sum() == pytest.approx(tables[v].sum(), abs=1e-9)
            at += gate.leak.size
    assert at == len(figures.values)


def with_hidden_effects(network: Network) -> Network:
    """Return the noisy-OR of `cough` with each cause's own effect as a variable."""
    gate = network.gate("cough")
    assert isinstance(gate, NoisyMax)
    b = fn.NetworkBuilder().variable("flu").variable("cold")
    b.table("flu", network.cpt("flu").tolist()).table("cold", network.cpt("cold").tolist())
    for u, link in zip(("flu", "cold"), gate.links, strict=True):
        b.variable(f"by_{u}").table(f"by_{u}", link, parents=[u])
    b.variable("leak").table("leak", gate.leak.tolist()).variable("cough")
    b.deterministic("cough", lambda *x: "yes" in x, parents=["by_flu", "by_cold", "leak"])
    return b.build()


def test_em_of_a_gate_is_em_with_each_causes_effect_as_a_hidden_variable() -> None:
    start = cough((0.3, 0.5), 0.2)
    frame = drawn(cough(), 400, missing=0.3)
    one = fn.learn(start, frame, sample_size=0.5, iterations=7)
    two = fn.learn(with_hidden_effects(start), frame, sample_size=0.5, iterations=7)
    np.testing.assert_allclose(one.log_likelihood, two.log_likelihood, rtol=1e-9)
    gate = one.network.gate("cough")
    assert isinstance(gate, NoisyMax)
    np.testing.assert_allclose(gate.links[0][1], two.network.cpt("by_flu")[1], atol=1e-7)
    np.testing.assert_allclose(gate.leak, two.network.cpt("leak"), atol=1e-7)


# ---------------------------------------------------------------- EM


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.8), st.sampled_from([0.0, 1.0]))
def test_no_step_lowers_the_objective(seed: int, missing: float, size: float) -> None:
    network = random_network(seed, 5, parents=2, states=3)
    frame = drawn(network, 20, missing=missing, seed=seed)
    if not frame.notna().any(axis=None) or not has_figures(network):
        return
    try:
        found = fn.learn(random_start(network, seed), frame, sample_size=size, iterations=8)
    except LearningError as error:
        assert "say nothing of any figure" in str(error)
        return
    assert np.diff(found.objective).min(initial=0.0) > -1e-9
    if size == 0.0:
        assert np.diff(found.log_likelihood).min(initial=0.0) > -1e-9


def random_start(network: Network, seed: int) -> Network:
    """Return other figures with the same zeros."""
    figures, rng = parameters_of(network), np.random.default_rng(seed)
    new = np.where(figures.values > 0, rng.gamma(2.0, size=len(figures.values)) + 0.05, 0.0)
    return figures.rebuild(new / np.add.reduceat(new, figures.starts)[figures.row])


def test_the_end_is_a_maximum_of_the_likelihood() -> None:
    network = cough()
    frame = drawn(network, 300, missing=0.4)
    found = fn.learn(cough((0.5, 0.5), 0.3), frame, sample_size=0, tolerance=1e-10)
    figures, rng = parameters_of(found.network), np.random.default_rng(3)
    best, cases = found.log_likelihood[-1], read_cases(network, frame)
    for _ in range(30):
        noise = np.where(figures.values > 0, np.exp(0.02 * rng.normal(size=len(figures.values))), 0)
        new = figures.values * noise
        near = figures.rebuild(new / np.add.reduceat(new, figures.starts)[figures.row])
        assert expected_counts(fn.Engine(near), cases).log_likelihood < best + 1e-9


def peers_frame() -> tuple[Network, Network, pd.DataFrame]:
    """Return a network with a hidden cause, another start, and data without the hidden column."""
    b = fn.NetworkBuilder().variable("h").variable("a").variable("b").variable("c")
    b.table("h", 0.4)
    for v, rows in {"a": (0.2, 0.9), "b": (0.1, 0.7), "c": (0.3, 0.8)}.items():
        b.table(v, dict(zip(("no", "yes"), rows, strict=True)), parents=["h"])
    truth = b.build()
    start = truth.copy_with(
        tables={"h": [0.5, 0.5], **{v: [[0.6, 0.4], [0.4, 0.6]] for v in "abc"}}
    )
    return truth, start, drawn(truth, 200)[["a", "b", "c"]]


@pytest.mark.slow
def test_a_hidden_variable_is_learnt_as_pgmpy_learns_it() -> None:
    _, start, frame = peers_frame()
    mine = fn.learn(start, frame, sample_size=0, tolerance=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.estimators import ExpectationMaximization
        from pgmpy.models import DiscreteBayesianNetwork

        model = DiscreteBayesianNetwork([("h", v) for v in "abc"], latents={"h"})
        cpds = {c.variable: c for c in start.to_pgmpy().get_cpds()}
        theirs = ExpectationMaximization(
            model, frame, state_names={v: ["no", "yes"] for v in "abch"}
        ).get_parameters(
            latent_card={"h": 2}, init_cpds=cpds, max_iter=150, atol=1e-6, show_progress=False
        )
    parts = {cpd.variable: cpd for cpd in theirs}
    table = parts["h"].get_values()[:, 0]
    for v in "abc":  # the hidden states have no names of their own there: compare what is seen
        order = [parts[v].state_names[v].index(s) for s in ("no", "yes")]
        table = table[..., None] * parts[v].get_values()[order].T.reshape(
            (2, *[1] * (table.ndim - 1), 2)
        )
    ours = fn.Engine(mine.network).joint(["a", "b", "c"]).table
    np.testing.assert_allclose(ours, table.sum(axis=0), atol=2e-3)


def test_missing_cells_are_learnt_as_pyagrum_learns_them(tmp_path) -> None:
    gum = pytest.importorskip("pyagrum")
    truth = fn.example("asia")
    frame = drawn(truth, 300, missing=0.3, seed=4)
    start = truth.copy_with(
        tables={v: truth.cpt(v) * 0.5 + 0.5 / len(truth.states(v)) for v in truth.variables}
    )
    mine = fn.learn(start, frame, sample_size=0, tolerance=1e-8)
    path = tmp_path / "cases.csv"
    frame.to_csv(path, index=False, na_rep="?")
    template = start.to_pyagrum()
    learner = gum.BNLearner(str(path), template, ["?"])
    learner.useEM(1e-6)
    learner.EMsetMaxIter(2000)
    learned = gum.BayesNet(template)
    learner.fitParameters(learned)
    theirs = Network.from_pyagrum(learned)
    engine, other = fn.Engine(mine.network), fn.Engine(theirs)
    cases = read_cases(truth, frame)
    ours = expected_counts(engine, cases).log_likelihood
    try:
        peer = expected_counts(other, read_cases(theirs, frame)).log_likelihood
    except LearningError:
        peer = -np.inf
    assert ours >= peer - 1e-3


# ---------------------------------------------------------------- how sure


def test_known_figures_are_recovered_within_their_errors() -> None:
    network = cough()
    frame = drawn(network, 4000, missing=0.3, seed=2)
    found = fn.learn(cough((0.5, 0.5), 0.3), frame, tolerance=1e-7)
    true, got = parameters_of(network).values, parameters_of(found.network).values
    free = found.found.error > 0
    assert np.abs((got - true)[free] / found.found.error[free]).max() < 3.5
    inside = (found.found.low <= true) & (true <= found.found.high)
    assert inside[free].mean() > 0.8


def test_missing_cells_cost_certainty() -> None:
    network = cough()
    full = drawn(network, 2000)
    part = full.mask(np.random.default_rng(5).random(full.shape) < 0.5)
    one, two = (fn.learn(network, f) for f in (full, part))
    free = (one.found.error > 0) & (two.found.error > 0)
    assert (two.found.worth[free] < 0.8 * one.found.worth[free]).all()
    whole = parameters_of(network).find("flu", "yes")
    assert one.found.worth[whole] == pytest.approx(2001, rel=0.02)
    assert two.found.worth[whole] > 0.5 * 2000 * 0.95


@pytest.mark.slow
def test_intervals_cover_at_the_nominal_rate() -> None:
    """Simulation-based calibration: figures drawn from their prior, cases from the figures."""
    hits, count, rng = 0, 0, np.random.default_rng(0)
    shape = cough()
    figures = parameters_of(shape)
    for seed in range(150):
        values = figures.values.copy()
        for row in np.flatnonzero(~figures.structural):
            start = int(figures.starts[row])
            values[start : start + 2] = rng.dirichlet(4.0 * figures.values[start : start + 2])
        truth = figures.rebuild(values)
        found = fn.learn(shape, drawn(truth, 400, 0.3, seed), sample_size=4.0, tolerance=1e-6)
        free = found.found.error > 0
        hits += int(((found.found.low <= values) & (values <= found.found.high))[free].sum())
        count += int(free.sum())
    assert 0.92 < hits / count < 0.99


@pytest.mark.slow
def test_alarm_is_recovered_from_cases_with_sixty_percent_missing() -> None:
    alarm = fn.example("alarm")
    frame = drawn(alarm, 50_000, missing=0.6, seed=1)
    start = alarm.copy_with(
        tables={v: np.full_like(alarm.cpt(v), 1 / len(alarm.states(v)))
                for v in alarm.variables if (alarm.cpt(v) > 0.0).all()}
    )  # fmt: skip
    found = fn.learn(start, frame, seed=1, tolerance=1e-3)
    true, got = parameters_of(alarm).values, parameters_of(found.network).values
    free = (found.found.error > 0) & (found.found.worth > 50)
    z = (got - true)[free] / found.found.error[free]
    assert np.diff(found.objective).min() > -1e-6
    assert np.diff(found.log_likelihood).min() > -1e-6
    assert np.abs(z).max() < 3.0
    inside = (found.found.low <= true) & (true <= found.found.high)
    assert 0.92 < inside[free].mean()


# ---------------------------------------------------------------- refusals


WRONG = [
    (pd.DataFrame({"flu": []}), {}, "the data has no rows"),
    (pd.DataFrame({"flu": [None, None]}), {}, "no cell that is not missing"),
    (pd.DataFrame({"flu": ["yes"]}), {"variables": "cough"}, "say nothing of 'cough'"),
    (pd.DataFrame({"flu": ["yes"]}), {"variables": "couhg"}, "did you mean 'cough'"),
    (pd.DataFrame({"flue": ["yes"]}), {}, "did you mean 'flu'"),
    (pd.DataFrame({"flu": ["yes"]}), {"sample_size": -1}, "sample_size: expected a number"),
    (pd.DataFrame({"flu": ["yes"]}), {"fading": 1.5}, "fading: expected a number of 0 to 1"),
]


@pytest.mark.parametrize(("frame", "options", "message"), WRONG)
def test_what_cannot_be_learnt_is_refused(frame, options, message: str) -> None:
    with pytest.raises(FascinetError, match=message):
        fn.learn(cough(), frame, **options)


def test_a_case_that_contradicts_the_network_is_named_by_its_row() -> None:
    frame = pd.DataFrame({"flu": ["yes", "no"], "cold": ["no", "no"], "cough": ["yes", "yes"]})
    with pytest.raises(LearningError, match="row 2 of the data is impossible.*exclude each other"):
        fn.learn(cough(leak=0.0), frame)


def test_figures_without_data_stay_and_are_told() -> None:
    network = cough()
    found = fn.learn(network, pd.DataFrame({"flu": ["yes", "no", "no"]}))
    np.testing.assert_array_equal(found.network.cpt("cold"), network.cpt("cold"))
    assert {row["variable"] for row in found.silent} == {"cold", "cough"}
    assert "rows of figures without data" in found.title()
    assert found.to_frame()["variable"].unique().tolist() == ["flu"]
    only = fn.learn(network, drawn(network, 50), variables=["cough"])
    np.testing.assert_array_equal(only.network.cpt("flu"), network.cpt("flu"))


def test_a_network_without_figures_is_refused() -> None:
    b = fn.NetworkBuilder().variable("a")
    network = b.deterministic("a", {(): "yes"}, parents=[]).build()
    with pytest.raises(LearningError, match="functions stay"):
        fn.learn(network, pd.DataFrame({"a": ["yes"]}))


def test_functions_stay_and_ranges_serve_intervals() -> None:
    b = fn.NetworkBuilder().variable("a").variable("b").variable("any")
    b.table("a", 0.3).table("b", 0.2)
    b.deterministic("any", lambda x, y: "yes" in (x, y), parents=["a", "b"])
    network = b.build()
    found = fn.learn(network, drawn(network, 200)[["any", "a"]])
    assert found.network.gate("any") is network.gate("any")
    sure = fn.Engine(found.network).uncertainty({"any": "yes"}, targets="a")
    assert sure.low[1] < sure.posterior[1] < sure.high[1]
    assert np.isclose(joint(found.network).sum(), 1.0)
