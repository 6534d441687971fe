"""How sure: which figures carry an answer, how far they move it, how well they are known."""

from html import escape
from textwrap import shorten

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fascinet.dashboard import charts_figures, flags, later, service
from fascinet.dashboard.figures import GRADES, brief, reference
from fascinet.dashboard.focus import choose_focus
from fascinet.dashboard.frame import open_page, plain
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.sureness import DRAWS, RIVALS, Lever, levers, standings
from fascinet.dashboard.tables import table
from fascinet.dashboard.words import counted, figure, first_up, listed, number, percent
from fascinet.engine.clinic.differential import CauseEntry
from fascinet.model.errors import ImpossibleEvidenceError

LEAD = "How far each figure's cited range could move the answer, and where the ranking would flip."
BARS = 12
POINTS = 80
POOR = {"C", "D"}
TORNADO, LEVER = "tornado", "sure-lever"


def page() -> None:
    """Draw the page."""
    known, here = open_page("How sure", LEAD)
    try:
        answer = service.differential(here.case)
    except ImpossibleEvidenceError as error:
        flags.impossible(known, error)
        return
    cause = choose_focus(known, here, key="sure-focus")
    if cause in here.case.evidence:
        st.info("This cause was entered as a finding: no figure changes its probability.")
        return
    entry = answer[cause]
    head, note = st.empty(), st.empty()
    _headline(head, entry, "…")
    found = later.answer(
        levers, here.case, cause, text="Moving every figure through its range …", place=note
    )
    st.html(f"<p class='fn-big' data-testid='unless'>{escape(unless(here, entry, found))}</p>")
    if found:
        _single(known, found, entry)
    _places(here, note)
    if found:
        _poor(known, found)
    full = later.answer(service.whole, here.case, text="Working out the interval …", place=note)
    low, high = full[cause].interval
    _headline(head, entry, f"{percent(low)} to {percent(high)}")


def unless(here: Session, entry: CauseEntry, found: tuple[Lever, ...]) -> str:
    """Return in one line what could take first place away from a cause, or give it."""
    ranked = [e.cause for e in service.ranked(here.case)]
    first = ranked[0] == entry.cause
    turns = [
        (x, t)
        for x in found
        for t, winner in zip(x.flips, x.winners, strict=True)
        if x.low <= t <= x.high and (first or winner == entry.cause)
    ]
    if not first and ranked.index(entry.cause) >= RIVALS:
        return f"{entry.label} is number {ranked.index(entry.cause) + 1} in the ranking."
    start = f"{entry.label} stays first" if first else f"{entry.label} does not come first"
    if not turns:
        return f"{start}, wherever in its cited range any single figure lies."
    lever, turn = turns[0]
    side = "above" if turn > lever.value else "below"
    more = f" ({counted(len(turns) - 1, 'other figure')} could do it too)" if turns[1:] else ""
    verb = "is" if first else "were"
    return (
        f"{start}, unless {lever.name} {verb} {side} {figure(turn)} (now {figure(lever.value)}, "
        f"cited range {figure(lever.low)} to {figure(lever.high)}){more}."
    )


def _single(known: Resources, found: tuple[Lever, ...], entry: CauseEntry) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.header("What carries the answer", anchor=False)
        st.caption(
            "Empty orange: the low end of the cited range; full blue: the high end. Click a bar to "
            "see its figure's whole curve."
        )
        bars = [(lever.name, lever.at_low, lever.at_high) for lever in found[:BARS]]
        rows, spec = charts_figures.tornado(bars, entry.posterior)
        st.vega_lite_chart(rows, spec, key=TORNADO, on_select=lambda: _clicked(found))
    with right:
        _curve(known, found, entry.posterior)


def _clicked(found: tuple[Lever, ...]) -> None:
    """Choose the figure whose bar was clicked."""
    marks = st.session_state[TORNADO].selection.get(charts_figures.PICK) or [{}]
    name = marks[0].get("label")
    picked = next((x.index for x in found if charts_figures.figure_name(x.name) == name), None)
    if picked is not None:
        st.session_state[LEVER] = picked


