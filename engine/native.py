"""The bridge to the compiled kernels: imported only once they are wanted."""

# pyright: basic
from dataclasses import dataclass
from threading import local

import numpy as np

from fascinet.engine import kernels_numba as kernels
from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.derivatives_numba import collect_products, reverse
from fascinet.engine.flatten import flatten
from fascinet.engine.lanes_numba import WIDTH, ask_lanes
from fascinet.engine.leaves_numba import ask_all
from fascinet.engine.native_leaves import flat_lanes, flat_pairs, rows_of
from fascinet.engine.plan import Plan
from fascinet.model.gates import Array

DONE, UNSAFE = kernels.DONE, kernels.UNSAFE
_threads = local()


@dataclass(frozen=True)
class NativeProgram:
    """A flat program and what it reads.

    Attributes
    ----------
    prog : int32 array
        See `flatten.py`.
    soft_order : tuple of int
        Variables whose likelihoods lead the work space, in order.
    keep : bool
        Whether conditionals are kept beside the beliefs, for leaf queries.
    lanes : int32 array
        The leaf queries, see `lanes_numba.py`.
    pairs : dict of int to int32 array
        Leaf queries by pairs, see `leaves_numba.py`, laid out when one is doubtful.
    plan : Plan
    """

    prog: np.ndarray
    soft_order: tuple[int, ...]
    keep: bool
    lanes: np.ndarray
    pairs: dict[int, np.ndarray]
    plan: Plan


def native_program(net: NetworkArrays, plan: Plan, starts: np.ndarray) -> NativeProgram:
    """Return the flat program of a plan."""
    factors, cards = plan.factors.factors, plan.factors.cards
    soft_order = tuple(sorted(plan.pattern.soft))
    lists = [list(c.factors) for c in plan.cliques]
    soft, at = np.full(len(cards), -1, np.int64), 0
    for v in soft_order:
        soft[v] = at
        at += cards[v]
        lists[plan.home[v]].append(len(factors) + v)
    c_ptr, c_scope = rows_of([c.scope for c in plan.cliques])
    f_ptr, f_list = rows_of(lists)
    o_ptr, o_scope = rows_of([f.scope for f in factors])
    _, o_stride = rows_of([f.strides for f in factors])
    s_ptr, _ = rows_of([range(len(f.slices)) for f in factors])
    pairs = [(stride, v) for f in factors for v, stride in f.slices]
    keep = bool(plan.factors.queries)
    prog = flatten(
        np.array(cards, np.int64), starts[: len(net.cards)], c_ptr, c_scope,
        np.array([c.cut for c in plan.cliques], np.int64),
        np.array([c.parent for c in plan.cliques], np.int64),
        f_ptr, f_list, np.array([f.offset for f in factors], np.int64), o_ptr, o_scope, o_stride,
        s_ptr, np.array(pairs, np.int64).reshape(-1, 2),
        np.array(plan.scalars, np.int64), soft, keep,
    )  # fmt: skip
    lanes = flat_lanes(net, plan, starts, prog)
    return NativeProgram(prog, soft_order, keep, lanes, {}, plan)


def scratch(size: int, name: str = "work") -> Array:
    """Return this thread's work space of a name, at least `size` long."""
    work = getattr(_threads, name, None)
    if work is None or work.size < size:
        work = np.empty(max(size, 4096))
        setattr(_threads, name, work)
    return work


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
    soft: dict[int, Array],
    out: Array | None,
) -> tuple[int, float]:
    """Run a program on a case; write the marginals of its free variables into `out`, if given.

    Returns
    -------
    status : int
        `IMPOSSIBLE`, `DONE` or `UNSAFE` (numbers out of range: the careful path must answer).
    log_prob : float
    """
    prog = program.prog
    work = scratch(int(prog[11]))
    obs = observed_states(net, states)
    load_soft(program, soft, work)
    status, log_prob = kernels.collect(prog, net.base, obs, work)
    if status == kernels.DONE and out is not None:
        kernels.distribute(prog, work, out, program.keep)
        if program.keep:
            ask_leaves(net, program, obs, work, out)
    return status, log_prob


def load_soft(program: NativeProgram, soft: dict[int, Array], work: Array) -> None:
    """Put the likelihoods of soft evidence at the head of the work space."""
    at = 0
    for v in program.soft_order:
        values = soft[v]
        work[at : at + values.size] = values
        at += values.size


def ask_leaves(
    net: NetworkArrays, program: NativeProgram, obs: np.ndarray, work: Array, out: Array
) -> None:
    """Write the posteriors of all leaf queries: by lanes, the doubtful ones again by pairs."""
    prog, size = program.prog, int(program.lanes[9]) * WIDTH
    sent = scratch(size, "sent")[:size].reshape(-1, WIDTH)
    doubtful = np.zeros(out.size, np.uint8)
    ask_lanes(prog, program.lanes, net.base, obs, work, sent, out, doubtful)
    if not doubtful.any():
        return
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


def derivatives(
    net: NetworkArrays, program: NativeProgram, states: dict[int, int], soft: dict[int, Array]
) -> tuple[int, float, Array]:
    """Return a status, ln P(e) and ∂ ln P / ∂ base of a case."""
    prog = program.prog
    cliques = int(prog[0])
    work = scratch(int(prog[11]))
    obs = observed_states(net, states)
    load_soft(program, soft, work)
    scales, grad = np.empty(cliques), np.zeros(net.base.size)
    status, log_prob = collect_products(prog, net.base, obs, work, scales)
    if status == kernels.DONE:
        records = prog[kernels.HEAD :][: kernels.CLIQUE * cliques].reshape(cliques, kernels.CLIQUE)
        counts = np.maximum(records[:, 7] - records[:, 6], 1).astype(np.int64)
        left = scratch(int((records[:, 0] * counts).max(initial=0)), "left")
        lam = np.zeros(int(records[:, 1].sum()))
        reverse(prog, net.base, obs, work, scales, lam, left, grad)
    return status, log_prob, grad
