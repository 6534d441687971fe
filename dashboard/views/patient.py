"""Patient: a simulated patient who answers, and an exact examiner of how the learner reasoned."""

import random

import streamlit as st

from fascinet.dashboard import library
from fascinet.dashboard.frame import NOTICE, plain
from fascinet.dashboard.library import Entry
from fascinet.dashboard.teaching import account, parts, verdict
from fascinet.dashboard.teaching.lesson import VISIT, Lesson, keep_visit, lesson, rooms
from fascinet.dashboard.teaching.scale import STEPS
from fascinet.dashboard.words import figure, state_words
from fascinet.engine.teaching.encounter import Encounter
from fascinet.engine.teaching.patient import DIFFICULTIES, Patient, deal, from_case
from fascinet.engine.teaching.words import name_of, question
from fascinet.model.errors import FascinetError

LEAD = "Ask, examine and order; say what you believe; then see what the exact answer was."
ORIGINS = {"drawn": "Whoever comes", "chosen": "With a cause that I choose",
           "case": "A published case"}  # fmt: skip
HARD = {
    "any": "Any",
    "clear": "The story says much",
    "open": "The story leaves much open",
    "misleading": "The story misleads",
}
WAYS = {"ask": "Ask", "examine": "Examine", "order": "Order"}
ORDINARY = ""
SEEDS = 10**9
PICKED = (
    "Picked, not drawn: the engine speaks of whoever comes with such findings, and cannot know "
    "that you picked this one."
)


def page() -> None:
    """Draw the page."""
    st.title("Patient", anchor=False)
    st.caption(f"{LEAD} **{NOTICE}**")
    now = lesson()
    if now.trouble:
        st.warning(plain(f"Nothing is kept: {now.trouble}"), icon=None)
    _address(now)
    if now.here is None:
        _reception(now)
    elif now.here.is_over:
        verdict.draw(now)
    else:
        _consult(now, now.here)


def _address(now: Lesson) -> None:
    """Name the consultation that is kept in the address, so that a reload goes on with it."""
    name = now.visit if now.here and now.key and now.visit else ""
    if st.query_params.get(VISIT, "") != name:
        if name:
            st.query_params[VISIT] = name
        else:
            st.query_params.pop(VISIT, None)


# ------------------------------------------------------------------------------- who comes


def _reception(now: Lesson) -> None:
    left, right = st.columns([1.2, 1], gap="large")
    with left:
        origin = str(st.segmented_control(
            "Who comes", tuple(ORIGINS), format_func=ORIGINS.__getitem__, default="drawn",
            key="patient-origin", required=True,
        ))  # fmt: skip
        make = {"drawn": _whoever, "chosen": _chosen, "case": _published}[origin]()
        st.button("Bring the patient in", key="patient-start",
                  on_click=_start, args=(now, make), disabled=make is None)  # fmt: skip
        if origin != "drawn":
            st.caption(PICKED)
    with right:
        account.draw(now)


def _whoever() -> dict[str, str]:
    difficulty = st.selectbox("How hard", DIFFICULTIES, format_func=HARD.__getitem__,
                              key="patient-difficulty")  # fmt: skip
    return {"setting": _setting(), "difficulty": str(difficulty)}


def _chosen() -> dict[str, str]:
    cause = st.selectbox("Cause", rooms().causes, format_func=lambda c: name_of(rooms(), c),
                         key="patient-cause", index=rooms().causes.index("als"))  # fmt: skip
    return {"setting": _setting(), "cause": str(cause)}


def _published() -> dict[str, str] | None:
    entries = {e.id: e for e in library.entries()}
    if not entries:
        st.caption("This installation has no case library.")
        return None
    picked = st.selectbox("Case", list(entries), key="patient-case",
                          format_func=lambda i: library.blind(entries[i]))  # fmt: skip
    return {"case": str(picked)}


def _setting() -> str:
    return str(st.segmented_control(
        "Seen in", rooms().settings, default="primary_care", format_func=state_words,
        key="patient-setting", required=True,
    ))  # fmt: skip


def _start(now: Lesson, make: dict[str, str]) -> None:
    try:
        patient = _patient(make)
    except FascinetError as error:
        now.trouble = str(error)
        return
    now.here, now.visit, now.considered, now.trouble = Encounter(rooms(), patient), None, [], ""
    keep_visit(now)


def _patient(make: dict[str, str]) -> Patient:
    seed = random.randrange(SEEDS)
    if "case" in make:
        entry: Entry = next(e for e in library.entries() if e.id == make["case"])
        return from_case(rooms(), entry.path, groups=entry.accepted, title=entry.diagnosis,
                         citation=entry.citation, seed=seed)  # fmt: skip
    return deal(rooms(), make["setting"], seed=seed, difficulty=make.get("difficulty", "any"),
                cause=make.get("cause"))  # fmt: skip


