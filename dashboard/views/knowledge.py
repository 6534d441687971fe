"""Knowledge: every figure with its source, the illness scripts, the article, the references."""

from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from fascinet.dashboard.figures import GRADES, brief, reference
from fascinet.dashboard.frame import open_page
from fascinet.dashboard.rows import figure_rows, script_rows
from fascinet.dashboard.service import Resources
from fascinet.dashboard.tables import link, table
from fascinet.dashboard.words import label, state_words

LEAD = "Everything the network knows, and where it comes from."
NUMBERS = frozenset({"p", "Range", "n", "Grade"})
TALLEST = 560  # pixels
VIEWS = ("Illness scripts", "Figures", "The article", "Actions", "References")


def page() -> None:
    """Draw the page."""
    known, _ = open_page("Knowledge", LEAD)
    view = st.segmented_control("Show", VIEWS, default=VIEWS[0], key="know-view", required=True)
    draw = dict(zip(VIEWS, (_scripts, _figures, _article, _actions, _references), strict=True))
    {**draw}[view or VIEWS[0]](known)


def _scripts(known: Resources) -> None:
    causes = known.knowledge.causes
    names = {c: record.label for c, record in causes.items()}
    cause = str(st.selectbox(
        "Cause", list(names), format_func=names.__getitem__, key="know-cause", width=460
    ))  # fmt: skip
    record = causes[cause]
    st.header(record.label, anchor=False, divider="gray")
    codes = " · ".join(_code(k, c) for k, found in record.codes.items() for c in found)
    must = "**Must not be missed.** " if record.must_not_miss else ""
    st.caption(f"{must}{record.patient_label}. {codes}")
    if record.summary:
        st.markdown(record.summary)
    rows = script_rows(known, cause)
    st.html(_table(rows, f"Findings of {record.label}, strongest first"))
    cited = sorted({i for row in rows for i in filter(None, row["Article"].split(", "))})
    said = known.knowledge.statements
    st.html(_table(
        [{"Id": i, "Statement": said[i].text} for i in cited if i in said],
        "What the article says behind these figures",
    ))  # fmt: skip


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
        frame.drop(columns="Text"), hide_index=True, key="know-table",
        height=min(TALLEST, 35 * (len(frame) + 1) + 3), placeholder="",
        column_config={"DOI": st.column_config.LinkColumn("DOI", display_text="open")},
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
            if row["Where"] not in names:
                names.append(row["Where"])
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
