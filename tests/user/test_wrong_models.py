"""Wrong arguments of what builds, learns and decides: our error that names them, too."""

import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fascinet as fn
from tests.influence_diagrams.diagrams import oil
from tests.user.test_wrong_arguments import ODD

ASIA = fn.example("asia")
FRAME = fn.simulate(ASIA, 5)
GATES = ("table", "noisy_or", "noisy_max", "deterministic", "logistic")


def builder() -> fn.NetworkBuilder:
    return fn.NetworkBuilder("b").variable("x").variable("y").table("x", 0.3)


def on_a_new_builder(method: str) -> Callable[..., Any]:
    """Return a call of one method that leaves no trace for the next."""

    def call(**arguments: Any) -> Any:
        return getattr(builder(), method)(**arguments)

    call.__signature__ = inspect.signature(getattr(builder(), method))  # pyright: ignore
    return call


def calls(folder: Path) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Return each call with arguments that are right."""
    solution = fn.solve(oil())
    found: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "solve": (fn.solve, {"diagram": oil(), "evidence": {"oil": "wet"}}),
        "learn": (fn.learn, {"network": ASIA, "data": FRAME}),
        "decision_layer": (fn.decision_layer, {"differential": None}),
        "discretise": (fn.discretise, {"frame": pd.DataFrame({"a": [1, 2]}), "cuts": {"a": [2]}}),
        "choose": (solution.choose, {"decision": "test", "known": {}}),
        "value_of_information": (solution.value_of_information, {"decision": "test"}),
        "combined": (oil().combined, {"name": "z", "parts": ["cost", "gain"]}),
        "with_observation": (oil().with_observation, {"decision": "drill", "variable": "oil"}),
        "known_at": (oil().known_at, {"decision": "drill"}),
        "save": (oil().save, {"path": folder / "d.json"}),
        "load": (fn.InfluenceDiagram.load, {"path": folder / "d.json"}),
        "write_knowledge": (fn.learn(ASIA, FRAME).write_knowledge, {"out": folder / "new"}),
        "copy_with": (ASIA.copy_with, {}),
        "from_network": (fn.NetworkBuilder.from_network, {"network": ASIA}),
        "from_dict": (fn.NetworkBuilder.from_dict, {"spec": {"variables": {"a": {"table": 0.3}}}}),
        "from_arcs": (fn.NetworkBuilder.from_arcs, {"arcs": pd.DataFrame(
            {"parent": ["a"], "child": ["b"]})}),
        "from_networkx": (fn.NetworkBuilder.from_networkx, {"graph": ASIA.graph}),
    }  # fmt: skip
    right = {
        "rows": 0.3, "links": {"x": 0.3}, "outcome": {"no": "no", "yes": "yes"}, "parents": ["x"],
        "weights": {"x": 1.0}, "intercept": 0.0, "values": 1.0, "parts": ["u"], "parent": "x",
        "child": "y",
    }  # fmt: skip
    for name in (*GATES, "variable", "remove", "arc", "decision", "utility", "super_value",
                 "diagram", "build"):  # fmt: skip
        given = inspect.signature(getattr(builder(), name)).parameters.values()
        fresh = {"name": "y" if name in GATES else "x" if name == "remove" else "z"}
        needed = {p.name: (right | fresh)[p.name] for p in given
                  if p.default is p.empty and p.kind is not p.VAR_KEYWORD}  # fmt: skip
        found[f"builder.{name}"] = (on_a_new_builder(name), needed)
    return found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_wrong_argument_is_an_error_of_ours(tmp_path: Path) -> None:
    oil().save(tmp_path / "d.json")
    for name, (call, right) in calls(tmp_path).items():
        for parameter in inspect.signature(call).parameters.values():
            if parameter.kind is parameter.VAR_KEYWORD or parameter.name == "progress":
                continue
            for odd in ODD:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        call(**{**right, parameter.name: odd})
                    except fn.errors.FascinetError as error:
                        assert "\n" not in str(error)
                    except Exception as error:
                        pytest.fail(f"{name}({parameter.name}={odd!r}): {error!r}")