# ------------------------------------------------------------------------------- the consultation


def _consult(now: Lesson, here: Encounter) -> None:
    left, right = st.columns([1.2, 1], gap="large")
    with left:
        st.html(parts.talk(here))
        _learn(now, here)
        st.caption(parts.spent(here))
    with right:
        _believe(now, here)
        _commit(now, here)
    st.button("Send this patient away", key="patient-leave", on_click=_leave, args=(now,),
              type="tertiary")  # fmt: skip


def _learn(now: Lesson, here: Encounter) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = str(st.segmented_control(
            "How", tuple(WAYS), format_func=WAYS.__getitem__, default="ask", key="patient-way",
            required=True,
        ))  # fmt: skip
        names = _choices(here, way)
        picked = st.selectbox(
            WAYS[way], list(names), index=None, format_func=names.__getitem__,
            key=f"patient-{way}-{len(here.steps)}", placeholder="Type a word", width="stretch",
        )  # fmt: skip
        st.button(WAYS[way], key="patient-do", disabled=picked is None,
                  on_click=_do, args=(now, way, picked))  # fmt: skip


def _choices(here: Encounter, way: str) -> dict[str, str]:
    """Return what can still be learned in one way, sessions of tests first."""
    known = here.evidence
    single = {v: question(rooms(), v) for v in rooms().of_way(way, known)}
    if way != "order":
        return dict(sorted(single.items(), key=lambda item: item[1].lower()))
    sessions = rooms().knowledge.sessions
    whole = {i: f"{s.label} (cost {s.cost})" for i, s in sessions.items()
             if any(t not in known for t in s.tests)}  # fmt: skip
    return whole | single


def _do(now: Lesson, way: str, name: str) -> None:
    here = now.here
    if here is None:
        return
    try:
        {"ask": here.ask, "examine": here.examine, "order": here.order}[way](name)
    except FascinetError as error:
        now.trouble = str(error)
        return
    keep_visit(now)


# ------------------------------------------------------------------------------- the learner


def _believe(now: Lesson, here: Encounter) -> None:
    st.header("What do you think of?", anchor=False)
    known = here.evidence
    free = [c for c in rooms().open_causes(known) if c not in now.considered]
    st.selectbox("Think of a cause", free, index=None, format_func=lambda c: name_of(rooms(), c),
                 key=f"patient-think-{len(now.considered)}", placeholder="Type a cause",
                 on_change=_consider, args=(now,))  # fmt: skip
    said = {}
    for cause in now.considered:
        if cause in known:
            continue
        said[cause] = st.select_slider(
            name_of(rooms(), cause), STEPS, value=0.1, format_func=figure, key=f"patient-p-{cause}"
        )
    st.button("State this", key="patient-say", on_click=_say, args=(now,), disabled=not said)
    if not here.statements:
        st.caption("State how probable each is. They need not add up: several may be there.")
        return
    if st.toggle("Show the engine's belief", key="patient-show"):
        last = here.statements[-1]
        seen = here.evidence_after(last.after)
        base = rooms().belief(rooms().start(seen))
        st.html(parts.side_by_side(last.belief, rooms().belief(seen), base))


def _consider(now: Lesson) -> None:
    cause = st.session_state.get(f"patient-think-{len(now.considered)}")
    if cause:
        now.considered.append(str(cause))


def _say(now: Lesson) -> None:
    here = now.here
    if here is None:
        return
    said = {c: float(st.session_state[f"patient-p-{c}"]) for c in now.considered
            if f"patient-p-{c}" in st.session_state and c not in here.evidence}  # fmt: skip
    here.say(said)
    keep_visit(now)


def _commit(now: Lesson, here: Encounter) -> None:
    with st.container(border=True, key="patient-end"):
        causes = [ORDINARY, *rooms().open_causes(here.evidence)]
        cause = st.selectbox(
            "What is it?", causes, index=None, key="patient-verdict", placeholder="Type a cause",
            format_func=lambda c: name_of(rooms(), c) if c else "An ordinary twitch, nothing else",
        )  # fmt: skip
        actions = {a.id: a.label for a in rooms().knowledge.actions}
        action = st.selectbox("What would you do?", list(actions), index=None,
                              format_func=actions.__getitem__, key="patient-action")  # fmt: skip
        ready = cause is not None and bool(here.statements)
        st.button("Commit and see", key="patient-commit", disabled=not ready,
                  on_click=_end, args=(now, cause, action))  # fmt: skip
        if not here.statements:
            st.caption("State what you think first: your estimate comes before the answer.")


def _end(now: Lesson, cause: str, action: str | None) -> None:
    if now.here is None:
        return
    now.here.commit(cause or None, action)
    keep_visit(now)


def _leave(now: Lesson) -> None:
    now.here, now.visit, now.considered = None, None, []
