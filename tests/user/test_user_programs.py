"""The programs of a user run in an empty folder, and type checkers accept them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAMS = sorted(p for p in HERE.glob("*.py") if not p.name.startswith("test_"))
NEEDS = {"from_pgmpy": "pgmpy", "from_pyagrum": "pyagrum", "cross_validation": "sklearn",
         "sensitivity_and_tornado": "altair"}  # fmt: skip
NOISY = ("from_pgmpy", "from_pyagrum")  # these libraries warn about their own dependencies
WRONG = """
import fascinet as fn

engine = fn.Engine(fn.example("asia"))
engine.sensitivity({"dysp": "yes"}, target="lung", state="yes", sotf={})
engine.uncertainty({"dysp": "yes"}, targets="lung", method="guess")
engine.value_of_information("lung", {"dysp": "yes"})
"""


def test_there_are_a_dozen() -> None:
    assert len(PROGRAMS) == 12


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.stem)
def test_a_program_runs_in_an_empty_folder(program: Path, tmp_path: Path) -> None:
    pytest.importorskip(NEEDS.get(program.stem, "numpy"))
    strict = [] if program.stem in NOISY else ["-W", "error"]
    done = subprocess.run(
        [sys.executable, *strict, str(program)],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def faults(folder: Path) -> list[tuple[int, str, str, str]]:
    """Return line and rule of every fault that pyright finds in the programs of a folder."""
    settings = {"include": [str(folder)], "typeCheckingMode": "strict",
                "extraPaths": [str(ROOT / ".rooms")], "venvPath": str(ROOT), "venv": ".venv",
                "reportMissingTypeStubs": False, "reportUnknownMemberType": False,
                "reportUnknownVariableType": False, "reportUnknownArgumentType": False,
                "reportMissingModuleSource": False}  # fmt: skip
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "-p", str(folder), "--outputjson"],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    found = json.loads(done.stdout)["generalDiagnostics"]
    return [(d["range"]["start"]["line"] + 1, d["rule"], d["message"], d["file"]) for d in found
            if d["severity"] == "error"]  # fmt: skip


@pytest.mark.slow
def test_pyright_accepts_the_programs_and_catches_wrong_options(tmp_path: Path) -> None:
    pytest.importorskip("pyright")
    subprocess.run([sys.executable, str(ROOT / "tools" / "link_rooms.py")], check=True)
    for program in PROGRAMS:
        (tmp_path / program.name).write_text(program.read_text())
    assert faults(tmp_path) == []
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    (wrong / "program.py").write_text(WRONG)
    assert {line for line, *_ in faults(wrong)} == {5, 6, 7}
