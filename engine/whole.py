"""The fixed tree of a small network of tables, ready for any evidence."""

# pyright: basic
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import typeof

from fascinet.engine import kernels_numba as kernels
from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.lanes_layout import enumerate_kid
from fascinet.engine.native import NativeProgram, scratch
from fascinet.engine.whole_numba import CLIQUE, HEAD, SEAT, run
from fascinet.model.gates import Array


@dataclass(frozen=True)
class Whole:
    """A tree calibrated without evidence.

    Attributes
    ----------
    ints : int32 array
        See `whole_numba.py`.
    floats : array
        The work space after calibration, P(residual | separator), then the prior marginals.
    places, room : int
        Length of an answer, and of the work space.
    entry : callable
        `whole_numba.run` as compiled: the types never vary here, so that Numba need not look.
    """

    ints: np.ndarray
    floats: Array
    places: int
    room: int
    entry: Callable[..., float]

    def answer(self, codes: list[int]) -> tuple[Array, float]:
        """Return posteriors and ln P(e) for the places of the observed states.

        Minus infinity is an impossible case; NaN means that the careful path must answer.
        """
        out = np.empty(self.places)
        log_prob = self.entry(
            self.ints, self.floats, np.array(codes, np.int64), scratch(self.room), out
        )
        out.setflags(write=False)
        return out, log_prob


def make_whole(net: NetworkArrays, program: NativeProgram, starts: np.ndarray) -> Whole:
    """Calibrate a program without evidence."""
    prog = program.prog
    prior = np.zeros(int(prog[11]))
    kernels.collect(prog, net.base, np.zeros(len(net.cards), np.int64), prior)
    marginals = np.empty(int(starts[-1]))
    kernels.distribute(prog, prior.copy(), marginals, False)
    marginals[net.certain] = 1.0
    ints = lay_whole(prog, starts)
    floats = np.concatenate([prior, marginals])
    room = prior.size + int(ints[5])
    example = (ints, floats, np.zeros(0, np.int64), scratch(room), marginals.copy())
    run(*example)
    entry = run.overloads[tuple([typeof(a) for a in example])].entry_point
    return Whole(ints, floats, marginals.size, room, entry)


def lay_whole(prog: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the ints of a flat program's tree."""
    count = int(prog[0])
    old = prog[int(prog[1]) :][: kernels.CLIQUE * count].reshape(count, kernels.CLIQUE)
    marks = prog[int(prog[9]) :][: kernels.MARGINAL * int(old[-1, 9] if count else 0)]
    marks = marks.reshape(-1, kernels.MARGINAL)
    home = np.repeat(np.arange(count), old[:, 9] - old[:, 8])
    seats = np.zeros((len(starts) - 1, SEAT), np.int64)
    seats[np.searchsorted(starts, marks[:, 0])] = np.column_stack([marks, home])
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    p_mark = HEAD + CLIQUE * count
    p_seat = p_mark + SEAT * len(marks)
    p_owner = p_seat + seats.size
    at = p_owner + len(owner)
    cliques = np.zeros((count, CLIQUE), np.int64)
    cliques[:, :4], cliques[:, 4], cliques[:, 6:8] = old[:, [3, 1, 2, 4]], old[:, 5], old[:, 8:10]
    maps = [(c, *meetings(prog, old, c)) for c in np.flatnonzero(old[:, 5] >= 0).tolist()]
    for c, places, width in maps:
        cliques[c, [5, 8, 9]] = at, width, len(places)
        at += len(places)
    head = [count, HEAD, p_mark, p_seat, p_owner, old[:, 1].max(initial=1), prog[11], prog[11]]
    parts = (head, cliques.ravel(), np.column_stack([marks, home]).ravel(), seats.ravel(), owner)
    return np.concatenate([*parts, *(places for _, places, _ in maps)]).astype(np.int32)


def meetings(prog: np.ndarray, old: np.ndarray, c: int) -> tuple[np.ndarray, int]:
    """Return which row of a clique's message each run of its parent's entries meets."""
    size = int(old[old[c, 5], 0])
    places = np.empty(size, np.int32)
    enumerate_kid(prog, int(old[c, 10]), int(old[c, 4]), places, 0)
    width = int(np.gcd.reduce(np.flatnonzero(np.diff(places)) + 1, initial=size))
    return places[::width], width
