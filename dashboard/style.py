"""The page's own style sheet: tighter spacing, focus rings, print."""

from pathlib import Path

import streamlit as st

SHEET = Path(__file__).with_name("static") / "page.css"


def apply_style() -> None:
    """Add the style sheet to the page."""
    st.html(SHEET)
