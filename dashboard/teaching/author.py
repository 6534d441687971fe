"""Authoring: a talk with its objectives and notes, checked, saved, opened and handed out."""

from functools import partial

import streamlit as st

from fascinet.dashboard import flags, service
from fascinet.dashboard.frame import plain
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.tables import table
from fascinet.dashboard.teaching import handout
from fascinet.dashboard.teaching.lesson import rooms
from fascinet.dashboard.words import number, percent
from fascinet.engine.teaching.case_file import TeachingCase, check_case, read_teaching_case
from fascinet.engine.teaching.words import name_of
from fascinet.model.errors import FascinetError, ImpossibleEvidenceError

MOST = 2_000  # letters of the objectives


def objectives(key: str, before: tuple[str, ...]) -> tuple[str, ...]:
    """Draw the objectives and return them, one a line."""
    text = st.text_area("Objectives, one a line", "\n".join(before), key=key, max_chars=MOST,
                        height=90)  # fmt: skip
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def distractors(key: str, before: tuple[str, ...]) -> tuple[str, ...]:
    """Draw the causes that students are told to think of, and return them."""
    picked = st.multiselect("Causes to think of, named on the handout", rooms().causes,
                            list(before), format_func=lambda c: name_of(rooms(), c), key=key,
                            select_all=False)  # fmt: skip
    return tuple(picked)


def checked(case: TeachingCase) -> bool:
    """Draw where the case points after each step; say whether it is possible."""
    try:
        found = check_case(rooms(), case)
    except ImpossibleEvidenceError as error:
        flags.impossible(service.resources(), error)
        return False
    rows = [
        (describe(case.steps[c.after - 1].finding, case.steps[c.after - 1].state)
         if c.after else "The story", percent(c.probability),
         f"{name_of(rooms(), c.leader)} {percent(c.leader_probability)}", number(c.conflict, 2))
        for c in found
    ]  # fmt: skip
    heads = ("Told", name_of(rooms(), case.cause), "Most probable then", "Conflict, nats")
    st.html(table("Where the case points", heads, rows, (1, 3)))
    odd = next((c for c in found if c.is_surprising), None)
    if odd is not None:
        step = case.steps[odd.after - 1]
        st.caption(plain(f"From “{describe(step.finding, step.state)}” on, the findings hardly go "
                         "together: is one of them a slip?"))  # fmt: skip
    return True


def downloads(case: TeachingCase) -> None:
    """Draw what can be saved: the file, the handout and the answer sheet."""
    with st.container(horizontal=True):
        _save("Lesson file", "lesson.json", "application/json", case.to_json())
        for name, answers in (("Handout", False), ("Answer sheet", True)):
            stem = name.lower().replace(" ", "-")
            _save(name, f"{stem}.html", "text/html",
                  partial(handout.html_of, case, answers=answers))  # fmt: skip
            _save(f"{name}, PDF", f"{stem}.pdf", "application/pdf",
                  partial(handout.pdf_of, case, answers=answers))  # fmt: skip


def _save(label: str, name: str, kind: str, data: str | partial[str] | partial[bytes]) -> None:
    st.download_button(label, data, name, kind, key=f"author-{name}", on_click="ignore")


def opened() -> TeachingCase | None:
    """Draw the way to open a lesson file; return the case once it is opened."""
    upload = st.file_uploader("Open a lesson file", type=["json", "yaml", "yml"],
                              key="author-upload")  # fmt: skip
    if upload is None:
        return None
    try:
        case = read_teaching_case(rooms(), upload.getvalue(), upload.name)
    except FascinetError as error:
        st.error(plain(f"This file was refused: {error}"))
        return None
    return case if st.button("Tell this lesson", key="author-open") else None
