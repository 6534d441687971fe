"""`fascinet convert`, as a person runs it: every pair of formats, good files and bad ones."""

import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest

from fascinet.model.formats import read
from fascinet.model.shipped import load
from tests.formats.support import FOLDER

SUFFIXES = [".bif", ".xmlbif", ".net", ".xdsl", ".json", ".uai"]
BAD = {
    ".bif": "network x {",
    ".xmlbif": "<BIF><NETWORK>",
    ".net": "node a { states = (1 2); }",
    ".xdsl": "<smile></smile>",
    ".json": '{"format": "fascinet-network"}',
    ".uai": "BAYES 2",
}
PAIRS = list(permutations(SUFFIXES, 2))
RING = list(zip(SUFFIXES, [*SUFFIXES[1:], SUFFIXES[0]], strict=True))


def convert(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fascinet", "convert", str(source), str(target)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    network = read(FOLDER / "child.bif.gz")
    for suffix in SUFFIXES:
        if suffix != ".uai":
            network.save(folder / f"n{suffix}")
    assert convert(folder / "n.json", folder / "n.uai").returncode == 0
    return folder


def check_pair(sources: Path, target: Path, first: str, second: str) -> None:
    result = convert(sources / f"n{first}", target)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    network = read(target)
    original = read(sources / f"n{first}")
    if second != ".uai":
        assert network.hash == original.hash
    else:
        assert "cannot hold names of variables and states" in result.stderr
        assert len(network.variables) == len(original.variables)


@pytest.mark.parametrize(("first", "second"), RING)
def test_a_ring_of_formats_converts(sources: Path, tmp_path: Path, first: str, second: str) -> None:
    check_pair(sources, tmp_path / f"out{second}.gz", first, second)


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [p for p in PAIRS if p not in RING])
def test_every_other_pair_converts(sources: Path, tmp_path: Path, first: str, second: str) -> None:
    check_pair(sources, tmp_path / f"out{second}", first, second)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_shipped_network_converts(suffix: str, tmp_path: Path) -> None:
    network, target = load(), tmp_path / f"out{suffix}.gz"
    network.save(tmp_path / "shipped.json.gz")
    result = convert(tmp_path / "shipped.json.gz", target)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.count("note:") == (suffix != ".json")
    assert ("auxiliary variables" in result.stderr) == (suffix not in (".json", ".xdsl"))
    again = read(target)
    if suffix in (".json", ".xdsl"):
        assert again.hash == network.hash
    elif suffix != ".uai":
        assert again.variables[: len(network.variables)] == network.variables


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_bad_file_is_one_line_exit_two_and_no_output(suffix: str, tmp_path: Path) -> None:
    bad = tmp_path / f"bad{suffix}"
    bad.write_text(BAD[suffix])
    target = tmp_path / "out.json"
    target.write_text("precious")
    result = convert(bad, target)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert bad.name in result.stderr
    assert "Traceback" not in result.stderr
    assert target.read_text() == "precious"


@pytest.mark.parametrize(
    "names", [("n.bif", "n.doc"), ("none.bif", "n.json"), ("n.bif", "no/n.net")]
)
def test_bad_names_are_one_line_and_exit_two(sources: Path, names: tuple[str, str]) -> None:
    result = convert(sources / names[0], sources / names[1])
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert not (sources / "n.doc").exists()
