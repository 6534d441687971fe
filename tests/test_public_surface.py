"""What `import fascinet` offers: small, documented with examples that run, and light."""

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import fascinet

ROOT = Path(__file__).parents[1]
EXPECTED = {
    "Case",
    "Differential",
    "DynamicNetwork",
    "Engine",
    "InfluenceDiagram",
    "Network",
    "NetworkBuilder",
    "Posterior",
    "__version__",
    "audit",
    "decision_layer",
    "diagnose",
    "discretise",
    "errors",
    "evaluate",
    "example",
    "find",
    "findings",
    "learn",
    "load",
    "simulate",
    "solve",
}
EXTRAS = ("streamlit", "altair", "vl_convert", "pgmpy", "pyagrum", "phenopackets", "polars",
          "pyarrow", "fpdf", "dask", "distributed", "torch", "matplotlib", "sklearn", "scipy",
          "IPython")  # fmt: skip
BARE = """
import importlib.abc, sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {extras!r}:
            raise ImportError(f"{{name}} is not installed here")

sys.meta_path.insert(0, Refuse())
import fascinet as fn
network = fn.load()
engine = fn.Engine(network)
p = engine.posterior({{"setting": "primary_care", "weakness": "objective"}})
assert 0 < p["als"]["yes"] < 1
assert fn.diagnose({{"findings": {{"weakness": "objective"}}}}).differential
repr(p), p._repr_html_(), network._repr_html_(), p.to_frame()
for call, name in ((p.plot, "altair"), (network.to_pgmpy, "pgmpy")):
    try:
        call()
    except fn.errors.FormatError as error:
        assert f"{{name}} is not installed: pip install 'fascinet[" in str(error), error
    else:
        raise AssertionError(name)
print("bare")
"""


def run(code: str) -> str:
    result = subprocess.run([sys.executable, "-W", "error", "-c", code],
                            capture_output=True, text=True, timeout=180)  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_public_names_are_these_and_no_others() -> None:
    assert set(fascinet.__all__) == EXPECTED
    assert sorted(fascinet.__all__) == sorted(set(fascinet.__all__))
    assert set(dir(fascinet)) >= EXPECTED
    for name in EXPECTED:
        assert getattr(fascinet, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Enginee'"):
        _ = fascinet.Enginee  # pyright: ignore  (that it is unknown is the point)


@pytest.fixture(scope="module")
def few_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, source = tmp_path_factory.mktemp("few"), ROOT / "tests" / "data" / "cases"
    head, *rows = (source / "truth.csv").read_text().splitlines()
    kept = rows[:3]
    (folder / "truth.csv").write_text("\n".join([head, *kept]) + "\n")
    (folder / "packets").mkdir()
    for row in kept:
        name = row.partition(",")[0] + ".json"
        (folder / "packets" / name).write_bytes((source / "packets" / name).read_bytes())
    return folder


@pytest.mark.parametrize("name", sorted(EXPECTED - {"__version__"}))
def test_a_public_name_has_an_example_that_runs(name: str, few_cases: Path) -> None:
    thing = getattr(fascinet, name)
    home = thing if name == "errors" else importlib.import_module(thing.__module__)
    finder, known = doctest.DocTestFinder(recurse=False), {"folder": few_cases}
    tests = finder.find(thing, name, module=home, globs=known)
    assert tests, name
    assert tests[0].examples, f"{name} has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for test in tests:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def test_the_module_docstring_runs() -> None:
    found = doctest.testmod(fascinet, optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0
    assert found.failed == 0


def test_the_version_is_that_of_the_project() -> None:
    assert f'version = "{fascinet.__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_the_core_works_without_any_extra() -> None:
    assert run(BARE.format(extras=set(EXTRAS))).endswith("bare\n")


def test_importing_the_package_imports_little() -> None:
    loaded = run("import fascinet, sys; print(' '.join(sys.modules))").split()
    assert not {"numpy", "core", "pandas", "networkx", "pydantic", *EXTRAS} & set(loaded)


@pytest.mark.parametrize("name", ["gates", "analyses", "knowledge", "charts", "teaching"])
def test_a_public_module_lists_what_it_has_and_its_example_runs(name: str) -> None:
    module = importlib.import_module(f"fascinet.{name}")
    assert all(getattr(module, thing) is not None for thing in module.__all__)
    assert sorted(set(module.__all__)) == module.__all__
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def test_notebooks_and_programs_use_public_names_alone() -> None:
    for folder in ("notebooks", "tests/user"):
        for file in (ROOT / folder).glob("*.py"):
            rooms = ("fascinet.engine", "fascinet.model", "fascinet.dashboard")
            assert not any(room in file.read_text() for room in rooms), file
