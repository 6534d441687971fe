"""The fixed tree of a small network of tables, ready for any evidence."""

# pyright: basic
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import typeof

from fascinet.engine import kernels_numba as kernels
from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.native import NativeProgram, scratch
from fascinet.engine.whole_numba import LANES, run, run_lanes
from fascinet.model.gates import Array

CHUNK = 512  # cases that one thread takes at a time


@dataclass(frozen=True)
class Whole:
    """A tree calibrated without evidence.

    Attributes
    ----------
    prog : int32 array
    prior : array
        The work space after calibration: P(residual | separator) of each clique.
    seats : int64 array, shape (variables, 5)
        Home clique, outer, states, inner, place in the answer.
    owner : int64 array
        Variable of each place in the answer.
    marginals : array
        Prior marginals.
    entry : callable
        `whole_numba.run` as compiled: the types never vary here, so that Numba need not look.
    """

    prog: np.ndarray
    prior: Array
    seats: np.ndarray
    owner: np.ndarray
    marginals: Array
    entry: Callable[..., float]

    def answer(self, codes: list[int]) -> tuple[Array, float]:
        """Return posteriors and ln P(e) for the places of the observed states.

        Minus infinity is an impossible case; NaN means that the careful path must answer.
        """
        out = np.empty(self.owner.size)
        log_prob = self.entry(
            self.prog, self.prior, self.seats, self.owner, np.array(codes, np.int64),
            self.marginals, scratch(self.prior.size), out,
        )  # fmt: skip
        out.setflags(write=False)
        return out, log_prob

    def batch(self, states: np.ndarray, threads: int) -> tuple[Array, Array, np.ndarray]:
        """Return posteriors, ln P(e) and status of many cases, in blocks over threads."""
        cases = len(states)
        out, logs = np.empty((cases, len(self.owner))), np.empty(cases)
        status = np.empty(cases, np.uint8)

        def work(begin: int) -> None:
            end = min(begin + CHUNK, cases)
            run_lanes(
                self.prog, self.prior, self.seats, states, self.marginals, begin, end,
                out, logs, status,
            )  # fmt: skip

        starts = range(0, cases, CHUNK)
        if threads == 1 or cases <= CHUNK:
            for begin in starts:
                work(begin)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(work, starts))
        return out, logs, status


def make_whole(net: NetworkArrays, program: NativeProgram, starts: np.ndarray) -> Whole:
    """Calibrate a program without evidence."""
    prog = program.prog
    prior = np.zeros(int(prog[11]))
    obs = np.zeros(len(net.cards), np.int64)
    kernels.collect(prog, net.base, obs, prior)
    marginals = np.empty(int(starts[-1]))
    kernels.distribute(prog, prior.copy(), marginals, False)
    seats = np.zeros((len(net.cards), 5), np.int64)
    place = {int(s): v for v, s in enumerate(starts[:-1])}
    for c in range(int(prog[0])):
        q = int(prog[1]) + kernels.CLIQUE * c
        for k in range(prog[q + 8], prog[q + 9]):
            r = int(prog[9]) + kernels.MARGINAL * k
            at, outer, card, inner = (int(i) for i in prog[r : r + 4])
            seats[place[at]] = c, outer, card, inner, at
    owner = np.repeat(np.arange(len(net.cards)), np.diff(starts))
    out, none = np.empty(len(owner)), np.zeros(0, np.int64)
    example = (prog, prior, seats, owner, none, marginals, scratch(prior.size), out)
    run(*example)
    entry = run.overloads[tuple([typeof(a) for a in example])].entry_point
    return Whole(prog, prior, seats, owner, marginals, entry)


__all__ = ["LANES", "Whole", "make_whole"]
