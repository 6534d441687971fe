"""Digits: tiny probabilities, long chains, exact zeros, wide gates, conflicts."""

import numpy as np
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.model.errors import BudgetError, ImpossibleEvidenceError
from fascinet.model.gates import NoisyMax, Table, noisy_or
from fascinet.model.network import Network

BACKENDS = ("numpy", "core")
BINARY = ["no", "yes"]


def chain(length: int, step: np.ndarray) -> Network:
    names = [f"x{i}" for i in range(length)]
    gates = {names[0]: Table(np.array([0.5, 0.5]))} | {v: Table(step) for v in names[1:]}
    above = {v: [u] for u, v in zip(names, names[1:], strict=False)}
    return Network({v: BINARY for v in names}, above, gates)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("flip", [0.3, 1e-3, 1e-12])
def test_chain_of_a_thousand_all_observed(backend: str, flip: float) -> None:
    net = chain(1000, np.array([[1 - flip, flip], [flip, 1 - flip]]))
    evidence = {v: BINARY[i % 2] for i, v in enumerate(net.variables)}
    want = np.log(0.5) + 999 * np.log(flip)
    engine = Engine(net, backend=backend)
    assert engine.posterior(evidence).log_prob_evidence == pytest.approx(want, rel=1e-12)
    assert engine.log_prob_evidence(evidence) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_chain_observed_by_soft_and_hard_evidence_against_forward_pass(backend: str) -> None:
    step = np.array([[0.9, 0.1], [0.2, 0.8]])
    net = chain(1000, step)
    soft = {f"x{i}": [1e-9, 3e-9] if i % 3 else [2e-9, 1e-12] for i in range(1, 999)}
    forward, want = np.array([0.5, 0.5]), 0.0
    for i in range(1000):
        if i:
            forward = forward @ step
        forward = forward * soft.get(f"x{i}", [1.0, 1.0])
        want += np.log(forward.sum())
        forward = forward / forward.sum()
    answer = Engine(net, backend=backend).posterior({}, soft=soft)
    assert answer.log_prob_evidence == pytest.approx(want, rel=1e-12)
    np.testing.assert_allclose(answer.array("x999"), forward, rtol=1e-10)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_thousand_contradicting_children_do_not_underflow(backend: str) -> None:
    names = ["c", *(f"x{i}" for i in range(1000))]
    step = Table(np.array([[1.0 - 1e-9, 1e-9], [1e-9, 1.0 - 1e-9]]))
    gates = {"c": Table(np.array([0.5, 0.5]))} | {v: step for v in names[1:]}
    net = Network({v: BINARY for v in names}, {v: ["c"] for v in names[1:]}, gates)
    evidence = {v: BINARY[i % 2] for i, v in enumerate(names[1:])}
    answer = Engine(net, backend=backend).posterior(evidence)
    want = 500 * (np.log(1e-9) + np.log1p(-1e-9))
    assert answer.log_prob_evidence == pytest.approx(want, rel=1e-12)
    assert answer["c"]["yes"] == pytest.approx(0.5, abs=1e-9)


def wide_or(parents: int, link: float, leak: float, prior: float) -> Network:
    causes = [f"c{i}" for i in range(parents)]
    gates = {v: noisy_or([], prior) for v in causes} | {"x": noisy_or([link] * parents, leak)}
    return Network({v: BINARY for v in [*causes, "x"]}, {"x": causes}, gates)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("prior", [0.3, 1e-6, 1e-14])
@pytest.mark.parametrize("leak", [0.0, 1e-15, 0.1])
def test_noisy_or_of_forty_parents_keeps_its_digits(
    backend: str, prior: float, leak: float
) -> None:
    net = wide_or(40, 0.5, leak, prior)
    rest = 40 * np.log1p(-0.5 * prior) + np.log1p(-leak)
    positive = -np.expm1(rest)  # 1 - (1 - leak)(1 - prior/2)^40 without cancellation
    engine = Engine(net, backend=backend)
    assert engine.log_prob_evidence({"x": "yes"}) == pytest.approx(np.log(positive), rel=1e-12)
    assert engine.log_prob_evidence({"x": "no"}) == pytest.approx(rest, rel=1e-12, abs=1e-13)
    assert engine.posterior()["x"]["yes"] == pytest.approx(positive, rel=1e-11)
    others = np.log1p(-leak) + 39 * np.log1p(-0.5 * prior)
    cause = prior * (1.0 - 0.5 * np.exp(others)) / positive
    assert engine.posterior({"x": "yes"})["c7"]["yes"] == pytest.approx(cause, rel=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
def test_noisy_max_levels_of_twenty_parents(backend: str) -> None:
    rng = np.random.default_rng(5)
    causes = [f"c{i}" for i in range(20)]
    links = [np.stack([[1, 0, 0, 0], rng.dirichlet(np.ones(4))]) for _ in causes]
    leak = np.array([0.9, 0.06, 0.03, 0.01])
    priors = rng.uniform(0.001, 0.3, 20)
    gates = {c: noisy_or([], p) for c, p in zip(causes, priors, strict=True)}
    states = {c: BINARY for c in causes} | {"x": ["a", "b", "c", "d"]}
    net = Network(states, {"x": causes}, gates | {"x": NoisyMax(tuple(links), leak)})
    upto = np.cumsum(leak)
    for p, link in zip(priors, links, strict=True):
        upto = upto * ((1 - p) + p * np.cumsum(link[1]))
    want = np.diff(upto, prepend=0.0)
    engine = Engine(net, backend=backend)
    np.testing.assert_allclose(engine.posterior().array("x"), want, rtol=1e-11)
    for k, state in enumerate("abcd"):
        got = engine.log_prob_evidence({"x": state})
        assert got == pytest.approx(np.log(want[k]), rel=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
def test_structural_zeros_stay_zero(backend: str) -> None:
    step = Table(np.array([[1.0, 0.0], [0.3, 0.7]]))
    net = Network(
        {"a": BINARY, "b": BINARY}, {"b": ["a"]}, {"a": Table(np.array([0.4, 0.6])), "b": step}
    )
    engine = Engine(net, backend=backend)
    assert engine.posterior({"b": "yes"})["a"]["no"] == 0.0
    assert engine.posterior({"a": "no"})["b"]["yes"] == 0.0
    with pytest.raises(ImpossibleEvidenceError) as caught:
        engine.posterior({"a": "no", "b": "yes"})
    assert caught.value.conflict == {"a": "no", "b": "yes"}


def test_budget_names_width_and_budget() -> None:
    rng = np.random.default_rng(0)
    names = [f"v{i}" for i in range(24)]
    above = {f"x{i}{j}": [names[i], names[j]] for i in range(24) for j in range(i)}
    gates = {v: Table(np.array([0.5, 0.5])) for v in names}
    gates |= {v: Table(rng.dirichlet([1, 1], size=(2, 2))) for v in above}
    net = Network({v: BINARY for v in [*names, *above]}, above, gates)
    with pytest.raises(BudgetError, match="24 variables") as caught:
        Engine(net, budget=2**12).posterior()
    assert caught.value.budget == 2**12 and caught.value.entries > 2**24
    observed = dict.fromkeys(names[:20], "no")
    assert Engine(net, budget=2**12).posterior(observed).log_prob_evidence < 0.0
