"""A start is short: the quick parser agrees with the full one, and heavy packages stay away."""

import json
import os
import subprocess
import sys
from inspect import signature
from pathlib import Path
from types import ModuleType

import pytest

from fascinet import cli, cli_case, cli_network, quick
from fascinet.model.digest import Digest, digest_of
from fascinet.model.lazy import Lazy
from fascinet.model.prebuilt import DATA
from fascinet.model.shipped import shipped_digest, shipped_knowledge

CASE = str(Path(__file__).parents[1] / "data" / "cases" / "packets" / "sh-041.json")
HEAVY = ("networkx", "typer", "pandas", "scipy", "pgmpy", "google")
LOOK = f"""
import json, sys
from fascinet.quick import answer
code = answer(["diagnose", {CASE!r}, "--format", "json"])
print(json.dumps([code, [m for m in {HEAVY!r} if m in sys.modules]]), file=sys.stderr)
"""


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **environment},
        capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip


def rounded(text: str) -> object:
    """Read JSON to 12 digits: another numpy, which made the layout, may differ in the last one."""
    return json.loads(text, parse_float=lambda number: f"{float(number):.12g}")


def test_a_diagnosis_imports_nothing_heavy(tmp_path: Path) -> None:
    quick, slow = run(LOOK), run(LOOK, FASCINET_PREBUILT="off")
    assert json.loads(quick.stderr) == [0, []]
    assert rounded(quick.stdout) == rounded(slow.stdout)


def test_nothing_is_written_where_it_runs(tmp_path: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in DATA.rglob("*")}
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    run(LOOK, **home)
    assert not [*tmp_path.iterdir()]
    assert {p: p.stat().st_mtime_ns for p in DATA.rglob("*")} == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["diagnose", "-f", "weakness=objective", "--finding=atrophy=yes", "--rank", "posterior"],
        ["next", CASE, "--format", "json", "--setting", "general"],
        ["whatif", CASE, "--do", "caffeine_excess=no"],
        ["explain", "-", "--target", "als"],
        ["query", "alarm", "-f", "BP=LOW", "--targets", "HISTORY", "--format=json"],
    ],
)
def test_plain_arguments_are_understood_alike(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, object]] = []
    for name in ("diagnose", "next_", "whatif", "explain", "query"):
        order = _parameters(name)

        def record(*args: object, _order: list[str] = order, **named: object) -> None:
            seen.append(dict(zip(_order, args, strict=False)) | named)

        monkeypatch.setattr(f"{room(name).__name__}.{name}", record)
    assert quick.answer(arguments) == 0 and cli.run(arguments) == 0
    short, full = ({k: v or None for k, v in call.items()} for call in seen)
    assert short == full


def room(command: str) -> ModuleType:
    """Return the module that does a command's work."""
    return cli_network if command == "query" else cli_case


def _parameters(name: str) -> list[str]:
    return list(signature(getattr(room(name), name)).parameters)


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["diagnose", "--help"], ["diagnose", "a.json", "b.json"], ["diagnose", "--rank"],
        ["diagnose", "--format", "xml"], ["diagnose", "--colour", "red"],
        ["query"], ["query", "-f", "BP=LOW"], ["query", "asia", "b.bif"],
        ["next", "--rank", "posterior"], ["diagnose", "-x"],
        ["diagnose", "-f=weakness=objective"],
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_the_full_parser(arguments: list[str]) -> None:
    assert quick.parse(arguments) is None


def test_the_digest_says_what_the_knowledge_base_says() -> None:
    knowledge, digest = shipped_knowledge(), shipped_digest()
    assert digest == digest_of(knowledge)
    assert isinstance(digest, Digest)
    assert {c: f.group for c, f in digest.causes.items()} == {
        c: r.group for c, r in knowledge.causes.items()
    }
    assert [f.text for f in digest.red_flags] == [r.text for r in knowledge.red_flags]
    assert digest.labels["als"] == knowledge.variables["als"].label


def test_a_lazy_module_is_imported_when_used() -> None:
    lazy = Lazy("fascinet.engine.clinic.case_rules")
    assert callable(lazy.rules_of)
    with pytest.raises(ModuleNotFoundError):
        _ = Lazy("fascinet.nowhere").anything
