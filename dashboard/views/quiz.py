"""Quiz: a case without its answer; the learner's estimate comes first, then the network's."""

import random
from html import escape

import streamlit as st

from fascinet.dashboard import library, service
from fascinet.dashboard.catalogue import CONTEXT
from fascinet.dashboard.frame import open_page
from fascinet.dashboard.library import Entry, Opened
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.tables import table
from fascinet.dashboard.views.cases import take
from fascinet.dashboard.words import percent, state_words
from fascinet.engine.clinic.reasoner import GROUPS
from fascinet.model.errors import FascinetError

LEAD = "Say what you think before the network does. Your own case stays as it is."
SHOWN = 5


def page() -> None:
    """Draw the page."""
    known, here = open_page("Quiz", LEAD)
    entries = {e.id: e for e in library.entries()}
    if here.quiz.case_id not in entries:
        deal(here)
    entry = entries[here.quiz.case_id]
    opened = library.open_entry(entry)
    left, right = st.columns([1, 1.2], gap="large")
    with left:
        st.header(_person(opened), anchor=False)
        st.html(_findings(known, opened))
    with right:
        if here.quiz.answer:
            _reveal(known, here, entry, opened)
        else:
            _ask(here)


def deal(here: Session) -> None:
    """Choose another case that can be read and has findings."""
    done = {case_id for case_id, _, _ in here.quiz.history}
    pool = [e for e in library.entries() if e.id not in done and _usable(e)]
    pool = pool or [e for e in library.entries() if _usable(e)]
    here.quiz.case_id = random.choice(pool).id
    here.quiz.answer = ""


def _usable(entry: Entry) -> bool:
    try:
        return len(library.open_entry(entry).case.hard) > 2
    except FascinetError:
        return False


def _person(opened: Opened) -> str:
    values = opened.case.values
    who = [state_words(values[v]) if v == "sex" else f"age {values[v]}"
           for v in ("sex", "age_group") if v in values]  # fmt: skip
    return ", ".join(["This person", *who])


def _findings(known: Resources, opened: Opened) -> str:
    case = opened.case
    rows = [
        (describe(v, s), "absent" if s == known.resting.get(v) else "")
        for v, s in case.hard
        if v not in CONTEXT
    ]
    present = "".join(f"<li>{escape(t)}</li>" for t, absent in rows if not absent)
    absent = "".join(f"<li>{escape(t)}</li>" for t, absent in rows if absent)
    parts = [f"<ul>{present}</ul>"]
    if absent:
        parts.append(f"<h2>Known to be absent or normal</h2><ul>{absent}</ul>")
    return "".join(parts)


def _ask(here: Session) -> None:
    with st.form("quiz-form", border=False):
        st.header("Your estimate", anchor=False)
        answer = st.selectbox(
            "What is the cause?", sorted(GROUPS), format_func=state_words, index=None,
            placeholder="Choose one", key="quiz-answer",
        )  # fmt: skip
        sure = st.slider("How sure are you?", 0, 100, 50, 5, format="%d%%", key="quiz-sure")
        sent = st.form_submit_button("Show the answer", key="quiz-send")
    if not sent:
        return
    if answer is None:
        st.warning("Choose a cause first: your estimate comes before the answer.")
        return
    entry = next(e for e in library.entries() if e.id == here.quiz.case_id)
    here.quiz.answer, here.quiz.confidence = str(answer), sure / 100
    here.quiz.history.append((entry.id, answer in entry.accepted, sure / 100))
    st.rerun()


def _reveal(known: Resources, here: Session, entry: Entry, opened: Opened) -> None:
    right = here.quiz.answer in entry.accepted
    st.header("Right" if right else "Not this time", anchor=False)
    st.html(
        f"<p class='fn-big'>{escape(entry.diagnosis)}</p><p>You said "
        f"<b>{escape(state_words(here.quiz.answer))}</b>, {100 * here.quiz.confidence:.0f}% sure. "
        f"Source: {escape(entry.citation)}</p>"
    )
    groups = service.grouped(opened.case)
    rows = [
        (("✓ " if g.group in entry.accepted else "") + state_words(g.group), percent(g.score),
         percent(g.posterior))
        for g in groups[:SHOWN]
    ]  # fmt: skip
    st.html(table("What the network says", ("Cause", "Explains", "Present"), rows, (1, 2)))
    quiz = here.quiz
    wins = sum(ok for _, ok, _ in quiz.history)
    st.caption(
        f"So far {wins} of {len(quiz.history)} right; Brier score {quiz.brier:.2f} "
        "(0 is perfect, 0.25 a coin)."
    )
    first, second = st.columns(2)
    first.button("Next case", key="quiz-next", on_click=deal, args=(here,))
    second.button("Open this case", key="quiz-open", on_click=take, args=(here, opened, entry.id))
