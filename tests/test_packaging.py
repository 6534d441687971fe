"""pyproject.toml names every folder that holds code."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_every_room_and_sub_room_is_listed() -> None:
    found = {
        ".".join((package, *init.parent.relative_to(ROOT / folder).parts))
        for package, folder in SETTINGS["package-dir"].items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert found == set(SETTINGS["packages"])
