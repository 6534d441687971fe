"""An argument of the wrong type, anywhere, is our error that names it, never a stack of internals.

Every public call gets, in each of its arguments in turn, things that somebody might hand over.
"""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import fascinet as fn

ASIA = fn.example("asia")
ENGINE = fn.Engine(ASIA)
ODD: tuple[Any, ...] = (
    3, 3.5, None, [], [1, 2], {}, {1: 2}, "x", b"x", object(), True, -1, float("nan"),
    {"lung": None}, ("lung",), {"lung": {"yes": "a"}},
)  # fmt: skip
RIGHT: dict[str, Any] = {
    "evidence": {"dysp": "yes"}, "target": "lung", "state": "yes", "targets": ["lung"],
    "do": {"smoke": "no"}, "hypotheses": ["lung"], "cases": 5, "case": {"weakness": "none"},
    "network": ASIA, "name": "asia", "words": "weak",
}  # fmt: skip
METHODS = [n for n in dir(ENGINE) if not n.startswith("_") and callable(getattr(ENGINE, n))]
CALLS: dict[str, Callable[..., Any]] = {
    **{f"engine.{n}": getattr(ENGINE, n) for n in METHODS},
    **{f"fn.{n}": getattr(fn, n) for n in ("find", "findings", "example", "load", "diagnose")},
    "fn.simulate": fn.simulate,
}


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_argument_is_an_error_of_ours(name: str) -> None:
    call = CALLS[name]
    given = [p for p in inspect.signature(call).parameters.values()
             if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]  # fmt: skip
    right = {p.name: RIGHT.get(p.name) for p in given if p.default is p.empty}
    for parameter in given:
        for odd in ODD:
            arguments = {**right, parameter.name: odd}
            ordered = [arguments.pop(p.name) for p in given
                       if p.kind is p.POSITIONAL_ONLY and p.name in arguments]  # fmt: skip
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    call(*ordered, **arguments)
                except fn.errors.FascinetError as error:
                    assert "\n" not in str(error)
                except Exception as error:
                    pytest.fail(f"{name}({parameter.name}={odd!r}): {error!r}")


def test_numbers_and_truth_values_name_a_state_in_analyses_too() -> None:
    """As in evidence: a network fitted on truth values has states named True and False."""
    frame = fn.simulate(ASIA, 5)[["smoke"]].eq("yes")
    network = fn.NetworkBuilder("b").variable("x", states=["False", "True"]).table("x", 0.3).build()
    assert set(map(str, frame["smoke"])) <= set(network.states("x"))
    found = fn.Engine(network).sensitivity(target="x", state=True)
    assert found.posterior == pytest.approx(0.3)


def test_no_cases_have_no_answers() -> None:
    assert ENGINE.batch_log_prob([]).shape == (0,)
    values, logs = ENGINE.batch_posteriors([])
    assert len(values) == 0 and logs.shape == (0,)
