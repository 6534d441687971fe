"""The students' page: a few kilobytes of plain HTML beside Streamlit, on the same port.

`/join` asks for a room's code, `/join/CODE` for the estimate, and `/join/CODE/now` says where the
room stands, so that the page turns by itself. Nothing here can steer a room.
"""

import json
from collections import defaultdict, deque
from functools import lru_cache
from html import escape
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from fascinet.dashboard.teaching.scale import STEPS, exactly
from fascinet.dashboard.words import figure, percent
from fascinet.model.errors import LedgerError
from fascinet.model.lazy import Lazy

if TYPE_CHECKING:
    from fascinet.engine.teaching.classroom import Classroom, Moment, Talk

class_room = Lazy("fascinet.engine.teaching.classroom")  # the first visitor does not wait for it

COOKIE = "seat"
BODY = 2_000  # bytes of a form; more is not read
WRONG, WITHIN = 20, 60.0  # wrong codes from one address in so many seconds
SHARE = 150  # seats of a room for one address: whoever takes more leaves none to the others
_lock = Lock()
_wrong: dict[str, deque[float]] = defaultdict(deque)
_taken: dict[tuple[str, str], int] = defaultdict(int)  # by room and address

STYLE = """
:root { color-scheme: light dark; font: 18px/1.45 system-ui, sans-serif; }
body { max-width: 34rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.3rem; margin: 0.3rem 0; } p { margin: 0.5rem 0; }
.told { font-size: 1.5rem; font-weight: 650; } .small { opacity: 0.85; font-size: 0.95rem; }
input { font: inherit; padding: 0.5rem; width: 100%; box-sizing: border-box; }
input[type=range] { padding: 0; height: 2.6rem; }
output { font-size: 2.2rem; font-weight: 700; display: block; }
.choice { display: flex; gap: 0.7rem; align-items: center; padding: 0.7rem 0.2rem; }
.choice input { width: auto; flex: none; transform: scale(1.4); }
button { font: inherit; font-weight: 650; padding: 0.7rem 1.2rem; width: 100%; margin-top: 0.7rem;
  border: 0; border-radius: 0.4rem; background: #0b5a83; color: #fff; }
@media (prefers-color-scheme: dark) { button { background: #7cc4ee; color: #11161b; } }
"""
TURN = """
const here = document.body.dataset, range = document.querySelector('input[type=range]');
const steps = STEPS;
if (range) {
  const show = () => {
    const value = steps[range.value];
    document.querySelector('output').value = value + '%';
    document.querySelector('input[name=p]').value = value;
    range.setAttribute('aria-valuetext', value + '%');
  };
  range.addEventListener('input', show);
  show();
}
setInterval(async () => {
  try {
    const now = await (await fetch(here.now, {cache: 'no-store'})).json();
    if (now.mark && now.mark !== here.mark) location.reload();
  } catch (e) { /* the next try will do */ }
}, 1500);
""".replace("STEPS", json.dumps([round(100 * p, 1) for p in STEPS]))
FIRST = 0.1  # where the slider stands before the first answer


@lru_cache(maxsize=1)
def classroom() -> "Classroom":
    """Return the rooms, opened once for the process."""
    found: Classroom = class_room.Classroom()
    return found


def routes() -> list[BaseRoute]:
    """Return the students' routes."""
    return [
        Route("/join", entrance, methods=["GET", "POST"]),
        Route("/join/{code}", seat, methods=["GET", "POST"]),
        Route("/join/{code}/now", now, methods=["GET"]),
    ]


# ------------------------------------------------------------------------------- answers


async def entrance(request: Request) -> Response:
    """Ask for the code."""
    code = (
        (await _form(request)).get("code", "").strip().upper() if request.method == "POST" else ""
    )
    if code and _is_code(code):
        return RedirectResponse(f"/join/{code}", 303)
    slip = "<p>This is not a code: six letters and digits.</p>" if code else ""
    return _page(
        f"<h1>Join the class</h1>{slip}<form method='post'><label>Code on the wall"
        "<input name='code' maxlength='6' autocapitalize='characters' autocomplete='off' required>"
        "</label><button>Join</button></form>"
    )


async def seat(request: Request) -> Response:
    """Show where the class is and take an estimate."""
    code = str(request.path_params["code"]).upper()
    form = await _form(request) if request.method == "POST" else {}
    token = request.cookies.get(COOKIE, "")
    if await _kept_out(request, code, token):
        return _page("<h1>Too many wrong codes</h1><p>Wait a minute.</p>", status=429)
    try:
        return await run_in_threadpool(_seat, code, token, form, _who(request))
    except LedgerError as error:
        if "no room of this code" in str(error):
            _note_wrong(request)
        return _page(
            f"<h1>{escape(_sentence(error))}</h1><p><a href='/join'>Join a class</a></p>",
            status=404,
        )


async def now(request: Request) -> Response:
    """Say where the room stands, in a word that changes when the page has to be drawn anew."""
    code = str(request.path_params["code"]).upper()
    if await _kept_out(request, code, request.cookies.get(COOKIE, "")):
        return JSONResponse({"mark": ""}, 429)
    try:
        found = await run_in_threadpool(_moment, code)
    except LedgerError:
        _note_wrong(request)
        return JSONResponse({"mark": ""}, 404)
    return JSONResponse({"mark": _mark(found)}, headers={"Cache-Control": "no-store"})


