"""Every analysis is called in the same way; the older orders give the same numbers."""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fascinet as fn
from fascinet.engine.api.decisions import Decisions
from fascinet.engine.api.methods import Analyses

CASE = {"dysp": "yes"}
MIXINS = {**vars(Analyses), **vars(Decisions)}
METHODS = sorted(n for n, f in MIXINS.items() if inspect.isfunction(f) and n[0] != "_")
QUERIES = ("posterior", "mpe", "map_query", "derivatives", "approximate", "draw", "posteriors")


@pytest.fixture(scope="module")
def engine() -> fn.Engine:
    return fn.Engine(fn.example("asia"))


@pytest.mark.parametrize("name", [*METHODS, *QUERIES])
def test_evidence_comes_first_and_all_else_by_keyword(name: str) -> None:
    first, *rest = list(inspect.signature(getattr(fn.Engine, name)).parameters.values())[1:]
    assert first.name == ("frame" if name == "posteriors" else "evidence")
    allowed = {inspect.Parameter.KEYWORD_ONLY}
    if name == "posteriors":
        allowed.add(inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert {p.kind for p in rest} <= allowed
    assert ">>> " in (getattr(fn.Engine, name).__doc__ or "")


OLDER: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "sensitivity": (
        lambda e: e.sensitivity("lung", "yes", CASE),
        lambda e: e.sensitivity(CASE, target="lung", state="yes"),
    ),
    "explain": (
        lambda e: e.explain("lung", "yes", CASE),
        lambda e: e.explain(CASE, target="lung", state="yes"),
    ),
    "value_of_information": (
        lambda e: e.value_of_information("lung", CASE, ["xray"], {"xray": 2.0}),
        lambda e: e.value_of_information(
            CASE, targets="lung", candidates="xray", costs={"xray": 2.0}
        ),
    ),
    "counterfactual": (
        lambda e: e.counterfactual(CASE, {"smoke": "no"}, ["bronc"]),
        lambda e: e.counterfactual(CASE, do={"smoke": "no"}, targets="bronc"),
    ),
    "uncertainty": (
        lambda e: e.uncertainty(CASE, ["lung"], 50, 3),
        lambda e: e.uncertainty(CASE, targets="lung", draws=50, seed=3),
    ),
}


@pytest.mark.parametrize("name", OLDER)
def test_an_older_order_of_the_contract_gives_the_same_without_a_warning(
    name: str, engine: fn.Engine
) -> None:
    old, new = OLDER[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one, two = old(engine).to_frame(), new(engine).to_frame()
    assert one.equals(two)
    assert len(one)


def test_the_older_order_of_map_query(engine: fn.Engine) -> None:
    new = engine.map_query(CASE, targets=["lung", "bronc"])
    assert engine.map_query(["lung", "bronc"], CASE).assignment == new.assignment
    assert engine.map_query("lung").assignment == {"lung": "no"}


def test_other_older_orders_warn_and_say_how(engine: fn.Engine) -> None:
    with pytest.warns(DeprecationWarning, match=r"best_pairs\(evidence, targets=targets"):
        old = engine.best_pairs("lung", CASE)
    assert old.to_frame().equals(engine.best_pairs(CASE, targets="lung").to_frame())
    with pytest.warns(DeprecationWarning, match="what_would_change"):
        engine.what_would_change("lung", "yes", CASE)


@pytest.mark.parametrize("name", ["sensitivity", "explain", "counterfactual", "uncertainty"])
def test_a_misspelt_option_is_an_error(name: str, engine: fn.Engine) -> None:
    with pytest.raises(TypeError, match="sotf"):
        getattr(engine, name)(CASE, sotf={})


def test_evidence_of_an_analysis_is_checked_by_name(engine: fn.Engine) -> None:
    for ask in (
        lambda e: engine.sensitivity(e, target="lung", state="yes"),
        lambda e: engine.value_of_information(e, targets="lung"),
        lambda e: engine.uncertainty(e, targets="lung"),
        lambda e: engine.conflict(e),
    ):  # fmt: skip
        with pytest.raises(fn.errors.UnknownVariableError, match="did you mean 'dysp'"):
            ask({"Dysp": "yes"})
        with pytest.raises(fn.errors.UnknownStateError, match="did you mean 'yes'"):
            ask({"dysp": "YES"})
    truth = engine.explain({"dysp": True}, target="lung", state="yes")
    said = engine.explain(CASE, target="lung", state="yes")
    np.testing.assert_array_equal(truth.weight_db, said.weight_db)
    assert truth.states == ("yes",)
