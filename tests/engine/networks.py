"""Reference networks, their cases and posteriors."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fascinet.model.formats import read
from fascinet.model.network import Network

FOLDER = Path(__file__).parents[1] / "data" / "networks"
SMALL = "asia cancer earthquake survey sachs child alarm hepar2 insurance win95pts".split()
LARGE = "pathfinder pigs munin1 munin diabetes link".split()


@cache
def network(name: str) -> Network:
    return read(FOLDER / f"{name}.bif.gz")


def cases(name: str) -> list[dict[str, str]]:
    text = (FOLDER / f"{name}.cases.json").read_text()
    return [case["evidence"] for case in json.loads(text)["cases"]]


def reference(name: str) -> Any:
    return np.load(FOLDER / f"{name}.reference.npz")
