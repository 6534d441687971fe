"""Writing results: JSON alone on standard output, or tables for people."""

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from fascinet.streams import is_unicode


def print_json(value: Any) -> None:
    """Write one JSON value, NaN as null."""
    json.dump(_plain(value), sys.stdout, indent=1, ensure_ascii=not is_unicode(), allow_nan=False)
    sys.stdout.write("\n")


def _plain(value: Any) -> Any:
    """Return the value with NumPy numbers as numbers, and NaN and infinities as None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return None
    return value


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    optional: Sequence[str] = (),
) -> None:
    """Write a table in which no word is broken; text is left-aligned, numbers are right-aligned.

    Parameters
    ----------
    optional : sequence of str
        Columns that are left out, the first first, until the others fit the width.
    """
    from rich import box
    from rich.table import Table

    screen, cells = console(), [list(row) for row in rows]
    shown = fitting(columns, cells, optional, screen.width)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, width in shown.items():
        side = "right" if is_numeric([row[columns.index(name)] for row in cells]) else "left"
        table.add_column(name.replace("_", " "), justify=side, overflow="fold", width=width)
    for row in cells:
        table.add_row(*(row[columns.index(name)] for name in shown))
    screen.print(table)


def fitting(
    columns: Sequence[str], rows: Sequence[Sequence[str]], optional: Sequence[str], width: int
) -> dict[str, int]:
    """Return the columns that fit a width, each with its own; none narrower than its words.

    >>> fitting(["cause", "note"], [["long names", "x"]], ["note"], 12)
    {'cause': 9}
    """
    least, most = dict[str, int](), dict[str, int]()
    for i, name in enumerate(columns):
        texts = [row[i] for row in rows]
        words = [w for t in texts for w in ([t] if is_numeric(texts) else t.split())]
        least[name] = max(map(len, [*name.replace("_", " ").split(), *words]))
        most[name] = max(map(len, [name, *texts]))
    kept = list(columns)
    for name in optional:
        if name in kept and sum(least[n] for n in kept) + GAP * len(kept) > width:
            kept.remove(name)
    out = {name: most[name] for name in kept}
    while sum(out.values()) + GAP * len(kept) > width:
        wide = [name for name in kept if out[name] > least[name]]
        if not wide:
            break
        out[max(wide, key=out.__getitem__)] -= 1
    return out


GAP = 3  # what a cell takes beside its text
NUMBER = re.compile(r"[<>]?[+-]?\d[\d,.]*(e[+-]?\d+)?%?|nan|[+-]?inf")


def is_numeric(cells: Sequence[str]) -> bool:
    """Whether a column holds numbers, or ranges of them, alone.

    >>> is_numeric(["1.5e-07", "<0.1%", "<0.1–25.0%", "+3", ""]), is_numeric(["40-59", "men"])
    (True, False)
    """
    parts = [part for cell in cells for part in cell.split("–") if part]
    return bool(parts) and all(NUMBER.fullmatch(part) for part in parts)


def console() -> Any:
    """Return the console of standard output: as wide as the terminal or COLUMNS, else 110."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 110
    return Console(width=width, highlight=False, soft_wrap=False)


def say(text: str) -> None:
    """Write a line for people, without markup."""
    console().print(text, markup=False)


def percent(p: float) -> str:
    """Return a probability as a percentage that never shows a false certainty.

    >>> percent(0.123), percent(0.00001), percent(0.99999), percent(0.0)
    ('12.3%', '<0.1%', '>99.9%', '0%')
    """
    if p in (0.0, 1.0):
        return f"{p:.0%}"
    if p < 0.001:
        return "<0.1%"
    return ">99.9%" if p > 0.999 else f"{p:.1%}"


def span(low: float, high: float) -> str:
    """Return an interval of probabilities in percent.

    >>> span(0.0001, 0.25)
    '<0.1–25.0%'
    """
    return f"{percent(low).removesuffix('%')}–{percent(high)}"
