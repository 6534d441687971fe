"""The command line as a user runs it: arguments in, exit code and both streams out."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fascinet.__main__ import _run as entry  # pyright: ignore[reportPrivateUsage]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Said:
    """What a command said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return standard output as JSON: nothing else may be there."""
        assert self.code == 0, self.err
        return json.loads(self.out)

    def is_bad_input(self) -> bool:
        """Exit 2, nothing on standard output, one line on standard error, no traceback."""
        lines = self.err.strip().splitlines()
        return (
            self.code == 2 and not self.out and len(lines) == 1
            and lines[0].startswith("fascinet: ") and "Traceback" not in self.err
        )  # fmt: skip


@pytest.fixture(scope="session")
def process() -> Callable[..., Said]:
    """Run `python -m fascinet`, for what only a process of its own shows."""

    def run(*arguments: object, stdin: bytes = b"") -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "fascinet", *map(str, arguments)],
            input=stdin, capture_output=True, cwd=ROOT, timeout=120, check=False,
        )  # fmt: skip
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def fascinet(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Run the same entry in this process: no interpreter and no network is started for it.

    Standard streams are as a process has them, bytes behind UTF-8.
    """

    def run(*arguments: object, stdin: bytes = b"") -> Said:
        out, err = _stream(), _stream()
        with monkeypatch.context() as given:
            given.chdir(ROOT)
            given.setattr(sys, "stdin", _stream(stdin))
            given.setattr(sys, "stdout", out)
            given.setattr(sys, "stderr", err)
            code = entry(list(map(str, arguments)))
        return Said(code, _text(out), _text(err))

    return run


def _stream(data: bytes = b"") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()
