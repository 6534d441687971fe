"""Present: a case told step by step on a projector, the class's belief beside the engine's.

Arrow keys, a remote's buttons or a click turn the steps. Nothing that answers is shown before the
class has said its own, if the teacher wants it so.
"""

from collections.abc import Mapping, Sequence
from html import escape
from time import monotonic

import streamlit as st

from fascinet.dashboard import flags, library, service
from fascinet.dashboard.frame import NOTICE, plain, session
from fascinet.dashboard.links import to_link
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.state import Case
from fascinet.dashboard.teaching import author, charts, notes_window, projector
from fascinet.dashboard.teaching.editor import NOTES, keep_note, note_key
from fascinet.dashboard.teaching.lesson import case_library, rooms
from fascinet.dashboard.teaching.scale import STEPS, exactly
from fascinet.dashboard.teaching.talk import (
    FILE,
    HIDES,
    MINE,
    SAID,
    SCREEN,
    STORY,
    TALK,
    UNSAVED,
    Talk,
    person,
    talk_from,
    told_from,
)
from fascinet.dashboard.words import figure, mid, percent
from fascinet.engine.teaching.information import options
from fascinet.engine.teaching.words import name_of
from fascinet.model.errors import FascinetError, ImpossibleEvidenceError, OptionError

LEAD = "A case finding by finding, for a room: arrow keys turn the steps."
SHOWN = 5
TROUBLE = "present-trouble"
CASE, STEP, FOLLOW = "case", "at", "follow"  # in the address
SEEN = "present-seen"  # the case on the screen when the talk was made of it
# the buttons that only keys press: there for a remote, not for the eye
KEYS = """<style>.st-key-present-remote { position: absolute; left: -9999px; }</style>"""


def page() -> None:
    """Draw the page."""
    large = projector.is_on()
    st.html(KEYS)
    st.title("Present", anchor=False)
    if not large:
        st.caption(f"{LEAD} **{NOTICE}**")
        choose()
    talk = current()
    _name_in_address(talk)
    if not talk.steps:
        st.info("Nothing to tell yet: enter findings on the Differential, or choose a case.")
    else:
        try:
            _tell(talk, large)
        except ImpossibleEvidenceError as error:
            flags.impossible(service.resources(), error)
    if not large:
        _lesson(talk)


def _tell(talk: Talk, large: bool) -> None:
    cause = _focus(talk, large)
    _now(talk)
    _turn(talk)
    _belief(talk, cause, large)
    _foot(talk, large)
    notes_window.show(_slip(talk))
    notes_window.listen(lambda by: _step(talk, by))


# ------------------------------------------------------------------------------- the case


def current() -> Talk:
    """Return the talk; one of the case on the screen follows it."""
    talk: Talk | None = st.session_state.get(TALK)
    if talk is None:
        talk = st.session_state[TALK] = _addressed()
    elif talk.source == SCREEN and st.session_state.get(SEEN) != session().case:
        talk = st.session_state[TALK] = talk_of(SCREEN)
    return talk


def _addressed() -> Talk:
    """Return the talk that the address names, at its step, so that a reload goes on with it."""
    source, step = (str(st.query_params.get(name, "")) for name in (CASE, STEP))
    try:
        talk = talk_of(source or SCREEN)
    except FascinetError as error:
        st.session_state[TROUBLE] = str(error)
        talk = talk_of(SCREEN)
    talk.focus = str(st.query_params.get(FOLLOW, "")) or talk.focus  # checked where it is drawn
    talk.at = min(int(step), len(talk.steps)) if step.isascii() and step.isdigit() else 0
    return talk


def _name_in_address(talk: Talk) -> None:
    named = {} if talk.source == FILE else {CASE: talk.source}
    if talk.source == SCREEN:
        case = session().case
        named = {} if case == service.resources().blank else to_link(case)
    wanted = {**named, **({STEP: str(talk.at)} if talk.at else {}),
              **({FOLLOW: talk.focus} if talk.focus else {})}  # fmt: skip
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def choose() -> Talk:
    """Draw the choice of the case and return its talk, as the Class page does too."""
    shipped = {e.id: e for e in library.entries()}
    own, trouble = _own_cases()
    talk = current()
    names = {SCREEN: SCREEN, **({FILE: f"{FILE}: {talk.name}"} if talk.source == FILE else {}),
             **own, **{i: library.blind(e) for i, e in shipped.items()}}  # fmt: skip
    if talk.source not in names:  # its file was deleted
        names[talk.source] = talk.name
    st.selectbox("Case", list(names), list(names).index(talk.source), on_change=_take, width=560,
                 key=f"present-case-{talk.id}", args=(talk.id,),
                 format_func=names.__getitem__)  # fmt: skip
    for text in (trouble, st.session_state.pop(TROUBLE, "")):
        if text:
            st.warning(plain(text), icon=None)
    return talk


def _own_cases() -> tuple[dict[str, str], str]:
    """Return the cases of the user's own library by source, and what is wrong with it."""
    try:
        kept = [k for k in case_library().entries() if k.case]
    except FascinetError as error:
        return {}, str(error)
    return {f"{MINE}{k.name}": f"Mine: {k.title}" for k in kept}, ""


def _take(turn: str) -> None:
    picked = str(st.session_state[f"present-case-{turn}"])
    st.session_state.pop(SEEN, None)
    try:
        st.session_state[TALK] = talk_of(picked)
    except FascinetError as error:
        st.session_state[TROUBLE] = str(error)


