"""Present: a case told step by step on a projector, the class's belief beside the engine's.

Arrow keys, a remote's buttons or a click turn the steps. Nothing that answers is shown before the
class has said its own, if the teacher wants it so.
"""

from dataclasses import dataclass, field
from html import escape
from time import monotonic

import streamlit as st

from fascinet.dashboard import library
from fascinet.dashboard.frame import NOTICE, plain, session
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.state import Case
from fascinet.dashboard.teaching import author, charts
from fascinet.dashboard.teaching.lesson import rooms
from fascinet.dashboard.teaching.scale import STEPS
from fascinet.dashboard.words import figure, mid, percent
from fascinet.engine.teaching.case_file import TeachingCase, ToldStep
from fascinet.engine.teaching.information import options
from fascinet.engine.teaching.words import name_of
from fascinet.model.case import COMPLAINT, CONTEXT
from fascinet.model.errors import FascinetError

LEAD = "A case finding by finding, for a room: arrow keys turn the steps."
HIDES = ("Nothing", "Numbers", "Ranking and numbers")
OWN = "The case on the screen"
SHOWN = 5
TALK, LARGE_ON = "present", "present-large"
NOTES = 2000
LARGE = """<style>
.stMainBlockContainer { font-size: 1.35rem; max-width: none; padding-top: 1.6rem; }
.stMainBlockContainer :is(p, li, td, th, label, button, [data-testid="stCaptionContainer"] p) {
  font-size: 1.35rem !important; line-height: 1.4; }
header[data-testid="stHeader"], .st-key-bottom, section[data-testid="stSidebar"],
[data-testid="stSidebarCollapsedControl"] { display: none !important; }
.stMainBlockContainer h1 { font-size: 1.6rem !important; }
.stMainBlockContainer p.fn-now { font-size: 2.4rem !important; line-height: 1.25; }
table.fn { font-size: 1.35rem; }
</style>"""
# the buttons that only keys press: there for a remote, not for the eye
KEYS = """<style>.st-key-present-remote { position: absolute; left: -9999px; }</style>"""


@dataclass
class Talk:
    """A presentation.

    Attributes
    ----------
    name : str
        What is told: a case of the library, or one's own.
    steps : list of (variable, state)
        In the order told.
    ground : dict
        Known from the start: setting, age, sex and the complaint.
    at : int
        How many steps are told.
    said : dict of step to probability
        The class's belief in the cause in focus.
    since : float
        When the clock was started; 0 while it stands.
    hide, focus : str
        What is hidden until the class has spoken, and the cause that the curves follow.
    notes : dict of step to str
        The presenter's own.
    objectives, distractors : tuple of str
        For the handout.
    """

    name: str
    steps: list[tuple[str, str]]
    ground: dict[str, str]
    at: int = 0
    said: dict[int, float] = field(default_factory=dict[int, float])
    since: float = 0.0
    hide: str = HIDES[2]
    focus: str = ""
    notes: dict[int, str] = field(default_factory=dict[int, str])
    objectives: tuple[str, ...] = ()
    distractors: tuple[str, ...] = ()

    def known(self, count: int | None = None) -> dict[str, str]:
        """Return what is known after so many steps."""
        return {**self.ground, **dict(self.steps[: self.at if count is None else count])}


def page() -> None:
    """Draw the page."""
    large = bool(st.session_state.get(LARGE_ON, False))
    st.html((LARGE if large else "") + KEYS)
    st.title("Present", anchor=False)
    if not large:
        st.caption(f"{LEAD} **{NOTICE}**")
        _choose()
    talk = _current()
    if not talk.steps:
        st.info("Nothing to tell yet: enter findings on the Differential, or choose a case.")
        return
    cause = _focus(talk, large)
    _now(talk)
    _turn(talk)
    _belief(talk, cause, large)
    _foot(talk, large)


def _current() -> Talk:
    if TALK not in st.session_state:
        st.session_state[TALK] = _own()
    talk: Talk = st.session_state[TALK]
    return talk


# ------------------------------------------------------------------------------- the case


def chosen() -> Talk:
    """Draw the choice of the case and return it, as the Class page tells it too."""
    _choose()
    return _current()


def _choose() -> None:
    entries = {e.id: e for e in library.entries()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Case", [OWN, *entries], key="present-case", on_change=_take, width=560,
            format_func=lambda i: library.blind(entries[i]) if i in entries else i,
        )  # fmt: skip


def _take() -> None:
    picked = st.session_state["present-case"]
    entries = {e.id: e for e in library.entries()}
    try:
        talk = (
            told_from(picked, library.open_entry(entries[picked]).case)
            if picked in entries
            else _own()
        )
    except FascinetError as error:
        session().warnings.append(str(error))
        return
    st.session_state[TALK] = talk


