"""Class: a room with a code; students answer from their phones; the wall shows how they lie."""

import json
from functools import partial
from html import escape

import segno
import streamlit as st

from fascinet.dashboard.frame import NOTICE, plain
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.teaching import browser, charts, notes_window, phone_server, projector
from fascinet.dashboard.teaching.lesson import rooms
from fascinet.dashboard.teaching.phones import classroom
from fascinet.dashboard.teaching.talk import STORY, person
from fascinet.dashboard.teaching.talk import Talk as Telling
from fascinet.dashboard.views import present
from fascinet.dashboard.words import counted, mid, percent
from fascinet.engine.teaching.classroom import Moment, Talk
from fascinet.engine.teaching.words import name_of
from fascinet.model.errors import FascinetError, LedgerError

LEAD = (
    "Students join by a code, answer at each step, and see how the class lies when you reveal it."
)
ROOM, TROUBLE, CLOSED = "class-room", "class-trouble", "class-closed"
ADDRESS, STUCK = "class-home", "class-waiting"  # kept while the projector hides their widgets
ESTIMATE, CHOOSE = "Estimate a probability", "Choose the most probable cause"
OFFERED = 4  # causes to choose among, unless the teacher picks others
NOBODY = "Nobody has joined yet."
EVERY = 1.5  # seconds between two looks at the answers
HERE_ONLY = (
    "This address is of your machine alone: phones do not reach it. Start the dashboard with "
    "`fascinet dashboard --phones lan`, or type the address of a proxy above."
)


def page() -> None:
    """Draw the page."""
    large = projector.is_on()
    st.title("Class", anchor=False)
    if not large:
        st.caption(f"{LEAD} **{NOTICE}**")
    if TROUBLE in st.session_state:
        st.warning(plain(st.session_state.pop(TROUBLE)), icon=None)
    try:
        if ROOM not in st.session_state:
            st.session_state[ROOM] = _left_open()
        here: tuple[str, str] | None = st.session_state[ROOM]
        if here:
            _steer(here[0], here[1], large)
        else:
            browser.remember(browser.TEACHER, "")
            _open()
            _last()
    except FascinetError as error:
        st.warning(plain(str(error)), icon=None)
        st.button("Begin anew", key="class-anew", on_click=_forget)


def _left_open() -> tuple[str, str] | None:
    """Return the room that this browser steered before a reload, if it is still open."""
    code, _, key = browser.remembered(browser.TEACHER).partition(".")
    try:
        return (code, key) if key and classroom().opened_by(code, key) else None
    except LedgerError:  # of another ledger, or long gone
        return None


# ------------------------------------------------------------------------------- a new room


def _open() -> None:
    talk = present.choose()
    if not talk.steps:
        st.info("Nothing to tell yet: enter findings on the Differential, or choose a case.")
        return
    known = talk.known(len(talk.steps))
    end = rooms().belief(known)
    open_ = sorted((c for c in end if c not in known), key=lambda c: -end[c])
    first = [talk.focus] if talk.focus in open_ else []
    kind = st.segmented_control("Students", (ESTIMATE, CHOOSE), default=ESTIMATE, key="class-kind",
                                required=True)  # fmt: skip
    if kind == ESTIMATE:
        names = [str(st.selectbox(
            "Ask how probable this is", list(dict.fromkeys([*first, *open_])), width=560,
            format_func=lambda c: name_of(rooms(), c), key=f"class-cause-{talk.id}",
        ))]  # fmt: skip
    else:
        offered = list(
            dict.fromkeys([*first, *(c for c in talk.distractors if c in open_), *open_])
        )
        names = sorted(st.multiselect(  # in an order that tells nothing
            "Causes to choose among", open_, offered[:OFFERED], select_all=False, max_selections=8,
            format_func=lambda c: name_of(rooms(), c), key=f"class-choices-{talk.id}",
        ), key=lambda c: name_of(rooms(), c))  # fmt: skip
    st.button("Open a room", key="class-open", on_click=_make, args=(talk, names, kind == CHOOSE),
              disabled=kind == CHOOSE and len(names) < 2)  # fmt: skip


def _last() -> None:
    """Draw what saves the class that was closed just now."""
    closed: tuple[str, str] | None = st.session_state.get(CLOSED)
    if closed:
        st.download_button(f"Save the session of {closed[0]}", partial(_record, *closed),
                           f"class-{closed[0]}.json", "application/json", key="class-save-closed",
                           on_click="ignore")  # fmt: skip


def _make(talk: Telling, causes: list[str], choose: bool) -> None:
    told = [rooms().belief(talk.known(k)) for k in range(len(talk.steps) + 1)]
    said = (person(talk), *(describe(*s) for s in talk.steps))
    ground, steps = talk.ground, tuple(talk.steps)
    notes = tuple(talk.notes.get(v, "") for v in (STORY, *(v for v, _ in steps)))
    if choose:
        names = tuple(name_of(rooms(), c) for c in causes)
        asked = Talk(ground, steps, "", said, "Which is the most probable?", choices=names,
                     shares=tuple(tuple(b[c] for c in causes) for b in told),
                     notes=notes)  # fmt: skip
    else:
        asked = Talk(ground, steps, causes[0], said,
                     f"How probable is {mid(name_of(rooms(), causes[0]))}?",
                     tuple(b[causes[0]] for b in told), notes=notes)  # fmt: skip
    try:
        st.session_state[ROOM] = classroom().open(asked)
    except LedgerError as error:
        st.session_state[TROUBLE] = str(error)


# ------------------------------------------------------------------------------- the room


