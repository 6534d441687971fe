"""One fixed tree for a whole batch, as plain arrays that any backend can run.

The tree is calibrated once without evidence, so that each clique holds K = P(residual | separator)
and every message without evidence below it is one. Evidence enters as 0/1 rows λ_v, one number a
state and a case, so that rows with different variables observed share the program. A case is a
column of every table. With T the table and m its sums over the residual variables,

    up     T = K · ∏ λ · ∏ messages of children,   m = Σ T,   sent = m · ∏ λ, messages within it
    down   w = B / m,   belief = T · w,   B of each child and every marginal: sums of a belief

where B is the belief of the separator. A root has one row and B = 1. λ and a message whose scope
lies within a sibling's message are multiplied into that one, which is smaller than the clique; and
each sum is taken from the smallest table that holds its scope.

`BatchProgram` names all arrays; `batch_xp.py` runs it on any array-API namespace (a GPU's too),
`batch_numba.py` by vectors of cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, prod

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.arrays import NetworkArrays, c_strides
from fascinet.engine.kernels_numpy import Case, offset_of, view
from fascinet.engine.junction import Plan
from fascinet.engine.steps import compile_program
from fascinet.model.gates import Array

Ints = NDArray[np.int64]
Scope = tuple[int, ...]

LIKELIHOOD, MESSAGE = 0, 1  # kinds of operand
BELIEF, SEPARATOR, ANSWER = 0, 1, 2  # sources and destinations of a sum


@dataclass(frozen=True)
class BatchProgram:
    """Everything that a backend needs; all arrays are read-only.

    Attributes
    ----------
    table : array
        K of all cliques, one after the other, each shaped (rows, columns) = (separator, residual).
    cliques : int64 array, shape (cliques, 12)
        Start of K, rows, columns, start of the separator's rows among all separators, parent or -1;
        its operands from … to; the operands of its message from … to; its sums from … to; 1 if its
        belief is needed. Children come before parents.
    settle : int64 array
        For each clique its children, the order in which their messages are completed.
    settle_ptr : int64 array, shape (cliques + 1,)
    operands : int64 array, shape (operands, 3)
        `LIKELIHOOD` of a variable or `MESSAGE` of a clique; which one; where its map starts.
    maps : uint32 array
        For each entry of the clique, or row of the message, the operand's row.
    sums : int64 array, shape (sums, 6)
        `BELIEF` of this clique or `SEPARATOR` of a clique; which one; `SEPARATOR` or `ANSWER`;
        which clique or variable; how many items are added for each; start in `terms`.
    terms : uint32 array
        Source rows of each sum, item by item.
    cards, starts : int64 arrays
        States of each variable; its place in the answer, the last item the answer's length.
    constant : float
        ln of what the tree sums to without evidence (0 up to rounding).
    """

    table: Array
    cliques: Ints
    settle: Ints
    settle_ptr: Ints
    operands: Ints
    maps: NDArray[np.uint32]
    sums: Ints
    terms: NDArray[np.uint32]
    cards: Ints
    starts: Ints
    constant: float

    @property
    def entries(self) -> int:
        """Entries of all cliques."""
        return self.table.size

    @property
    def separators(self) -> int:
        """Rows of all separators."""
        return int(self.cliques[:, 1].sum())

    @property
    def work(self) -> int:
        """Multiplications and additions of one case."""
        return 3 * self.table.size + self.maps.size + self.terms.size


def calibrate(net: NetworkArrays, plan: Plan) -> tuple[list[Array], float]:
    """Return P(residual | separator) of each clique, and ln of the sum of the whole tree."""
    program, case = compile_program(net, plan), Case({}, {})
    tables = [np.ones(step.shape) for step in program.steps]
    total = 0.0
    for offset, slices in program.scalars:
        total += log(net.base[offset_of(offset, slices, case)])
    for i, step in enumerate(program.steps):
        for o in step.operands:
            tables[i] *= view(net.base, offset_of(o.offset, o.slices, case), step.shape, o.strides)
        rows = prod(step.shape[: step.cut])
        flat = tables[i].reshape(rows, -1)
        message = flat.sum(axis=1)
        scale = float(message.max())
        total += log(scale)
        flat /= np.where(message > 0.0, message, 1.0)[:, None]
        tables[i] = flat
        if step.parent >= 0:
            above = program.steps[step.parent].shape
            tables[step.parent] *= view(message / scale, 0, above, step.up_strides)
    return tables, total


class BatchCompiler:
    """Lays a plan without evidence out as a `BatchProgram`."""

    def __init__(self, net: NetworkArrays, plan: Plan) -> None:
        self.net, self.plan = net, plan
        cards = plan.factors.cards
        self.cards = cards
        self.scope: list[Scope] = [c.scope for c in plan.cliques]
        self.separator: list[Scope] = [c.scope[: c.cut] for c in plan.cliques]
        self.parent = [c.parent for c in plan.cliques]
        self.children: list[list[int]] = [[] for _ in plan.cliques]
        for c, p in enumerate(self.parent):
            if p >= 0:
                self.children[p].append(c)
        for kids in self.children:
            kids.sort(key=lambda d: (self.size(self.separator[d]), d))
        self.variables = [v for v, card in enumerate(net.cards) if card > 1]
        self.operands: list[tuple[int, int, int]] = []
        self.maps: list[NDArray[np.uint32]] = []
        self.mapped = 0
        self.sums: list[tuple[int, ...]] = []
        self.terms: list[NDArray[np.uint32]] = []
        self.summed = 0

    def size(self, scope: Scope) -> int:
        """Return the entries of a table over a scope."""
        return prod(self.cards[v] for v in scope)

    def run(self) -> BatchProgram:
        """Return the program."""
        tables, constant = calibrate(self.net, self.plan)
        inner, outer = self._place_operands()
        owed = self._place_sums()
        records: list[tuple[int, ...]] = []
        starts = np.cumsum([0, *(t.size for t in tables)])
        rows = np.cumsum([0, *(t.shape[0] for t in tables)])
        for c, table in enumerate(tables):
            own = self._operands(inner[c], self.scope[c])
            sent = self._operands(outer[c], self.separator[c])
            sums = self._sums(c, owed[c])
            needed = any(self.sums[k][0] == BELIEF for k in range(*sums))
            shape = (table.shape[0], table.shape[1])
            records.append((int(starts[c]), *shape, int(rows[c]), self.parent[c], *own, *sent,
                            *sums, int(needed)))  # fmt: skip
        flat = np.concatenate([t.ravel() for t in tables]) if tables else np.zeros(0)
        program = BatchProgram(
            flat,
            np.array(records, np.int64).reshape(-1, 12),
            np.array([d for kids in self.children for d in kids], np.int64),
            np.cumsum([0, *map(len, self.children)]).astype(np.int64),
            np.array(self.operands, np.int64).reshape(-1, 3),
            joined(self.maps),
            np.array(self.sums, np.int64).reshape(-1, 6),
            joined(self.terms),
            np.array(self.net.cards, np.int64),
            self.net.starts,
            constant,
        )
        for array in vars(program).values():
            if isinstance(array, np.ndarray):
                array.setflags(write=False)
        return program

    # ------------------------------------------------------------ up

    def _place_operands(self) -> tuple[list[list[tuple[int, int]]], list[list[tuple[int, int]]]]:
        """Return the operands of each clique, and of each message, as pairs (kind, number)."""
        inner: list[list[tuple[int, int]]] = [[] for _ in self.scope]
        outer: list[list[tuple[int, int]]] = [[] for _ in self.scope]
        for v in self.variables:
            having = [c for c, s in enumerate(self.separator) if v in s]
            best = min(having, key=lambda c: (self.size(self.separator[c]), c), default=-1)
            (inner[self.plan.home[v]] if best < 0 else outer[best]).append((LIKELIHOOD, v))
        for p, kids in enumerate(self.children):
            for i, d in enumerate(kids):
                mine = set(self.separator[d])
                wider = [e for e in kids[i + 1 :] if mine <= set(self.separator[e])]
                (outer[wider[0]] if wider else inner[p]).append((MESSAGE, d))
        return inner, outer

    def _operands(self, found: Sequence[tuple[int, int]], scope: Scope) -> tuple[int, int]:
        first = len(self.operands)
        for kind, number in found:
            inside = (number,) if kind == LIKELIHOOD else self.separator[number]
            self.operands.append((kind, number, self.mapped))
            self.maps.append(self._rows(scope, inside))
            self.mapped += self.maps[-1].size
        return first, len(self.operands)

    def _rows(self, axes: Scope, scope: Scope) -> NDArray[np.uint32]:
        """Return for each entry over `axes` the row in a table over `scope`."""
        strides = dict(zip(scope, c_strides(tuple(self.cards[v] for v in scope)), strict=True))
        rows = np.zeros(1, np.int64)
        for v in axes:
            rows = np.add.outer(rows, strides.get(v, 0) * np.arange(self.cards[v])).ravel()
        return rows.astype(np.uint32)

    # ------------------------------------------------------------ down

    def _place_sums(self) -> list[list[int]]:
        """Return for each clique the variables whose marginal is read once it is done."""
        owed: list[list[int]] = [[] for _ in self.scope]
        self.source: dict[int, tuple[int, int]] = {}
        for v in self.variables:
            tables = [(self.size(s), BELIEF, c) for c, s in enumerate(self.scope) if v in s]
            tables += [(self.size(s), SEPARATOR, c) for c, s in enumerate(self.separator) if v in s]
            _, kind, c = min(tables)
            self.source[v] = kind, c
            owed[c if kind == BELIEF else self.parent[c]].append(v)
        return owed

    def _sums(self, c: int, owed: Sequence[int]) -> tuple[int, int]:
        """Lay out the sums of one clique: its children's separators, widest first, marginals."""
        first = len(self.sums)
        tables = [(BELIEF, c, self.scope[c])]
        if self.parent[c] >= 0:
            tables.append((SEPARATOR, c, self.separator[c]))
        for d in reversed(self.children[c]):
            inside = self.separator[d]
            fits = [t for t in tables if set(inside) <= set(t[2])]
            self._sum(min(fits, key=lambda t: self.size(t[2])), inside, SEPARATOR, d)
            tables.append((SEPARATOR, d, inside))
        for v in owed:
            kind, source = self.source[v]
            scope = self.scope[source] if kind == BELIEF else self.separator[source]
            self._sum((kind, source, scope), (v,), ANSWER, v)
        return first, len(self.sums)

    def _sum(self, source: tuple[int, int, Scope], inside: Scope, kind: int, number: int) -> None:
        scope = source[2]
        rest = tuple(v for v in scope if v not in inside)
        outer, inner = self._rows(inside, scope), self._rows(rest, scope)
        terms = np.add.outer(outer, inner).ravel()
        self.sums.append((source[0], source[1], kind, number, inner.size, self.summed))
        self.terms.append(terms)
        self.summed += terms.size


def joined(parts: Sequence[NDArray[np.uint32]]) -> NDArray[np.uint32]:
    """Return arrays one after the other."""
    return np.concatenate([np.zeros(0, np.uint32), *parts])


def compile_batch(net: NetworkArrays, plan: Plan) -> BatchProgram:
    """Return the batch program of a plan without evidence and without leaf queries.

    Raises
    ------
    ValueError
        If the plan has evidence or sets variables apart.
    """
    if plan.pattern.observed or plan.pattern.soft or plan.factors.queries:
        raise ValueError("a batch program needs a plan without evidence that holds all variables")
    return BatchCompiler(net, plan).run()
