"""Small files that once stopped the machine are refused soon and within memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HANG = 60.0  # seconds of the processor: not a measure of speed, but of coming back at all
GOOD = {"case features.json", "knowledge sources.bib", "knowledge findings.yaml",
        "knowledge tests.yaml", "knowledge risks.yaml",
        "text clauses", "text findings", "text words"}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, float, str]]:
    folder = tmp_path_factory.mktemp("bombs")
    command = [sys.executable, "-m", "tests.fuzz.bombs", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def test_each_is_refused_with_one_line_of_ours(told: list[tuple[str, float, str]]) -> None:
    assert len(told) == 38
    for name, seconds, said in told:
        assert said == ("read" if name in GOOD else "ours"), (name, said)
        assert seconds < HANG, (name, seconds)
