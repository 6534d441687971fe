"""Gates of risks and causes: priors by setting, moved by odds ratios or joined by noisy-MAX."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from fascinet.model.calibrate import logistic_table, outer, shift_odds
from fascinet.model.errors import UnknownVariableError
from fascinet.model.gates import Array, Table
from fascinet.model.schema import Cause, Figure, Knowledge, Prior, Risk
from fascinet.model.tables import Ranged, Row, stack, state_row

SETTING = "setting"
ALL = "all"


class PriorGates:
    """Makes the gate of each risk and cause, parents before children.

    The intercept of a logistic prior needs P(parents | setting); it takes the parents as
    independent given the setting, which the fit of the priors (`tools/refit_priors.py`) makes
    good afterwards.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.records: dict[str, Risk | Cause] = {**knowledge.risks, **knowledge.causes}
        self.marginals: dict[str, Array] = {}

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """Care settings, in order."""
        return self.knowledge.settings

    def states(self, name: str) -> tuple[str, ...]:
        """Return the states of a context, risk or cause."""
        if name in self.knowledge.context:
            return self.knowledge.context[name].states
        if name not in self.records:
            raise UnknownVariableError(name, [*self.knowledge.context, *self.records])
        return self.records[name].states

    def figures(self, name: str, setting: str) -> dict[str, Figure]:
        """Return the figures of one setting, moved to the fitted unconditional prior."""
        prior = self.records[name].prior
        link = prior.settings.get(setting, prior.settings.get(ALL, {}))
        fitted = self.knowledge.fitted.get(name, {}).get(setting, {})
        return {s: _moved(f, fitted[s]) if s in fitted else f for s, f in link.items()}

    def rows(self, name: str) -> list[Row]:
        """Return P(state | setting), one row a setting."""
        states = self.states(name)
        return [state_row(self.figures(name, s), states) for s in self.settings]

    def is_constant(self, prior: Prior) -> bool:
        """Tell whether the prior is the same in all settings."""
        return set(prior.settings) == {ALL}

    def marginal(self, name: str) -> Array:
        """Return P(state | setting) of a variable, parents independent; (settings, states)."""
        if name not in self.marginals:
            self.marginals[name] = self._marginal(name)
        return self.marginals[name]

    def _marginal(self, name: str) -> Array:
        if name in self.knowledge.context:
            spread = self.knowledge.context[name].spread
            row = np.array([spread.p[s] for s in self.states(name)])
            return np.tile(row, (len(self.settings), 1))
        prior = self.records[name].prior
        base = np.stack([row.p for row in self.rows(name)])
        if prior.form == "logistic":
            return base
        below = np.cumsum(base, axis=1)
        for parent, links in prior.links.items():
            rows = np.stack([row.p for row in self._links(name, parent, links)])
            below = below * (self.marginal(parent) @ np.cumsum(rows, axis=1))
        return np.diff(below, axis=1, prepend=0.0)

    # ---------------------------------------------------------------- gates

    def gate(self, name: str) -> tuple[tuple[str, ...], Ranged]:
        """Return parents and gate of a risk or cause."""
        prior = self.records[name].prior
        make = self._logistic if prior.form == "logistic" else self._noisy_max
        return make(name, prior)

    def _noisy_max(self, name: str, prior: Prior) -> tuple[tuple[str, ...], Ranged]:
        states = self.states(name)
        links = [self._links(name, p, rows) for p, rows in prior.links.items()]
        if self.is_constant(prior):
            return tuple(prior.links), stack(links, self.rows(name)[0])
        rest = state_row({}, states)
        return (SETTING, *prior.links), stack([self.rows(name), *links], rest)

    def _links(
        self, name: str, parent: str, links: Mapping[str, Mapping[str, Figure]]
    ) -> list[Row]:
        states = self.states(name)
        return [state_row(links.get(s, {}), states) for s in self.states(parent)]

    def _logistic(self, name: str, prior: Prior) -> tuple[tuple[str, ...], Ranged]:
        rows, parents = self.rows(name), tuple(prior.odds)
        log_odds = self._log_odds(name, prior)
        weights = outer([self.marginal(p) for p in parents], len(self.settings))
        tables = {
            part: logistic_table(_proper(rows, part), log_odds, weights)
            for part in ("p", "low", "high")
        }
        low, high = _ends(tables)
        if self.is_constant(prior):
            return parents, Ranged(Table(tables["p"][0]), (low[0],), (high[0],))
        return (SETTING, *parents), Ranged(Table(tables["p"]), (low,), (high,))

    def _log_odds(self, name: str, prior: Prior) -> Array:
        states = self.states(name)
        out = np.zeros((*(len(self.states(p)) for p in prior.odds), len(states)))
        for axis, (parent, by_state) in enumerate(prior.odds.items()):
            for parent_state, odds in by_state.items():
                i = self.states(parent).index(parent_state)
                for k, state in enumerate(states[1:], start=1):
                    ratio = odds.get(state, odds.get("yes"))
                    if ratio is not None:
                        place = [slice(None)] * out.ndim
                        place[axis], place[-1] = slice(i, i + 1), slice(k, k + 1)
                        out[tuple(place)] += np.log(ratio.value)
        return out


def _moved(figure: Figure, fitted: float) -> Figure:
    low, high = (shift_odds(x, figure.p, fitted) for x in figure.range)
    return figure.model_copy(update={"p": fitted, "range": (min(low, fitted), max(high, fitted))})


def _proper(rows: list[Row], part: str) -> Array:
    """Return the rows with all states but the resting one at an end of their ranges."""
    values = np.stack([getattr(row, part) for row in rows])
    values[:, 0] = 0.0
    values = values * np.minimum(1.0, 0.999 / np.maximum(values.sum(axis=1, keepdims=True), 1e-9))
    values[:, 0] = 1.0 - values.sum(axis=1)
    return values


def _ends(tables: Mapping[str, Array]) -> tuple[Array, Array]:
    ends = np.stack([tables["p"], tables["low"], tables["high"]])
    return ends.min(axis=0), ends.max(axis=0)