def _steer(code: str, key: str, large: bool) -> None:
    browser.remember(browser.TEACHER, f"{code}.{key}")
    room = classroom().now(code)
    left, right = st.columns([1, 2], gap="large")
    with left:
        _invite(code, large)
    with right:
        last = len(room.talk.steps)
        st.html(f"<p class='fn-quiet' data-testid='step'>Step {room.step} of {last}</p>")
        st.html(f"<p class='fn-now' role='heading' aria-level='2'>"
                f"{escape(room.talk.said[room.step])}</p>"
                f"<p>{escape(room.talk.asks)}</p>")  # fmt: skip
        with st.container(horizontal=True):
            st.button("Back", key="class-back", shortcut="Left", disabled=room.step == 0,
                      on_click=_go, args=(code, key, room.step - 1, False))  # fmt: skip
            st.button("Hide" if room.revealed else "Reveal", key="class-reveal", shortcut="Enter",
                      on_click=_go, args=(code, key, room.step, not room.revealed))  # fmt: skip
            st.button("Next", key="class-next", shortcut="Right", disabled=room.step == last,
                      on_click=_go, args=(code, key, room.step + 1, False))  # fmt: skip
            projector.switch()
            notes_window.link()
        _wall(code, key, room, large)
    notes_window.listen(lambda by: _turn(code, key, by))
    with st.container(horizontal=True):
        st.download_button("Save the session", partial(_record, code, key), f"class-{code}.json",
                           "application/json", key="class-save", on_click="ignore")  # fmt: skip
        st.button("Close the room", key="class-close", on_click=_close, args=(code, key))


@st.fragment(run_every=EVERY)
def _wall(code: str, key: str, room: Moment, large: bool) -> None:
    """Draw how many have answered, and how they lie once it is revealed; who is stuck never."""
    answers, seats = classroom().answers(code, room.step), classroom().seats(code)
    told = f"{len(answers)} of {counted(seats, 'student')} answered" if seats else NOBODY
    st.html(f"<p class='fn-big' data-testid='count'>{told}</p>")
    if room.revealed:
        rows, spec = _chart(answers, room)
        st.vega_lite_chart(rows, spec, key="class-votes")
    stuck = classroom().waiting(code, key)
    told = f"Not yet: seat{'s' if stuck[1:] else ''} {', '.join(map(str, stuck))}"
    waiting = told if stuck else "All have answered." if seats else NOBODY
    if seats and not large and not room.revealed and st.session_state.get(STUCK):
        st.caption(waiting)
    notes_window.show(_slip(room, waiting))


def _chart(answers: tuple[float, ...], room: Moment) -> charts.Chart:
    talk = room.talk
    if not talk.choices:
        return charts.votes(answers, talk.exact[room.step], big=True)
    each = range(len(talk.choices))
    shares = [sum(a == k for a in answers) / max(1, len(answers)) for k in each]
    return charts.choices(talk.choices, shares, talk.shares[room.step], big=True)


def _invite(code: str, large: bool) -> None:
    """Draw how students get in; what only the teacher needs is not on the wall."""
    st.html(f"<p class='fn-now fn-code' data-testid='code'>{code}</p>")
    home = phone_server.address() or (st.context.url or "").rpartition("/")[0]
    address = str(st.session_state.get(ADDRESS, home))
    if not large:
        address = str(st.text_input("Address that phones reach", address, key="class-address",
                                    max_chars=200))  # fmt: skip
        st.session_state[ADDRESS] = address
    link = f"{address.rstrip('/')}/join/{code}"
    st.html(f"<p data-testid='link'>{escape(link)}</p>")
    svg = segno.make(link, micro=False).svg_inline(scale=6, border=3, light="#ffffff")
    st.image(svg, width=420 if large else 280)
    if large:
        return
    if any(f"//{name}" in address for name in ("127.0.0.1", "localhost")):
        st.caption(HERE_ONLY)
    st.session_state[STUCK] = st.toggle("Show which seats have not answered",
                                        st.session_state.get(STUCK, False),
                                        key="class-stuck")  # fmt: skip


def _record(code: str, key: str) -> str:
    return json.dumps(classroom().record(code, key), indent=1)


def _go(code: str, key: str, step: int, revealed: bool) -> None:
    try:
        classroom().steer(code, key, step, revealed=revealed)
    except LedgerError as error:
        st.session_state[TROUBLE] = str(error)


def _turn(code: str, key: str, by: int) -> None:
    """Go on or back as the window with the notes asks for."""
    room = classroom().now(code)
    if 0 <= room.step + by <= len(room.talk.steps):
        _go(code, key, room.step + by, False)


def _slip(room: Moment, waiting: str) -> notes_window.Slip:
    """Return what the teacher alone sees: notes, who is stuck, what comes next, and the answer."""
    talk, at = room.talk, room.step
    notes = talk.notes or ("",) * len(talk.said)
    if talk.choices:
        rows = sorted(zip(talk.shares[at], talk.choices, strict=True), reverse=True)
        lines = [f"{name} {percent(p)}" for p, name in rows]
    else:
        lines = [f"{talk.asks} Exactly: {percent(talk.exact[at])}"]
    then = talk.said[at + 1] if at < len(talk.steps) else ""
    return notes_window.Slip(f"Step {at} of {len(talk.steps)}", talk.said[at], notes[at], then,
                             notes[at + 1] if then else "", (waiting, *lines))  # fmt: skip


def _close(code: str, key: str) -> None:
    try:
        classroom().close(code, key)
    except LedgerError as error:
        st.session_state[TROUBLE] = str(error)
        return
    st.session_state[CLOSED] = code, key
    _forget()


def _forget() -> None:
    st.session_state[ROOM] = None
