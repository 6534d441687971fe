"""What every result of an analysis can do: a frame, JSON, a readable repr.

A result is a frozen record. A subclass says its rows once, in `columns`; the frame, the JSON, the
repr and the HTML follow from it.
"""

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fascinet.model.lazy import Lazy
from fascinet.model.plural import counted

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

report_charts_room = Lazy("fascinet.engine.display.report_charts")
charts_room = Lazy("fascinet.engine.display.charts")
reports_room = Lazy("fascinet.engine.display.reports")

Array = NDArray[np.float64]
Columns: TypeAlias = dict[str, Any]  # name → one value a row
SHOWN = 12
NOISE = 1e-12  # below it a number is rounding
DB_PER_NAT = 10.0 / math.log(10.0)


def frozen(values: ArrayLike) -> Array:
    """Return a read-only float64 array."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


def plain(value: Any) -> Any:
    """Return `value` as JSON knows it: arrays as lists, NaN and infinities as None."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.bool_ | bool):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.floating | float):
        return float(value) if math.isfinite(value) else None
    return value


class Result:
    """Base of all results; subclasses are frozen dataclasses with `columns` and `title`."""

    def columns(self) -> Columns:
        """Return the rows of the result, column by column."""
        raise NotImplementedError

    def title(self) -> str:
        """Return one line that says what the result is about."""
        return type(self).__name__

    def summary(self) -> dict[str, Any]:
        """Return the figures of the result that are not rows."""
        return {}

    def to_frame(self) -> "pd.DataFrame":
        """Return the rows as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(dict(self.columns()))

    def shown(self) -> "pd.DataFrame":
        """Return the rows as they are printed: what matters first."""
        return self.to_frame()

    def to_json(self, indent: int | None = None) -> str:
        """Return title, summary and rows as a JSON text; NaN and infinities become null."""
        columns = self.columns()
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        content = {"analysis": type(self).__name__, **self.summary(), "rows": rows}
        return json.dumps(plain(content), indent=indent)

    def plot(self, count: int = 15) -> Any:
        """Return an Altair chart of the first `count` rows."""
        return report_charts_room.report_chart(self, count)

    def save(self, path: "str | Path") -> None:
        """Write the chart as .svg or .png, or the table as an .html page, without a browser."""
        if charts_room.check_kind(path).suffix == ".html":
            charts_room.save_html(self._repr_html_(), path)
        else:
            charts_room.save_chart(self.plot(), path)

    def __repr__(self) -> str:
        frame = self.shown()
        rest = len(frame) - SHOWN
        more = f"\n… and {counted(rest, 'more row')}" if rest > 0 else ""
        cells = frame.head(SHOWN).to_string(index=False, float_format=_number)
        return f"{self.title()}\n{cells if len(frame) else '(no rows)'}{more}"

    def _repr_html_(self) -> str:
        return reports_room.rows_html(self.title(), self.shown())


def _number(x: float) -> str:
    return "0" if abs(x) < NOISE else f"{x:.4g}"
