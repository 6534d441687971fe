"""Places for a drawing of a directed acyclic graph in layers (Sugiyama, Tagawa & Toda 1981).

Each variable lies one layer below its lowest parent, a root just above its highest child. Within
a layer, variables are ordered by the mean place of their neighbours, swept down and up until
crossings no longer fall.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fascinet.model.network import Network

SWEEPS = 8


@dataclass(frozen=True)
class Layers:
    """Variables by layer, top to bottom, and the arcs between them.

    Attributes
    ----------
    rows : tuple of tuples of str
        Layer k holds variables whose longest path from a root has k arcs, and roots whose
        highest child lies in layer k + 1.
    arcs : tuple of (str, str)
        Parent and child, both in `rows`.
    """

    rows: tuple[tuple[str, ...], ...]
    arcs: tuple[tuple[str, str], ...]

    @property
    def width(self) -> int:
        """Largest number of variables in a layer."""
        return max((len(row) for row in self.rows), default=0)


def layers(network: Network, variables: Iterable[str] | None = None) -> Layers:
    """Return the layers of a network, or of some of its variables.

    Raises
    ------
    UnknownVariableError
        If `variables` names one that the network does not have.
    """
    wanted = {network.check(v) for v in (network.variables if variables is None else variables)}
    order = [v for v in network.topological if v in wanted]
    arcs = tuple((u, v) for v in order for u in network.parents(v) if u in wanted)
    depth: dict[str, int] = {}
    for v in order:
        depth[v] = max((depth[u] + 1 for u in network.parents(v) if u in wanted), default=0)
    _lower_roots(depth, arcs)
    rows: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for v in order:
        rows[depth[v]].append(v)
    return Layers(tuple(tuple(row) for row in _untangle(rows, arcs)), arcs)


def _lower_roots(depth: dict[str, int], arcs: Sequence[tuple[str, str]]) -> None:
    """Bring each root down to the layer above its highest child, so that arcs are short."""
    children = {v for _, v in arcs}
    highest: dict[str, int] = {}
    for u, v in arcs:
        highest[u] = min(highest.get(u, depth[v]), depth[v])
    for u, at in highest.items():
        if u not in children:
            depth[u] = at - 1


def _untangle(rows: list[list[str]], arcs: Sequence[tuple[str, str]]) -> list[list[str]]:
    near: dict[str, list[str]] = {v: [] for row in rows for v in row}
    for u, v in arcs:
        near[u].append(v)
        near[v].append(u)
    best, fewest = rows, crossings(rows, arcs)
    for _ in range(SWEEPS):
        rows = _sweep(rows, near)
        now = crossings(rows, arcs)
        if now >= fewest:
            break
        best, fewest = rows, now
    return best


def _sweep(rows: list[list[str]], near: Mapping[str, Sequence[str]]) -> list[list[str]]:
    place = {v: (k + 0.5) / len(row) for row in rows for k, v in enumerate(row)}
    found: dict[int, list[str]] = {}
    for at in (*range(len(rows)), *reversed(range(len(rows)))):
        row = found.get(at, rows[at])
        mean = {v: sum(place[u] for u in near[v]) / len(near[v]) if near[v] else place[v]
                for v in row}  # fmt: skip
        found[at] = sorted(row, key=lambda v: mean[v])
        place |= {v: (k + 0.5) / len(row) for k, v in enumerate(found[at])}
    return [found[k] for k in range(len(rows))]


def crossings(rows: Sequence[Sequence[str]], arcs: Sequence[tuple[str, str]]) -> int:
    """Return how many pairs of arcs between the same two layers cross."""
    at = {v: (r, k) for r, row in enumerate(rows) for k, v in enumerate(row)}
    groups: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for u, v in arcs:
        groups.setdefault((at[u][0], at[v][0]), []).append((at[u][1], at[v][1]))
    return sum(
        (a - c) * (b - d) < 0
        for ends in groups.values()
        for i, (a, b) in enumerate(ends)
        for c, d in ends[:i]
    )
