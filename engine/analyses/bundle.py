"""Many variants of one case through one program: P(e) of each, and marginals on request.

The variants differ in the likelihoods of soft findings, in the states of hard ones, and in which
findings count at all (a silent finding has a gate that gives its state whatever the parents). The
bridge to `bundle_numba`, imported only once the compiled kernels are in use.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.bundle_numba import LANES, bundle_down, bundle_up
from fascinet.engine.analyses.results import Array
from fascinet.engine.analyses.scratch import scratch
from fascinet.engine.analyses.tree import BASE, MESSAGE, SOFT, Index, Tree, tree_of
from fascinet.engine.request import Request, pattern_of

if TYPE_CHECKING:
    from fascinet.engine.engine import Engine

WIDTH = 48


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

    def part(self, start: int, stop: int) -> "Switch":
        """Return the same for some of the variants, the last one again where there is none."""
        which = np.minimum(np.arange(start, stop), self.on.shape[1] - 1)
        states = {v: s[which] for v, s in self.states.items()}
        return Switch(self.base, self.spans, self.on[:, which], states)


def run_bundle(
    engine: "Engine",
    states: Mapping[int, int],
    flat: Mapping[int, Array],
    lanes: Mapping[int, Array],
    switch: Switch | None = None,
    asked: Sequence[int] = (),
    base: Array | None = None,
) -> tuple[Array, dict[int, Array]]:
    """Return ln P of every variant, and P(v, variant) over P(variant) of each asked variable.

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

    Returns
    -------
    log_prob : array, shape (variants,)
        -inf where impossible; NaN where a double's range does not suffice.
    posteriors : dict of int to array, shape (variants, states)
        NaN where impossible.
    """
    net = engine.arrays
    soft = {**flat, **{v: x[0] for v, x in lanes.items()}}
    request = Request(dict(states), soft, frozenset())
    compiled = engine.numba_solver.program(pattern_of(net, request, frozenset()))
    tree = tree_of(net, compiled, asked[0] if len(asked) == 1 else None)
    count = switch.on.shape[1] if switch is not None else len(next(iter(lanes.values())))
    pad = -count % LANES  # the last variant again, so that vectors are full
    lanes = {v: np.concatenate([x, np.repeat(x[-1:], pad, axis=0)]) for v, x in lanes.items()}
    logs = np.empty(count + pad)
    found = {v: np.empty((count + pad, len(soft[v]))) for v in asked}
    for start in range(0, count + pad, WIDTH):
        part = slice(start, min(start + WIDTH, count + pad))
        piece = {v: x[part] for v, x in lanes.items()}
        some = None if switch is None else switch.part(part.start, part.stop)
        one = _Run(tree, net.base if base is None else base, states, flat, piece, some, asked)
        logs[part] = one.up()
        if asked:
            for v, x in one.down(asked).items():
                found[v][part] = x
    return logs[:count], {v: x[:count] for v, x in found.items()}


class _Run:
    """One stretch of variants, at most `WIDTH`."""

    def __init__(
        self,
        tree: Tree,
        base: Array,
        states: Mapping[int, int],
        flat: Mapping[int, Array],
        lanes: Mapping[int, Array],
        switch: Switch | None,
        asked: Sequence[int],
    ) -> None:
        self.tree, self.base, self.off = tree, base, tree.offsets(states)
        self.soft = tree.likelihoods({**flat, **{v: x[0] for v, x in lanes.items()}})
        self.count = len(next(iter(lanes.values()))) if switch is None else switch.on.shape[1]
        self.at = np.full(len(tree.kind), -1, np.int64)
        self.parts: list[Array] = []
        again = len(asked) < 2
        self.message, self.total = (
            (tree.slots, tree.space) if again else (tree.message, tree.sizes[2])
        )
        first = self.total
        self._soften(flat, lanes)
        places = tree.scalar_places(states)
        self.scalars = np.repeat(base[places][:, None], self.count, axis=1)
        if switch is not None:
            self._switch(switch, states)
        self.rows = scratch("rows", self.total, self.count)
        if self.parts:
            self.rows[first:] = np.concatenate(self.parts)
        self.varies, self.mu = np.zeros(len(tree.size), bool), scratch("sent", tree.sizes[2])
        self.flat = (tree.size, tree.rows, tree.parent, self.message, tree.first, tree.kind,
                     tree.source, tree.place, tree.where)  # fmt: skip

    def _add(self, table: Array) -> int:
        """Append rows and return the first."""
        self.parts.append(table)
        self.total += len(table)
        return self.total - len(table)

    def _soften(self, flat: Mapping[int, Array], lanes: Mapping[int, Array]) -> None:
        tree = self.tree
        rows_at = {tree.soft[v]: self._add(x.T) for v, x in lanes.items()}
        plain = {tree.soft[v] for v, x in flat.items() if (x == 1.0).all()}
        for k in np.flatnonzero(tree.kind == SOFT).tolist():
            source = int(tree.source[k])
            self.at[k] = rows_at.get(source, -2 if source in plain else -1)

    def _switch(self, switch: Switch, states: Mapping[int, int]) -> None:
        """Give the operands of findings rows: their gate where they count, else the silent one."""
        tree = self.tree
        moved = np.zeros((len(tree.kind), self.count), np.int64)
        for operand, stride, v in tree.slices:
            if v in switch.states:
                moved[operand] += stride * (switch.states[v] - states[v])
        off = self.off[:, None] + moved
        owner = np.where(tree.kind == BASE, _owners(switch.spans, off[:, 0]), -1)
        which = np.flatnonzero((owner >= 0) | moved.any(axis=1))
        sizes = tree.extent[which]
        first = np.cumsum(sizes) - sizes
        step = np.arange(int(sizes.sum())) - np.repeat(first, sizes)
        self.at[which] = self.total + first
        wide = np.repeat(which, sizes)
        self._add(self._values(switch, owner[wide], off[wide] + step[:, None]))
        others: dict[int, int | Index] = {**states, **switch.states}
        at = [o + sum((k * others[v] for v, k in cut), np.zeros(self.count, np.int64))
              for o, cut in tree.scalars]  # fmt: skip
        if at:
            table = np.array(at)
            self.scalars = self._values(switch, _owners(switch.spans, table[:, 0]), table)

    def _values(self, switch: Switch, owner: Index, at: Index) -> Array:
        """Return rows of the base, or of the silent base where the owner does not count."""
        counts = switch.on[owner] | (owner < 0)[:, None]
        return np.where(counts, self.base[at], switch.base[at])

    def up(self) -> Array:
        """Return ln P of every variant."""
        logs = np.zeros(self.count)
        total = bundle_up(
            self.flat, self.base, self.off, self.soft, self.at, self.rows, self.varies, self.mu,
            logs,
        )  # fmt: skip
        with np.errstate(divide="ignore"):
            return logs + total + np.log(self.scalars).sum(axis=0)

    def down(self, asked: Sequence[int]) -> dict[int, Array]:
        """Return the posteriors of soft variables in every variant."""
        tree = self.tree
        if len(asked) == 1:
            return {asked[0]: normal(self._at_root())}
        out_at, wanted = np.full(len(tree.kind), -1, np.int64), np.zeros(len(tree.kind), np.uint8)
        seats = dict[int, slice]()
        operand = {int(tree.source[k]): k for k in np.flatnonzero(tree.kind == SOFT).tolist()}
        total = 0
        for v in asked:
            k = operand[tree.soft[v]]
            out_at[k], wanted[k] = total, 1
            seats[v] = slice(total, total + int(tree.extent[k]))
            total = seats[v].stop
        mark_messages(tree, wanted)
        out = np.zeros((total, self.count))
        bundle_down(
            self.flat, self.base, self.off, self.soft, self.at, self.rows, self.varies, self.mu,
            wanted, out_at, out,
        )  # fmt: skip
        found: dict[int, Array] = {}
        for v, span in seats.items():
            found[v] = normal(out[span])
        return found

    def _at_root(self) -> Array:
        """Return the table of the last clique, which has one variable: states × variants."""
        tree, out = self.tree, np.ones((int(self.tree.size[-1]), self.count))
        for k in range(int(tree.first[-2]), int(tree.first[-1])):
            source, extent = int(tree.source[k]), int(tree.extent[k])
            if self.at[k] >= 0:
                out *= self.rows[self.at[k] : self.at[k] + extent]
            elif tree.kind[k] == MESSAGE:
                span = slice(int(self.message[source]), int(self.message[source]) + extent)
                out *= self.rows[span] if self.varies[source] else self.mu[span, None]
            elif self.at[k] > -2:
                out *= self.soft[source : source + extent, None]
        return out


def _owners(spans: Sequence[tuple[int, int]], at: Index) -> Index:
    """Return which finding's gate each place lies in, -1 for none."""
    owner = np.full(len(at), -1)
    for f, (start, stop) in enumerate(spans):
        owner[(at >= start) & (at < stop)] = f
    return owner


def normal(joint: Array) -> Array:
    """Return the posteriors, variants × states, from states × variants; NaN where impossible."""
    whole = joint.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0.0, joint / whole, np.nan).T


def mark_messages(tree: Tree, wanted: NDArray[np.uint8]) -> None:
    """Want the message of every clique at or below which something is wanted."""
    below = np.zeros(len(tree.size), bool)
    for c in range(len(tree.size)):
        for k in range(int(tree.first[c]), int(tree.first[c + 1])):
            if tree.kind[k] == MESSAGE:
                wanted[k] = below[tree.source[k]]
            below[c] |= wanted[k] == 1
