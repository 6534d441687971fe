"""All parameters of a network as flat arrays, with the names on the side.

The layout: variables in network order; a table row by row; a noisy-MAX link by link (each row of a
link is one parent state), then its leak. A row is one distribution. Functions have no parameters.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.results import Array, frozen
from fascinet.model.errors import NetworkError, OptionError
from fascinet.model.gates import Function, Gate, NoisyMax, Table
from fascinet.model.network import Network

Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Parameters:
    """The parameters of one network.

    Attributes
    ----------
    network : Network
    values : array, shape (P,)
        Every parameter θ.
    starts, widths : arrays, shape (R,)
        Row r is `values[starts[r] : starts[r] + widths[r]]` and sums to one.
    row : array, shape (P,)
        The row of each parameter.
    owner : array, shape (R,)
        Index of the variable of each row.
    structural : array of bool, shape (R,)
        Rows that define the gate and are no figures: what a resting parent contributes.
    """

    network: Network
    values: Array
    starts: Index
    widths: Index
    owner: Index
    structural: NDArray[np.bool_]
    row: Index = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "row", np.repeat(np.arange(len(self.starts)), self.widths))

    @cached_property
    def free(self) -> Index:
        """Indices of the parameters that are figures, not part of a gate's definition."""
        wide = self.widths > 1
        return np.flatnonzero((~self.structural & wide)[self.row])

    @cached_property
    def labels(self) -> list[tuple[str, str, dict[str, str]]]:
        """(variable, state, parents) of every parameter; a link names only its own parent."""
        return list(_labels(self.network))

    def named(self, index: Iterable[int]) -> dict[str, Any]:
        """Return the columns variable, state, parents and value of some parameters, in order."""
        places = [int(i) for i in index]
        labels = [self.labels[i] for i in places]
        return {
            "variable": [variable for variable, _, _ in labels],
            "state": [state for _, state, _ in labels],
            "parents": [parents for _, _, parents in labels],
            "value": self.values[places],
        }

    def find(self, variable: str, state: str, parents: Mapping[str, str] | None = None) -> int:
        """Return the index of P(variable = state | parents).

        Raises
        ------
        UnknownVariableError, UnknownStateError
            For names that the network does not have.
        OptionError
            If the gate has no such parameter; the message lists those it has.
        """
        self.network.state_index(variable, state)
        wanted = (variable, state, dict(parents or {}))
        for i, label in enumerate(self.labels):
            if label == wanted:
                return i
        has = sorted({str(p) for v, _, p in self.labels if v == variable})
        raise OptionError(f"parameter of {variable!r}, parents", str(dict(parents or {})), has)

    def place(self, index: int) -> tuple[slice, int]:
        """Return the slice of the parameter's row, and its place in it."""
        row = int(self.row[index])
        start = int(self.starts[row])
        return slice(start, start + int(self.widths[row])), index - start

    def flatten(self, arrays: Mapping[str, tuple[Array, ...]]) -> Array:
        """Return per-gate arrays, shaped like each gate's parameters, as one flat array."""
        parts = [a.reshape(-1) for v in self.network.variables for a in arrays[v]]
        return np.concatenate(parts) if parts else np.zeros(0)

    def rebuild(self, values: Array) -> Network:
        """Return the network with other parameter values (each row must sum to one)."""
        gates: dict[str, Gate] = {}
        at = 0
        for v in self.network.variables:
            gate = self.network.gate(v)
            parts: list[Array] = []
            for old in gate_figures(gate):
                parts.append(values[at : at + old.size].reshape(old.shape))
                at += old.size
            gates[v] = gate_from(gate, parts)
        return self.network.replace(gates=gates)


def gate_figures(gate: Gate) -> tuple[Array, ...]:
    """Return the arrays of parameters of a gate: a table's values, or links and leak."""
    if isinstance(gate, Table):
        return (gate.values,)
    return (*gate.links, gate.leak) if isinstance(gate, NoisyMax) else ()


def gate_from(gate: Gate, parts: list[Array]) -> Gate:
    """Return a gate of the same kind with other parameters."""
    if isinstance(gate, Table):
        return Table(parts[0])
    return NoisyMax(tuple(parts[:-1]), parts[-1]) if isinstance(gate, NoisyMax) else gate


@lru_cache(maxsize=8)
def parameters_of(network: Network) -> Parameters:
    """Return the parameters of `network` (kept, since networks do not change)."""
    values: list[Array] = []
    widths: list[int] = []
    owner: list[int] = []
    structural: list[bool] = []
    for i, v in enumerate(network.variables):
        for array, resting in _blocks(network.gate(v)):
            rows = array.reshape(-1, array.shape[-1])
            values.append(array.reshape(-1))
            widths += [rows.shape[1]] * len(rows)
            owner += [i] * len(rows)
            structural += [resting and j == 0 for j in range(len(rows))]
    if not values:
        raise NetworkError("the network has no parameters")
    sizes = np.array(widths)
    starts = np.cumsum(sizes) - sizes
    flat = frozen(np.concatenate(values))
    return Parameters(network, flat, starts, sizes, np.array(owner), np.array(structural))


def _blocks(gate: Gate) -> Iterator[tuple[Array, bool]]:
    """Yield each array of parameters, and whether its first row is a resting one."""
    if isinstance(gate, Table):
        yield gate.values, False
    elif isinstance(gate, NoisyMax):
        for link in gate.links:
            yield link, bool(link[0, 0] == 1.0)
        yield gate.leak, False


def _labels(network: Network) -> Iterator[tuple[str, str, dict[str, str]]]:
    for v in network.variables:
        gate, states, parents = network.gate(v), network.states(v), network.parents(v)
        if isinstance(gate, Function):
            continue
        for given in _conditions(network, gate, parents):
            for state in states:
                yield v, state, given


def _conditions(network: Network, gate: Gate, parents: tuple[str, ...]) -> Iterator[dict[str, str]]:
    if isinstance(gate, Table):
        for config in product(*(network.states(u) for u in parents)):
            yield dict(zip(parents, config, strict=True))
        return
    for u in parents:
        for state in network.states(u):
            yield {u: state}
    yield {}
