"""Put faults into the formulas that answers rest on, one at a time, and count what the tests find.

A fault is one changed operator, comparison or number. Modules are changed while they are imported:
no file is written. Of each module a fixed sample is taken; a fault that no test notices is listed.

    make mutants            # the sample; SCORE is the share that must be found
    .venv/bin/python tools/mutants.py --module fascinet.model.gates --count 99
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, ModuleType

ROOT = Path(__file__).resolve().parents[1]
FORMULAS = "tests/test_formulas.py"
TARGETS: dict[str, tuple[str, ...]] = {
    "fascinet.engine.tables.pattern": (FORMULAS, "tests/engine/test_fold.py"),
    "fascinet.engine.tables.fold": (FORMULAS, "tests/engine/test_fold.py"),
    "fascinet.engine.plan.accumulators": (FORMULAS, "tests/engine/test_plan_search.py"),
    "fascinet.engine.clinic.responsibility": (FORMULAS, "tests/cases/test_responsibility.py"),
    "fascinet.engine.analyses.sensitivity": (FORMULAS, "tests/analyses/test_sensitivity.py"),
    "fascinet.engine.analyses.value_of_information": (
        FORMULAS, "tests/analyses/test_information.py", "tests/analyses/test_must_not_miss.py",
    ),
    "fascinet.model.gates": (FORMULAS, "tests/model/test_gates.py"),
    "fascinet.model.hpo": (
        FORMULAS, "tests/cases/test_hpo.py", "tests/cases/test_shipped_hpo.py",
    ),
    "fascinet.engine.clinic.red_flags": (
        FORMULAS, "tests/cases/test_case.py",
    ),
    "fascinet.model.packet_evidence": (
        FORMULAS, "tests/cases/test_case.py", "tests/cases/test_phenopackets.py",
        "tests/cases/test_packet_parts.py",
    ),
    "fascinet.model.phenopackets": (
        FORMULAS, "tests/cases/test_packet_parts.py", "tests/cases/test_phenopackets.py",
    ),
}  # fmt: skip
"""Each module with the tests that are to notice a fault in it."""
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
NAMES = {"max": "min", "min": "max", "any": "all", "all": "any", "prod": "sum", "sum": "prod"}
MANNERS = ("strict", "copy", "kind", "order", "dtype")  # arguments that change no result
LIMIT = 240  # seconds of the processor for one run; a fault that makes the tests hang is found
NONE = -1  # the number of no fault


class Mutator(ast.NodeTransformer):
    """Changes the node of a given number, and notes what it did."""

    def __init__(self, wanted: int) -> None:
        self.wanted, self.seen, self.what = wanted, -1, ""

    def visit(self, node: ast.AST) -> ast.AST:
        """Walk over what computes; annotations, texts and what is raised are left alone."""
        if isinstance(node, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom):
            return node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return node
        if isinstance(node, ast.keyword) and node.arg in MANNERS:
            return node
        if isinstance(node, ast.ClassDef):
            node.body = [self.visit(part) for part in node.body]  # type: ignore[misc]
            return node
        if isinstance(node, ast.FunctionDef):
            node.body = [self.visit(part) for part in node.body]  # type: ignore[misc]
            return node
        if isinstance(node, ast.AnnAssign):
            node.value = self.visit(node.value) if node.value else None  # type: ignore[assignment]
            return node
        changed = self._changed(node)
        return self.generic_visit(node) if changed is None else changed

    def _changed(self, node: ast.AST) -> ast.AST | None:
        """Return the node changed if it is the one that is wanted."""
        made: ast.AST | None = None
        if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPS:
            made = copy.deepcopy(node)
            made.op = SWAPS[type(node.op)]()  # type: ignore[union-attr, assignment]
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
            made = copy.deepcopy(node)
            made.ops[0] = SWAPS[type(node.ops[0])]()  # type: ignore[attr-defined, call-overload]
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
            made = node.operand
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
            value = not node.value if isinstance(node.value, bool) else node.value + 1
            made = ast.Constant(value)
        elif isinstance(node, ast.Name) and node.id in NAMES:
            made = ast.Name(NAMES[node.id], node.ctx)
        elif isinstance(node, ast.Attribute) and node.attr in NAMES:
            made = ast.Attribute(node.value, NAMES[node.attr], node.ctx)
        if made is None:
            return None
        self.seen += 1
        if self.seen != self.wanted:
            return None
        line = getattr(node, "lineno", 0)
        self.what = f"line {line}: {ast.unparse(node)}  ->  {ast.unparse(made)}"
        return ast.copy_location(made, node)


def mutated(source: str, number: int) -> tuple[ast.Module, str, int]:
    """Return a module with one fault, what it is, and how many there could be."""
    mutator = Mutator(number)
    tree = ast.fix_missing_locations(mutator.visit(ast.parse(source)))
    assert isinstance(tree, ast.Module)
    return tree, mutator.what, mutator.seen + 1


class Faulty(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Imports one module with a fault in it."""

    def __init__(self, module: str, number: int) -> None:
        self.module, self.number, self._busy = module, number, False
        origin = source_of(module)
        importlib.machinery.SourceFileLoader.__init__(self, module, str(origin))

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return this loader for the module."""
        if name != self.module:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:
        """Return the code with its fault; nothing compiled is kept."""
        tree, _, _ = mutated(Path(self.path).read_text(encoding="utf-8"), self.number)
        return compile(tree, self.path, "exec")


def source_of(module: str) -> Path:
    """Return the file of a module, by the rooms' mapping."""
    _, room, *rest = module.split(".")
    return ROOT.joinpath(room, *rest).with_suffix(".py")


