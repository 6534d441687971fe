"""The answer to one query: every posterior marginal, named when it is read."""

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from fascinet.model.errors import OptionError, UnknownStateError, UnknownVariableError
from fascinet.model.gates import Array
from fascinet.model.lazy import Lazy
from fascinet.model.network import texts_of
from fascinet.model.plural import counted

if TYPE_CHECKING:
    import pandas as pd

charts_room = Lazy("fascinet.engine.display.charts")
drawing_room = Lazy("fascinet.engine.display.drawing")

NOTHING: Mapping[str, Any] = MappingProxyType({})
Targets: TypeAlias = tuple[str, ...] | None
Rest: TypeAlias = Callable[[Array], Array]


class Layout:
    """Where each variable's states lie in the flat array of an answer; one per engine."""

    __slots__ = (
        "certain", "places", "slices", "starts", "state_maps", "states", "total", "variables",
    )  # fmt: skip

    def __init__(self, states: Mapping[str, tuple[str, ...]]) -> None:
        self.variables = tuple(states)
        self.states = dict(states)
        self.state_maps = {v: {s: i for i, s in enumerate(ss)} for v, ss in states.items()}
        sizes = [len(s) for s in states.values()]
        self.starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.slices = {
            v: slice(int(self.starts[i]), int(self.starts[i + 1]))
            for i, v in enumerate(self.variables)
        }
        self.total = int(self.starts[-1])
        self.certain = tuple(v for v, ss in states.items() if len(ss) == 1)
        self.places = {
            v: {s: int(self.starts[i]) + k for k, s in enumerate(states[v])}
            for i, v in enumerate(self.variables)
        }


