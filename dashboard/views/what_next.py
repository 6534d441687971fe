"""What next: what to ask, examine and test, what each result would change, and when to stop."""

from collections.abc import Sequence
from functools import partial
from html import escape

import streamlit as st

from fascinet.dashboard import charts_change, flags, later, service
from fascinet.dashboard.focus import choose_focus
from fascinet.dashboard.frame import on_edit, open_page, plain
from fascinet.dashboard.outcome_bars import outcome_bars
from fascinet.dashboard.plans import (
    Option,
    Outcome,
    name_of,
    options,
    outcomes,
    results,
    touched,
)
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.tables import Html, table
from fascinet.dashboard.words import (
    first_up,
    label,
    listed,
    mid,
    number,
    percent,
    short_label,
    state_name,
)
from fascinet.model.errors import ImpossibleEvidenceError

LEAD = "What is worth asking, examining or testing next, and what each result would change."
MODES = {"both": "Rule in or out", "rule_in": "Rule in", "rule_out": "Rule out"}
WHOLE, ONE = "All causes", "The cause in focus"
CARDS = {"ask": "Ask", "examine": "Examine", "test": "Test"}
SHOWN = 12
WORTH = 0.01  # bits: less than this changes nothing that one would notice


def page() -> None:
    """Draw the page."""
    known, here = open_page("What next", LEAD)
    try:
        service.differential(here.case)
    except ImpossibleEvidenceError as error:
        flags.impossible(known, error)
        return
    cause, target, mode = _aim(known, here)
    found = later.answer(
        options, here.case, target, mode, text="Weighing every question and test …"
    )
    found = tuple(sorted(found, key=lambda o: -o.score))
    worth = tuple(o for o in found if o.bits >= WORTH)
    if not worth:
        st.success(_enough(here))
        return
    _cards(known, here, worth)
    _tree(known, here, cause, found)
    _tables(worth)


def _aim(known: Resources, here: Session) -> tuple[str, str | None, str]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        about = st.segmented_control(
            "Learn about", (WHOLE, ONE), default=WHOLE, key="next-about", required=True
        )
        mode = st.segmented_control(
            "Aim", tuple(MODES), format_func=MODES.__getitem__, default="both", key="next-mode",
            required=True,
        )  # fmt: skip
        cause = choose_focus(known, here, key="next-focus")
    return cause, cause if about == ONE and cause not in here.case.evidence else None, str(mode)


def _enough(here: Session) -> str:
    first = service.ranked(here.case)[0]
    return (
        f"Nothing left to ask or test would change the picture: {mid(first.label)} accounts for "
        f"{percent(first.responsibility)} of the findings. Stop asking; act."
    )


def _cards(known: Resources, here: Session, found: Sequence[Option]) -> None:
    columns = st.columns(len(CARDS), gap="medium")
    for column, (way, title) in zip(columns, CARDS.items(), strict=True):
        with column, st.container(border=True, key=f"card-{way}", height="stretch"):
            best = next((o for o in found if o.way == way), None)
            st.header(title, anchor=False)
            if best is None:
                st.caption("Nothing here would change the picture.")
            else:
                _card(known, here, best)


def _card(known: Resources, here: Session, option: Option) -> None:
    st.markdown(f"**{plain(option.name)}**")
    causes = touched(here.case, option.id, 1)
    if causes:
        now = service.presence(service.beliefs(here.case), causes[0])
        each = [
            (r.text, r.probability, r.present[causes[0]]) for r in results(here.case, option.id)
        ]
        name = mid(label(known.network, causes[0]))
        title = f"What {mid(option.name)} would make of {name}, now {percent(now)}"
        st.html(outcome_bars(title, each, now))
    notes = [f"{number(option.bits, 2)} bits{_price(option)}", option.question, option.pitfalls]
    st.caption(plain(" ".join(f"{first_up(t.rstrip('.'))}." for t in notes if t)))
    states = [r.state for r in results(here.case, option.id)]
    _enter(option.id, states, f"card-enter-{option.way}-{option.id}", "Answer")


def _price(option: Option) -> str:
    if option.kind != "test":
        return ""
    return f", cost {option.cost} of 5, burden {option.burden} of 5, result: {option.turnaround}"


# ------------------------------------------------------------------------------- one test


