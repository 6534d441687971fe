"""Many cases of one pattern through one program, without returning to Python."""

# pyright: basic
import numpy as np

from fascinet.engine.kernel_cache import njit
from fascinet.engine.kernels_numba import DONE, UNSAFE, collect, distribute
from fascinet.engine.leaf_walk_numba import ask_walk, bundle_links


@njit(cache=True, nogil=True)
def run_many(prog, asks, ends, base, states, rows, keep, starts, out, logs, status):
    """Answer the cases `rows` of a frame.

    Parameters
    ----------
    asks, ends
        The program's leaf queries, see `leaf_walk.joined`.
    states : int array, shape (cases, variables)
        State of each observed variable, -1 for unknown.
    out : array, shape (cases, places) or (0, 0)
        Posteriors; with (0, 0) only ln P(e) is worked out.
    status : array
        2 also where a leaf query is doubtful: the caller then asks again by pairs.
    """
    work = np.empty(prog[11])
    room = many = 0
    for k in range(len(ends) - 1):
        room, many = max(room, asks[ends[k] + 9]), many + asks[ends[k] + 10]
    sent, links = np.empty(room), np.empty(many)
    at = 0
    for k in range(len(ends) - 1):
        walk = asks[ends[k] : ends[k + 1]]
        bundle_links(walk, base, links[at : at + walk[10]])
        at += walk[10]
    doubtful = np.zeros(starts[-1], np.uint8)
    obs = np.zeros(states.shape[1], np.int64)
    for i in rows:
        for v in range(states.shape[1]):
            obs[v] = max(states[i, v], 0)
        status[i], logs[i] = collect(prog, base, obs, work)
        if status[i] == DONE and out.shape[0] > 0:
            row = out[i]
            distribute(prog, work, row, keep)
            if keep:
                at = lost = 0
                for k in range(len(ends) - 1):
                    walk = asks[ends[k] : ends[k + 1]]
                    own = links[at : at + walk[10]]
                    lost += ask_walk(prog, walk, base, obs, work, own, sent, row, doubtful)
                    at += walk[10]
                if lost:
                    status[i] = UNSAFE
            for v in range(states.shape[1]):
                if states[i, v] >= 0:
                    for j in range(starts[v], starts[v + 1]):
                        row[j] = 0.0
                    row[starts[v] + states[i, v]] = 1.0
