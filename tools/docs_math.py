"""A mkdocs hook: formulas in TeX become MathML as the page is built, so no script is needed.

The extension ``pymdownx.arithmatex`` marks what stands between dollars; this turns each mark into
``<math>``, which browsers draw themselves (MathML Core).
"""

import re
from html import unescape
from typing import Any

from latex2mathml.converter import convert

MARK = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
UPRIGHT = re.compile(r'(?:<mi mathvariant="normal">[^<]*</mi>)+')
LETTER = re.compile(r"<mi[^>]*>([^<]*)</mi>")


class FormulaError(ValueError):
    """A formula that cannot be turned into MathML."""


def on_page_content(html: str, **_: Any) -> str:
    """Return the page with its formulas as MathML (called by mkdocs)."""
    return MARK.sub(_element, html)


def _element(match: re.Match[str]) -> str:
    block = match.group(1) == "div"
    math = mathml(unescape(match.group(2)).strip(), block=block)
    return f'<div class="formula">{math}</div>' if block else math


def mathml(tex: str, *, block: bool) -> str:
    r"""Return a formula as MathML; the TeX stays as its description.

    Raises
    ------
    FormulaError
        If a command of it is unknown (it would be shown as ``\command``).
    """
    found = convert(tex, display="block" if block else "inline")
    if "\\" in found or "<mi>&</mi>" in found:
        raise FormulaError(f"{tex!r} has a command that is not known")
    found = UPRIGHT.sub(_word, found)
    label = tex.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return found.replace("<math ", f'<math aria-label="{label}" ', 1)


def _word(match: re.Match[str]) -> str:
    r"""Join the letters of ``\mathrm``: MathML Core shows a word of several letters upright."""
    letters = LETTER.findall(match.group(0))
    if len(letters) == 1:
        return match.group(0)
    return f"<mi>{''.join(letters)}</mi>"