class Marginal(Mapping[str, float]):
    """P(variable = state | evidence) of one variable, by state."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: Mapping[str, int], values: Array) -> None:
        self._places, self._values = places, values

    def __getitem__(self, state: str) -> float:
        try:
            return self._values.item(self._places[state])
        except KeyError:
            found = next((s for s in texts_of(state) if s in self._places), None)
            if found is None:
                raise OptionError("state", state, self._places) from None
            return self._values.item(self._places[found])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return repr(dict(self))


def as_dict(evidence: object) -> dict[str, str] | None:
    """Return any mapping, or none at all, as a dict; None if it is something else."""
    if evidence is None:
        return {}
    return dict(evidence) if isinstance(evidence, Mapping) else None  # pyright: ignore  (of what, is asked later)


class Posterior(Mapping[str, Marginal]):
    """All posterior marginals under one evidence; read-only.

    Of a network with gates, the posteriors of leaves may wait until one of them, or all, are read:
    the numbers are the same as at once.

    Attributes
    ----------
    flat : array
        P(v = s | e) of all variables in network order, flat; NaN where `targets` left one out.
    log_prob_evidence : float
        ln P(e), soft evidence counted with its likelihood; 0.0 if the evidence is certain.
    evidence, soft, do : mapping
        The evidence as given.
    targets : tuple of str
        The variables that were asked for.

    Examples
    --------
    >>> import fascinet as fn
    >>> p = fn.Engine(fn.load(setting="general")).posterior({"weakness": "objective"})
    >>> round(sum(p["als"].values()), 12)
    1.0
    >>> p["weakness"]["objective"]
    1.0
    """

    __slots__ = (
        "_do",
        "_evidence",
        "_layout",
        "_log_prob",
        "_prior",
        "_rest",
        "_soft",
        "_targets",
        "_values",
    )

    _rest: Rest | None

    def __init__(
        self,
        layout: Layout,
        values: Array,
        log_prob_evidence: float,
        evidence: Mapping[str, str],
        soft: Mapping[str, Any],
        do: Mapping[str, str],
        targets: tuple[str, ...],
        prior: Callable[[], "Posterior"],
        rest: Rest | None = None,
    ) -> None:
        self._layout, self._values, self._log_prob = layout, values, log_prob_evidence
        self._evidence, self._soft, self._do = evidence, soft, do
        self._targets, self._prior, self._rest = targets, prior, rest

    @staticmethod
    def answering(
        layout: Layout,
        prior: "Callable[[], Posterior]",
        entry: Callable[[Any, dict[str, str], Array], float],
        frame: object,
    ) -> "Callable[[Mapping[str, str] | None], Posterior | None]":
        """Return what answers hard evidence by a function that takes names; None on any trouble.

        On a small network the call takes no longer than to make an object by its class would: so
        the slots are filled here, one by one.

        Parameters
        ----------
        entry : callable
            Takes `frame`, the evidence and the array for the answer; returns ln P(e), or NaN.
        """
        size, targets, never = layout.total, layout.variables, -np.inf
        empty, new = np.empty, object.__new__

        def answer(evidence: Mapping[str, str] | None) -> Posterior | None:
            given = evidence.copy() if type(evidence) is dict else as_dict(evidence)
            if given is None:
                return None
            values = empty(size)
            log_prob = entry(frame, given, values)
            if not log_prob > never:
                return None
            found = new(Posterior)
            found._layout, found._values, found._log_prob = layout, values, log_prob
            found._evidence, found._soft, found._do = given, NOTHING, NOTHING
            found._targets, found._prior, found._rest = targets, prior, None
            return found

        return answer

    def _whole(self) -> Array:
        """Return the answer with nothing left out; what others may be reading is not changed."""
        rest = self._rest  # first: once there is none, the values are whole
        if rest is not None:
            self._values = rest(self._values)
            self._rest = None
        return self._values

    def _known(self, start: int) -> Array:
        """Return an answer that holds the variable whose states start at a place."""
        rest, values = self._rest, self._values
        return values if rest is None or values[start] == values[start] else self._whole()

    def _asked(self, variable: str) -> Array:
        """Return an answer that holds a variable, or raise if it was not among the targets."""
        start = self._layout.slices[variable].start
        values = self._known(start)
        if values[start] != values[start] and variable not in self._targets:
            raise OptionError("target", variable, self._targets)
        return values

    @property
    def flat(self) -> Array:
        """P(v = s | e) of all variables in network order, read-only."""
        values = self._whole()
        values.flags.writeable = False
        return values

    def __copy__(self) -> "Posterior":
        return self  # nothing of it ever changes

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the answer in full and the prior's: whoever unpickles it needs no engine."""
        plain = dict(self._evidence), dict(self._soft), dict(self._do)
        answer, prior = (self._whole(), self._log_prob), self.prior
        rest = self._targets, prior.flat, prior.log_prob_evidence
        return restored, (self._layout, *answer, *plain, *rest)

    @property
    def log_prob_evidence(self) -> float:
        """The logarithm of P(e)."""
        return self._log_prob

    @property
    def evidence(self) -> Mapping[str, str]:
        """The hard evidence as given."""
        return self._evidence

    @property
    def soft(self) -> Mapping[str, Any]:
        """The soft evidence as given."""
        return self._soft

    @property
    def do(self) -> Mapping[str, str]:
        """The interventions as given."""
        return self._do

    @property
    def targets(self) -> tuple[str, ...]:
        """The variables that were asked for."""
        return self._targets

    def __getitem__(self, variable: str) -> Marginal:
        try:
            places = self._layout.places[variable]
        except KeyError:
            raise UnknownVariableError(variable, self._layout.variables) from None
        if self._rest is None and self._targets is self._layout.variables:
            return Marginal(places, self._values)
        return Marginal(places, self._asked(variable))

    def __iter__(self) -> Iterator[str]:
        return iter(self.targets)

    def __len__(self) -> int:
        return len(self.targets)

    def __contains__(self, variable: object) -> bool:
        return variable in self.targets

    def array(self, variable: str) -> Array:
        """Return P(variable | evidence) in state order, read-only, shape (states,)."""
        layout: Layout = self._layout
        if variable not in layout.slices:
            raise UnknownVariableError(variable, layout.variables)
        here = layout.slices[variable]
        values = self._asked(variable)[here]
        values.flags.writeable = False
        return values

    def prob(self, variable: str, state: str) -> float:
        """Return P(variable = state | evidence), with the nearest name on a misspelling."""
        values = self.array(variable)
        states = self._layout.state_maps[variable]
        if state not in states:
            raise UnknownStateError(variable, state, states)
        return float(values[states[state]])

    def only(self, targets: tuple[str, ...]) -> "Posterior":
        """Return the posteriors of some variables; of others that are not certain, they are NaN.

        Raises
        ------
        UnknownVariableError
        """
        layout: Layout = self._layout
        for v in targets:
            if v not in layout.slices:
                raise UnknownVariableError(v, layout.variables)
        values = np.full(layout.total, np.nan)
        for v in (*targets, *self._evidence, *layout.certain):
            here = layout.slices[v]
            values[here] = self._known(here.start)[here]
        return Posterior(
            layout, values, self._log_prob, self._evidence, self._soft, self._do, targets,
            self._prior,
        )  # fmt: skip

    @property
    def prior(self) -> "Posterior":
        """The marginals without evidence (and without intervention), computed once an engine."""
        return self._prior()

    def to_frame(self) -> "pd.DataFrame":
        """Return a DataFrame with columns variable, state, prior, posterior."""
        import pandas as pd

        layout: Layout = self._layout
        rows = [(v, s) for v in self.targets for s in layout.states[v]]
        places = [layout.slices[v] for v in self.targets]
        index = [i for place in places for i in range(place.start, place.stop)]
        return pd.DataFrame(
            {
                "variable": [v for v, _ in rows],
                "state": [s for _, s in rows],
                "prior": self.prior.flat.take(index),
                "posterior": self.flat.take(index),
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return `{"log_prob_evidence": …, "posteriors": {variable: {state: p}}}`."""
        return {
            "log_prob_evidence": self.log_prob_evidence,
            "posteriors": {v: dict(self[v]) for v in self.targets},
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict())

    def plot(self, count: int = 12) -> Any:
        """Return an Altair chart of the variables that the evidence moved most."""
        return charts_room.posterior_chart(self, count)

    def save(self, path: str) -> None:
        """Write the chart as .svg, .png or .html, without a browser."""
        charts_room.save_chart(self.plot(), path)

    def _repr_html_(self) -> str:
        return drawing_room.posterior_html(self)

    def __repr__(self) -> str:
        return (
            f"Posterior({counted(len(self.targets), 'variable')}, "
            f"{counted(len(self.evidence), 'finding')}, "
            f"log P(e) = {self.log_prob_evidence:.6g})"
        )


def restored(
    layout: Layout,
    values: Array,
    log_prob_evidence: float,
    evidence: Mapping[str, str],
    soft: Mapping[str, Any],
    do: Mapping[str, str],
    targets: tuple[str, ...],
    prior: Array,
    certain: float,
) -> Posterior:
    """Return a posterior with the numbers of its prior, as it is pickled."""
    none: dict[str, str] = {}
    before = Posterior(
        layout, prior, certain, none, none, none, layout.variables, lambda: before
    )  # fmt: skip
    given = evidence, soft, do
    return Posterior(layout, values, log_prob_evidence, *given, targets, lambda: before)
