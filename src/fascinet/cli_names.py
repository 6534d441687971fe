"""NAME=STATE, and NAME>NUMBER, on the command line."""

import re
from collections.abc import Iterable

from fascinet.model.errors import CaseError


def parse_pairs(option: str, pairs: Iterable[str] | None) -> dict[str, str]:
    """Return NAME=STATE options as a mapping; the same name with two states is an error.

    >>> parse_pairs("-f", ["ck>1000", "serum_k <= 3.5 mmol/L", "weakness=none"])
    {'ck': '>1000', 'serum_k': '<=3.5 mmol/L', 'weakness': 'none'}
    """
    found: dict[str, str] = {}
    for pair in pairs or ():
        name, mark, state = (part.strip() for part in split(pair))
        if not (name and mark and state):
            raise CaseError(f"{option}: expected NAME=STATE, got {pair!r}")
        state = state if mark == "=" else mark + state
        if found.setdefault(name, state) != state:
            raise CaseError(f"contradictory case: {name} is given as {found[name]} and as {state}")
    return found


def split(pair: str) -> tuple[str, str, str]:
    """Return name, mark (=, <, >, <=, >=) and the rest; no mark where there is none."""
    found = re.match(r"([^<>=≤≥]*)(<=|>=|[<>=≤≥])(.*)", pair, re.DOTALL)
    return (found[1], found[2], found[3]) if found else (pair, "", "")
