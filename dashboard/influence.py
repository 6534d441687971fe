"""What can influence what, given the evidence: d-separation by reachability."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping

from fascinet.model.network import Network

UP, DOWN = True, False
DETOUR = 3
MOST = 100
LOOKS = 20_000
Step = tuple[str, bool]


def d_connected(network: Network, source: str, observed: Collection[str]) -> frozenset[str]:
    """Return every variable that evidence on `source` can still tell something about.

    Parameters
    ----------
    network : Network
    source : str
    observed : collection of str
        Variables in evidence; a trail ends at them, but opens where they, or their descendants,
        are a common effect (Koller and Friedman 2009, algorithm 3.1).

    Returns
    -------
    frozenset of str
        Observed variables and `source` itself left out.
    """
    seen = frozenset(observed) - {source}
    opened = _ancestors(network, seen)
    todo, visited = [(source, UP)], set[tuple[str, bool]]()
    reached = set[str]()
    while todo:
        here = todo.pop()
        if here in visited:
            continue
        visited.add(here)
        if here[0] not in seen:
            reached.add(here[0])
        todo += _next(network, here, seen, opened)
    return frozenset(reached - {source})


def _ancestors(network: Network, variables: Collection[str]) -> frozenset[str]:
    todo, out = list(variables), set[str]()
    while todo:
        v = todo.pop()
        if v not in out:
            out.add(v)
            todo += network.parents(v)
    return frozenset(out)


def _next(
    network: Network, here: tuple[str, bool], seen: frozenset[str], opened: frozenset[str]
) -> list[tuple[str, bool]]:
    """Return the steps that a trail can take; direction UP means that it came from a child."""
    v, direction = here
    steps: list[tuple[str, bool]] = []
    if v not in seen:
        steps += [(c, DOWN) for c in network.graph.successors(v)]
    if (direction is UP and v not in seen) or (direction is DOWN and v in opened):
        steps += [(p, UP) for p in network.parents(v)]
    return steps


def trails(
    network: Network,
    source: str,
    target: str,
    observed: Collection[str],
    detour: int = DETOUR,
    most: int = MOST,
) -> tuple[tuple[str, ...], ...]:
    """Return the shortest open paths between two variables, given what is observed.

    Parameters
    ----------
    network : Network
    source, target : str
    observed : collection of str
        Variables in evidence.
    detour : int
        How many steps longer than the shortest a path may be.
    most : int
        At most so many are listed, shortest first.

    Returns
    -------
    tuple of tuple of str
        Each path from source to target, no variable twice; empty if they are d-separated.
    """
    seen = frozenset(observed) - {source, target}
    opened = _ancestors(network, seen)
    far = _distances(network, target, seen, opened)
    if source not in far:
        return ()
    found: list[tuple[str, ...]] = []
    for length in range(far[source], far[source] + detour + 1):
        found += _paths(network, (source, target), length, seen, opened, far)
        if len(found) >= most:
            break
    return tuple(found[:most])


def _distances(
    network: Network, target: str, seen: frozenset[str], opened: frozenset[str]
) -> dict[str, int]:
    """Return the least number of steps of an open trail from each variable to the target."""
    far = {(target, UP): 0}
    todo = deque(far)
    while todo:
        here = todo.popleft()
        for step in _next(network, here, seen, opened):
            if step not in far:
                far[step] = far[here] + 1
                todo.append(step)
    out: dict[str, int] = {}
    for (v, _), n in far.items():
        out[v] = min(n, out.get(v, n))
    return out


def _paths(
    network: Network,
    ends: tuple[str, str],
    length: int,
    seen: frozenset[str],
    opened: frozenset[str],
    far: Mapping[str, int],
) -> Iterator[tuple[str, ...]]:
    """Yield the open paths of exactly `length` steps, no variable twice."""
    source, target = ends
    looks = 0
    todo: list[tuple[Step, tuple[str, ...]]] = [((source, UP), (source,))]
    while todo and looks < LOOKS:
        here, path = todo.pop()
        looks += 1
        left = length - len(path) + 1
        if here[0] == target:
            if left == 0:
                yield path
            continue
        for step in _next(network, here, seen, opened):
            v = step[0]
            if v not in path and (far.get(v, left) < left or v == target):
                todo.append((step, (*path, v)))


def drawn(network: Network, path: tuple[str, ...], hidden: Collection[str]) -> tuple[str, ...]:
    """Return a path as it is drawn: a hidden variable between two effects is its cause."""
    out: list[str] = []
    for i, v in enumerate(path):
        if v not in hidden:
            name = v
        elif (
            0 < i < len(path) - 1
            and v in network.parents(path[i - 1])
            and v in network.parents(path[i + 1])
        ):
            name = network.parents(v)[0]
        else:
            continue
        if not out or out[-1] != name:
            out.append(name)
    return tuple(out)


def through_seen(network: Network, path: tuple[str, ...], observed: Collection[str]) -> bool:
    """Say whether a path is open only because a common effect on it, or below it, was observed."""
    opened = _ancestors(network, observed)
    return any(
        v in opened and u in network.parents(v) and w in network.parents(v)
        for u, v, w in zip(path, path[1:], path[2:], strict=False)
    )
