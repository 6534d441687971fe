"""Many variants of one case through one program: P(e) of each, and marginals on request.

The variants differ in the likelihoods of soft findings, in the states of hard ones, and in which
findings count at all: a silent finding has a gate that gives its state whatever the parents, and
its tables lie in a second base behind the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.results import Array
from fascinet.engine.run.loaded import Loaded
from fascinet.engine.tables.request import Request, pattern_of

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Switch:
    """Findings that count in some variants only, or have another state in some.

    Attributes
    ----------
    base : array
        The base in which all of them are silent.
    spans : tuple of (start, stop)
        Where each finding's gate lies in the base.
    on : array of bool, shape (findings, variants)
    states : mapping of int to array of int, shape (variants,)
        Hard findings whose state differs.
    """

    base: Array
    spans: tuple[tuple[int, int], ...]
    on: NDArray[np.bool_]
    states: Mapping[int, Index]


def run_bundle(
    engine: "Engine",
    states: Mapping[int, int],
    flat: Mapping[int, Array],
    lanes: Mapping[int, Array],
    switch: Switch | None = None,
    asked: Sequence[int] = (),
    count: int | None = None,
) -> tuple[Array, dict[int, Array]]:
    """Return ln P of every variant, and P(v | variant) of each asked variable.

    Parameters
    ----------
    engine : Engine
    states : mapping of int to int
        Hard findings, silent ones among them.
    flat : mapping of int to array
        Soft findings that are the same in all variants.
    lanes : mapping of int to array, shape (variants, states)
        Soft findings that differ.
    asked : sequence of int
        Soft variables (of either kind) whose posteriors are wanted.
    count : int, optional
        How many variants there are, where no soft finding or switch tells.

    Returns
    -------
    log_prob : array, shape (variants,)
        -inf where impossible.
    posteriors : dict of int to array, shape (variants, states)
        NaN where impossible.
    """
    net = engine.arrays
    soft = {**flat, **{v: x[0] for v, x in lanes.items()}}
    request = Request(dict(states), soft, frozenset())
    loaded = engine.solver.program(pattern_of(net, request, frozenset()))
    if count is None:
        count = int(switch.on.shape[1]) if switch is not None else len(next(iter(lanes.values())))
    states_once, weights_once = engine.solver.case(request, loaded)
    seen, weights = np.tile(states_once, (count, 1)), np.tile(weights_once, (count, 1))
    for v, rows in lanes.items():
        at = int(loaded.program.weights[v])
        weights[:, at : at + rows.shape[1]] = rows
    if switch is not None:
        for v, column in switch.states.items():
            seen[:, v] = column
    answers = np.full((count, int(net.starts[-1])), np.nan) if asked else None
    if switch is None:
        logs = loaded.run_rows(seen, weights, answers)
    elif engine.solver.core is None:
        logs = _switched(loaded, switch, seen, weights, answers)
    else:
        both = np.concatenate([net.base, switch.base])
        logs = loaded.run_rows(seen, weights, answers, both, _shifts(loaded, switch))
    found = dict[int, Array]()
    if answers is not None:
        answers[np.isneginf(logs)] = np.nan
        found = {v: answers[:, net.starts[v] : net.starts[v + 1]] for v in asked}
    return logs, found


def _shifts(loaded: Loaded, switch: Switch) -> Index:
    """Return how far each operand and scalar lies from its place, a row a variant."""
    program = loaded.program
    at = np.concatenate([program.operands["offset"], program.scalars["offset"]])
    counts = np.ones((switch.on.shape[1], len(at)), bool)
    for (start, stop), on in zip(switch.spans, switch.on, strict=True):
        counts[:, (at >= start) & (at < stop)] = on[:, None]
    return np.where(counts, 0, len(switch.base)).astype(np.int64)


def _switched(
    loaded: Loaded, switch: Switch, seen: Index, weights: Array, answers: Array | None
) -> Array:
    """Return what `run_rows` does in NumPy: a base of its own for each variant."""
    logs = np.full(len(seen), -np.inf)
    for i in range(len(seen)):
        base = loaded.net.base.copy()
        for (start, stop), on in zip(switch.spans, switch.on[:, i], strict=True):
            if not on:
                base[start:stop] = switch.base[start:stop]
        net = replace(loaded.net, base=base)
        logs[i], _ = loaded.run(seen[i], weights[i], None if answers is None else answers[i], net)
    return logs
