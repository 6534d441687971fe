"""What a lesson tells: the person, and the findings with their order and notes."""

from dataclasses import replace
from functools import partial

import streamlit as st

from fascinet.dashboard.frame import plain
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.teaching.lesson import case_library, rooms
from fascinet.dashboard.teaching.talk import STORY, UNSAVED, Talk
from fascinet.dashboard.words import state_words
from fascinet.engine.teaching.words import name_of, state_name
from fascinet.model.errors import FascinetError

UNSAID = ""
NOTES = 2_000  # letters


def draw(talk: Talk) -> None:
    """Draw the person and the steps; each edit changes the talk."""
    _person(talk)
    st.markdown("**What is told, in this order**")
    _row(talk, -1)
    for k in range(len(talk.steps)):
        _row(talk, k)
    _add(talk)


def _person(talk: Talk) -> None:
    states = rooms().network.states
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, label in (("setting", "Seen in"), ("age_group", "Age"), ("sex", "Sex")):
            choices = states(name) if name == "setting" else (UNSAID, *states(name))
            now = talk.ground.get(name, UNSAID)
            picked = st.selectbox(label, choices, choices.index(now), format_func=_said, width=220,
                                  key=f"editor-{name}-{talk.id}")  # fmt: skip
            if picked != now:
                talk.ground = {v: s for v, s in {**talk.ground, name: picked}.items() if s}
                talk.said = {}
                st.rerun()


def _said(state: str) -> str:
    return state_words(state) if state else "not said"


def _row(talk: Talk, k: int) -> None:
    """Draw one step with its note; the story is the row before the first."""
    variable, state = talk.steps[k] if k >= 0 else (STORY, "")
    told = describe(variable, state) if variable else "The story"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(plain(told), width=300)
        key = note_key(talk, variable, "editor")
        st.text_input(f"Note: {told}", key=key, max_chars=NOTES, width="stretch",
                      on_change=keep_note, args=(talk, variable, key),
                      label_visibility="collapsed", placeholder="Note for you")  # fmt: skip
        if k < 0:
            return
        for label, icon, to in (("Earlier", "↑", k - 1), ("Later", "↓", k + 1)):
            st.button(icon, key=f"editor-{label}-{variable}", help=f"{label}: {plain(told)}",
                      disabled=not 0 <= to < len(talk.steps), on_click=_move,
                      args=(talk, k, to))  # fmt: skip
        st.button("✕", key=f"editor-out-{variable}", help=f"Take out: {plain(told)}",
                  on_click=_out, args=(talk, k))  # fmt: skip


def _move(talk: Talk, k: int, to: int) -> None:
    steps = list(talk.steps)
    steps.insert(to, steps.pop(k))
    talk.change(steps)


def _out(talk: Talk, k: int) -> None:
    talk.change([s for i, s in enumerate(talk.steps) if i != k])


def _add(talk: Talk) -> None:
    known = talk.known(len(talk.steps))
    free = sorted((v for v in rooms().askable if v not in known and v != talk.focus),
                  key=lambda v: name_of(rooms(), v).lower())  # fmt: skip
    turn = len(talk.steps)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        variable = st.selectbox("Add a finding", free, index=None, placeholder="Type a finding",
                                format_func=lambda v: name_of(rooms(), v), width=420,
                                key=f"editor-add-{talk.id}-{turn}")  # fmt: skip
        states = rooms().network.states(variable) if variable else ()
        state = st.selectbox(
            "It is", states[::-1], disabled=not states, width=260,
            format_func=partial(_state, variable), key=f"editor-state-{talk.id}-{turn}-{variable}",
        )  # fmt: skip
        st.button("Add", key="editor-put", disabled=not variable, on_click=_put,
                  args=(talk, variable, state))  # fmt: skip


def _state(variable: str | None, state: str) -> str:
    if variable is None or state in ("yes", "no"):
        return state_words(state)
    return state_name(rooms(), variable, state)


def _put(talk: Talk, variable: str, state: str) -> None:
    talk.change([*talk.steps, (variable, state)])


# ------------------------------------------------------------------------------- notes


def note_key(talk: Talk, variable: str, where: str) -> str:
    """Return the key of a widget that shows a note, which holds the note as it is now."""
    key = f"{where}-note-{talk.id}-{variable}"
    st.session_state[key] = talk.notes.get(variable, "")
    return key


def keep_note(talk: Talk, variable: str, key: str) -> None:
    """Take a note that was written; in a case of the user's library it is kept at once."""
    talk.notes[variable] = str(st.session_state[key])
    if not talk.file:
        return
    try:
        kept = case_library().read(talk.file)
        steps = tuple(replace(s, note=talk.notes.get(s.finding, s.note)) for s in kept.steps)
        case_library().save(replace(kept, note=talk.notes.get(STORY, ""), steps=steps), talk.file)
    except FascinetError as error:
        st.session_state[UNSAVED] = f"The note is not kept: {error}"
