"""An influence diagram: a network with decisions, what is known at each, and utilities."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from fascinet.model.arguments import instances_of, number_of, text_of
from fascinet.model.errors import (
    ArgumentError,
    NetworkError,
    OptionError,
    UnknownNameError,
    UnknownVariableError,
    kind_of,
)
from fascinet.model.gates import Array, Table, frozen
from fascinet.model.lazy import Lazy
from fascinet.model.network import TABLE_LIMIT, Network

if TYPE_CHECKING:
    from pathlib import Path

    import networkx as nx

    from fascinet.model.formats import diagrams
else:
    diagrams = Lazy("fascinet.model.formats.diagrams")


HOW = ("sum", "product")


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


@dataclass(frozen=True)
class SuperValue:
    """A super-value node: utilities put together (Tatman & Shachter 1990).

    Attributes
    ----------
    parts : tuple of str
        Utilities or other super-value nodes; they count through this node alone.
    how : {"sum", "product"}
    weights : tuple of float
        Of the parts of a sum.
    """

    parts: tuple[str, ...]
    how: str
    weights: tuple[float, ...]


class InfluenceDiagram:
    """A Bayesian network with decision and utility nodes, for `fascinet.solve`.

    Parameters
    ----------
    network : Network
        Chance variables and decisions; a decision has no parents there.
    decisions : mapping of str to sequence of str
        What is observed just before each decision. What was known at an earlier one is not
        forgotten.
    utilities : mapping of str to Utility or SuperValue
        Those that are no part of a super-value node add up.
    limited : bool
        A LIMID: each decision knows what it observes and nothing else, and decisions need no
        order.

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
        utilities: Mapping[str, "Utility | SuperValue"],
        *,
        limited: bool = False,
    ) -> None:
        self.network, self.limited = network, limited
        self.decisions: Mapping[str, tuple[str, ...]] = MappingProxyType(
            {d: tuple(seen) for d, seen in decisions.items()}
        )
        self.utilities: Mapping[str, Utility | SuperValue] = MappingProxyType(dict(utilities))
        for d, seen in self.decisions.items():
            self._check_decision(d, seen)
        for name, utility in self.utilities.items():
            if isinstance(utility, SuperValue):
                self._check_super_value(name, utility)
            else:
                self._check_utility(name, utility)
        self._check_parts()
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

    def _check_super_value(self, name: str, node: SuperValue) -> None:
        if name in self.network.index:
            raise NetworkError(f"utility {name!r} has the name of a variable")
        if node.how not in HOW:
            raise OptionError(f"how {name!r} puts its parts together", node.how, HOW)
        for part in node.parts:
            if part not in self.utilities:
                raise UnknownNameError(f"part of {name!r}: utility", part, self.utilities)
        if not node.parts or len(set(node.parts)) < len(node.parts):
            raise NetworkError(f"utility {name!r}: expected distinct parts, got {node.parts}")
        if len(node.weights) != len(node.parts) or not np.isfinite(node.weights).all():
            raise NetworkError(f"utility {name!r}: expected a weight for each part")
        if node.how == "product" and set(node.weights) != {1.0}:
            raise NetworkError(f"utility {name!r}: a product has no weights")

    def _check_parts(self) -> None:
        """Raise if super-value nodes are parts of themselves."""
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_edges_from(
            (part, name)
            for name, node in self.utilities.items() if isinstance(node, SuperValue)
            for part in node.parts
        )  # fmt: skip
        if not nx.is_directed_acyclic_graph(graph):
            cycle = " → ".join(str(u) for u, _ in nx.find_cycle(graph))
            raise NetworkError(f"utilities are parts of each other: {cycle}")

    @cached_property
    def terms(self) -> tuple[Utility, ...]:
        """Tables whose sum is what is maximised: super-value nodes multiplied out.

        Raises
        ------
        NetworkError
            If the table of a product would be too large.
        """
        nodes = [u for u in self.utilities.values() if isinstance(u, SuperValue)]
        within = {part for node in nodes for part in node.parts}
        return tuple(t for name in self.utilities if name not in within for t in self._terms(name))

    def _terms(self, name: str) -> tuple[Utility, ...]:
        node = self.utilities[name]
        if isinstance(node, Utility):
            return (node,)
        parts = [self._terms(part) for part in node.parts]
        if node.how == "product":
            factors = [self._table(name, part, np.add) for part in parts]
            return (self._table(name, factors, np.multiply),)
        return tuple(
            utility_of(t.parents, weight * t.values)
            for weight, part in zip(node.weights, parts, strict=True) for t in part
        )  # fmt: skip

    def _table(self, name: str, parts: Sequence[Utility], join: np.ufunc) -> Utility:
        """Return utilities joined in one table over all their parents."""
        scope = tuple(dict.fromkeys(u for part in parts for u in part.parents))
        shape = [len(self.network.states(u)) for u in scope]
        if float(np.prod(np.array(shape, float))) > TABLE_LIMIT:
            raise NetworkError(f"the table of utility {name!r} would be too large")
        values = np.full(shape, float(join is np.multiply))
        for part in parts:
            values = join(values, spread(part, scope))
        return utility_of(scope, values)

    @cached_property
    def topological(self) -> tuple[str, ...]:
        """All variables and decisions, each after its parents and what it observes.

        Raises
        ------
        NetworkError
            If the arcs make a cycle.
        """
        import networkx as nx

        if not nx.is_directed_acyclic_graph(self.graph):
            cycle = " → ".join(str(u) for u, _ in nx.find_cycle(self.graph))
            raise NetworkError(f"the arcs make a cycle: {cycle}")
        return tuple(nx.topological_sort(self.graph))

    @cached_property
    def graph(self) -> "nx.DiGraph[str]":
        """The arcs of the network and those of what decisions observe (do not change it)."""
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph(self.network.graph)
        graph.add_edges_from((u, d) for d, seen in self.decisions.items() for u in seen)
        return graph

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The decisions in time.

        Raises
        ------
        NetworkError
            If arcs make a cycle, or no path leads through all decisions and it is no LIMID.
        """
        import networkx as nx

        order = [v for v in self.topological if v in self.decisions]
        for first, second in zip(order, order[1:], strict=False):
            if not self.limited and not nx.has_path(self.graph, first, second):
                raise NetworkError(
                    f"decisions {first!r} and {second!r}: no path of arcs says which comes first; "
                    f"let one observe the other"
                )
        return tuple(order)

    def known_at(self, decision: str) -> tuple[str, ...]:
        """Return all that is known at a decision: observed then or before, and what was decided.

        In a LIMID only what it observes.
        """
        if text_of("decision", decision) not in self.decisions:
            raise UnknownVariableError(decision, self.decisions)
        if self.limited:
            return self.decisions[decision]
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
        if text_of("decision", decision) not in self.decisions:
            raise UnknownVariableError(decision, self.decisions)
        seen = (*self.decisions[decision], self.network.check(variable))
        return self.replace(decisions={**self.decisions, decision: tuple(dict.fromkeys(seen))})

    def combined(
        self, name: str, parts: Sequence[str], how: str = "sum",
        weights: Sequence[float] | None = None,
    ) -> "InfluenceDiagram":  # fmt: skip
        """Return the diagram in which some utilities count together: their sum, or their product.

        Parameters
        ----------
        name : str
            Of the super-value node.
        parts : sequence of str
        how : {"sum", "product"}
        weights : sequence of float, optional
            Of the parts of a sum; default: 1 each.
        """
        if text_of("name", name) in self.utilities:
            raise NetworkError(f"utility {name!r} is declared twice")
        node = super_value(parts, how, weights)
        return self.replace(utilities={**self.utilities, name: node})

    def replace(self, **changes: Any) -> "InfluenceDiagram":
        """Return a diagram with some of the constructor's arguments replaced."""
        args: dict[str, Any] = {
            "network": self.network, "decisions": self.decisions, "utilities": self.utilities,
            "limited": self.limited,
        }  # fmt: skip
        return InfluenceDiagram(**(args | changes))

    # ---------------------------------------------------------------- files

    @staticmethod
    def load(path: "str | Path") -> "InfluenceDiagram":
        """Read a diagram: our .json, GeNIe's .xdsl, HUGIN's .net, pyAgrum's .xmlbif; also .gz."""
        return diagrams.read_diagram(path)

    def save(self, path: "str | Path") -> None:
        """Write the diagram in the format that the suffix names, also .gz."""
        diagrams.write_diagram(self, path)

    def __repr__(self) -> str:
        kind = "LIMID, " if self.limited else ""
        return (
            f"InfluenceDiagram({self.network.name!r}, {len(self.network.variables)} variables, "
            f"{kind}decisions {', '.join(self.order)}, utilities {', '.join(self.utilities)})"
        )


