"""Leaf queries beside sets of positive findings: P(X < k | e) of an unobserved noisy-MAX leaf.

"X < k" is one more factor on each parent of X, a number P(Z < k | u) that depends on no set. Only
the messages from the parents' homes up to the clique where they meet change; there what lies above
(`batch_subsets_numba.py`) turns the new message into P(e, X < k). Where they meet in no clique the
messages of all roots are multiplied again.

Layout, arrays of int64 (of a query: one level of one leaf)::

    leaves, levels      of each query, levels of a leaf one after the other
    tops                the clique where the query ends, -1: at the roots, -2: it changes nothing
    ptr, stops          the cliques that it changes, children first
    marks, where        for each stop, where its operands' marks start: -2 as it was, -1 a changed
                        message, else where the numbers of a link start
"""

# pyright: basic
import numpy as np

from fascinet.engine.batch_fused_layout import NODE
from fascinet.engine.batch_leaves_numba import tell_leaf, unknown_in
from fascinet.engine.batch_sets_numba import clear, count_bits, join, open_clique, place_in, rise
from fascinet.engine.batch_vectors import add, load, pointer, same, store, times
from fascinet.engine.kernel_cache import njit
from fascinet.engine.kernels_numba import U

WIDTH = 8
TINY = 1e-150


@njit(cache=True)
def change(
    ints, c, mark, where, of, first, masks, ptr, terms, sets, here, numbers, static, work, tile,
    shift,
):  # fmt: skip
    """Write a clique's message with what a query changes below it."""
    few = open_clique(ints, c, of, first, masks, ptr, sets, here)
    for j in range(few):
        if where[mark + j] == -1:
            here[j, 0] += 2 * shift
        else:
            here[j, 9] = max(where[mark + j], -1)
    o = len(masks) - ints[0] + c
    wide = 1 << count_bits(masks[o])
    to = first[o] + 2 * shift
    rise(ints, 16 + NODE * c, few, here, numbers, to, wide, terms, sets, static, work, tile)


@njit(cache=True)
def meet(ints, c, first, masks, work, shift, below, row):
    """Write P(e, X < k) from the changed message of a clique and what lies above it."""
    o = len(masks) - ints[0] + c
    at, total = first[o], same(below, 0.0)
    for s in range(ints[16 + NODE * c] << count_bits(masks[o])):
        x, y = load(work, U(at + s + 2 * shift)), load(work, U(at + s + shift))
        total = add(total, times(x, y))
    store(below, U(row), total)


@njit(cache=True)
def meet_roots(ints, moved, first, masks, ptr, terms, sets, work, roots, shift, below, row):
    """Write P(e, X < k) from the changed messages of several roots."""
    lead, mask, number = len(masks) - ints[0], np.int64(0), 0
    spare = roots + sets * (ints[0] + 6)
    clear(work, spare, 1)
    store(work, U(spare), same(work, 1.0))
    for c in range(ints[0]):
        if ints[16 + NODE * c + 5] < 0:
            g, at = masks[lead + c], first[lead + c] + (2 * shift if moved[c] else 0)
            f, to = spare + sets * (number & 1), spare + sets * (1 - (number & 1))
            clear(work, to, 1 << count_bits(mask | g))
            t = mask * sets + g
            join(terms, ptr[t], ptr[t + 1], work, U(f), U(at), U(to))
            mask |= g
            number += 1
    last, leak, total = spare + sets * (number & 1), roots + sets * (number + 1), same(work, 0.0)
    for s in range(sets):
        if s & ~mask == 0:
            x = load(work, U(last + place_in(mask, s)))
            total = add(total, times(x, load(work, U(leak + s))))
    store(below, U(row), total)


@njit(cache=True)
def share(tables, base, states, v, k, lanes, owner_of, work, answer, below, row):
    """Divide by P(e); multiply by P(L < k) and by what the links of observed parents say."""
    _, leaks, ptr, parents, links = tables
    cards = tables[0]
    for i in range(WIDTH):
        p = work[answer * WIDTH + i]
        x = below[row * WIDTH + i] / p if p >= TINY else 0.0
        y = 0.0
        for j in range(k):
            y += base[leaks[v] + j]
        x *= y
        for a in range(ptr[v], ptr[v + 1]):
            u = parents[a]
            if owner_of[u] < 0:
                y, at = 0.0, links[a] + states[lanes[i], u] * cards[v]
                for j in range(k):
                    y += base[at + j]
                x *= y
        below[row * WIDTH + i] = x


@njit(cache=True)
def ask_sets(
    ints, asks, of, first, masks, ptr, terms, sets, here, static, work, tile, roots, answer,
    shift, moved, tables, base, states, lanes, count, owner_of, starts, below_array, status, out,
):  # fmt: skip
    """Write P(X | e) of every leaf that is asked for and not observed in all lanes.

    Parameters
    ----------
    asks : tuple
        levels, leaves, tops, ptr, stops, marks, where, numbers: see above; `numbers` of links.
    answer, shift
        Where P(e) lies; how far what lies above a message, and twice as far a changed one, is.
    """
    levels, leaves, tops, s_ptr, stops, marks, where, number_array = asks
    numbers, below, flat = pointer(number_array), pointer(below_array), pointer(states)
    told, places = pointer(status), out.shape[1]
    cards = tables[0]
    for q in range(len(leaves)):
        v, k = leaves[q], levels[q]
        if not unknown_in(flat, states.shape[1], v, lanes, count):
            continue
        for h in range(s_ptr[q], s_ptr[q + 1]):
            change(
                ints, stops[h], marks[h], where, of, first, masks, ptr, terms, sets, here, numbers,
                static, work, tile, shift,
            )  # fmt: skip
        if tops[q] >= 0:
            meet(ints, tops[q], first, masks, work, shift, below, k - 1)
        elif tops[q] == -2:
            store(below, U(k - 1), load(work, U(answer)))
        else:
            for h in range(s_ptr[q], s_ptr[q + 1]):
                moved[stops[h]] = True
            meet_roots(
                ints, moved, first, masks, ptr, terms, sets, work, roots, shift, below, k - 1
            )
            for h in range(s_ptr[q], s_ptr[q + 1]):
                moved[stops[h]] = False
        share(tables, base, states, v, k, lanes, owner_of, work, answer, below, k - 1)
        if k == cards[v] - 1:
            tell_leaf(
                tables, base, below, flat, states.shape[1], v, lanes, count, starts, told,
                pointer(out), places,
            )  # fmt: skip
