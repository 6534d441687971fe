"""The batch program: its array-API backend against enumeration, its vectors against that."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from fascinet.engine import batch
from fascinet.engine.arrays import network_arrays
from fascinet.engine.batch_program import BatchProgram, compile_batch
from fascinet.engine.batch_tree import make_tree
from fascinet.engine.batch_xp import run_batch, run_rows_numpy
from fascinet.engine.decompose import Pattern
from fascinet.engine.engine import Engine
from fascinet.engine.junction import make_plan
from fascinet.model.errors import OptionError
from fascinet.model.gates import Table
from fascinet.model.network import Network
from tests.engine.networks import SMALL, cases, network, reference
from tests.oracle import posteriors
from tests.strategies import random_network


def program_of(net: Network) -> BatchProgram:
    arrays = network_arrays(net)
    everything = frozenset(range(len(arrays.cards)))
    return compile_batch(arrays, make_plan(arrays, Pattern(joint=everything)))


def random_states(net: Network, seed: int, count: int) -> np.ndarray:
    """Return random rows of states, most of them unknown; some are impossible."""
    rng = np.random.default_rng(seed)
    states = np.full((count, len(net.variables)), -1, np.int16)
    for v, name in enumerate(net.variables):
        known = rng.random(count) < 0.35
        states[known, v] = rng.integers(0, len(net.states(name)), int(known.sum()))
    return np.asfortranarray(states)


def labels(net: Network, row: np.ndarray) -> dict[str, str]:
    return {v: net.states(v)[s] for v, s in zip(net.variables, row, strict=True) if s >= 0}


@pytest.mark.parametrize("seed", range(25))
def test_array_api_backend_equals_enumeration(seed: int) -> None:
    net = random_network(seed, 1 + seed % 9, parents=4)
    states = random_states(net, seed, 20)
    out, logs = run_batch(np, program_of(net), np.ascontiguousarray(states.T))
    for i, row in enumerate(states):
        with np.errstate(invalid="ignore"):
            want, total = posteriors(net, labels(net, row))
        if total == 0.0:
            assert logs[i] == -np.inf
        else:
            assert logs[i] == pytest.approx(np.log(total), abs=1e-11)
            np.testing.assert_allclose(out[:, i], np.concatenate(list(want.values())), atol=1e-12)


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_vectors_equal_the_array_api_backend(seed: int, dtype: str) -> None:
    net = random_network(seed, 3 + seed, parents=4)
    program, states = program_of(net), random_states(net, seed, 37)
    want, want_logs, want_status = run_rows_numpy(program, states, "float64", True)
    got, logs, status = make_tree(program).run(states, dtype, 1, True)
    fine = want_status == 1
    np.testing.assert_array_equal(status[fine], 1)
    assert not (status[~fine] == 1).any()
    atol = 1e-12 if dtype == "float64" else 2e-5
    np.testing.assert_allclose(got[:, fine], want[:, fine], atol=atol)
    np.testing.assert_allclose(logs[fine], want_logs[fine], atol=10 * atol)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_reference_posteriors(name: str, backend: str) -> None:
    net, given = network(name), reference(name)
    rows = cases(name)
    frame = pd.DataFrame([{v: r.get(v) for v in net.variables} for r in rows * 2], dtype=object)
    engine = Engine(net, backend=backend)
    got = engine.posteriors(frame)
    assert batch.program_of(engine.solver) is not None
    for i in range(len(rows)):
        for v in net.variables:
            names = [f"{v}={s}" for s in net.states(v)]
            place = net.states(v).index(rows[i][v]) if v in rows[i] else -1
            sure = np.eye(len(names))[place]
            expected = sure if v in rows[i] else given[f"{i}|{v}"]
            np.testing.assert_allclose(got.loc[i, names].to_numpy(float), expected, atol=1e-9)
            again = got.loc[i + len(rows), names].to_numpy(float)
            np.testing.assert_allclose(got.loc[i, names].to_numpy(float), again, atol=1e-14)


def chain(length: int, least: float) -> Network:
    names = [f"x{i}" for i in range(length)]
    step = Table(np.array([[1.0 - least, least], [0.25, 0.75]]))
    gates = {names[0]: Table(np.array([0.5, 0.5]))} | {v: step for v in names[1:]}
    above = {v: [u] for u, v in zip(names, names[1:], strict=False)}
    return Network({v: ["a", "b"] for v in names}, above, gates)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("least", [0.1, 1e-40, 1e-200])
def test_long_chains_keep_their_digits(backend: str, least: float) -> None:
    net = chain(600, least)
    states = random_states(net, 3, 40)
    states[0] = np.arange(600) % 2
    values, logs = batch.solve_states(Engine(net, backend=backend).solver, states)
    single = Engine(net, backend="numpy")
    for i in (0, 7, 39):
        want = single.posterior(labels(net, states[i]))
        assert logs[i] == pytest.approx(want.log_prob_evidence, rel=1e-11)
        np.testing.assert_allclose(values[i], want.flat, atol=1e-11)


def test_a_batch_without_posteriors_has_the_same_probabilities() -> None:
    net = network("child")
    solver = Engine(net, backend="numba").solver
    states = random_states(net, 5, 100)
    _, logs = batch.solve_states(solver, states)
    values, alone = batch.solve_states(solver, states, posteriors=False)
    np.testing.assert_array_equal(logs, alone)
    assert values.size == 0


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_equal_rows_of_a_heavy_tree_are_answered_once(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = network("insurance")
    solver = Engine(net, backend="numba").solver
    few = random_states(net, 6, 40)
    states = few[np.random.default_rng(0).integers(0, 40, 300)]
    values, logs = batch.solve_states(solver, states, dtype=dtype)
    monkeypatch.setattr(batch, "COPIED", 1.0)
    each, alone = batch.solve_states(solver, states, dtype=dtype)
    near = 1e-14 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(values, each, rtol=0.0, atol=near)
    np.testing.assert_allclose(logs, alone, rtol=0.0, atol=100 * near)
    assert values.shape == (300, solver.starts[-1])
    assert values.dtype == dtype


def test_threads_change_no_bit() -> None:
    net = network("hepar2")
    tree = make_tree(program_of(net))
    states = random_states(net, 1, 3000)
    one, logs, _ = tree.run(states, "float64", 1, True)
    with ThreadPoolExecutor(8) as pool:
        for got, other, _ in pool.map(lambda n: tree.run(states, "float64", n, True), range(1, 9)):
            np.testing.assert_array_equal(one, got)
            np.testing.assert_array_equal(logs, other)


def test_single_precision_tells_its_error() -> None:
    net = network("alarm")
    frame = pd.DataFrame([{v: c.get(v) for v in net.variables} for c in cases("alarm") * 60])
    engine = Engine(net, backend="numba")
    double, single = engine.posteriors(frame), engine.posteriors(frame, dtype="float32")
    assert set(single.dtypes) == {np.dtype(np.float32)}
    told = single.attrs["max_abs_difference"]
    assert 0.0 < told < 1e-5
    assert np.abs(double - single).to_numpy().max() < 2 * told
    with pytest.raises(OptionError):
        engine.posteriors(frame, dtype="float16")


def test_a_plan_with_evidence_is_refused() -> None:
    arrays = network_arrays(network("asia"))
    with pytest.raises(ValueError, match="without evidence"):
        compile_batch(arrays, make_plan(arrays, Pattern(frozenset({0}))))


@pytest.mark.parametrize("kind", ["object", "fresh", "str", "category", "polars", "arrow"])
def test_long_columns_of_every_kind_are_read_alike(kind: str) -> None:
    net = network("asia")
    states = random_states(net, 2, 700)
    rows = [labels(net, row) for row in states]
    frame = pd.DataFrame([{v: r.get(v) for v in net.variables} for r in rows], dtype=object)
    if kind == "fresh":  # equal strings that are not the same object
        frame = frame.map(lambda x: x if x is None else "".join(list(x)))
    elif kind in ("str", "category"):
        frame = frame.astype(kind)
    given = frame
    if kind in ("polars", "arrow"):
        import polars as pl

        given = pl.from_pandas(frame)
        given = given.to_arrow().slice(0) if kind == "arrow" else given
    from fascinet.engine.frame_codes import encode

    np.testing.assert_array_equal(encode(net, given), states)


def test_a_bad_cell_far_down_is_named() -> None:
    from fascinet.engine.frame_codes import encode
    from fascinet.model.errors import UnknownStateError

    net = network("asia")
    cells = ["yes"] * 600 + ["perhaps"] + ["no"] * 5
    for frame in (pd.DataFrame({"smoke": cells}), pd.DataFrame({"smoke": cells}, dtype=object)):
        with pytest.raises(UnknownStateError, match="perhaps"):
            encode(net, frame)


def test_nothing_but_the_array_api_is_used() -> None:
    strict = pytest.importorskip("array_api_strict", reason="the strict namespace is not installed")
    net = network("asia")
    program, states = program_of(net), np.ascontiguousarray(random_states(net, 4, 50).T)
    want, want_logs = run_batch(np, program, states)
    got, logs = run_batch(strict, program, strict.asarray(states))
    np.testing.assert_array_equal(np.asarray(got), want)
    np.testing.assert_array_equal(np.asarray(logs), want_logs)


def test_one_engine_serves_many_threads_of_frames() -> None:
    net = network("child")
    engine = Engine(net, backend="numba")
    rows = [labels(net, row) for row in random_states(net, 6, 300)]
    frame = pd.DataFrame([{v: r.get(v) for v in net.variables} for r in rows], dtype=object)
    want = engine.posteriors(frame, impossible="nan")
    with ThreadPoolExecutor(32) as pool:
        answers = pool.map(lambda _: engine.posteriors(frame, impossible="nan"), range(64))
        for got in answers:
            pd.testing.assert_frame_equal(got, want, check_exact=True)
