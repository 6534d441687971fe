"""The bridge to the compiled kernels: imported only once they are wanted."""

# pyright: basic
from collections.abc import Mapping
from functools import cached_property
from threading import local
from typing import TypeAlias

import numpy as np

from fascinet.engine import kernels_numba as kernels
from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.axes import padded
from fascinet.engine.fall_numba import spread_beliefs
from fascinet.engine.flatten import flatten
from fascinet.engine.junction import Plan
from fascinet.engine.leaf_walk import LeafWalk, bundled, leaf_walks
from fascinet.engine.leaf_walk_numba import ask_walk
from fascinet.engine.leaves_numba import ask_all
from fascinet.engine.machine_code import Bound
from fascinet.engine.native_leaves import flat_pairs, rows_of, starts_of
from fascinet.engine.passes_numba import up, up_and_down
from fascinet.engine.ready import Warm
from fascinet.engine.tables.fold import Packed
from fascinet.engine.tiles import in_order, lay_tiles
from fascinet.engine.tiles_nodes import make_nodes
from fascinet.engine.tiles_numba import collect_tiles, distribute_tiles
from fascinet.model.gates import Array

DONE, UNSAFE = kernels.DONE, kernels.UNSAFE
LARGE = 2**21  # entries of a program
Rows: TypeAlias = tuple[np.ndarray, ...]
NONE = np.empty(0)
ask = Bound(ask_walk)
_threads = local()


class NativeProgram:
    """A program for the compiled kernels and what it reads, each part made when it is wanted.

    Attributes
    ----------
    net : NetworkArrays
    plan : Plan
    soft_order : tuple of int
        Variables whose likelihoods lead the work space, in order.
    keep : bool
        Whether conditionals are kept beside the beliefs, for leaf queries.
    pairs : dict of int to int32 array
        Leaf queries by pairs, see `leaves_numba.py`, laid out when one is doubtful.
    """

    def __init__(self, net: NetworkArrays, plan: Plan, starts: np.ndarray) -> None:
        self.plan, self.net, self._starts = plan, net, starts
        self.soft_order = tuple(sorted(plan.pattern.soft))
        self.keep = bool(plan.factors.queries)
        self.pairs: dict[int, np.ndarray] = {}

    @cached_property
    def prog(self) -> np.ndarray:
        """The flat program, int32, see `flatten.py`."""
        tree, tables, scalars, soft = self._parts()
        return flatten(*tree, *tables, scalars, soft, self.keep)

    @property
    def is_large(self) -> bool:
        """Whether the lists of `ready.py` would take more memory than they save time."""
        return self.plan.entries > LARGE

    @cached_property
    def room(self) -> int:
        """How long the work space must be."""
        return int(self.prog[11])

    @cached_property
    def warm(self) -> Warm:
        """What is kept ready of it, for programs with leaf queries."""
        scopes = rows_of([c.scope for c in self.plan.cliques])
        return Warm(self.net, self.prog, (np.array(self.plan.factors.cards, np.int64), *scopes))

    @cached_property
    def walks(self) -> tuple[LeafWalk, ...]:
        """The leaf queries for one case at a time, see `leaf_walk_numba.py`."""
        return leaf_walks(self.net, self.plan, self._starts, self.prog) if self.keep else ()

    @cached_property
    def pending(self) -> np.ndarray:
        """Places in the answer that the leaf queries fill, int64."""
        starts = self._starts.tolist()
        asked = [
            range(starts[q.variable], starts[q.variable + 1]) for q in self.plan.factors.queries
        ]
        return np.array([place for places in asked for place in places], np.int64)

    @cached_property
    def tiles(self) -> np.ndarray:
        """The tiled program, int32, see `tiles.py`: for plans without leaf queries."""
        (cards, starts, *tree, f_list), (offsets, *rows), scalars, _ = self._parts()
        axes, made = self.net.axes, len(cards) - len(self.net.cards)
        rank = np.concatenate([axes.rank + made, np.arange(made)])
        owner = axes.owners(offsets)
        free = np.zeros(len(cards), np.bool_)
        free[list(self.plan.home)] = True
        mine = np.where((owner >= 0) & free[owner], owner, -1)
        nodes = make_nodes(cards, *tree, f_list, rows[0], rows[1], mine, rank)
        in_order(*rows, owner, axes.ptr, axes.scope, axes.stride)
        last = np.where(owner >= 0, axes.scope[axes.ptr[owner + 1] - 1], -1)
        soft, at = np.full(len(cards), -1, np.int64), 0
        for v in self.soft_order:
            soft[v], at = at, at + padded(int(cards[v]))
        return lay_tiles(
            cards, starts, *nodes, f_list, axes.moved(offsets), *rows, scalars, soft, last
        )

    def _parts(self) -> tuple[Rows, Rows, np.ndarray, np.ndarray]:
        """Return the tree with its factors, the factors' windows, scalars and soft evidence."""
        plan, cards = self.plan, self.plan.factors.cards
        factors = plan.factors.factors
        lists = [list(c.factors) for c in plan.cliques]
        soft, at = np.full(len(cards), -1, np.int64), 0
        for v in self.soft_order:
            soft[v] = at
            at += cards[v]
            lists[plan.home[v]].append(len(factors) + v)
        tree = (
            np.array(cards, np.int64), self._starts[: len(self.net.cards)],
            *rows_of([c.scope for c in plan.cliques]),
            np.array([c.cut for c in plan.cliques], np.int64),
            np.array([c.parent for c in plan.cliques], np.int64), *rows_of(lists),
        )  # fmt: skip
        o_ptr, o_scope = rows_of([f.scope for f in factors])
        _, o_stride = rows_of([f.strides for f in factors])
        s_ptr = starts_of([f.slices for f in factors])
        pairs = [(stride, v) for f in factors for v, stride in f.slices]
        tables = (
            np.array([f.offset for f in factors], np.int64), o_ptr, o_scope, o_stride, s_ptr,
            np.array(pairs, np.int64).reshape(-1, 2),
        )  # fmt: skip
        return tree, tables, np.array(plan.scalars, np.int64), soft


