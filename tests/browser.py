"""The dashboard in a real browser: how tests open a page, wait until it is drawn, and fill it in.

A page is drawn anew after each click. Whoever types into what is about to be replaced loses it,
and how long that takes is the machine's affair; so `settled` does not guess a time: it listens to
what browser and server say to each other, and returns once the last thing said by the browser has
been answered by a whole run of the script.
"""

import os
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from fascinet.dashboard.serve import command

PATIENCE = 180.0  # seconds: a slow machine is no fault of a page
SIX = "?e=twitching.yes~age_group.60%2B~sex.male~weakness.objective~atrophy.yes~umn_signs.yes"
PATHS = ("", "network", "why", "next", "if", "sure", "knowledge", "cases")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
# Streamlit's own faults, not ours to mend
THEIRS = {"empty-table-header", "aria-allowed-role", "svg-img-alt"}
# a timer of the page itself: what a widget sends a moment after a key press is sent before it
AFTER_TYPING = "() => new Promise((done) => setTimeout(done, 300))"
AFTER_DRAWING = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
# what stands from the run before, and what waits for its code to be loaded: a widget, a style
UNDRAWN = "[data-stale=true], [data-testid=stSkeleton]"
# what is drawn anew is pale for a moment
WHEN_STILL = """() => Promise.all(document.getAnimations()
  .filter((a) => a.effect.getComputedTiming().endTime < Infinity)
  .map((a) => a.finished.catch(() => null))).then(() => null)"""


# ------------------------------------------------------------------------------- the server


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def served(settings: Mapping[str, str]) -> Iterator[str]:
    """Serve the dashboard on a free port of 127.0.0.1 under these environment variables."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, **settings},
    )  # fmt: skip
    try:
        _wait_until_up(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_up(url: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as reply:
                if reply.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server did not come up")


# ------------------------------------------------------------------------------- the page


class Runs:
    """Whether the page waits for the script: every click asks for a run of it."""

    def __init__(self, page: Page) -> None:
        self.waiting = False
        self._begun = False
        self._top = page.main_frame
        page.on("request", self._left)
        page.on("websocket", self._opened)

    def _left(self, request: Request) -> None:
        if request.is_navigation_request() and request.frame == self._top:
            self._asked()

    def _opened(self, line: WebSocket) -> None:
        self._asked()
        line.on("framesent", self._sent)
        line.on("framereceived", self._received)

    def _asked(self) -> None:
        self.waiting, self._begun = True, False

    def _sent(self, frame: bytes | str) -> None:
        if isinstance(frame, bytes) and BackMsg.FromString(frame).HasField("rerun_script"):
            self._asked()

    def _received(self, frame: bytes | str) -> None:
        if not isinstance(frame, bytes):
            return
        told = ForwardMsg.FromString(frame)
        kind = told.WhichOneof("type")
        if kind == "new_session":
            self._begun = self.waiting = True
        elif kind == "script_finished" and self._begun:
            self.waiting = told.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN


_runs: "WeakKeyDictionary[Page, Runs]" = WeakKeyDictionary()


def watched(page: Page) -> Page:
    """Listen to a new page, so that `settled` knows what it waits for."""
    page.set_default_timeout(1000 * PATIENCE)
    _runs[page] = Runs(page)
    return page


def settled(page: Page, *, after: str = AFTER_TYPING) -> None:
    """Wait until all that was clicked and typed is answered and drawn."""
    end = time.monotonic() + PATIENCE
    page.evaluate(after)
    while True:
        while _runs[page].waiting:
            assert time.monotonic() < end, "the page is still being drawn"
            page.wait_for_timeout(20)
        page.evaluate(AFTER_DRAWING)  # what a component says once it is drawn asks for a run too
        if not _runs[page].waiting:
            break
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.locator(UNDRAWN)).to_have_count(0)


def opened(page: Page, url: str, path: str = "", query: str = SIX) -> None:
    """Open a page and wait until all of it is drawn."""
    page.goto(f"{url}/{path}{query}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settled(page, after=AFTER_DRAWING)


def fill(page: Page, label: str, text: str, role: str = "textbox") -> None:
    """Type into a field, leave it, and wait for what that changes."""
    settled(page)
    box = page.get_by_role(role, name=label, exact=True)  # pyright: ignore[reportArgumentType]
    box.fill(text)
    box.press("Tab")
    settled(page)


def choose(page: Page, label: str, typed: str, option: str) -> None:
    """Pick an option of a list by typing some of it, and wait for what that changes."""
    settled(page)
    box = page.get_by_role("combobox", name=re.compile(label)).first
    box.click()
    box.press_sequentially(typed)
    page.get_by_role("option", name=re.compile(option)).first.click()
    settled(page)


def faults(page: Page) -> list[str]:
    """Return what axe finds on the page that is ours to mend."""
    page.evaluate(WHEN_STILL)
    found = Axe().run(page, options=RULES)
    ours = [v for v in found.response["violations"] if v["id"] not in THEIRS]
    return [f"{v['id']}: {n['html'][:160]} {n.get('failureSummary', '')[:200]}"
            for v in ours for n in v["nodes"][:4]]  # fmt: skip
