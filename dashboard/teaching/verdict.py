"""The end of a consultation: what was the matter, and how the learner reasoned, with figures."""

from html import escape

import streamlit as st

from fascinet.dashboard import later
from fascinet.dashboard.frame import plain
from fascinet.dashboard.reasons import describe
from fascinet.dashboard.tables import table
from fascinet.dashboard.teaching import charts, parts, review
from fascinet.dashboard.teaching.lesson import Lesson, rooms
from fascinet.dashboard.words import counted, figure, listed, mid, percent, times
from fascinet.engine.teaching.encounter import Encounter
from fascinet.engine.teaching.feedback import Valued, illness_script, left_open, score_of
from fascinet.engine.teaching.habits import Habit
from fascinet.engine.teaching.patient import chief
from fascinet.engine.teaching.words import name_of, state_name

AGREED = 0.005  # half a point: no more than the rounding of what is shown
FAR_DB = 1.0
REPORTED = (
    " Brier and log score take what the report names as present and other groups of causes as "
    "absent."
)
OPEN_SHOWN = 4
TELLS = 0.001  # bits; less settles nothing


def draw(now: Lesson) -> None:
    """Draw the whole review."""
    here = now.here
    assert here is not None
    st.header("Right" if here.is_right else "Not this time", anchor=False)
    st.html(f"<p class='fn-big' data-testid='truth'>{escape(parts.truth(here))}</p>")
    st.html(f"<p>{escape(_said(here))} {escape(parts.spent(here))}.</p>")
    st.button("Next patient", key="patient-next", on_click=_next, args=(now,))
    record = review.record_of(here)
    left, right = st.columns([1.1, 1], gap="large")
    with left:
        _belief(here)
        _curves(here)
        _habits(here, record)
    with right:
        _must_not_miss(here)
        _decided(here, record)
        _script(here)
    _steps(record)
    _argue(here, record)
    with st.expander("The consultation"):
        st.html(parts.talk(here))


def _next(now: Lesson) -> None:
    now.here, now.visit, now.considered = None, None, []


def _said(here: Encounter) -> str:
    verdict = here.verdict
    assert verdict is not None
    cause = name_of(rooms(), verdict.cause) if verdict.cause else "an ordinary twitch"
    actions = {a.id: a.label for a in rooms().knowledge.actions}
    action = f" and would: {mid(actions[verdict.action])}" if verdict.action else ""
    return f"You named {mid(cause)}{action}."


def _belief(here: Encounter) -> None:
    last = here.statements[-1]
    known = here.evidence_after(last.after)
    base = rooms().belief(rooms().start(known))
    st.html(parts.side_by_side(last.belief, rooms().belief(known), base))
    note = REPORTED if here.patient.origin == "case" else ""
    st.caption(plain(f"{parts.scores_line(score_of(here))}{note}"))


def _curves(here: Encounter) -> None:
    """Draw both beliefs in the cause that mattered, after each step."""
    stated = {c for s in here.statements for c in s.belief}
    about = chief(rooms(), here.patient)
    verdict = here.verdict.cause if here.verdict else None
    wanted = [c for c in (about, verdict, *sorted(stated)) if c in stated] or [about]
    cause = next((c for c in wanted if c and c not in here.evidence), None)
    if cause is None or not here.steps:
        return
    count = len(here.steps) + 1
    engine = [rooms().belief(here.evidence_after(k))[cause] for k in range(count)]
    own: list[float | None] = [None] * count
    for said in here.statements:
        own[said.after] = said.belief.get(cause, own[said.after])
    steps = ["the story", *(describe(s.variable, s.state) for s in here.steps)]
    lines = [(charts.ENGINE, engine), ("You", own)]
    rows, spec = charts.curves(steps, [x for x in lines if any(p is not None for p in x[1])])
    st.caption(plain(f"How probable {mid(name_of(rooms(), cause))} was, after each step"))
    st.vega_lite_chart(rows, spec, key="verdict-curves")


# ------------------------------------------------------------------------------- habits


def _habits(here: Encounter, record: str) -> None:
    found = later.answer(review.named, record, text="Looking for habits …")
    st.html("<h2>Habits that the record shows</h2>")
    if not found:
        st.caption("None: where you differ from the engine, no one habit explains it.")
        return
    items = "".join(f"<li>{_habit(h)}</li>" for h in found)
    st.html(f"<ul aria-label='Habits'>{items}</ul>")


def _habit(habit: Habit) -> str:
    cause = escape(mid(name_of(rooms(), habit.cause)))
    you, exact, other = figure(habit.stated), percent(habit.exact), percent(habit.other)
    if habit.kind == "premature_closure":
        step = escape(mid(name_of(rooms(), habit.detail)))
        return (
            f"<b>Premature closure.</b> You named {cause}, which the findings make {exact}, while "
            f"{step} was still open: its result could move "
            f"{escape(mid(name_of(rooms(), habit.moves)))} by {100 * habit.other:.0f} points."
        )
    if habit.kind == "anchoring":
        return (
            f"<b>Anchoring.</b> You began with {cause} at {other} and ended at {you}; the findings "
            f"moved its odds by {escape(habit.detail)}, to {exact}."
        )
    if habit.kind == "base_rate_neglect":
        return (
            f"<b>Base-rate neglect.</b> You gave {cause} {you}. Were it there in every second "
            f"patient to begin with, these findings would make it {other}; as rare as it is, they "
            f"make it {exact}."
        )
    return (
        f"<b>Double counting.</b> You gave {cause} {you}. Multiplying what each finding says alone "
        f"gives {other}; several say the same, and together they make it {exact}."
    )


