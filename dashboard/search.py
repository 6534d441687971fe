"""The search box: words to findings with their states, by the search of the whole product."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from fascinet.dashboard import service
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.words import label, state_words
from fascinet.model.find import NEARLY, Match, find, meant

LONGEST = 80
SHOWN = 8
CODE = re.compile(r"(HP|MONDO|LOINC)?[:_]?\s*\d{3,7}(-\d)?", re.IGNORECASE)


@lru_cache(maxsize=512)
def hits(words: str) -> tuple[dict[str, Any], ...]:
    """Return what the words may mean, best first, as the findings component wants it.

    Returns
    -------
    tuple of dict
        id, state, text ("Serum potassium: low"); `focus` for a cause that cannot be entered:
        taking it makes it the cause in focus; `take` for the one that Enter takes, which is the
        first or none, since words that fit several things equally well do not say which.
    """
    known, text = service.resources(), words.strip()[:LONGEST]
    if not text:
        return ()
    if CODE.fullmatch(text):
        return _coded(text.upper().replace("_", ":"))
    found = find(text, count=4 * SHOWN, knowledge=known.knowledge)
    out: dict[tuple[str, str], dict[str, Any]] = {}
    for match in found:
        if match.variable in known.catalogue.states:
            hit = _hit(match.variable, match.state)
        elif match.variable in known.reasoner.causes:
            hit = _focus(match.variable)
        else:
            continue
        out.setdefault((hit["id"], hit["state"]), hit)
    taken = _taken(found)
    for key, hit in out.items():
        hit["take"] = key == taken
    return tuple(sorted(out.values(), key=lambda h: not h["take"]))[:SHOWN]


def _taken(found: Sequence[Match]) -> tuple[str, str] | None:
    """Return what Enter takes, as id and state of a hit."""
    known, match = service.resources(), meant(found)
    if match is not None:
        entered = match.variable in known.catalogue.states
        return match.variable, match.state if entered else ""
    best = {m.variable for m in found if m.plainness <= min(found[0].plainness, NEARLY)}
    cause = next(iter(best)) if len(best) == 1 else ""  # the states of a cause are one focus
    return (cause, "") if cause and cause not in known.catalogue.states else None


def _coded(code: str) -> tuple[dict[str, Any], ...]:
    known = service.resources()
    found = [
        _hit(e.id, next((s for s in e.states if s != e.rest), e.rest))
        for e in known.catalogue.entries
        if code in e.words.upper().split()
    ][:SHOWN]
    return tuple({**hit, "take": len(found) == 1} for hit in found)


def _hit(variable: str, state: str) -> dict[str, Any]:
    known = service.resources()
    name = describe(variable, state) if variable in known.network.index else state_words(state)
    return {"id": variable, "state": state, "text": name, "focus": False}


def _focus(cause: str) -> dict[str, Any]:
    name = label(service.resources().network, cause)
    return {"id": cause, "state": "", "text": f"{name}: put it in focus", "focus": True}
