"""What an analysis is about: one state of a variable, or a cause's place in the differential."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np

from fascinet.engine.analyses.results import Array
from fascinet.model.network import Network

State: TypeAlias = str | bool | int

RESTING = frozenset({"no", "none", "absent", "normal", "false", "off", "0"})


@dataclass(frozen=True)
class Hypothesis:
    """A set of states of one variable.

    Attributes
    ----------
    name : str
        What it is called in a result ("als", "lung=yes").
    variable : str
        The variable.
    indicator : tuple of float
        One number a state: 1 where the hypothesis holds, 0 elsewhere.
    """

    name: str
    variable: str
    indicator: tuple[float, ...]

    def probability(self, marginal: Array) -> Array:
        """Return P(hypothesis) from marginals with the variable's states on the last axis."""
        return marginal @ np.array(self.indicator)


def resting_state(network: Network, variable: str) -> int:
    """Return the index of the state that means "nothing there": no, none, normal, or the first."""
    for i, state in enumerate(network.states(variable)):
        if state.lower() in RESTING:
            return i
    return 0


def is_state(network: Network, variable: str, state: State | Sequence[State]) -> Hypothesis:
    """Return the hypothesis that `variable` is in `state` (or in one of several)."""
    known = network.states(variable)
    names: list[State] = [cast("State", state)]
    if isinstance(state, Sequence | Set) and not isinstance(state, str | bytes):
        names = list(state)
    places = [network.state_index(variable, name) for name in names]
    indicator = tuple(float(i in places) for i in range(len(known)))
    return Hypothesis(f"{variable}={'|'.join(known[i] for i in places)}", variable, indicator)


def present(network: Network, variable: str) -> Hypothesis:
    """Return the hypothesis that `variable` is in any state but the resting one."""
    rest = resting_state(network, variable)
    count = len(network.states(variable))
    return Hypothesis(variable, variable, tuple(float(i != rest) for i in range(count)))


def states_of(network: Network, variable: str) -> tuple[Hypothesis, ...]:
    """Return one hypothesis for each state of `variable`."""
    return tuple(is_state(network, variable, s) for s in network.states(variable))


def causes(network: Network) -> tuple[str, ...]:
    """Return the variables that `Network.meta` calls causes; none for a plain network."""
    return tuple(v for v in network.variables if network.meta.get(v, {}).get("kind") == "cause")


def differential(network: Network) -> tuple[Hypothesis, ...]:
    """Return the hypotheses among which the differential ranks.

    For a network with causes: each cause producing its findings, that is its trigger
    (`trigger_<cause>`) where there is one, else its presence. Empty for a plain network.
    """
    out: list[Hypothesis] = []
    for cause in causes(network):
        trigger = f"trigger_{cause}"
        found = present(network, trigger if trigger in network.index else cause)
        out.append(Hypothesis(cause, found.variable, found.indicator))
    return tuple(out)


def competitors(network: Network, target: str) -> tuple[Hypothesis, ...]:
    """Return what the target competes with: the differential if it is a cause, else its states."""
    if target in causes(network):
        return differential(network)
    return states_of(network, target)
