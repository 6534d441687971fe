"""DataFrames in and out: pandas, polars and Arrow by way of narwhals."""

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from fascinet.engine.batch import States, solve_states
from fascinet.engine.posterior import Layout
from fascinet.engine.solver import Solver
from fascinet.model.errors import ImpossibleEvidenceError, OptionError, UnknownStateError
from fascinet.model.gates import Array
from fascinet.model.network import Network

CHUNK = 65_536  # rows worked at a time: what bounds the memory beside the result


def encode(network: Network, frame: Any) -> States:
    """Return the state of each variable, shape (rows, variables), -1 where the cell is missing.

    Raises
    ------
    UnknownVariableError, UnknownStateError
    """
    table = nw.from_native(frame, eager_only=True)
    states = np.full((len(table), len(network.variables)), -1, np.int16)
    for name in table.columns:
        network.check(name)
        codes, uniques = pd.factorize(table[name].to_numpy())
        known = [*(_state(network, name, u) for u in uniques), -1]
        states[:, network.index[name]] = np.array(known, np.int16)[codes]
    return states


def _state(network: Network, variable: str, value: object) -> int:
    if not isinstance(value, str):
        raise UnknownStateError(variable, value, network.states(variable))
    return network.state_index(variable, value)


def posterior_frame(
    solver: Solver,
    network: Network,
    layout: Layout,
    frame: Any,
    targets: tuple[str, ...],
    impossible: str,
) -> Any:
    """Return a frame of the same kind with a column "variable=state" for each target's state."""
    if impossible not in ("raise", "nan"):
        raise OptionError("value of impossible", impossible, ("raise", "nan"))
    states = encode(network, frame)
    places = np.concatenate(
        [np.arange(layout.slices[t].start, layout.slices[t].stop) for t in targets]
        or [np.zeros(0, np.int64)]
    )
    out = np.empty((len(places), len(states)))
    for begin in range(0, len(states), CHUNK):
        part = states[begin : begin + CHUNK]
        values, logs = solve_states(solver, part)
        if impossible == "raise" and np.isneginf(logs).any():
            _complain(network, states, begin + int(np.argmax(np.isneginf(logs))))
        out[:, begin : begin + CHUNK] = values[:, places].T
    names = [f"{t}={s}" for t in targets for s in layout.states[t]]
    return _frame_like(frame, dict(zip(names, out, strict=True)))


def _complain(network: Network, states: States, row: int) -> None:
    names = network.variables
    found = {names[v]: network.states(names[v])[s] for v, s in enumerate(states[row]) if s >= 0}
    raise ImpossibleEvidenceError({"row": row, **found})


def _frame_like(frame: Any, columns: Mapping[str, Array]) -> Any:
    native = nw.from_native(frame, eager_only=True)
    if isinstance(frame, pd.DataFrame):
        return pd.DataFrame(dict(columns), index=frame.index)
    return nw.from_dict(dict(columns), backend=native.implementation).to_native()
