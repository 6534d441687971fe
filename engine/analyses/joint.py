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
from fascinet.engine.analyses.tree import BASE, MESSAGE, SOFT, Index, Tree, tree_of
from fascinet.engine.compiled import Compiled
from fascinet.engine.request import Request, pattern_of
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.engine import Engine


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
        States × hypotheses of each variable, one after the other.
    up_at : array, shape (cliques,)
        Start of each separator's rows; the last item, of shape (cliques + 1,), is their length.
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
            table = np.array([hypotheses[i].indicator for i in mine]).T.reshape(-1)
            order += mine
            parts.append(table)
            at += table.size
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
    ends = np.concatenate([[0], np.cumsum(tree.rows * (high - low))])
    return Seats(
        np.array(order, np.int64), low, high, own,
        np.concatenate(parts) if parts else np.zeros(1), ends.astype(np.int64), grad_at,
        int(tree.extent[base].sum()), wanted,
    )  # fmt: skip


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
    compiled = engine.solver.program(
        pattern_of(net, Request(states, soft, frozenset()), frozenset())
    )
    tree = tree_of(net, compiled)
    seats = seats_of(compiled, tree, network, rivals)
    flat = (tree.size, tree.rows, tree.parent, tree.message, tree.first, tree.kind, tree.source,
            tree.place, tree.where)  # fmt: skip
    off, likely = tree.offsets(states), tree.likelihoods(soft)
    mu, scale = np.empty(tree.sizes[2]), np.empty(len(tree.size))
    up = np.zeros(int(seats.up_at[-1]) + 1)
    seated = (tree.extent, seats.low, seats.high, seats.own, seats.up_at[:-1], seats.indicators)
    status, total = kernels.upward(flat, net.base, off, likely, *seated, mu, scale, up)
    at = tree.scalar_places(states)
    if status != kernels.DONE or not (net.base[at] > 0.0).all():
        return None
    width = len(rivals) + 1
    posterior = np.ones(width)
    for c in np.flatnonzero(tree.parent < 0):
        posterior[seats.low[c] : seats.high[c]] = up[seats.up_at[c] : seats.up_at[c + 1]]
    lam = np.zeros((tree.sizes[2], width))
    grad = np.zeros((seats.rows + len(at), width))
    kernels.downward(
        flat, net.base, off, likely, *seated, mu, scale, up, posterior, lam, seats.wanted,
        seats.grad_at, grad, tree.sizes[1],
    )  # fmt: skip
    grad[seats.rows :] = posterior / net.base[at][:, None]
    out = np.zeros((jacobian(network).count, width))
    places = np.concatenate([rows_of(tree, off), at])
    kernels.pull(grad, places, *by_place(network, len(net.base)), out)
    back = np.append(np.argsort(seats.order), width - 1)
    return total + float(np.log(net.base[at]).sum()), posterior[back[:-1]], out.T[back]


def rows_of(tree: Tree, off: Index) -> Index:
    """Return the place in the base of each row of derivatives."""
    base = np.flatnonzero(tree.kind == BASE)
    sizes = tree.extent[base]
    start = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum())) - np.repeat(start, sizes) + np.repeat(off[base], sizes)
