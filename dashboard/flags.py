"""Red-flag banner, doubts about the fit, and evidence that excludes itself."""

from html import escape
from math import log

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fascinet.dashboard.doubts import contradictions
from fascinet.dashboard.figures import brief
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Case
from fascinet.dashboard.words import counted, first_up, label, listed, number, state_name
from fascinet.engine.clinic.differential import Differential, RedFlag
from fascinet.model.errors import ImpossibleEvidenceError

LEVELS = ("urgent", "routine", "review", "reassure")
CONFLICT = 1.0


def banner(known: Resources, answer: Differential) -> None:
    """Draw the red flags as one line that opens: how many, which; then rule and source of each."""
    if not answer.red_flags:
        return
    order = sorted(answer.red_flags, key=lambda f: LEVELS.index(f.level))
    rows = "".join(_flag(known, f) for f in order)
    counts = [(x, sum(f.level == x for f in order)) for x in LEVELS]
    head = (
        f"{listed([f'{n} {x}' for x, n in counts if n])} {'flag' if len(order) == 1 else 'flags'}"
    )
    names = " · ".join(f.text.split(". ")[0].rstrip(".") for f in order)
    st.html(
        '<div role="region" aria-label="Red flags"><details class="fn-more">'
        f'<summary class="fn-flag {escape(order[0].level)}"><span class="fn-level">'
        f'{escape(head)}</span><span class="fn-names">{escape(names)}</span></summary>'
        f'<div class="fn-flags">{rows}</div></details></div>'
    )


def _flag(known: Resources, flag: RedFlag) -> str:
    rule = next((r for r in known.knowledge.red_flags if r.id == flag.id), None)
    where = [flag.id, f"article {', '.join(flag.article)}" if flag.article else ""]
    if rule is not None:
        where += [brief(known.knowledge, key) for key in rule.source[:2]]
    source = " · ".join(filter(None, where))
    action = f"<span class='fn-source'>→ {escape(rule.action)}</span>" if rule else ""
    return (
        f'<div class="fn-flag {escape(flag.level)}" data-flag="{escape(flag.id)}">'
        f'<span class="fn-level">{escape(flag.level.capitalize())}</span>'
        f'<span class="fn-text">{escape(flag.text)}</span>{action}'
        f'<span class="fn-source">{escape(source)}</span></div>'
    )


def doubts(place: DeltaGenerator, case: Case, answer: Differential, misfit: str = "") -> None:
    """Say in one line that opens where the findings contradict each other or fit badly.

    Parameters
    ----------
    place : DeltaGenerator
        An `st.empty()`, so that what takes longer joins the same line.
    case : Case
    answer : Differential
    misfit : str
        What the other findings expect least, see `fascinet.dashboard.doubts.unexpected`.
    """
    lines = [*contradictions(case), *answer.warnings]
    bits = answer.conflict / log(2)
    if bits > CONFLICT:
        lines.append(
            f"These findings rarely come together in this network (conflict {number(bits, 2)} "
            "bits): a cause outside it, two causes at once, or a finding entered wrongly."
        )
    lines = [first_up(line) for line in (*lines, misfit) if line]
    if not lines:
        return
    head = counted(len(lines), "doubt")
    if len(lines) == 1:
        inside = _doubt(lines[0])
    else:
        inside = (
            '<details class="fn-more"><summary class="fn-flag doubt">'
            f'<span class="fn-level">{head}</span>'
            f'<span class="fn-names">{escape(" · ".join(lines))}</span></summary>'
            f'<div class="fn-flags">{"".join(map(_doubt, lines))}</div></details>'
        )
    place.html(f'<div class="fn-flags" role="region" aria-label="Doubts">{inside}</div>')


def _doubt(text: str) -> str:
    return (
        f'<div class="fn-flag doubt"><span class="fn-level">Doubt</span>'
        f"<span>{escape(text)}</span></div>"
    )


def impossible(known: Resources, error: ImpossibleEvidenceError) -> None:
    """Say which findings exclude each other, and how to go on."""
    names = ", ".join(
        f"{label(known.network, v)}: {state_name(known.network, v, str(s))}"
        for v, s in error.conflict.items()
    )
    st.html(
        '<div class="fn-flags" role="alert"><div class="fn-flag urgent">'
        '<span class="fn-level">These findings exclude each other</span>'
        f"<span>{escape(names)}. Undo, remove or pause one of them to go on.</span></div></div>"
    )
