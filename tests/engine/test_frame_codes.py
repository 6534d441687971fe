"""Cells of frames as state numbers, whatever holds them; equal rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fascinet.engine.api import frame_codes
from fascinet.engine.api.frame_codes import encode
from fascinet.engine.core import core
from fascinet.engine.run import batch
from fascinet.model.errors import UnknownStateError
from fascinet.model.gates import Table
from fascinet.model.network import Network

pa = pytest.importorskip("pyarrow")
STATES = {"a": ["no", "yes"], "b": ["", "ä", "much more"], "c": ["only"]}
EMPTY = [None, float("nan"), np.nan, pd.NA]


def network() -> Network:
    gates = {v: Table(np.full(len(s), 1 / len(s))) for v, s in STATES.items()}
    return Network(STATES, {}, gates)


def cells(rng: np.random.Generator, rows: int) -> dict[str, list[object]]:
    """Return columns of states, a third of the cells missing in one way or another."""
    pick = {v: [str(x) for x in rng.choice(s, rows)] for v, s in STATES.items()}
    return {
        v: [EMPTY[i % len(EMPTY)] if rng.random() < 1 / 3 else x for i, x in enumerate(column)]
        for v, column in pick.items()
    }


def slow(columns: dict[str, list[object]]) -> np.ndarray:
    """Return the codes by looking at each cell."""
    rows = [
        [STATES[v].index(x) if isinstance(x, str) else -1 for x in column]
        for v, column in columns.items()
    ]
    return np.array(rows, np.int16).T


def frames(columns: dict[str, list[object]]) -> dict[str, object]:
    """Return the same cells in all kinds of frames."""
    plain = {
        v: [x if isinstance(x, str) else None for x in column] for v, column in columns.items()
    }
    objects = pd.DataFrame({v: pd.Series(x, dtype=object) for v, x in columns.items()})
    arrow = pa.table({v: pa.array(x, pa.string()) for v, x in plain.items()})
    return {
        "objects": objects,
        "mixed": objects.assign(a=objects["a"].astype("category")),
        "category": pd.DataFrame({v: pd.Categorical(x) for v, x in plain.items()}),
        "string": pd.DataFrame({v: pd.array(x, "string[pyarrow]") for v, x in plain.items()}),
        "arrow": arrow,
        "sliced": pa.concat_tables([arrow.slice(0, len(arrow) // 3), arrow.slice(len(arrow) // 3)]),
        "dictionary": pa.table({v: arrow[v].dictionary_encode() for v in STATES}),
    }  # fmt: skip


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("rows", [0, 1, 7, 500])
def test_all_kinds_of_frames_hold_the_same_codes(
    rows: int, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not compiled:
        monkeypatch.setattr(frame_codes, "core", None)
    columns = cells(np.random.default_rng(rows), rows)
    want = slow(columns)
    for kind, frame in frames(columns).items():
        got = encode(network(), frame)
        np.testing.assert_array_equal(got, want.reshape(rows, 3), err_msg=kind)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_wrong_state_is_named(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not compiled:
        monkeypatch.setattr(frame_codes, "core", None)
    columns = cells(np.random.default_rng(1), 50) | {"a": ["no"] * 49 + ["yess"]}
    for kind, frame in frames(columns).items():
        with pytest.raises(UnknownStateError, match="yess"):
            encode(network(), frame)
            pytest.fail(kind)
    with pytest.raises(UnknownStateError):
        encode(network(), pd.DataFrame({"a": pd.Series([1, None], dtype=object)}))


def test_many_different_objects_of_equal_value() -> None:
    values = ["".join(["y", "es"]) for _ in range(300)]  # each a string of its own
    got = encode(network(), pd.DataFrame({"a": pd.Series(values, dtype=object)}))
    assert (got[:, 0] == 1).all()


@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.integers(1, 9))
def test_equal_rows_are_found(seed: int, rows: int, width: int) -> None:
    states = np.random.default_rng(seed).integers(-1, 2, (rows, width)).astype(np.int16)
    first, which = batch.distinct_rows(states)
    np.testing.assert_array_equal(states[first][which], states)
    assert len(np.unique(states, axis=0)) == len(first)


@pytest.mark.skipif(core is None, reason="the core is not compiled here")
def test_offsets_beyond_the_text_are_refused() -> None:
    offsets, text = np.array([0, 2, 9]), np.frombuffer(b"noyes", np.uint8)
    nothing, names = np.zeros(0, np.uint8), np.frombuffer(b"noyes", np.uint8)
    out = np.zeros(2, np.int16)
    with pytest.raises(ValueError, match="offsets"):
        core.code_strings(offsets, text, nothing, 0, np.array([2, 3]), names, out)
