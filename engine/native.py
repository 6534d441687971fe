"""The bridge to the compiled kernels: imported only once they are wanted."""

# pyright: basic
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from threading import local

import numpy as np

from fascinet.engine import kernels_numba as kernels
from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.decompose import Factor
from fascinet.engine.derivatives_numba import collect_products, reverse
from fascinet.engine.flatten import flatten
from fascinet.engine.leaves import roots_of, spanning
from fascinet.engine.leaves_numba import ask_all
from fascinet.engine.order import Elimination
from fascinet.engine.order_numba import eliminate
from fascinet.engine.plan import Plan
from fascinet.model.gates import Array

UNSAFE = kernels.UNSAFE
_threads = local()


def rows_of(lists: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return lists of ints as compressed rows."""
    ptr = np.zeros(len(lists) + 1, np.int64)
    np.cumsum([len(x) for x in lists], out=ptr[1:])
    flat = np.array([i for x in lists for i in x], dtype=np.int64)
    return ptr, flat


def native_eliminate(
    scopes: Sequence[Sequence[int]], cards: Sequence[int], measure: str
) -> Elimination:
    """Return the same order as `order.eliminate`, by the compiled search."""
    ptr, flat = rows_of(scopes)
    weight = np.log2(np.array(cards, dtype=np.float64))
    order, rows, work = eliminate(ptr, flat, len(cards), weight, measure == "fill")
    neighbours = tuple(int.from_bytes(row.tobytes(), "little") for row in rows)
    return Elimination(tuple(order.tolist()), neighbours, work)


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
    asks : int32 array
        The leaf queries, see `leaves_numba.py`.
    """

    prog: np.ndarray
    soft_order: tuple[int, ...]
    keep: bool
    asks: np.ndarray


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
    s_ptr, _ = rows_of([f.slices for f in factors])
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
    return NativeProgram(prog, soft_order, keep, flat_queries(net, plan, starts))


def flat_queries(net: NetworkArrays, plan: Plan, starts: np.ndarray) -> np.ndarray:
    """Return the leaf queries of a plan as ints, see `leaves_numba.py`."""
    parents = [c.parent for c in plan.cliques]
    root = roots_of(parents)
    cards = plan.factors.cards
    queries: list[list[int]] = []
    stops: list[list[int]] = []
    links: list[list[int]] = []
    slices: list[int] = []
    lists: list[int] = []

    def add_link(factor: Factor, outer: int, card: int, inner: int) -> None:
        begin = len(slices) // 2
        for v, stride in factor.slices:
            slices.extend((stride, v))
        links.append([factor.offset, begin, len(slices) // 2, 0, outer, card, inner, 0])

    for query in plan.factors.queries:
        begin = len(links)
        by_clique: dict[int, list[Factor]] = {}
        for link in query.links:
            if link.scope:
                by_clique.setdefault(plan.home[link.scope[0]], []).append(link)
            else:
                add_link(link, 1, 1, 1)
        known = (begin, len(links))
        path, tops = spanning(parents, set(by_clique), root)
        number = {c: len(stops) + i for i, c in enumerate(path)}
        first_stop = len(stops)
        for c in path:
            scope = plan.cliques[c].scope
            begin = len(links)
            for link in by_clique.get(c, []):
                axis = scope.index(link.scope[0])
                outer = prod(cards[v] for v in scope[:axis])
                inner = prod(cards[v] for v in scope[axis + 1 :])
                add_link(link, outer, cards[scope[axis]], inner)
            below = [number[d] for d in path if parents[d] == c and d not in tops]
            clique = kernels.HEAD + kernels.CLIQUE * c
            span = (len(lists), len(lists) + len(below))
            lists.extend(below)
            stops.append([clique, int(c in tops), begin, len(links), *span, 0, 0])
        place = int(starts[query.variable])
        m = net.cards[query.variable]
        queries.append([place, m, query.leak, first_stop, len(stops), *known, 0])
    return _join(queries, stops, links, slices, lists)


def _join(
    queries: list[list[int]],
    stops: list[list[int]],
    links: list[list[int]],
    slices: list[int],
    lists: list[int],
) -> np.ndarray:
    """Return the parts as one array, pointers filled in."""
    p_query = 8
    p_stop = p_query + 8 * len(queries)
    p_link = p_stop + 8 * len(stops)
    p_slice = p_link + 8 * len(links)
    p_list = p_slice + len(slices)
    for link in links:
        link[3] = p_slice
    for stop in stops:
        stop[6] = p_list
    flat = [len(queries), p_query, p_stop, p_link, 0, 0, 0, 0]
    for part in (queries, stops, links):
        flat.extend(i for record in part for i in record)
    return np.array(flat + slices + lists, dtype=np.int32)


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
            entries = int(prog[10])
            size = 2 * entries + 2 * (int(prog[11]) - 2 * entries)
            buf = scratch(size, "pairs")
            ask_all(prog, program.asks, net.base, obs, work, buf, out)
    return status, log_prob


def load_soft(program: NativeProgram, soft: dict[int, Array], work: Array) -> None:
    """Put the likelihoods of soft evidence at the head of the work space."""
    at = 0
    for v in program.soft_order:
        values = soft[v]
        work[at : at + values.size] = values
        at += values.size


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
