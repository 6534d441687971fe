"""Show the mapped rooms to type checkers: ``.rooms/fascinet`` is linked as Python imports it.

Folders are made and files linked, since pyright does not walk into linked folders.
"""

import shutil
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "setuptools"
]["package-dir"]


def link_rooms(target: Path) -> None:
    """Rebuild `target` so that it mirrors the installed package by links to each Python file."""
    shutil.rmtree(target, ignore_errors=True)
    for package, folder in FOLDERS.items():
        for file in (ROOT / folder).rglob("*.py"):
            link = target.joinpath(*package.split("."), file.relative_to(ROOT / folder))
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    (target / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")


if __name__ == "__main__":
    link_rooms(ROOT / ".rooms")
