"""Posteriors of unobserved noisy-MAX leaves, compiled: the twin of `leaves.ask`.

Layout of the ints of one program's queries (int32)::

    head   0 queries  1 → queries  2 → stops  3 → links
    query  0 place in the answer  1 states  2 offset of the leak  3, 4 stops from … to
           5, 6 links of observed parents from … to
    stop   0 → clique  1 whether the subtree's top  2, 3 links from … to  4, 5 stops below from … to
           6 → stops below (list of stop numbers)
    link   0 offset  1, 2 slices from … to  3 → slices  4 outer  5 parent's states  6 inner
"""

# pyright: basic
import numpy as np

from fascinet.engine.machine_code import njit

QUERY, STOP, LINK = 8, 8, 8


@njit(cache=True)
def link_at(asks, r, obs):
    """Return where a link's distribution starts."""
    at = np.int64(asks[r])
    for k in range(asks[r + 1], asks[r + 2]):
        at += np.int64(asks[asks[r + 3] + 2 * k]) * obs[asks[asks[r + 3] + 2 * k + 1]]
    return at


@njit(cache=True)
def take_link(asks, r, base, obs, m, k, buf, a, b):
    """Multiply a table of pairs by (P(Z < k), P(Z = k)) of one link."""
    at = link_at(asks, r, obs)
    outer, card, inner = asks[r + 4], asks[r + 5], asks[r + 6]
    p = 0
    for _ in range(outer):
        for s in range(card):
            below = 0.0
            for j in range(k):
                below += base[at + s * m + j]
            here = base[at + s * m + k]
            both = below + here
            for _ in range(inner):
                buf[b + p] = buf[b + p] * both + buf[a + p] * here
                buf[a + p] *= below
                p += 1


@njit(cache=True)
def take_message(prog, o, buf, a, b, ma, mb):
    """Multiply a table of pairs by a message of pairs."""
    inner, outer, mode, m = prog[o + 4], prog[o + 5], prog[o + 6], np.int64(prog[o + 7])
    p = 0
    for i in range(outer):
        s = np.int64(prog[m + i])
        for j in range(inner):
            t = s
            if mode == 1:
                t += j
            elif mode == 2:
                t += prog[m + outer + j]
            x, y = buf[ma + t], buf[mb + t]
            buf[b + p] = buf[b + p] * (x + y) + buf[a + p] * y
            buf[a + p] *= x
            p += 1


@njit(cache=True, nogil=True)
def ask_all(prog, asks, base, obs, work, buf, out):
    """Write P(X | e) of every query; beliefs lie in the second half of the work space."""
    entries = np.int64(prog[10])
    first = np.int64(prog[prog[1] + 3])
    bottom = first + 2 * entries
    messages = np.int64(prog[11]) - bottom
    for i in range(asks[0]):
        g = np.int64(asks[1]) + QUERY * i
        m = np.int64(asks[g + 1])
        for k in range(1, m):
            ta, tb = 0.0, base[asks[g + 2] + k]
            for j in range(k):
                ta += base[asks[g + 2] + j]
            for r in range(asks[g + 5], asks[g + 6]):
                at = link_at(asks, np.int64(asks[3]) + LINK * r, obs)
                x, y = 0.0, base[at + k]
                for j in range(k):
                    x += base[at + j]
                tb = tb * (x + y) + ta * y
                ta *= x
            for h in range(asks[g + 3], asks[g + 4]):
                p = np.int64(asks[2]) + STOP * h
                q = np.int64(asks[p])
                table, size = np.int64(prog[q + 3]), np.int64(prog[q])
                a = table - first
                b = a + entries
                for j in range(size):
                    buf[a + j] = 1.0
                    buf[b + j] = 0.0
                for r in range(asks[p + 2], asks[p + 3]):
                    take_link(asks, np.int64(asks[3]) + LINK * r, base, obs, m, k, buf, a, b)
                for t in range(asks[p + 4], asks[p + 5]):
                    d = np.int64(asks[np.int64(asks[2]) + STOP * asks[np.int64(asks[p + 6]) + t]])
                    low = 2 * entries + np.int64(prog[d + 4]) - bottom
                    take_message(prog, np.int64(prog[d + 10]), buf, a, b, low, low + messages)
                if asks[p + 1] == 1:
                    x, y = 0.0, 0.0
                    for j in range(size):
                        w = work[table + entries + j]
                        x += w * buf[a + j]
                        y += w * buf[b + j]
                    tb = tb * (x + y) + ta * y
                    ta *= x
                else:
                    rows, cols = np.int64(prog[q + 1]), np.int64(prog[q + 2])
                    low = 2 * entries + np.int64(prog[q + 4]) - bottom
                    j = 0
                    for s in range(rows):
                        x, y = 0.0, 0.0
                        for _ in range(cols):
                            x += work[table + j] * buf[a + j]
                            y += work[table + j] * buf[b + j]
                            j += 1
                        buf[low + s] = x
                        buf[low + messages + s] = y
            if k == 1:
                out[asks[g]] = ta
            out[asks[g] + k] = tb
        if m == 1:
            out[asks[g]] = 1.0
        x = 0.0
        for k in range(m):
            x += out[asks[g] + k]
        for k in range(m):
            out[asks[g] + k] /= x