# ------------------------------------------------------------------------------- what mattered


def _must_not_miss(here: Encounter) -> None:
    found = left_open(here)
    if not found:
        return
    names = [f"{mid(name_of(rooms(), c))} ({percent(p)})" for c, p in found[:OPEN_SHOWN]]
    names += [f"{len(found) - OPEN_SHOWN} more"] if found[OPEN_SHOWN:] else []
    st.html(f"<div class='fn-flags'><div class='fn-flag routine'><span class='fn-text'>Not to be "
            f"missed, and still open: {escape(listed(names))}.</span></div></div>")  # fmt: skip


def _decided(here: Encounter, record: str) -> None:
    cause = chief(rooms(), here.patient)
    found = later.answer(review.decided, record, text="Weighing each finding …")
    if not found or cause is None:
        return
    rows = [(describe(d.variable, d.state), f"{times(10 ** (d.weight_db / 10))} in odds")
            for d in found]  # fmt: skip
    title = f"What decided about {mid(name_of(rooms(), cause))}, given all else"
    st.html(table(title, ("Finding", "Weight"), rows, (1,)))


def _script(here: Encounter) -> None:
    cause = chief(rooms(), here.patient)
    if cause is None:
        return
    script = rooms().script(cause)
    rows = [
        (describe(x.variable, x.state), figure(x.p), f"{figure(x.low)} to {figure(x.high)}",
         state_name(rooms(), x.variable, x.here) if x.here else "not asked")
        for x in illness_script(here)
    ]  # fmt: skip
    st.html(f"<h2>{escape(script.label)}</h2><p>{escape(script.summary)}</p>")
    st.html(table("What it shows, alone", ("Finding", "How often", "Range", "Here"), rows, (1,)))


def _steps(record: str) -> None:
    found = later.answer(review.steps, record, text="Valuing each step …")
    if not found:
        return
    rows = [_step(v) for v in found]
    heads = ("Step", "Expected, bits", "Best then", "Its bits", "Learned, bits")
    st.html(table("What each step could tell, beside the best one then", heads, rows, (1, 3, 4)))
    idle = [mid(name_of(rooms(), v.step.variable)) for v in found if v.is_idle]
    if idle:
        st.caption(plain(f"{counted(len(idle), 'test')} could not change any open cause by half a "
                         f"point, whatever the result: {listed(idle)}."))  # fmt: skip


def _step(v: Valued) -> tuple[str, ...]:
    best = "this one" if v.best == v.step.variable else name_of(rooms(), v.best)
    return (describe(v.step.variable, v.step.state), parts.two_places(v.bits), best,
            parts.two_places(v.best_bits), parts.two_places(v.learned))  # fmt: skip


# ------------------------------------------------------------------------------- argue


def _argue(here: Encounter, record: str) -> None:
    last = here.statements[-1]
    known, end = here.evidence, rooms().belief(here.evidence)
    open_ = [c for c in last.belief if c not in known]
    if not open_:
        return
    st.html("<h2>Argue with a figure</h2>")
    worst = max(open_, key=lambda c: abs(last.belief[c] - end[c]))
    cause = st.selectbox("About", open_, index=open_.index(worst), key="argue-about", width=420,
                         format_func=lambda c: name_of(rooms(), c))  # fmt: skip
    stated = last.belief[cause]
    found, settles = later.answer(
        review.disputes, record, str(cause), stated, text="Turning every figure …"
    )
    name = mid(name_of(rooms(), str(cause)))
    if abs(stated - end[cause]) < AGREED:
        st.caption(plain(f"You and the engine agree on {name}: {percent(end[cause])}."))
        return
    st.caption(plain(
        f"You said {figure(stated)}, the engine says {percent(end[cause])}. Each of these figures "
        "alone, at the value needed, would make you right."
    ))  # fmt: skip
    if found:
        rows = [
            (d.name, figure(d.argument.value),
             f"{figure(d.argument.low)} to {figure(d.argument.high)}", figure(d.argument.needed),
             _outside(d.argument.outside_db), d.source)
            for d in found
        ]  # fmt: skip
        heads = ("Figure", "Now", "Cited range", "Needed", "Outside it by", "Source")
        st.html(table(f"What would make {name} {figure(stated)}", heads, rows, (1, 3)))
    else:
        st.caption("No single figure could.")
    if settles is None or settles.bits < TELLS:
        st.caption(plain(f"Nothing that is left to ask or test would settle {name}."))
    else:
        st.caption(plain(f"What would settle it best: {mid(name_of(rooms(), settles.variable))}, "
                         f"{parts.two_places(settles.bits)} bits about {name}."))  # fmt: skip


def _outside(db: float) -> str:
    return "within the range" if db < FAR_DB else f"{times(10 ** (db / 10))} in odds"
