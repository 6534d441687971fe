"""Many cases of one pattern through one program, without returning to Python."""

# pyright: basic
import numpy as np
from numba import njit

from fascinet.engine.kernels_numba import DONE, collect, distribute
from fascinet.engine.leaves_numba import ask_all


@njit(cache=True, nogil=True)
def run_many(prog, asks, base, states, rows, soft, keep, starts, out, logs, status):
    """Answer the cases `rows` of a frame.

    Parameters
    ----------
    states : int array, shape (cases, variables)
        State of each observed variable, -1 for unknown.
    soft : array, shape (cases, likelihoods) or (0, 0)
        Likelihoods at the head of the work space.
    out : array, shape (cases, places) or (0, 0)
        Posteriors; with (0, 0) only ln P(e) is worked out.
    """
    work = np.empty(prog[11])
    entries = np.int64(prog[10])
    pairs = 2 * entries + 2 * (np.int64(prog[11]) - 2 * entries) if keep else np.int64(0)
    buf = np.empty(max(pairs, 1))
    obs = np.zeros(states.shape[1], np.int64)
    for i in rows:
        for v in range(states.shape[1]):
            obs[v] = max(states[i, v], 0)
        for j in range(soft.shape[1]):
            work[j] = soft[i, j]
        status[i], logs[i] = collect(prog, base, obs, work)
        if status[i] == DONE and out.shape[0] > 0:
            row = out[i]
            distribute(prog, work, row, keep)
            if keep:
                ask_all(prog, asks, base, obs, work, buf, row)
            for v in range(states.shape[1]):
                if states[i, v] >= 0:
                    for j in range(starts[v], starts[v + 1]):
                        row[j] = 0.0
                    row[starts[v] + states[i, v]] = 1.0
