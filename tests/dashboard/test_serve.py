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
