"""The whole network: beliefs in every node, what carries influence, and what lies behind a node."""

from typing import Any

from fascinet.dashboard import flags, linkpanel, nodepanel, service
from fascinet.dashboard.catalogue import CONTEXT
from fascinet.dashboard.components import mount
from fascinet.dashboard.frame import on_edit, open_page
from fascinet.dashboard.influence import d_connected
from fascinet.dashboard.linkpanel import Link, link_of
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.words import change, percent, state_words
from fascinet.model.errors import ImpossibleEvidenceError

CHANGE = 0.02
WIDEST = 11
LEAD = (
    "Every variable with its belief now (bar) and before any finding (tick). Blue has become "
    "more likely, orange less. Pick one: what it cannot influence any more fades; pick a second "
    "one, and the paths between them are drawn."
)


def page() -> None:
    """Draw the page."""
    known, here = open_page("Network", LEAD)
    if here.node not in known.graph.ids:
        here.node = None
    if here.other not in known.graph.ids or here.node is None:
        here.other = None
    link = link_of(known, here)
    try:
        data = graph(known, here, link)
    except ImpossibleEvidenceError as error:
        flags.impossible(known, error)
        return
    mount("graph", data, on_edit, key="graph")
    if here.node:
        linkpanel.draw(known, here, link)
        nodepanel.draw(known, here, here.node)


def graph(known: Resources, here: Session, link: Link | None = None) -> dict[str, Any]:
    """Return what the graph component draws."""
    return {
        "graph": known.graph.payload(known.key),
        "values": {v: _value(known, here, v) for v in known.graph.ids},
        "selected": here.node,
        "other": here.other,
        "lit": sorted(link.nodes) if link else _lit(known, here),
        "paths": [list(arc) for arc in link.arcs] if link else [],
    }


def _lit(known: Resources, here: Session) -> list[str] | None:
    """Return the nodes that the picked one can still influence, or None when none is picked."""
    if here.node is None:
        return None
    seen = set(service.evidence_of(here.case))
    reach = d_connected(known.network, here.node, seen)
    return sorted({*(reach & known.graph.ids), here.node})


def _value(known: Resources, here: Session, variable: str) -> dict[str, Any]:
    now = service.presence(service.beliefs(here.case), variable)
    before = service.presence(service.before(here.case), variable)
    kinds = ["up"] if now - before > CHANGE else ["down"] if before - now > CHANGE else []
    if variable in here.case.evidence or variable == "setting":
        kinds = ["seen"]
    if variable in here.case.paused:
        kinds.append("paused")
    return {
        "p": round(now, 4),
        "prior": round(before, 4),
        "text": _text(known, here, variable, now),
        "say": f"{percent(now)}, before {percent(before)}, {change(before, now)}",
        "kind": kinds,
    }


def _text(known: Resources, here: Session, variable: str, now: float) -> str:
    """Return the entered state, the likeliest band of a context, or the probability."""
    seen = here.case.evidence.get(variable)
    marginal = service.beliefs(here.case)[variable]
    if variable in CONTEXT:
        seen = max(marginal, key=lambda s: marginal[s])
    if seen is None:
        return percent(now)
    words = state_words(seen)
    return words if len(words) <= WIDEST else f"{words[: WIDEST - 1]}…"
