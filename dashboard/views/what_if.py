"""What if: two cases side by side, seeing against doing, and sliders on priors and figures."""

import math

import streamlit as st

from fascinet.dashboard import charts_change, flags, later, scenarios, service
from fascinet.dashboard.focus import choose_focus
from fascinet.dashboard.frame import open_page
from fascinet.dashboard.scenarios import Beliefs
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.sureness import Lever, levers
from fascinet.dashboard.words import label, percent, state_words
from fascinet.model.errors import FascinetError, ImpossibleEvidenceError

LEAD = "Change one thing and see what follows."
VIEWS = ("One thing changed", "Two cases", "Another prior", "Another figure")
WORDS = {
    "observed": "**Seen**: what if we *learned* this of someone with the same findings?",
    "intervened": "**Done**: what if we *made* it so, and then saw the same findings?",
    "counterfactual": "**Imagined**: what if, in *this* person and all else equal, it had been so?",
}
TITLES = {"observed": "Seen", "intervened": "Done", "counterfactual": "Imagined"}
SHOWN = 10
EVERY = 100_000  # figures, that is: all that bear on the answer


def page() -> None:
    """Draw the page."""
    known, here = open_page("What if", LEAD)
    try:
        service.differential(here.case)
    except ImpossibleEvidenceError as error:
        flags.impossible(known, error)
        return
    view = st.segmented_control(
        "Kind of change", VIEWS, default=VIEWS[0], key="if-view", required=True
    )
    draw = {VIEWS[0]: _one_thing, VIEWS[1]: _two_cases, VIEWS[2]: _prior, VIEWS[3]: _figure}
    draw[str(view)](known, here)


def _one_thing(known: Resources, here: Session) -> None:
    left, right = st.columns([1, 1.6], gap="large")
    names = _changeable(known)
    with left:
        start = next((v for v in names if v in here.case.entered), next(iter(names)))
        variable = str(st.selectbox(
            "What if", list(names), index=list(names).index(start),
            format_func=names.__getitem__, key="if-variable",
        ))  # fmt: skip
        states = known.network.states(variable)
        now = here.case.values.get(variable)
        state = str(st.segmented_control(
            "were", states, default=next(s for s in states if s != now),
            format_func=state_words, key=f"if-state-{variable}", required=True,
        ))  # fmt: skip
        world = str(st.segmented_control(
            "Meant as", tuple(WORDS), default="observed", format_func=TITLES.__getitem__,
            key="if-world", required=True,
        ))  # fmt: skip
        for text in WORDS.values():
            st.markdown(text)
    with right:
        _show_world(known, here, variable, state, world)


def _changeable(known: Resources) -> dict[str, str]:
    entries = {e.id: e.label for e in known.catalogue.entries}
    causes = {c: label(known.network, c) for c in known.reasoner.causes}
    return {**causes, **entries}


def _show_world(known: Resources, here: Session, variable: str, state: str, world: str) -> None:
    try:
        after = later.answer(
            scenarios.worlds, here.case, variable, state, text="Imagining the other world …"
        )[world]
    except FascinetError as error:
        st.warning(str(error))
        return
    if any(math.isnan(p) for p in after.values()):
        st.warning("With the findings at hand this is impossible.")
        return
    st.header(f"{label(known.network, variable)}: {state_words(state)}", anchor=False)
    _compare(known, scenarios.current(here.case), after, "now", TITLES[world].lower())


def _compare(known: Resources, first: Beliefs, second: Beliefs, a: str, b: str) -> None:
    """Draw the causes that differ most between two sets of beliefs."""
    order = sorted(second, key=lambda c: -max(second[c], first[c]) - abs(second[c] - first[c]))
    pairs = [(label(known.network, c), first[c], second[c]) for c in order[:SHOWN]]
    rows, spec = charts_change.difference(pairs, a, b)
    st.vega_lite_chart(rows, spec, key=f"difference-{b}")
    moved = max(second, key=lambda c: abs(second[c] - first[c]))
    if abs(second[moved] - first[moved]) < 5e-4:
        st.caption("Nothing changes by more than 0.05 points.")
        return
    st.caption(
        f"Most changed: {label(known.network, moved)}, {percent(first[moved])} → "
        f"{percent(second[moved])}."
    )


