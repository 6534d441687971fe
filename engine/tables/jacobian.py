"""How the base depends on the parameters of all gates: a sparse matrix, link by link.

A table's entries are parameters themselves. Of a noisy-MAX every table in the base is linear in one
link and linear in the leak (see `tables.arrays`), and links of one shape share a pattern.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fascinet.engine.tables.arrays import NetworkArrays, bstep_table, step_table
from fascinet.engine.tables.factors import Ints
from fascinet.model.gates import Array, NoisyMax, Table


@dataclass(frozen=True, eq=False)
class Jacobian:
    """d base / d parameters, by places of the base.

    Attributes
    ----------
    start, parameter : int arrays
        Place i depends on parameters parameter[start[i]] ... parameter[start[i + 1]].
    value : array
        d base[i] / d parameter, for each of them.
    count : int
        Number of parameters.
    """

    start: Ints
    parameter: Ints
    value: Array
    count: int

    def pull(self, slopes: Array) -> Array:
        """Return the slopes by parameters from those by the base."""
        terms = np.repeat(slopes, np.diff(self.start)) * self.value
        return np.bincount(self.parameter, terms, self.count).astype(np.float64, copy=False)


def differences(jacobian: Jacobian, one: Ints, other: Ints) -> Jacobian:
    """Return the Jacobian by which slopes come as g[one] − g[other], column by column.

    Parameters
    ----------
    one, other : int arrays
        Parameters; equal ones make a column of zeros.
    """
    columns = np.flatnonzero(one != other)
    parameter = np.concatenate([one[columns], other[columns]])
    order = np.argsort(parameter, kind="stable")
    sign = np.repeat([1.0, -1.0], len(columns))[order]
    column = np.tile(columns, 2)[order]
    ends = np.searchsorted(parameter[order], np.arange(jacobian.count + 1))
    times = np.diff(ends)[jacobian.parameter]  # in how many columns each entry stands
    after = np.cumsum(times)
    entry = np.repeat(np.arange(len(times)), times)
    at = ends[:-1][jacobian.parameter][entry] + np.arange(len(entry)) - (after - times)[entry]
    start = np.concatenate([[0], after])[jacobian.start]
    return Jacobian(
        start.astype(np.int64), column[at], jacobian.value[entry] * sign[at], len(one)
    )  # fmt: skip


@dataclass
class _Link:
    """A link, where its parameters and those of its leak start, and where its tables do."""

    parameter: int
    leak: int
    places: tuple[int, ...]  # link, first, step, bfirst, bstep; or of a gate with one link, a table
    values: Array
    leak_values: Array


class _Entries:
    """Collects entries of the matrix."""

    def __init__(self) -> None:
        self.parameter: list[Ints] = []
        self.place: list[Ints] = []
        self.value: list[Array] = []

    def add(self, parameter: Ints, place: Ints, values: Array) -> None:
        """Note tables that depend on parameters.

        Parameters
        ----------
        parameter, place : int arrays, shape (n,)
            Where the parameters and the tables start.
        values : array, shape (n or 1, parameters, entries of the table)
        """
        row, column = np.nonzero((values != 0.0).any(axis=0))
        shape = (len(parameter), len(row))
        self.parameter.append((parameter[:, None] + row).reshape(-1))
        self.place.append((place[:, None] + column).reshape(-1))
        self.value.append(np.broadcast_to(values[:, row, column], shape).reshape(-1))

    def by_place(self, size: int, count: int) -> Jacobian:
        """Return all that was noted, for a base of so many numbers."""
        none = [np.zeros(0, np.int64)]
        parameter = np.concatenate(self.parameter or none)
        place = np.concatenate(self.place or none)
        value = np.concatenate(self.value or [np.zeros(0)])
        order = np.lexsort((parameter, place))
        start = np.searchsorted(place[order], np.arange(size + 1)).astype(np.int64)
        return Jacobian(start, parameter[order], value[order], count)


def jacobian(net: NetworkArrays) -> Jacobian:
    """Return the derivative of every number of the base by every parameter.

    Parameters stand gate by gate: a table's entries; or a noisy-MAX's links, then its leak.
    """
    entries, at = _Entries(), 0
    links: dict[tuple[int, ...], list[_Link]] = {}
    single: dict[tuple[int, ...], list[_Link]] = {}
    for blocks in net.blocks:
        gate = blocks.gate
        if isinstance(gate, Table):
            size = gate.values.size
            entries.add(np.array([at]), np.array([blocks.offset]), np.eye(size)[None])
            at += size
        elif isinstance(gate, NoisyMax):
            leak = at + sum(x.size for x in gate.links)
            if blocks.is_max:
                unit = np.eye(gate.states)[None]
                entries.add(np.array([leak]), np.array([blocks.offset]), unit)
                if blocks.bleak >= 0:
                    pairs = np.stack([np.triu(unit[0] * 0.0 + 1.0, 1), unit[0]], axis=2)
                    pairs = pairs.reshape(1, gate.states, -1)
                    entries.add(np.array([leak]), np.array([blocks.bleak]), pairs)
            elif len(gate.links) != 1:
                _add_table(entries, at, gate, blocks.offset)
            for i, x in enumerate(gate.links):
                if blocks.is_max:
                    k = blocks.links[i]
                    places = (k.link, k.first, k.step, k.bfirst, k.bstep)
                    links.setdefault(x.shape, []).append(_Link(at, leak, places, x, gate.leak))
                elif len(gate.links) == 1:
                    mine = _Link(at, leak, (blocks.offset,), x, gate.leak)
                    single.setdefault(x.shape, []).append(mine)
                at += x.size
            at += gate.states
    for rows in links.values():
        _add_links(entries, rows)
    for rows in single.values():
        _add_first(entries, rows, 0)
    return entries.by_place(net.base.size, at)


def _stacked(rows: list[_Link]) -> tuple[Ints, Ints, Ints, Array, Array]:
    """Return parameters, leaks' parameters, places, values and leaks' values of some links."""
    return (
        np.array([x.parameter for x in rows]),
        np.array([x.leak for x in rows]),
        np.array([x.places for x in rows]).T,
        np.stack([x.values for x in rows]),
        np.stack([x.leak_values for x in rows]),
    )


def _add_first(entries: _Entries, rows: list[_Link], at: int) -> None:
    """Note the tables [u, y] of a step taken from the leak."""
    parameter, leak, places, values, leaks = _stacked(rows)
    count, shape = len(rows), values.shape[1:]
    size = shape[0] * shape[1]
    moves = np.array([step_table(x) for x in np.eye(size).reshape(size, *shape)])
    by_link = np.einsum("nj,pjuy->npuy", leaks, moves)
    by_leak = np.einsum("np,pjuy->njuy", values.reshape(count, size), moves)
    entries.add(parameter, places[at], by_link.reshape(count, size, -1))
    entries.add(leak, places[at], by_leak.reshape(count, shape[1], -1))


def _add_links(entries: _Entries, rows: list[_Link]) -> None:
    """Note all tables of links of one shape."""
    parameter, leak, places, values, leaks = _stacked(rows)
    count, (card, states) = len(rows), values.shape[1:]
    size = card * states
    units = np.eye(size).reshape(size, card, states)
    moves = np.array([step_table(x) for x in units])
    binary = np.array([bstep_table(x) for x in units])  # [parameter, k, from, u, to]
    entries.add(parameter, places[0], units.reshape(1, size, -1))
    _add_first(entries, rows, 1)
    entries.add(parameter, places[2], moves.reshape(1, size, -1))
    entries.add(parameter, places[4], binary.reshape(1, size, -1))
    below = np.cumsum(leaks, axis=1) - leaks
    by_link = np.einsum("nk,pkub->npkub", below, binary[:, :, 0])
    by_link += np.einsum("nk,pkub->npkub", leaks, binary[:, :, 1])
    entries.add(parameter, places[3], by_link.reshape(count, size, -1))
    own = np.einsum("np,pkfub->nkfub", values.reshape(count, size), binary)
    lower, here = np.triu(np.ones((states, states)), 1), np.eye(states)
    by_leak = np.einsum("jk,nkub->njkub", lower, own[:, :, 0])
    by_leak += np.einsum("jk,nkub->njkub", here, own[:, :, 1])
    entries.add(leak, places[3], by_leak.reshape(count, states, -1))


def _add_table(entries: _Entries, at: int, gate: NoisyMax, offset: int) -> None:
    """Note a gate of several links worked as a table, which is linear in each row of each.

    A link's row acts where its parent is in that state; there the table's derivative by the row's
    entry j is the table of a gate whose row is sure of j.
    """
    arrays = (*gate.links, gate.leak)
    for i, array in enumerate(arrays):
        flat = array.reshape(-1, gate.states)
        for row in range(len(flat)):
            here: list[Any] = [slice(None)] * (len(gate.links) + 1)
            if i < len(gate.links):
                here[i] = row
            moves = np.zeros((gate.states, *gate.cards, gate.states))
            for j in range(gate.states):
                moved = flat.copy()
                moved[row] = np.eye(gate.states)[j]
                parts = [*arrays]
                parts[i] = moved.reshape(array.shape)
                table = NoisyMax(tuple(parts[:-1]), parts[-1]).to_table()
                moves[j][tuple(here)] = table[tuple(here)]
            start = np.array([at + row * gate.states])
            entries.add(start, np.array([offset]), moves.reshape(1, gate.states, -1))
        at += array.size
