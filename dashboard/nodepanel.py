"""What lies behind one node: states, gate, neighbours, sources; evidence with one click."""

from html import escape

import streamlit as st

from fascinet.dashboard import service
from fascinet.dashboard.frame import on_edit
from fascinet.dashboard.gates import MOST, gate_rows, gate_title
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.tables import Html, table
from fascinet.dashboard.words import label, percent, points, state_words


def draw(known: Resources, here: Session, variable: str) -> None:
    """Draw the panel of one variable."""
    network = known.network
    name, patient = label(network, variable), label(network, variable, patient=True)
    st.header(name, anchor=False, divider="gray")
    if patient != name:
        st.caption(patient)
    left, right = st.columns([1, 1.35], gap="large")
    with left:
        st.html(_states(known, here, variable))
        _buttons(known, here, variable)
        st.html(_kin(known, variable))
    with right:
        st.html(_gate(known, variable))


def _states(known: Resources, here: Session, variable: str) -> str:
    now = service.beliefs(here.case)[variable]
    before = service.prior_beliefs(here.case.setting)[variable]
    rows = [
        (
            state_words(s),
            percent(before[s]),
            Html(f"<b>{percent(now[s])}</b>"),
            points(before[s], now[s]),
        )
        for s in known.network.states(variable)
    ]
    return table("Belief in each state", ("State", "Before", "Now", "Change"), rows, (1, 2, 3))


def _buttons(known: Resources, here: Session, variable: str) -> None:
    states = known.catalogue.states.get(variable)
    if not states:
        return
    current = here.case.values.get(variable)
    if variable == "setting":
        current = here.case.setting
    st.segmented_control(
        "Set as a finding",
        states,
        default=current,
        format_func=state_words,
        key=f"set-{variable}-{current}",
        on_change=_chosen,
        args=(variable, f"set-{variable}-{current}"),
    )


def _chosen(variable: str, key: str) -> None:
    on_edit({"op": "set", "id": variable, "state": st.session_state[key] or ""})


def _kin(known: Resources, variable: str) -> str:
    edges = known.graph.edges
    parents = [label(known.network, a) for a, b in edges if b == variable]
    children = [label(known.network, b) for a, b in edges if a == variable]
    lines = [("Depends on", parents), ("Acts on", children)]
    return "".join(
        f"<p class='fn-quiet'><b>{title}:</b> {escape(', '.join(names))}</p>"
        for title, names in lines
        if names
    )


def _gate(known: Resources, variable: str) -> str:
    rows = gate_rows(known.network, variable)
    states = [k for k in rows[0] if k != "when"] if rows else []
    cut = f" (first {MOST} rows)" if len(rows) == MOST else ""
    body = [(str(r["when"]), *(f"{100 * r[s]:.3g}%" for s in states)) for r in rows]
    title = gate_title(known.network, variable) + cut
    return table(title, ("When", *states), body, range(1, len(states) + 1))