def _two_cases(known: Resources, here: Session) -> None:
    st.markdown(
        "Keep the case as it stands as **A**, then change findings in the list: the chart shows "
        "**A** against the case now."
    )
    st.button("Keep this case as A", key="keep-a", on_click=lambda: here.keep())
    if here.kept is None:
        return
    if here.kept == here.case:
        st.caption("A and the case now are the same. Change a finding.")
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        _compare(known, scenarios.current(here.kept), scenarios.current(here.case), "A", "now")
    with right:
        st.header("What differs", anchor=False)
        for line in _differences(known, here):
            st.markdown(f"- {line}")
        st.button("Go back to A", key="back-a", on_click=lambda: here.go(here.kept or here.case))


def _differences(known: Resources, here: Session) -> list[str]:
    a, b = service.evidence_of(here.kept or here.case), service.evidence_of(here.case)
    words = {v: label(known.network, v) for v in {*a, *b}}
    return [
        f"{words[v]}: {state_words(a.get(v, 'unknown'))} → {state_words(b.get(v, 'unknown'))}"
        for v in sorted(words, key=words.__getitem__)
        if a.get(v) != b.get(v)
    ]


def _prior(known: Resources, here: Session) -> None:
    cause = choose_focus(known, here, key="if-prior")
    if cause in here.case.entered:
        st.info("This cause was entered as a finding.")
        return
    base = service.presence(service.prior_beliefs(here.case.setting), cause)
    left, right = st.columns([1, 1.6], gap="large")
    with left:
        value = st.select_slider(
            "Its probability among people who come with twitching in this setting",
            _steps(base), value=base, format_func=lambda p: f"{100 * p:.3g}%",
            key=f"if-prior-{cause}-{here.case.setting}",
        )  # fmt: skip
        st.markdown(_cited_prior(known, here, cause, base))
    with right:
        after = scenarios.with_prior(here.case, cause, float(value))
        _compare(known, scenarios.current(here.case), after, "now", "with that prior")


def _steps(base: float) -> list[float]:
    grid = {0.0001 * 10 ** (i / 8) for i in range(32)} | {0.5, 0.75, 0.9, base}
    return sorted(p for p in grid if 0 < p < 1)


def _cited_prior(known: Resources, here: Session, cause: str, base: float) -> str:
    settings = known.knowledge.causes[cause].prior.settings
    links = settings.get(here.case.setting, settings.get("all", {}))
    cited = [
        f"{state_words(s)}: {100 * f.p:.3g}% ({100 * f.low:.3g}–{100 * f.high:.3g}%)"
        for s, f in links.items()
    ]
    text = f"In the network **{percent(base)}**."
    return f"{text} Cited, with range: {'; '.join(cited)}." if cited else text


def _figure(known: Resources, here: Session) -> None:
    cause = choose_focus(known, here, key="if-figure")
    found = (
        ()
        if cause in here.case.entered
        else later.answer(
            levers, here.case, cause, EVERY, 0.0, text="Moving every figure through its range …"
        )
    )
    if not found:
        st.info("No single figure's range moves this answer.")
        return
    left, right = st.columns([1, 1.6], gap="large")
    with left:
        names = {x.index: x.name for x in found}
        picked = st.selectbox(
            "Figure", list(names), format_func=names.__getitem__, key=f"if-lever-{cause}"
        )
        lever = next(x for x in found if x.index == picked)
        value = _slider(lever)
    with right:
        after = later.answer(
            scenarios.with_figure, here.case, cause, lever.index, value,
            text="Building the network with that figure …",
        )  # fmt: skip
        _compare(known, scenarios.current(here.case), after, "now", "with that figure")


def _slider(lever: Lever) -> float:
    value = float(st.select_slider(
        "Value", _scale(lever), value=lever.value, format_func=lambda p: f"{100 * p:.3g}%",
        key=f"if-value-{lever.index}",
    ))  # fmt: skip
    inside = lever.low <= value <= lever.high
    st.markdown(
        f"Cited **{100 * lever.value:.3g}%**, range {100 * lever.low:.3g}% to "
        f"{100 * lever.high:.3g}%: the slider stands **{'inside' if inside else 'outside'}** it."
    )
    return value


def _scale(lever: Lever) -> list[float]:
    """Return values from 0 to 1, even in log odds, with the cited one and its range among them."""
    grid = {1 / (1 + math.exp(-i / 4)) for i in range(-36, 37)}
    return sorted({0.0, *grid, 1.0, lever.low, lever.value, lever.high})
