"""Posteriors of unobserved noisy-MAX leaves, without a node of their own.

On the calibrated tree, P(X = k | e) is the expectation of P(X = k | u) over the parents. One pass
over the nodes between the parents carries, for each level k, the pair

    A = P(max < k),  B = P(max = k)       with  (A, B)(a, b) = (A a, B (a + b) + A b),

the truth value of a max over the parents met so far: products and sums of non-negative numbers,
so that even tiny posteriors keep their digits. Nodes outside the parents' subtree are untouched.
"""

from heapq import heapify, heappop, heappush

import numpy as np

from fascinet.engine.program.program import Program
from fascinet.engine.reference.passes import Calibrated, Case, as_seen, shape_of, window
from fascinet.engine.tables.arrays import NetworkArrays
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


def ask(net: NetworkArrays, program: Program, tree: Calibrated, case: Case, leaf: int) -> Array:
    """Return P(leaf | e) of one unobserved noisy-MAX leaf."""
    m, blocks = net.cards[leaf], net.blocks[leaf]
    total = levels(window(net.base, blocks.leak, (m,), [1]))
    arrived: dict[int, Pair] = {}
    for u, raw in zip(net.parents[leaf], blocks.raw, strict=True):
        rows = window(net.base, raw, (net.cards[u], m), [m, 1])
        if program.observed[u]:
            total = times(total, levels(rows[case.states[u]]))
            continue
        i = program.node_of[u]
        shape = (net.cards[u], *(1 for _ in shape_of(program, i)[1:]), m)
        pair = levels(rows)
        pair = pair[0].reshape(shape), pair[1].reshape(shape)
        arrived[i] = times(arrived[i], pair) if i in arrived else pair
    for pair in _tops(program, tree, arrived):
        total = times(total, pair)
    return total[1] / total[1].sum()


def _tops(program: Program, tree: Calibrated, arrived: dict[int, Pair]) -> list[Pair]:
    """Send pairs up until one node a tree holds them all; return their expectations there."""
    parents = program.nodes["parent"]
    root = roots(parents.tolist())
    waiting: dict[int, int] = {}
    for i in arrived:
        waiting[root[i]] = waiting.get(root[i], 0) + 1
    heap, out = list(arrived), list[Pair]()
    heapify(heap)
    while heap:
        i = heappop(heap)
        table, pair = tree.tables[i][..., None], arrived[i]
        if waiting[root[i]] == 1:
            table = table * tree.beliefs[i][..., None]
            axes = tuple(range(table.ndim - 1))
            out.append(((table * pair[0]).sum(axes), (table * pair[1]).sum(axes)))
            continue
        up = int(parents[i])
        sent = tuple(as_seen(program, i, (table * x).sum(axis=0)) for x in pair)
        if up in arrived:
            arrived[up] = times(arrived[up], (sent[0], sent[1]))
            waiting[root[i]] -= 1
        else:
            arrived[up] = sent[0], sent[1]
            heappush(heap, up)
    return out


def roots(parents: list[int]) -> list[int]:
    """Return the root of each node's tree."""
    root = list(range(len(parents)))
    for i in range(len(root) - 1, -1, -1):
        if parents[i] >= 0:
            root[i] = root[parents[i]]
    return root