def scratch(size: int, name: str = "work") -> Array:
    """Return this thread's work space of a name, at least `size` long; it holds nothing yet."""
    work = getattr(_threads, name, None)
    if name == "work":
        _threads.held = None
    if work is None or work.size < size:
        work = np.empty(max(size, 4096))
        setattr(_threads, name, work)
    return work


def hold(case: object) -> None:
    """Note what case this thread's work space holds, calibrated, until it is asked for again."""
    _threads.held = case


def holds(case: object) -> bool:
    """Tell whether this thread's work space still holds this very case."""
    return getattr(_threads, "held", None) is case


def observed_states(net: NetworkArrays, states: dict[int, int]) -> np.ndarray:
    """Return the state of each observed variable, 0 for the others."""
    obs = np.zeros(len(net.cards), np.int64)
    for v, s in states.items():
        obs[v] = s
    return obs


def run(
    net: NetworkArrays,
    program: NativeProgram,
    states: dict[int, int],
    soft: Mapping[int, Array],
    out: Array | None,
) -> tuple[int, float]:
    """Run a program on a case; write the marginals of its free variables into `out`, if given.

    Returns
    -------
    status : int
        `IMPOSSIBLE`, `DONE` or `UNSAFE` (numbers out of range: the careful path must answer).
    log_prob : float
    """
    obs = observed_states(net, states)
    if not program.keep:
        return run_tiles(net, program, obs, soft, out)
    if program.is_large:
        return run_flat(net, program, obs, soft, out)
    warm, likely = program.warm, soft_numbers(program, soft)
    ready = warm.of(obs) if net is program.net else warm.moved(net, obs)
    if ready.status != kernels.DONE:
        return ready.status, ready.log_prob
    parts, work = (ready.ints, ready.floats, likely, likely.size), scratch(program.room)
    if out is None:
        status, log_prob = up(*parts, work)
    else:
        status, log_prob = up_and_down(*parts, work, out)
        if status == kernels.DONE:
            ask_leaves(net, program, obs, work, out)
    return status, log_prob + ready.log_prob


