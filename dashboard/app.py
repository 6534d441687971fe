"""Navigation, and nothing else: `streamlit run dashboard/app.py`."""

from pathlib import Path

import streamlit as st

from fascinet.dashboard.frame import HOME, PAGES
from fascinet.dashboard.style import apply_style
from fascinet.dashboard.views import pages

st.set_page_config(
    page_title="fascinet",
    page_icon=str(Path(__file__).with_name("static") / "icon.png"),
    layout="wide",
    initial_sidebar_state=350,
)
apply_style()
views = [
    st.Page(p.draw, title=p.title, url_path=p.path, default=i == 0) for i, p in enumerate(pages())
]
st.session_state[HOME] = views[0]
st.session_state[PAGES] = {v.url_path: v for v in views}
here = st.navigation(views, position="top")
here.run()
with st.container(key="bottom", horizontal=True):  # only on phones, where the bar on top is folded
    for view in views:
        st.page_link(view, label=f"**{view.title}**" if view is here else view.title)
