"""Authoring: a talk with its objectives and notes, checked, kept, opened and handed out."""

from functools import partial
from secrets import token_hex

import streamlit as st

from fascinet.dashboard import flags, service
from fascinet.dashboard.frame import plain
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.tables import table
from fascinet.dashboard.teaching import editor, handout
from fascinet.dashboard.teaching.lesson import case_library, rooms
from fascinet.dashboard.teaching.parts import two_places
from fascinet.dashboard.teaching.talk import MINE, SAID, TALK, UNSAVED, Talk, lesson_of, talk_from
from fascinet.dashboard.words import percent
from fascinet.engine.teaching.case_file import TeachingCase, check_case, read_teaching_case
from fascinet.engine.teaching.words import name_of
from fascinet.model.case import COMPLAINT
from fascinet.model.errors import FascinetError, ImpossibleEvidenceError

MOST = 2_000  # letters of the objectives


def draw(talk: Talk) -> None:
    """Draw the lesson: what it is for, what is told, where it points, and where it is kept."""
    _aims(talk)
    editor.draw(talk)
    if talk.ground[COMPLAINT] != "yes":
        st.caption("A lesson is about somebody whose muscle twitches; this case does not.")
    elif talk.steps:
        case = lesson_of(talk)
        is_possible = _checked(case)
        _keep(talk, is_possible)
        if is_possible:
            _downloads(case)
    _opened()


def _aims(talk: Talk) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        talk.name = st.text_input("Title", talk.name, key=f"author-title-{talk.id}",
                                  max_chars=200).strip()  # fmt: skip
        picked = st.multiselect(
            "Causes to think of, named on the handout", rooms().causes, list(talk.distractors),
            format_func=lambda c: name_of(rooms(), c), key=f"author-distractors-{talk.id}",
            select_all=False,
        )  # fmt: skip
        talk.distractors = tuple(picked)
    with right:
        text = st.text_area("Objectives, one a line", "\n".join(talk.objectives), max_chars=MOST,
                            key=f"author-objectives-{talk.id}", height=112)  # fmt: skip
        talk.objectives = tuple(line.strip() for line in text.splitlines() if line.strip())


def _checked(case: TeachingCase) -> bool:
    """Draw where the case points after each step; say whether it is possible."""
    try:
        found = check_case(rooms(), case)
    except ImpossibleEvidenceError as error:
        flags.impossible(service.resources(), error)
        return False
    rows = [
        (describe(case.steps[c.after - 1].finding, case.steps[c.after - 1].state)
         if c.after else "The story", percent(c.probability),
         f"{name_of(rooms(), c.leader)} {percent(c.leader_probability)}", two_places(c.conflict))
        for c in found
    ]  # fmt: skip
    heads = ("Told", name_of(rooms(), case.cause), "Most probable then", "Conflict, nats")
    st.html(table("Where the case points", heads, rows, (1, 3)))
    odd = next((c for c in found if c.is_surprising), None)
    if odd is not None:
        step = case.steps[odd.after - 1] if odd.after else None
        told = describe(step.finding, step.state) if step else "The story"
        st.caption(plain(f"From “{told}” on, the findings hardly go together: is one of them a "
                         "slip?"))  # fmt: skip
    return True


# ------------------------------------------------------------------------------- the library


def _keep(talk: Talk, is_possible: bool) -> None:
    """Draw what keeps the talk in the user's library."""
    ready = bool(talk.name) and is_possible
    with st.container(horizontal=True, vertical_alignment="center"):
        if talk.file:
            st.button("Save changes", key="author-save", disabled=not ready, type="primary",
                      on_click=_save, args=(talk, talk.file))  # fmt: skip
        st.button("Save as a new case" if talk.file else "Save to my cases", key="author-new",
                  disabled=not ready, on_click=_save, args=(talk, None),
                  type="secondary" if talk.file else "primary")  # fmt: skip
        if not talk.name:
            st.caption("It needs a title to be saved.")


def _save(talk: Talk, file: str | None) -> None:
    try:
        kept = case_library().save(lesson_of(talk), file)
    except FascinetError as error:
        st.session_state[UNSAVED] = f"Not saved: {error}"
        return
    talk.source, talk.id = f"{MINE}{kept}", token_hex(4)
    st.session_state[SAID] = f"Saved as {kept}. It stands among your own cases on Cases."


# ------------------------------------------------------------------------------- files


def _downloads(case: TeachingCase) -> None:
    """Draw what can be taken away: the file, the handout and the answer sheet."""
    with st.container(horizontal=True):
        _take("Lesson file", "lesson.json", "application/json", case.to_json())
        for name, answers in (("Handout", False), ("Answer sheet", True)):
            stem = name.lower().replace(" ", "-")
            _take(name, f"{stem}.html", "text/html",
                  partial(handout.html_of, case, answers=answers))  # fmt: skip
            _take(f"{name}, PDF", f"{stem}.pdf", "application/pdf",
                  partial(handout.pdf_of, case, answers=answers))  # fmt: skip


def _take(label: str, name: str, kind: str, data: str | partial[str] | partial[bytes]) -> None:
    st.download_button(label, data, name, kind, key=f"author-{name}", on_click="ignore")


def _opened() -> None:
    """Draw the way to open a lesson file."""
    upload = st.file_uploader("Open a lesson file", type=["json", "yaml", "yml"],
                              key="author-upload")  # fmt: skip
    if upload is None:
        return
    try:
        case = read_teaching_case(rooms(), upload.getvalue(), upload.name)
    except FascinetError as error:
        st.error(plain(f"This file was refused: {error}"))
        return
    if st.button("Tell this lesson", key="author-open"):
        st.session_state[TALK] = talk_from(case)
        st.rerun()
