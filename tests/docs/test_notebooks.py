"""Every notebook runs from top to bottom, opens with its question, and holds no outputs."""

import re
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.py"))
MARKER = re.compile(r"# (?:noqa|type: ignore|pyright: ignore)[^\n#]*$", re.MULTILINE)
SECONDS: dict[str, float] = {}


def test_they_are_numbered_and_only_sources() -> None:
    assert len(NOTEBOOKS) >= 11
    assert [p.name[:2] for p in NOTEBOOKS] == [f"{k + 1:02d}" for k in range(len(NOTEBOOKS))]
    assert "notebooks/*.ipynb" in (FOLDER.parent / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_opens_with_its_question(path: Path) -> None:
    cells = path.read_text().split("# %%")
    first = cells[1]
    assert first.startswith(" [markdown]\n# # ")
    assert "**Question:" in first.replace("\n# ", " ")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    space: dict[str, object] = {"__name__": "notebook", "display": lambda *x: None}
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(path.read_text(), path.name, "exec"), space)
    SECONDS[path.stem] = time.perf_counter() - start


def test_all_together_take_less_than_four_minutes() -> None:
    assert sum(SECONDS.values()) < 240.0, SECONDS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_needs_no_marker(path: Path) -> None:
    assert not MARKER.search(path.read_text())


def test_jupytext_pairs_every_notebook(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "notebooks")
    names = sorted(path.name for path in folder.glob("*.py"))
    command = [sys.executable, "-m", "jupytext", "--sync", "--quiet", *names]
    subprocess.run(command, cwd=folder, check=True)
    assert sorted(p.name for p in folder.glob("*.ipynb")) == [f"{n[:-3]}.ipynb" for n in names]
    for name in names:
        assert (folder / name).read_text() == (FOLDER / name).read_text()
