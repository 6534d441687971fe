"""The dashboard as Streamlit serves it: `app.py`, in no frame of another site.

`streamlit run` finds `app` in this file. Which names of the server a browser may use is said in
`.streamlit/config.toml` (`allowedHosts`): a page of another name cannot talk to it.
"""

from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from fascinet.dashboard.headers import Guard
from fascinet.dashboard.teaching import notes_window, phones

routes = [*phones.routes(), *notes_window.routes()]
app = App(Path(__file__).with_name("app.py"), middleware=[Middleware(Guard)], routes=routes)
