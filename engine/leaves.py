"""Posteriors of unobserved noisy-MAX leaves, without a clique of their own.

On the calibrated tree, P(X = k | e) is the expectation of P(X = k | u) over the parents. One pass
over the cliques between the parents carries, for each level k, the pair

    A = P(max < k),  B = P(max = k)       with  (A, B)·(a, b) = (A a, B (a + b) + A b),

the truth value of a max over the parents met so far: products and sums of non-negative numbers,
so that even tiny posteriors keep their digits. Cliques outside the parents' subtree are untouched.
"""

from heapq import heapify, heappop, heappush

import numpy as np

from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.decompose import Query
from fascinet.engine.kernels_numpy import Case, Tree, offset_of, view
from fascinet.engine.steps import Program
from fascinet.model.gates import Array

Pair = tuple[Array, Array]


def times(x: Pair, y: Pair) -> Pair:
    """Return the product of two pairs."""
    return x[0] * y[0], x[1] * (y[0] + y[1]) + x[0] * y[1]


def levels(rows: Array) -> Pair:
    """Return (P(Z < k), P(Z = k)) of distributions along the last axis."""
    below = np.zeros_like(rows)
    below[..., 1:] = np.cumsum(rows, axis=-1)[..., :-1]
    return below, rows


def roots_of(parents: list[int]) -> list[int]:
    """Return the root of each clique's tree."""
    root = list(range(len(parents)))
    for i in range(len(root) - 1, -1, -1):
        if parents[i] >= 0:
            root[i] = root[parents[i]]
    return root


def spanning(parents: list[int], homes: set[int], root: list[int]) -> tuple[list[int], set[int]]:
    """Return the cliques of the subtrees that span `homes`, children first, and their tops."""
    heap = list(homes)
    heapify(heap)
    waiting: dict[int, int] = {}
    for c in homes:
        waiting[root[c]] = waiting.get(root[c], 0) + 1
    seen, path, tops = set(homes), [], set[int]()
    while heap:
        c = heappop(heap)
        path.append(c)
        if waiting[root[c]] == 1:
            tops.add(c)
            continue
        parent = parents[c]
        if parent in seen:
            waiting[root[c]] -= 1
        else:
            seen.add(parent)
            heappush(heap, parent)
    return path, tops


def ask(
    net: NetworkArrays,
    program: Program,
    query: Query,
    case: Case,
    tree: Tree,
    beliefs: list[Array],
    root: list[int],
) -> Array:
    """Return P(X | e) of one unobserved noisy-MAX leaf."""
    m = net.cards[query.variable]
    total = levels(view(net.base, query.leak, (m,), (1,)))
    by_clique: dict[int, list[tuple[int, Array]]] = {}
    for link in query.links:
        start = offset_of(link.offset, link.slices, case)
        if not link.scope:
            total = times(total, levels(view(net.base, start, (m,), (1,))))
            continue
        clique, axis = program.home[link.scope[0]]
        card = net.cards[link.scope[0]]
        rows = view(net.base, start, (card, m), (link.strides[0], 1))
        by_clique.setdefault(clique, []).append((axis, rows))
    parents = [step.parent for step in program.steps]
    path, tops = spanning(parents, set(by_clique), root)
    arrived: dict[int, Pair] = {}
    for c in path:
        step = program.steps[c]
        dims = len(step.shape)
        pair = arrived.get(c, (np.ones((1,) * dims + (1,)), np.zeros((1,) * dims + (1,))))
        for axis, rows in by_clique.get(c, []):
            shape = (1,) * axis + (rows.shape[0],) + (1,) * (dims - axis - 1) + (m,)
            below, at = levels(rows)
            pair = times(pair, (below.reshape(shape), at.reshape(shape)))
        if c in tops:
            weights = beliefs[c][..., None]
            axes = tuple(range(dims))
            total = times(total, ((weights * pair[0]).sum(axes), (weights * pair[1]).sum(axes)))
            continue
        weights = tree.tables[c][..., None]
        axes = tuple(range(step.cut, dims))
        sent = ((weights * pair[0]).sum(axes), (weights * pair[1]).sum(axes))
        spread = _seen_above(step.up_strides, [step.shape[a] for a in range(step.cut)])
        message = (sent[0].reshape(*spread, m), sent[1].reshape(*spread, m))
        before = arrived.get(step.parent)
        arrived[step.parent] = message if before is None else times(before, message)
    return total[1] / total[1].sum()


def _seen_above(strides: tuple[int, ...], sizes: list[int]) -> tuple[int, ...]:
    """Return the separator's shape as the parent sees it, 1 where it has no axis."""
    left = iter(sizes)
    return tuple(next(left) if s != 0 else 1 for s in strides)
