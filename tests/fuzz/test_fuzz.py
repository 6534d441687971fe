"""A slice of `make fuzz`: no reader lets a foreign exception through, whatever the file.

The seed is fixed, so that one commit gives one answer; `make fuzz` takes fresh ones.
"""

import os
import time
from pathlib import Path

import pytest

from tests.fuzz import run
from tests.fuzz.run import fuzz

SECONDS = 12.0
SEED = int(os.environ.get("FASCINET_FUZZ_SEED", "20261130"))


def test_readers_refuse_mutated_files_with_our_errors(tmp_path: Path) -> None:
    """Set FASCINET_FUZZ_SEED to try other files."""
    print(f"seed {SEED}")
    report = fuzz(SECONDS, SEED, tmp_path)
    print(report)
    assert report.leaks == [], f"seed {SEED}\n{report}"
    assert sum(report.tried.values()) > 100


def test_a_reader_that_starts_slowly_has_its_share_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does once, on its first file, is not counted."""
    started: list[str] = []

    def slow_at_first(path: Path) -> None:
        until = time.process_time() + (0.001 if started else 0.5)
        started.append(path.name)
        while time.process_time() < until:
            pass

    def quick(path: Path) -> None:
        path.read_bytes()

    monkeypatch.setattr(run, "TARGETS", {"slow": slow_at_first, "quick": quick})
    monkeypatch.setattr(run, "seeds", lambda name: {f"{name}.txt": b"some words"})
    report = fuzz(0.5, 1, tmp_path)
    assert report.leaks == []
    assert report.tried["slow"] >= 10
    assert report.slowest["slow"] < 0.5
