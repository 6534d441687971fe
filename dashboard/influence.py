"""What can influence what, given the evidence: d-separation by reachability."""

from collections.abc import Collection

from fascinet.model.network import Network

UP, DOWN = True, False


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
