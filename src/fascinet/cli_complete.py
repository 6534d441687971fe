"""How shells complete names, states and options."""

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

SETTINGS = ("general", "primary_care", "neuromuscular_clinic")
RANKS = ("responsibility", "posterior", "harm")


def one_of(names: Sequence[str]) -> Callable[[str], list[str]]:
    """Return the completion of an option that takes one of some names."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete


def complete_pair(incomplete: str) -> list[str]:
    """Return what NAME=STATE may become: names, and of a name that is settled its states."""
    states = _states(_line())
    name, mark, state = incomplete.partition("=")
    if mark:
        return [f"{name}={s}" for s in states.get(name, ()) if s.startswith(state)]
    near = [n for n in states if n.startswith(name)]
    return [f"{near[0]}={s}" for s in states[near[0]]] if len(near) == 1 else near


def complete_network(incomplete: str) -> list[str]:
    """Return the names of networks that come with the package."""
    from fascinet.model.examples import EXAMPLES

    return [name for name in ("shipped", *EXAMPLES) if name.startswith(incomplete)]


def _line() -> list[str]:
    """Return the words of the line, as the shell gives them to typer's completion."""
    return (os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()


def _states(line: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the states of each variable of the network that a line names."""
    from fascinet.cli_network import open_network

    named = [line[2]] if line[1:2] == ["query"] and len(line) > 2 else []
    named += [after for word, after in pairwise(line) if word == "--network"]
    try:
        network = open_network(named[-1] if named else None)
    except Exception:  # a completion has nowhere to say what is wrong
        return {}
    return {v: network.states(v) for v in network.variables}
