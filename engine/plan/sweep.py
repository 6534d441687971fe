"""Elimination orders that sweep: all accumulators of a gate stay in one place.

On a tree, two accumulators of a gate that come from two branches are merged, and with F gates at
once a merge has 4^F entries. A sweep never merges: when a parent of a gate is eliminated, all that
holds the gate's accumulator comes along, so each gate is one chain. The cliques of a sweep have the
gates that are open at that point and the variables that are alive, as in a path decomposition
(Kinnersley 1992, "The vertex separation number of a graph equals its path-width"). With many
positive findings at once a good sweep is smaller than the tree by orders of magnitude; with few,
the tree is.

The order is found by local search: units (a variable, with those that depend on it alone) are moved
about; a move is kept if the sum of the square roots of all cliques' sizes falls, or rises by less
than a threshold that falls with time (Dueck & Scheuer 1990, "Threshold accepting"). The root lets
not the widest clique count alone. `search_sweep` is the twin of `core/sweep.h`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.plan.gate_problem import GateProblem, Numbered
from fascinet.engine.plan.order import Ints, bits, mask_of, uniform

MOST_GATES = 64  # a word of the compiled twin holds a set of gates
ROUNDS, HEAT, SEED = 5000, 0.1, 1
LONG = 2.0**22  # work from which a second, longer search pays
# Where many runs follow: a round for so many entries of the tree, if a short search came so near.
PRICE, MOST_ROUNDS, NEAR = 100.0, 80_000, 2.0
Words = NDArray[np.uint64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SweepProblem:
    """The search's numbers: variables 0 ... n - 1, gates 0 ... m - 1, sets as words of 64 bits.

    Attributes
    ----------
    names : tuple of int
        The network's number of each variable.
    scopes : word array, shape (factors, words)
    gates_of : word array, shape (n,)
        The gates that each variable is a free parent of.
    parents : int array, shape (m,)
        How many free parents each gate has.
    becomes : int array, shape (m,)
        The variable that a gate's last accumulator is, -1 if it is observed.
    states, accumulator_states : float arrays
    start, values : int arrays
        Units as compressed rows: variables that are eliminated right after one another.
    """

    names: tuple[int, ...]
    scopes: Words
    gates_of: Words
    parents: Ints
    becomes: Ints
    states: Floats
    accumulator_states: Floats
    start: Ints
    values: Ints


def sweep_problem(problem: GateProblem, depths: list[int]) -> SweepProblem:
    """Return what the search reads of a problem.

    Parameters
    ----------
    problem : GateProblem
    depths : list of int
        The longest way from a root to each variable of the network.
    """
    numbered = Numbered(problem)
    count = len(numbered.names)
    scopes = list(dict.fromkeys(tuple(s) for s in numbered.scopes if len(s) > 1))
    free = [
        [numbered.place[k.parent] for k in numbered.links[a:b] if not numbered.observed[k.parent]]
        for _, a, b, *_ in numbered.gates
    ]
    gates_of = [0] * count
    for g, parents in enumerate(free):
        for u in parents:
            gates_of[u] |= 1 << g
    becomes = [numbered.place.get(v, -1) for v, *_ in numbered.gates]
    units = _units(scopes, set(becomes), [depths[v] for v in numbered.names])
    words = (count + 63) // 64
    masks = [mask_of(s) for s in scopes]
    rows = [[m >> 64 * w & (1 << 64) - 1 for w in range(words)] for m in masks]
    states = [numbered.states[v] for v in numbered.names]
    through = [2 if b < 0 else states[b] for b in becomes]
    return SweepProblem(
        tuple(numbered.names),
        np.array(rows, np.uint64).reshape(len(scopes), words),
        np.array(gates_of, np.uint64),
        np.array([len(parents) for parents in free], np.int64),
        np.array(becomes, np.int64),
        np.array(states, np.float64),
        np.array(through, np.float64),
        np.cumsum([0, *map(len, units)]).astype(np.int64),
        np.array([v for unit in units for v in unit], np.int64),
    )


def _units(scopes: Sequence[Sequence[int]], gates: set[int], depths: list[int]) -> list[list[int]]:
    """Return units, roots first: a variable that depends on one other goes right before it."""
    near: list[set[int]] = [set() for _ in depths]
    for scope in scopes:
        for v in scope:
            near[v] |= {u for u in scope if u != v}
    hangs = {v: next(iter(n)) for v, n in enumerate(near) if len(n) == 1 and v not in gates}
    hangs = {v: on for v, on in hangs.items() if on not in hangs}
    members: dict[int, list[int]] = {v: [] for v in range(len(near)) if v not in hangs}
    for v, on in hangs.items():
        members[on].append(v)
    heads = sorted(members, key=lambda v: (depths[v], v))
    return [[*members[v], v] for v in heads]


class _Play:
    """Plays a sweep through to price it."""

    def __init__(self, problem: SweepProblem) -> None:
        self.scopes = [int.from_bytes(row.tobytes(), "little") for row in problem.scopes]
        self.gates_of, self.parents = problem.gates_of.tolist(), problem.parents.tolist()
        self.becomes, self.states = problem.becomes.tolist(), problem.states.tolist()
        self.through = problem.accumulator_states.tolist()
        self.waits = mask_of(
            b for b, n in zip(self.becomes, self.parents, strict=True) if n and b >= 0
        )

    def size(self, variables: int, gates: int) -> float:
        """Return the entries of a clique."""
        product = 1.0
        for v in bits(variables):
            product *= self.states[v]
        for g in bits(gates):
            product *= self.through[g]
        return product

    def play(self, order: list[int], roots: bool, bound: float = inf) -> tuple[float, list[int]]:
        """Return the sum of the cliques' sizes, or of their roots, and the order as it was played.

        Past `bound` it breaks off. A variable that stands before a parent of its own gate waits.
        """
        buckets = [(scope, 0) for scope in self.scopes]
        left, unready, waiting = list(self.parents), self.waits, 0
        made, total, at = list[int](), 0.0, 0
        while len(made) < len(order):
            ready = waiting & ~unready
            if ready:
                v = (ready & -ready).bit_length() - 1
                waiting &= ~(1 << v)
            else:
                while unready >> order[at] & 1:
                    waiting |= 1 << order[at]
                    at += 1
                v = order[at]
                at += 1
            mine = self.gates_of[v]
            clique, gates, kept = 1 << v, mine, list[tuple[int, int]]()
            for variables, held in buckets:
                if variables >> v & 1 or held & mine:
                    clique |= variables
                    gates |= held
                else:
                    kept.append((variables, held))
            entries = self.size(clique, gates) * (2.0 if mine else 1.0)
            total += sqrt(entries) if roots else entries
            if total > bound:
                return total, made
            clique &= ~(1 << v)
            for g in bits(mine):
                left[g] -= 1
                if not left[g]:
                    gates &= ~(1 << g)
                    if self.becomes[g] >= 0:
                        clique |= 1 << self.becomes[g]
                        unready &= ~(1 << self.becomes[g])
            buckets = [*kept, (clique, gates)]
            made.append(v)
        return total, made


def search_sweep(
    problem: SweepProblem, rounds: int = ROUNDS, heat: float = HEAT, seed: int = SEED
) -> tuple[Ints, float]:
    """Return the best order found, and its work."""
    board = _Play(problem)
    ends, flat = problem.start.tolist(), problem.values.tolist()
    units = [flat[a:b] for a, b in zip(ends, ends[1:], strict=False)]
    numbers = uniform(seed)

    def below(n: int) -> int:
        return int(next(numbers) * n)

    current = list(range(len(units)))
    cost, best = board.play([v for u in current for v in units[u]], True)
    least = cost
    for k in range(1, rounds + 1):
        run = 1 if next(numbers) < 0.6 else 1 + below(4)
        run = min(run, len(units))
        a, b = below(len(units) - run + 1), below(len(units) - run + 1)
        others = current[:a] + current[a + run :]
        trial = others[:b] + current[a : a + run] + others[b:]
        cooled = 1.0 - k / (rounds + 1)
        bound = cost * (1.0 + heat * cooled * next(numbers))
        value, made = board.play([v for u in trial for v in units[u]], True, bound)
        if value > bound:
            continue
        current, cost = trial, value
        if cost < least:
            least, best = cost, made
    return np.array(best, np.int64), board.play(best, False)[0]
