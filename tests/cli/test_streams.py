"""Standard streams that are full, closed or ASCII, a full disk, a folder that is gone."""

import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT
from tests.formats.support import FOLDER

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
CASE = ["diagnose", "-f", "weakness=objective"]
PACKETS = ROOT / "tests" / "data" / "cases" / "packets"


@pytest.fixture(scope="module")
def asia(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("asia") / "asia.bif"
    path.write_bytes(gzip.decompress((FOLDER / "asia.bif.gz").read_bytes()))
    return path


def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    extra = options.pop("environment", {})
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": ROOT} | options
    return subprocess.run(
        [sys.executable, "-m", "fascinet", *map(str, arguments)],
        timeout=120, check=False, env={**os.environ, **extra}, **given,
    )  # fmt: skip


def closing(*numbers: int) -> Callable[[], None]:
    """Return what closes standard streams in the child."""
    return lambda: [os.close(n) for n in numbers] and None


def one_line(text: bytes) -> str:
    lines = text.decode().splitlines()
    assert len(lines) == 1 and lines[0].startswith("fascinet: "), text
    return lines[0]


COMMANDS = {
    "table": lambda n: CASE,
    "json": lambda n: [*CASE, "--format", "json"],
    "query": lambda n: ["query", n],
    "info": lambda n: ["info", n, "--format", "json"],
    "help": lambda n: ["--help"],
    "version": lambda n: ["--version"],
    "explain": lambda n: ["explain", "--network", n, "-f", "dysp=yes", "--target", "lung=yes"],
}


@needs_full
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_standard_output_is_one_line(command: str, asia: Path) -> None:
    with FULL.open("wb") as full:
        done = run(*COMMANDS[command](asia), stdout=full)
    assert done.returncode == 2
    assert "standard output: no space left" in one_line(done.stderr)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_standard_output_is_one_line(command: str, asia: Path) -> None:
    done = run(*COMMANDS[command](asia), preexec_fn=closing(1))
    assert done.returncode == 2 and "closed" in one_line(done.stderr)


def test_a_closed_standard_input_is_one_line() -> None:
    done = run("diagnose", "-", preexec_fn=closing(0))
    assert done.returncode == 2 and "standard input" in one_line(done.stderr)


def test_a_closed_standard_error_spoils_no_result(asia: Path) -> None:
    """A message that has no place to go must not go to standard output instead."""
    done = run("query", asia, "--targets", "lung", "--format", "json", preexec_fn=closing(2))
    assert done.returncode == 0 and json.loads(done.stdout)
    wrong = run("query", asia, "--targets", "lungs", preexec_fn=closing(2))
    assert wrong.returncode == 2 and not wrong.stdout


def test_nothing_is_written_into_a_descriptor_that_was_closed(asia: Path, tmp_path: Path) -> None:
    """With all three closed, no file takes the place of a stream."""
    out = tmp_path / "out.json"
    done = run("convert", asia, out, preexec_fn=closing(0, 1, 2))
    assert done.returncode == 0 and json.loads(out.read_text())


@needs_full
def test_a_full_standard_error_keeps_the_exit_status() -> None:
    with FULL.open("wb") as full:
        done = run("diagnose", "-f", "weaknes=x", stderr=full)
    assert done.returncode == 2 and not done.stdout


def test_a_reader_that_has_read_enough_is_no_error(asia: Path) -> None:
    for line in (CASE, ["sensitivity", *CASE[1:]], ["query", asia]):
        read, write = os.pipe()
        os.close(read)
        done = run(*line, stdout=write)
        os.close(write)
        assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_encoding_of_standard_output(encoding: str) -> None:
    environment = {"PYTHONIOENCODING": encoding}
    table = run(*CASE, environment=environment)
    assert table.returncode == 0 and not table.stderr
    assert "95% interval" in table.stdout.decode(encoding)
    out = run(*CASE, "--format", "json", environment=environment)
    assert out.returncode == 0 and not out.stderr
    plain = run(*CASE, "--format", "json")
    assert json.loads(out.stdout.decode(encoding)) == json.loads(plain.stdout)


@pytest.mark.parametrize("name", ["out.json", "out.bif", "out.xdsl"])
def test_a_full_disk_leaves_the_old_file(asia: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    out.write_text("precious")
    small = (200, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    done = run(
        "convert", asia, out, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, small)
    )
    assert done.returncode == 2 and "cannot be written" in one_line(done.stderr)
    assert out.read_text() == "precious" and list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".csv.gz"])
def test_a_full_disk_leaves_the_old_table(asia: Path, tmp_path: Path, suffix: str) -> None:
    source, out = tmp_path / "in.csv", tmp_path / f"out{suffix}"
    source.write_text("tub,either\nyes,no\n" + "no,\n" * 50)
    out.write_text("precious")
    small = (200, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    done = run(
        "cohort", source, out, "--network", asia,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, small),
    )  # fmt: skip
    assert done.returncode == 2 and b"Traceback" not in done.stderr
    assert b"cannot be written" in done.stderr.splitlines()[-1]
    assert out.read_text() == "precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([source.name, out.name])


def test_a_working_folder_that_is_gone(asia: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    command = Path(sys.executable).parent / "fascinet"

    def there(*arguments: object) -> subprocess.CompletedProcess[bytes]:
        here.mkdir()
        return subprocess.run(
            [command, *map(str, arguments)], cwd=here, capture_output=True, timeout=120,
            preexec_fn=lambda: shutil.rmtree(here),
        )  # fmt: skip

    assert there("query", asia, "--format", "json").returncode == 0
    assert there(*CASE).returncode == 0
    (tmp_path / "in.csv").write_text("tub\nyes\n")
    for line in (
        ["convert", asia, "out.json"], ["query", "asia.bif"],
        ["cohort", tmp_path / "in.csv", "out.csv", "--network", asia],
    ):  # fmt: skip
        done = there(*line)
        assert done.returncode == 2 and "no such file" in one_line(done.stderr)


def test_convert_writes_through_a_link(asia: Path, tmp_path: Path) -> None:
    real, link = tmp_path / "real" / "net.json", tmp_path / "net.json"
    real.parent.mkdir()
    real.write_text("old")
    link.symlink_to(real)
    assert run("convert", asia, link).returncode == 0
    assert link.is_symlink() and json.loads(real.read_text())
    dangling = tmp_path / "new.bif"
    dangling.symlink_to(tmp_path / "real" / "new.bif")
    assert run("convert", asia, dangling).returncode == 0
    assert dangling.is_symlink() and (tmp_path / "real" / "new.bif").is_file()


@needs_full
def test_a_link_to_a_device_is_no_file_to_replace(asia: Path, tmp_path: Path) -> None:
    link = tmp_path / "net.json"
    link.symlink_to(FULL)
    done = run("convert", asia, link)
    assert done.returncode == 2 and "cannot be written" in one_line(done.stderr)
    assert link.is_symlink() and FULL.is_char_device()


@pytest.mark.parametrize("packet", ["sh-004", "sh-006", "sh-007"])
def test_the_order_of_json_hangs_on_nothing(packet: str) -> None:
    said = {
        run("diagnose", PACKETS / f"{packet}.json", "--format", "json",
            environment={"PYTHONHASHSEED": seed}).stdout
        for seed in ("0", "1", "2")
    }  # fmt: skip
    assert len(said) == 1
