"""The search box: words to findings with their states, by the search of the whole product."""

import re
from functools import lru_cache
from typing import Any

from fascinet.dashboard import service
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.words import label, state_words
from fascinet.model.find import find

LONGEST = 80
SHOWN = 8
CODE = re.compile(r"(HP|MONDO|LOINC)?[:_]?\s*\d{3,7}(-\d)?", re.IGNORECASE)


@lru_cache(maxsize=512)
def hits(words: str) -> tuple[dict[str, Any], ...]:
    """Return what the words may mean, best first, as the findings component wants it.

    Returns
    -------
    tuple of dict
        id, state, text ("Serum potassium: low"), and `focus` for a cause that cannot be entered:
        taking it makes it the cause in focus.
    """
    known, text = service.resources(), words.strip()[:LONGEST]
    if not text:
        return ()
    if CODE.fullmatch(text):
        return _coded(text.upper().replace("_", ":"))
    out: list[dict[str, Any]] = []
    for match in find(text, count=4 * SHOWN, knowledge=known.knowledge):
        if match.variable in known.catalogue.states:
            out.append(_hit(match.variable, match.state))
        elif match.variable in known.reasoner.causes:
            out.append(_focus(match.variable))
    return tuple({(h["id"], h["state"]): h for h in out}.values())[:SHOWN]


def _coded(code: str) -> tuple[dict[str, Any], ...]:
    known = service.resources()
    return tuple(
        _hit(e.id, next((s for s in e.states if s != e.rest), e.rest))
        for e in known.catalogue.entries
        if code in e.words.upper().split()
    )[:SHOWN]


def _hit(variable: str, state: str) -> dict[str, Any]:
    known = service.resources()
    name = describe(variable, state) if variable in known.network.index else state_words(state)
    return {"id": variable, "state": state, "text": name, "focus": False}


def _focus(cause: str) -> dict[str, Any]:
    name = label(service.resources().network, cause)
    return {"id": cause, "state": "", "text": f"{name}: put it in focus", "focus": True}
