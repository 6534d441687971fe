"""Continuous nodes as states: their distribution between declared cut points, and what is lost.

The table of a node has, for each state of its parents, the mass between its cut points: the exact
integral of its distribution over where a continuous parent lies within its own state. That is its
marginal there (other parents taken as independent), by Gauss's rule in probability; half as many
points give the error that is told. What is lost is how a variable lies within its state: the share
of its variance between the states says how much remains.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import TypeAlias

import networkx as nx
import numpy as np

from fascinet.model.errors import FormatError, OptionError, shown
from fascinet.model.formats.common import ENTRY_LIMIT, Draft, warn
from fascinet.model.formats.equations import Fixed, Formula, Random
from fascinet.model.gates import Array, Gate

Cuts: TypeAlias = Mapping[str, Sequence[float] | int]
Where: TypeAlias = tuple[int | slice, ...]
POINTS = {0: 1, 1: 128, 2: 16, 3: 8}  # within each state of each of so many continuous parents
FINE, ROUGH = 16, 4  # points within a state for its mean, and of parents for a marginal
HALVINGS = 60
EMPTY = 1e-12  # mass of a state in which no point can be found
NEED = "give its cut points, or a number of quantiles: cuts={name: [1, 2]}"


@dataclass(frozen=True)
class Continuous:
    """A continuous node of a file.

    Attributes
    ----------
    variable : str
    parents : mapping of identifier to name
        In the order of the table.
    formulas : tuple of Formula
        One, or one for each joint state of the discrete parents, the last one fastest.
    mark : int
        Where it stands, for messages.
    """

    variable: str
    parents: Mapping[str, str]
    formulas: tuple[Formula, ...]
    mark: int


def cuts_of(draft: Draft, cuts: Cuts | None, variable: str, mark: int) -> tuple[float, ...] | int:
    """Return the declared cut points of a node, or how many states of equal mass it is to have.

    Raises
    ------
    FormatError
        If there are none, or they do not increase.
    """
    given = (cuts or {}).get(variable)
    if isinstance(given, int) and not isinstance(given, bool) and 2 <= given <= 100:
        return given
    if given is None:
        draft.fail(mark, f"{shown(variable)} is a continuous node: {NEED}")
    points = tuple(float(x) for x in given) if isinstance(given, list | tuple) else ()
    if not points or not np.isfinite(points).all() or any(a >= b for a, b in pairwise(points)):
        draft.fail(
            mark, f"cuts of {shown(variable)}: expected increasing numbers, or a number of states "
            f"from 2 to 100, got {shown(given)}"
        )  # fmt: skip
    return points


def check_used(cuts: Cuts | None, used: Sequence[str]) -> None:
    """Raise `OptionError` if cut points are declared for what is no continuous node."""
    for name in cuts or ():
        if name not in used:
            raise OptionError("continuous node to cut", name, used)


class Cutter:
    """Makes the tables of the continuous nodes of one draft, parents first.

    Parameters
    ----------
    draft : Draft
        With all states, parents and tables of the others; names of the nodes' states are set here.
    nodes : mapping of name to Continuous
    cuts : mapping of name to tuple of float, or to a number of states
    """

    def __init__(
        self, draft: Draft, nodes: Mapping[str, Continuous],
        cuts: Mapping[str, tuple[float, ...] | int],
    ) -> None:  # fmt: skip
        self.draft, self.nodes, self.asked = draft, nodes, cuts
        self.cuts: dict[str, tuple[float, ...]] = {}
        self.masses: dict[str, Array] = {}  # P(state), of discrete variables too
        self._within: dict[str, Callable[[int], Array]] = {}
        self.error = 0.0

    def run(self) -> None:
        """Make all tables; warn of what is lost."""
        kept: dict[str, float] = {}
        for v in self.order():
            if v in self.nodes:
                kept[v] = self.node(self.nodes[v])
            else:
                self.masses[v] = self.discrete(v)
        told = ", ".join(f"{v} keeps {share:.0%}" for v, share in kept.items())
        warn(
            f"{self.draft.file}: continuous nodes are cut into states; of the variance {told}; "
            f"tables within {self.error:.1g} of the integral"
        )

    def order(self) -> list[str]:
        """Return the continuous nodes and their ancestors, parents first."""
        draft = self.draft
        undone = [v for v in draft.states if v not in draft.parents]
        if undone:
            draft.fail(None, f"no table for {undone[0]!r}")
        graph = nx.DiGraph((u, v) for v, us in draft.parents.items() for u in us)
        graph.add_nodes_from(draft.states)
        if not nx.is_directed_acyclic_graph(graph):
            draft.fail(None, "the arcs form a cycle")
        wanted = set(self.nodes).union(*(nx.ancestors(graph, v) for v in self.nodes))
        return [v for v in nx.topological_sort(graph) if v in wanted]

    def discrete(self, v: str) -> Array:
        """Return the marginal of a discrete variable, its parents taken as independent."""
        gate: Gate | None = self.draft.gates.get(v)
        if gate is None:
            self.draft.fail(None, f"no table for {v!r}")
        shape = tuple(len(self.draft.states[u]) for u in (*self.draft.parents[v], v))
        if math.prod(shape) > ENTRY_LIMIT:
            self.draft.fail(None, f"the table of {v!r} is too large to cut what depends on it")
        table = gate.to_table()
        for u in self.draft.parents[v]:
            table = np.tensordot(self.masses[u], table, (0, 0))
        return table

    # ------------------------------------------------------------ one node

    def node(self, node: Continuous) -> float:
        """Make the table of a node; return the share of its variance that is kept."""
        v, mixture = node.variable, self.mixture(node)
        asked = self.asked[v]
        if isinstance(asked, int):
            quantiles = np.arange(1, asked) / asked
            points = tuple(float(x) for x in self.inverse(mixture, quantiles))
            if any(a >= b for a, b in pairwise(points)):
                self.draft.fail(node.mark, f"{v!r} is too certain for {asked} quantiles: give cuts")
        else:
            points = asked
        self.cuts[v] = points
        self.draft.states[v] = labels(points)
        self.draft.meta.setdefault(v, {})["cuts"] = ", ".join(f"{x:.17g}" for x in points)
        table = self.table(node)
        self.draft.table(v, table, node.mark)
        return self.place(v, mixture)

    def table(self, node: Continuous) -> Array:
        """Return P(state | states of the parents), and keep how far it may be off."""
        count = POINTS.get(sum(u in self.nodes for u in node.parents.values()), 1)
        fine, is_sharp = self.integral(node, count)
        rough, _ = self.integral(node, max(count // 2, 1))
        weights = np.polynomial.legendre.leggauss(count)[1] / 2
        # the mass of one point may fall on either side of a step
        off = float(weights.max()) if is_sharp and count > 1 else 0.0
        self.error = max(self.error, off, float(np.abs(fine - rough).max()))
        return fine

    def integral(self, node: Continuous, count: int) -> tuple[Array, bool]:
        """Return a table by so many points within each state, and whether it has steps."""
        parents = list(node.parents.values())
        mine = np.array(self.cuts[node.variable])
        found = np.empty([len(self.draft.states[u]) for u in parents] + [len(mine) + 1])
        axes = [k for k, u in enumerate(parents) if u in self.nodes]
        size = math.prod(found.shape) * count ** len(axes)
        if len(axes) not in POINTS or size > ENTRY_LIMIT:
            self.draft.fail(
                node.mark, f"{node.variable!r}: expected at most {max(POINTS)} continuous parents "
                f"and {ENTRY_LIMIT:,} points, got {len(axes)} and {size:,}"
            )  # fmt: skip
        weights = np.polynomial.legendre.leggauss(count)[1] / 2
        is_sharp = False
        for some, distribution in self.each(node, count):
            is_sharp |= isinstance(distribution, Fixed)
            shape = [s for k in axes for s in (found.shape[k], count)]
            below = np.broadcast_to(distribution.cdf(mine), (*shape, len(mine)))
            for k in range(len(axes)):  # states and points of each in turn: the points averaged
                below = np.tensordot(weights, below, (0, k + 1))
            edges = [np.zeros(below.shape[:-1]), *np.moveaxis(below, -1, 0)]
            masses = np.diff(np.stack([*edges, np.ones(below.shape[:-1])], axis=-1), axis=-1)
            found[some] = np.maximum(masses, 0.0)
        return found / found.sum(axis=-1, keepdims=True), is_sharp

    def each(self, node: Continuous, count: int) -> "Iterator[tuple[Where, Random | Fixed]]":
        """Yield where in a table, and the distribution at the points of the continuous parents."""
        idents = list(node.parents)
        flat = [u for u in idents if node.parents[u] not in self.nodes]
        wide = [u for u in idents if u not in flat]
        numbers: dict[str, Array] = {}
        for k, u in enumerate(wide):
            points = self.within(node.parents[u], count)
            numbers[u] = points.reshape(
                *[1] * 2 * k, *points.shape, *[1] * (2 * (len(wide) - k) - 1)
            )
        cards = [len(self.draft.states[node.parents[u]]) for u in flat]
        for i, states in enumerate(np.ndindex(*cards)):
            formula = node.formulas[i if len(node.formulas) > 1 else 0]
            chosen = dict(zip(flat, states, strict=True))
            try:
                distribution = formula.at(numbers, chosen)
            except (FormatError, OptionError) as error:
                self.draft.fail(node.mark, f"{node.variable!r}: {error}")
            yield tuple(chosen.get(u, slice(None)) for u in idents), distribution

    # ------------------------------------------------------------ marginals

    def mixture(self, node: Continuous) -> list[tuple[Array, Random | Fixed]]:
        """Return weights, and distributions, whose mixture is the node's marginal."""
        found: list[tuple[Array, Random | Fixed]] = []
        weights = np.polynomial.legendre.leggauss(ROUGH)[1] / 2
        wide = [u for u in node.parents.values() if u in self.nodes]
        for some, distribution in self.each(node, ROUGH):
            total: Array = np.ones(())
            for u, state in zip(node.parents.values(), some, strict=True):
                if u not in wide:
                    total = total * self.masses[u][state]
            for u in wide:
                total = np.multiply.outer(total, np.outer(self.masses[u], weights))
            found.append((total[..., None], distribution))
        return found

    @staticmethod
    def below(mixture: Sequence[tuple[Array, Random | Fixed]], x: Array) -> Array:
        """Return P(X < x) of a mixture."""
        parts = (w * np.broadcast_to(d.cdf(x), (*w.shape[:-1], len(x))) for w, d in mixture)
        return sum((p.reshape(-1, len(x)).sum(axis=0) for p in parts), np.zeros(len(x)))

    def inverse(self, mixture: Sequence[tuple[Array, Random | Fixed]], wanted: Array) -> Array:
        """Return the quantiles of a mixture, by halving."""
        reach = 1.0
        while reach < 1e30:
            ends = self.below(mixture, np.array([-reach, reach]))
            if ends[0] < wanted.min() and ends[1] > wanted.max():
                break
            reach *= 4.0
        low, high = np.full(len(wanted), -reach), np.full(len(wanted), reach)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            up = self.below(mixture, middle) < wanted
            low, high = np.where(up, middle, low), np.where(up, high, middle)
        return (low + high) / 2

    def place(self, v: str, mixture: Sequence[tuple[Array, Random | Fixed]]) -> float:
        """Find a node's points within its states; return the share of its variance that is kept."""
        cuts = np.array(self.cuts[v])
        edges = np.concatenate([[0.0], self.below(mixture, cuts), [1.0]])
        self.masses[v] = masses = np.diff(edges)
        self._within[v] = lru_cache(partial(self._points, cuts, edges, mixture))
        points = self.within(v, FINE)
        weights = np.polynomial.legendre.leggauss(FINE)[1] / 2
        means = points @ weights
        mean = float(masses @ means)
        total = float(masses @ ((points - mean) ** 2 @ weights))
        return float(masses @ (means - mean) ** 2) / total if total > 0.0 else 1.0

    def within(self, v: str, count: int) -> Array:
        """Return points of a node within each of its states, shape (states, count)."""
        return self._within[v](count)

    def _points(
        self, cuts: Array, edges: Array, mixture: Sequence[tuple[Array, Random | Fixed]], count: int
    ) -> Array:
        nodes = (np.polynomial.legendre.leggauss(count)[0] + 1) / 2
        wanted = edges[:-1, None] + np.diff(edges)[:, None] * nodes
        low, high = np.concatenate([cuts[:1], cuts]), np.concatenate([cuts, cuts[-1:]])
        points = np.repeat(((low + high) / 2)[:, None], count, axis=1)  # where there is no mass
        some = np.diff(edges) > EMPTY
        points[some] = self.inverse(mixture, wanted[some].ravel()).reshape(-1, count)
        return points


def labels(points: Sequence[float]) -> tuple[str, ...]:
    """Return the names of states between cut points.

    >>> labels([40, 60])
    ('<40', '40-60', '>=60')
    """
    middle = [f"{a:g}-{b:g}" for a, b in pairwise(points)]
    names = (f"<{points[0]:g}", *middle, f">={points[-1]:g}")
    if len(set(names)) == len(names):
        return names
    middle = [f"{a!r}-{b!r}" for a, b in pairwise(map(float, points))]
    return (f"<{float(points[0])!r}", *middle, f">={float(points[-1])!r}")
