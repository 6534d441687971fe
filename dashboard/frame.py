"""What every page shares: style, the case beside it, the strip of evidence, red flags, the link."""

from collections.abc import Callable
from functools import lru_cache, partial
from html import escape
from typing import Any
from urllib.parse import quote

import streamlit as st

from fascinet.dashboard import service
from fascinet.dashboard.catalogue import context_payload
from fascinet.dashboard.components import mount
from fascinet.dashboard.links import from_link, to_link
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.search import hits
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Case, Session, apply
from fascinet.dashboard.words import is_binary, likelihood_words, state_name, state_words
from fascinet.model.free_text import Proposal, propose

SESSION, HOME, PAGES = "session", "home", "pages"
NOTICE = "For teaching only. Not for the care of a patient."
EMPTY = "No finding entered yet: what you see are the odds before anything is known."


def session() -> Session:
    """Return this browser session's state; the first time, the case is read from the link."""
    if SESSION not in st.session_state:
        known = service.resources()
        fresh = Session(case=known.blank)
        link = {k: v for k, v in st.query_params.items() if k in {"s", "e", "l", "p"}}
        if link:
            fresh.case, fresh.warnings = from_link(link, known.catalogue.states)
        st.session_state[SESSION] = fresh
    return st.session_state[SESSION]


def address(case: Case) -> str:
    """Return the query of the address that opens the case; empty for an empty case."""
    codes = {} if case == service.resources().blank else to_link(case)
    return "&".join(f"{k}={quote(v, safe='~.,:')}" for k, v in codes.items())


def on_edit(edit: dict[str, Any]) -> None:
    """Apply an edit that a component sent."""
    known = service.resources()
    apply(session(), edit, known.catalogue.states, known.blank)


def sidebar(known: Resources, here: Session) -> None:
    """Draw the case beside every page."""
    case = here.case
    data = {
        "catalogue": known.key,
        "groups": known.groups,
        "context": context_payload(known.catalogue, case.values, case.setting),
        "values": case.values,
        "soft": case.likelihoods,
        "paused": sorted(case.paused),
        "query": here.query,
        "hits": list(hits(here.query)),
    }
    with st.sidebar:
        mount("findings", data, on_edit, key="findings")
        describe_in_words(known, here)


def describe_in_words(known: Resources, here: Session) -> None:
    """Turn a description into proposed findings, which are taken or left one by one."""
    with st.expander("Describe in words", key="words"):
        text = st.text_area(
            "Description", key="words-text", max_chars=4000, height=110,
            placeholder="62-year-old man, three months of twitching in both arms, weak grip, …",
        )  # fmt: skip
        told = [p for p in proposals(text or "")
                if p.state in known.catalogue.states.get(p.variable, ())]  # fmt: skip
        open_ = [p for p in told if here.case.values.get(p.variable) != p.state]
        if text and not told:
            st.caption("No finding was recognised in this text.")
        elif told and not open_:
            st.caption("Everything that was recognised is entered.")
        for proposal in open_:
            _proposal(here, proposal)


@lru_cache(maxsize=64)
def proposals(text: str) -> tuple[Proposal, ...]:
    """Return the findings that a text may speak of; nothing is looked up for an empty one."""
    if not text.strip():
        return ()
    return tuple(propose(text, knowledge=service.resources().knowledge))


def _proposal(here: Session, proposal: Proposal) -> None:
    edit = {"op": "set", "id": proposal.variable, "state": proposal.state}
    name = describe(proposal.variable, proposal.state)
    st.button(
        f"+ {plain(name)}", key=f"take-{proposal.variable}-{proposal.state}",
        help=f"From “{plain(proposal.quote)}”", on_click=on_edit, args=(edit,), width="stretch",
    )  # fmt: skip


def strip(known: Resources, here: Session) -> None:
    """Draw what is in evidence, with undo, redo and reset."""
    case = here.case
    data = {
        "who": who(known, here),
        "chips": [_chip(known, case, v) for v in case.entered if v in known.catalogue.by_id],
        "undo": bool(here.past),
        "redo": bool(here.future),
        "empty": EMPTY,
        "link": address(case),
    }
    mount("strip", data, on_edit, key="strip")


def who(known: Resources, here: Session) -> str:
    """Return setting, age and sex in words."""
    case, values = here.case, here.case.values
    parts = [state_words(case.setting)]
    if "age_group" in values:
        parts.append(f"age {values['age_group']}")
    if "sex" in values:
        parts.append(values["sex"])
    return " · ".join(([here.name] if here.name else []) + parts)


def _chip(known: Resources, case: Case, variable: str) -> dict[str, Any]:
    entry = known.catalogue.by_id[variable]
    state = case.values.get(variable)
    absent = state == entry.rest
    if state is None:
        kind, text = (
            "state",
            likelihood_words(
                case.likelihoods[variable], partial(state_name, known.network, variable)
            ),
        )
    elif is_binary(entry.states):
        kind, text = ("absent", "absent") if absent else ("present", "")
    else:
        kind, text = ("absent" if absent else "state"), state_name(known.network, variable, state)
    mark = {"absent": "✕", "present": "✓", "state": "≈" if state is None else "✓"}[kind]
    paused = variable in case.paused
    return {
        "id": variable, "label": entry.label, "state": text,
        "kind": kind, "mark": mark, "paused": paused,
    }  # fmt: skip


def open_page(
    title: str, lead: str, answer: Callable[[Session], str] | None = None
) -> tuple[Resources, Session]:
    """Draw the head that every page shares; return what the page works with.

    Parameters
    ----------
    title, lead : str
    answer : callable, optional
        Gives the page's answer in one sentence; it stands above all else.
    """
    known, here = service.resources(), session()
    sidebar(known, here)
    st.title(title, anchor=False)
    st.html(f"<p class='fn-lead'><span class='fn-what'>{escape(lead)}</span> <b>{NOTICE}</b></p>")
    if answer is not None:
        said = answer(here)
        st.html(f"<p class='fn-big fn-answer' data-testid='answer'>{escape(said)}</p>")
    for text in here.warnings:
        st.warning(plain(text), icon=None)
    for text in here.notices:
        st.info(plain(text), icon=None)
    here.notices, here.warnings = [], []
    strip(known, here)
    return known, here


def show_differential() -> None:
    """Go to the page with the answer."""
    home = st.session_state.get(HOME)
    if home is None:  # a page drawn by itself, as in tests
        st.rerun()
    st.switch_page(home)


def go_to(path: str) -> None:
    """Go to the page of an address."""
    pages = st.session_state.get(PAGES, {})
    if path not in pages:  # a page drawn by itself, as in tests
        st.rerun()
    st.switch_page(pages[path])


_MARKS = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]()<>#+-.!|$~:"})


def plain(text: str) -> str:
    """Return text that Markdown shows as it is, whatever is in it."""
    return text.translate(_MARKS)