def run_flat(
    net: NetworkArrays, program: NativeProgram, obs: np.ndarray, soft: Mapping[int, Array],
    out: Array | None,
) -> tuple[int, float]:  # fmt: skip
    """Run a large program with leaf queries, as `run` does: by the flat program alone."""
    work = scratch(program.room)
    load_soft(program, soft, work)
    status, log_prob = kernels.collect(program.prog, net.base, obs, work)
    if status == kernels.DONE and out is not None:
        kernels.distribute(program.prog, work, out, True)
        ask_leaves(net, program, obs, work, out)
    return status, log_prob


def run_tiles(
    net: NetworkArrays, program: NativeProgram, obs: np.ndarray, soft: Mapping[int, Array],
    out: Array | None,
) -> tuple[int, float]:  # fmt: skip
    """Run a tiled program, as `run` does."""
    ints = program.tiles
    work, starts = scratch(int(ints[9])), np.empty(int(ints[2]) + int(ints[5]), np.int64)
    base = net.ordered if net is program.net else program.net.axes.copy(net.base)
    load_rows(program, soft, work)
    live = np.empty(int(ints[16]), np.bool_)
    status, log_prob = collect_tiles(ints, base, obs, work, starts, live)
    if status == kernels.DONE and out is not None:
        distribute_tiles(ints, base, work, starts, live, out)
        if net.certain.size:
            out[net.certain] = 1.0
    return status, log_prob


def soft_numbers(program: NativeProgram, soft: Mapping[int, Array]) -> Array:
    """Return the likelihoods of soft evidence as they lie at the head of the work space."""
    if isinstance(soft, Packed):
        return soft.numbers
    return np.concatenate([soft[v] for v in program.soft_order]) if program.soft_order else NONE


def load_soft(program: NativeProgram, soft: Mapping[int, Array], work: Array) -> None:
    """Put the likelihoods of soft evidence at the head of the work space."""
    values = soft_numbers(program, soft)
    work[: values.size] = values


def load_rows(program: NativeProgram, soft: Mapping[int, Array], work: Array) -> None:
    """Put the likelihoods there as a tiled program reads them, padded with zeros."""
    at = 0
    for v in program.soft_order:
        values = soft[v]
        room = padded(values.size)
        work[at : at + values.size], work[at + values.size : at + room] = values, 0.0
        at += room


def ask_leaves(
    net: NetworkArrays, program: NativeProgram, obs: np.ndarray, work: Array, out: Array
) -> None:
    """Write the posteriors of all leaf queries: by lanes, the doubtful ones again by pairs."""
    prog, doubtful, lost = program.prog, np.empty(out.size, np.uint8), 0
    for walk in program.walks:
        links = walk.links if net is program.net else bundled(walk.asks, net)
        sent = scratch(walk.room, "sent")
        lost += ask(prog, walk.asks, net.base, obs, work, links, sent, out, doubtful)
    if not lost:
        return
    spread_beliefs(prog, work)
    entries = int(prog[10])
    size = 2 * entries + 2 * (int(prog[11]) - 2 * entries)
    buf = scratch(size, "pairs")
    starts = net.starts
    for query in program.plan.factors.queries:
        v = query.variable
        if doubtful[starts[v]]:
            asks = program.pairs.get(v)
            if asks is None:
                asks = flat_pairs(net, program.plan, starts, [query])
                program.pairs[v] = asks
            ask_all(prog, asks, net.base, obs, work, buf, out)