def utility_of(parents: Sequence[str], values: ArrayLike) -> Utility:
    """Return a utility with a read-only table."""
    return Utility(tuple(parents), frozen(values))


def super_value(
    parts: Iterable[str], how: str, weights: Sequence[float] | None = None
) -> SuperValue:
    """Return a super-value node; the weights of its parts are 1 unless given."""
    names = (parts,) if isinstance(parts, str) else instances_of("parts", parts, str)
    if weights is None:
        return SuperValue(names, how, (1.0,) * len(names))
    if isinstance(weights, str | bytes) or not isinstance(weights, Iterable):  # pyright: ignore
        raise ArgumentError("weights", "a number for each part", kind_of(weights))
    given = tuple(number_of("weight", w, -math.inf) for w in weights)
    return SuperValue(names, how, given)


def spread(utility: Utility, scope: Sequence[str]) -> Array:
    """Return a utility's table with an axis for each variable of a larger scope."""
    axes = sorted(range(len(utility.parents)), key=lambda i: scope.index(utility.parents[i]))
    shape = [1] * len(scope)
    for i in axes:
        shape[scope.index(utility.parents[i])] = utility.values.shape[i]
    return np.transpose(utility.values, axes).reshape(shape)


def undecided(states: int) -> Table:
    """Return the table that stands for a decision in the network: no state preferred."""
    return Table(np.full(states, 1.0 / states))
