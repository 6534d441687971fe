"""An immutable discrete Bayesian network: names outside, gates inside."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from heapq import heappop, heappush
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from fascinet.model.errors import (
    ArgumentError,
    NetworkError,
    UnknownStateError,
    UnknownVariableError,
    shown,
)
from fascinet.model.gates import Array, Function, Gate, NoisyMax, Table
from fascinet.model.lazy import Lazy
from fascinet.model.plural import counted

if TYPE_CHECKING:
    from pathlib import Path

    import networkx as nx
    from pgmpy.models import DiscreteBayesianNetwork

    from fascinet.model import describe_variable as describing
    from fascinet.model import display, formats, structure
    from fascinet.model.describe_variable import VariableDescription
    from fascinet.model.formats import pgmpy_bridge, pyagrum_bridge
else:
    # what is built on networks, imported when a method first asks for it
    describing = Lazy("fascinet.model.describe_variable")
    display = Lazy("fascinet.model.display")
    formats = Lazy("fascinet.model.formats")
    pgmpy_bridge = Lazy("fascinet.model.formats.pgmpy_bridge")
    pyagrum_bridge = Lazy("fascinet.model.formats.pyagrum_bridge")
    structure = Lazy("fascinet.model.structure")

TABLE_LIMIT = 2**26


class Network:
    """A directed acyclic graph with one gate per variable.

    Parameters
    ----------
    states : mapping of str to sequence of str
        The variables, in order, with their states, in order. The first state of a noisy-MAX
        variable is the resting one.
    parents : mapping of str to sequence of str
        Parents in the order of the gate's axes; a variable left out has none.
    gates : mapping of str to Gate
        One gate a variable.
    name, version : str
        Shown with every result.
    meta : mapping of str to mapping
        Free attributes of variables (label, kind, group, …), not part of the hash.

    Raises
    ------
    NetworkError
        On a cycle, a missing gate, a duplicate state, or a gate that does not fit its parents.
    UnknownVariableError
        On a parent that is no variable.

    Examples
    --------
    >>> import fascinet as fn
    >>> network = fn.load()
    >>> network.parents("trigger_als")
    ('als',)
    >>> network.do({"als": "no"}).cpt("als").tolist()
    [1.0, 0.0]
    """

    def __init__(
        self,
        states: Mapping[str, Sequence[str]],
        parents: Mapping[str, Sequence[str]],
        gates: Mapping[str, Gate],
        *,
        name: str = "",
        version: str = "",
        meta: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.name, self.version = name, version
        self._states = {v: tuple(s) for v, s in states.items()}
        self._parents = {v: tuple(parents.get(v, ())) for v in self._states}
        self._gates = dict(gates)
        self.meta: Mapping[str, Mapping[str, Any]] = MappingProxyType(dict(meta or {}))
        self.index: Mapping[str, int] = MappingProxyType({v: i for i, v in enumerate(self._states)})
        for v in parents:
            self.check(v)
        for v in self._states:
            self._check_variable(v)
        self._check_acyclic()

    # ---------------------------------------------------------------- checks

    def _check_variable(self, v: str) -> None:
        states = self._states[v]
        if not states or len(set(states)) != len(states):
            raise NetworkError(f"variable {v!r}: expected distinct states, got {states}")
        if v not in self._gates:
            raise NetworkError(f"variable {v!r} has no gate or table")
        parents = self._parents[v]
        for u in parents:
            self.check(u)
        if len(set(parents)) != len(parents):
            raise NetworkError(f"variable {v!r}: a parent is listed twice: {parents}")
        want = (*(len(self._states[u]) for u in parents), len(states))
        got = (*self._gates[v].cards, self._gates[v].states)
        if want != got:
            raise NetworkError(f"gate of {v!r}: expected shape {want} for {parents}, got {got}")

    def _check_acyclic(self) -> None:
        if len(self.topological) < len(self._states):
            import networkx as nx

            cycle = " → ".join(u for u, _ in nx.find_cycle(self.graph))
            raise NetworkError(f"the arcs make a cycle: {cycle}")

    def check(self, variable: str) -> str:
        """Return `variable`, or raise `UnknownVariableError` with the nearest name."""
        if not isinstance(variable, str) or variable not in self._states:  # pyright: ignore
            raise UnknownVariableError(variable, self._states)
        return variable

    def state_index(self, variable: str, state: str | bool | int) -> int:
        """Return the index of `state`, or raise with the nearest valid name.

        A number or truth value stands for the state that spells it: 1 for "1", True for "True" or
        "yes".
        """
        states = self._states[self.check(variable)]
        try:
            return states.index(state)  # pyright: ignore[reportArgumentType]  (most are text)
        except ValueError:
            found = next((text for text in texts_of(state) if text in states), None)
        if found is None:
            raise UnknownStateError(variable, state, states)
        return states.index(found)

    # ---------------------------------------------------------------- reading

    @property
    def variables(self) -> tuple[str, ...]:
        """All variables, in the order given."""
        return tuple(self._states)

    def states(self, variable: str) -> tuple[str, ...]:
        """Return the states of `variable`, in order."""
        return self._states[self.check(variable)]

    def parents(self, variable: str) -> tuple[str, ...]:
        """Return the parents of `variable`, in the order of the table's axes."""
        return self._parents[self.check(variable)]

    def children(self, variable: str) -> tuple[str, ...]:
        """Return the children of `variable`, in network order."""
        return self._children[self.check(variable)]

    def gate(self, variable: str) -> Gate:
        """Return the gate of `variable`."""
        return self._gates[self.check(variable)]

    def cpt(self, variable: str) -> Array:
        """Return P(variable | parents), shape (parents' states …, states), read-only.

        Raises
        ------
        NetworkError
            If the table of a gate would exceed 2^26 entries.
        """
        gate = self.gate(variable)
        size = float(np.prod([float(c) for c in (*gate.cards, gate.states)]))
        if size > TABLE_LIMIT:
            raise NetworkError(f"table of {variable!r} would have {size:.3g} entries; use gate()")
        return gate.to_table()

    @cached_property
    def graph(self) -> "nx.DiGraph[str]":
        """The arcs as a networkx graph (do not change it)."""
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self._states)
        graph.add_edges_from((u, v) for v, us in self._parents.items() for u in us)
        return graph

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        """The children of every variable, in network order."""
        kids: dict[str, list[str]] = {v: [] for v in self._states}
        for v, us in self._parents.items():
            for u in us:
                kids[u].append(v)
        return {v: tuple(us) for v, us in kids.items()}

    @cached_property
    def topological(self) -> tuple[str, ...]:
        """All variables, parents before children; ties in network order."""
        waiting = {v: len(us) for v, us in self._parents.items()}
        ready = [self.index[v] for v, n in waiting.items() if n == 0]
        names, order = self.variables, list[str]()
        while ready:
            order.append(names[heappop(ready)])
            for kid in self._children[order[-1]]:
                waiting[kid] -= 1
                if waiting[kid] == 0:
                    heappush(ready, self.index[kid])
        return tuple(order)

    def descendants(self, variable: str) -> frozenset[str]:
        """Return all variables that a directed path from `variable` leads to."""
        found, open_ = set[str](), [self.check(variable)]
        while open_:
            new = [v for v in self._children[open_.pop()] if v not in found]
            found.update(new)
            open_.extend(new)
        return frozenset(found)

    def describe(self, variable: str) -> "VariableDescription":
        """Return what the network says about a variable: label, states, parents, children, gate.

        Examples
        --------
        >>> import fascinet as fn
        >>> fn.example("asia").describe("bronc")
        bronc
          states   yes, no
          parents  smoke
          children dysp
          gate     Table, 4 parameters
        """
        return describing.describe(self, variable)

    def d_separated(
        self, first: str | Iterable[str], second: str | Iterable[str],
        given: str | Iterable[str] = (),
    ) -> bool:  # fmt: skip
        """Return whether `given` d-separates two sets of variables: independent in every table.

        Examples
        --------
        >>> import fascinet as fn
        >>> asia = fn.example("asia")
        >>> asia.d_separated("lung", "bronc", given="smoke"), asia.d_separated("lung", "bronc")
        (True, False)
        """
        return structure.d_separated(self, first, second, given)

    def markov_blanket(self, variable: str) -> frozenset[str]:
        """Return the variables that make all others irrelevant: parents, children, co-parents.

        Examples
        --------
        >>> import fascinet as fn
        >>> sorted(fn.example("asia").markov_blanket("bronc"))
        ['dysp', 'either', 'smoke']
        """
        return structure.markov_blanket(self, variable)

    def adjustment_set(
        self, treatment: str, outcome: str, among: str | Iterable[str] | None = None
    ) -> frozenset[str] | None:
        """Return a minimal set Z that meets the back-door criterion, or None if there is none.

        Then P(outcome | do(treatment)) = Σ_z P(outcome | treatment, z) P(z) (Pearl 2009).

        Parameters
        ----------
        treatment, outcome : str
        among : str or iterable of str, optional
            The variables that can be observed; default: all.

        Examples
        --------
        >>> import fascinet as fn
        >>> fn.example("asia").adjustment_set("lung", "dysp")
        frozenset({'smoke'})
        """
        return structure.adjustment_set(self, treatment, outcome, among)

    @cached_property
    def hash(self) -> str:
        """SHA-256 over names, states, parents and every parameter; 16 hex digits."""
        digest = hashlib.sha256()
        for v in self._states:
            digest.update(repr((v, self._states[v], self._parents[v])).encode())
            for array in gate_arrays(self._gates[v]):
                digest.update(str(array.shape).encode() + array.tobytes())
        return digest.hexdigest()[:16]

    # ---------------------------------------------------------------- changing

    def replace(self, **changes: Any) -> "Network":
        """Return a network with some of the constructor's arguments replaced."""
        args: dict[str, Any] = {
            "states": self._states, "parents": self._parents, "gates": self._gates,
            "name": self.name, "version": self.version, "meta": self.meta,
        }  # fmt: skip
        return Network(**(args | changes))

    def copy_with(
        self,
        *,
        name: str | None = None,
        version: str | None = None,
        tables: Mapping[str, ArrayLike] | None = None,
        gates: Mapping[str, Gate] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> "Network":
        """Return a network in which some things are different, all checked together.

        Parameters
        ----------
        name, version : str, optional
        tables : mapping of variable to array, optional
            New tables over the same parents.
        gates : mapping of variable to Gate, optional
            New gates over the same parents.
        labels : mapping of variable to str, optional
            What people call a variable.

        Examples
        --------
        >>> import fascinet as fn
        >>> asia = fn.example("asia").copy_with(name="asia 2", tables={"smoke": [0.2, 0.8]})
        >>> asia.name, asia.cpt("smoke").tolist()
        ('asia 2', [0.2, 0.8])
        """
        for key, given in (("tables", tables), ("gates", gates), ("labels", labels)):
            if given is not None and not isinstance(given, Mapping):  # pyright: ignore
                raise ArgumentError(key, "a mapping of variable to value", shown(given))
        new: dict[str, Gate] = {**(gates or {})}
        for gate in new.values():
            if not isinstance(gate, Table | NoisyMax | Function):  # pyright: ignore
                raise ArgumentError("gates", "a Gate for each variable", shown(gate))
        for v, values in (tables or {}).items():
            if v in new:
                raise NetworkError(f"variable {v!r}: expected a table or a gate, got both")
            try:
                new[v] = Table(np.asarray(values, dtype=np.float64))
            except (TypeError, ValueError):
                raise NetworkError(
                    f"table of {v!r}: expected an array of numbers, got {shown(values)}"
                ) from None
        meta = {v: dict(m) for v, m in self.meta.items()}
        for v in new:  # cited ranges belong to the figures that go
            meta.get(self.check(v), {}).pop("ranges", None)
        for v, label in (labels or {}).items():
            meta.setdefault(self.check(v), {})["label"] = label
        return self.replace(
            gates=self._gates | new, meta=meta,
            name=self.name if name is None else name,
            version=self.version if version is None else version,
        )  # fmt: skip

    def with_gate(self, variable: str, gate: Gate) -> "Network":
        """Return a network in which `variable` has another gate over the same parents."""
        return self.replace(gates=self._gates | {self.check(variable): gate})

    def with_cpt(self, variable: str, array: ArrayLike) -> "Network":
        """Return a network in which `variable` has another table (co-variation is the caller's)."""
        return self.with_gate(variable, Table(np.asarray(array, dtype=np.float64)))

    def do(self, interventions: Mapping[str, str]) -> "Network":
        """Return the mutilated network: each variable cut from its parents and set (Pearl 2009)."""
        parents, gates = dict(self._parents), dict(self._gates)
        for v, state in interventions.items():
            point = np.zeros(len(self.states(v)))
            point[self.state_index(v, state)] = 1.0
            parents[v], gates[v] = (), Table(point)
        # a set variable has no figure left, so no cited range either
        bare = {
            v: {k: x for k, x in m.items() if v not in interventions or k != "ranges"}
            for v, m in self.meta.items()
        }
        return self.replace(parents=parents, gates=gates, meta=bare)

    # ---------------------------------------------------------------- pickling

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs; read-only views as plain mappings, derived graphs left out."""
        left_out = ("graph", "topological", "_children")
        kept = {k: v for k, v in self.__dict__.items() if k not in left_out}
        return kept | {"meta": dict(self.meta), "index": dict(self.index)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy; its arrays are read-only again."""
        self.__dict__.update(state)
        self.meta, self.index = MappingProxyType(state["meta"]), MappingProxyType(state["index"])
        for gate in self._gates.values():
            for part in vars(gate).values():
                for array in part if isinstance(part, tuple) else (part,):
                    if isinstance(array, np.ndarray):
                        array.setflags(write=False)

    # ---------------------------------------------------------------- formats

    def to_pgmpy(self) -> "DiscreteBayesianNetwork":
        """Return a pgmpy network with full tables."""
        return pgmpy_bridge.to_pgmpy(self)

    @staticmethod
    def from_pgmpy(model: "DiscreteBayesianNetwork") -> "Network":
        """Return a network from a pgmpy one."""
        return pgmpy_bridge.from_pgmpy(model)

    def to_pyagrum(self) -> Any:
        """Return a pyAgrum `BayesNet` with full tables."""
        return pyagrum_bridge.to_pyagrum(self)

    @staticmethod
    def from_pyagrum(model: Any) -> "Network":
        """Return a network from a pyAgrum `BayesNet`, its tables read entry by entry."""
        return pyagrum_bridge.from_pyagrum(model)

    def to_dot(self, variables: str | Iterable[str] | None = None) -> str:
        """Return the graph, or part of it, in Graphviz's DOT language.

        Examples
        --------
        >>> import fascinet as fn
        >>> print(fn.example("asia").to_dot(["smoke", "lung"]))
        digraph "asia" {
          "smoke" [label="smoke"];
          "lung" [label="lung"];
          "smoke" -> "lung";
        }
        <BLANKLINE>
        """
        return structure.to_dot(self, variables)

    def save(self, path: "str | Path") -> None:
        """Write the network in the format that the suffix names (.bif, .json, …, also .gz)."""
        formats.write(self, path)

    def _repr_html_(self) -> str:
        return display.network_html(self)

    def __repr__(self) -> str:
        arcs = sum(len(us) for us in self._parents.values())
        size = f"{counted(len(self._states), 'variable')}, {counted(arcs, 'arc')}"
        return f"Network({self.name!r}, {size}, {self.hash})"


TRUTHS = {
    True: ("True", "true", "TRUE", "yes", "Yes", "YES", "1"),
    False: ("False", "false", "FALSE", "no", "No", "NO", "0"),
}


def texts_of(value: object) -> tuple[str, ...]:
    """Return how a state may spell a number or a truth value; nothing for other objects.

    >>> texts_of(2), texts_of(2.5), texts_of([])
    (('2', '2.0'), ('2.5',), ())
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return TRUTHS[value]
    if isinstance(value, int | float):
        whole = isinstance(value, int) or value.is_integer()
        return (str(int(value)), f"{int(value)}.0") if whole else (str(value),)
    return ()


def gate_arrays(gate: Gate) -> tuple[Array, ...]:
    """Return the arrays that hold a gate's parameters."""
    if isinstance(gate, Table):
        return (gate.values,)
    if isinstance(gate, NoisyMax):
        return (*gate.links, gate.leak)
    assert isinstance(gate, Function)
    return (gate.outcome.astype(np.float64),)
