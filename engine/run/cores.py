"""Rows whose findings differ, through few programs: what of a row needs a program of its own.

Of the findings of a network with gates few shape the work. With u the parents of a leaf X:

    X = 0, a noisy-MAX             P(X = 0 | u) = l(0) prod_i z_i(0 | u_i): a weight of each parent
    X a table of one parent        a weight of that parent
    X not observed                 nothing
    X > 0, a noisy-MAX             binds its parents: the *core* of the row

So rows share a program where they share the core; each brings its weights. A row whose core lies
within that of a program may use it too: the gates that it does not observe are silent there (see
`fascinet.engine.tables.arrays`). Rows of one program run eight side by side.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.run.loaded import Ints, Loaded
from fascinet.engine.run.solver import Solver
from fascinet.engine.tables.pattern import Pattern
from fascinet.model.gates import Array

Distinct: TypeAlias = Callable[[NDArray[np.int16]], tuple[Ints, Ints]]

BLOCK = 1024  # rows that one thread takes at a time
GROWS, WIDEST = 2, 12  # gates that a program may take in for one more core; gates of a program
LARGE = 100_000  # entries from which rows go one by one: eight tables do not fit the cache
SPLIT = 1_000_000  # entries from which cores are given smaller programs
LEAST = -900.0  # log2 of what the weights of a row must not come near


@dataclass
class Kind:
    """Rows that are alike.

    Attributes
    ----------
    core : frozenset of int
        Gates that they observe above state 0.
    fixed : frozenset of int
        What they observe above the leaves, and leaves that are tables of several parents.
    rows : int array
    """

    core: frozenset[int]
    fixed: frozenset[int]
    rows: Ints


@dataclass
class Cluster:
    """Kinds of rows that go through one program.

    Attributes
    ----------
    core : frozenset of int
        Gates that some of them observe above state 0.
    fixed : frozenset of int
        What all of them observe.
    kinds : list of Kind
    """

    core: frozenset[int]
    fixed: frozenset[int]
    kinds: list[Kind] = field(default_factory=list[Kind])

    def distance(self, kind: Kind) -> int:
        """Return by how many variables this would have to change to take a kind in."""
        return len(kind.core - self.core) + len(self.fixed - kind.fixed)

    def add(self, kind: Kind) -> None:
        """Take a kind in."""
        self.core |= kind.core
        self.fixed &= kind.fixed
        self.kinds.append(kind)


def cluster(kinds: Sequence[Kind], bound: frozenset[int], grows: int) -> list[Cluster]:
    """Bring kinds together: large cores first, so that most others lie within one of them.

    What is `bound` must be observed by all rows of a cluster or by none.
    """
    found: list[Cluster] = []
    for kind in sorted(kinds, key=lambda k: (-len(k.core), sorted(k.core), sorted(k.fixed))):
        near = [
            c for c in found
            if c.fixed & bound == kind.fixed & bound and c.distance(kind) <= grows
            and (kind.core <= c.core or (kind.core & c.core and len(kind.core | c.core) <= WIDEST))
        ]  # fmt: skip
        best = min(near, key=lambda c: (c.distance(kind), len(c.core)), default=None)
        if best is None:
            best = Cluster(kind.core, kind.fixed)
            found.append(best)
        best.add(kind)
    return found


class CoreBatch:
    """Answers the rows of one batch.

    Parameters
    ----------
    solver : Solver
        On the compiled core.
    states : array, shape (rows, variables)
        -1 for unknown.
    wanted : frozenset of int
        No leaf queries among them.
    answers : array, shape (rows, places) or (0, places)
    logs : array, shape (rows,)
        NaN for rows that must be answered alone.
    """

    def __init__(
        self, solver: Solver, states: NDArray[np.int16], wanted: frozenset[int], answers: Array,
        logs: Array,
    ) -> None:  # fmt: skip
        self.solver, self.net, self.states = solver, solver.net, states
        self.wanted, self.answers, self.logs = wanted, answers, logs
        seen = states >= 0
        self._findings = Findings(solver)
        gates = np.zeros(states.shape[1], bool)
        gates[list(solver.folder.rows)] = True
        leaf = np.array([not kids for kids in self.net.children], bool)
        single = np.array([len(us) <= 1 for us in self.net.parents], bool)
        some = seen.any(axis=0)
        bound = np.flatnonzero(leaf & ~gates & ~single & some)
        self._bound = frozenset(bound.tolist())
        self._inner = np.concatenate([np.flatnonzero(~leaf & some), bound])
        self._key = np.concatenate(
            [seen[:, self._inner], (states > 0) & gates], axis=1, dtype=np.int16
        )

    # ---------------------------------------------------------------- which program

    def jobs(self, distinct: Distinct) -> list[Callable[[], None]]:
        """Return what is to be done, in pieces that threads may take."""
        first, which = distinct(self._key)
        order = np.argsort(which, kind="stable")
        ends = np.searchsorted(which[order], np.arange(len(first) + 1))
        kinds: list[Kind] = []
        for p, row in enumerate(first):
            marks, core = np.split(self._key[row] > 0, [len(self._inner)])
            fixed = frozenset(self._inner[marks].tolist())
            rows = order[ends[p] : ends[p + 1]]
            kinds.append(Kind(frozenset(np.flatnonzero(core).tolist()), fixed, rows))
        parts = cluster(kinds, self._bound, GROWS)
        return [lambda part=part: self._run(part) for part in parts]

    def _run(self, part: Cluster) -> None:
        """Answer the rows of a cluster, or of the parts that it falls into."""
        observed = part.fixed | part.core
        weighed = frozenset(v for kind in part.kinds for v in kind.fixed) - part.fixed
        soft = (self._findings.spine | weighed) - observed
        none = frozenset[int]()
        # a wanted gate whose children are all left out must not become a leaf query
        pattern = Pattern(observed, none, soft, none, self.wanted, joint=self.wanted - observed)
        loaded = self._program(pattern)
        if loaded.program.entries > SPLIT and len(part.kinds) > 1:
            largest = max(len(kind.core) for kind in part.kinds)
            tops = [kind for kind in part.kinds if len(kind.core) == largest]
            rest = [kind for kind in part.kinds if len(kind.core) < largest]
            for some in (*cluster(tops, self._bound, 0), *cluster(rest, self._bound, 1)):
                self._run(some)
            return
        weighing = Weighing(self.solver, loaded, self._findings)
        rows = np.concatenate([kind.rows for kind in part.kinds])
        if part.core:
            rows = rows[np.lexsort(self.states[rows][:, sorted(part.core)].T)]
        for begin in range(0, len(rows), BLOCK):
            self._answer(loaded, weighing, part.core, rows[begin : begin + BLOCK])

    def _program(self, pattern: Pattern) -> Loaded:
        """Return the program of a pattern, with no places but for what is wanted."""
        whole = self.solver.program(pattern)
        nodes = whole.program.nodes.copy()
        nodes["place"][~np.isin(nodes["variable"], list(self.wanted))] = -1
        program = replace(whole.program, nodes=nodes)
        return Loaded(self.net, whole.plan, program, self.solver.core)

    # ---------------------------------------------------------------- its rows

    def _answer(
        self, loaded: Loaded, weighing: "Weighing", core: frozenset[int], rows: Ints
    ) -> None:
        states = self.states[rows]
        seen = np.maximum(states, 0).astype(np.int64)
        for g in core:  # silent where it is not observed above state 0
            seen[states[:, g] <= 0, g] = self.net.cards[g]
        weights, left_out = weighing(states)
        down = len(self.answers) > 0
        out = np.full((len(rows), int(self.net.starts[-1])), np.nan) if down else None
        if loaded.program.entries < LARGE:
            logs = np.empty(len(rows))
            self.solver.core.run_lanes(loaded.prepared, None, None, seen, weights, out, logs)
        else:
            logs = loaded.run_rows(seen, weights, out)
        logs += left_out
        self.logs[rows] = logs
        if out is not None:
            out[np.isneginf(logs)] = np.nan
            self.answers[rows] = out
            self._enter(rows, states)

    def _enter(self, rows: Ints, states: NDArray[np.int16]) -> None:
        """Write the posteriors of findings into the answers of possible rows."""
        possible = np.flatnonzero(~np.isneginf(self.logs[rows]))
        starts = self.net.starts
        self.answers[np.ix_(rows[possible], self.net.certain)] = 1.0
        for v in np.flatnonzero((states >= 0).any(axis=0)).tolist():
            mine = possible[states[possible, v] >= 0]
            self.answers[rows[mine], starts[v] : starts[v + 1]] = 0.0
            self.answers[rows[mine], starts[v] + states[mine, v]] = 1.0


class Findings:
    """How every finding that a row weight can stand for multiplies weights, whatever the program.

    Attributes
    ----------
    spine : frozenset of int
        Variables that findings at leaves weigh on.
    """

    def __init__(self, solver: Solver) -> None:
        net = solver.net
        found: list[tuple[int, int, int, int, float]] = []  # place, owner, variable, state, factor
        gates = solver.folder.rows
        for v, parents in enumerate(net.parents):
            at, m, blocks = int(net.starts[v]), net.cards[v], net.blocks[v]
            if v in gates:
                found.append((at, -1, -1, 0, float(net.base[blocks.leak])))
                for u, link in zip(parents, blocks.raw, strict=True):
                    none = net.base[link : link + m * net.cards[u] : m].tolist()
                    found += [(at, -1, u, t, x) for t, x in enumerate(none)]
            elif net.children[v]:
                found += [(at + s, v, v, t, 0.0) for s in range(m) for t in range(m) if t != s]
            elif len(parents) <= 1:
                table = net.base[blocks.offset : blocks.offset + net.family(v)].reshape(-1, m).T
                u = parents[0] if parents else -1
                found += [
                    (at + s, v, u, t, float(x)) for s in range(m) for t, x in enumerate(table[s])
                ]
        columns = list(zip(*found, strict=True)) if found else [()] * 5
        self.at, self.owner, self.variable, self.state = (
            np.array(x, np.int64) for x in columns[:4]
        )
        self.factor = np.array(columns[4], np.float64)
        leaves = np.array([not kids for kids in net.children], bool)
        own = (self.owner < 0) | leaves[self.owner]
        self.spine = frozenset(self.variable[own & (self.variable >= 0)].tolist())


class Weighing:
    """Turns findings into row weights of one program.

    Parameters
    ----------
    solver : Solver
    loaded : Loaded
    findings : Findings
    """

    def __init__(self, solver: Solver, loaded: Loaded, findings: Findings) -> None:
        net, program = solver.net, loaded.program
        self._core, self._starts = solver.core, net.starts
        self.width = int(program.sizes[2])
        kept = (findings.owner < 0) | ~program.observed[findings.owner]
        at, variable = findings.at[kept], findings.variable[kept]
        start = np.append(program.weights, self.width)  # -1: what depends on no variable
        size = self.width + 1
        self._aside: list[tuple[int, int]] = []  # observed parents, and where their weights stand
        for u in np.unique(variable[start[variable] < 0]).tolist():
            start[u] = size
            self._aside.append((u, size))
            size += net.cards[u]
        self._size = size
        self._place, self._factor = start[variable] + findings.state[kept], findings.factor[kept]
        self._rows = np.searchsorted(at, np.arange(int(net.starts[-1]) + 1)).astype(np.int64)
        low = np.log2(np.where(self._factor > 0.0, self._factor, 1.0))
        self._low = np.zeros(len(self._rows) - 1)
        np.minimum.at(self._low, at, low)

    def __call__(self, states: NDArray[np.int16]) -> tuple[Array, Array]:
        """Return the weights of rows, and ln of what stands beside them; NaN if out of range."""
        all_ = np.empty((len(states), self._size))
        first = self._starts[:-1]
        self._core.weigh_rows(
            np.ascontiguousarray(states), first, self._rows, self._place, self._factor, all_
        )
        constant = all_[:, self.width].copy()
        for u, at in self._aside:
            beside = all_[np.arange(len(states)), at + np.maximum(states[:, u], 0)]
            constant *= np.where(states[:, u] >= 0, beside, 1.0)
        with np.errstate(divide="ignore"):
            logs = np.log(constant)
        low = np.where(states >= 0, self._low[first + np.maximum(states, 0)], 0.0).sum(axis=1)
        logs[low < LEAST] = np.nan
        return np.ascontiguousarray(all_[:, : self.width]), logs
