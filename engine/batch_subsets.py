"""Rows whose positive findings are their own: one program for all, with sets of findings in it.

A program of `batch_groups.py` is planned for a core, the gates that may be observed above state 0.
Rows drawn at random have a core each, and planning one costs a thousand times what a row does. So a
row whose core is rare goes through the program of the empty core, in which each number becomes one
for every set of the row's positive findings (`batch_subsets_numba.py`).
"""

# pyright: basic
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.batch_clusters import PLANNED, Clusters, Item
from fascinet.engine.batch_core import CORE
from fascinet.engine.batch_fused_layout import NODE, PART
from fascinet.engine.batch_groups import GroupProgram, Groups, Key, Rows
from fascinet.engine.order import bits

ROW = (18e-6, 21e-6, 33e-6, 50e-6, 130e-6, 400e-6)  # seconds of a row, by its positive findings
SHARE = 0.25  # of the rows observe a variable above the leaves that programs slice
BLOCK = 256  # rows that one thread takes at a time


@dataclass(frozen=True)
class Job:
    """Rows with equally many positive findings, and the program that they go through."""

    program: GroupProgram
    owners: "Owners"
    findings: int
    rows: Rows


@dataclass(frozen=True)
class Owners:
    """What is multiplied into the cliques of a program with an empty core.

    Attributes
    ----------
    sizes : int64 array
        Rows of each: the likelihoods, then the messages.
    of : int64 array
        That of each operand, -1 for a table that observed states slice.
    likelihood : int64 array, shape (variables,)
        That of each variable's likelihood, -1 if it has none.
    deep : int
        Operands of the clique that has most.
    """

    sizes: NDArray[np.int64]
    of: NDArray[np.int64]
    likelihood: NDArray[np.int64]
    deep: int


def owners_of(program: GroupProgram, cards: NDArray[np.int64]) -> Owners:
    """Return the owners of a program."""
    ints, _ = program.fused
    cliques = int(ints[0])
    nodes = ints[16 : 16 + NODE * cliques].reshape(cliques, NODE).astype(np.int64)
    many = int(nodes[:, 7].max(initial=0))
    sources = ints[ints[2] : ints[2] + PART * many : PART].astype(np.int64)
    owner = np.full(int(ints[7]) + 1, -1, np.int64)
    owner[program.soft_at[program.soft]] = np.arange(len(program.soft))
    owner[nodes[:, 3]] = len(program.soft) + np.arange(cliques)
    likelihood = np.full(len(cards), -1, np.int64)
    likelihood[program.soft] = np.arange(len(program.soft))
    return Owners(
        np.concatenate([cards[program.soft], nodes[:, 0]]),
        owner[sources],
        likelihood,
        int((nodes[:, 7] - nodes[:, 6]).max(initial=0)),
    )


@lru_cache(len(ROW))
def terms_of(findings: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the terms of all products for so many positive findings."""
    from fascinet.engine.batch_subsets_numba import lay_terms

    return lay_terms(findings)


def part_rare(groups: Groups, items: list[Item]) -> tuple[list[Item], list[Item]]:
    """Return the items whose core is not worth a program of its own, and the others.

    What rows of a core have cost so far counts: those that come again and again get a program.
    """
    rare, common = list[Item](), list[Item]()
    for item in items:
        many, key = item.core.bit_count(), Key(item.fixed | item.leaves, item.core, frozenset())
        if many < len(ROW) and not groups.knows(key):
            spent = groups.spend(key, ROW[many] * item.count)
            (rare if spent < PLANNED else common).append(item)
        else:
            common.append(item)
    return rare, common


def jobs_of(groups: Groups, rare: list[Item], roles: NDArray[np.uint8]) -> list[Job]:
    """Return the work of rare items."""
    often = often_fixed(rare, SHARE * sum(item.count for item in rare))
    alike: dict[tuple[int, int], Item] = {}
    for item in sorted(rare, key=lambda i: i.core):
        key = item.fixed & often, item.leaves
        whole = alike.setdefault(key, Item(*key, 0, 0, []))
        whole.count += item.count
        whole.rows += item.rows
    jobs = list[Job]()
    for program, rows in Clusters(groups, frozenset()).run(list(alike.values())):
        owners, many = owners_of(program, groups.core.cards), (roles[rows] == CORE).sum(axis=1)
        for findings in np.unique(many).tolist():
            some = rows[many == findings]
            jobs += [
                Job(program, owners, findings, some[k : k + BLOCK])
                for k in range(0, len(some), BLOCK)
            ]
    return jobs


def often_fixed(items: Sequence[Item], least: float) -> int:
    """Return the variables above the leaves, in bits, that at least so many rows observe."""
    count: dict[int, int] = {}
    for item in items:
        for v in bits(item.fixed):
            count[v] = count.get(v, 0) + item.count
    return sum(1 << v for v, n in count.items() if n >= least)
