"""What a program with leaf queries keeps ready from one case to the next.

All that the observed states alone decide is multiplied once: cases of one pattern mostly differ in
their likelihoods. Others have other observed states too, and get a set of their own.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from threading import Lock
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.ready_layout import lay_constants, lay_lists
from fascinet.model.gates import Array

BOUND = 2**26  # bytes of all that is kept ready, of all programs together


@dataclass(frozen=True)
class Ready:
    """A program for some observed states.

    Attributes
    ----------
    ints : int32 array
        See `ready_layout.py`.
    floats : array
        What no likelihood changes: for each clique the product of its factors; none unless `DONE`.
    status : int
        `DONE`, or why these states have no answer in doubles.
    log_prob : float
        The constants' part of ln P(e).
    """

    ints: NDArray[np.int32]
    floats: Array
    status: int
    log_prob: float

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return self.ints.nbytes + self.floats.nbytes


Key = tuple[int, bytes]
Tree = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


class Shelf:
    """Keeps what is ready until it exceeds `bound` bytes; the least recently used goes first."""

    def __init__(self, bound: int = BOUND) -> None:
        self.bound, self.held = bound, 0
        self._items: OrderedDict[Key, Ready] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Ready | None:
        """Return what is kept under a key, or None."""
        with self._lock:
            found = self._items.get(key)
            if found is not None:
                self._items.move_to_end(key)
            return found

    def put(self, key: Key, ready: Ready) -> None:
        """Keep something, dropping what was not used for longest; the newest always stays."""
        with self._lock:
            if key in self._items:
                return
            self._items[key] = ready
            self.held += ready.size
            while self.held > self.bound and len(self._items) > 1:
                _, old = self._items.popitem(last=False)
                self.held -= old.size

    def __len__(self) -> int:
        return len(self._items)


shelf = Shelf()
_numbers = count()


class Warm:
    """A program's sets, each made for the observed states that its factors read.

    Parameters
    ----------
    net : NetworkArrays
    prog : int32 array
        A flat program with leaf queries, see `flatten.py`.
    tree : tuple of int64 array
        States of all variables; the cliques' scopes as compressed rows.
    """

    def __init__(self, net: NetworkArrays, prog: NDArray[np.int32], tree: Tree) -> None:
        self._net, self._prog, self._tree, self._number = net, prog, tree, next(_numbers)
        self._watched = np.unique(prog[prog[6] + 1 : prog[9] : 2])
        self._last: Callable[[], Ready | None] = lambda: None

    def of(self, obs: NDArray[np.int64]) -> Ready:
        """Return the set for the state of each variable, of which only the observed matter."""
        key = self._number, obs[self._watched].tobytes()
        found = shelf.get(key)
        if found is None:
            last = self._last()
            found = self._lay(
                lay_lists(self._prog, *self._tree) if last is None else last.ints, self._net, obs
            )
            self._last = ref(found)
            shelf.put(key, found)
        return found

    def moved(self, net: NetworkArrays, obs: NDArray[np.int64]) -> Ready:
        """Return the set for other numbers in the same network; it is not kept."""
        return self._lay(self.of(obs).ints, net, obs)

    def _lay(self, ints: NDArray[np.int32], net: NetworkArrays, obs: NDArray[np.int64]) -> Ready:
        base = net.base.view()
        base.setflags(write=False)  # as the networks' own: one compiled kernel serves both
        return Ready(ints, *lay_constants(self._prog, ints, base, obs))
