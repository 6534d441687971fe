"""Small HTML tables: every cell is escaped unless it says that it is HTML.

On a phone a table of many columns becomes a list, each cell with its heading before it; the roles
are spelled out, since browsers forget them for tables that are laid out otherwise.
"""

from collections.abc import Collection, Iterable, Sequence
from html import escape

NARROW = 3


class Html(str):
    """Text that is HTML already, made by us."""


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    numeric: Collection[int] = (),
) -> str:
    """Return a table that scrolls sideways where it must; the first column heads its row.

    Parameters
    ----------
    caption : str
    heads : sequence of str
    rows : iterable of sequences of str
        `Html` cells are taken as they are, all others are escaped.
    numeric : collection of int
        Columns aligned to the right.
    """
    head = "".join(
        f"<th role='columnheader' scope='col'{_side(i in numeric)}>{escape(h)}</th>"
        for i, h in enumerate(heads)
    )
    body = "".join(f"<tr role='row'>{_row(heads, row, numeric)}</tr>" for row in rows)
    name = escape(caption, quote=True)
    kind = "fn wide" if len(heads) > NARROW else "fn"
    return (
        f"<div class='fn-scroll' tabindex='0' role='region' aria-label='{name}'>"
        f"<table class='{kind}' role='table'><caption>{escape(caption)}</caption>"
        f"<thead role='rowgroup'><tr role='row'>{head}</tr></thead>"
        f"<tbody role='rowgroup'>{body}</tbody></table></div>"
    )


def _row(heads: Sequence[str], row: Sequence[str], numeric: Collection[int]) -> str:
    cells = [cell if isinstance(cell, Html) else escape(cell) for cell in row]
    first = f"<th role='rowheader' scope='row'>{cells[0]}</th>"
    rest = (
        f"<td role='cell' data-head='{escape(heads[i], quote=True)}'{_side(i in numeric)}>{c}</td>"
        for i, c in enumerate(cells[1:], start=1)
    )
    return first + "".join(rest)


def _side(right: bool) -> str:
    return " class='num'" if right else ""


def link(url: str, text: str = "open") -> Html:
    """Return a link to an outside page, or nothing where there is none."""
    if not url.startswith(("https://", "http://")):
        return Html("")
    return Html(f"<a href='{escape(url, quote=True)}' rel='noreferrer'>{escape(text)}</a>")
