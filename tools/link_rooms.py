"""Show the mapped rooms to type checkers: ``.rooms/fascinet`` is linked as Python imports it."""

import shutil
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "setuptools"
]["package-dir"]


def link_rooms(target: Path) -> None:
    """Rebuild `target` so that it mirrors the installed package by symbolic links."""
    shutil.rmtree(target, ignore_errors=True)
    facade = target / "fascinet"
    facade.mkdir(parents=True)
    for package, folder in FOLDERS.items():
        source = ROOT / folder
        if package != "fascinet":
            target.joinpath(*package.split(".")).symlink_to(source, target_is_directory=True)
            continue
        for file in source.iterdir():
            if file.name != "__pycache__":
                (facade / file.name).symlink_to(file)


if __name__ == "__main__":
    link_rooms(ROOT / ".rooms")
