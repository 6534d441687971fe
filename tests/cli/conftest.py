"""The command line as a user runs it: one process a call."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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
def fascinet() -> Callable[..., Said]:
    def run(*arguments: object, stdin: bytes = b"") -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "fascinet", *map(str, arguments)],
            input=stdin, capture_output=True, cwd=ROOT, timeout=120, check=False,
        )  # fmt: skip
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
