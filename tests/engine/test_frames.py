"""Frames of every kind mean the same; what is no frame, or no state, is a typed error."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.model.errors import EvidenceError, UnknownStateError, UnknownVariableError
from fascinet.model.gates import Table
from fascinet.model.network import Network

pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

SHORT, LONG = 3, 300  # below and above what the compiled readers are worth


def engine_of(states: tuple[str, ...] = ("yes", "no")) -> Engine:
    """Return a cause with two states and a sign whose states are named as asked."""
    count = len(states)
    rows = np.array([np.arange(1, count + 1), np.arange(count, 0, -1)], float)
    return Engine(
        Network(
            {"cause": ("off", "on"), "sign": states},
            {"cause": (), "sign": ("cause",)},
            {"cause": Table([0.25, 0.75]), "sign": Table(rows / rows.sum(1, keepdims=True))},
        )
    )


def on(engine: Engine, frame: Any) -> list[float]:
    found = engine.posteriors(frame, targets=["cause"])
    assert type(found) is type(frame)
    return np.asarray(found["cause=on"], float).tolist()


def arrow(values: list[Any], kind: Any, names: list[Any]) -> Any:
    return pa.table({"sign": pa.DictionaryArray.from_arrays(pa.array(values, kind), names)})


FRAMES = {
    "pandas objects": lambda x: pd.DataFrame({"sign": x}),
    "pandas string": lambda x: pd.DataFrame({"sign": pd.Series(x, dtype="string[python]")}),
    "pandas Arrow string": lambda x: pd.DataFrame({"sign": pd.Series(x, dtype="string[pyarrow]")}),
    "pandas ArrowDtype": lambda x: pd.DataFrame(
        {"sign": pd.Series(x, dtype=pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())))}
    ),
    "pandas categories": lambda x: pd.DataFrame(
        {"sign": pd.Categorical(x, categories=["never met", "no", "yes"])}
    ),
    "polars string": lambda x: pl.DataFrame({"sign": x}),
    "polars Categorical": lambda x: pl.DataFrame({"sign": pl.Series(x, dtype=pl.Categorical)}),
    "polars Enum": lambda x: pl.DataFrame(
        {"sign": pl.Series(x, dtype=pl.Enum(["never met", "yes", "no"]))}
    ),
    "Arrow string": lambda x: pa.table({"sign": x}),
    "Arrow dictionary with a null": lambda x: arrow(
        [["yes", "no", None].index(v) for v in x], pa.uint8(), pa.array(["yes", "no", None])
    ),
    **{
        f"Arrow dictionary of {kind}": lambda x, kind=kind: arrow(
            [None if v is None else ["no", "yes"].index(v) for v in x],
            kind, pa.array(["no", "yes", "never met"]),
        )
        for kind in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.int8(), pa.int64())
    },
}  # fmt: skip


@pytest.mark.parametrize("rows", [SHORT, LONG])
@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_text_column_is_read(kind: str, rows: int) -> None:
    engine, cells = engine_of(), ["yes", "no", None] * (rows // 3)
    want = [engine.posterior({} if c is None else {"sign": c})["cause"]["on"] for c in cells]
    assert on(engine, FRAMES[kind](cells)) == pytest.approx(want, abs=1e-12)


TYPED = [
    (("0", "1"), lambda n: pd.DataFrame({"sign": np.array([0, 1, 1] * n)}), "011"),
    (("0", "1"), lambda n: pd.DataFrame({"sign": [0, None, 1] * n}), "0?1"),  # floats
    (("0", "1"), lambda n: pd.DataFrame({"sign": pd.array([0, None, 1] * n, "Int64")}), "0?1"),
    (("0", "1"), lambda n: pd.DataFrame({"sign": pd.Categorical([0, 1, 1] * n)}), "011"),
    (("0", "1"), lambda n: pl.DataFrame({"sign": [0, None, 1] * n}), "0?1"),
    (("0", "1"), lambda n: pa.table({"sign": pa.array([0, None, 1] * n, pa.uint16())}), "0?1"),
    (("false", "true"), lambda n: pd.DataFrame({"sign": [False, True, True] * n}), "011"),
    (("False", "True"), lambda n: pl.DataFrame({"sign": [False, None, True] * n}), "0?1"),
    (("FALSE", "TRUE"), lambda n: pa.table({"sign": [False, None, True] * n}), "0?1"),
    (
        ("no", "yes"),
        lambda n: pd.DataFrame({"sign": pd.array([False, None, True] * n, "boolean")}),
        "0?1",
    ),
    (("0.5", "1.5"), lambda n: pd.DataFrame({"sign": [0.5, np.nan, 1.5] * n}), "0?1"),
]


@pytest.mark.parametrize("times", [1, 100])
@pytest.mark.parametrize(("states", "make", "want"), TYPED)
def test_numbers_and_truth_values_are_states_by_their_text(states, make, want, times) -> None:
    engine = engine_of(states)
    evidence = [{} if w == "?" else {"sign": states[int(w)]} for w in want * times]
    expected = [engine.posterior(e)["cause"]["on"] for e in evidence]
    assert on(engine, make(times)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda: pd.DataFrame({"sign": [1, 2]}),
        lambda: pd.DataFrame({"sign": [["yes"], ["no"]]}),
        lambda: pl.DataFrame({"sign": [["yes"], ["no"]]}),
        lambda: pd.DataFrame({"sign": pd.to_datetime(["2020-01-01"])}),
        lambda: pd.DataFrame({"sign": [float("inf")]}),
        lambda: pl.DataFrame({"sign": [b"yes"]}),
        lambda: pl.DataFrame({"sign": pl.Series(["yse"] * LONG, dtype=pl.Categorical)}),
        lambda: pd.DataFrame({"sign": pd.Categorical(["yes", "yse"])}),
    ],
)
def test_what_is_no_state_is_named(make) -> None:
    with pytest.raises(UnknownStateError, match="'sign'"):
        engine_of().posteriors(make())


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pl.LazyFrame({"sign": ["yes"]}), "collect"),
        (pl.Series(["yes"]), "to_frame"),
        (pd.Series(["yes"]), "to_frame"),
        (["yes"], "got list"),
        ({"sign": ["yes"]}, "got dict"),
        (np.array([["yes"]]), "ndarray"),
        (None, "NoneType"),
        ("cases.csv", "got str"),
        (pd.DataFrame([["yes", "no"]], columns=["sign", "sign"]), "'sign' is there twice"),
        (pa.table([pa.array(["yes"]), pa.array(["no"])], names=["sign", "sign"]), "twice"),
    ],
)
def test_what_is_no_frame_is_a_typed_error(frame: Any, said: str) -> None:
    with pytest.raises(EvidenceError, match=said):
        engine_of().posteriors(frame)


def test_columns_that_are_no_names_are_unknown_variables() -> None:
    with pytest.raises(UnknownVariableError):
        engine_of().posteriors(pd.DataFrame([["yes"]]))


def test_a_dictionary_larger_than_what_it_is_used_for() -> None:
    """70,000 entries, one of them used, are not cut to 16 bits."""
    names = [*(f"n{i}" for i in range(70_000)), "yes"]
    frame = pd.DataFrame({"sign": pd.Categorical.from_codes([70_000] * LONG, categories=names)})
    engine = engine_of()
    want = engine.posterior({"sign": "yes"})["cause"]["on"]
    assert on(engine, frame) == pytest.approx([want] * LONG)
