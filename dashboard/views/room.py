"""Class: a room with a code; students answer from their phones; the wall shows how they lie."""

import json

import segno
import streamlit as st

from fascinet.dashboard.frame import NOTICE, plain
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.teaching import charts
from fascinet.dashboard.teaching.lesson import rooms
from fascinet.dashboard.teaching.phones import classroom
from fascinet.dashboard.views import present
from fascinet.dashboard.words import counted, mid
from fascinet.engine.teaching.classroom import Moment, Talk
from fascinet.engine.teaching.words import name_of
from fascinet.model.errors import LedgerError

LEAD = (
    "Students join by a code, estimate at each step, and see how the class lies when you reveal it."
)
ROOM, TROUBLE = "class-room", "class-trouble"
EVERY = 1.5  # seconds between two looks at the answers


def page() -> None:
    """Draw the page."""
    st.title("Class", anchor=False)
    st.caption(f"{LEAD} **{NOTICE}**")
    if TROUBLE in st.session_state:
        st.warning(plain(st.session_state.pop(TROUBLE)), icon=None)
    try:
        if ROOM in st.session_state:
            _steer(*st.session_state[ROOM])
        else:
            _open()
    except LedgerError as error:
        st.warning(plain(str(error)), icon=None)
        st.button("Begin anew", key="class-anew", on_click=_forget)


def _open() -> None:
    talk = present.chosen()
    if not talk.steps:
        st.info("Nothing to tell yet: enter findings on the Differential, or choose a case.")
        return
    known = talk.known(len(talk.steps))
    end = rooms().belief(known)
    open_ = sorted((c for c in end if c not in known), key=lambda c: -end[c])
    cause = st.selectbox("Ask how probable this is", open_, key="class-cause", width=560,
                         format_func=lambda c: name_of(rooms(), c))  # fmt: skip
    st.button("Open a room", key="class-open", on_click=_make, args=(talk, cause))


def _make(talk: present.Talk, cause: str) -> None:
    count = len(talk.steps) + 1
    told = Talk(
        talk.ground, tuple(talk.steps), cause,
        (present.person(talk), *(describe(*s) for s in talk.steps)),
        f"How probable is {mid(name_of(rooms(), cause))}?",
        tuple(rooms().belief(talk.known(k))[cause] for k in range(count)),
    )  # fmt: skip
    try:
        st.session_state[ROOM] = classroom().open(told)
    except LedgerError as error:
        st.session_state[TROUBLE] = str(error)


def _steer(code: str, key: str) -> None:
    room = classroom().now(code)
    left, right = st.columns([1, 2], gap="large")
    with left:
        _invite(code)
    with right:
        last = len(room.talk.steps)
        st.html(f"<p class='fn-quiet' data-testid='step'>Step {room.step} of {last}</p>")
        st.markdown(f"## {plain(room.talk.said[room.step])}")
        st.markdown(plain(room.talk.asks))
        with st.container(horizontal=True):
            st.button("Back", key="class-back", shortcut="Left", disabled=room.step == 0,
                      on_click=_go, args=(code, key, room.step - 1, False))  # fmt: skip
            st.button("Hide" if room.revealed else "Reveal", key="class-reveal", shortcut="Enter",
                      on_click=_go, args=(code, key, room.step, not room.revealed))  # fmt: skip
            st.button("Next", key="class-next", shortcut="Right", disabled=room.step == last,
                      on_click=_go, args=(code, key, room.step + 1, False))  # fmt: skip
        _wall(code, key, room)
    with st.container(horizontal=True):
        st.download_button("Save the session", json.dumps(classroom().record(code, key), indent=1),
                           f"class-{code}.json", "application/json", key="class-save",
                           on_click="ignore")  # fmt: skip
        st.button("Close the room", key="class-close", on_click=_close, args=(code, key))


@st.fragment(run_every=EVERY)
def _wall(code: str, key: str, room: Moment) -> None:
    """Draw how many have answered, and how they lie once it is revealed."""
    answers = classroom().answers(code, room.step)
    st.html(f"<p class='fn-now' data-testid='count'>{len(answers)} of "
            f"{counted(classroom().seats(code), 'student')} answered</p>")  # fmt: skip
    if room.revealed:
        rows, spec = charts.votes(answers, room.talk.exact[room.step], big=True)
        st.vega_lite_chart(rows, spec, key="class-votes")
    elif answers and st.session_state.get("class-stuck"):
        stuck = classroom().waiting(code, key)
        st.caption(
            f"Not yet: seats {', '.join(map(str, stuck))}" if stuck else "All have answered."
        )


def _invite(code: str) -> None:
    st.html(f"<p class='fn-now' data-testid='code'>{code}</p>")
    home = (st.context.url or "").rpartition("/")[0]
    address = st.text_input("Address that phones reach", home, key="class-address", max_chars=200)
    link = f"{address.rstrip('/')}/join/{code}"
    st.caption(plain(link))
    st.image(
        segno.make(link, micro=False).svg_inline(scale=6, border=3, light="#ffffff"), width=280
    )
    st.toggle("Show which seats have not answered", key="class-stuck")


def _go(code: str, key: str, step: int, revealed: bool) -> None:
    classroom().steer(code, key, step, revealed=revealed)


def _close(code: str, key: str) -> None:
    classroom().close(code, key)
    _forget()


def _forget() -> None:
    st.session_state.pop(ROOM, None)
