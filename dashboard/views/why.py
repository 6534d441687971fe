"""Why: what speaks for and against one cause, in odds, in people, and on a nomogram."""

from html import escape

import streamlit as st

from fascinet.dashboard import charts, flags, later, service
from fascinet.dashboard.focus import choose_focus
from fascinet.dashboard.frame import open_page, plain, session
from fascinet.dashboard.people import frequency_tree
from fascinet.dashboard.reasons import Reasons, contained, in_words, reasons
from fascinet.dashboard.tables import table
from fascinet.dashboard.words import counted, in_people, mid, number, people, percent, times
from fascinet.model.errors import ImpossibleEvidenceError

LEAD = "What each finding does to one cause, and how sure that makes it."
VIEWS = ("Weights of evidence", "As people", "Nomogram")
SHOWN = 14
DOTS = 1000


def page() -> None:
    """Draw the page."""
    known, here = open_page("Why", LEAD)
    try:
        service.differential(here.case)
    except ImpossibleEvidenceError as error:
        flags.impossible(known, error)
        return
    cause = choose_focus(known, here, key="why-focus")
    if cause in here.case.evidence:
        st.info("This cause was entered as a finding, so there is nothing to explain.")
        return
    found = later.answer(reasons, here.case, cause, text="Weighing every finding …")
    _headline(found)
    if once := contained(here.case):
        st.markdown(plain(once))
    view = st.segmented_control("Seen as", VIEWS, default=VIEWS[0], key="why-view", required=True)
    {VIEWS[0]: _weights, VIEWS[1]: _people, VIEWS[2]: _nomogram}[str(view)](found)


def _headline(found: Reasons) -> None:
    st.html(
        f"<p class='fn-big' data-testid='headline'>{escape(found.name)}: "
        f"{percent(found.prior)} before, <b>{percent(found.posterior)}</b> now "
        f"(<span class='fn-keep'>{times(found.ratio)} in odds</span>). Of people like this one, "
        f"{in_people(found.posterior).removesuffix(' people')} have it.</p>"
    )


def _weights(found: Reasons) -> None:
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        st.header("From before to now", anchor=False)
        st.caption(
            "Before: anyone with this complaint in this setting. Then age and sex, then what was "
            "found, strongest first. ▲ makes the cause more likely, ▼ less."
        )
        rows, spec = charts.waterfall(found.prior, _steps(found), found.posterior)
        st.vega_lite_chart(rows, spec, key="waterfall")
    with right:
        st.header("In words", anchor=False)
        voice = st.segmented_control(
            "For a", ("student", "clinician"), default="student", key="why-voice", required=True
        )
        for paragraph in in_words(found, clinician=voice == "clinician"):
            st.markdown(plain(paragraph))
    st.header("Textbook and in context", anchor=False)
    st.html(_table(found))


def _steps(found: Reasons) -> list[tuple[str, float]]:
    """Return the steps that are drawn: the weakest findings together are one."""
    steps = [(w.text, w.db) for w in found.weights[:SHOWN]]
    rest = found.weights[SHOWN:]
    if rest:
        steps.append((counted(len(rest), "weaker finding"), sum(w.db for w in rest)))
    return steps


def _table(found: Reasons) -> str:
    rows = [
        (w.text, charts.decibans(w.db), times(w.textbook), times(w.in_context))
        for w in found.weights
    ]
    caption = (
        "Textbook: the finding alone, given setting, complaint, age and sex. In context: given all "
        "the other findings too, which may already have said it. Weight: the finding's fair share "
        "of the whole way, so it can differ in sign from the ratio in context."
    )
    heads = ("Finding", "Weight", "Textbook ratio", "Ratio in context")
    return table(caption, heads, rows, (1, 2, 3))


def _people(found: Reasons) -> None:
    left, right = st.columns(2, gap="large")
    for column, title, share in (
        (left, "Before", found.prior),
        (right, "Now", found.posterior),
    ):
        with column:
            st.header(title, anchor=False)
            count, crowd = people(share)
            has = "has" if count == 1 else "have"
            st.markdown(
                plain(f"{in_people(share).capitalize()} {has} {mid(found.name)}{_dots(crowd)}")
            )
            rows, spec = charts.people(count / DOTS if crowd == DOTS else int(count > 0) / DOTS)
            st.vega_lite_chart(rows, spec, key=f"people-{title}")
    st.header("As a tree", anchor=False)
    st.html(frequency_tree(found, service.log_prob_findings(session().case)))


def _dots(crowd: int) -> str:
    """Return what a coloured dot stands for: one person, or more where the cause is rare."""
    if crowd == DOTS:
        return " (orange)."
    return f"; each dot is {crowd // DOTS:,} people, the orange one holds them."


def _nomogram(found: Reasons) -> None:
    left, right = st.columns([1.2, 1], gap="large")
    with right:
        texts = {w.finding: w.text for w in found.weights}
        picked = st.selectbox(
            "Finding",
            ["", *texts],
            format_func=lambda f: texts.get(f, "All findings together"),
            key="why-nomogram",
        )
        pre, ratio, post = _points(found, picked)
        start = "Without it" if picked else "Before"
        st.markdown(
            f"{start} **{percent(pre)}**, likelihood ratio **{number(ratio)}**, "
            f"after **{percent(post)}**. Lay a ruler from the left scale through the middle one, "
            "and read the right one."
        )
        if picked:
            st.caption("Without it: with all the other findings. The ratio is the one in context.")
    with left:
        rows, spec = charts.fagan(pre, ratio, post)
        st.vega_lite_chart(rows, spec, key="fagan")


def _points(found: Reasons, picked: str) -> tuple[float, float, float]:
    if not picked:
        return found.prior, found.ratio, found.posterior
    weight = next(w for w in found.weights if w.finding == picked)
    before = found.posterior / (1 - found.posterior) / max(weight.in_context, 1e-12)
    return before / (1 + before), weight.in_context, found.posterior
