"""Writing results: JSON alone on standard output, or tables for people."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def print_json(value: Any) -> None:
    """Write one JSON value, NaN as null."""
    json.dump(_plain(value), sys.stdout, indent=1, ensure_ascii=False, allow_nan=False)
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


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table; the first column is left-aligned, and so is text."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        is_number = name not in TEXT_COLUMNS
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console().print(table)


TEXT_COLUMNS = frozenset(
    "cause group finding state variable level text place rule message remedy target test "
    "parents about value question when".split()
)


def console() -> Any:
    """Return the console of standard output; as wide as the terminal, or 110 columns."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 110
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
