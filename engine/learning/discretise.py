"""Numbers to states: by cut points or quantiles, with what is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.results import Array, Columns, Result
from fascinet.engine.api.frame_codes import opened
from fascinet.model.arguments import mapping_of
from fascinet.model.errors import EvidenceError, OptionError, shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Discretised(Result):
    """A frame with states for numbers.

    Attributes
    ----------
    frame : DataFrame
        Cells of the columns named are states, None where the number was missing.
    cuts : mapping of column to tuple of float
        A number goes to the state after as many cut points as it reaches (x ≥ cut).
    states : mapping of column to tuple of str
    kept : mapping of column to float
        Share of the numbers' variance that lies between the states, 0 to 1: what the states still
        tell of the numbers (1 if there is no variance).
    """

    frame: "pd.DataFrame"
    cuts: Mapping[str, tuple[float, ...]]
    states: Mapping[str, tuple[str, ...]]
    kept: Mapping[str, float]

    def apply(self, frame: Any) -> "Discretised":
        """Return other data cut at the same points."""
        return discretise(frame, self.cuts, labels=self.states)

    def columns(self) -> Columns:
        """Return one row a column."""
        return {
            "column": list(self.cuts),
            "states": [", ".join(s) for s in self.states.values()],
            "kept": list(self.kept.values()),
        }

    def title(self) -> str:
        """Return what was done."""
        return f"{len(self.cuts)} columns cut into states; kept: share of the variance between them"


def discretise(
    frame: Any,
    cuts: Mapping[str, Sequence[float] | int],
    *,
    labels: Mapping[str, Sequence[str]] | None = None,
) -> Discretised:
    """Turn columns of numbers into states.

    Parameters
    ----------
    frame : DataFrame
    cuts : mapping of column to increasing cut points, or to a number of states
        A number of states means quantiles: about equally many cases in each.
    labels : mapping of column to states, optional
        One more than cut points; default: ``<40``, ``40-60``, ``>=60``.

    Returns
    -------
    Discretised
        The frame, the cut points (`apply` uses them on other data), and the share of each column's
        variance that is kept.

    Raises
    ------
    OptionError
        If a column is not there.
    EvidenceError
        If a cell is no number, with its row; or the cut points do not increase.

    Examples
    --------
    >>> import fascinet as fn, pandas as pd
    >>> people = pd.DataFrame({"age": [31, 45, 72, None], "sex": ["f", "m", "f", "m"]})
    >>> found = fn.discretise(people, {"age": [40, 60]})
    >>> found.frame["age"].tolist(), round(found.kept["age"], 2)
    (['<40', '40-60', '>=60', None], 1.0)
    """
    import pandas as pd

    mapping_of("cuts", cuts, "column to cut points")
    if labels is not None:
        mapping_of("labels", labels, "column to states")
    out: Any = opened(frame).to_pandas().copy()
    edges, states, kept = dict[str, tuple[float, ...]](), dict[str, tuple[str, ...]](), {}
    for column, given in cuts.items():
        if column not in out.columns:
            raise OptionError("column to cut", column, map(str, out.columns))
        values = _numbers(out[column], column)
        points = edges[column] = _cuts(values, given, column)
        names = states[column] = _labels(points, (labels or {}).get(column), column)
        known = ~np.isnan(values)
        place = np.searchsorted(points, values, side="right")
        cells = np.array(names, dtype=object)[np.where(known, place, 0)]
        cells[~known] = None
        out[column] = pd.Series(cells, index=out.index, dtype=object)
        kept[column] = _between(values[known], place[known])
    for column in labels or ():
        if column not in cuts:
            raise OptionError("column with labels", column, cuts)
    return Discretised(out, edges, states, kept)


def _numbers(cells: Any, column: str) -> Array:
    """Return a column as numbers, NaN where it is missing."""
    values = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if cell is None or cell != cell or cell == "":
            continue
        try:
            values[row] = float(cell)
        except (TypeError, ValueError):
            raise EvidenceError(
                f"column {column!r}, row {row + 1}: expected a number, got {shown(cell)}"
            ) from None
    return values


def _cuts(values: Array, given: Sequence[float] | int, column: str) -> tuple[float, ...]:
    if isinstance(given, int) and not isinstance(given, bool):
        known = values[np.isfinite(values)]
        if given < 2 or not len(known):
            raise EvidenceError(f"column {column!r}: expected 2 states or more of some numbers")
        points = np.quantile(known, np.arange(1, given) / given).tolist()
        if len(set(points)) < len(points) or points[0] <= known.min():
            raise EvidenceError(
                f"column {column!r}: too few different numbers for {given} states; give cut points"
            )
        return tuple(points)
    points = [float(x) for x in given] if isinstance(given, Sequence) else []
    if not points or not np.isfinite(points).all() or any(a >= b for a, b in pairwise(points)):
        raise EvidenceError(
            f"column {column!r}: expected increasing cut points, got {shown(given)}"
        )
    return tuple(points)


def _labels(points: tuple[float, ...], given: Sequence[str] | None, column: str) -> tuple[str, ...]:
    if given is None:
        middle = [f"{a:g}-{b:g}" for a, b in pairwise(points)]
        given = [f"<{points[0]:g}", *middle, f">={points[-1]:g}"]
    names = tuple(given)
    if len(set(names)) < len(names) or len(names) != len(points) + 1:
        raise EvidenceError(
            f"column {column!r}: expected {len(points) + 1} different labels, got {shown(names)}"
        )
    return names


def _between(values: Array, place: Any) -> float:
    """Return the share of the variance that lies between the states."""
    finite = np.isfinite(values)
    values, place = values[finite], place[finite]
    total = float(((values - values.mean()) ** 2).sum()) if len(values) else 0.0
    if total <= 0.0:
        return 1.0
    within = sum(
        float(((values[place == k] - values[place == k].mean()) ** 2).sum())
        for k in np.unique(place)
    )
    return 1.0 - within / total
