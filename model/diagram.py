"""An influence diagram: a network with decisions, what is known at each, and utilities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from fascinet.model.errors import (
    NetworkError,
    OptionError,
    UnknownNameError,
    UnknownVariableError,
)
from fascinet.model.gates import Array, Table, frozen
from fascinet.model.lazy import Lazy
from fascinet.model.network import Network

if TYPE_CHECKING:
    from pathlib import Path

    from fascinet.model.formats import diagrams
else:
    diagrams = Lazy("fascinet.model.formats.diagrams")


@dataclass(frozen=True, eq=False)
class Utility:
    """A utility: what each configuration of its parents is worth.

    Attributes
    ----------
    parents : tuple of str
        Chance variables and decisions.
    values : array, shape (parents' states …)
        Read-only.
    """

    parents: tuple[str, ...]
    values: Array


class InfluenceDiagram:
    """A Bayesian network with decision and utility nodes, for `fascinet.solve`.

    Parameters
    ----------
    network : Network
        Chance variables and decisions; a decision has no parents there.
    decisions : mapping of str to sequence of str
        What is observed just before each decision. What was known at an earlier one is not
        forgotten.
    utilities : mapping of str to Utility
        They add up.

    Raises
    ------
    NetworkError
        If the arcs make a cycle, the decisions have no order, or a utility does not fit.
    UnknownVariableError

    Examples
    --------
    The oil wildcatter (Raiffa 1968): to test, then to drill.

    >>> import fascinet as fn
    >>> b = fn.NetworkBuilder("oil").variable("oil", ["dry", "wet", "soaking"])
    >>> b = b.table("oil", [0.5, 0.3, 0.2]).decision("test", ["no", "yes"])
    >>> b = b.variable("result", ["none", "diffuse", "open", "closed"])
    >>> rows = {("no", oil): {"none": 1, "diffuse": 0, "open": 0, "closed": 0}
    ...         for oil in ("dry", "wet", "soaking")}
    >>> rows |= {("yes", "dry"): [0, 0.6, 0.3, 0.1], ("yes", "wet"): [0, 0.3, 0.4, 0.3],
    ...          ("yes", "soaking"): [0, 0.1, 0.4, 0.5]}
    >>> b = b.table("result", rows, parents=["test", "oil"])
    >>> b = b.decision("drill", ["no", "yes"], observes=["test", "result"])
    >>> b = b.utility("cost", {"no": 0, "yes": -10}, parents=["test"])
    >>> b = b.utility("gain", {("no", oil): 0 for oil in ("dry", "wet", "soaking")} | {
    ...     ("yes", "dry"): -70, ("yes", "wet"): 50, ("yes", "soaking"): 200},
    ...     parents=["drill", "oil"])
    >>> solution = fn.solve(b.diagram())
    >>> round(solution.expected_utility, 2), solution.choose("test", {})
    (22.5, 'yes')
    >>> solution.choose("drill", {"test": "yes", "result": "diffuse"})
    'no'
    """

    def __init__(
        self,
        network: Network,
        decisions: Mapping[str, Sequence[str]],
        utilities: Mapping[str, Utility],
    ) -> None:
        self.network = network
        self.decisions: Mapping[str, tuple[str, ...]] = MappingProxyType(
            {d: tuple(seen) for d, seen in decisions.items()}
        )
        self.utilities: Mapping[str, Utility] = MappingProxyType(dict(utilities))
        for d, seen in self.decisions.items():
            self._check_decision(d, seen)
        for name, utility in self.utilities.items():
            self._check_utility(name, utility)
        self.order  # noqa: B018  (raises if there is none)

    def _check_decision(self, decision: str, seen: tuple[str, ...]) -> None:
        for v in (decision, *seen):
            self.network.check(v)
        if self.network.parents(decision):
            raise NetworkError(f"decision {decision!r}: expected no parents in the network")
        if len(set(seen)) < len(seen) or decision in seen:
            raise NetworkError(f"decision {decision!r}: expected distinct observations, got {seen}")

    def _check_utility(self, name: str, utility: Utility) -> None:
        if name in self.network.index:
            raise NetworkError(f"utility {name!r} has the name of a variable")
        for u in utility.parents:
            self.network.check(u)
        want = tuple(len(self.network.states(u)) for u in utility.parents)
        if utility.values.shape != want:
            raise NetworkError(
                f"utility {name!r}: expected shape {want} for {utility.parents}, "
                f"got {utility.values.shape}"
            )
        if not np.isfinite(utility.values).all():
            raise NetworkError(f"utility {name!r}: expected finite numbers")

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The decisions in time.

        Raises
        ------
        NetworkError
            If arcs make a cycle, or no path leads through all decisions.
        """
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph(self.network.graph)
        graph.add_edges_from((u, d) for d, seen in self.decisions.items() for u in seen)
        if not nx.is_directed_acyclic_graph(graph):
            cycle = " → ".join(str(u) for u, _ in nx.find_cycle(graph))
            raise NetworkError(f"the arcs make a cycle: {cycle}")
        order = [v for v in nx.topological_sort(graph) if v in self.decisions]
        for first, second in zip(order, order[1:], strict=False):
            if not nx.has_path(graph, first, second):
                raise NetworkError(
                    f"decisions {first!r} and {second!r}: no path of arcs says which comes first; "
                    f"let one observe the other"
                )
        return tuple(order)

    def known_at(self, decision: str) -> tuple[str, ...]:
        """Return all that is known at a decision: observed then or before, and what was decided."""
        if decision not in self.decisions:
            raise UnknownVariableError(decision, self.decisions)
        known: dict[str, None] = {}
        for d in self.order:
            known |= dict.fromkeys(self.decisions[d])
            if d == decision:
                break
            known[d] = None
        return tuple(known)

    # ---------------------------------------------------------------- changing

    def with_observation(self, decision: str, variable: str) -> "InfluenceDiagram":
        """Return the diagram in which a decision observes one more variable."""
        if decision not in self.decisions:
            raise UnknownVariableError(decision, self.decisions)
        seen = (*self.decisions[decision], self.network.check(variable))
        new = {**self.decisions, decision: tuple(dict.fromkeys(seen))}
        return InfluenceDiagram(self.network, new, self.utilities)

    def combined(self, name: str, parts: Sequence[str], how: str = "sum") -> "InfluenceDiagram":
        """Return the diagram in which some utilities are one: their sum, or their product.

        Parameters
        ----------
        name : str
            Of the super-value node; it takes the place of its parts.
        parts : sequence of str
        how : {"sum", "product"}
        """
        if how not in ("sum", "product"):
            raise OptionError("how", how, ("sum", "product"))
        for part in parts:
            if part not in self.utilities:
                raise UnknownNameError("utility", part, self.utilities)
        found = [self.utilities[part] for part in parts]
        scope = tuple(dict.fromkeys(u for part in found for u in part.parents))
        values = np.full([len(self.network.states(u)) for u in scope], float(how == "product"))
        for part in found:
            axes = sorted(range(len(part.parents)), key=lambda i: scope.index(part.parents[i]))
            shape = [1] * len(scope)
            for i in axes:
                shape[scope.index(part.parents[i])] = part.values.shape[i]
            table = np.transpose(part.values, axes).reshape(shape)
            values = values * table if how == "product" else values + table
        rest = {k: u for k, u in self.utilities.items() if k not in parts}
        new = rest | {name: utility_of(scope, values)}
        return InfluenceDiagram(self.network, self.decisions, new)

    # ---------------------------------------------------------------- files

    @staticmethod
    def load(path: "str | Path") -> "InfluenceDiagram":
        """Read a diagram: our .json, GeNIe's .xdsl, .xmlbif as pyAgrum writes it; also .gz."""
        return diagrams.read_diagram(path)

    def save(self, path: "str | Path") -> None:
        """Write the diagram as .json, also .gz."""
        diagrams.write_diagram(self, path)

    def __repr__(self) -> str:
        return (
            f"InfluenceDiagram({self.network.name!r}, {len(self.network.variables)} variables, "
            f"decisions {', '.join(self.order)}, utilities {', '.join(self.utilities)})"
        )


def utility_of(parents: Sequence[str], values: ArrayLike) -> Utility:
    """Return a utility with a read-only table."""
    return Utility(tuple(parents), frozen(values))


def undecided(states: int) -> Table:
    """Return the table that stands for a decision in the network: no state preferred."""
    return Table(np.full(states, 1.0 / states))


def decisions_and_utilities(diagram: InfluenceDiagram) -> dict[str, Any]:
    """Return what is left of a diagram as JSON beside the network."""
    return {
        "decisions": {d: list(seen) for d, seen in diagram.decisions.items()},
        "utilities": {
            name: {"parents": list(u.parents), "values": u.values.tolist()}
            for name, u in diagram.utilities.items()
        },
    }
