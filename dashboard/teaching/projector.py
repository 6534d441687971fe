"""The projector: large type, nothing around the page; one switch, for *Present* and *Class*."""

import streamlit as st

ON = "projector"  # in the session
LARGE = """<style>
.stMainBlockContainer { font-size: 1.35rem; max-width: none; padding-top: 1.4rem; }
.stMainBlockContainer :is(p, li, td, th, label, button, kbd, kbd span, input, code,
  [data-testid="stCaptionContainer"] p) { font-size: 1.35rem !important; line-height: 1.4; }
header[data-testid="stHeader"], .st-key-bottom, section[data-testid="stSidebar"],
[data-testid="stSidebarCollapsedControl"] { display: none !important; }
.stMainBlockContainer h1 { position: absolute; width: 1px; height: 1px; overflow: hidden; }
.stMainBlockContainer p.fn-now { font-size: 3rem !important; line-height: 1.2; }
.stMainBlockContainer p.fn-code { font-size: 5rem !important; letter-spacing: 0.06em; }
.stMainBlockContainer :is(p.fn-big, .fn-first li) { font-size: 1.6rem !important; }
.stMainBlockContainer p[role="timer"] { position: fixed; top: 1.2rem; right: 2.5rem; }
table.fn { font-size: 1.35rem; }
</style>"""


def is_on() -> bool:
    """Say whether the page is on a projector, and draw it so."""
    large = bool(st.session_state.get(ON, False))
    if large:
        st.html(LARGE)
    return large


def switch() -> None:
    """Draw the switch: a button, not a toggle, since what has a form's focus keeps the keys."""
    label = "Leave the projector" if st.session_state.get(ON, False) else "Projector"
    st.button(label, key="projector-switch", on_click=_flip, shortcut="P")


def _flip() -> None:
    st.session_state[ON] = not st.session_state.get(ON, False)
