"""Knowledge: every figure with its source, the illness scripts, the article, the references."""

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from fascinet.dashboard import charts_script, service
from fascinet.dashboard.figures import GRADES, brief, reference
from fascinet.dashboard.forest import forest, forests
from fascinet.dashboard.frame import on_edit, open_page
from fascinet.dashboard.rows import figure_rows, fingerprint, script_rows
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.tables import link, table
from fascinet.dashboard.words import label, state_words
from fascinet.model.errors import ImpossibleEvidenceError

LEAD = "Everything the network knows, and where it comes from."
NUMBERS = frozenset({"p", "Range", "n", "Grade"})
TALLEST = 560  # pixels
VIEWS = ("Illness scripts", "Figures", "The article", "Actions", "References")


def page() -> None:
    """Draw the page."""
    known, here = open_page("Knowledge", LEAD)
    view = st.segmented_control("Show", VIEWS, default=VIEWS[0], key="know-view", required=True)
    if view == VIEWS[0]:
        _scripts(known, here)
        return
    pages = (_figures, _article, _actions, _references)
    draw: dict[str, Callable[[Resources], None]] = dict(zip(VIEWS[1:], pages, strict=True))
    draw[str(view)](known)


def _scripts(known: Resources, here: Session) -> None:
    names = {c: record.label for c, record in known.knowledge.causes.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cause = _cause(known, here, names)
        other = str(st.selectbox(
            "Compare with", ["", *(c for c in names if c != cause)], key="know-other", width=460,
            format_func=lambda c: names.get(c, "nothing"),
        ) or "")  # fmt: skip
    shown = [cause, other] if other else [cause]
    for column, one in zip(st.columns(len(shown), gap="large"), shown, strict=True):
        with column:
            _script(known, one)
    if other:
        st.header("Side by side", anchor=False, divider="gray")
    rows, spec = charts_script.fingerprint(fingerprint(known, shown), [names[c] for c in shown])
    st.vega_lite_chart(rows, spec, key="fingerprint")
    st.caption(
        "Bars: how often the cause alone shows the finding. Ticks: how often the finding is there "
        "with none of the listed causes. Far beyond its tick, a finding speaks for the cause."
    )
    for one in shown:
        _forest(known, one)
    for one in shown:
        st.html(_table(script_rows(known, one), f"Figures of {names[one]}: priors, then findings"))
    cited = sorted({
        i for c in shown for row in script_rows(known, c)
        for i in filter(None, row["Article"].split(", "))
    })  # fmt: skip
    said = known.knowledge.statements
    st.html(_table(
        [{"Id": i, "Statement": said[i].text} for i in cited if i in said],
        "What the article says behind these figures",
    ))  # fmt: skip


def _forest(known: Resources, cause: str) -> None:
    """Draw the studies behind the figures of a cause that rest on more than one."""
    figures = forests(cause)
    if not figures:
        return
    st.header(f"Pooled studies: {known.knowledge.causes[cause].label}", anchor=False)
    st.caption(
        "From 0 to 100%. Squares: what each study found, as large as its sample, with a 95% "
        "interval (Wilson). Diamonds: the pooled share, by a random-effects model."
    )
    plots = "".join(forest(name, rows) for name, rows in figures.items())
    st.html(f"<div class='fn-two'>{plots}</div>")


def _cause(known: Resources, here: Session, names: Mapping[str, str]) -> str:
    """Let the cause be chosen; it is the one in focus of the other pages too."""
    try:
        first = service.ranked(here.case)[0].cause
    except ImpossibleEvidenceError:
        first = next(iter(names))
    focus = here.focus if here.focus and here.focus in names else first
    key = f"know-cause-{focus}"
    return str(st.selectbox(
        "Cause", list(names), index=list(names).index(focus), format_func=names.__getitem__,
        key=key, width=460,
        on_change=lambda: on_edit({"op": "focus", "id": st.session_state[key]}),
    ))  # fmt: skip


def _script(known: Resources, cause: str) -> None:
    record = known.knowledge.causes[cause]
    st.header(record.label, anchor=False, divider="gray")
    codes = " · ".join(_code(k, c) for k, found in record.codes.items() for c in found)
    must = "**Must not be missed.** " if record.must_not_miss else ""
    st.caption(f"{must}{record.patient_label}. {codes}")
    if record.summary:
        st.markdown(record.summary)


def _code(system: str, code: str) -> str:
    """Return a code with its system named once."""
    return code if ":" in code else f"{system.upper()} {code}"


def _table(rows: list[dict[str, Any]], title: str) -> str:
    if not rows:
        return f"<p class='fn-quiet'>{escape(title)}: nothing.</p>"
    heads = list(rows[0])
    body = [[link(str(r[h])) if h == "Link" else str(r[h]) for h in heads] for r in rows]
    return table(title, heads, body, [i for i, h in enumerate(heads) if h in NUMBERS])


def _figures(known: Resources) -> None:
    frame = pd.DataFrame(figure_rows(known.knowledge))
    first, about, second, third = st.columns([1.6, 1.2, 0.8, 1], vertical_alignment="bottom")
    names = {c: record.label for c, record in known.knowledge.causes.items()}
    words = first.text_input(
        "Search", key="know-search", placeholder="cramps, als, nice_ng42 …", max_chars=80
    )
    cause = about.selectbox(
        "Cause", ["", *names], format_func=lambda c: names.get(c, "all"), key="know-about"
    )
    grades = second.multiselect("Grade", list(GRADES), key="know-grade", select_all=False)
    sources = sorted(frame["Source"].unique())
    source = third.selectbox("Source", ["all", *sources], key="know-source")
    for word in str(words or "").lower().split():
        frame = frame.loc[frame["Text"].str.contains(word, regex=False)]
    if cause:
        frame = frame.loc[frame["Where"].str.startswith(f"causes/{cause}.yaml")]
    if grades:
        frame = frame.loc[frame["Grade"].isin(grades)]
    if source != "all":
        frame = frame.loc[frame["Source"] == source]
    count = "1 figure" if len(frame) == 1 else f"{len(frame)} figures"
    st.caption(f"{count}. " + "; ".join(f"{g}: {t}" for g, t in GRADES.items()) + ".")
    st.dataframe(
        frame.drop(columns=["Text", "Where"]), hide_index=True, key="know-table",
        height=min(TALLEST, 35 * (len(frame) + 1) + 3), placeholder="",
        column_config={
            "What": st.column_config.TextColumn("What", width="large"),
            "DOI": st.column_config.LinkColumn("DOI", display_text="open"),
        },
    )  # fmt: skip


def _article(known: Resources) -> None:
    cited = _cited_by(known)
    rows = [
        {
            "Id": s.id,
            "The article says": s.text,
            "Must": "must" if s.must else "",
            "Carried by": ", ".join(cited.get(s.id, [])[:8]),
        }
        for s in known.knowledge.statements.values()
    ]
    st.html(_table(rows, "The article's statements, and what in the network carries each"))


def _cited_by(known: Resources) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for name, record in known.knowledge.variables.items():
        for statement in record.article:
            out.setdefault(statement, []).append(label(known.network, name))
    for row in figure_rows(known.knowledge):
        for statement in filter(None, row["Article"].split(", ")):
            names = out.setdefault(statement, [])
            if row["What"] not in names:
                names.append(row["What"])
    for flag in known.knowledge.red_flags:
        for statement in flag.article:
            out.setdefault(statement, []).append(f"red flag {flag.id}")
    for action in known.knowledge.actions:
        for statement in action.article:
            out.setdefault(statement, []).append(f"action: {action.label}")
    return out


def _actions(known: Resources) -> None:
    rows = [
        {
            "Action": a.label,
            "For": ", ".join(_name(known, t) for t in a.targets),
            "What": a.text,
            "Caution": a.caution,
            "Evidence": a.evidence,
            "Source": "; ".join(brief(known.knowledge, key) for key in a.source),
        }
        for a in known.knowledge.actions
    ]
    st.html(_table(rows, "What may be done; none of it is advice for a patient"))


def _name(known: Resources, target: str) -> str:
    return label(known.network, target) if target in known.network.index else state_words(target)


def _references(known: Resources) -> None:
    rows: list[dict[str, Any]] = []
    for key in sorted(known.knowledge.sources):
        cited = reference(known.knowledge, key)
        note = known.knowledge.sources[key].fields.get("note", "")
        rows.append({"Key": key, "Reference": cited.text, "Note": note, "Link": cited.url})
    st.html(_table(rows, f"{len(rows)} references"))
