"""Home: the ranked differential, red flags, and what to ask or test next."""

from typing import Any

import streamlit as st

from fascinet.dashboard import flags, later, service
from fascinet.dashboard.components import mount
from fascinet.dashboard.details import detail
from fascinet.dashboard.doubts import unexpected
from fascinet.dashboard.frame import on_edit, open_page
from fascinet.dashboard.headline import sentence, unaccounted
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.words import counted, label, number, percent, span_words, state_name
from fascinet.engine.clinic.differential import CauseEntry, Differential, NextTest
from fascinet.model.errors import ImpossibleEvidenceError

SHOWN = 12
NEXT = 3
LEAD = "What could make this person's muscles twitch, ranked by what accounts for the findings."
WORTH = "Worth: bits, weighted by harm, per cost"
HELP = "How far a cause accounts for the findings: that it is present and produces them"


def page() -> None:
    """Draw the page."""
    known, here = open_page("Differential", LEAD, answer=lambda here: sentence(here.case))
    try:
        answer = service.differential(here.case)
    except ImpossibleEvidenceError as error:
        flags.impossible(known, error)
        return
    with st.container():  # keeps its place when empty, so that what follows is not drawn anew
        flags.banner(known, answer)
        odd = st.empty()
        flags.doubts(odd, here.case, answer)
    left, right = st.columns([2.4, 1], gap="medium")
    with left:
        mount("ranking", ranking(known, here, answer), on_edit, key="ranking")
    with right:
        note = st.empty()
        full = later.answer(
            service.whole, here.case, text="Weighing what to ask next …", place=note
        )
        data = {"groups": suggestions(known, here, full), "spans": spans(full)}
        mount("next", data, on_edit, key="next")
        misfit = later.answer(unexpected, here.case, text="Looking for misfits …")
        if misfit:
            flags.doubts(odd, here.case, answer, misfit)


def ranking(known: Resources, here: Session, answer: Differential) -> dict[str, Any]:
    """Return what the ranking component draws; the intervals follow, see `spans`."""
    told = here.case.evidence
    entries = service.ranked(here.case)
    entered = [e for e in answer.differential if e.cause in told]
    shown = entries if here.everything else entries[:SHOWN]
    focus = here.focus or entries[0].cause
    rest = len(entries) - SHOWN
    more = ""
    if rest > 0:
        more = "Only the likely ones" if here.everything else counted(rest, "more cause")
    rows = [_row(known, here, e, focus, str(i)) for i, e in enumerate(shown, start=1)]
    rows += [{**_row(known, here, e, focus, ""), "entered": True} for e in entered]
    return {
        "rows": rows,
        "none": {
            "label": "None of these causes",
            "note": "chance, and causes that the network does not know",
            "text": percent(unaccounted(answer)),
        },
        "all": here.everything,
        "more": more,
        "help": HELP,
        "caption": "Causes, those that account best for the findings first",
    }


def spans(answer: Differential) -> dict[str, dict[str, Any]]:
    """Return each cause's interval; the ranking draws those that fit the posterior it shows."""
    out: dict[str, dict[str, Any]] = {}
    for entry in answer.differential:
        low, high = entry.interval
        text = span_words(low, high)
        out[entry.cause] = {"p": entry.posterior, "low": low, "high": high, "text": text}
    return out


def _row(
    known: Resources, here: Session, entry: CauseEntry, focus: str, rank: str
) -> dict[str, Any]:
    patient = label(known.network, entry.cause, patient=True)
    opened = entry.cause == here.opened
    return {
        "id": entry.cause,
        "rank": rank,
        "label": entry.label,
        "patient": patient if patient != entry.label else "",
        "serious": entry.must_not_miss,
        "p": entry.posterior,
        "prior": entry.prior,
        "r": entry.responsibility,
        "ptext": percent(entry.posterior),
        "priortext": percent(entry.prior),
        "rtext": percent(entry.responsibility),
        "focus": entry.cause == focus,
        "entered": False,
        "open": opened,
        "detail": _detail(here, entry.cause) if opened else None,
    }


def _detail(here: Session, cause: str) -> dict[str, Any]:
    return later.answer(detail, here.case, cause, text="Weighing every finding …").payload()


def unasked(known: Resources, here: Session, answer: Differential) -> list[NextTest]:
    """Return the open questions that an urgent red flag hangs on, most telling first."""
    if here.case == known.blank:
        return []
    urgent = {
        variable
        for rule in known.knowledge.red_flags
        if rule.level == "urgent"
        for condition in rule.when
        for variable in condition
    }
    open_ = (t for t in answer.next_tests if t.finding in urgent)
    return [t for t in open_ if _kind(known, t.finding) == "finding"]


def suggestions(known: Resources, here: Session, answer: Differential) -> list[dict[str, Any]]:
    """Return what to ask about red flags, and the best next questions and tests, best first."""
    tests = [t for t in answer.next_tests if _kind(known, t.finding) == "test"]
    questions = [t for t in answer.next_tests if _kind(known, t.finding) != "test"]
    warnings = unasked(known, here, answer)
    questions = [t for t in questions if t not in warnings[:NEXT]]
    groups = [
        ("Not yet asked: warning signs", WORTH, warnings, False),
        ("Best next question", WORTH, questions, True),
        ("Best next test", WORTH, tests, True),
    ]
    return [
        {
            "title": title,
            "note": note,
            "items": [_suggestion(known, t, chosen[0]) for t in chosen[:NEXT]],
            "empty": "Nothing left that would change the picture.",
        }
        for title, note, chosen, always in groups
        if chosen or always
    ]


def _kind(known: Resources, variable: str) -> str:
    return str(known.network.meta.get(variable, {}).get("kind", "finding"))


def _suggestion(known: Resources, test: NextTest, best: NextTest) -> dict[str, Any]:
    states = known.network.states(test.finding)
    patient = label(known.network, test.finding, patient=True)
    words = [f"Of these first: {label(known.network, test.finding)}"] if test.includes[1:] else []
    words += [patient] if patient != test.label and not words else []
    price = f", cost {test.cost:g} of 5" if _kind(known, test.finding) == "test" else ""
    words.append(f"{number(test.expected_gain_bits, 2)} bits{price}")
    if test.rules_out:
        names = (label(known.network, c) for c in test.rules_out)
        words.append(f"may rule out: {', '.join(names)}")
    answers = [
        (s, {"yes": "Yes", "no": "No"}.get(s) or state_name(known.network, test.finding, s))
        for s in states
    ]
    return {
        "id": test.finding,
        "label": test.label,
        "gain": "decisive" if test.rules_out else number(test.score, 2),
        "share": min(1.0, test.score / max(best.score, 1e-12)),
        "note": " · ".join(words),
        "answers": answers,
    }
