"""Joint distributions, events and compared risks against enumeration."""

import doctest
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fascinet as fn
from fascinet.engine.analyses.ask import listed, vectors_of_term
from fascinet.engine.analyses.events import read_query
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.uncertainty import draw_rows, row_sizes
from fascinet.engine.api import queries as methods
from fascinet.model.errors import BudgetError, EvidenceError, FascinetError
from fascinet.model.network import Network
from tests.oracle import joint as enumerated
from tests.oracle import weigh
from tests.strategies import Query, queries, random_evidence, random_network


def test_examples_run() -> None:
    assert doctest.testmod(methods).failed == 0


# ---------------------------------------------------------------- joint distributions


def check_joint(query: Query, seed: int) -> None:
    network, rng = query.network, np.random.default_rng(seed)
    table = weigh(network, query.hard, query.soft)
    total = float(table.sum())
    if total < 1e-12:
        return
    count = int(rng.integers(1, min(4, len(network.variables)) + 1))
    picked = rng.choice(len(network.variables), count, replace=False).tolist()
    names = [network.variables[i] for i in picked]
    found = fn.Engine(network).joint(names, query.hard, soft=query.soft)
    rest = tuple(i for i in range(table.ndim) if i not in picked)
    want = np.transpose(table.sum(axis=rest), np.argsort(np.argsort(picked))) / total
    np.testing.assert_allclose(found.table, want, atol=1e-11)
    assert found.log_prob_evidence == pytest.approx(np.log(total), abs=1e-10)


@settings(max_examples=40, deadline=None)
@given(queries(largest=7), st.integers(0, 2**32 - 1))
def test_a_joint_is_that_of_enumeration(query: Query, seed: int) -> None:
    check_joint(query, seed)


@pytest.mark.slow
def test_a_joint_is_that_of_enumeration_on_two_thousand_networks() -> None:
    for seed in range(2000):
        query = random_evidence(random_network(seed, 1 + seed % 8), seed + 1)
        check_joint(query, seed)


def test_a_joint_under_an_intervention_is_that_of_the_mutilated_network() -> None:
    asia = fn.example("asia")
    found = fn.Engine(asia).joint(["lung", "smoke"], {"dysp": "yes"}, do={"smoke": "no"})
    want = fn.Engine(asia.do({"smoke": "no"})).joint(["lung", "smoke"], {"dysp": "yes"})
    np.testing.assert_allclose(found.table, want.table, atol=1e-14)
    assert found["yes", "yes"] == 0.0


def test_parts_of_a_joint_are_joints() -> None:
    engine = fn.Engine(fn.example("asia"))
    names = ["lung", "bronc", "smoke"]
    found = engine.joint(names, {"dysp": "yes"})
    some = engine.joint(["smoke", "lung"], {"dysp": "yes"})
    np.testing.assert_allclose(found.marginal("smoke", "lung").table, some.table, atol=1e-14)
    left = engine.joint(["lung", "smoke"], {"dysp": "yes", "bronc": "no"})
    np.testing.assert_allclose(found.given({"bronc": "no"}).table, left.table, atol=1e-13)
    assert found.given({"bronc": "no"}).log_prob_evidence == pytest.approx(left.log_prob_evidence)
    assert found.to_frame().columns.tolist() == [*names, "probability"]
    assert found.to_frame()["probability"].sum() == pytest.approx(1.0)
    with pytest.raises(ValueError, match="read-only"):
        found.table[0] = 0.0
    with pytest.raises(FascinetError, match="did you mean 'lung'"):
        found.marginal("lungs")
    with pytest.raises(FascinetError, match="unknown state of 'lung'"):
        _ = found["maybe", "no", "no"]


def test_a_joint_beyond_the_budget_is_refused() -> None:
    engine = fn.Engine(fn.example("alarm"))
    with pytest.raises(BudgetError, match="fewer variables"):
        engine.joint(engine.network.variables)
    with pytest.raises(EvidenceError, match="at least one"):
        engine.joint([])


# ---------------------------------------------------------------- events

Mask = np.ndarray


def random_event(network: Network, rng: np.random.Generator, depth: int) -> tuple[str, Mask]:
    """Return an event as text, and where it holds in the table of the joint."""
    if depth == 0 or rng.random() < 0.3:
        i = int(rng.integers(len(network.variables)))
        v = network.variables[i]
        states = network.states(v)
        picked = rng.choice(len(states), int(rng.integers(1, len(states) + 1)), False).tolist()
        holds = np.isin(np.arange(len(states)), picked)
        names = ", ".join(states[k] for k in picked)
        text = f"{v} in ({names})"
        if len(picked) == 1:
            text, holds = [(f"{v}={names}", holds), (f"{v} != {names}", ~holds)][rng.integers(2)]
        shape = [1] * len(network.variables)
        shape[i] = -1
        full = [len(network.states(u)) for u in network.variables]
        return text, np.broadcast_to(holds.reshape(shape), full)
    if rng.random() < 0.25:
        text, mask = random_event(network, rng, depth - 1)
        return f"{rng.choice(['not ', '!'])}({text})", ~mask
    parts = [random_event(network, rng, depth - 1) for _ in range(int(rng.integers(2, 4)))]
    is_and = bool(rng.random() < 0.5)
    joiner = str(rng.choice([" and ", " & "])) if is_and else " or "
    masks = np.array([mask for _, mask in parts])
    return joiner.join(f"({t})" for t, _ in parts), masks.all(0) if is_and else masks.any(0)


