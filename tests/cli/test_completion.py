"""Completion in shells: the script, its installation in a home of its own, and its answers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).parent / "fascinet"
# typer asks the process tree for the shell unless it is told not to
NAMED_SHELL = "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"
COMMANDS = {
    "diagnose", "explain", "next", "whatif", "sensitivity", "query", "cohort", "evaluate",
    "convert", "info", "check", "dashboard", "ask", "learn", "solve",
}  # fmt: skip


def run(*words: str, home: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    surroundings = os.environ | {"HOME": str(home), "SHELL": "/bin/bash"} | extra
    return subprocess.run(
        [str(COMMAND), *words], capture_output=True, text=True, timeout=120, env=surroundings
    )


def complete(line: str, home: Path) -> set[str]:
    """Return what bash would offer for the last word of a line."""
    words = line.split(" ")
    done = run(
        home=home, COMP_WORDS=line, COMP_CWORD=str(len(words) - 1),
        _FASCINET_COMPLETE="complete_bash",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_commands_are_completed(tmp_path: Path) -> None:
    assert complete("fascinet ", tmp_path) >= COMMANDS
    assert complete("fascinet di", tmp_path) >= {"diagnose"}
    assert "query" not in complete("fascinet di", tmp_path)


def test_options_are_completed(tmp_path: Path) -> None:
    assert complete("fascinet diagnose --set", tmp_path) == {"--setting"}
    assert complete("fascinet query --format ", tmp_path) == {"table", "json"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed(shell: str, tmp_path: Path) -> None:
    done = run("--show-completion", shell, home=tmp_path, **{NAMED_SHELL: "1"})
    assert done.returncode == 0, done.stderr
    assert f"_FASCINET_COMPLETE=complete_{shell}" in done.stdout


def test_it_is_installed_into_the_home_and_bash_accepts_it(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    done = run("--install-completion", "bash", home=tmp_path, **{NAMED_SHELL: "1"})
    assert done.returncode == 0, done.stderr
    script = next(p for p in tmp_path.rglob("*.sh") if "fascinet" in p.name)
    assert str(script) in (tmp_path / ".bashrc").read_text()
    check = f"source {script} && complete -p fascinet"
    told = subprocess.run([bash, "-c", check], capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    assert "_fascinet_completion" in told.stdout
