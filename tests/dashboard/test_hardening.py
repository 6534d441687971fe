"""What comes from outside cannot break a page, wait for ever, or reach it from another site."""

import base64
import json
import os
import signal
import socket
import time
import urllib.request
from urllib.parse import urlparse

import pytest
from streamlit.testing.v1 import AppTest

from fascinet.dashboard import library, service, worker
from fascinet.dashboard.later import Queue
from fascinet.dashboard.links import from_link, to_link
from fascinet.dashboard.serve import APP
from fascinet.dashboard.state import Case
from fascinet.dashboard.worker import Worker, WorkerError
from fascinet.model.errors import FascinetError

STATES = {
    "weakness": ("none", "perceived", "subjective", "objective"),
    "setting": ("general", "primary_care", "neuromuscular_clinic"),
}
NAME = "Jane Doe, born 1 May 1960"


def upload(**case: object) -> bytes:
    return json.dumps({"findings": {"weakness": "objective"}} | case).encode()


@pytest.mark.parametrize("setting", ["ward", NAME, "", "primary_care ", "x" * 5000])
def test_an_unknown_setting_in_an_upload_is_refused(setting: str) -> None:
    with pytest.raises(FascinetError, match="setting") if setting else _nothing():
        opened = library.open_upload(upload(setting=setting))
        assert opened.case.setting == Case().setting


class _nothing:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *what: object) -> None:
        return None


@pytest.mark.parametrize("setting", STATES["setting"])
def test_a_known_setting_is_taken(setting: str) -> None:
    assert library.open_upload(upload(setting=setting)).case.setting == setting


def test_interventions_of_an_upload_are_listed_as_left_out() -> None:
    opened = library.open_upload(upload(do={"caffeine_excess": "no"}))
    assert "the intervention caffeine_excess=no" in opened.missed


def test_free_text_is_never_in_the_link() -> None:
    opened = library.open_upload(upload(id=NAME, age=62, sex="female"))
    said = json.dumps(to_link(opened.case)) + json.dumps(to_link(Case(setting=NAME)))
    assert "Jane" not in said and "1960" not in said


@pytest.mark.parametrize("digits", [4, 19, 309, 400, 3900])
@pytest.mark.parametrize("digit", ["1", "0", "9", "٣"])
def test_a_likelihood_of_many_digits_is_left_out(digits: int, digit: str) -> None:
    link = {"l": f"weakness.none:{digit * digits},subjective:1,objective:1"}
    case, notices = from_link(link, STATES)
    assert case == Case() and len(notices) == 1


def test_a_link_of_many_digits_opens_the_page() -> None:
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params["l"] = "weakness.none:" + "1" * 400 + ",subjective:1,objective:1"
    app.query_params["s"] = "1" * 400
    app.run()
    assert not app.exception


# ------------------------------------------------------------------- the worker


@pytest.fixture
def helper() -> "object":
    made = Worker()
    yield made
    made.close()


def test_a_worker_that_was_stopped_is_ended(
    monkeypatch: pytest.MonkeyPatch, helper: Worker
) -> None:
    """It says nothing any more: the question comes back, and the next worker takes over."""
    assert helper.ask(os.getpid, ()) != os.getpid()
    monkeypatch.setattr(worker, "PATIENCE", 3.0)
    os.kill(helper.ask(os.getpid, ()), signal.SIGSTOP)
    start = time.monotonic()
    with pytest.raises(WorkerError):
        helper.ask(os.getpid, ())
    assert time.monotonic() - start < 15 and not helper.alive


def test_a_busy_worker_is_waited_for(monkeypatch: pytest.MonkeyPatch, helper: Worker) -> None:
    """Longer than the patience, since it says every second that it lives."""
    assert helper.ask(os.getpid, ()) != os.getpid()
    monkeypatch.setattr(worker, "PATIENCE", 2.5)
    assert helper.ask(time.sleep, (5.0,)) is None


def test_a_stopped_worker_is_closed_in_time(helper: Worker) -> None:
    os.kill(helper.ask(os.getpid, ()), signal.SIGSTOP)
    helper.close()
    assert not helper.alive


def test_a_queue_answers_though_its_worker_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue()
    queue.use_process()
    first = queue.ask(os.getpid, ()).future.result(60)
    monkeypatch.setattr(worker, "PATIENCE", 3.0)
    os.kill(first, signal.SIGSTOP)
    job = queue.ask(service.resources().network.states, ("weakness",))
    assert job.future.result(30) == ("none", "perceived", "subjective", "objective")
    assert queue._worker is not None
    queue._worker.close()


# ------------------------------------------------------------------- the server


def shaken(server: str, host: str, origin: str) -> int:
    """Return the status of a WebSocket's handshake as a browser at `origin` would make it."""
    place = urlparse(server)
    with socket.create_connection((str(place.hostname), int(place.port or 0)), 10) as line:
        key = base64.b64encode(os.urandom(16)).decode()
        line.sendall(
            f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        return int(line.recv(64).split()[1])


def test_no_other_site_may_frame_a_page(server: str) -> None:
    for path in ("", "/why", "/_stcore/health"):
        with urllib.request.urlopen(server + path, timeout=20) as answer:
            assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
            assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Referrer-Policy"] == "same-origin"


def test_only_this_machines_names_open_a_websocket(server: str) -> None:
    port = urlparse(server).port
    for name in ("127.0.0.1", "localhost"):
        assert shaken(server, f"{name}:{port}", f"http://{name}:{port}") == 101
    for host, origin in (
        ("evil.example", "http://evil.example"),  # a name that was bound to this machine
        (f"evil.example:{port}", f"http://evil.example:{port}"),
        (f"127.0.0.1:{port}", "http://evil.example"),
        ("evil.example", f"http://127.0.0.1:{port}"),
        (f"127.0.0.1.evil.example:{port}", f"http://127.0.0.1.evil.example:{port}"),
    ):
        assert shaken(server, host, origin) == 403, (host, origin)