def talk_of(source: str) -> Talk:
    """Return the talk of a source, as its choice names it.

    Raises
    ------
    FascinetError
    """
    here = session()
    if source == SCREEN:
        st.session_state[SEEN] = here.case
        return told_from(here.name or SCREEN, here.case)
    if source.startswith(MINE):
        return talk_from(case_library().read(source.removeprefix(MINE)), source)
    shipped = {e.id: e for e in library.entries()}
    if source not in shipped:
        raise OptionError("case", source, shipped)
    entry = shipped[source]
    return told_from(source, library.open_entry(entry).case, source)


def _first(known: Mapping[str, str], order: Sequence[str]) -> str:
    """Return the cause that comes first at the end of the case, as on the Differential."""
    hard = tuple((v, s) for v, s in known.items() if v != "setting")
    ranked = service.ranked(Case(known.get("setting", Case().setting), hard))
    return next((e.cause for e in ranked if e.cause in order), order[0])


def _focus(talk: Talk, large: bool) -> str:
    """Return the cause that the curves follow."""
    known = talk.known(len(talk.steps))
    end = rooms().belief(known)
    order = sorted((c for c in end if c not in known), key=lambda c: -end[c])
    alphabetical = sorted(order, key=lambda c: name_of(rooms(), c))
    talk.focus = talk.focus if talk.focus in order else _first(known, order)
    if large:
        return talk.focus
    with st.container(horizontal=True, vertical_alignment="bottom"):
        talk.focus = str(st.selectbox(
            "Follow", alphabetical, index=alphabetical.index(talk.focus), width=560,
            format_func=lambda c: name_of(rooms(), c), key=f"present-focus-{talk.id}",
        ))  # fmt: skip
        talk.hide = str(st.segmented_control(
            "Hide until the class has spoken", HIDES, default=talk.hide, key="present-hide",
            required=True,
        ))  # fmt: skip
    return talk.focus


# ------------------------------------------------------------------------------- the step


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
        projector.switch()
        clock = "Stop the clock" if talk.since else "Start the clock"
        st.button(clock, key="present-clock", on_click=_wind, args=(talk,), shortcut="T")
        notes_window.link()
    with st.container(key="present-remote"):
        st.button("Back by a remote", key="present-up", on_click=_step, args=(talk, -1),
                  shortcut="PageUp", disabled=talk.at == 0)  # fmt: skip
        st.button("Next by a remote", key="present-down", on_click=_step, args=(talk, 1),
                  shortcut="PageDown", disabled=talk.at == len(talk.steps))  # fmt: skip


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
        key = f"present-said-{talk.id}-{cause}-{talk.at}"
        if spoken:  # no key for the button: one press must not say and unsay
            said = percent(talk.said[talk.at])
            st.html(f"<p data-testid='said'>The class gives {escape(name)} <b>{said}</b>.</p>")
            st.button("Change it", key="present-unsay", on_click=_unsay, args=(talk, key))
        else:
            st.select_slider(
                plain(f"The class: how probable is {name}?"), STEPS, value=_last(talk),
                format_func=figure, key=key,
            )  # fmt: skip
            st.button("The class has spoken", key="present-say", on_click=_say,
                      args=(talk, key), shortcut="Enter")  # fmt: skip
        if hide == HIDES[0] or spoken:
            exact = exactly(rooms().belief(talk.known())[cause])
            st.html(f"<p data-testid='exact'>Engine: <b>{escape(exact)}</b></p>")
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


def _say(talk: Talk, key: str) -> None:
    talk.said[talk.at] = float(st.session_state.get(key, _last(talk)))


def _unsay(talk: Talk, key: str) -> None:
    st.session_state[key] = talk.said.pop(talk.at)


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
        key = note_key(talk, talk.told, "present")
        st.text_area("Notes", key=key, max_chars=NOTES, on_change=keep_note,
                     args=(talk, talk.told, key), label_visibility="collapsed")  # fmt: skip
        if st.toggle("What would tell most now", key="present-best"):
            best = options(rooms(), talk.known())[:3]
            st.caption(plain(" · ".join(f"{name_of(rooms(), o.variable)} {o.bits:.2f} bits"
                                        for o in best)))  # fmt: skip


def _slip(talk: Talk) -> notes_window.Slip:
    """Return what the presenter alone sees: the notes, what comes next, and the ranking now."""
    told = [(STORY, person(talk)), *((v, describe(v, s)) for v, s in talk.steps)]
    variable, text = told[talk.at]
    after, then = told[talk.at + 1] if talk.at + 1 < len(told) else (STORY, "")
    known = talk.known()
    belief = rooms().belief(known)
    first = sorted((c for c in belief if c not in known), key=lambda c: -belief[c])[:SHOWN]
    return notes_window.Slip(
        f"Step {talk.at} of {len(talk.steps)}", text, talk.notes.get(variable, ""), then,
        talk.notes.get(after, "") if then else "",
        tuple(f"{name_of(rooms(), c)} {percent(belief[c])}" for c in first), talk.since,
    )  # fmt: skip


def _lesson(talk: Talk) -> None:
    """Draw the lesson's own part, once it is asked for."""
    saved, unsaved = (st.session_state.pop(name, "") for name in (SAID, UNSAVED))
    if saved:  # toasts are seen wherever one has scrolled to
        st.toast(plain(saved), duration="long")
    if unsaved:
        st.toast(plain(unsaved), duration="infinite")
    part = st.expander("Lesson: title, objectives, order, notes, check, files and handouts",
                       key="present-lesson", on_change="rerun")  # fmt: skip
    if part.open:
        with part:
            author.draw(talk)


@st.fragment(run_every=1.0)
def _tick(since: float) -> None:
    seconds = int(monotonic() - since)
    st.html(f"<p class='fn-now' role='timer'>{seconds // 60}:{seconds % 60:02d}</p>")
