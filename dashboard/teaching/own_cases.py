"""The user's own cases, as the page Cases shows them: open, tell, change, delete."""

import streamlit as st

from fascinet.dashboard.frame import go_to, plain
from fascinet.dashboard.tables import table
from fascinet.dashboard.teaching.lesson import case_library, rooms
from fascinet.dashboard.teaching.talk import MINE, TALK, talk_from
from fascinet.dashboard.words import counted
from fascinet.engine.teaching.case_file import TeachingCase
from fascinet.engine.teaching.case_library import Kept
from fascinet.engine.teaching.words import name_of
from fascinet.model.errors import FascinetError

SURE, TROUBLE = "own-sure", "own-trouble"  # the file whose deletion was asked for; what went wrong
EMPTY = (
    "No case of your own yet. On Present, open *Lesson*, write a title and press "
    "*Save to my cases*; a file of `fascinet lesson save` stands here too."
)


def draw() -> TeachingCase | None:
    """Draw the cases; return the one to open on the Differential, once it is asked for."""
    said = st.session_state.pop(TROUBLE, "")
    if said:
        st.error(plain(said))
    try:
        kept = case_library().entries()
    except FascinetError as error:
        st.error(plain(str(error)))
        return None
    if not kept:
        st.info(EMPTY)
        return None
    good = {k.name: k for k in kept if k.case}
    opened = _one(good) if good else None
    rows = [(k.title, _about(k), k.name) for k in kept]
    st.html(table(f"{counted(len(kept), 'case')} in {case_library().folder}",
                  ("Case", "About", "File"), rows))  # fmt: skip
    return opened


def _about(kept: Kept) -> str:
    if kept.case is None:
        return f"cannot be read: {kept.problem}"
    return f"{name_of(rooms(), kept.case.cause)}, {counted(len(kept.case.steps), 'step')}"


def _one(good: dict[str, Kept]) -> TeachingCase | None:
    """Draw the choice of a case and what can be done with it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = str(st.selectbox("Case", list(good), key="own-case", width=520,
                                format_func=lambda n: good[n].title))  # fmt: skip
        case = good[name].case
        assert case is not None
        opens = st.button("Open this case", key="own-open")
        if st.button("Tell or change it", key="own-tell"):
            st.session_state[TALK] = talk_from(case, f"{MINE}{name}")
            go_to("present")
        if st.session_state.get(SURE) == name:
            st.button(f"Yes, delete {plain(case.title)}", key="own-delete",
                      on_click=_delete, args=(name,))  # fmt: skip
            st.button("Keep it", key="own-keep", on_click=_ask, args=("",))
        else:
            st.button("Delete", key="own-ask", on_click=_ask, args=(name,))
    return case if opens else None


def _ask(name: str) -> None:
    st.session_state[SURE] = name


def _delete(name: str) -> None:
    _ask("")
    try:
        case_library().delete(name)
    except FascinetError as error:
        st.session_state[TROUBLE] = str(error)