def _own() -> Talk:
    here = session()
    return told_from(here.name or OWN, here.case)


def told_from(name: str, case: Case) -> Talk:
    """Return a case as a talk: the ground first, then what is asked, seen and tested, in turn."""
    ground = {"setting": case.setting, COMPLAINT: "yes"}
    ground |= {v: s for v, s in case.evidence.items() if v in (*CONTEXT, COMPLAINT)}
    way = {"ask": 0, "examine": 1, "order": 2}
    steps = [(v, s) for v, s in case.evidence.items() if v not in ground]
    return Talk(name, sorted(steps, key=lambda x: way[rooms().way_of(x[0])]), ground)


def _focus(talk: Talk, large: bool) -> str:
    """Return the cause that the curves follow."""
    end = rooms().belief(talk.known(len(talk.steps)))
    order = sorted((c for c in end if c not in talk.known(len(talk.steps))), key=lambda c: -end[c])
    alphabetical = sorted(order, key=lambda c: name_of(rooms(), c))
    talk.focus = talk.focus or order[0]
    if large:
        return talk.focus
    with st.container(horizontal=True, vertical_alignment="bottom"):
        talk.focus = str(st.selectbox(
            "Follow", alphabetical, index=alphabetical.index(talk.focus), width=560,
            format_func=lambda c: name_of(rooms(), c), key=f"present-focus-{talk.name}",
        ))  # fmt: skip
        talk.hide = str(st.segmented_control(
            "Hide until the class has spoken", HIDES, default=talk.hide, key="present-hide",
            required=True,
        ))  # fmt: skip
    return talk.focus


# ------------------------------------------------------------------------------- the step


def person(talk: Talk) -> str:
    """Return who comes, in words."""
    who = {"male": "man", "female": "woman"}.get(talk.ground.get("sex", ""), "person")
    age = f", {talk.ground['age_group']}" if "age_group" in talk.ground else ""
    return f"A {who}{age}, whose muscles twitch"


def _now(talk: Talk) -> None:
    told = describe(*talk.steps[talk.at - 1]) if talk.at else person(talk)
    count = f"Step {talk.at} of {len(talk.steps)}"
    earlier = [describe(*s) for s in talk.steps[: max(0, talk.at - 1)]]
    before = f"<p class='fn-quiet'>{escape(' · '.join(earlier))}</p>" if earlier else ""
    st.html(f"<p class='fn-quiet' data-testid='step'>{count}</p>"
            f"<p class='fn-now' data-testid='told'>{escape(told)}</p>{before}")  # fmt: skip


def _turn(talk: Talk) -> None:
    with st.container(horizontal=True, key="present-turn"):
        st.button("Back", key="present-back", on_click=_step, args=(talk, -1), shortcut="Left",
                  disabled=talk.at == 0)  # fmt: skip
        st.button("Next", key="present-next", on_click=_step, args=(talk, 1), shortcut="Right",
                  disabled=talk.at == len(talk.steps))  # fmt: skip
        # buttons, not toggles: what has the focus of a form keeps the keys to itself
        large = st.session_state.get(LARGE_ON, False)
        st.button("Leave the projector" if large else "Projector", key="present-projector",
                  on_click=_flip, args=(LARGE_ON,), shortcut="P")  # fmt: skip
        clock = "Stop the clock" if talk.since else "Start the clock"
        st.button(clock, key="present-clock", on_click=_wind, args=(talk,), shortcut="T")
    with st.container(key="present-remote"):
        st.button("Back by a remote", key="present-up", on_click=_step, args=(talk, -1),
                  shortcut="PageUp", disabled=talk.at == 0)  # fmt: skip
        st.button("Next by a remote", key="present-down", on_click=_step, args=(talk, 1),
                  shortcut="PageDown", disabled=talk.at == len(talk.steps))  # fmt: skip


def _flip(name: str) -> None:
    st.session_state[name] = not st.session_state.get(name, False)


def _wind(talk: Talk) -> None:
    talk.since = 0.0 if talk.since else monotonic()


def _step(talk: Talk, by: int) -> None:
    talk.at = min(max(talk.at + by, 0), len(talk.steps))


def _belief(talk: Talk, cause: str, large: bool) -> None:
    hide = talk.hide
    left, right = st.columns([1, 1.3], gap="large")
    with left:
        name = mid(name_of(rooms(), cause))
        spoken = talk.at in talk.said
        st.select_slider(
            plain(f"The class: how probable is {name}?"), STEPS,
            value=talk.said.get(talk.at, _last(talk)), format_func=figure,
            key=f"present-said-{talk.name}-{cause}-{talk.at}", disabled=spoken,
        )  # fmt: skip
        if spoken:  # without a key: one press must not say and unsay
            st.button("Change it", key="present-unsay", on_click=_unsay, args=(talk,))
        else:
            st.button("The class has spoken", key="present-say", on_click=_say,
                      args=(talk, cause), shortcut="Enter")  # fmt: skip
        if hide == HIDES[0] or spoken:
            _ranking(talk, numbers=True)
        elif hide == HIDES[1]:
            _ranking(talk, numbers=False)
        else:
            st.caption("The ranking is hidden until the class has spoken.")
    with right:
        _curves(talk, cause, hide, large)


