"""NAME=STATE on the command line."""

from collections.abc import Iterable

from fascinet.model.errors import CaseError


def parse_pairs(option: str, pairs: Iterable[str] | None) -> dict[str, str]:
    """Return NAME=STATE options as a mapping; the same name with two states is an error."""
    found: dict[str, str] = {}
    for pair in pairs or ():
        name, mark, state = (part.strip() for part in pair.partition("="))
        if not (name and mark and state):
            raise CaseError(f"{option}: expected NAME=STATE, got {pair!r}")
        if found.setdefault(name, state) != state:
            raise CaseError(f"contradictory case: {name} is given as {found[name]} and as {state}")
    return found