def _seat(code: str, token: str, form: dict[str, str], who: str) -> Response:
    rooms, room = classroom(), _moment(code)
    fresh = not token or not rooms.sits(code, token)
    if fresh and room.is_open:
        token = _sit(code, who)
    note = ""
    if form:
        try:
            rooms.answer(code, token, _whole(form.get("step", "")), _given(room.talk, form))
        except LedgerError as error:
            note = f"<p>{escape(_sentence(error))}</p>"
    own = rooms.own(code, token).get(room.step)
    seat = rooms.number(code, token)
    reply = (
        RedirectResponse(f"/join/{code}", 303)
        if form and not note
        else _room(code, room, own, note, seat)
    )
    if fresh:
        reply.set_cookie(COOKIE, token, httponly=True, samesite="strict", path=f"/join/{code}")
    return reply


def _moment(code: str) -> "Moment":
    """Return where a room stands; what cannot be a code is not looked for."""
    if not _is_code(code):
        raise LedgerError("there is no room of this code: look at the wall again")
    return classroom().now(code)


def _sit(code: str, who: str) -> str:
    """Take a seat, if the address has not had its share of them."""
    with _lock:
        if _taken[code, who] >= SHARE:
            raise LedgerError("too many have joined from your address: ask the teacher")
        _taken[code, who] += 1
    return classroom().sit(code)


def _given(talk: "Talk", form: dict[str, str]) -> float:
    if talk.choices:
        return float(_whole(form.get("choice", "")))
    try:
        return float(form.get("p", "nan")) / 100
    except ValueError:
        return float("nan")


def _whole(text: str) -> int:
    """Return a number that a form sent, -1 for nonsense, which no step and no choice has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1


def _room(code: str, room: "Moment", own: float | None, note: str, seat: int) -> HTMLResponse:
    said = room.talk.said[: room.step + 1]
    earlier = f"<p class='small'>{escape(' · '.join(said[:-1]))}</p>" if said[:-1] else ""
    head = f"{earlier}<p class='told'>{escape(said[-1])}</p><h1>{escape(room.talk.asks)}</h1>{note}"
    if not room.is_open:
        body = "<h1>The class is over.</h1>"
    elif room.revealed:
        body = head + _revealed(room, own)
    else:
        ask = _choose(room.talk, own) if room.talk.choices else _estimate(own)
        told = f"<p>Your answer, <b>{_named(room.talk, own)}</b>, is kept; you may change it.</p>"
        body = (
            f"{head}<form method='post'><input type='hidden' name='step' value='{room.step}'>"
            f"{ask}<button>Send</button></form>{told if own is not None else ''}"
        )
    place = f"<p class='small'>Seat {seat}</p>" if seat else ""
    return _page(
        body + place, f"data-now='/join/{code}/now' data-mark='{_mark(room)}'", TURN
    )  # fmt: skip


def _named(talk: "Talk", own: float | None) -> str:
    if own is None:
        return ""
    return escape(talk.choices[int(own)]) if talk.choices else figure(own)


def _estimate(own: float | None) -> str:
    """Return the slider, where the student left it."""
    start = FIRST if own is None else own
    at = min(range(len(STEPS)), key=lambda k: abs(STEPS[k] - start))
    value = f"{100 * STEPS[at]:g}"
    return (
        f"<input type='hidden' name='p' value='{value}'><output>{value}%</output>"
        "<label class='small'>How probable? <input type='range' min='0' "
        f"max='{len(STEPS) - 1}' value='{at}'></label>"
    )


def _choose(talk: "Talk", own: float | None) -> str:
    return "".join(
        f"<label class='choice'><input type='radio' name='choice' value='{k}' required"
        f"{' checked' if own == k else ''}> {escape(name)}</label>"
        for k, name in enumerate(talk.choices)
    )


def _revealed(room: "Moment", own: float | None) -> str:
    """Return the student's answer beside the exact one."""
    talk = room.talk
    yours = f"You said <b>{_named(talk, own)}</b>. " if own is not None else ""
    if not talk.choices:
        return f"<p>{yours}Exactly: <b>{escape(exactly(talk.exact[room.step]))}</b>.</p>"
    rows = sorted(zip(talk.shares[room.step], talk.choices, strict=True), reverse=True)
    items = "".join(f"<li>{escape(name)} <b>{percent(p)}</b></li>" for p, name in rows)
    return f"<p>{yours}Exactly:</p><ol>{items}</ol>"


def _mark(room: "Moment") -> str:
    return f"{room.step}-{int(room.revealed)}-{int(room.is_open)}"


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _page(body: str, data: str = "", script: str = "", status: int = 200) -> HTMLResponse:
    text = (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>fascinet: class</title>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<style>{STYLE}</style></head><body {data}><main>{body}</main>"
        f"<p class='small'>For teaching only. Not for the care of a patient.</p>"
        f"{f'<script>{script}</script>' if script else ''}</body></html>"
    )
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY:
            return {"step": "-1"}
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=8)
    except ValueError:  # more fields than the page has
        return {"step": "-1"}
    return {k: v[0] for k, v in fields.items()}


def _is_code(code: str) -> bool:
    return len(code) == class_room.CODE and set(code) <= set(class_room.LETTERS)


# ------------------------------------------------------------------------------- limits


def _who(request: Request) -> str:
    return request.client.host if request.client else ""


def _too_many(request: Request) -> bool:
    """Say whether an address has tried too many codes that open nothing."""
    with _lock:
        tries = _wrong[_who(request)]
        while tries and tries[0] < monotonic() - WITHIN:
            tries.popleft()
        return len(tries) >= WRONG


async def _kept_out(request: Request, code: str, token: str) -> bool:
    """Say whether to refuse a request: after many wrong codes only those who sit get in."""
    if not _too_many(request):
        return False
    return not (token and await run_in_threadpool(classroom().sits, code, token))


def _note_wrong(request: Request) -> None:
    with _lock:
        _wrong[_who(request)].append(monotonic())
