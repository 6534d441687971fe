"""What each result of a test would make of one cause: a row a result, as HTML.

The same as `charts_change.outcomes` in little room: nothing is cut, and nothing has to be drawn by
the browser's chart engine before the card stands.
"""

from collections.abc import Iterable
from html import escape

from fascinet.dashboard.tables import Html, table
from fascinet.dashboard.words import percent

HEADS = ("Result", "How likely", "Then")


def outcome_bars(caption: str, results: Iterable[tuple[str, float, float]], now: float) -> str:
    """Return a table of results, each with a bar from what is now to what would be then.

    Parameters
    ----------
    caption : str
    results : iterable of (result, its probability, the posterior after it)
    now : float
        The posterior before the test.
    """
    rows = [(Html(escape(name) + _bar(now, after)), percent(p), percent(after))
            for name, p, after in results]  # fmt: skip
    return table(caption, HEADS, rows, (1, 2))


def _bar(now: float, after: float) -> str:
    low, high = sorted((now, after))
    kind = "up" if after >= now else "down"
    return (
        "<span class='fn-way' aria-hidden='true'>"
        f"<span class='{kind}' style='left:{100 * low:.1f}%;"
        f"width:{100 * (high - low):.1f}%'></span>"
        f"<i style='left:{100 * now:.1f}%'></i></span>"
    )
