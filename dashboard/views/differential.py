"""Home: the ranked differential, red flags, and what to ask or test next."""

from typing import Any

import streamlit as st

from fascinet.dashboard import flags, later, service
from fascinet.dashboard.components import mount
from fascinet.dashboard.frame import on_edit, open_page
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.words import label, percent, points, state_words
from fascinet.engine.clinic.differential import CauseEntry, Differential, NextTest
from fascinet.model.errors import ImpossibleEvidenceError

SHOWN = 12
NEXT = 3
HELP = "Probability that the cause is present and produces the findings at hand"


def page() -> None:
    """Draw the page."""
    known, here = open_page("Differential", "What could make this person's muscles twitch, ranked.")
    try:
        answer = service.differential(here.case)
    except ImpossibleEvidenceError as error:
        flags.impossible(known, error)
        return
    with st.container():  # keeps its place when empty, so that what follows is not drawn anew
        flags.banner(known, answer)
        flags.doubts(answer)
    left, right = st.columns([2.15, 1], gap="medium")
    with left:
        mount("ranking", ranking(known, here, answer), on_edit, key="ranking")
    with right:
        note = st.empty()
        full = later.answer(
            service.whole, here.case, text="Weighing what to ask next …", place=note
        )
        data = {"groups": suggestions(known, full), "spans": spans(full)}
        mount("next", data, on_edit, key="next")


def ranking(known: Resources, here: Session, answer: Differential) -> dict[str, Any]:
    """Return what the ranking component draws; the intervals follow, see `spans`."""
    entries = list(answer.differential)
    shown = entries if here.everything else entries[:SHOWN]
    focus = here.focus or entries[0].cause
    rest = len(entries) - SHOWN
    more = (
        "" if rest <= 0 else ("Only the likely ones" if here.everything else f"{rest} more causes")
    )
    return {
        "rows": [_row(known, e, focus) for e in shown],
        "all": here.everything,
        "more": more,
        "help": HELP,
        "caption": "Causes, most likely to explain the findings first",
    }


def spans(answer: Differential) -> dict[str, dict[str, Any]]:
    """Return each cause's interval; the ranking draws those that fit the posterior it shows."""
    out: dict[str, dict[str, Any]] = {}
    for entry in answer.differential:
        low, high = entry.interval
        text = f"{percent(low)} – {percent(high)}"
        out[entry.cause] = {"p": entry.posterior, "low": low, "high": high, "text": text}
    return out


def _row(known: Resources, entry: CauseEntry, focus: str) -> dict[str, Any]:
    trend = "up" if entry.posterior > entry.prior else "down"
    return {
        "id": entry.cause,
        "label": entry.label,
        "patient": label(known.network, entry.cause, patient=True),
        "serious": entry.must_not_miss,
        "p": entry.posterior,
        "prior": entry.prior,
        "r": entry.responsibility,
        "ptext": percent(entry.posterior),
        "priortext": percent(entry.prior),
        "change": points(entry.prior, entry.posterior),
        "trend": trend,
        "rtext": percent(entry.responsibility),
        "focus": entry.cause == focus,
    }


def suggestions(known: Resources, answer: Differential) -> list[dict[str, Any]]:
    """Return the best next questions and tests, best first."""
    tests = [t for t in answer.next_tests if _kind(known, t.finding) == "test"]
    questions = [t for t in answer.next_tests if _kind(known, t.finding) != "test"]
    return [
        {
            "title": title,
            "note": "Expected information, best per cost first",
            "items": [_suggestion(known, t, chosen[0]) for t in chosen[:NEXT]],
            "empty": "Nothing left that would change the picture.",
        }
        for title, chosen in (("Best next question", questions), ("Best next test", tests))
    ]


def _kind(known: Resources, variable: str) -> str:
    return str(known.network.meta.get(variable, {}).get("kind", "finding"))


def _suggestion(known: Resources, test: NextTest, best: NextTest) -> dict[str, Any]:
    states = known.network.states(test.finding)
    patient = label(known.network, test.finding, patient=True)
    words = [patient] if patient != test.label else []
    if test.rules_out:
        names = (label(known.network, c) for c in test.rules_out)
        words.append(f"may rule out: {', '.join(names)}")
    answers = [(s, {"yes": "Yes", "no": "No"}.get(s, state_words(s))) for s in states]
    return {
        "id": test.finding,
        "label": test.label,
        "gain": f"{test.expected_gain_bits:.2f} bits",
        "share": min(1.0, test.expected_gain_bits / max(best.expected_gain_bits, 1e-12)),
        "note": " · ".join(words),
        "answers": answers,
    }
