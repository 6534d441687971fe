"""The cause that a page speaks of: one choice, kept across pages."""

import streamlit as st

from fascinet.dashboard import service
from fascinet.dashboard.frame import on_edit
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session


def choose_focus(known: Resources, here: Session, *, key: str) -> str:
    """Let the user choose the cause in focus; the ranking's first one stands at the start."""
    entries = {e.cause: e for e in service.differential(here.case).differential}
    first = [e.cause for e in service.ranked(here.case)]
    order = [*first, *(c for c in entries if c not in first)]
    focus = here.focus if here.focus in entries else order[0]
    name = f"{key}-{focus}"
    picked = st.selectbox(
        "Cause in focus",
        order,
        index=order.index(focus),
        format_func=lambda c: entries[c].label,
        key=name,
        on_change=lambda: on_edit({"op": "focus", "id": st.session_state[name]}),
        width=460,
    )
    return str(picked or focus)
