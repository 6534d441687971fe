"""The network: the story of the case first, all variables as a map, details in view beside it."""

from collections.abc import Collection
from typing import Any

import streamlit as st

from fascinet.dashboard import flags, later, linkpanel, nodepanel, service
from fascinet.dashboard.catalogue import CONTEXT
from fascinet.dashboard.components import mount
from fascinet.dashboard.focus import choose_focus
from fascinet.dashboard.frame import on_edit, open_page
from fascinet.dashboard.influence import d_connected
from fascinet.dashboard.layout import STORY, GraphLayout, arrange
from fascinet.dashboard.linkpanel import Link, link_of
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.story import LAYERS, story, widths
from fascinet.dashboard.words import NOISE, change, percent, state_words, way
from fascinet.model.errors import ImpossibleEvidenceError

WIDEST = 11
VIEWS = ("Story of the case", "Whole network")
LEAD = (
    "Bars are beliefs now, ticks before. ▲ has become more likely, ▼ less. Pick a node for what "
    "lies behind it; pick a second one, and the open paths between the two are drawn."
)


def page() -> None:
    """Draw the page."""
    known, here = open_page("Network", LEAD)
    if here.node not in known.graph.ids:
        here.node = None
    if here.other not in known.graph.ids or here.node is None:
        here.other = None
    try:
        service.differential(here.case)
    except ImpossibleEvidenceError as error:
        flags.impossible(known, error)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = st.segmented_control(
            "Show", VIEWS, default=VIEWS[0], key="network-view", required=True
        )
        focus = choose_focus(known, here, key="network-focus") if view == VIEWS[0] else None
        layers = _layers() if view == VIEWS[0] else ()
    link = link_of(known, here)
    left, right = st.columns([1.9, 1], gap="medium") if here.node else (st.container(), None)
    with left:
        drawn = known.graph if focus is None else _story(known, here, focus, layers, link)
        mount("graph", graph(known, here, drawn, link), on_edit, key="graph")
        if focus is not None:
            st.caption(
                "An arc's width: how far what is known at one end moves the other, or would if "
                "one of the two became known (difference of probabilities)."
            )
    if here.node and right is not None:
        with right:
            nodepanel.draw(known, here, here.node)
            linkpanel.draw(known, here, link)


def _layers() -> tuple[str, ...]:
    return tuple(st.pills("Open", LAYERS, selection_mode="multi", key="network-layers") or ())


def _story(
    known: Resources, here: Session, focus: str, layers: tuple[str, ...], link: Link | None
) -> GraphLayout:
    """Return the layout of the story, with the neighbours of the picked node and drawn paths."""
    chosen = later.answer(
        story, here.case, focus, layers, here.node or "", text="Finding the story …"
    )
    return arrange(known.network, {*chosen, *(link.nodes if link else ())}, STORY)


def graph(
    known: Resources, here: Session, drawn: GraphLayout, link: Link | None = None
) -> dict[str, Any]:
    """Return what the graph component draws."""
    whole = drawn is known.graph
    name = known.key if whole else f"{known.key}:{','.join(sorted(drawn.ids))}"
    return {
        "graph": drawn.payload(name),
        "values": {v: _value(known, here, v) for v in drawn.ids},
        "selected": here.node,
        "other": here.other,
        "lit": sorted(link.nodes) if link else _lit(known, here, drawn.ids),
        "paths": [list(arc) for arc in link.arcs] if link else [],
        "widths": [] if whole else [list(w) for w in _widths(here, drawn)],
    }


def _widths(here: Session, drawn: GraphLayout) -> tuple[tuple[str, str, float], ...]:
    return later.answer(widths, here.case, drawn.edges, text="Weighing the arcs …")


def _lit(known: Resources, here: Session, drawn: Collection[str]) -> list[str] | None:
    """Return the nodes that the picked one can still influence, or None when none is picked."""
    if here.node is None:
        return None
    seen = set(service.evidence_of(here.case))
    reach = d_connected(known.network, here.node, seen)
    return sorted({*(reach & set(drawn)), here.node})


def _value(known: Resources, here: Session, variable: str) -> dict[str, Any]:
    now = service.presence(service.beliefs(here.case), variable)
    before = service.presence(service.before(here.case), variable)
    kinds = ["up"] if now - before > NOISE else ["down"] if before - now > NOISE else []
    if variable in here.case.evidence or variable == "setting":
        kinds = ["seen"]
    if variable in here.case.paused:
        kinds.append("paused")
    return {
        "p": round(now, 4),
        "prior": round(before, 4),
        "text": _text(known, here, variable, now),
        "say": f"{way(before, now)}, {change(before, now)}",
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
