"""Dynamic networks of two slices: unrolled, filtered, smoothed, predicted.

The first slice is a network; the second says how each of its variables follows from the slice
before, whose variables are called ``name@-1`` there. Unrolled n times it is an ordinary network, in
which everything else of fascinet can be asked:

    P(x@t | e@1..t)      filter
    P(x@t | e@1..n)      smooth
    P(x@n+k | e@1..n)    predict
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from fascinet.engine.analyses.results import Columns, Result
from fascinet.engine.api.engine import Engine
from fascinet.engine.run.evidence import names_of
from fascinet.model.arguments import whole_number
from fascinet.model.builder import NetworkBuilder
from fascinet.model.errors import EvidenceError, NetworkError, UnknownVariableError
from fascinet.model.foreign import refusal
from fascinet.model.gates import Gate
from fascinet.model.network import Network
from fascinet.model.plural import counted

BEFORE = "@-1"
Visit: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, eq=False, repr=False)
class Course(Result):
    """Marginals of variables over time.

    Attributes
    ----------
    kind : str
        filter, smooth or predict.
    times : tuple of int
        Slices, from 1.
    marginals : mapping of variable to tuple of mapping
        For each time, P(state) by state.
    log_prob_evidence : float
        ln P of all that was seen.
    """

    kind: str
    times: tuple[int, ...]
    marginals: Mapping[str, tuple[Mapping[str, float], ...]]
    log_prob_evidence: float

    def __getitem__(self, variable: str) -> tuple[Mapping[str, float], ...]:
        if variable not in self.marginals:
            raise UnknownVariableError(variable, self.marginals)
        return self.marginals[variable]

    def columns(self) -> Columns:
        """Return one row a time, variable and state."""
        rows = [
            (t, v, s, p)
            for v, course in self.marginals.items()
            for t, marginal in zip(self.times, course, strict=True)
            for s, p in marginal.items()
        ]
        names = ("time", "variable", "state", "probability")
        return {name: [row[k] for row in rows] for k, name in enumerate(names)}

    def title(self) -> str:
        """Return what was asked."""
        return f"{self.kind}: {counted(len(self.times), 'time')}"


class DynamicNetwork:
    """A network that follows itself in time.

    Parameters
    ----------
    first : Network or NetworkBuilder
        The first slice.
    then : Network or NetworkBuilder
        Every later slice. ``x@-1`` stands for x in the slice before; its table here is not used.
    static : iterable of str
        Variables of `first` that do not change; in `then` they are named as they are, and their
        tables there are not used.

    Raises
    ------
    NetworkError
        If the two do not fit, with the variable.

    Examples
    --------
    >>> import fascinet as fn
    >>> shown = {"no": 0.2, "yes": 0.9}
    >>> first = fn.NetworkBuilder().variable("rain").table("rain", 0.5)
    >>> first = first.variable("umbrella").table("umbrella", shown, parents=["rain"])
    >>> then = fn.NetworkBuilder().variable("rain@-1").table("rain@-1", 0.5)
    >>> then = then.variable("rain").table("rain", {"no": 0.3, "yes": 0.7}, parents=["rain@-1"])
    >>> then = then.variable("umbrella").table("umbrella", shown, parents=["rain"])
    >>> weather = fn.DynamicNetwork(first, then)
    >>> found = weather.filter([{"umbrella": "yes"}, {"umbrella": "yes"}], targets="rain")
    >>> [round(p["yes"], 3) for p in found["rain"]]
    [0.818, 0.883]
    """

    def __init__(
        self, first: Network | NetworkBuilder, then: Network | NetworkBuilder, *,
        static: str | Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.first, self.then = _network(first), _network(then)
        self.static = tuple(self.first.check(v) for v in names_of(static))
        self._engines: dict[int, Engine] = {}
        self.changing = tuple(v for v in self.first.variables if v not in self.static)
        self._check()

    def __repr__(self) -> str:
        return f"DynamicNetwork({counted(len(self.changing), 'variable')} a slice)"

    def _check(self) -> None:
        then = self.then
        for v in self.first.variables:
            if BEFORE in v or "@" in v:
                raise NetworkError(f"{v}: expected a name without @ in the first slice")
        for v in self.changing:
            if v not in then.index:
                raise NetworkError(f"{v}: expected it in the later slices, too, or as static")
        for v in then.variables:
            name = v.removesuffix(BEFORE)
            if name not in self.first.index or (v != name and name in self.static):
                known = (*self.first.variables, *(c + BEFORE for c in self.changing))
                raise UnknownVariableError(v, known)
            if then.states(v) != self.first.states(name):
                raise NetworkError(
                    f"{v}: expected the states of the first slice, "
                    f"{', '.join(self.first.states(name))}; got {', '.join(then.states(v))}"
                )
            if (v != name or v in self.static) and then.parents(v):
                raise NetworkError(f"{v}: expected no parents in the later slices")
        for v in self.static:
            changing = [u for u in self.first.parents(v) if u not in self.static]
            if changing:
                raise NetworkError(f"{v}: static, yet its parent {changing[0]} is not")

    def unroll(self, slices: int) -> Network:
        """Return the network of so many slices; ``x@t`` is x in slice t, from 1.

        Raises
        ------
        ArgumentError
        """
        slices = whole_number("number of slices", slices)
        states: dict[str, tuple[str, ...]] = {}
        parents: dict[str, tuple[str, ...]] = {}
        gates: dict[str, Gate] = {}
        meta: dict[str, Any] = {}
        for v in self.static:
            states[v], gates[v] = self.first.states(v), self.first.gate(v)
            parents[v], meta[v] = self.first.parents(v), dict(self.first.meta.get(v, {}))
        for t in range(1, slices + 1):
            of = self.first if t == 1 else self.then
            for v in self.changing:
                name = f"{v}@{t}"
                states[name], gates[name] = of.states(v), of.gate(v)
                parents[name] = tuple(self._name(u, t) for u in of.parents(v))
                meta[name] = dict(self.first.meta.get(v, {}))
        return Network(
            states, parents, gates, name=self.first.name, version=self.first.version, meta=meta
        )

    def _name(self, told: str, time: int) -> str:
        if told in self.static:
            return told
        before = told.endswith(BEFORE)
        return f"{told.removesuffix(BEFORE)}@{time - before}"

    def engine(self, slices: int) -> Engine:
        """Return the engine of the network of so many slices; kept."""
        if slices not in self._engines:
            self._engines[slices] = Engine(self.unroll(slices))
        return self._engines[slices]

    def filter(self, visits: Sequence[Visit], targets: str | Iterable[str] | None = None) -> Course:
        """Return what was known at each time: P(x@t | everything seen up to t).

        Parameters
        ----------
        visits : sequence of mapping of variable to state
            What was seen in each slice, from the first; empty where nothing was. A static variable
            may be told in any.
        targets : str or iterable of str, optional
            Variables of a slice; default: all.
        """
        whole = self._evidence(visits)
        out = [self._marginals(whole[:t], targets, t, (t,)) for t in range(1, len(visits) + 1)]
        return self._course("filter", out, tuple(range(1, len(visits) + 1)))

    def smooth(self, visits: Sequence[Visit], targets: str | Iterable[str] | None = None) -> Course:
        """Return what is known now of each time: P(x@t | everything seen)."""
        n = len(visits)
        whole, times = self._evidence(visits), tuple(range(1, n + 1))
        return self._course("smooth", [self._marginals(whole, targets, n, times)], times)

    def predict(
        self, visits: Sequence[Visit], steps: int, targets: str | Iterable[str] | None = None
    ) -> Course:
        """Return what is expected of the times after the last visit."""
        n = len(visits)
        steps = whole_number("number of steps", steps)
        times = tuple(range(n + 1, n + steps + 1))
        whole = self._evidence(visits) if visits else []
        return self._course("predict", [self._marginals(whole, targets, n + steps, times)], times)

    def _evidence(self, visits: Sequence[Visit]) -> list[dict[str, str]]:
        """Return the evidence of each slice by its unrolled name."""
        if not visits:
            raise EvidenceError("expected the findings of one visit or more, got none")
        out: list[dict[str, str]] = []
        fixed: dict[str, str] = {}
        for t, visit in enumerate(visits, 1):
            told = {self.first.check(v): s for v, s in visit.items() if s is not None}  # pyright: ignore
            for v in [v for v in told if v in self.static]:
                if fixed.setdefault(v, told[v]) != told[v]:
                    raise EvidenceError(f"{v} does not change, yet is {fixed[v]} and {told[v]}")
            out.append({self._name(v, t): s for v, s in told.items()})
        return out

    def _marginals(
        self, evidence: list[dict[str, str]], targets: str | Iterable[str] | None, slices: int,
        times: tuple[int, ...],
    ) -> tuple[dict[str, list[Mapping[str, float]]], float]:  # fmt: skip
        asked = self.first.variables if targets is None else names_of(targets)
        asked = tuple(self.first.check(v) for v in asked)
        given = {v: s for visit in evidence for v, s in visit.items()}
        names = dict.fromkeys(self._name(v, t) for v in asked for t in times)
        found = self.engine(slices).posterior(given, targets=list(names))
        marginals: dict[str, list[Mapping[str, float]]] = {
            v: [dict(found[self._name(v, t)]) for t in times] for v in asked
        }
        return marginals, float(found.log_prob_evidence)

    @staticmethod
    def _course(kind: str, parts: list[Any], times: tuple[int, ...]) -> Course:
        names = parts[0][0]
        whole = {v: tuple(m for part, _ in parts for m in part[v]) for v in names}
        return Course(kind, times, whole, parts[-1][1])


def _network(given: Network | NetworkBuilder) -> Network:
    if isinstance(given, NetworkBuilder):
        return given.build()
    if not isinstance(given, Network):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise refusal("a fascinet Network or NetworkBuilder", given)
    return given
