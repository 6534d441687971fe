"""How time grows: with nodes, width, parents of a gate, and rows of a batch."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.batches import frame_of, mixed_rows
from benchmarks.clock import once, shortest
from benchmarks.networks import FOLDER, subject
from fascinet.engine.api.engine import Engine
from fascinet.model.gates import Table, noisy_or
from fascinet.model.network import Network

Row = dict[str, Any]


def chain(length: int) -> Network:
    """Return a chain of binary variables."""
    names = [f"x{i}" for i in range(length)]
    step = Table(np.array([[0.9, 0.1], [0.2, 0.8]]))
    gates = {names[0]: Table(np.array([0.5, 0.5]))} | {v: step for v in names[1:]}
    above = {v: [u] for u, v in zip(names, names[1:], strict=False)}
    return Network({v: ["no", "yes"] for v in names}, above, gates)


def star(parents: int) -> Network:
    """Return a noisy-OR of so many causes."""
    causes = [f"c{i}" for i in range(parents)]
    gates = {v: noisy_or([], 0.1) for v in causes} | {"x": noisy_or([0.3] * parents, 0.01)}
    return Network({v: ["no", "yes"] for v in [*causes, "x"]}, {"x": causes}, gates)


def grid(width: int, length: int = 20) -> Network:
    """Return a grid of binary variables, whose tree-width is the smaller side."""
    rng = np.random.default_rng(0)
    above: dict[str, list[str]] = {}
    gates: dict[str, Table] = {}
    for i in range(length):
        for j in range(width):
            parents = [f"x{i - 1}_{j}"] * (i > 0) + [f"x{i}_{j - 1}"] * (j > 0)
            table = rng.dirichlet([1.0, 1.0], (2,) * len(parents))
            above[f"x{i}_{j}"], gates[f"x{i}_{j}"] = parents, Table(table)
    return Network({v: ["no", "yes"] for v in gates}, above, gates)


def one(shape: str, size: int, network: Network, case: dict[str, str]) -> Row:
    """Return first and warm milliseconds of one query."""
    engine = Engine(network, backend="core")
    first = once(lambda: engine.posterior(case))
    warm = shortest(lambda: engine.posterior(case))
    return {"shape": shape, "size": size, "first_ms": 1e3 * first, "warm_ms": 1e3 * warm}


def batches(largest: int) -> Iterator[Row]:
    """Yield what a batch of so many rows takes."""
    alarm = subject("alarm", FOLDER)
    engine = Engine(alarm.network, backend="core")
    count = 10
    while count <= largest:
        frame = frame_of(alarm, mixed_rows(alarm, count))
        engine.posteriors(frame)
        spent = min(once(lambda f=frame: engine.posteriors(f)) for _ in range(3))
        yield {"shape": "rows of alarm", "size": count, "warm_ms": 1e3 * spent}
        count *= 10


def scaling(quick: bool) -> list[Row]:
    """Return all curves."""
    Engine(chain(10), backend="core").posterior()
    rows = [
        one("nodes of a chain", n, chain(n), {"x0": "yes", f"x{n - 1}": "no"})
        for n in (100, 300, 1000, 3000)
    ]
    widths = (2, 4, 6, 8) if quick else (2, 4, 6, 8, 10, 12, 14)
    rows += [one("width of a grid", n, grid(n), {"x0_0": "yes", "x19_1": "no"}) for n in widths]
    rows += [
        one("parents of a noisy-OR", n, star(n), {"x": "yes"}) for n in (5, 10, 20, 40, 80, 160)
    ]
    return rows + list(batches(10_000 if quick else 100_000))
