"""Where in a JSON text a value stands: only looked up when an error is to be told."""

import json
import re
from collections.abc import Sequence

Path = Sequence[str | int]
BLANK = re.compile(r"[ \t\n\r]*")
DECODER = json.JSONDecoder()


def spelled(path: Path) -> str:
    """Return a path as one reads it: ``variables[3].gate``; the whole text is "the file"."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "the file"


def line_of(text: str, path: Path) -> int:
    """Return the line on which the value at `path` begins.

    Where a step is missing from the text, the line of the last value on the way there. The text
    is whole JSON; of a key that is given twice the last counts, as for `json.loads`.
    """
    at = skip(text, 0)
    for step in path:
        found = _member(text, at, step) if isinstance(step, str) else _item(text, at, step)
        if found is None:
            break
        at = found
    return text.count("\n", 0, at) + 1


def skip(text: str, at: int) -> int:
    """Return the place of the next character that is no blank."""
    match = BLANK.match(text, at)
    assert match is not None
    return match.end()


def past(text: str, at: int) -> int:
    """Return the place of what follows the value at `at`."""
    return skip(text, DECODER.raw_decode(text, at)[1])


def _member(text: str, at: int, key: str) -> int | None:
    found = None
    if text[at] != "{":
        return None
    at = skip(text, at + 1)
    while text[at] != "}":
        name, end = DECODER.raw_decode(text, at)
        value = skip(text, skip(text, end) + 1)  # past the colon
        found = value if name == key else found
        at = past(text, value)
        at = skip(text, at + 1) if text[at] == "," else at
    return found


def _item(text: str, at: int, index: int) -> int | None:
    if text[at] != "[":
        return None
    at = skip(text, at + 1)
    for _ in range(index):
        if text[at] == "]":
            return None
        at = past(text, at)
        at = skip(text, at + 1) if text[at] == "," else at
    return None if text[at] == "]" else at