def _tree(known: Resources, here: Session, cause: str, found: tuple[Option, ...]) -> None:
    st.header("If you did it", anchor=False, divider="gray")
    if not found:
        st.caption("Everything has been entered.")
        return
    left, right = st.columns([1, 1.4], gap="large")
    names = {o.id: o.name for o in found}
    with left:
        key = f"next-test-{'-'.join(list(names)[:3])}"  # another list starts at its own best
        test = str(st.selectbox(
            "Question or test", list(names), format_func=names.__getitem__, key=key
        ))  # fmt: skip
        about = touched(here.case, test)
        limit = st.slider(
            "Act when the probability reaches", 1, 99, 20, 1, format="%d%%", key="next-limit",
            help="The probability above which one would treat or refer (Pauker and Kassirer 1980).",
        )  # fmt: skip
        st.markdown(_verdict(known, here, test, about, limit / 100))
    with right:
        for one in about[:1]:
            rows, spec = charts_change.outcomes(
                [(r.text, r.probability, r.present[one]) for r in results(here.case, test)],
                service.presence(service.beliefs(here.case), one), limit / 100,
            )  # fmt: skip
            st.caption(plain(f"{label(known.network, one)}, which this would change most"))
            st.vega_lite_chart(rows, spec, key="outcomes")
    followed = later.answer(outcomes, here.case, test, text="Following each result …")
    st.html(_plan(known, followed, test, about))
    _enter(test, [o.result.state for o in followed], f"enter-{test}", "Enter the answer")


def _verdict(known: Resources, here: Session, test: str, about: Sequence[str], limit: float) -> str:
    """Say for each cause that the test touches whether a result would carry it over the line."""
    lines: list[str] = []
    belief = service.beliefs(here.case)
    for cause in about:
        now = service.presence(belief, cause)
        crossing = [
            r for r in results(here.case, test) if (r.present[cause] >= limit) != (now >= limit)
        ]
        name = plain(label(known.network, cause))
        if crossing:
            texts = listed([f"“{plain(r.text)}”" for r in crossing], "or")
            chance = percent(sum(r.probability for r in crossing))
            lines.append(
                f"{name}, now **{percent(now)}**: {texts} would carry it over the line (chance "
                f"**{chance}**)."
            )
    if not lines:
        return (
            "No result would carry a cause over the line: for this decision the test changes "
            "nothing."
        )
    return "\n".join(f"- {line}" for line in lines)


def _plan(known: Resources, found: Sequence[Outcome], test: str, about: Sequence[str]) -> str:
    names = (short_label(known.network, c) for c in about)
    heads = ("Result", "How likely", *names, "First then", "Best after that")
    rows = [
        (o.result.text, percent(o.result.probability),
         *(percent(o.result.present[c]) for c in about),
         f"{short_label(known.network, o.leader)}, {percent(o.share)}", o.next_step or "stop")
        for o in found
    ]  # fmt: skip
    caption = (
        f"Two steps ahead: {name_of(test)}. After each result: how probable the causes are that it "
        "touches, which cause accounts best for the findings, and what would be best to do."
    )
    return table(caption, heads, rows, range(1, 2 + len(about)))


def _enter(test: str, states: Sequence[str], key: str, text: str) -> None:
    st.segmented_control(
        text, states, key=key, format_func=partial(state_name, service.resources().network, test),
        on_change=lambda: on_edit({"op": "set", "id": test, "state": st.session_state[key] or ""}),
    )  # fmt: skip


# ------------------------------------------------------------------------------- all of them


def _tables(found: Sequence[Option]) -> None:
    st.header("All of them", anchor=False, divider="gray")
    st.caption(
        "Bits: how much the answer is expected to tell. Worth: the same, weighted by the harm of "
        "missing a cause, per unit of cost and burden."
    )
    left, right = st.columns([1, 1.25], gap="large")
    with left:
        st.html(_table([o for o in found if o.kind != "test"][:SHOWN], "Questions and examination"))
    with right:
        st.html(_table([o for o in found if o.kind == "test"][:SHOWN], "Tests"))


def _table(rows: list[Option], title: str) -> str:
    if not rows:
        return "<p class='fn-quiet'>Nothing left to ask here.</p>"
    best = max(max(r.score for r in rows), 1e-12)
    if rows[0].kind != "test":
        return table(f"{title}: worth asking first", ("What", "Worth", "Bits"),
                     [_line(r, best) for r in rows], (1, 2))  # fmt: skip
    body = [(*_line(r, best), _dots(r.cost), _dots(r.burden), r.turnaround) for r in rows]
    heads = ("What", "Worth", "Bits", "Cost", "Burden", "Result in")
    return table(f"{title}: worth doing first", heads, body, (1, 2, 3, 4))


def _line(option: Option, best: float) -> tuple[str, str, str]:
    share = 100 * option.score / best
    meter = f"<span class='fn-meter'><span style='width:{share:.1f}%'></span></span>"
    network = service.resources().network
    decides = listed([mid(short_label(network, c)) for c in option.rules_out], "or")
    note = ". ".join(filter(None, (
        f"May rule out {decides}" if decides else "", option.question or first_up(option.pitfalls)
    )))  # fmt: skip
    hint = f"<span class='fn-hint'>{escape(note)}</span>" if note else ""
    return (
        Html(f"{escape(option.name)}{meter}{hint}"),
        number(option.score, 2),
        number(option.bits, 2),
    )


def _dots(level: int | None) -> Html:
    level = level or 0
    dots = "●" * level + "○" * (5 - level)
    return Html(f"<span role='img' aria-label='{level} of 5'>{dots}</span>")
