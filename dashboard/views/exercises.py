"""Exercises: one question at a time, exact answers, what one finds hard comes back."""

import random

import streamlit as st

from fascinet.dashboard import charts as dashboard_charts
from fascinet.dashboard.frame import NOTICE, plain
from fascinet.dashboard.tables import table
from fascinet.dashboard.teaching import account
from fascinet.dashboard.teaching.lesson import Lesson, keep_attempt, lesson, rooms
from fascinet.dashboard.teaching.parts import off
from fascinet.engine.teaching.exercise import Exercise
from fascinet.engine.teaching.exercises import KINDS, make, next_kind

LEAD = "Short questions with exact answers, made anew each time; what you find hard comes back."
NAMES = {
    "frequencies": "Of 1,000 people",
    "percent": "From prior to posterior",
    "odds": "Odds",
    "nomogram": "Nomogram",
    "order": "Strongest finding first",
    "best_next": "Best next test",
    "double_counted": "Counted twice",
    "confounded": "Going together",
    "absent": "What absent tells",
}
SPACED = "What I find hard"
SEEDS = 10**6
END = 2  # the nomogram's third scale


def page() -> None:
    """Draw the page."""
    st.title("Exercises", anchor=False)
    st.caption(f"{LEAD} **{NOTICE}**")
    now = lesson()
    if now.trouble:
        st.warning(plain(f"Nothing is kept: {now.trouble}"), icon=None)
    left, right = st.columns([1.4, 1], gap="large")
    with left:
        picked = str(st.selectbox("Practise", [SPACED, *NAMES.values()], key="exercise-kind",
                                  on_change=_draw, args=(now,), width=320))  # fmt: skip
        _new(now, picked, first=True)
        assert now.exercise is not None
        _question(now, now.exercise)
    with right:
        _progress(now)
        account.draw(now)


def _draw(now: Lesson) -> None:
    _new(now, str(st.session_state.get("exercise-kind", SPACED)))


def _new(now: Lesson, picked: str, *, first: bool = False) -> None:
    """Make an exercise; the first only if there is none.

    A run that a newer click has outdated goes on until its next call of Streamlit: without the
    lock, what it was making would take the place of what the newer click has drawn.
    """
    with now.making:
        if first and now.exercise is not None:
            return
        seed = random.randrange(SEEDS)
        kinds = {name: kind for kind, name in NAMES.items()}
        kind = kinds.get(picked) or next_kind(now.done, seed)
        now.exercise, now.mark = make(rooms(), kind, seed), None
        now.turn += 1


def _question(now: Lesson, asked: Exercise) -> None:
    st.html(f"<h2>{NAMES[asked.kind]}</h2>")
    st.markdown(f"#### {plain(asked.prompt)}" if len(asked.prompt) < 90 else plain(asked.prompt))
    if asked.kind == "nomogram":
        _nomogram(asked, drawn=now.mark is not None)
    answers = {"percent": _percent, "odds": _odds, "choice": _choice, "order": _order}
    given = answers[asked.form](now, asked)
    if now.mark is None:
        st.button("Check", key=f"exercise-check-{now.turn}", on_click=_check,
                  args=(now, asked, given), disabled=given is None)  # fmt: skip
        return
    _verdict(now, asked)
    st.button("Next exercise", key=f"exercise-next-{now.turn}", on_click=_draw,
              args=(now,), shortcut="Enter")  # fmt: skip


def _nomogram(asked: Exercise, *, drawn: bool) -> None:
    before, ratio = asked.figures["prior"], asked.figures["ratio"]
    after = asked.answer[0]
    rows, spec = dashboard_charts.fagan(before, ratio, after if drawn else before)
    if not drawn:
        rows = [r for r in rows if not (r["part"] == "line" and r["x"] == END)]
    st.vega_lite_chart(rows, spec, key=f"exercise-nomogram-{asked.seed}-{drawn}")


def _percent(now: Lesson, asked: Exercise) -> float | None:
    return st.number_input("Your answer, in percent", 0.0, 100.0, None, step=None, format="%g",
                           key=f"exercise-number-{now.turn}", disabled=now.mark is not None,
                           width=260)  # fmt: skip


def _odds(now: Lesson, asked: Exercise) -> float | None:
    return st.number_input("1 to …", 0.0, None, None, step=None, format="%g",
                           key=f"exercise-number-{now.turn}", disabled=now.mark is not None,
                           width=260)  # fmt: skip


def _choice(now: Lesson, asked: Exercise) -> int | None:
    return st.radio("Your answer", range(len(asked.choices)), index=None,
                    format_func=lambda i: plain(asked.choices[i]),
                    key=f"exercise-choice-{now.turn}", disabled=now.mark is not None)  # fmt: skip


def _order(now: Lesson, asked: Exercise) -> list[int] | None:
    picked = st.multiselect(
        "In order, strongest first", range(len(asked.choices)), select_all=False,
        format_func=asked.choices.__getitem__, key=f"exercise-order-{now.turn}",
        disabled=now.mark is not None, placeholder="Pick the strongest first",
    )  # fmt: skip
    return picked if len(picked) == len(asked.choices) else None


def _check(now: Lesson, asked: Exercise, given: float | list[int]) -> None:
    if now.exercise is not asked or now.mark is not None:
        return
    now.mark = asked.mark(given)
    keep_attempt(now, asked, now.mark)


def _verdict(now: Lesson, asked: Exercise) -> None:
    mark = now.mark
    assert mark is not None
    missed = "" if mark.error_db is None else f" You were {off(mark.error_db)}."
    exact = f" It is: {asked.choices[int(asked.answer[0])]}." if asked.form == "choice" else ""
    text = plain(f"{missed}{exact} {asked.explanation}")
    if mark.right:
        st.success(f"**Right.** {text}")
    elif mark.close:
        st.info(f"**Close.** {text}")
    else:
        st.warning(f"**Not this time.** {text}")


def _progress(now: Lesson) -> None:
    rows = [(NAMES[k], str(n), percent_of(credit / n)) for k, (credit, n) in now.done.items() if n]
    if rows:
        st.html(table("How it goes", ("Kind", "Tried", "Score"), rows, (1, 2)))


def percent_of(share: float) -> str:
    """Return a share of credits."""
    return f"{100 * share:.0f}%"


assert set(NAMES) == set(KINDS)
