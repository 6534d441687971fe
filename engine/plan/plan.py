"""The plan of an evidence pattern: factors and an elimination order, before any number is read."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fascinet.engine.plan.order import Elimination
from fascinet.engine.tables.factors import Factors
from fascinet.engine.tables.pattern import Pattern


@dataclass(frozen=True, eq=False)
class Plan:
    """A junction tree for one pattern of evidence; print it to see how large it is.

    Attributes
    ----------
    pattern : Pattern
    factors : Factors
    elimination : Elimination
    """

    pattern: Pattern
    factors: Factors
    elimination: Elimination

    @property
    def entries(self) -> float:
        """Entries of all tables."""
        return self.elimination.work

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """How many variables each table has."""
        return tuple((np.diff(self.elimination.start) + 1).tolist())

    @property
    def largest(self) -> int:
        """Variables of the widest table."""
        return max(self.widths, default=0)

    @cached_property
    def sizes(self) -> tuple[float, ...]:
        """Entries of each table."""
        cards = self.factors.cards.astype(np.float64)
        found = self.elimination
        logs = np.zeros(len(found.neighbours) + 1)
        np.cumsum(np.log2(cards[found.neighbours]), out=logs[1:])
        separators = logs[found.start[1:]] - logs[found.start[:-1]]
        return tuple(np.rint(cards[found.order] * 2.0**separators).tolist())

    def __str__(self) -> str:
        return (
            f"Plan: {len(self.elimination.order)} free variables, {len(self.factors)} factors, "
            f"widest table {self.largest} variables, "
            f"largest {max(self.sizes, default=1):,.0f} entries, {self.entries:,.0f} entries in "
            f"all, {len(self.factors.queries)} leaf queries"
        )
