"""What lies behind one node: states, gate, neighbours, sources; evidence with one click."""

from collections.abc import Mapping
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from fascinet.dashboard import service
from fascinet.dashboard.figures import brief, figure_of, reference
from fascinet.dashboard.frame import on_edit
from fascinet.dashboard.gates import MOST, gate_rows, gate_title
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.tables import Html, link, table
from fascinet.dashboard.words import change, figure, label, percent, state_name
from fascinet.model.schema import Cited


def draw(known: Resources, here: Session, variable: str) -> None:
    """Draw the panel of one variable."""
    network = known.network
    name, patient = label(network, variable), label(network, variable, patient=True)
    st.header(name, anchor=False, divider="gray")
    if patient != name:
        st.caption(patient)
    st.html(_states(known, here, variable))
    _buttons(known, here, variable)
    st.html(_kin(known, variable))
    with st.expander("How it depends on them, with sources", key="node-gate"):
        st.html(_gate(known, variable))
        st.html(_article(known, variable))


def _states(known: Resources, here: Session, variable: str) -> str:
    now = service.beliefs(here.case)[variable]
    before = service.before(here.case)[variable]
    rows = [
        (
            state_name(known.network, variable, s),
            percent(before[s]),
            Html(f"<b>{percent(now[s])}</b>"),
            change(before[s], now[s]),
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
        format_func=partial(state_name, known.network, variable),
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
    states = [k for k in rows[0] if k not in {"when", "given"}] if rows else []
    cut = f" (first {MOST} rows)" if len(rows) == MOST else ""
    body = [
        (str(r["when"]), *(figure(r[s]) for s in states), *_cited(known, variable, r)) for r in rows
    ]
    title = gate_title(known.network, variable) + cut
    heads = ("When", *states, "Source", "Article")
    return table(title, heads, body, range(1, len(states) + 1))


def _cited(known: Resources, variable: str, row: dict[str, Any]) -> tuple[Html, str]:
    """Return the source of a row, with its grade and link, and the article's statements."""
    found = _figure(known, variable, row["given"])
    if found is None:
        return Html("combined from others"), ""
    url = reference(known.knowledge, found.source).url
    name = brief(known.knowledge, found.source)
    text = link(url, name) if url else Html(escape(name))
    return Html(f"{text} ({escape(found.grade)})"), ", ".join(found.article)


def _figure(known: Resources, variable: str, given: Mapping[str, str]) -> Cited | None:
    if variable in known.knowledge.findings or variable in known.knowledge.tests:
        given = {p: s for p, s in given.items() if s != known.resting.get(p)}
    each = (figure_of(known.knowledge, variable, s, given) for s in known.network.states(variable))
    return next((f for f in each if f is not None), None)


def _article(known: Resources, variable: str) -> str:
    """Return what the article says behind the rows of a gate."""
    cited: dict[str, None] = {}
    for row in gate_rows(known.network, variable):
        found = _figure(known, variable, row["given"])
        cited |= dict.fromkeys(found.article if found else ())
    record = known.knowledge.variables.get(variable)
    cited |= dict.fromkeys(record.article if record else ())
    said = [(i, known.knowledge.statements[i].text) for i in cited
            if i in known.knowledge.statements]  # fmt: skip
    return table("What the article says of it", ("Id", "Statement"), said) if said else ""
