"""Expectation-maximisation: figures that make the data most probable, prior knowledge included.

Each step sets every row to (ν θ⁰ + expected counts) / total, where θ⁰ are the network's own figures
and ν their equivalent sample size. It never lowers ln L(θ) + Σ ν θ⁰ ln θ (Dempster, Laird & Rubin
1977, doi:10.1111/j.2517-6161.1977.tb01600.x), which is the log posterior in the softmax basis
(MacKay 1998, doi:10.1023/A:1007558615313); of complete data one step gives the posterior means of
the Dirichlets.

Where much is missing such steps get short; two of them then tell how far to go (SQUAREM, scheme S3:
Varadhan & Roland 2008, doi:10.1111/j.1467-9469.2007.00585.x). A long step that lowers the objective
is not taken.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.results import Array
from fascinet.engine.learning.cases import Cases
from fascinet.engine.learning.expected import EStep, Expected, row_totals

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

Rows = NDArray[np.bool_]
Progress = Callable[[int, float], None]
NOTHING = 1e-9  # expected cases below which the data say nothing of a row


@dataclass(frozen=True, eq=False)
class Fit:
    """Where the iterations ended.

    Attributes
    ----------
    step : EStep
        At the learnt figures.
    expected : Expected
        The E-step at these figures.
    objective, log_likelihood : tuple of float
        ln L + Σ ν θ⁰ ln θ, and ln L, before each step and after the last.
    converged : bool
    """

    step: EStep
    expected: Expected
    objective: tuple[float, ...]
    log_likelihood: tuple[float, ...]
    converged: bool


def iterate(
    engine: "Engine", cases: Cases, pseudo: Array, free: Rows,
    iterations: int, tolerance: float, progress: Progress | None = None,
) -> Fit:  # fmt: skip
    """Return the figures that EM settles at.

    Parameters
    ----------
    engine : Engine
        Of the network to begin with.
    pseudo : array, shape (P,)
        ν θ⁰.
    free : array of bool, shape (R,)
        Rows that may change.
    tolerance : float
        Largest change of a figure at which it has converged.
    """
    climb = _Climb(engine, cases, pseudo, free, progress)
    while climb.steps < iterations:
        one = climb.step()
        if climb.change <= tolerance or climb.steps == iterations:
            break
        two = climb.step()
        if climb.change <= tolerance or climb.steps == iterations:
            break
        climb.leap(one, two)
    return Fit(
        climb.at, climb.found, tuple(climb.objectives), tuple(climb.logs),
        climb.change <= tolerance,
    )  # fmt: skip


class _Climb:
    """Figures on their way up, with the E-step at each point that is accepted."""

    def __init__(
        self, engine: "Engine", cases: Cases, pseudo: Array, free: Rows, progress: Progress | None
    ) -> None:
        self.pseudo, self.free, self.progress = pseudo, free, progress
        self.objectives, self.logs = list[float](), list[float]()
        self.steps, self.change = 0, np.inf
        self.visit(EStep(engine, cases))

    def visit(self, new: EStep, least: float = -np.inf) -> bool:
        """Take an E-step; stay where it is if the objective is below."""
        found = new.expected()
        height = found.log_likelihood + penalty(new, self.pseudo, self.free)
        if height < least:
            return False
        self.at, self.found = new, found
        self.objectives.append(height)
        self.logs.append(found.log_likelihood)
        if self.progress is not None:
            self.progress(self.steps, found.log_likelihood)
        return True

    def step(self) -> Array:
        """Take one step of EM; return where it led from."""
        here = self.at.values
        new = maximised(self.at, self.found.counts, self.pseudo, self.free)
        self.change = float(np.abs(new - here).max())
        self.visit(self.at.moved(new))
        self.steps += 1
        return here

    def leap(self, zero: Array, one: Array) -> None:
        """Go on from two steps, zero → one → here, as far as they point and the objective rises."""
        first, second = one - zero, self.at.values - one
        bend = second - first
        size = float(np.linalg.norm(bend))
        length = float(np.linalg.norm(first)) / size if size > 0.0 else 1.0
        while length > 1.0 + 1e-3:
            new = zero + 2.0 * length * first + length**2 * bend
            if (new[one > 0.0] > 0.0).all():  # figures stay probabilities: rows keep their sums
                if self.visit(self.at.moved(new), self.objectives[-1]):
                    self.steps += 1
                return
            length = (length + 1.0) / 2.0


def maximised(step: EStep, counts: Array, pseudo: Array, free: Rows) -> Array:
    """Return (pseudo-counts + counts) / total in each free row; the others as they are."""
    weight, figures = counts + pseudo, step.figures
    total = row_totals(figures, weight)
    moves = (free & (total > NOTHING))[figures.row]
    divisor = np.where(total > NOTHING, total, 1.0)[figures.row]
    return np.where(moves, weight / divisor, step.values)


def penalty(step: EStep, pseudo: Array, free: Rows) -> float:
    """Return Σ ν θ⁰ ln θ over the free rows."""
    some = (pseudo > 0.0) & free[step.figures.row] & (step.values > 0.0)
    return float(pseudo[some] @ np.log(step.values[some]))