def check_ask(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(seed, 2 + seed % 6)
    table = enumerated(network)
    event, holds = random_event(network, rng, 2)
    condition, above = random_event(network, rng, 1)
    total = float((table * above).sum())
    engine = fn.Engine(network)
    if total < 1e-12:
        return
    found = engine.ask(f"{event} | ({condition})")
    assert found.probability == pytest.approx((table * holds * above).sum() / total, abs=1e-11)
    assert found.unconditional == pytest.approx((table * holds).sum(), abs=1e-11)
    assert np.exp(found.log_prob_condition) == pytest.approx(total, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_an_event_has_the_probability_of_enumeration(seed: int) -> None:
    check_ask(seed)


@pytest.mark.slow
def test_two_thousand_events_have_the_probability_of_enumeration() -> None:
    for seed in range(2000):
        check_ask(seed)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_terms_are_disjoint_and_cover_the_event(seed: int) -> None:
    network = random_network(seed, 4)
    text, holds = random_event(network, np.random.default_rng(seed), 3)
    count = np.zeros(holds.shape)
    for term in listed(read_query(text, network).event, network):
        cell = np.ones(holds.shape)
        for v, vector in vectors_of_term(network, term).items():
            shape = [1] * holds.ndim
            shape[network.variables.index(v)] = -1
            cell = cell * vector.reshape(shape)
        count += cell
    np.testing.assert_array_equal(count, holds.astype(float))


def test_any_of_many_causes_needs_few_queries() -> None:
    b = fn.NetworkBuilder()
    names = [f"c{i}" for i in range(30)]
    for name in names:
        b.variable(name).table(name, 0.1)
    b.variable("effect").noisy_or("effect", dict.fromkeys(names, 0.5), leak=0.01)
    engine = fn.Engine(b.build())
    found = engine.ask(" or ".join(f"{v}=yes" for v in names))
    assert found.terms == 30
    assert found.probability == pytest.approx(1 - 0.9**30, abs=1e-12)
    none = " & ".join(f"{v}=no" for v in names)
    assert float(engine.ask(f"effect=yes | {none}")) == pytest.approx(0.01, abs=1e-12)


def test_an_intervention_differs_from_an_observation() -> None:
    asia = fn.example("asia")
    engine = fn.Engine(asia)
    done = float(engine.ask("bronc=yes or lung=yes | do(smoke=no), dysp=yes"))
    want = float(fn.Engine(asia.do({"smoke": "no"})).ask("bronc=yes or lung=yes | dysp=yes"))
    assert done == pytest.approx(want, abs=1e-13)
    assert float(engine.ask("smoke=yes | do(lung=yes)")) == pytest.approx(0.5, abs=1e-12)
    assert float(engine.ask("smoke=yes | lung=yes")) > 0.9
    assert float(engine.ask("smoke=yes | do(smoke=yes)")) == 1.0


WRONG = [
    ("lung", "at character 5: expected '=' after lung, got nothing"),
    ("lung=", "expected a state of 'lung', got nothing"),
    ("lung=yes smoke=no", "at character 10: expected the end, got 'smoke'"),
    ("lung=yes | smoke=no | dysp=yes", "write 'or' for either"),
    ("(lung=yes", "after an event in parentheses"),
    ("lung in yes", r"expected '\(' after lung in"),
    ("lung='yes", "a quote that is not closed"),
    ("lung=yes | smoke=no or dysp=yes", "put parentheses"),
    ("lung=yes | do(smoke)", r"expected '=' after do\(smoke"),
    ("lung=yes | do(smoke=no), smoke=yes", "'smoke' is both observed and set"),
    ("lung=yes | do(smoke=no), do(smoke=yes)", "'smoke' is set twice"),
    ("lungs=yes", "did you mean 'lung'"),
    ("lung=yse", "did you mean 'yes'"),
    ("", "expected a variable, got nothing"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_query_that_cannot_be_read_says_where(text: str, message: str) -> None:
    with pytest.raises(FascinetError, match=message):
        fn.Engine(fn.example("asia")).ask(text)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="lung=yesor&|!()'\", nt", max_size=24))
def test_any_text_is_answered_or_refused(text: str) -> None:
    try:
        found = fn.Engine(fn.example("asia")).ask(text)
    except FascinetError:
        return
    assert 0.0 <= found.probability <= 1.0


def test_names_with_other_characters_go_in_quotes() -> None:
    b = fn.NetworkBuilder().variable("blood pressure", ["< 140", "140 & more"]).variable("or")
    b.table("blood pressure", 0.3).logistic("or", {"blood pressure": 1.0}, intercept=0.0)
    found = fn.Engine(b.build()).ask("""'or'=yes | "blood pressure"='140 & more'""")
    assert found.probability == pytest.approx(1 / (1 + np.exp(-1.0)), abs=1e-14)


def test_an_impossible_condition_names_what_excludes_what() -> None:
    engine = fn.Engine(fn.example("asia"))
    with pytest.raises(fn.errors.ImpossibleEvidenceError) as caught:
        engine.ask("smoke=yes | dysp=yes, either=no, xray=yes, lung=yes")
    assert caught.value.conflict == {"either": "no", "lung": "yes"}


# ---------------------------------------------------------------- compared risks


def sampled(network: Network, draws: int, size: float, of: Any) -> np.ndarray:
    figures, rng = parameters_of(network), np.random.default_rng(0)
    sizes = np.where(np.isinf(row_sizes(network)), size, row_sizes(network))
    return np.array([of(figures.rebuild(draw_rows(figures, sizes, rng))) for _ in range(draws)])


def risks_by_enumeration(network: Network) -> tuple[float, float]:
    out: list[float] = []
    for smoke in ("yes", "no"):
        table = weigh(network, {"smoke": smoke, "dysp": "yes"})
        axes = [network.variables.index(v) for v in ("lung", "tub")]
        both = table.sum(axis=tuple(i for i in range(table.ndim) if i not in axes))
        no = [network.states(v).index("no") for v in ("lung", "tub")]
        ordered = both if axes[0] < axes[1] else both.T
        out.append(1 - ordered[tuple(no)] / table.sum())
    return out[0], out[1]


def test_intervals_of_compared_risks_are_those_of_drawn_networks() -> None:
    asia = fn.example("asia")
    found = fn.Engine(asia).compare_risks(
        "lung=yes or tub=yes", "smoke=yes, dysp=yes", "smoke=no, dysp=yes", sample_size=4000
    )
    r, s = risks_by_enumeration(asia)
    assert found.risk == pytest.approx(r, abs=1e-12)
    assert found.reference_risk == pytest.approx(s, abs=1e-12)
    assert found.risk_difference == pytest.approx(r - s, abs=1e-12)
    assert found.risk_ratio == pytest.approx(r / s, rel=1e-11)
    assert found.odds_ratio == pytest.approx(r / (1 - r) * (1 - s) / s, rel=1e-11)
    draws = sampled(asia, 1500, 4000.0, risks_by_enumeration)
    a, b = draws[:, 0], draws[:, 1]
    measured = [a - b, np.log(a / b), np.log(a / (1 - a) / (b / (1 - b)))]
    half = [
        (found.high[2] - found.low[2]) / 2,
        np.log(found.high[3] / found.low[3]) / 2,
        np.log(found.high[4] / found.low[4]) / 2,
    ]
    for values, width in zip(measured, half, strict=True):
        assert width == pytest.approx(1.96 * values.std(), rel=0.08)


def test_a_risk_of_zero_has_no_ratio_and_without_ranges_no_width() -> None:
    engine = fn.Engine(fn.example("asia"))
    found = engine.compare_risks("either=yes", "lung=yes", "lung=no, tub=no")
    assert found.risk == pytest.approx(1.0)
    assert found.reference_risk == 0.0
    assert found.risk_ratio == np.inf
    plain = engine.compare_risks("lung=yes", "smoke=yes", "smoke=no")
    np.testing.assert_allclose(plain.low, plain.value)
    np.testing.assert_allclose(plain.high, plain.value)
    assert "no width" in plain.title()


def test_effects_of_interventions_are_not_confounded() -> None:
    b = fn.NetworkBuilder().variable("age").variable("drug").variable("death").table("age", 0.5)
    b.table("drug", {"no": 0.1, "yes": 0.9}, parents=["age"])
    rows = {("no", "no"): 0.1, ("no", "yes"): 0.1, ("yes", "no"): 0.5, ("yes", "yes"): 0.5}
    b.table("death", rows, parents=["age", "drug"])
    engine = fn.Engine(b.build())
    seen = engine.compare_risks("death=yes", "drug=yes", "drug=no", sample_size=100)
    done = engine.compare_risks("death=yes", "do(drug=yes)", "do(drug=no)", sample_size=100)
    assert seen.risk_difference == pytest.approx(0.32, abs=1e-12)
    assert done.risk_difference == pytest.approx(0.0, abs=1e-12)
    assert done.low[2] < 0.0 < done.high[2]