def _headline(place: DeltaGenerator, entry: CauseEntry, span: str) -> None:
    place.html(
        f"<p class='fn-big' data-testid='headline'>{escape(entry.label)}: "
        f"<b>{percent(entry.posterior)}</b>, 95% interval {span} from the cited ranges of all "
        "figures.</p>"
    )


def _places(here: Session, note: DeltaGenerator) -> None:
    st.header("If all figures moved at once", anchor=False, divider="gray")
    rows = later.answer(standings, here.case, text="Drawing the figures anew …", place=note)
    left, right = st.columns([1.4, 1], gap="large")
    with left:
        data, spec = charts_figures.standings([(r.name, r.places) for r in rows])
        st.vega_lite_chart(data, spec, key="standings")
    with right:
        first = rows[0]
        st.markdown(plain(
            f"With every figure drawn anew from its cited range, {first.name} comes first in "
            f"{percent(first.places[0])} of {DRAWS:,} draws."
        ))  # fmt: skip
        st.caption(
            "Ranked as the differential ranks: by how far a cause accounts for the findings. "
            "The surer a place, the less better figures could change it."
        )


def _curve(known: Resources, found: tuple[Lever, ...], now: float) -> None:
    st.header("One figure at a time", anchor=False)
    names = {lever.index: first_up(lever.name) for lever in found}
    picked = st.selectbox("Figure", list(names), format_func=names.__getitem__, key=LEVER)
    lever = next(x for x in found if x.index == picked)
    top = _reach(lever)
    points = [(top * i / POINTS, lever.at(top * i / POINTS)) for i in range(POINTS + 1)]
    turns = [t for t in lever.flips if t <= top]
    rows, spec = charts_figures.sensitivity(
        points, (lever.value, now), (lever.low, lever.high), turns, "Value of the figure"
    )
    st.vega_lite_chart(rows, spec, key="sensitivity")
    st.markdown(_reading(known, lever))


def _reach(lever: Lever) -> float:
    wide = max(lever.high, lever.value, *(t for t in lever.flips if t < 4 * lever.high), 0.0)
    return min(1.0, max(1.25 * wide, 1e-4))


def _reading(known: Resources, lever: Lever) -> str:
    cited = reference(known.knowledge, lever.source) if lever.source else None
    lines = [
        f"Now **{figure(lever.value)}**, cited range {figure(lever.low)} to {figure(lever.high)}."
    ]
    if lever.flips:
        inside = [t for t in lever.flips if lever.low <= t <= lever.high]
        where = listed([figure(t) for t in lever.flips])
        side = "inside" if inside else "outside"
        lines.append(
            f"Another cause would account best for the findings beyond {where}, {side} the cited "
            "range."
        )
    else:
        lines.append("No value of it would change which cause comes first.")
    if cited:
        name = plain(brief(known.knowledge, cited.key))
        link = f"[{name}]({cited.url})" if cited.url else name
        lines.append(f"Grade {lever.grade} ({GRADES[lever.grade]}). Source: {link}.")
    return " ".join(lines)


def _poor(known: Resources, found: tuple[Lever, ...]) -> None:
    st.header("Influential and poorly sourced", anchor=False, divider="gray")
    weak = [lever for lever in found if lever.grade in POOR][:BARS]
    if not weak:
        st.caption("None: every figure that matters here is of grade A or B.")
        return
    heads = ("Figure", "Value", "Range", "Moves the answer", "Grade", "Source")
    caption = "Better evidence on these would help this answer most"
    st.html(table(caption, heads, [_line(known, lever) for lever in weak], (1, 2, 3)))


def _line(known: Resources, lever: Lever) -> tuple[str, ...]:
    return (
        first_up(lever.name),
        figure(lever.value),
        f"{figure(lever.low)} to {figure(lever.high)}",
        f"{number(100 * lever.swing, 2)} pts",
        lever.grade,
        shorten(reference(known.knowledge, lever.source).text, 90, placeholder=" …"),
    )
