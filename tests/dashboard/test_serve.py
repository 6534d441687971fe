"""The first start on a machine asks nothing: the server comes up without a terminal or a home."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from fascinet.dashboard.serve import command, has_screen
from fascinet.dashboard.teaching import phone_server
from fascinet.dashboard.teaching.phone_server import phones_at
from fascinet.model.errors import FascinetError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_first_run_serves_without_asking(tmp_path: Path) -> None:
    port = free_port()
    args = [sys.executable, "-m", "fascinet", "dashboard", "--port", str(port)]
    home = {**os.environ, "HOME": str(tmp_path)}
    with subprocess.Popen(args, env=home, stdin=subprocess.DEVNULL) as server:
        try:
            end = time.monotonic() + 60
            while not healthy(port) and server.poll() is None and time.monotonic() < end:
                time.sleep(0.2)
            assert healthy(port)
        finally:
            server.terminate()


def test_streamlit_is_always_headless() -> None:
    assert "--server.headless=true" in command(8501)


def test_no_window_is_opened_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert not has_screen()


def test_phones_are_let_in_where_they_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    assert phones_at("127.0.0.1", free_port()).startswith("127.0.0.1:")
    monkeypatch.setattr(phone_server, "ELSEWHERE", ("127.0.0.1", 9))  # this machine is the network
    assert phones_at("lan", free_port()).startswith("127.0.0.1:")
    with pytest.raises(FascinetError, match=r"203\.0\.113\.9.*cannot assign"):
        phones_at("203.0.113.9", free_port())
    with pytest.raises(FascinetError, match="expected 1 to 65535, got 70000"):
        phones_at("127.0.0.1", 70_000)
    with pytest.raises(FascinetError, match="phones cannot come in at nowhere"):
        phones_at("nowhere.invalid", free_port())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(FascinetError, match="address already in use"):
            phones_at("127.0.0.1", taken.getsockname()[1])


def test_nobody_is_let_in_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(phone_server.PHONES, raising=False)
    assert phone_server.address() == ""
    assert "--server.address=127.0.0.1" in command(8501)
