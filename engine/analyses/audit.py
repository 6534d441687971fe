"""A network held against cases whose outcome is known: how right it is, where, and for whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.hypotheses import is_state
from fascinet.engine.analyses.monitors import monitors
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.engine.analyses.scores import (
    Estimate,
    Outcomes,
    auc,
    calibration_bins,
    log_scores,
    mean_of,
    net_benefit,
    recalibration,
    wilson,
)
from fascinet.engine.api.engine import Engine
from fascinet.engine.api.frame_codes import encode, opened
from fascinet.engine.run.evidence import names_of
from fascinet.model.errors import EvidenceError, OptionError
from fascinet.model.foreign import refusal
from fascinet.model.lazy import Lazy
from fascinet.model.network import Network
from fascinet.model.plural import counted

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

page_room = Lazy("fascinet.engine.display.audit_page")
charts_room = Lazy("fascinet.engine.display.charts")
THRESHOLDS = np.arange(1, 100) / 100
FEWEST = 2


@dataclass(frozen=True, eq=False, repr=False)
class Audit(Result):
    """How good a network's forecasts of one event were.

    Attributes
    ----------
    target : str
        The event, `variable=state`.
    forecast : array, shape (cases,)
        P(event | what else was known of the case).
    outcome : array of bool, shape (cases,)
    measures : mapping of str to Estimate
        Share of events, mean forecast, Brier score, log score, AUC, calibration intercept and
        slope; each with its 95% interval.
    calibration, decision_curve, monitors, subgroups : DataFrame
        Bins of forecasts; net benefit by threshold; prequential monitors by variable and row; the
        measures in each subgroup.
    unused : int
        Rows whose outcome is unknown, or whose findings are impossible under the network.
    """

    target: str
    forecast: Array
    outcome: Outcomes
    measures: "dict[str, Estimate]"
    calibration: "pd.DataFrame"
    decision_curve: "pd.DataFrame"
    monitors: "pd.DataFrame"
    subgroups: "pd.DataFrame"
    unused: int

    def columns(self) -> Columns:
        """Return one row a measure."""
        return {
            "measure": list(self.measures),
            "value": [e.value for e in self.measures.values()],
            "low": [e.low for e in self.measures.values()],
            "high": [e.high for e in self.measures.values()],
        }

    def title(self) -> str:
        """Return what was forecast, and in how many cases."""
        events = counted(int(self.outcome.sum()), "event")
        left = f"; {counted(self.unused, 'row')} not used" if self.unused else ""
        return f"Forecasts of {self.target}: {counted(len(self.outcome), 'case')}, {events}{left}"

    def summary(self) -> dict[str, Any]:
        """Return the other tables."""
        tables = ("calibration", "decision_curve", "monitors", "subgroups")
        rows = {name: getattr(self, name).to_dict(orient="records") for name in tables}
        return {"target": self.target, "cases": len(self.outcome), "unused": self.unused, **rows}

    def plot(self, count: int = 15) -> Any:
        """Return calibration, decision curve and the `count` most surprising monitors (Altair)."""
        return page_room.audit_chart(self, count)

    def save(self, path: "str | Path") -> None:
        """Write a page with all tables and charts (.html), or the charts (.svg, .png)."""
        if charts_room.check_kind(path).suffix == ".html":
            page_room.save_page(self, path)
        else:
            charts_room.save_chart(self.plot(), path)


def audit(
    network: Network,
    cases: Any,
    target: str,
    state: str,
    *,
    groups: str | Iterable[str] | None = None,
    ignore: str | Iterable[str] | None = None,
    bins: int = 10,
) -> Audit:
    """Hold a network against cases whose outcome is known.

    Each case's probability of the event is computed from all else that is known of it, and
    compared with what happened.

    Parameters
    ----------
    network : Network
    cases : DataFrame
        A column a variable, the cells states, missing cells unknown; other columns may be used as
        groups.
    target, state : str
        The event.
    groups : str or iterable of str, optional
        Columns whose values make subgroups.
    ignore : str or iterable of str, optional
        Variables that must not be used to forecast, such as what becomes known only afterwards.
    bins : int
        Of the calibration table, equally many cases in each.

    Returns
    -------
    Audit
        Measures with intervals, calibration, decision curve, monitors of every table, subgroups;
        as frames, charts, or an HTML page (`save`).

    Raises
    ------
    UnknownVariableError, UnknownStateError
    EvidenceError
        If the outcome is unknown in all rows, or always the same.
    OptionError
        If a group is no column.

    Examples
    --------
    >>> import fascinet as fn
    >>> asia = fn.example("asia")
    >>> cases = fn.simulate(asia, 2000)
    >>> found = fn.audit(asia, cases, "bronc", "yes", ignore="dysp", groups="smoke")
    >>> slope = found.measures["calibration slope"]
    >>> slope.low < 1 < slope.high
    True
    """
    if not isinstance(network, Network):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise refusal("a fascinet Network", network)
    hypothesis = is_state(network, network.check(target), state)
    frame = opened(cases).to_pandas()
    beside = _beside(network, frame, groups)
    known = frame[[c for c in frame.columns if c in network.index]]
    if target not in known.columns:
        raise EvidenceError(f"audit: expected the outcome in a column {target!r}, got none")
    states = encode(network, known)
    forecast = _forecasts(network, known, target, ignore) @ np.array(hypothesis.indicator)
    happened = states[:, network.index[target]]
    used = (happened >= 0) & np.isfinite(forecast)
    outcome = np.array(hypothesis.indicator)[happened].astype(bool) & (happened >= 0)
    p, y = np.clip(forecast[used], 0.0, 1.0), outcome[used]
    if y.sum() < FEWEST or (~y).sum() < FEWEST:
        raise EvidenceError(
            f"audit: expected at least {FEWEST} cases with {hypothesis.name} and {FEWEST} without, "
            f"got {int(y.sum())} and {int((~y).sum())}"
        )
    return _audited(network, hypothesis.name, p, y, states, used, frame, beside, bins)


def _audited(
    network: Network, name: str, p: Array, y: Outcomes, states: Any, used: Outcomes, frame: Any,
    beside: Sequence[str], bins: int,
) -> Audit:  # fmt: skip
    import pandas as pd

    groups = [(c, frame.loc[used, c].astype("object")) for c in beside]
    return Audit(
        name, frozen(p), y, measures_of(p, y), pd.DataFrame(calibration_bins(p, y, bins)),
        pd.DataFrame(net_benefit(p, y, THRESHOLDS)), pd.DataFrame(monitors(network, states)),
        pd.DataFrame([row for c, values in groups for row in _subgroups(c, values, p, y)]),
        int((~used).sum()),
    )  # fmt: skip


def _beside(network: Network, frame: Any, groups: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the columns of groups; a column that is neither one nor a variable is an error."""
    names = () if groups is None else names_of(groups)
    for name in names:
        if name not in frame.columns:
            raise OptionError("column of a group", name, frame.columns)
    for column in frame.columns:
        if column not in names:
            network.check(column)
    return names


