"""The core and its tests on every Python that the project names and the machine has.

The wheel goes into an empty environment of that Python, with nothing but what the core needs and
pytest; the tests of the room `model`, of the engine and of the readers run against it there.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.findall(
    r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text()
)
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = [v for v in NAMED if v != OWN]
CORE = [
    "tests/model", "tests/engine/test_engine.py", "tests/engine/test_oracle.py",
    "tests/formats/test_bif.py", "tests/formats/test_roundtrip.py",
]  # fmt: skip
pytestmark = pytest.mark.slow


def interpreter(version: str) -> Path | None:
    """Return a working Python of that version: on the path, or one that pyenv or uv keeps."""
    on_path = shutil.which(f"python{version}")
    roots = [
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions",
        Path.home() / ".local" / "share" / "uv" / "python",
    ]
    kept = [p for root in roots for p in sorted(root.glob(f"*{version}.*/bin/python3"))]
    for candidate in [*([Path(on_path)] if on_path else []), *kept]:
        told = subprocess.run(
            [candidate, "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        if told.returncode == 0 and told.stdout.strip() == version:
            return candidate
    return None


def run(*command: str | Path, cwd: Path) -> str:
    plain = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    words = [str(word) for word in command]
    done = subprocess.run(
        words, capture_output=True, text=True, cwd=cwd, timeout=1200, env=plain
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_versions_named_are_these() -> None:
    assert NAMED == ["3.11", "3.12", "3.13"]
    assert OWN in NAMED


@pytest.mark.parametrize("version", OTHERS)
def test_the_core_works_and_its_tests_pass_there(version: str, tmp_path: Path) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"Python {version} is not on this machine: install it to run these tests there")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    run(python, "-m", "venv", tmp_path / "env", cwd=tmp_path)
    there = tmp_path / "env" / "bin" / "python"
    wheel = next(tmp_path.glob("*.whl"))
    run(there, "-m", "pip", "install", "-q", wheel, "pytest", "hypothesis", cwd=tmp_path)
    where = "import fascinet; assert 'site-packages' in fascinet.__file__, fascinet.__file__"
    run(there, "-c", where, cwd=ROOT)
    said = run(there, "-m", "pytest", "-q", "-m", "not slow", *CORE, cwd=ROOT)
    passed = re.search(r"(\d+) passed", said)
    assert passed, said[-500:]
    assert int(passed.group(1)) > 200
