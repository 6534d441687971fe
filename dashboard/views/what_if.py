"""What if: three plain questions, cases side by side, and sliders on priors and figures."""

import math
from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from fascinet.dashboard import flags, later, scenarios, service
from fascinet.dashboard.comparing import compare
from fascinet.dashboard.frame import open_page, plain
from fascinet.dashboard.if_figures import figure_slider, prior_slider
from fascinet.dashboard.scenarios import Beliefs, Otherwise
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import SCENARIOS, Session
from fascinet.dashboard.tables import table
from fascinet.dashboard.words import (
    NOISE,
    change,
    label,
    listed,
    mid,
    percent,
    state_name,
)
from fascinet.model.case import COMPLAINT
from fascinet.model.errors import FascinetError, ImpossibleEvidenceError

LEAD = "Change one thing and see what follows."
SHOWN = 10
EVERY = 100_000  # figures, that is: all that bear on the answer
POSSIBLE = 1e-9
LEARNED = "if-learned"


def page() -> None:
    """Draw the page."""
    known, here = open_page("What if", LEAD)
    try:
        service.differential(here.case)
    except ImpossibleEvidenceError as error:
        flags.impossible(known, error)
        return
    draw: dict[str, Callable[[Resources, Session], None]] = {
        "If I learned …": _learned,
        "If we treated …": _treated,
        "If it had never been …": _never,
        "Side by side": _side_by_side,
        "Another prior": prior_slider,
        "Another figure": figure_slider,
    }
    view = st.segmented_control(
        "Question", tuple(draw), default=next(iter(draw)), key="if-view", required=True
    )
    draw[str(view)](known, here)


# ------------------------------------------------------------------------------- learned


def _learned(known: Resources, here: Session) -> None:
    left, right = st.columns([1, 1.6], gap="large")
    with left:
        names = {e.id: e.label for e in known.catalogue.entries}
        names |= {c: label(known.network, c) for c in known.reasoner.causes if c not in names}
        variable = str(st.selectbox(
            "If I learned about …", list(names), format_func=names.__getitem__,
            key=LEARNED, index=_most_telling(here, list(names)),
        ))  # fmt: skip
        state = _state(known, here, variable, "that it is …")
        st.caption(
            "Nothing is done to the person: one fact more is known. What it makes of the causes "
            "is what the ranking would show had you entered it."
        )
    with right:
        try:
            after = later.answer(
                scenarios.learned, here.case, variable, state, text="Following what it changes …"
            )
        except ImpossibleEvidenceError:
            st.warning("With the findings at hand this is impossible.")
            return
        now = {c: p for c, p in scenarios.current(here.case).items() if c != variable}
        after = {c: p for c, p in after.items() if c != variable}
        st.header(f"{names[variable]}: {state_name(known.network, variable, state)}", anchor=False)
        compare(known, now, after, "now", "then")
        _explain_away(known, now, after, variable, state)


def _most_telling(here: Session, names: list[str]) -> int:
    """Return the open finding that would tell most, with which the question starts."""
    if LEARNED in st.session_state:  # somebody has chosen: nothing to look for
        return 0
    found = later.answer(service.whole, here.case, text="Looking for the most telling finding …")
    best = sorted(found.next_tests, key=lambda t: -t.expected_gain_bits)
    return next((names.index(t.finding) for t in best if t.finding in names), 0)


def _state(known: Resources, here: Session, variable: str, text: str) -> str:
    """Let a state be chosen; a likely one that is not the present one stands at the start."""
    now = here.case.values.get(variable)
    chances = scenarios.chances(here.case, variable)
    states = [s for s in known.network.states(variable) if chances[s] > POSSIBLE]
    other = [s for s in states if s not in {now, known.resting.get(variable)}]
    start = max(other or states, key=lambda s: chances[s])
    return str(st.segmented_control(
        text, states, default=start, required=True,
        format_func=partial(state_name, known.network, variable),
        key=f"if-state-{variable}-{now}",
    ))  # fmt: skip


def _explain_away(
    known: Resources, now: Beliefs, after: Beliefs, variable: str, state: str
) -> None:
    """Say in one sentence what explaining away does, where it does something."""
    name = label(known.network, variable)
    kind = str(known.network.meta.get(variable, {}).get("kind"))
    if kind not in {"cause", "risk"}:
        return
    gone = state == known.resting.get(variable)
    moved = [
        c for c in now if (after[c] - now[c] > NOISE) is gone and abs(after[c] - now[c]) > NOISE
    ]
    names = listed(
        [label(known.network, c) for c in sorted(moved, key=lambda c: -abs(after[c] - now[c]))[:3]]
    )
    if moved and gone:
        st.markdown(plain(
            f"Why {names} rises: without {name} something else has to account for the same "
            "findings. Nothing has caused it; the finding has to come from somewhere."
        ))  # fmt: skip
    elif moved:
        st.markdown(plain(
            f"Why {names} falls: {name} already accounts for the findings, so that less is left "
            "to be accounted for (explaining away)."
        ))  # fmt: skip


# ------------------------------------------------------------------------------- otherwise


