"""The wheel and the source archive, installed into an empty environment, do their work there."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = (
    "fascinet/py.typed",
    "fascinet/__init__.py",
    "fascinet/model/formats/network.schema.json",
    "fascinet/engine/core/__init__.py",
    "fascinet/data/knowledge.yaml",
    "fascinet/data/causes/als.yaml",
    "fascinet/data/sources.bib",
    "fascinet/data/built/manifest.json",
    "fascinet/data/built/numbers.npy",
    "fascinet/data/examples/alarm.bif.gz",
    "fascinet/data/examples/README.md",
    "fascinet/dashboard/app.py",
)
SMOKE = """
import sys
import fascinet as fn
from pathlib import Path
assert "site-packages" in fn.__file__, fn.__file__
network = fn.load()
p = fn.Engine(network, backend="core").posterior({"weakness": "objective"})
q = fn.Engine(network, backend="numpy").posterior({"weakness": "objective"})
assert abs(p["als"]["yes"] - q["als"]["yes"]) < 1e-12
network.save("shipped.json.gz")
assert fn.load("shipped.json.gz").hash == network.hash
from fascinet.model.prebuilt import prebuilt
assert prebuilt("network") is not None, "the knowledge was not laid out"
assert "yaml" not in sys.modules and "pydantic" not in sys.modules
print(network.hash)
"""
pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, ok: bool = True) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    result = subprocess.run(words, capture_output=True, text=True, cwd=cwd, timeout=900)
    assert not ok or result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return result


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", out, ROOT, cwd=out)
    return out


@pytest.fixture(scope="module")
def place(archives: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an empty environment with the wheel and what it needs, and nothing else."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder / "env", with_pip=True)
    wheel = next(archives.glob("*.whl"))
    run(folder / "env/bin/python", "-m", "pip", "install", "-q", wheel, cwd=folder)
    return folder


def test_both_archives_hold_what_is_needed(archives: Path) -> None:
    wheel = set(zipfile.ZipFile(next(archives.glob("*.whl"))).namelist())
    assert set(NEEDED) <= wheel
    assert not [n for n in wheel if "__pycache__" in n or n.endswith((".h", ".cpp"))]
    with tarfile.open(next(archives.glob("*.tar.gz"))) as archive:
        names = {n.partition("/")[2] for n in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "data/causes/als.yaml"} <= names
    assert {"setup.py", "engine/core/module.cpp", "engine/core/nodes.h"} <= names


def test_the_wheel_works_in_an_empty_environment(place: Path) -> None:
    found = run(place / "env/bin/python", "-c", SMOKE, cwd=place).stdout.strip()
    from fascinet import load

    assert found == load().hash
    missing = run(place / "env/bin/python", "-c", "import pgmpy", cwd=place, ok=False)
    assert missing.returncode == 1


def test_it_works_where_nothing_can_be_written(place: Path) -> None:
    """Ask with a read-only home and package, as a user who cannot write: nothing is missing."""
    package = next((place / "env/lib").glob("python*/site-packages/fascinet"))
    before = {p: p.stat().st_mtime_ns for p in package.rglob("*") if p.suffix != ".pyc"}
    command = [place / "env/bin/fascinet", "diagnose", "-f", "weakness=objective"]
    blocked = {"HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/none", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=600, env={**os.environ, **blocked}
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert {p: p.stat().st_mtime_ns for p in package.rglob("*") if p.suffix != ".pyc"} == before


def test_its_command_line_works_there(place: Path) -> None:
    command = place / "env/bin/fascinet"
    assert run(command, "--version", cwd=place).stdout.startswith("fascinet ")
    found = run(command, "diagnose", "-f", "weakness=objective", "--format", "json", cwd=place)
    assert '"differential"' in found.stdout
    run(command, "check", cwd=place)
    assert run(command, "convert", "none.bif", "x.json", cwd=place, ok=False).returncode == 2


def test_the_installed_package_is_typed(place: Path) -> None:
    code = "import importlib.resources as r; assert (r.files('fascinet') / 'py.typed').is_file()"
    run(place / "env/bin/python", "-c", code, cwd=place)
