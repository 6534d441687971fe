"""Derivatives of P(e) and of P(e, h) for many hypotheses by every parameter, in one pass.

The bridge to `joint_numba`: hypotheses are numbered along the tree, so that those below a separator
are consecutive, and the rows by operands are led back to parameters by the Jacobian.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from fascinet.engine.analyses.hypotheses import Hypothesis
from fascinet.engine.analyses.results import Array
from fascinet.engine.analyses.reverse import jacobian
from fascinet.engine.analyses.scratch import scratch
from fascinet.engine.analyses.tree import BASE, MESSAGE, SOFT, Index, Space, Tree, tree_of
from fascinet.engine.compiled import Compiled
from fascinet.engine.request import Request, pattern_of
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.engine import Engine

QUAD = 4  # numbers that the kernels take at once


@dataclass(frozen=True, eq=False)
class Seats:
    """Where the hypotheses sit in a tree.

    Attributes
    ----------
    order : array, shape (H,)
        The hypotheses by seat.
    low, high : arrays, shape (cliques,)
        Seats at or below each clique.
    own : array, shape (operands, 3)
        Of soft operands: first and last seat on that variable, place of their indicators.
    indicators : array
        States × hypotheses of each variable, one after the other, each row in whole quads.
    up_at : array, shape (cliques + 1,)
        Start of each separator's rows after the indicators; the last item is the length of all.
    lam_at : array, shape (cliques,)
        First row of each separator on the way down; rows are used again.
    lam_rows : int
        How many there are.
    grad_at : array, shape (operands,)
        First row of each factor among the derivatives; -1 for others.
    rows : int
        Rows of derivatives.
    wanted : array of uint8, shape (operands,)
    """

    order: Index
    low: Index
    high: Index
    own: Index
    indicators: Array
    up_at: Index
    lam_at: Index
    lam_rows: int
    grad_at: Index
    rows: int
    wanted: Any


@lru_cache(maxsize=8)
def by_place(network: Network, size: int) -> tuple[Index, Index, Array]:
    """Return the Jacobian by places of the base: pointer, parameter, value."""
    table = jacobian(network)
    order = np.argsort(table.base, kind="stable")
    pointer = np.searchsorted(table.base[order], np.arange(size + 1)).astype(np.int64)
    return pointer, table.parameter[order], table.value[order]


def take_seats(tree: Tree, index: Mapping[str, int], hypotheses: Sequence[Hypothesis]) -> Seats:
    """Return the seats of hypotheses, along a walk through the tree from its roots."""
    on: dict[int, list[int]] = {}
    for i, h in enumerate(hypotheses):
        on.setdefault(tree.soft[index[h.variable]], []).append(i)
    count = len(tree.size)
    below: list[list[int]] = [[] for _ in range(count)]
    low, high = np.zeros(count, np.int64), np.zeros(count, np.int64)
    own = np.zeros((len(tree.kind), 3), np.int64)
    order: list[int] = []
    parts: list[Array] = []
    at = 0
    soft: list[list[int]] = [[] for _ in range(count)]
    for c in range(count):
        if tree.parent[c] >= 0:
            below[tree.parent[c]].append(c)
        soft[c] = [
            k for k in range(int(tree.first[c]), int(tree.first[c + 1])) if tree.kind[k] == SOFT
        ]
    stack = [(c, False) for c in range(count) if tree.parent[c] < 0]
    while stack:
        c, done = stack.pop()
        if done:
            high[c] = len(order)
            continue
        low[c] = len(order)
        for k in soft[c]:
            mine = on.get(int(tree.source[k]), [])
            own[k] = len(order), len(order) + len(mine), at
            order += mine
            if mine:
                table = np.array([hypotheses[i].indicator for i in mine]).T
                parts.append(np.pad(table, ((0, 0), (0, -len(mine) % QUAD))).reshape(-1))
                at += parts[-1].size
        stack.append((c, True))
        stack += [(d, False) for d in below[c]]
    grad_at = np.full(len(tree.kind), -1, np.int64)
    base = tree.kind == BASE
    grad_at[base] = np.cumsum(tree.extent[base]) - tree.extent[base]
    wanted = base.astype(np.uint8)
    something = np.zeros(count, bool)
    for c in range(count):
        span = slice(int(tree.first[c]), int(tree.first[c + 1]))
        for k in range(span.start, span.stop):
            if tree.kind[k] == MESSAGE:
                wanted[k] = something[tree.source[k]]
        something[c] = wanted[span].any()
    padded = (high - low + QUAD - 1) // QUAD * QUAD
    ends = at + np.concatenate([[0], np.cumsum(tree.rows * padded)])
    lam_at, lam_rows = share_rows(tree, wanted)
    return Seats(
        np.array(order, np.int64), low, high, own,
        np.concatenate(parts) if parts else np.zeros(0), ends.astype(np.int64), lam_at, lam_rows,
        grad_at, int(tree.extent[base].sum()), wanted,
    )  # fmt: skip


def share_rows(tree: Tree, wanted: Any) -> tuple[Index, int]:
    """Return where the rows of each separator lie on the way down, and how many rows there are.

    A clique's rows are needed from when its parent is at work until it is done itself.
    """
    at, space = np.full(len(tree.size), -1, np.int64), Space()
    for c in range(len(tree.size) - 1, -1, -1):
        span = range(int(tree.first[c]), int(tree.first[c + 1]))
        new = [int(tree.source[k]) for k in span if tree.kind[k] == MESSAGE and wanted[k]]
        for d in [*([c] if tree.parent[c] < 0 else []), *new]:
            at[d] = space.take(int(tree.rows[d]))
        if at[c] >= 0:
            space.give(int(at[c]), int(tree.rows[c]))
    return at, space.length


_seats: WeakKeyDictionary[Compiled, dict[Any, Seats]] = WeakKeyDictionary()


def seats_of(
    compiled: Compiled, tree: Tree, network: Network, rivals: Sequence[Hypothesis]
) -> Seats:
    """Return the seats, kept with the program."""
    kept = _seats.setdefault(compiled, {})
    key = tuple((h.variable, h.indicator) for h in rivals)
    if key not in kept:
        kept[key] = take_seats(tree, network.index, rivals)
    return kept[key]


def joint_slopes(
    engine: "Engine", states: dict[int, int], soft: dict[int, Array], rivals: Sequence[Hypothesis]
) -> tuple[float, Array, Array] | None:
    """Return ln P(e), P(h | e) and the slopes of P(e), P(e, h) by all parameters, over P(e).

    Parameters
    ----------
    engine : Engine
    states : dict of int to int
        Hard findings.
    soft : dict of int to array
        Soft findings, those on the hypotheses' variables among them, flat where nothing is known.
    rivals : sequence of Hypothesis

    Returns
    -------
    log_prob : float
    posterior : array, shape (H,)
    slopes : array, shape (H + 1, P)
        The last row is that of P(e).
    None
        If the numbers leave the range of a double, or the evidence is impossible.
    """
    from fascinet.engine.analyses import joint_numba as kernels

    net, network = engine.arrays, engine.network
    compiled = engine.numba_solver.program(
        pattern_of(net, Request(states, soft, frozenset()), frozenset())
    )
    tree = tree_of(net, compiled)
    seats = seats_of(compiled, tree, network, rivals)
    flat = (tree.size, tree.rows, tree.parent, tree.message, tree.first, tree.kind, tree.source,
            tree.place, tree.where)  # fmt: skip
    off, likely = tree.offsets(states), tree.likelihoods(soft)
    mu, scale = scratch("mu", tree.sizes[2]), np.empty(len(tree.size))
    up = scratch("up", int(seats.up_at[-1]) + QUAD, zero=True)
    up[: len(seats.indicators)] = seats.indicators
    seated = (tree.extent, seats.low, seats.high, seats.own, seats.up_at[:-1])
    table = scratch("table", tree.sizes[0] * (tree.sizes[1] + 1))
    status, total = kernels.upward(flat, net.base, off, likely, *seated, mu, scale, up, table)
    at = tree.scalar_places(states)
    if status != kernels.DONE or not (net.base[at] > 0.0).all():
        return None
    last = len(rivals)
    posterior = np.zeros((last + 2 * QUAD - 1) // QUAD * QUAD)
    posterior[last] = 1.0
    for c in np.flatnonzero(tree.parent < 0):
        posterior[seats.low[c] : seats.high[c]] = up[seats.up_at[c] :][
            : seats.high[c] - seats.low[c]
        ]
    lam = scratch("lam", seats.lam_rows, len(posterior))
    grad = scratch("grad", seats.rows + len(at), len(posterior), zero=True)
    kernels.downward(
        flat, net.base, off, likely, *seated, mu, scale, up, posterior, last, seats.lam_at, lam,
        seats.wanted, seats.grad_at, grad, table,
    )  # fmt: skip
    grad[seats.rows :] = posterior / net.base[at][:, None]
    out = scratch("slopes", jacobian(network).count, len(posterior), zero=True)
    places = np.concatenate([rows_of(tree, off), at])
    kernels.pull(grad, places, *by_place(network, len(net.base)), out)
    back = np.append(np.argsort(seats.order), last)
    log_prob = total + float(np.log(net.base[at]).sum())
    return log_prob, posterior[back[:-1]], np.ascontiguousarray(out.T[back])


def rows_of(tree: Tree, off: Index) -> Index:
    """Return the place in the base of each row of derivatives."""
    base = np.flatnonzero(tree.kind == BASE)
    sizes = tree.extent[base]
    start = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum())) - np.repeat(start, sizes) + np.repeat(off[base], sizes)
