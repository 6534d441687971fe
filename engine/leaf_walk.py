"""The leaf queries of a program, laid out for `leaf_walk_numba.py` and kept with their links."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.leaf_fours_layout import FOUR
from fascinet.engine.leaf_walk_layout import lay_walk
from fascinet.engine.leaf_walk_numba import LINE, bundle_links
from fascinet.engine.native_leaves import Layout, lane_inputs, levels_of
from fascinet.engine.junction import Plan
from fascinet.model.gates import Array

MOST = 1 << 23  # numbers of a buffer beyond which the queries go in two walks
MANY = 256  # queries beyond which they do: what goes with what is found by looking at all pairs


@dataclass(frozen=True)
class LeafWalk:
    """Leaf queries that go up the tree together.

    Attributes
    ----------
    asks : int32 array
        See `leaf_walk_numba.py`.
    links : array
        ∏ P(Z ≤ k | u) of its bundles, by the network that it was laid out for.
    """

    asks: NDArray[np.int32]
    links: Array

    @property
    def room(self) -> int:
        """How long the buffer must be."""
        return int(self.asks[9])


def bundled(asks: NDArray[np.int32], net: NetworkArrays) -> Array:
    """Return the bundles of links by a network's numbers."""
    room = np.empty(int(asks[10]) + LINE)
    first = -room.ctypes.data // 8 % LINE  # a row of a tile is two cache lines
    links = room[first : first + int(asks[10])]
    bundle_links(asks, net.base, links)
    return links


def joined(walks: Sequence[LeafWalk]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the ints of walks one after the other, and where each starts, last the end."""
    starts = np.cumsum([0, *(w.asks.size for w in walks)]).astype(np.int64)
    return np.concatenate([np.zeros(0, np.int32), *(w.asks for w in walks)]), starts


def leaf_walks(
    net: NetworkArrays, plan: Plan, starts: NDArray[np.int64], prog: NDArray[np.int32]
) -> tuple[LeafWalk, ...]:
    """Return the walks of a plan's leaf queries: one, unless there are many, or much to hold."""
    return _walks(net, plan, starts, prog, levels_of(net, plan.factors.queries, FOUR))


def _walks(
    net: NetworkArrays, plan: Plan, starts: NDArray[np.int64], prog: NDArray[np.int32],
    parts: Sequence[Layout],
) -> tuple[LeafWalk, ...]:  # fmt: skip
    if not parts:  # leaves of one state
        return ()
    if len(parts) <= MANY:
        asks = lay_walk(*lane_inputs(net, plan, starts, prog, parts))
        if int(asks[9]) <= MOST or len(parts) == 1:
            return (LeafWalk(asks, bundled(asks, net)),)
    half = len(parts) // 2  # in order: a leaf's last levels, which end it, come last
    lower, upper = (_walks(net, plan, starts, prog, p) for p in (parts[:half], parts[half:]))
    return (*lower, *upper)