def _treated(known: Resources, here: Session) -> None:
    names = {c: label(known.network, c) for c in scenarios.actionable(here.case)}
    note = (
        "Counterfactual: the same person, everything else equal, with this cause taken away. "
        "Causes that it does not bring about stay as they are: treating one thing does not make "
        "another more likely."
    )
    _imagined(known, here, names, "If we treated …", "if-treated", note)


def _never(known: Resources, here: Session) -> None:
    names = {v: r.label for v, r in known.knowledge.risks.items() if v in known.network.index}
    names |= {c: label(known.network, c) for c in known.reasoner.causes}
    entered = {v: names[v] for v in names if _is_there(known, here, v)}
    note = (
        "Counterfactual: this person's own past with one thing left out, and all that came of it. "
        "What has another source stays."
    )
    _imagined(known, here, {**entered, **names}, "If it had never been …", "if-never", note)


def _is_there(known: Resources, here: Session, variable: str) -> bool:
    return here.case.evidence.get(variable, known.resting[variable]) != known.resting[variable]


def _imagined(
    known: Resources, here: Session, names: Mapping[str, str], text: str, key: str, note: str
) -> None:
    left, right = st.columns([1, 1.6], gap="large")
    with left:
        variable = str(st.selectbox(text, list(names), format_func=names.__getitem__, key=key))
        st.caption(note)
    with right:
        try:
            found = later.answer(
                scenarios.otherwise, here.case, variable, known.resting[variable],
                text="Imagining the other world …",
            )  # fmt: skip
        except FascinetError as error:
            st.warning(plain(str(error)))
            return
        if any(math.isnan(p) for p in found.causes.values()):
            st.warning("With the findings at hand this is impossible.")
            return
        _still(known, found, names[variable])
        now = {c: p for c, p in scenarios.current(here.case).items() if c in found.causes}
        compare(known, now, found.causes, "now", "then")


def _still(known: Resources, found: Otherwise, name: str) -> None:
    """Draw what would still be there: the complaint first."""
    before, after = found.anyone
    if COMPLAINT in found.findings:
        st.html(
            "<p class='fn-big' data-testid='still'>Would it still twitch? In this person "
            f"<b>{percent(found.findings[COMPLAINT])}</b>.</p>"
        )
    st.markdown(plain(
        f"Of all people of this setting, age and sex {percent(before)} twitch; if none of them had "
        f"{mid(name)}, {percent(after)} would."
        if change(before, after) != "no change" else
        f"Of all people of this setting, age and sex {percent(before)} twitch, and would all the "
        f"same if none had {mid(name)}: it makes few of them twitch."
    ))  # fmt: skip
    rest = {v: p for v, p in found.findings.items() if v != COMPLAINT}
    if rest:
        rows = [(label(known.network, v), percent(p)) for v, p in
                sorted(rest.items(), key=lambda item: item[1])]  # fmt: skip
        st.html(
            table("Which findings would still be there", ("Finding", "Still there"), rows, (1,))
        )


def _side_by_side(known: Resources, here: Session) -> None:
    st.markdown(
        "Keep the case as it stands as **A**, **B** or **C**, change findings in the list, and "
        "read the columns side by side."
    )
    with st.container(horizontal=True):
        for name in SCENARIOS:
            st.button(
                f"Keep this case as {name}", key=f"keep-{name}", on_click=here.keep, args=(name,)
            )
    if not here.kept:
        return
    cases = {**here.kept, "now": here.case}
    if here.case in here.kept.values():
        name = next(n for n, c in here.kept.items() if c == here.case)
        st.caption(f"{name} and the case now are the same. Change a finding.")
    beliefs = {n: scenarios.current(c) for n, c in cases.items()}
    spread = {c: max(b[c] for b in beliefs.values()) - min(b[c] for b in beliefs.values())
              for c in known.reasoner.causes}  # fmt: skip
    top = [e.cause for e in service.ranked(here.case)[:3]]
    order = sorted(spread, key=lambda c: (-spread[c], c))[:SHOWN]
    order = [*top, *(c for c in order if c not in top)]
    rows = [(label(known.network, c), *(percent(b[c]) for b in beliefs.values())) for c in order]
    st.html(table("Present, by scenario", ("Cause", *cases), rows, range(1, len(cases) + 1)))
    st.header("What differs", anchor=False)
    st.html(table("Findings that differ", ("Finding", *cases), _differences(known, here), ()))
    with st.container(horizontal=True):
        for name, case in here.kept.items():
            st.button(f"Go back to {name}", key=f"back-{name}", on_click=here.go, args=(case,))


def _differences(known: Resources, here: Session) -> list[tuple[str, ...]]:
    told = [service.evidence_of(c) for c in (*here.kept.values(), here.case)]
    names = {v: label(known.network, v) for case in told for v in case}
    return [
        (
            names[v],
            *(state_name(known.network, v, case[v]) if v in case else "unknown" for case in told),
        )
        for v in sorted(names, key=names.__getitem__)
        if len({case.get(v) for case in told}) > 1
    ]
