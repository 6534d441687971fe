"""Rooms import one way only: data ← model ← engine ← dashboard; nobody imports the facade."""

import ast
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "data": {"data"},
    "model": {"data", "model"},
    "engine": {"data", "model", "engine"},
    "dashboard": {"model", "engine", "dashboard"},
}


def modules_named_in(file: Path) -> set[str]:
    named: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports do not survive the mapped layout"
            named.add(node.module or "")
    return named


def rooms_used(file: Path) -> set[str]:
    ours = [m.split(".") for m in modules_named_in(file) if m.split(".")[0] == "fascinet"]
    return {parts[1] if len(parts) > 1 else "facade" for parts in ours}


@pytest.mark.parametrize("room", ALLOWED)
def test_room_uses_only_rooms_below_it(room: str) -> None:
    for file in (ROOT / room).rglob("*.py"):
        assert rooms_used(file) <= ALLOWED[room], file


ENGINE = (  # each room uses itself and those above it in this list
    "core",  # compiled passes and searches: arrays in, arrays out
    "tables",  # a network as numbers
    "plan",  # an evidence pattern -> an elimination order; no numbers but sizes
    "program",  # a plan -> Program
    "reference",  # the passes in NumPy
    "run",  # programs on cases; evidence by name to evidence by number
    "search",  # most probable explanations, loopy beliefs, sampling
    "api",  # Engine, Posterior, frames
    "analyses",  # what is asked of an engine
    "learning",  # cases to figures
    "influence_diagrams",  # decisions and their expected utility
    "clinic",  # cases and their differentials
    "teaching",  # simulated patients, feedback, exercises
    "display",  # charts and drawings
)


@pytest.mark.parametrize("room", ENGINE)
def test_room_of_the_engine_uses_only_rooms_below_it(room: str) -> None:
    below = set(ENGINE[: ENGINE.index(room) + 1])
    for file in (ROOT / "engine" / room).glob("*.py"):
        tree = ast.parse(file.read_text())
        checks = [n for n in tree.body if isinstance(n, ast.If)]  # TYPE_CHECKING
        skipped = {id(x) for check in checks for x in ast.walk(check)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and id(node) not in skipped:
                parts = (node.module or "").split(".")
                if parts[:2] == ["fascinet", "engine"]:
                    assert parts[2] in below, f"{file}: {node.module}"


def test_numeric_core_has_no_pandas_and_no_pgmpy() -> None:
    rooms = ("tables", "plan", "program", "reference", "core")
    for file in (f for room in rooms for f in (ROOT / "engine" / room).rglob("*.py")):
        assert not {m.split(".")[0] for m in modules_named_in(file)} & {"pandas", "pgmpy"}, file


def test_no_modules_import_each_other_in_a_circle() -> None:
    roots = [ROOT / room for room in ALLOWED] + [ROOT / "src" / "fascinet"]
    files = {_name(file): file for root in roots for file in root.rglob("*.py")}
    graph = nx.DiGraph()
    for module, file in files.items():
        graph.add_edges_from((module, used) for used in _run_time_imports(file) if used in files)
    circles = [sorted(c) for c in nx.strongly_connected_components(graph) if len(c) > 1]
    assert circles == []


def _name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    parts = parts[1:] if parts[0] == "src" else ("fascinet", *parts)
    return ".".join(parts).removesuffix(".__init__")


def _run_time_imports(file: Path) -> set[str]:
    """Return the modules that a file imports anywhere but for type checkers."""
    tree = ast.parse(file.read_text())
    typed = [n for n in tree.body if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    skipped = {id(x) for check in typed for node in check.body for x in ast.walk(node)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped or not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        else:
            found |= {node.module or "", *(f"{node.module}.{a.name}" for a in node.names)}
    return found - {_name(file)}
