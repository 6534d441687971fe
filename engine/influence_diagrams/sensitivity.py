"""At which value of a figure the best decisions change.

P(e) times the expected utility of fixed policies is linear in each probability (the rest of its row
moved in proportion) and in each number of a utility. The best policies are the maximum of such
lines, which is convex: the present ones are best on an interval. Its ends are found by cutting
planes: solve at the far end, go to where the line of what is best there crosses the present one,
solve again there, until nothing is better.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.covariation import vary
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.results import Columns, Result
from fascinet.engine.influence_diagrams.limid import Policies, weighed
from fascinet.engine.influence_diagrams.potentials import Factor
from fascinet.engine.influence_diagrams.solution import Solution
from fascinet.engine.influence_diagrams.solving import solve
from fascinet.model.diagram import InfluenceDiagram, Utility, utility_of
from fascinet.model.errors import ImpossibleEvidenceError, OptionError

Vary = Callable[[float], InfluenceDiagram]
Change = tuple[float, str]  # the value, and what is chosen otherwise beyond it
EQUAL = 1e-9  # relative difference below which two expected utilities are one
INNER = 1e-6  # how far within its range a figure of 0 or 1 is tried
NEAR = 1e-9  # how far from an end to look where the end itself is impossible
FAR = 1e4  # how far a utility may move, in spreads of all utilities
STEPS = 100


@dataclass(frozen=True)
class Range:
    """One figure, and where the present policies remain the best.

    Attributes
    ----------
    kind : {"probability", "utility"}
    name, state : str
        P(name = state | parents), or the utility `name` (no state).
    parents : dict of str to str
    value : float
    low, high : float
        The interval; NaN where no value of the figure changes a decision.
    below, above : str
        The first decision that changes beyond it, and how.
    """

    kind: str
    name: str
    state: str
    parents: dict[str, str]
    value: float
    low: float
    high: float
    below: str
    above: str

    @property
    def nearest(self) -> float:
        """How far the figure is from a change, infinite where there is none."""
        gaps = [abs(x - self.value) for x in (self.low, self.high) if x == x]
        return min(gaps, default=float("inf"))


@dataclass(frozen=True, eq=False, repr=False)
class DecisionSensitivity(Result):
    """Where the best decisions change, a row a figure, the nearest change first.

    Attributes
    ----------
    ranges : tuple of Range
    """

    ranges: tuple[Range, ...]

    def columns(self) -> Columns:
        """Return one row a figure."""
        names = ("kind", "name", "state", "parents", "value", "low", "high", "below", "above")
        return {name: [getattr(r, name) for r in self.ranges] for name in names}

    def title(self) -> str:
        """Return how many figures could change a decision."""
        some = sum(r.nearest < float("inf") for r in self.ranges)
        return f"{some} of {len(self.ranges)} figures can, alone, change a decision"


def sensitivity(solution: Solution) -> DecisionSensitivity:
    """Return the interval of every figure on which the policies remain the best.

    Raises
    ------
    OptionError
        If the solution is not exact, or a utility is part of several super-value nodes.
    """
    if not solution.exact:
        raise OptionError("solution", "single policy updating", ["one that is exact"])
    found = [*_probabilities(solution), *_utilities(solution)]
    # nearness in units of each kind: a probability, the spread of the utilities
    spread = _spread(solution.diagram)
    scale = {"probability": 1.0, "utility": spread}
    found.sort(key=lambda r: r.nearest / scale[r.kind])
    return DecisionSensitivity(tuple(found))


def _probabilities(solution: Solution) -> Iterator[Range]:
    diagram = solution.diagram
    figures = parameters_of(diagram.network)
    for index in figures.free.tolist():
        variable, state, parents = figures.labels[index]
        if variable in diagram.decisions:
            continue
        where, entry = figures.place(index)

        def moved(x: float, where: slice = where, entry: int = entry) -> InfluenceDiagram:
            values = figures.values.copy()
            values[where] = vary(values[where], entry, x)
            return diagram.replace(network=figures.rebuild(values))

        value = float(figures.values[index])
        low, high = _interval(solution, moved, value, 0.0, 1.0)
        yield Range("probability", variable, state, dict(parents), value, low[0], high[0],
                    low[1], high[1])  # fmt: skip


def _utilities(solution: Solution) -> Iterator[Range]:
    diagram, network = solution.diagram, solution.diagram.network
    reach = FAR * _spread(diagram)
    for name, utility in diagram.utilities.items():
        if not isinstance(utility, Utility):
            continue
        _check_once(diagram, name)
        for at in np.ndindex(*utility.values.shape):

            def moved(
                x: float, at: Any = at, name: str = name, utility: Utility = utility
            ) -> InfluenceDiagram:
                values = utility.values.copy()
                values[at] = x
                new = {**diagram.utilities, name: utility_of(utility.parents, values)}
                return diagram.replace(utilities=new)

            value = float(utility.values[at])
            low, high = _interval(solution, moved, value, value - reach, value + reach)
            states = {u: network.states(u)[k] for u, k in zip(utility.parents, at, strict=True)}
            yield Range("utility", name, "", states, value, low[0], high[0], low[1], high[1])


def _check_once(diagram: InfluenceDiagram, name: str) -> None:
    """Raise if a utility counts in more than one way: it may be squared then."""
    held = [k for k, u in diagram.utilities.items() if not isinstance(u, Utility)
            and name in u.parts]  # fmt: skip
    if len(held) > 1:
        raise OptionError(
            "utility", f"{name}, a part of {', '.join(held)}", ["a part of one alone"]
        )
    for k in held:
        _check_once(diagram, k)


def _spread(diagram: InfluenceDiagram) -> float:
    return max((float(np.ptp(u.values)) for u in diagram.terms), default=0.0) or 1.0


def _interval(
    solution: Solution, moved: Vary, value: float, low: float, high: float
) -> tuple[Change, Change]:
    """Return how far a figure can go down and up before the best policies change."""
    present = _line(solution, solution.policies, moved, low, high)
    if value in (low, high):  # what cannot come about yet has no best choice: take that nearby
        near = _solved(solution, moved, value + INNER * (low + high - 2.0 * value), value)
        line = _line(solution, near.policies, moved, low, high)
        if abs(_at(line, value) - _at(present, value)) <= EQUAL * max(abs(_at(line, value)), 1.0):
            solution, present = replace(solution, policies=near.policies), line
    return tuple(_end(solution, moved, present, value, end, (low, high)) for end in (low, high))  # pyright: ignore[reportReturnType]


def _end(
    solution: Solution, moved: Vary, present: "tuple[float, float]", value: float, end: float,
    ends: tuple[float, float],
) -> Change:  # fmt: skip
    x, change = end, ""
    for _ in range(STEPS):
        better = _solved(solution, moved, x, value)
        line = _line(solution, better.policies, moved, *ends)
        gap = _at(line, x) - _at(present, x)
        if gap <= EQUAL * max(abs(_at(present, x)), abs(_at(line, x)), 1e-12) or x == value:
            break
        change = _difference(solution, better)
        there = gap - (_at(line, value) - _at(present, value))  # by how much it grows on the way
        crossing = x - gap * (x - value) / there
        if not min(value, x) <= crossing <= max(value, x) or abs(x - crossing) < 1e-15:
            break
        x = crossing
    return (x, change) if change else (float("nan"), "")


def _solved(solution: Solution, moved: Vary, x: float, value: float) -> Solution:
    try:
        return solve(moved(x), solution.evidence)
    except ImpossibleEvidenceError:
        return solve(moved(x + NEAR * (value - x)), solution.evidence)


def _line(
    solution: Solution, policies: Policies, moved: Vary, low: float, high: float
) -> tuple[float, float]:
    """Return intercept and slope of P(e) times the expected utility of policies."""
    first, last = (weighed(moved(x), policies, solution.evidence)[1] for x in (low, high))
    slope = (last - first) / (high - low)
    return first - slope * low, slope


def _at(line: tuple[float, float], x: float) -> float:
    return line[0] + line[1] * x


def _difference(old: Solution, new: Solution) -> str:
    """Return the first decision that is taken otherwise, as text."""
    network = old.diagram.network
    for d in old.diagram.order:
        one, two = old.policies[d], new.policies[d]
        scope = tuple(dict.fromkeys((*one.scope, *two.scope)))
        choices = [Factor(p.scope, p.choice.astype(float)).over(scope) for p in (one, two)]
        able = [Factor(p.scope, p.possible.astype(float)).over(scope) for p in (one, two)]
        differ: NDArray[np.bool_] = (choices[0] != choices[1]) & (able[0] * able[1] > 0.0)
        if not differ.any():
            continue
        at = np.unravel_index(int(np.argmax(differ)), differ.shape)
        full = np.broadcast_to(choices[1], differ.shape)
        known = [f"{v}={network.states(v)[int(k)]}" for v, k in zip(scope, at, strict=True)]
        told = f" given {', '.join(known)}" if known else ""
        return f"{d}={network.states(d)[int(full[at])]}{told}"
    return "another policy"