def _forecasts(
    network: Network, known: Any, target: str, ignore: str | Iterable[str] | None
) -> Array:
    """Return P(target's states | the rest of each case); NaN where that is impossible."""
    left_out = {target, *(network.check(v) for v in names_of(ignore or ()))}
    rest = known[[c for c in known.columns if c not in left_out]]
    if not len(rest.columns):
        prior = Engine(network).posterior(targets=[target])[target]
        return np.tile(list(prior.values()), (len(known), 1))
    found: Any = Engine(network).posteriors(rest, targets=[target], impossible="nan")
    return found.to_numpy()


def measures_of(p: Array, y: Outcomes) -> dict[str, Estimate]:
    """Return every measure of forecasts p of outcomes y."""
    low, high = wilson(np.array([float(y.sum())]), np.array([float(len(y))]))
    intercept, slope = recalibration(p, y)
    return {
        "share of events": Estimate(float(y.mean()), float(low[0]), float(high[0])),
        "mean forecast": mean_of(p),
        "Brier score": mean_of((p - y) ** 2),
        "log score": mean_of(log_scores(p, y)),
        "AUC": auc(p, y),
        "calibration intercept": intercept,
        "calibration slope": slope,
    }


def _subgroups(column: str, values: Any, p: Array, y: Outcomes) -> "list[dict[str, Any]]":
    """Return the measures in each group of one column; unknown ones are a group of their own."""
    labels = np.array(["unknown" if v is None or v != v else str(v) for v in values], dtype=object)
    rows: list[dict[str, Any]] = []
    for label in sorted(set(labels.tolist())):
        here = labels == label
        found = measures_of(p[here], y[here])
        told = {name.lower().replace(" ", "_"): e for name, e in found.items()}
        share = told.pop("share_of_events")
        rows.append(
            {"group": column, "value": label, "n": int(here.sum()), "events": int(y[here].sum())}
            | {"observed": share.value, "observed_low": share.low, "observed_high": share.high}
            | {name: e.value for name, e in told.items()}
        )
    return rows
