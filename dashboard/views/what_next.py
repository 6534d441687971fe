"""What next: questions and tests by what they would tell, and the tree of a chosen one."""

from html import escape

import streamlit as st

from fascinet.dashboard import charts_change, flags, later, service
from fascinet.dashboard.focus import choose_focus
from fascinet.dashboard.frame import on_edit, open_page
from fascinet.dashboard.plans import Option, Outcome, name_of, options, outcomes
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.tables import Html, table
from fascinet.dashboard.words import percent, state_words
from fascinet.model.errors import ImpossibleEvidenceError

LEAD = "What is worth asking or testing next, and what each answer would change."
MODES = {"both": "Rule in or out", "rule_in": "Rule in", "rule_out": "Rule out"}
WHOLE, ONE = "the whole differential", "the cause in focus"
SHOWN = 12


def page() -> None:
    """Draw the page."""
    known, here = open_page("What next", LEAD)
    try:
        service.differential(here.case)
    except ImpossibleEvidenceError as error:
        flags.impossible(known, error)
        return
    first, second, third = st.columns([1.3, 1, 1], vertical_alignment="bottom")
    with first:
        cause = choose_focus(known, here, key="next-focus")
    about = second.segmented_control(
        "Learn about", (WHOLE, ONE), default=WHOLE, key="next-about", required=True
    )
    mode = third.segmented_control(
        "Aim",
        tuple(MODES),
        format_func=MODES.__getitem__,
        default="both",
        key="next-mode",
        required=True,
    )
    target = cause if about == ONE and cause not in here.case.entered else None
    found = later.answer(
        options, here.case, target, str(mode), text="Weighing every question and test …"
    )
    left, right = st.columns(2, gap="large")
    for column, title, kinds in (
        (left, "Questions and examination", {"finding", "risk", "cause"}),
        (right, "Tests", {"test"}),
    ):
        with column:
            st.header(title, anchor=False)
            st.html(_table([o for o in found if o.kind in kinds][:SHOWN], title))
    _tree(known, here, cause, found)


def _table(rows: list[Option], title: str) -> str:
    if not rows:
        return "<p class='fn-quiet'>Nothing left to ask here.</p>"
    best = max(max(r.bits for r in rows), 1e-12)
    caption = f"{title}: expected information, best per cost first"
    if rows[0].kind != "test":
        return table(caption, ("What", "Bits"), [_line(r, best) for r in rows], (1,))
    body = [(*_line(r, best), _dots(r.cost), _dots(r.burden), r.turnaround) for r in rows]
    return table(caption, ("What", "Bits", "Cost", "Burden", "Result in"), body, (1, 2, 3))


def _line(option: Option, best: float) -> tuple[str, str]:
    share = 100 * option.bits / best
    meter = f"<span class='fn-meter'><span style='width:{share:.1f}%'></span></span>"
    note = option.question or option.pitfalls
    hint = f"<span class='fn-hint'>{escape(note)}</span>" if note else ""
    return Html(f"{escape(option.name)}{meter}{hint}"), f"{option.bits:.3f}"


def _dots(level: int | None) -> Html:
    level = level or 0
    dots = "●" * level + "○" * (5 - level)
    return Html(f"<span role='img' aria-label='{level} of 5'>{dots}</span>")


def _tree(known: Resources, here: Session, cause: str, found: tuple[Option, ...]) -> None:
    st.header("If you did it", anchor=False, divider="gray")
    if not found:
        st.caption("Everything has been entered.")
        return
    left, right = st.columns([1, 1.4], gap="large")
    names = {o.id: o.name for o in found}
    with left:
        test = st.selectbox(
            "Question or test", list(names), format_func=names.__getitem__, key="next-test"
        )
        limit = st.slider(
            "Act when the cause in focus reaches", 1, 99, 20, 1, format="%d%%", key="next-limit",
            help="The probability above which one would treat or refer (Pauker and Kassirer 1980).",
        )  # fmt: skip
        results = later.answer(
            outcomes, here.case, str(test), cause, text="Following each result …"
        )
        st.markdown(_verdict(here, cause, results, limit / 100))
    with right:
        rows, spec = charts_change.outcomes(
            [(r.text, r.probability, r.after) for r in results],
            service.presence(service.beliefs(here.case), cause),
            limit / 100,
        )
        st.vega_lite_chart(rows, spec, key="outcomes")
    st.html(_plan(results, str(test), cause))
    _enter(str(test), results)


def _verdict(here: Session, cause: str, results: tuple[Outcome, ...], limit: float) -> str:
    now = service.presence(service.beliefs(here.case), cause)
    crossing = [r for r in results if (r.after >= limit) != (now >= limit)]
    side = "above" if now >= limit else "below"
    if not crossing:
        return (
            f"{name_of(cause)} stands at **{percent(now)}**, {side} the line, and no result would "
            "carry it across: for this decision the test changes nothing."
        )
    chance = sum(r.probability for r in crossing)
    texts = " or ".join(f"“{r.text}”" for r in crossing)
    return (
        f"{name_of(cause)} stands at **{percent(now)}**, {side} the line. {texts} would carry it "
        f"across: the chance of that is **{percent(chance)}**."
    )


def _plan(results: tuple[Outcome, ...], test: str, cause: str) -> str:
    heads = ("Result", "How likely", f"{name_of(cause)} then", "Ranking then", "Best after that")
    rows = [
        (r.text, percent(r.probability), percent(r.after), _leaders(r), r.next_step)
        for r in results
    ]
    return table(f"Two steps ahead: {name_of(test)}, then what would be best", heads, rows, (1, 2))


def _leaders(result: Outcome) -> str:
    return ", ".join(f"{name} {percent(p)}" for name, p in result.leaders)


def _enter(test: str, results: tuple[Outcome, ...]) -> None:
    states = [r.state for r in results]
    key = f"enter-{test}"
    st.segmented_control(
        "Enter the answer", states, format_func=state_words, key=key,
        on_change=lambda: on_edit({"op": "set", "id": test, "state": st.session_state[key] or ""}),
    )  # fmt: skip
