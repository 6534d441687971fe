"""A network in a few lines: variables first, then how each depends on its parents."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from fascinet.model import builder_rows as read
from fascinet.model.arguments import instance_of, instances_of, mapping_of, text_of
from fascinet.model.builder_drafts import NO_YES, Draft
from fascinet.model.builder_gates import Gates
from fascinet.model.diagram import InfluenceDiagram, SuperValue, Utility, super_value, undecided
from fascinet.model.errors import NetworkError
from fascinet.model.network import Network

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd


class NetworkBuilder(Gates):
    """Builds a `Network` step by step; every fault names the variable and the row.

    Declare the variables, in any order, then say how each depends on its parents; every step
    returns the builder. `build` makes the network, `check` lists what is still wrong.

    Parameters
    ----------
    name, version : str
        Shown with every result.

    Examples
    --------
    >>> import fascinet as fn
    >>> b = fn.NetworkBuilder("cough")
    >>> b.variable("flu", label="Influenza").table("flu", 0.05)
    NetworkBuilder('cough', 1 variable)
    >>> b.variable("cold").table("cold", 0.2)
    NetworkBuilder('cough', 2 variables)
    >>> b.variable("cough").noisy_or("cough", {"flu": 0.8, "cold": 0.6}, leak=0.1)
    NetworkBuilder('cough', 3 variables)
    >>> round(fn.Engine(b.build()).posterior({"cough": "yes"})["flu"]["yes"], 3)
    0.176
    """

    def __init__(self, name: str = "", *, version: str = "") -> None:
        super().__init__(name, version=version)
        self._utilities: dict[str, Utility | SuperValue] = {}

    def build(self, *, uniform: bool = False) -> Network:
        """Return the network.

        Parameters
        ----------
        uniform : bool
            Give variables without a gate a table of equal probabilities: a start for learning.

        Raises
        ------
        NetworkError
            With all errors that `check` finds.
        """
        if uniform:
            self._fill()
        chosen = [v for v, d in self._drafts.items() if d.observes is not None]
        if chosen or self._utilities:
            raise NetworkError(
                f"{(chosen or list(self._utilities))[0]!r}: call diagram(), not build()"
            )
        return self._network()

    # ---------------------------------------------------------------- decisions

    def decision(
        self, name: str, states: Iterable[str] = NO_YES, *, observes: Iterable[str] = (),
        label: str = "",
    ) -> Self:  # fmt: skip
        """Declare a decision; `diagram` then makes an influence diagram.

        Parameters
        ----------
        name : str
        states : iterable of str
            What can be chosen.
        observes : iterable of str
            What becomes known just before it; what was known at an earlier decision still is.
        label : str
            What people call it.
        """
        self.variable(name, states, label=label)
        draft = self._drafts[name]
        draft.gate, draft.observes = undecided(len(draft.states)), self._names(observes)
        return self

    def utility(self, name: str, values: Any, *, parents: Iterable[str] = ()) -> Self:
        """Add a utility; all of them add up.

        Parameters
        ----------
        name : str
        values : float, sequence or mapping
            What each configuration of the parents is worth, as the rows of `table`.
        parents : iterable of str
            Chance variables and decisions.
        """
        above = self._above("", parents) if parents else {}
        if text_of("name", name) in self._utilities or name in self._drafts:
            raise NetworkError(f"{name!r} is declared twice")
        self._utilities[name] = Utility(tuple(above), read.worths(name, above, values))
        return self

    def super_value(
        self, name: str, parts: Iterable[str], how: str = "sum",
        weights: Sequence[float] | None = None,
    ) -> Self:  # fmt: skip
        """Let some utilities count together: their sum, weighted if you like, or their product.

        Parameters
        ----------
        name : str
        parts : iterable of str
            Utilities; they count through this node alone.
        how : {"sum", "product"}
        weights : sequence of float, optional
            Of the parts of a sum; default: 1 each.
        """
        if text_of("name", name) in self._utilities or name in self._drafts:
            raise NetworkError(f"{name!r} is declared twice")
        self._utilities[name] = super_value(parts, how, weights)
        return self

    def diagram(self, *, limited: bool = False) -> InfluenceDiagram:
        """Return the influence diagram.

        Parameters
        ----------
        limited : bool
            A LIMID: each decision knows what it observes, and has forgotten all else.

        Raises
        ------
        NetworkError
            If there is no decision or no utility, or something is wrong with the network.

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder().variable("rain").table("rain", 0.3)
        >>> b = b.decision("umbrella").utility(
        ...     "comfort", [[10, 0], [7, 8]], parents=["umbrella", "rain"])
        >>> fn.solve(b.diagram()).choose("umbrella", {})
        'yes'
        """
        decisions = {v: d.observes for v, d in self._drafts.items() if d.observes is not None}
        if not decisions or not self._utilities:
            what = "decision" if not decisions else "utility"
            raise NetworkError(f"influence diagram: expected a {what}, got none")
        return InfluenceDiagram(self._network(), decisions, self._utilities, limited=limited)

    # ---------------------------------------------------------------- other sources

    @classmethod
    def from_network(cls, network: Network) -> Self:
        """Return a builder that holds a network, to be changed.

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder.from_network(fn.example("asia")).table("smoke", [0.2, 0.8])
        >>> b.build().cpt("smoke").tolist()
        [0.2, 0.8]
        """
        instance_of("network", network, Network)
        out = cls(network.name, version=network.version)
        for v in network.variables:
            meta = dict(network.meta.get(v, {}))
            out._drafts[v] = Draft(network.states(v), meta, network.parents(v), network.gate(v))
        return out

    @classmethod
    def from_dict(cls, spec: Mapping[str, Any]) -> Self:
        """Return a builder from plain data, as JSON or YAML hold it.

        Parameters
        ----------
        spec : mapping
            ``name``, ``version`` and ``variables``: a mapping of name to ``states``, ``label``,
            ``meta``, and one of ``table`` (with ``parents``), ``noisy_or`` or ``noisy_max`` (with
            ``leak``), ``deterministic`` (with ``parents``), ``logistic`` (with ``intercept``);
            or ``parents`` alone.

        Examples
        --------
        >>> import fascinet as fn
        >>> spec = {"name": "cough", "variables": {
        ...     "flu": {"label": "Influenza", "table": 0.05},
        ...     "cough": {"noisy_or": {"flu": 0.8}, "leak": 0.1}}}
        >>> fn.NetworkBuilder.from_dict(spec).build().cpt("cough")[1, 1].round(2).item()
        0.82
        """
        from fascinet.model.builder_sources import add_dict

        return add_dict(cls, spec)

    @classmethod
    def from_arcs(
        cls, arcs: "pd.DataFrame", *, states: Mapping[str, Iterable[str]] | None = None,
        name: str = "",
    ) -> Self:  # fmt: skip
        """Return a builder from a frame with an arc a row.

        Parameters
        ----------
        arcs : DataFrame
            Columns ``parent`` and ``child``; with a column ``probability`` each row is a link of
            a noisy-OR, and a row without a parent is the child's leak (of a variable without
            parents: its prior).
        states : mapping of variable to states, optional
            Default: no, yes.

        Examples
        --------
        >>> import fascinet as fn, pandas as pd
        >>> arcs = pd.DataFrame({"parent": [None, "flu", None], "child": ["flu", "cough", "cough"],
        ...                      "probability": [0.05, 0.8, 0.1]})
        >>> fn.NetworkBuilder.from_arcs(arcs).build().cpt("cough")[1, 1].round(2).item()
        0.82
        """
        from fascinet.model.builder_sources import add_arcs

        return add_arcs(cls, arcs, _states(states), name)

    @classmethod
    def from_networkx(
        cls, graph: "nx.DiGraph[Any]", *, states: Mapping[str, Iterable[str]] | None = None
    ) -> Self:
        """Return a builder from a directed graph.

        Parameters
        ----------
        graph : networkx.DiGraph
            A node's attributes are as in `from_dict` (``states``, ``label``, ``table``, …); where
            every arc into a node has an attribute ``link``, the node is a noisy-OR with the
            node's ``leak``. A table's axes are the predecessors in the graph's order.
        states : mapping of variable to states, optional
            For nodes without the attribute; default: no, yes.

        Examples
        --------
        >>> import fascinet as fn, networkx as nx
        >>> graph = nx.DiGraph([("flu", "cough"), ("cold", "cough")])
        >>> fn.NetworkBuilder.from_networkx(graph).build(uniform=True).parents("cough")
        ('flu', 'cold')
        """
        from fascinet.model.builder_sources import add_graph

        return add_graph(cls, graph, _states(states))


def _states(given: Mapping[str, Iterable[str]] | None) -> Mapping[str, Iterable[str]]:
    found = {} if given is None else mapping_of("states", given, "variable to states")
    for v, states in found.items():
        instances_of(f"states of {v!r}", states, str)
    return found
