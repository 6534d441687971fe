"""The base of a network for other parameters: new numbers, the same places.

A program reads its tables from the base by place, so a network with the same gates and other
numbers needs no new plan. Links of one shape are worked together, for many sets of parameters at a
time; the tables are those that `fascinet.engine.tables.arrays` describes.
"""

from dataclasses import dataclass

import numpy as np

from fascinet.engine.tables.arrays import NetworkArrays
from fascinet.engine.tables.factors import Ints
from fascinet.model.gates import Array, NoisyMax, Table, max_convolve


@dataclass(frozen=True)
class _Links:
    """Links of one shape, which are worked in the same way.

    Attributes
    ----------
    shape : tuple of int
        States of the parent and of the variable.
    values, leaks : int arrays, shape (links,)
        Where their parameters start, and those of their leaks.
    places : int array, shape (5, links), or (1, links)
        Where link, first, step, bfirst and bstep start; of a gate with one link its table.
    """

    shape: tuple[int, int]
    values: Ints
    leaks: Ints
    places: Ints


def _at(starts: Ints, size: int) -> Ints:
    """Return all places of stretches of one size."""
    return (starts[:, None] + np.arange(size)).reshape(-1)


class Rebase:
    """Makes bases.

    Parameters
    ----------
    net : NetworkArrays
    """

    def __init__(self, net: NetworkArrays) -> None:
        self._base = net.base
        copied: list[tuple[int, int, int]] = []  # parameter, place, size
        links: dict[tuple[bool, tuple[int, int]], list[tuple[int, ...]]] = {}
        self._small: list[tuple[NoisyMax, int, int]] = []
        self._apart: list[tuple[int, int, int]] = []  # leak's parameter, states, place of [k, b]
        at = 0
        for blocks in net.blocks:
            gate = blocks.gate
            if isinstance(gate, Table):
                copied.append((at, blocks.offset, gate.values.size))
                at += gate.values.size
            elif isinstance(gate, NoisyMax):
                leak = at + sum(x.size for x in gate.links)
                if not blocks.is_max and len(gate.links) != 1:
                    self._small.append((gate, at, blocks.offset))
                if blocks.bleak >= 0:
                    self._apart.append((leak, gate.states, blocks.bleak))
                if blocks.leak >= 0:
                    copied.append((leak, blocks.leak, gate.states))
                for i, x in enumerate(gate.links):
                    card, states = x.shape
                    if blocks.is_max:
                        k = blocks.links[i]
                        places = (k.link, k.first, k.step, k.bfirst, k.bstep)
                        links.setdefault((True, (card, states)), []).append((at, leak, *places))
                    elif len(gate.links) == 1:
                        row = (at, leak, blocks.offset)
                        links.setdefault((False, (card, states)), []).append(row)
                    if blocks.raw:
                        copied.append((at, blocks.raw[i], x.size))
                    at += x.size
                at += gate.states
        self._from = np.concatenate(
            [np.arange(p, p + n) for p, _, n in copied] or [np.zeros(0, int)]
        )
        self._to = np.concatenate([np.arange(b, b + n) for _, b, n in copied] or [np.zeros(0, int)])
        columns = [(shape, np.array(rows).T) for (_, shape), rows in links.items()]
        self._links = [_Links(shape, at[0], at[1], at[2:]) for shape, at in columns]

    def __call__(self, values: Array) -> Array:
        """Return the bases of some sets of parameters, shape (sets, numbers of the base).

        Parameters
        ----------
        values : array, shape (sets, parameters)
            Gate by gate: a table's entries; or a noisy-MAX's links, then its leak.
        """
        out = np.tile(self._base, (len(values), 1))
        out[:, self._to] = values[:, self._from]
        for links in self._links:
            _fill(out, values, links)
        for gate, at, offset in self._small:
            _fill_small(out, values, gate, at, offset)
        for leak, states, at in self._apart:
            given = values[:, leak : leak + states]
            out[:, at : at + 2 * states : 2] = np.cumsum(given, axis=1) - given
            out[:, at + 1 : at + 2 * states : 2] = given
        return out


def _fill(out: Array, values: Array, links: _Links) -> None:
    """Write all tables of links of one shape."""
    card, states = links.shape
    sets, count = len(values), len(links.values)
    link = values[:, _at(links.values, card * states)].reshape(sets, count, card, states)
    leak = values[:, _at(links.leaks, states)].reshape(sets, count, 1, states)
    upto, below = np.cumsum(link, axis=-1), np.cumsum(leak, axis=-1) - leak
    first = below * link + leak * upto

    def write(starts: Ints, table: Array) -> None:
        size = table[0, 0].size
        out[:, _at(starts, size)] = table.reshape(sets, -1)

    if len(links.places) == 1:
        write(links.places[0], first)
        return
    write(links.places[0], link)
    write(links.places[1], first)
    later, same = np.triu(np.ones((states, states)), 1), np.eye(states)
    write(links.places[2], later[:, None] * link[:, :, None] + same[:, None] * upto[:, :, None])
    binary = np.zeros((sets, count, states, 2, card, 2))  # [k, from, u, to]
    binary[:, :, :, 0, :, 1] = link.swapaxes(2, 3)
    binary[:, :, :, 1, :, 1] = upto.swapaxes(2, 3)
    binary[:, :, 1:, 0, :, 0] = upto[..., :-1].swapaxes(2, 3)
    write(links.places[4], binary)
    shares = [x.swapaxes(2, 3)[..., None] for x in (below, leak)]
    write(links.places[3], shares[0] * binary[:, :, :, 0] + shares[1] * binary[:, :, :, 1])


def _fill_small(out: Array, values: Array, gate: NoisyMax, at: int, offset: int) -> None:
    """Write a gate of several links that is worked as a table."""
    for row, given in zip(out, values, strict=True):
        start = at + sum(x.size for x in gate.links)
        table = given[start : start + gate.states]
        start = at
        for x in gate.links:
            link = given[start : start + x.size].reshape(x.shape)
            table = max_convolve(table[..., None, :], link)
            start += x.size
        row[offset : offset + table.size] = table.reshape(-1)
