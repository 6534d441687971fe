"""Batches: every row equals the single query, for every frame library and mixed evidence sets."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.model.errors import (
    ImpossibleEvidenceError,
    OptionError,
    UnknownStateError,
    UnknownVariableError,
)
from fascinet.model.network import Network
from tests.engine.networks import cases, network
from tests.strategies import random_evidence, random_network


def frame_of(net: Network, rows: list[dict[str, str]]) -> pd.DataFrame:
    return pd.DataFrame([{v: row.get(v) for v in net.variables} for row in rows], dtype=object)


@pytest.mark.parametrize("name", ["asia", "alarm", "insurance"])
@pytest.mark.parametrize("backend", ["numpy", "core"])
def test_rows_equal_single_queries(name: str, backend: str) -> None:
    net = network(name)
    engine = Engine(net, backend=backend)
    rows = [*cases(name), {}]
    got = engine.posteriors(frame_of(net, rows))
    for i, row in enumerate(rows):
        single = engine.posterior(row)
        for v in net.variables:
            values = got.loc[i, [f"{v}={s}" for s in net.states(v)]].to_numpy(dtype=float)
            np.testing.assert_allclose(values, single.array(v), atol=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_rows_of_networks_with_gates(seed: int) -> None:
    net = random_network(seed, 14, parents=6)
    engine = Engine(net, backend="core")
    rows = [random_evidence(net, 100 * seed + k, 0.25).hard for k in range(24)]
    got, logs = engine.batch_posteriors((row, None) for row in rows)
    alone = engine.batch_log_prob((row, None) for row in rows)
    np.testing.assert_allclose(logs, alone, atol=1e-12)
    for i, row in enumerate(rows):
        expected = engine.log_prob_evidence(row)
        assert logs[i] == pytest.approx(expected, abs=1e-10)
        if expected > -np.inf:
            np.testing.assert_allclose(got[i], engine.posterior(row).flat, atol=1e-12)


def test_soft_evidence_in_a_batch() -> None:
    engine = Engine(network("asia"))
    soft = {"xray": [0.2, 0.9]}
    logs = engine.batch_log_prob([({"dysp": "yes"}, soft), (None, None)])
    assert logs[0] == pytest.approx(engine.log_prob_evidence({"dysp": "yes"}, soft))
    assert logs[1] == 0.0
    values, _ = engine.batch_posteriors([({"dysp": "yes"}, soft)])
    single = engine.posterior({"dysp": "yes"}, soft=soft)
    np.testing.assert_allclose(values[0], single.flat)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_frame_comes_back_in_kind(kind: str) -> None:
    net = network("asia")
    rows = frame_of(net, cases("asia"))[["smoke", "xray"]]
    frame: Any = {
        "pandas": lambda: rows,
        "polars": lambda: pl.from_pandas(rows),
        "pyarrow": lambda: pl.from_pandas(rows).to_arrow(),
    }[kind]()
    got = Engine(net).posteriors(frame, targets=["lung"])
    assert type(got) is type(frame)
    want = Engine(net).posteriors(rows, targets=["lung"])
    assert list(want.columns) == ["lung=yes", "lung=no"]
    np.testing.assert_allclose(np.asarray(got["lung=yes"]), want["lung=yes"])


def test_frame_keeps_its_index() -> None:
    frame = pd.DataFrame({"smoke": ["yes", None]}, index=["b", "a"])
    assert list(Engine(network("asia")).posteriors(frame, ["lung"]).index) == ["b", "a"]


def test_bad_cells_are_named() -> None:
    engine = Engine(network("asia"))
    with pytest.raises(UnknownVariableError, match="smoke"):
        engine.posteriors(pd.DataFrame({"smok": ["yes"]}))
    with pytest.raises(UnknownStateError, match="smoke"):
        engine.posteriors(pd.DataFrame({"smoke": ["perhaps"]}))
    with pytest.raises(OptionError):
        engine.posteriors(pd.DataFrame({"smoke": ["yes"]}), impossible="ignore")


@pytest.mark.parametrize("backend", ["numpy", "core"])
def test_impossible_row_is_an_error_by_default(backend: str) -> None:
    engine = Engine(network("asia"), backend=backend)
    frame = pd.DataFrame({"either": ["no", "no"], "lung": ["no", "yes"]})
    with pytest.raises(ImpossibleEvidenceError) as caught:
        engine.posteriors(frame)
    assert caught.value.conflict == {"row": 1, "either": "no", "lung": "yes"}
    got = engine.posteriors(frame, ["xray"], impossible="nan")
    assert np.isnan(got["xray=yes"]).tolist() == [False, True]


def test_many_blocks_and_threads_agree() -> None:
    net = network("alarm")
    rows = [cases("alarm")[i % 10] for i in range(1500)]
    frame = frame_of(net, rows)
    got, again = (
        Engine(net, backend="core").posteriors(frame, targets=["LVFAILURE"]) for _ in range(2)
    )
    np.testing.assert_array_equal(got.to_numpy(), again.to_numpy())
    np.testing.assert_allclose(got.to_numpy(), np.tile(got.iloc[:10], (150, 1)), atol=1e-14)


@pytest.mark.parametrize("backend", ["numpy", "core"])
def test_equal_rows_and_targets_of_a_network_with_large_gates(backend: str) -> None:
    net = random_network(3, 30, parents=12)
    engine = Engine(net, backend=backend)
    rows = [random_evidence(net, k % 5, 0.2).hard for k in range(30)]
    targets = list(net.variables[:4])
    got = engine.posteriors(frame_of(net, rows), targets, impossible="nan")
    for i, row in enumerate(rows):
        possible = engine.log_prob_evidence(row) > -np.inf
        for v in targets:
            values = got.loc[i, [f"{v}={s}" for s in net.states(v)]].to_numpy(dtype=float)
            want = engine.posterior(row).array(v) if possible else np.nan
            np.testing.assert_allclose(values, want, atol=1e-12)
