"""Which networks are measured, and their cases."""

import json
from dataclasses import dataclass
from pathlib import Path

from fascinet.model.formats import read
from fascinet.model.network import Network

FOLDER = Path(__file__).parents[1] / "tests" / "data" / "networks"
SMALL = ("asia", "child", "alarm", "hepar2", "win95pts")
LARGE = ("insurance", "pathfinder", "pigs", "diabetes", "munin", "munin1", "link")


@dataclass(frozen=True)
class Subject:
    """A network with its cases and the file that peers read."""

    name: str
    file: Path
    network: Network
    cases: list[dict[str, str]]


def subject(name: str, folder: Path = FOLDER) -> Subject:
    """Return a network of the folder by name."""
    raw = json.loads((folder / f"{name}.cases.json").read_text())["cases"]
    cases = [case.get("evidence_labels", case["evidence"]) for case in raw]
    file = folder / f"{name}.bif.gz"
    return Subject(name, file, read(file), cases)