def _last(talk: Talk) -> float:
    """Return what the class said last, to start from."""
    told = [talk.said[k] for k in sorted(talk.said) if k <= talk.at]
    return told[-1] if told else 0.1


def _say(talk: Talk, cause: str) -> None:
    key = f"present-said-{talk.name}-{cause}-{talk.at}"
    talk.said[talk.at] = float(st.session_state.get(key, _last(talk)))


def _unsay(talk: Talk) -> None:
    talk.said.pop(talk.at, None)


def _ranking(talk: Talk, *, numbers: bool) -> None:
    known = talk.known()
    belief = rooms().belief(known)
    first = sorted((c for c in belief if c not in known), key=lambda c: -belief[c])[:SHOWN]
    items = "".join(
        f"<li>{escape(name_of(rooms(), c))} {_number(belief[c]) if numbers else ''}</li>"
        for c in first
    )
    st.html(f"<ol class='fn-first' aria-label='Most probable now'>{items}</ol>")


def _number(p: float) -> str:
    return f"<b>{escape(percent(p))}</b>"


def _curves(talk: Talk, cause: str, hide: str, large: bool) -> None:
    """Draw both beliefs; the engine's only as far as the class has spoken."""
    steps = ["the story", *(describe(*s) for s in talk.steps[: talk.at])]
    engine: list[float | None] = [
        rooms().belief(talk.known(k))[cause] if hide == HIDES[0] or k in talk.said else None
        for k in range(talk.at + 1)
    ]
    own: list[float | None] = [talk.said.get(k) for k in range(talk.at + 1)]
    lines = [(charts.ENGINE, engine), ("The class", own)]
    shown = [x for x in lines if any(p is not None for p in x[1])]
    if shown:
        rows, spec = charts.curves(steps, shown, big=large)
        st.vega_lite_chart(rows, spec, key="present-curves")


# ------------------------------------------------------------------------------- the foot


def _foot(talk: Talk, large: bool) -> None:
    if talk.since:
        _tick(talk.since)
    if large:
        return
    with st.expander("Notes for this step"):
        talk.notes[talk.at] = st.text_area(
            "Notes", talk.notes.get(talk.at, ""), key=f"present-notes-{talk.name}-{talk.at}",
            max_chars=NOTES, label_visibility="collapsed",
        )  # fmt: skip
        if st.toggle("What would tell most now", key="present-best"):
            best = options(rooms(), talk.known())[:3]
            st.caption(plain(" · ".join(f"{name_of(rooms(), o.variable)} {o.bits:.2f} bits"
                                        for o in best)))  # fmt: skip
    with st.expander("Lesson: objectives, check, files and handouts", key="present-lesson"):
        _author(talk)


def _author(talk: Talk) -> None:
    """Draw the lesson: what it is for, where it points, and its files."""
    talk.objectives = author.objectives(f"author-objectives-{talk.name}", talk.objectives)
    talk.distractors = author.distractors(f"author-distractors-{talk.name}", talk.distractors)
    case = lesson_of(talk)
    if author.checked(case):
        author.downloads(case)
    found = author.opened()
    if found is not None:
        st.session_state[TALK] = talk_from(found)
        st.rerun()


def lesson_of(talk: Talk) -> TeachingCase:
    """Return a talk as the lesson file has it."""
    ground = {v: s for v, s in talk.ground.items() if v not in ("setting", COMPLAINT)}
    steps = tuple(ToldStep(v, s, talk.notes.get(k + 1, "")) for k, (v, s) in enumerate(talk.steps))
    return TeachingCase(talk.name, talk.ground["setting"], talk.focus, steps, ground,
                        talk.objectives, talk.distractors)  # fmt: skip


def talk_from(case: TeachingCase) -> Talk:
    """Return the talk of a lesson file, in the order of the file."""
    ground = case.known(0)
    steps = [(s.finding, s.state) for s in case.steps]
    notes = {k + 1: s.note for k, s in enumerate(case.steps) if s.note}
    return Talk(case.title, steps, ground, focus=case.cause, notes=notes,
                objectives=case.objectives, distractors=case.distractors)  # fmt: skip


@st.fragment(run_every=1.0)
def _tick(since: float) -> None:
    seconds = int(monotonic() - since)
    st.html(f"<p class='fn-now' role='timer'>{seconds // 60}:{seconds % 60:02d}</p>")
