"""Two states of belief, one beside the other."""

import streamlit as st

from fascinet.dashboard import charts_change
from fascinet.dashboard.scenarios import Beliefs
from fascinet.dashboard.service import Resources
from fascinet.dashboard.words import (
    change,
    label,
    way,
)

SHOWN = 10


def compare(known: Resources, first: Beliefs, second: Beliefs, a: str, b: str) -> None:
    """Draw the causes that differ between two sets of beliefs, most changed first."""
    order = sorted(second, key=lambda c: -abs(second[c] - first[c]))
    moved = [c for c in order if change(first[c], second[c]) != "no change"]
    if not moved:
        st.caption("No cause changes by half a point or more.")
        return
    pairs = [(label(known.network, c), first[c], second[c]) for c in moved[:SHOWN]]
    rows, spec = charts_change.difference(pairs, a, b)
    st.vega_lite_chart(rows, spec, key=f"difference-{b}")
    most = moved[0]
    st.caption(f"Most changed: {label(known.network, most)}, {way(first[most], second[most])}.")
