"""Small HTML tables: every cell is escaped unless it says that it is HTML."""

from collections.abc import Collection, Iterable, Sequence
from html import escape


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
    head = "".join(f"<th scope='col'{_side(i in numeric)}>{escape(h)}</th>"
                   for i, h in enumerate(heads))  # fmt: skip
    body = "".join(f"<tr>{_row(row, numeric)}</tr>" for row in rows)
    name = escape(caption, quote=True)
    return (
        f"<div class='fn-scroll' tabindex='0' role='region' aria-label='{name}'>"
        f"<table class='fn'><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(row: Sequence[str], numeric: Collection[int]) -> str:
    cells = [cell if isinstance(cell, Html) else escape(cell) for cell in row]
    first = f"<th scope='row'>{cells[0]}</th>"
    rest = (f"<td{_side(i in numeric)}>{c}</td>" for i, c in enumerate(cells[1:], start=1))
    return first + "".join(rest)


def _side(right: bool) -> str:
    return " class='num'" if right else ""


def link(url: str, text: str = "open") -> Html:
    """Return a link to an outside page, or nothing where there is none."""
    if not url.startswith(("https://", "http://")):
        return Html("")
    return Html(f"<a href='{escape(url, quote=True)}' rel='noreferrer'>{escape(text)}</a>")
