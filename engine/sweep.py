"""Elimination orders that sweep: all accumulators of a gate stay in one place.

On a tree, two accumulators of a gate that come from two branches must be merged, and a merge over
many gates at once is dear: with F gates, 4^F entries. A sweep never merges: whenever a parent of a
gate is eliminated, all that holds the gate's accumulator comes along, so each gate is one chain.
The cliques of a sweep have the gates open at that point and the variables alive, as in a path
decomposition (Kinnersley 1992, "The vertex separation number of a graph equals its path-width").
With many positive findings at once a good sweep is smaller than the tree by orders of magnitude;
with few, the tree is.

The order is found by local search: units (a variable, with those that hang on it alone) are moved
about so that Σ (clique size)^power falls, with power < 1 so that not the widest clique alone
counts. The seed is fixed: the same evidence set gives the same program.
"""

from dataclasses import dataclass
from math import log2

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.decompose import Opened, Pattern

POWER, ROUNDS, HEAT, SEED = 0.5, 5000, 0.05, 1
LONG = 22.0  # log2 of the work from which a longer search pays
MOST_GATES = 64


@dataclass(frozen=True)
class Board:
    """The search's ints: variables numbered 0 … n−1, gates 0 … m−1, sets as words of 64 bits.

    Attributes
    ----------
    names : tuple of int
        The network's number of each variable.
    units : tuple of tuples of int
        Variables that are eliminated one right after the other, in the starting order.
    scopes : array, shape (factors, words)
    kids : array, shape (n,)
        The gates that each variable is a parent of.
    parents : array, shape (m,)
        How many parents each gate has left.
    becomes : array, shape (m,)
        The variable that a gate's last accumulator is, −1 if it is observed.
    weights, gate_weights : arrays
        log2 of the states of variables and of accumulators.
    """

    names: tuple[int, ...]
    units: tuple[tuple[int, ...], ...]
    scopes: NDArray[np.uint64]
    kids: NDArray[np.uint64]
    parents: NDArray[np.int64]
    becomes: NDArray[np.int64]
    weights: NDArray[np.float64]
    gate_weights: NDArray[np.float64]


def lay_board(net: NetworkArrays, pattern: Pattern, opened: Opened) -> Board:
    """Return the board of an opened network."""
    scopes = [f.scope for f in opened.out.factors if f.scope]
    free = {g: [u for u in net.parents[g] if u not in pattern.observed] for g in opened.gates}
    alive = {v for s in scopes for v in s} | {u for us in free.values() for u in us}
    alive |= {g for g in opened.gates if g not in pattern.observed}
    names = tuple(sorted(alive))
    place = {v: i for i, v in enumerate(names)}
    kids = np.zeros(len(names), np.uint64)
    for j, g in enumerate(opened.gates):
        for u in free[g]:
            kids[place[u]] |= np.uint64(1 << j)
    log_cards = [log2(net.cards[v]) for v in names]
    pad = -len(names) % 64
    return Board(
        names,
        _units(scopes, place, {place[g] for g in opened.gates if g in place}, _depths(net, names)),
        _words(scopes, place, (len(names) + pad) // 64),
        kids,
        np.array([len(free[g]) for g in opened.gates], np.int64),
        np.array([place.get(g, -1) for g in opened.gates], np.int64),
        np.array(log_cards + [0.0] * pad),
        np.array([1.0 if g in pattern.observed else log2(net.cards[g]) for g in opened.gates]),
    )


def _words(scopes: list[tuple[int, ...]], place: dict[int, int], words: int) -> NDArray[np.uint64]:
    out = np.zeros((len(scopes), words), np.uint64)
    for row, scope in zip(out, scopes, strict=True):
        for v in scope:
            row[place[v] // 64] |= np.uint64(1 << place[v] % 64)
    return out


def _depths(net: NetworkArrays, names: tuple[int, ...]) -> list[int]:
    """Return the longest way from a root to each variable."""
    depth = [0] * len(net.cards)
    waiting = [len(us) for us in net.parents]
    ready = [v for v, count in enumerate(waiting) if not count]
    for v in ready:  # grows as it goes; no recursion, since a chain may be thousands long
        for child in net.children[v]:
            depth[child] = max(depth[child], depth[v] + 1)
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    return [depth[v] for v in names]


def _units(
    scopes: list[tuple[int, ...]], place: dict[int, int], gates: set[int], depths: list[int]
) -> tuple[tuple[int, ...], ...]:
    """Return units, roots first: a variable that hangs on one other goes right before it."""
    near: list[set[int]] = [set() for _ in place]
    for scope in scopes:
        for v in scope:
            near[place[v]] |= {place[u] for u in scope if u != v}
    hangs = {v: next(iter(n)) for v, n in enumerate(near) if len(n) == 1 and v not in gates}
    hangs = {v: on for v, on in hangs.items() if on not in hangs}
    members: dict[int, list[int]] = {v: [] for v in range(len(near)) if v not in hangs}
    for v, on in hangs.items():
        members[on].append(v)
    heads = sorted(members, key=lambda v: (depths[v], v))
    return tuple((*members[v], v) for v in heads)


def sweep_order(net: NetworkArrays, pattern: Pattern, opened: Opened) -> tuple[int, ...] | None:
    """Return a good order for a sweep, or None where there are too many gates for it."""
    if len(opened.gates) > MOST_GATES:
        return None
    board = lay_board(net, pattern, opened)
    best, work = _search(board, ROUNDS, SEED)
    if work > LONG:
        best, work = min((best, work), _search(board, 4 * ROUNDS, SEED + 1), key=lambda t: t[1])
    return tuple(board.names[v] for v in best)


def _search(board: Board, rounds: int, seed: int) -> tuple[NDArray[np.int64], float]:
    """Return the best order found, and log2 of its work."""
    from fascinet.engine.sweep_numba import climb

    starts = np.cumsum([0, *(len(u) for u in board.units)]).astype(np.int64)
    members = np.array([v for u in board.units for v in u], np.int64)
    odd = np.flatnonzero(board.weights[: len(board.names)] != 1.0)
    return climb(
        starts, members, board.scopes, board.kids, board.parents, board.becomes, odd,
        board.weights, board.gate_weights, POWER, rounds, HEAT, seed,
    )  # fmt: skip
