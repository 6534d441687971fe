"""Tables keep words whole at the width of the terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fascinet.cli_output import GAP, fitting
from fascinet.engine.clinic.reasoner import shipped_reasoner

CASE = str(Path(__file__).parents[1] / "data" / "cases" / "packets" / "sh-033.json")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_differential_breaks_no_word(width: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fascinet", "diagnose", CASE],
        env={**os.environ, "COLUMNS": str(width)}, capture_output=True, text=True, check=True,
        timeout=120,
    )  # fmt: skip
    assert max(map(len, done.stdout.splitlines())) <= width
    printed = set(done.stdout.replace("!", " ").split())
    reasoner = shipped_reasoner()
    shown = [e.label for e in reasoner.diagnose(CASE, tests=0, intervals=False).differential[:12]]
    for word in ("responsibility", "posterior", *(w for label in shown for w in label.split())):
        assert word in printed, word


def test_columns_shrink_to_their_words_and_optional_ones_go() -> None:
    columns, rows = ("cause", "group", "p"), [["long name here", "some_group", "1.234"]]
    wide = fitting(columns, rows, ("group",), 100)
    assert wide == {"cause": 14, "group": 10, "p": 5}
    narrow = fitting(columns, rows, ("group",), 20)
    assert list(narrow) == ["cause", "p"] and narrow["p"] == 5
    assert sum(narrow.values()) + GAP * len(narrow) <= 20
    assert fitting(columns, [], (), 10) == {"cause": 5, "group": 5, "p": 1}
