"""A defining test defines: the value is the disorder, whatever else is said, in every setting."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pytest

from fascinet.engine.analyses.simulate import simulate
from fascinet.engine.api.engine import Engine
from fascinet.model.build import build_network
from fascinet.model.load import load_knowledge

KNOWLEDGE = load_knowledge()
# A value can be wrong for a reason that is itself entered: then it does not define.
EXCEPTIONS = {("serum_k", "high"): {"haemolysed_sample": "yes"}}
DEFINING = [
    (name, result, target)
    for name, test in KNOWLEDGE.tests.items()
    for result, target in test.defines.items()
]


@lru_cache(maxsize=1)
def engine() -> Engine:
    return Engine(build_network(KNOWLEDGE))


def present(evidence: dict[str, str], target: str) -> float:
    """Return the probability of the disorder, or of the state that is defined."""
    name, _, state = target.partition("=")
    p = engine().posterior(evidence, targets=[name])[name]
    return p[state] if state else 1.0 - p[engine().network.states(name)[0]]


def disorders(target: str) -> list[str]:
    """Return the variables that the target stands for: itself, or the causes it sums up."""
    name = target.partition("=")[0]
    mechanism = KNOWLEDGE.mechanisms.get(name)
    return list(mechanism.of) if mechanism else [name]


def denied(target: str) -> dict[str, str]:
    """Return every risk and cause that may bring the disorder about, denied."""
    network = engine().network
    out: dict[str, str] = {}
    for name in disorders(target):
        for parent in network.parents(name):
            if network.meta[parent]["kind"] != "context":
                out[parent] = network.states(parent)[0]
    return {k: v for k, v in out.items() if k not in disorders(target)}


def without_signs(target: str) -> dict[str, str]:
    """Return every symptom and sign of the disorder, denied."""
    network, out = engine().network, {}
    for name in disorders(target):
        for child in network.children(name):
            if network.meta[child]["kind"] == "finding":
                out[child] = network.states(child)[0]
    return out


def test_all_that_should_define_do() -> None:
    wanted = {"serum_k", "serum_na", "serum_ca", "serum_mg", "tsh", "serum_b12", "hba1c", "ck"}
    assert {name for name, _, _ in DEFINING} == wanted
    for name, result, target in DEFINING:
        variable, _, state = target.partition("=")
        assert result in KNOWLEDGE.tests[name].states
        assert not state or state in KNOWLEDGE.variables[variable].states


@pytest.mark.parametrize("setting", KNOWLEDGE.settings)
@pytest.mark.parametrize(("test", "result", "target"), DEFINING)
def test_the_value_is_the_disorder(test: str, result: str, target: str, setting: str) -> None:
    known = {"setting": setting, "twitching": "yes", test: result}
    assert present(known, target) >= 0.95
    assert present({**known, **denied(target)}, target) >= 0.9
    assert present({**known, "twitching": "no"}, target) >= 0.95


@pytest.mark.parametrize(("test", "result", "target"), DEFINING)
def test_no_missing_sign_undoes_it(test: str, result: str, target: str) -> None:
    known = {"setting": "primary_care", "twitching": "yes", test: result}
    assert present({**known, **without_signs(target)}, target) >= 0.9


def people(count: int, size: int) -> Iterator[dict[str, str]]:
    """Yield some findings, not all at rest, of people drawn from the network."""
    network, rng = engine().network, np.random.default_rng(7)
    signs = [v for v in network.variables if network.meta[v]["kind"] == "finding"]
    drawn = simulate(network, count, seed=11)
    for i in range(count):
        odd = [v for v in signs if drawn[v][i] > 0][:size]
        rest = [str(v) for v in rng.choice(signs, size, replace=False)]
        yield {v: network.states(v)[drawn[v][i]] for v in {*odd, *rest}}


@pytest.mark.parametrize(("test", "result", "target"), DEFINING)
def test_nothing_else_that_people_say_undoes_it(test: str, result: str, target: str) -> None:
    for said in people(12, 4):
        assert present({**said, "setting": "general", test: result}, target) >= 0.95, said


def test_the_written_exceptions_are_the_only_ones() -> None:
    for test, record in KNOWLEDGE.tests.items():
        if not record.defines:
            continue
        defined = {c for target in record.defines.values() for c in disorders(target)}
        excused = {p for (t, _), given in EXCEPTIONS.items() if t == test for p in given}
        assert set(engine().network.parents(test)) == defined | excused or test == "ck"


def test_an_exception_is_believed() -> None:
    for (test, result), given in EXCEPTIONS.items():
        target = KNOWLEDGE.tests[test].defines[result]
        assert present({"setting": "primary_care", test: result, **given}, target) < 0.9
