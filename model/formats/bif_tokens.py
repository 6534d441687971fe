"""Words of a BIF text: one regular expression, and where each word begins.

A quote that the line does not close, and a comment that the file does not, are taken word by word.
"""

import re
from collections.abc import Iterator

CLOSED = r'"(?:[^"\\\n]|\\.)*+"'
STRAY = r'"[^\n]*+|/\*.*+'  # a quote that the line does not close, a comment that the file does not
BARE = r"(?:[^\s{}()\[\];|\",/]|/(?![/*]))++|/(?!\*)"
TOKEN = re.compile(rf"//[^\n]*+|/\*.*?\*/|({CLOSED}|[{{}}()\[\];|]|{BARE}|{STRAY})", re.DOTALL)
IN_STRAY = re.compile(rf'//[^\n]*+|([{{}}()\[\];|"]|{BARE}|/\*.*+)', re.DOTALL)
WHOLE = re.compile(CLOSED, re.DOTALL)
PIECE = re.compile(
    rf'(?:[^}}"/]++|{CLOSED}|//[^\n]*+|/\*.*?\*/|{STRAY}|/)*+\}}?',
    re.DOTALL,
)  # as far as the next closing brace, which no token goes across
PLAIN = re.compile(r"(?:[^\s{}()\[\];|\",/\\]|/(?![/*]))+")


def tokens_of(text: str) -> list[str]:
    """Return the tokens and an empty one; equal ones are one string, since most numbers recur."""
    met: dict[str, str] = {}
    tokens: list[str] = []
    start = 0
    while start < len(text):
        end = max(PIECE.match(text, start).end(), start + 1)  # pyright: ignore[reportOptionalMemberAccess]  (matches nothing at least)
        tokens.extend([met.setdefault(t, t) for t in TOKEN.findall(text, start, end) if t])
        start = end
    tokens.append("")
    if any(is_stray(t) for t in met):
        return [t for token in tokens for t in (parts_of(token) if is_stray(token) else (token,))]
    return tokens


def is_stray(token: str) -> bool:
    """Tell whether a token begins with a quote that nothing closes."""
    return token[:1] == '"' and not WHOLE.fullmatch(token)


def parts_of(stray: str) -> list[str]:
    """Return the tokens of what follows a quote that its line does not close."""
    return [t for t in IN_STRAY.findall(stray) if t]


def starts_of(text: str) -> Iterator[int]:
    """Yield where each token begins."""
    for match in TOKEN.finditer(text):
        if not match[1]:
            continue
        if is_stray(match[1]):
            inner = IN_STRAY.finditer(text, match.start(1), match.end(1))
            yield from (m.start() for m in inner if m[1])
        else:
            yield match.start()


def is_number(word: str) -> bool:
    """Tell whether `word` reads as a float."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def split_property(words: list[str]) -> tuple[str, str]:
    """Return key and value of a property, written ``key = value``, ``key value`` or quoted."""
    line = unquote(words[0]) if len(words) == 1 else " ".join(unquote(w) for w in words)
    key, _, value = line.partition("=" if "=" in line else " ")
    return key.strip(), value.strip()


def unquote(token: str) -> str:
    """Return the name that a token stands for."""
    if token[:1] != '"':
        return token
    return re.sub(r"\\(.)", r"\1", token[1:-1])


def quote(name: str) -> str:
    """Return `name` as a token, quoted only where it must be."""
    if PLAIN.fullmatch(name):
        return name
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
