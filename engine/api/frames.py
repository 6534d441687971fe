"""DataFrames in and out: pandas, polars and Arrow by way of narwhals."""

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fascinet.engine.api.frame_codes import encode
from fascinet.engine.api.posterior import Layout
from fascinet.engine.run.batch import States, solve_states
from fascinet.engine.run.solver import Solver
from fascinet.model.arguments import whole_number
from fascinet.model.errors import ImpossibleEvidenceError, OptionError
from fascinet.model.gates import Array
from fascinet.model.network import Network

CHUNK = 65_536  # rows worked at a time where not all is asked: what bounds the memory
PROBE = 256  # rows on which single precision is compared with double
DTYPES = ("float64", "float32")


def posterior_frame(
    solver: Solver,
    network: Network,
    layout: Layout,
    frame: Any,
    targets: tuple[str, ...],
    impossible: str,
    dtype: str = "float64",
    threads: int | None = None,
) -> Any:
    """Return a frame of the same kind with a column "variable=state" for each target's state."""
    if impossible not in ("raise", "nan"):
        raise OptionError("value of impossible", impossible, ("raise", "nan"))
    if dtype not in DTYPES:
        raise OptionError("dtype", dtype, DTYPES)
    threads = None if threads is None else whole_number("threads", threads)
    states = encode(network, frame)
    places = np.concatenate(
        [np.arange(layout.slices[t].start, layout.slices[t].stop) for t in targets]
        or [np.zeros(0, np.int64)]
    )
    values, logs = _solve(solver, states, places, layout.total, dtype, threads)
    if impossible == "raise" and np.isneginf(logs).any():
        _complain(network, states, int(np.argmax(np.isneginf(logs))))
    names = [f"{t}={s}" for t in targets for s in layout.states[t]]
    out = _frame_like(frame, names, values)
    if dtype == "float32" and isinstance(out, pd.DataFrame):
        out.attrs["max_abs_difference"] = single_error(solver, states, places, values)
    return out


def _solve(
    solver: Solver, states: States, places: NDArray[np.int64], total: int, dtype: str,
    threads: int | None,
) -> tuple[Array, Array]:  # fmt: skip
    """Return the posteriors at some places, shape (cases, places), and ln P(e)."""
    if np.array_equal(places, np.arange(total)):
        return solve_states(solver, states, dtype=dtype, threads=threads)
    out, logs = np.empty((len(states), len(places)), dtype), np.empty(len(states))
    wanted = frozenset((np.searchsorted(solver.starts, places, side="right") - 1).tolist())
    for begin in range(0, len(states), CHUNK):
        rows = slice(begin, begin + CHUNK)
        values, logs[rows] = solve_states(
            solver, states[rows], wanted=wanted, dtype=dtype, threads=threads
        )
        out[rows] = values[:, places]
    return out, logs


def single_error(solver: Solver, states: States, places: NDArray[np.int64], values: Array) -> float:
    """Return the largest difference from double precision on rows spread over the batch."""
    rows = np.unique(np.linspace(0, len(states) - 1, PROBE).astype(np.int64)) if len(states) else []
    if not len(rows):
        return 0.0
    exact, _ = solve_states(solver, states[rows])
    return float(np.nanmax(np.abs(exact[:, places] - values[rows]), initial=0.0))


def _complain(network: Network, states: States, row: int) -> None:
    names = network.variables
    found = {names[v]: network.states(names[v])[s] for v, s in enumerate(states[row]) if s >= 0}
    raise ImpossibleEvidenceError({"row": row, **found})


def _frame_like(frame: Any, names: list[str], values: Array) -> Any:
    native = nw.from_native(frame, eager_only=True)
    if isinstance(frame, pd.DataFrame):
        return pd.DataFrame(values, index=frame.index, columns=names, copy=False)
    columns = dict(zip(names, values.T, strict=True))
    return nw.from_dict(columns, backend=native.implementation).to_native()
