"""A network in a few lines: variables first, then how each depends on its parents."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, Self

from fascinet.model import builder_rows as read
from fascinet.model.builder_check import issues_of
from fascinet.model.diagram import InfluenceDiagram, Utility, undecided
from fascinet.model.errors import NetworkError, UnknownVariableError, shown
from fascinet.model.gates import Gate, Table
from fascinet.model.issue import Issue
from fascinet.model.network import TABLE_LIMIT, Network

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

NO_YES = ("no", "yes")


@dataclass
class Draft:
    """A variable under construction."""

    states: tuple[str, ...]
    meta: dict[str, Any]
    parents: tuple[str, ...] = ()
    gate: Gate | None = None
    arcs: list[str] = field(default_factory=list)  # known before the gate is
    observes: tuple[str, ...] | None = None  # of a decision: what is known then


class NetworkBuilder:
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
        self.name, self.version = name, version
        self._drafts: dict[str, Draft] = {}
        self._utilities: dict[str, Utility] = {}

    def __repr__(self) -> str:
        return f"NetworkBuilder({self.name!r}, {read.counted(len(self._drafts), 'variable')})"

    # ---------------------------------------------------------------- variables

    def variable(
        self, name: str, states: Iterable[str] = NO_YES, *, label: str = "", **meta: Any
    ) -> Self:
        """Declare a variable.

        Parameters
        ----------
        name : str
        states : iterable of str
            In order, the resting state first; default: no, yes.
        label : str
            What people call it.
        **meta
            Other attributes, such as ``kind="cause"`` (`Network.meta`).

        Raises
        ------
        NetworkError
            If there is such a variable already, or its states are not distinct texts.
        """
        if not isinstance(name, str) or not name:  # pyright: ignore  (frames and dicts hand in any)
            raise NetworkError(f"variable: expected a name, got {shown(name)}")
        if name in self._drafts:
            raise NetworkError(f"variable {name!r} is declared twice")
        if isinstance(states, str):
            raise NetworkError(f"variable {name!r}: expected a list of states, got {states!r}")
        found = tuple(states)
        if not found or len(set(found)) < len(found) or any(not isinstance(s, str) for s in found):  # pyright: ignore
            raise NetworkError(f"variable {name!r}: expected distinct texts as states, got {found}")
        self._drafts[name] = Draft(found, ({"label": label} if label else {}) | meta)
        return self

    def remove(self, name: str) -> Self:
        """Take a variable out; its children then need another gate."""
        self._draft(name)
        del self._drafts[name]
        for draft in self._drafts.values():
            if name in draft.parents or name in draft.arcs:
                draft.arcs = [u for u in draft.parents or draft.arcs if u != name]
                draft.parents, draft.gate = (), None
        return self

    # ---------------------------------------------------------------- gates

    def table(self, name: str, rows: Any, *, parents: Iterable[str] = ()) -> Self:
        """Give a variable a table.

        Parameters
        ----------
        name : str
        rows : float, sequence or mapping
            Without parents one row, else a mapping of configuration to row, or nested lists with
            an axis a parent, in order. A configuration is a state, or a tuple with one a parent.
            A row is P(second state) of a variable with two, or one number a state, as a list or
            as a mapping.
        parents : iterable of str

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder().variable("season", ["summer", "winter"]).variable("flu")
        >>> b = b.table("season", [0.5, 0.5])
        >>> b = b.table("flu", {"summer": 0.01, "winter": 0.1}, parents=["season"])
        >>> b.build().cpt("flu").tolist()
        [[0.99, 0.01], [0.9, 0.1]]
        >>> b.table("flu", {"summer": 0.01, "winter": 1.1}, parents=["season"])
        Traceback (most recent call last):
        ...
        fascinet.model.errors.NetworkError: table of 'flu', row season=winter: expected a ...
        """
        draft, above = self._draft(name), self._above(name, parents, full=True)
        return self._set(draft, above, read.table(name, draft.states, above, rows))

    def noisy_or(self, name: str, links: Mapping[str, Any], *, leak: float = 0.0) -> Self:
        """Give a variable of two states a leaky noisy-OR: each cause acts on its own.

        Parameters
        ----------
        name : str
        links : mapping of parent to float, or to mapping of its states to float
            P(yes | this cause alone), the leak left out (Díez's convention). Of a parent with
            more than two states a number for each but the first, the resting one.
        leak : float
            P(yes | none of the causes): what is not in the network.

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder().variable("flu", ["no", "mild", "severe"]).variable("cough")
        >>> b = b.table("flu", [0.9, 0.08, 0.02])
        >>> b = b.noisy_or("cough", {"flu": {"mild": 0.4, "severe": 0.8}}, leak=0.1)
        >>> b.build().cpt("cough")[:, 1].round(2).tolist()
        [0.1, 0.46, 0.82]
        """
        if len(self._draft(name).states) != 2:
            raise NetworkError(f"noisy-OR of {name!r}: expected two states; use noisy_max")
        read.probability(leak, f"leak of {name!r}")
        return self.noisy_max(name, links, leak=leak)

    def noisy_max(self, name: str, links: Mapping[str, Any], *, leak: Any = None) -> Self:
        """Give a variable with ordered states a leaky noisy-MAX: the worst single effect counts.

        Parameters
        ----------
        name : str
        links : mapping of parent to mapping of its states to rows
            Of each parent's state a row over this variable's states, given this cause alone. A
            parent's first state has no effect unless a row says otherwise; of a parent with two
            states the row of the second is enough. States left out of a row have no probability;
            the first, resting one takes what is left.
        leak : row, optional
            What happens without any cause; default: the resting state.

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder().variable("flu").variable("fever", ["none", "low", "high"])
        >>> b = b.table("flu", 0.05)
        >>> b = b.noisy_max("fever", {"flu": {"low": 0.3, "high": 0.5}}, leak={"low": 0.1})
        >>> b = b.table("flu", 0.1)
        >>> b.build().cpt("fever")[1].round(3).tolist()
        [0.18, 0.32, 0.5]
        """
        if not isinstance(links, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise NetworkError(f"links of {name!r}: expected a mapping of parent to link")
        draft, above = self._draft(name), self._above(name, links)
        return self._set(draft, above, read.noisy_max(name, draft.states, above, links, leak))

    def deterministic(
        self, name: str, outcome: Callable[..., Any] | Mapping[Any, Any], *, parents: Iterable[str]
    ) -> Self:
        """Make a variable a function of its parents.

        Parameters
        ----------
        name : str
        outcome : callable or mapping
            Takes the parents' states in order and returns a state (or a truth value, for two
            states); or a mapping of configuration to state.
        parents : iterable of str

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder().variable("flu").variable("cold").variable("ill")
        >>> b = b.table("flu", 0.05).table("cold", 0.2)
        >>> b = b.deterministic("ill", lambda *causes: "yes" in causes, parents=["flu", "cold"])
        >>> round(fn.Engine(b.build()).prior()["ill"]["yes"], 3)
        0.24
        """
        draft, above = self._draft(name), self._above(name, parents, full=True)
        return self._set(draft, above, read.function(name, draft.states, above, outcome))

    def logistic(self, name: str, weights: Mapping[str, Any], *, intercept: float) -> Self:
        """Give a variable of two states a logistic regression on its parents, kept as a table.

        Parameters
        ----------
        name : str
        weights : mapping of parent to float, or to mapping of its states to float
            Log odds added; the parent's first state is the reference (0 unless given).
        intercept : float
            Log odds of the second state where all parents are at their reference.

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder().variable("smoker").variable("cough").table("smoker", 0.3)
        >>> b = b.logistic("cough", {"smoker": 1.5}, intercept=-2.0)
        >>> b.build().cpt("cough")[:, 1].round(3).tolist()
        [0.119, 0.378]
        """
        draft, above = self._draft(name), self._above(name, weights, full=True)
        return self._set(draft, above, read.logistic(name, draft.states, above, weights, intercept))

    def arc(self, parent: str, child: str) -> Self:
        """Add an arc without figures, for parameters that come later (from data)."""
        draft = self._draft(child)
        self._draft(parent, f"parent of {child!r}")
        if parent in draft.arcs or parent in draft.parents:
            raise NetworkError(f"arc {parent} → {child} is given twice")
        draft.arcs = [*(draft.parents or draft.arcs), parent]
        draft.parents, draft.gate = (), None
        return self

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
        if name in self._utilities or name in self._drafts:
            raise NetworkError(f"{name!r} is declared twice")
        self._utilities[name] = Utility(tuple(above), read.worths(name, above, values))
        return self

    def diagram(self) -> InfluenceDiagram:
        """Return the influence diagram.

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
        return InfluenceDiagram(self._network(), decisions, self._utilities)

    # ---------------------------------------------------------------- the network

    def check(self) -> tuple[Issue, ...]:
        """Return all that is wrong or doubtful so far, errors first; empty if nothing is.

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder().variable("rain").variable("wet").arc("rain", "wet")
        >>> for issue in b.table("rain", 0.2).check():
        ...     print(issue)
        error [gate] wet: has no table or gate; call table("wet", …) or another gate
        """
        return issues_of({v: (d.states, self._arcs(d), d.gate) for v, d in self._drafts.items()})

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

    def _network(self) -> Network:
        errors = [i for i in self.check() if i.level == "error"]
        if errors:
            raise NetworkError("; ".join(f"{i.where}: {i.message}, {i.remedy}" for i in errors))
        drafts = self._drafts.items()
        return Network(
            {v: d.states for v, d in drafts}, {v: d.parents for v, d in drafts},
            {v: d.gate for v, d in drafts if d.gate is not None},
            name=self.name, version=self.version, meta={v: d.meta for v, d in drafts if d.meta},
        )  # fmt: skip

    def _fill(self) -> None:
        for name, draft in self._drafts.items():
            if draft.gate is None:
                above = self._above(name, draft.arcs, full=True)
                shape = (*(len(s) for s in above.values()), len(draft.states))
                table = Table(read.np.full(shape, 1.0 / len(draft.states)))
                self._set(draft, above, table)

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

        return add_arcs(cls, arcs, states or {}, name)

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

        return add_graph(cls, graph, states or {})

    # ---------------------------------------------------------------- within

    def _draft(self, name: str, what: str = "") -> Draft:
        if name not in self._drafts:
            if what:
                raise NetworkError(f"{what}: {UnknownVariableError(name, self._drafts)}")
            raise UnknownVariableError(name, self._drafts)
        return self._drafts[name]

    @staticmethod
    def _arcs(draft: Draft) -> tuple[str, ...]:
        return draft.parents or tuple(draft.arcs)

    def _names(self, names: Iterable[str]) -> tuple[str, ...]:
        return (names,) if isinstance(names, str) else tuple(names)

    def _above(self, name: str, parents: Iterable[str], *, full: bool = False) -> read.Parents:
        names = self._names(parents)
        for u in names:
            self._draft(u, f"parent of {name!r}" if name else "parent of a utility")
        if len(set(names)) < len(names):
            raise NetworkError(f"variable {name!r}: a parent is listed twice: {names}")
        found = {u: self._drafts[u].states for u in names}
        size = prod(map(len, found.values())) * (len(self._draft(name).states) if full else 1)
        if full and size > TABLE_LIMIT:
            raise NetworkError(f"table of {name!r} would have {size:.3g} entries; use a noisy gate")
        return found

    def _set(self, draft: Draft, above: read.Parents, gate: Gate) -> Self:
        if draft.observes is not None:
            raise NetworkError("a decision has no table: say what it observes")
        draft.parents, draft.gate, draft.arcs = tuple(above), gate, []
        draft.meta.pop("ranges", None)  # they belonged to other figures
        return self
