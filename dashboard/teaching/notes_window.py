"""The presenter's notes in a window of their own: on the teacher's screen, not on the wall.

`/notes/KEY` is served by the dashboard, on this machine alone. *Present* and *Class* say what it
shows; *Back* and *Next* of it, its arrow keys and a remote turn the steps on the wall.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from secrets import token_urlsafe
from threading import Lock
from time import monotonic
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from fascinet.dashboard.teaching import browser
from fascinet.dashboard.teaching.phones import STYLE

KEY, OPENED = "notes-key", "notes-opened"
KEY_BYTES, DESKS = 16, 200
EVERY, ASLEEP = 0.7, 6.0  # seconds between two looks; a window that is silent for longer is shut
TURNS = {"back": -1, "next": 1}


@dataclass(frozen=True)
class Slip:
    """What the window shows.

    Attributes
    ----------
    count, told, note : str
        Where the talk stands, what is told, and the presenter's note on it.
    then, then_note : str
        What is told next, and the note on that.
    lines : tuple of str
        What the engine believes, or who has not answered.
    since : float
        When the clock was started; 0 while it stands.
    """

    count: str
    told: str
    note: str = ""
    then: str = ""
    then_note: str = ""
    lines: tuple[str, ...] = ()
    since: float = 0.0


@dataclass
class Desk:
    """One teacher's window: what it shows, which turns it asked for, and when it was last heard."""

    slip: Slip | None = None
    turns: deque[int] = field(default_factory=lambda: deque[int](maxlen=20))
    heard: float = float("-inf")


_lock = Lock()
_desks: OrderedDict[str, Desk] = OrderedDict()


# ------------------------------------------------------------------------------- on the wall


def link() -> None:
    """Draw the button that opens the window; the browser keeps the key over a reload."""
    if KEY not in st.session_state:
        st.session_state[KEY] = browser.remembered(browser.NOTES) or token_urlsafe(KEY_BYTES)
    st.link_button("Notes", f"/notes/{st.session_state[KEY]}", key="notes-open", shortcut="N",
                   help="Your notes in a window of their own: keep it on your screen, and this "
                        "page on the wall.", on_click=_opened)  # fmt: skip


def show(slip: Slip) -> None:
    """Say what the window shows."""
    key = str(st.session_state.get(KEY, ""))
    if key:
        _desk(key).slip = slip


def listen(turn: Callable[[int], None]) -> None:
    """Turn the steps as the window asks for it, which may be at any moment."""
    key = str(st.session_state.get(KEY, ""))
    if not key:
        return
    browser.remember(browser.NOTES, key)
    if st.session_state.get(OPENED) or monotonic() - _desk(key).heard < ASLEEP:
        _listen(key, turn)


def _opened() -> None:
    st.session_state[OPENED] = True


@st.fragment(run_every=EVERY)
def _listen(key: str, turn: Callable[[int], None]) -> None:
    turns = _desk(key).turns
    if turns:
        turn(turns.popleft())
        st.rerun()


def _desk(key: str) -> Desk:
    with _lock:
        desk = _desks.setdefault(key, Desk())
        _desks.move_to_end(key)
        while len(_desks) > DESKS:
            _desks.popitem(last=False)
        return desk


# ------------------------------------------------------------------------------- on the wire


def routes() -> list[BaseRoute]:
    """Return the window's routes, for the dashboard's own address and no other."""
    return [
        Route("/notes/{key}", window, methods=["GET"]),
        Route("/notes/{key}/now", now, methods=["GET"]),
        Route("/notes/{key}/{turn}", turned, methods=["POST"]),
    ]


async def window(_: Request) -> Response:
    """Serve the window, which asks for what it shows."""
    return HTMLResponse(PAGE, headers={"Cache-Control": "no-store"})


async def now(request: Request) -> Response:
    """Say what the window shows now."""
    desk = _of(request)
    if desk is None or desk.slip is None:
        return JSONResponse({}, 404)
    desk.heard = monotonic()
    return JSONResponse(_told(desk.slip), headers={"Cache-Control": "no-store"})


async def turned(request: Request) -> Response:
    """Ask the wall for another step."""
    desk, by = _of(request), TURNS.get(str(request.path_params["turn"]))
    if desk is None or by is None:
        return JSONResponse({}, 404)
    desk.turns.append(by)
    return JSONResponse({})


def _of(request: Request) -> Desk | None:
    with _lock:
        return _desks.get(str(request.path_params["key"]))


def _told(slip: Slip) -> Mapping[str, Any]:
    texts: dict[str, str | Sequence[str]] = {
        "count": slip.count, "told": slip.told, "note": slip.note or "No note for this step.",
        "then": f"Then: {slip.then}" if slip.then else "This is the last step.",
        "then-note": slip.then_note,
    }  # fmt: skip
    clock = int(monotonic() - slip.since) if slip.since else 0
    texts["clock"] = f"{clock // 60}:{clock % 60:02d}" if slip.since else ""
    return {"texts": texts, "lines": slip.lines}


PAGE = f"""<!doctype html><html lang='en'><head><meta charset='utf-8'><title>fascinet: notes</title>
<meta name='viewport' content='width=device-width, initial-scale=1'><style>{STYLE}
body {{ max-width: 48rem; }} #note, #then-note {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
#note {{ font-size: 1.4rem; }} #clock {{ float: right; font-weight: 650; }}
.turn {{ display: flex; gap: 0.7rem; }}</style></head><body><main>
<p class='small'><span id='count'></span> <span id='clock'></span></p>
<h1 id='told'>Open Present or Class in this browser.</h1><p id='note'></p>
<div class='turn'><button value='back'>Back</button><button value='next'>Next</button></div>
<p id='then' class='small'></p><p id='then-note' class='small'></p>
<ul id='lines' class='small'></ul></main>
<p class='small'>Only you see this window. Its arrow keys turn the steps on the wall.</p>
<script>
const here = location.pathname, keys = {{ArrowLeft: 'back', PageUp: 'back', ArrowRight: 'next',
  PageDown: 'next'}};
const put = (id, text) => {{ document.getElementById(id).textContent = text; }};
const turn = (by) => fetch(here + '/' + by, {{method: 'POST'}}).catch(() => 0);
async function look() {{
  try {{
    const reply = await fetch(here + '/now', {{cache: 'no-store'}});
    if (!reply.ok) return;
    const now = await reply.json();
    for (const [id, text] of Object.entries(now.texts)) put(id, text);
    document.getElementById('lines').replaceChildren(...now.lines.map((text) => {{
      const row = document.createElement('li');
      row.textContent = text;
      return row;
    }}));
  }} catch (e) {{ /* the next look will do */ }}
}}
for (const b of document.querySelectorAll('button')) b.onclick = () => turn(b.value);
addEventListener('keydown', (e) => {{
  if (!keys[e.key] || e.repeat) return;
  e.preventDefault();
  turn(keys[e.key]);
}});
look();
setInterval(look, {int(1000 * EVERY)});
</script></body></html>"""