def child(module: str, number: int, tests: Sequence[str]) -> int:
    """Run the tests with one fault; return pytest's status."""
    import pytest

    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
    sys.meta_path.insert(0, Faulty(module, number))
    return int(pytest.main(["-q", "-x", "--no-header", "-p", "no:cacheprovider", *tests]))


def survives(module: str, number: int) -> bool:
    """Tell whether the tests pass with the fault in place."""
    line = [sys.executable, __file__, "--child", module, str(number), *TARGETS[module]]
    done = subprocess.run(
        line, cwd=ROOT, capture_output=True, check=False,
        env={**os.environ, "FASCINET_PREBUILT": "off"},  # what is laid out would hide faults
    )  # fmt: skip
    return done.returncode == 0


def sample(module: str, count: int, seed: int) -> list[int]:
    """Return the numbers of the faults that are tried."""
    _, _, total = mutated(source_of(module).read_text(encoding="utf-8"), -1)
    return sorted(random.Random(f"{module} {seed}").sample(range(total), min(count, total)))


def results(modules: Sequence[str], count: int, seed: int) -> Iterator[tuple[str, str, bool]]:
    """Yield module, fault, and whether it was found."""
    for module in modules:
        source = source_of(module).read_text(encoding="utf-8")
        if not survives(module, NONE):
            raise SystemExit(f"{module}: its tests fail without a fault; nothing can be counted")
        for number in sample(module, count, seed):
            yield module, mutated(source, number)[1], not survives(module, number)


def main() -> int:
    """Print every fault and the score; fail below the score that is asked for."""
    if sys.argv[1:2] == ["--child"]:
        return child(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--module", action="append", choices=[*TARGETS], help="default: all")
    parser.add_argument("--count", type=int, default=6, help="faults a module")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--score", type=float, default=0.8, help="least share to be found")
    given = parser.parse_args()
    modules = given.module or list(TARGETS)
    by_module: dict[str, list[bool]] = {}
    start = time.monotonic()
    for module, what, was_found in results(modules, given.count, given.seed):
        by_module.setdefault(module, []).append(was_found)
        print(f"{'found   ' if was_found else 'SURVIVED'} {module}: {what}", flush=True)
    for module, outcomes in by_module.items():
        print(f"{sum(outcomes):>3} of {len(outcomes):>3}  {module}")
    found, total = (sum(f(x) for x in by_module.values()) for f in (sum, len))
    share = found / max(total, 1)
    print(f"mutation score {share:.0%}: {found} of {total} faults found, "
          f"{time.monotonic() - start:.0f} s")  # fmt: skip
    return int(share < given.score)


if __name__ == "__main__":
    sys.exit(main())
