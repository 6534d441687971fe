"""The page's own style sheet: tighter spacing, focus rings, print."""

import streamlit as st

CSS = """
<style>
.stMainBlockContainer { padding: 4.2rem 2rem 3rem; max-width: 1560px; }
@media (min-width: 769px) { section[data-testid="stSidebar"][data-collapsed="false"] { min-width: 21.5rem; } }
section[data-testid="stSidebar"] [data-testid="stSidebarContent"] { padding: 0 0.2rem; }
section[data-testid="stSidebar"] [data-testid="stSidebarHeader"] { height: 2.6rem; padding-bottom: 0; margin-bottom: 0; }
[data-testid="stSidebarUserContent"] { padding: 0.2rem 0.9rem 2rem; }
[data-testid="stCaptionContainer"] p { font-size: 0.9rem; }
[data-testid="stVerticalBlock"] { gap: 0.7rem; }
h1 { padding: 0 !important; }
.stApp a:focus-visible, .stApp button:focus-visible { outline: 2px solid var(--st-primary-color, #0b5a83); outline-offset: 2px; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding: 4rem 0.8rem 2rem; }
}
@media print {
  section[data-testid="stSidebar"], header[data-testid="stHeader"], .stDownloadButton { display: none !important; }
  .stMainBlockContainer { padding: 0; max-width: none; }
  .stApp { background: #fff; color: #000; }
}
</style>
"""


def apply_style() -> None:
    """Add the style sheet to the page."""
    st.html(CSS)
