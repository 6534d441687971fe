"""Many variants of one case through one program: P(e) of each, and marginals on request.

The variants differ in the likelihoods of soft findings, and in which findings count at all (a
silent finding has a gate that gives its state whatever the parents). The bridge to `bundle_numba`,
imported only once the compiled kernels are in use.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.bundle_numba import LANES, bundle_down, bundle_up
from fascinet.engine.analyses.results import Array
from fascinet.engine.analyses.tree import BASE, MESSAGE, SOFT, Index, Tree, tree_of
from fascinet.engine.request import Request, pattern_of

if TYPE_CHECKING:
    from fascinet.engine.engine import Engine

WIDTH = 128


@dataclass(frozen=True, eq=False)
class Switch:
    """Findings that count in some variants only.

    Attributes
    ----------
    base : array
        The base in which all of them are silent.
    spans : tuple of (start, stop)
        Where each finding's gate lies in the base.
    on : array of bool, shape (findings, variants)
    """

    base: Array
    spans: tuple[tuple[int, int], ...]
    on: NDArray[np.bool_]


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
    compiled = engine.solver.program(pattern_of(net, request, frozenset()))
    tree = tree_of(net, compiled)
    count = switch.on.shape[1] if switch is not None else len(next(iter(lanes.values())))
    pad = -count % LANES  # the last variant again, so that vectors are full
    lanes = {v: np.concatenate([x, np.repeat(x[-1:], pad, axis=0)]) for v, x in lanes.items()}
    if switch is not None:
        switch = replace(switch, on=np.pad(switch.on, ((0, 0), (0, pad)), mode="edge"))
    logs = np.empty(count + pad)
    found = {v: np.empty((count + pad, len(soft[v]))) for v in asked}
    for start in range(0, count + pad, WIDTH):
        part = slice(start, min(start + WIDTH, count + pad))
        piece = {v: x[part] for v, x in lanes.items()}
        on = None if switch is None else switch.on[:, part]
        one = _Run(tree, net.base if base is None else base, states, flat, piece, switch, on)
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
        on: NDArray[np.bool_] | None,
    ) -> None:
        self.tree, self.base, self.off = tree, base, tree.offsets(states)
        self.soft = tree.likelihoods({**flat, **{v: x[0] for v, x in lanes.items()}})
        self.count = len(next(iter(lanes.values()))) if on is None else on.shape[1]
        self.at = np.full(len(tree.kind), -1, np.int64)
        self.parts: list[Array] = []
        self.total = tree.sizes[2]
        self._soften(flat, lanes)
        places = tree.scalar_places(states)
        self.scalars = np.repeat(base[places][:, None], self.count, axis=1)
        if switch is not None and on is not None:
            self._switch(switch, on, places)
        self.rows = np.empty((self.total, self.count))
        if self.parts:
            self.rows[tree.sizes[2] :] = np.concatenate(self.parts)
        self.varies, self.mu = np.zeros(len(tree.size), bool), np.empty(tree.sizes[2])
        self.flat = (tree.size, tree.rows, tree.parent, tree.message, tree.first, tree.kind,
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

    def _switch(self, switch: Switch, on: NDArray[np.bool_], places: Index) -> None:
        """Give the operands of findings rows: their gate where they count, else the silent one.

        Factors of a clique on the same variables become one.
        """
        tree, merged = self.tree, dict[int, Array]()
        owner = np.full(len(tree.kind), -1)
        for f, (start, stop) in enumerate(switch.spans):
            owner[(tree.kind == BASE) & (self.off >= start) & (self.off < stop)] = f
            for i in np.flatnonzero((places >= start) & (places < stop)):
                self.scalars[i] = np.where(on[f], self.base[places[i]], switch.base[places[i]])
        switched = set(tree.alike[owner >= 0].tolist())
        for k in np.flatnonzero((tree.kind == BASE) & np.isin(tree.alike, list(switched))).tolist():
            at = self.off[k] + tree.spots[k]
            rows = self.base[at, None]
            if owner[k] >= 0:
                rows = np.where(on[owner[k]], rows, switch.base[at, None])
            first = int(tree.alike[k])
            merged[first] = merged[first] * rows if first in merged else rows
            self.at[k] = -2
        for k, rows in merged.items():
            table = np.ones((int(tree.extent[k]), self.count))
            table[tree.spots[k]] = rows
            self.at[k] = self._add(table)

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
            whole = out[span].sum(axis=0)
            with np.errstate(invalid="ignore", divide="ignore"):
                found[v] = np.where(whole > 0.0, out[span] / whole, np.nan).T
        return found


def mark_messages(tree: Tree, wanted: NDArray[np.uint8]) -> None:
    """Want the message of every clique at or below which something is wanted."""
    below = np.zeros(len(tree.size), bool)
    for c in range(len(tree.size)):
        for k in range(int(tree.first[c]), int(tree.first[c + 1])):
            if tree.kind[k] == MESSAGE:
                wanted[k] = below[tree.source[k]]
            below[c] |= wanted[k] == 1
