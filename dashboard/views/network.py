"""The whole network: beliefs in every node, and what carries influence."""

from typing import Any

import streamlit as st

from fascinet.dashboard import service
from fascinet.dashboard.components import mount
from fascinet.dashboard.frame import on_edit, open_page
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.words import percent, points

CHANGE = 0.02


def page() -> None:
    """Draw the page."""
    known, here = open_page(
        "Network",
        "Every variable with its belief now and before. Pick one to see what lies behind it.",
    )
    mount("graph", graph(known, here), on_edit, key="graph")


def graph(known: Resources, here: Session) -> dict[str, Any]:
    """Return what the graph component draws."""
    return {
        "graph": known.graph.payload(known.key),
        "values": {v: _value(known, here, v) for v in known.graph.ids},
        "selected": here.node,
    }


def _value(known: Resources, here: Session, variable: str) -> dict[str, Any]:
    states = known.network.states(variable)
    now = service.present(service.beliefs(here.case)[variable], states)
    before = service.present(service.prior_beliefs(here.case.setting)[variable], states)
    kinds = ["up"] if now - before > CHANGE else ["down"] if before - now > CHANGE else []
    if variable in here.case.evidence or variable == "setting":
        kinds = ["seen"]
    return {
        "p": round(now, 4),
        "prior": round(before, 4),
        "text": percent(now),
        "say": f"{percent(now)}, before {percent(before)}, {points(before, now)}",
        "kind": kinds,
    }
