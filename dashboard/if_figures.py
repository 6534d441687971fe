"""What if a figure were another: the prior of one cause, or any figure of the network."""

import math

import streamlit as st

from fascinet.dashboard import later, scenarios, service
from fascinet.dashboard.comparing import compare
from fascinet.dashboard.focus import choose_focus
from fascinet.dashboard.frame import plain
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.sureness import Lever, levers
from fascinet.dashboard.words import figure, first_up, state_name
from fascinet.model.errors import ImpossibleEvidenceError

EVERY = 100_000  # figures, that is: all that bear on the answer


def prior_slider(known: Resources, here: Session) -> None:
    """Draw the prior of the cause in focus as a slider, and what another one would change."""
    cause = choose_focus(known, here, key="if-prior")
    if cause in here.case.evidence:
        st.info("This cause was entered as a finding.")
        return
    base = service.presence(service.before(here.case), cause)
    left, right = st.columns([1, 1.6], gap="large")
    with left:
        value = st.select_slider(
            "Its probability among people who come with this complaint in this setting",
            _steps(base), value=base, format_func=figure,
            key=f"if-prior-{cause}-{here.case.setting}",
        )  # fmt: skip
        st.markdown(_cited_prior(known, here, cause, base))
    with right:
        after = scenarios.with_prior(here.case, cause, float(value))
        compare(known, scenarios.current(here.case), after, "now", "with that prior")


def _steps(base: float) -> list[float]:
    grid = {0.0001 * 10 ** (i / 8) for i in range(32)} | {0.5, 0.75, 0.9, base}
    return sorted(p for p in grid if 0 < p < 1)


def _cited_prior(known: Resources, here: Session, cause: str, base: float) -> str:
    settings = known.knowledge.causes[cause].prior.settings
    links = settings.get(here.case.setting, settings.get("all", {}))
    cited = [
        f"{state_name(known.network, cause, s)}: {figure(f.p)} "
        f"({figure(f.low)} to {figure(f.high)})"
        for s, f in links.items()
    ]
    text = f"In the network **{figure(base)}**."
    return f"{text} Cited, with range: {'; '.join(cited)}." if cited else text


def figure_slider(known: Resources, here: Session) -> None:
    """Draw any figure that bears on the answer as a slider, and what another value would change."""
    cause = choose_focus(known, here, key="if-figure")
    found = (
        ()
        if cause in here.case.evidence
        else later.answer(
            levers, here.case, cause, EVERY, 0.0, text="Moving every figure through its range …"
        )
    )
    if not found:
        st.info("No single figure's range moves this answer.")
        return
    left, right = st.columns([1, 1.6], gap="large")
    with left:
        names = {x.index: first_up(x.name) for x in found}
        picked = st.selectbox(
            "Figure", list(names), format_func=names.__getitem__, key=f"if-lever-{cause}"
        )
        st.caption(plain(names[int(picked)]))
        lever = next(x for x in found if x.index == picked)
        value = _slider(lever)
    with right:
        if value == lever.value:
            st.caption("The slider stands at the cited value. Move it to see what would change.")
            return
        try:
            after = later.answer(
                scenarios.with_figure, here.case, cause, lever.index, value,
                text="Building the network with that figure …",
            )  # fmt: skip
        except ImpossibleEvidenceError:
            st.warning("With that figure the findings at hand are impossible.")
            return
        compare(known, scenarios.current(here.case), after, "now", "with that figure")


def _slider(lever: Lever) -> float:
    value = float(st.select_slider(
        "Value", _scale(lever), value=lever.value, format_func=figure,
        key=f"if-value-{lever.index}",
    ))  # fmt: skip
    inside = lever.low <= value <= lever.high
    st.markdown(
        f"Cited **{figure(lever.value)}**, range {figure(lever.low)} to {figure(lever.high)}: "
        f"the slider stands **{'inside' if inside else 'outside'}** it."
    )
    return value


def _scale(lever: Lever) -> list[float]:
    """Return values from 0 to 1, even in log odds, with the cited one and its range among them."""
    grid = {1 / (1 + math.exp(-i / 4)) for i in range(-36, 37)}
    return sorted({0.0, *grid, 1.0, lever.low, lever.value, lever.high})
