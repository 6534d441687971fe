"""pyproject.toml names every folder that holds code, and the pins serve what it asks for."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETTINGS = PROJECT["tool"]["setuptools"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
SETS = ("run", "docs", "notebooks", "test")


def test_every_room_and_sub_room_is_listed() -> None:
    found = {
        ".".join((package, *init.parent.relative_to(ROOT / folder).parts))
        for package, folder in SETTINGS["package-dir"].items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert found == set(SETTINGS["packages"])


def pins(name: str) -> dict[str, tuple[int, ...]]:
    """Return the packages of a file of pins, those of the files that it includes too."""
    found: dict[str, tuple[int, ...]] = {}
    for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines():
        if line.startswith("-r "):
            found |= pins(line[3:].removesuffix(".txt"))
        elif not line.startswith("#"):
            package, version = line.split("==")
            found[plain(package)] = numbers(version)
    return found


def plain(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version.partition(".post")[0]))


def wanted(needs: list[str]) -> dict[str, tuple[int, ...]]:
    """Return packages with their lower bounds, extras of our own looked up."""
    found: dict[str, tuple[int, ...]] = {}
    for need in needs:
        name, _, bound = need.partition(">=")
        package, _, extras = name.partition("[")
        if package == "fascinet":
            for extra in extras.rstrip("]").split(","):
                found |= wanted(EXTRAS[extra])
        else:
            found[plain(package)] = numbers(bound)
    return found


CORE = PROJECT["project"]["dependencies"]
DEV = PROJECT["dependency-groups"]["dev"]


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("run", [*CORE, "fascinet[dashboard]"]),
        ("docs", [*CORE, "fascinet[docs]"]),
        ("notebooks", [*CORE, "fascinet[notebooks]"]),
        ("test", [*CORE, "fascinet[all]", *DEV]),
    ],
)
def test_each_set_of_pins_holds_what_it_is_for(name: str, needs: list[str]) -> None:
    pinned = pins(name)
    for package, least in wanted(needs).items():
        assert pinned.get(package, ()) >= least, f"requirements/{name}.txt: {package}"


def test_running_installs_nothing_of_tests_docs_and_notebooks() -> None:
    heavy = {"pytest", "pgmpy", "pyagrum", "scipy", "jupyterlab", "mkdocs", "torch", "playwright"}
    assert not heavy & set(pins("run"))


@pytest.mark.parametrize("name", SETS)
def test_pins_name_packages_alone(name: str) -> None:
    for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines():
        assert re.fullmatch(r"# .*|-r \w+\.txt|[\w.-]+==[\w.]+", line), line


def test_what_builds_the_package_is_bounded_as_what_runs_it() -> None:
    asked = wanted(PROJECT["build-system"]["requires"])
    assert {n: b for n, b in asked.items() if n != "setuptools"}.items() <= wanted(CORE).items()
