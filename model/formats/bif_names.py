"""States of a BIF file that hold bare brackets: they are put into quotes before it is read.

Programs that cut continuous variables into intervals write states such as ``[0,5)`` or ``(5,10]``
without quotes, though brackets and commas mean something else there. The number of states that the
declaration gives says how its list is to be cut; a list that cannot be cut so is left as it is.
"""

import re

from fascinet.model.errors import FormatError

BRACKET = re.compile(r"[\[\]()]")
DECLARED = re.compile(r"(\bdiscrete\s*+\[\s*+(\d{1,7})\s*+\]\s*+\{)([^{}\"]*+)\}")
PART = re.compile(r"[\[\](][^\[\](){};]*[\])\[]|[^\s,]+")
OTHER = r"\"(?:[^\"\\\n]|\\.)*\"|//[^\n]*|/\*.*?\*/"
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
NAMES_LIMIT = 2000


def quoted(text: str, file: str) -> str:
    """Return the text with quotes around all states that hold bare brackets; lines stay lines.

    Raises
    ------
    FormatError
        If there are more of them than one should write without quotes.
    """
    if not any(BRACKET.search(m[3]) for m in DECLARED.finditer(text)):
        return text
    odd: set[str] = set()

    def listed(match: re.Match[str]) -> str:
        names = cut(COMMENT.sub(" ", match[3]), int(match[2])) if BRACKET.search(match[3]) else None
        if names is None:
            return match[0]
        odd.update(name for name in names if BRACKET.search(name))
        lines = "\n" * match[3].count("\n")
        return f"{match[1]} {', '.join(_quote(name) for name in names)}{lines} }}"

    text = DECLARED.sub(listed, text)
    if len(odd) > NAMES_LIMIT:
        raise FormatError(f"{file}: over {NAMES_LIMIT} states with bare brackets: quote them")
    return _quote_all(text, odd) if odd else text


def cut(inner: str, count: int) -> list[str] | None:
    """Return `count` names of a list, cut in the first way that gives as many; None if none does.

    The ways: at commas before blanks, at commas, at blanks, into intervals.

    >>> cut("[0,5), [5,10), (10+)", 3)
    ['[0,5)', '[5,10)', '(10+)']
    """
    ways = (re.split(r",\s+", inner), inner.split(","), inner.split(), PART.findall(inner))
    for way in ways:
        names = [name.strip().rstrip(",").rstrip() for name in way]
        names = [" ".join(name.split()) for name in names if name]
        if len(names) == count and len(set(names)) == count:
            return names
    return None


def _quote_all(text: str, odd: set[str]) -> str:
    """Quote the names wherever they stand between blanks, commas and the brackets of a row."""
    listed = "|".join(_spaced(name) for name in sorted(odd, key=len, reverse=True))
    places = re.compile(rf"{OTHER}|(?<![^\s,(])({listed})(?=[\s,)]|$)", re.DOTALL)
    return places.sub(lambda m: m[0] if m[1] is None else _quote(" ".join(m[1].split())), text)


def _spaced(name: str) -> str:
    return r"\s+".join(re.escape(word) for word in name.split())


def _quote(name: str) -> str:
    return '"' + name.replace("\\", "\\\\") + '"'
