"""Which figures of the knowledge base carry the answers: how far each could move them.

Of a simulated case e, a leading cause c and a parameter θ with the cited range (l, h),

    swing = |logit P(c | e; θ = h) − logit P(c | e; θ = l)| · 10 / ln 10        in decibans,

exact, the rest of the row giving way in proportion. The leading causes are the three that the case
has raised most among those with P(c | e) ≥ 1%. A figure's influence is the swing of the parameters
that rest on it, summed, and averaged over causes and cases; a parameter that rests on several
figures (a prevalence and its odds ratios) counts for each with an equal share. What a row leaves to
its resting state says nothing of its own and is left out.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.access import Gradients
from fascinet.engine.analyses.hypotheses import present, resting_state
from fascinet.engine.analyses.parameters import Parameters, parameters_of
from fascinet.engine.analyses.ranges import cited_ranges
from fascinet.engine.analyses.results import DB_PER_NAT, Array, Columns, Result
from fascinet.engine.analyses.sources import figures_behind
from fascinet.engine.clinic.intervals import gradients
from fascinet.engine.clinic.outside_rates import simulated_cases
from fascinet.model.case import Case

if TYPE_CHECKING:
    from fascinet.engine.clinic.reasoner import Reasoner
    from fascinet.model.schema import Cited, Knowledge

EXPERT = "expert_estimate"
LEADING, LEAST = 3, 0.01
EDGE = 1e-12
GOOD = ("A", "B")


@dataclass(frozen=True, eq=False, repr=False)
class FigureInfluence(Result):
    """All figures, the most influential first.

    Attributes
    ----------
    figure : tuple of str
        File and place, as `Knowledge.figures` names them.
    influence_db : array
        Mean swing in decibans.
    source, grade : tuple of str
    studies : tuple of int
        How many studies are listed; 1 for a figure with a source and none listed, 0 for estimates.
    placed : tuple of bool
        Whether `where` and `read` are given.
    cases : int
    """

    figure: tuple[str, ...]
    influence_db: Array
    source: tuple[str, ...]
    grade: tuple[str, ...]
    studies: tuple[int, ...]
    placed: tuple[bool, ...]
    cases: int

    @cached_property
    def sourced_share(self) -> float:
        """The share of the total influence that figures with a source hold."""
        total = float(self.influence_db.sum())
        sourced = np.array([s != EXPERT for s in self.source])
        return float(self.influence_db[sourced].sum()) / total if total else 0.0

    def columns(self) -> Columns:
        """Return one row a figure."""
        total = self.influence_db.sum()
        return {
            "figure": list(self.figure), "influence_db": self.influence_db,
            "cumulative": np.cumsum(self.influence_db) / total if total else self.influence_db,
            "source": list(self.source), "grade": list(self.grade), "studies": list(self.studies),
        }  # fmt: skip

    def title(self) -> str:
        """Return the sourced share."""
        return (
            f"{self.sourced_share:.1%} of the influence of {len(self.figure)} figures on "
            f"{self.cases} simulated cases rests on a source"
        )

    def summary(self) -> dict[str, Any]:
        """Return the counts."""
        sourced = [s != EXPERT for s in self.source]
        graded = sum(ok and g in GOOD for ok, g in zip(sourced, self.grade, strict=True))
        return {
            "cases": self.cases, "figures": len(self.figure), "with_a_source": sum(sourced),
            "grade_a_or_b": graded, "with_place_and_read": sum(self.placed),
            "sourced_share": self.sourced_share,
        }  # fmt: skip


def figure_influence(
    reasoner: "Reasoner", knowledge: "Knowledge", draws: int = 20, seed: int = 0
) -> FigureInfluence:
    """Return the influence of every figure, over `draws` simulated cases of each setting."""
    figures = parameters_of(reasoner.network)
    total = np.zeros(len(figures.values))
    cases = list(setting_cases(reasoner, draws, seed))
    for case in cases:
        total += case_swings(reasoner, figures, case)
    return ranked(knowledge, figures, total / max(len(cases), 1), len(cases))


def setting_cases(reasoner: "Reasoner", draws: int, seed: int) -> list[Case]:
    """Return simulated cases, as many of each setting."""
    out: list[Case] = []
    for setting in reasoner.rules.states["setting"]:
        made = simulated_cases(reasoner, draws, seed)
        out += [Case({**case.hard, "setting": setting}) for case in made]
    return out


def case_swings(reasoner: "Reasoner", figures: Parameters, case: Case) -> Array:
    """Return the mean swing of the leading causes' log odds by every parameter, in decibans."""
    seen = reasoner.outlook(case)
    open_ = [c for c, p in seen.after.items() if p >= LEAST and c not in case.hard]
    raised = sorted(open_, key=lambda c: _logit(seen.before[c]) - _logit(seen.after[c]))[:LEADING]
    if not raised:
        return np.zeros(len(figures.values))
    wanted = [present(reasoner.network, c) for c in raised]
    opened = reasoner.open(case, None, {})
    found = gradients(reasoner.engine, opened, wanted)
    return swings(figures, found).mean(axis=0)


def swings(figures: Parameters, found: Gradients) -> Array:
    """Return the swing of each posterior's log odds by each parameter's range, (H, P)."""
    low, high = cited_ranges(figures)
    theta = figures.values
    live = ~np.isnan(low) & (low < high) & (figures.widths[figures.row] > 1) & (theta < 1.0)
    down, up = (np.where(live, x - theta, 0.0) for x in (low, high))
    slope, joint = (_along(figures, x) for x in (found.evidence, found.joint))
    ends = [_moved(found.posterior, slope, joint, step) for step in (down, up)]
    return np.abs(ends[1] - ends[0]) * live * DB_PER_NAT


def _along(figures: Parameters, slopes: Array) -> Array:
    """Return derivatives along each parameter, the rest of its row giving way in proportion."""
    theta = figures.values
    weighted = np.add.reduceat(slopes * theta, figures.starts, axis=-1)[..., figures.row]
    rest = 1.0 - theta
    with np.errstate(divide="ignore", invalid="ignore"):
        others = np.where(rest > 0, (weighted - slopes * theta) / np.where(rest > 0, rest, 1), 0)
    return slopes - others


def _moved(posterior: Array, slope: Array, joint: Array, step: Array) -> Array:
    """Return logit P(h | e) with each parameter moved by its step.

    A step that makes the evidence impossible (the prior of an observed state at zero) says nothing
    of the answer, and leaves it as it was.
    """
    total = 1.0 + step * slope
    p = np.where(total > EDGE, posterior[:, None] + step * joint, posterior[:, None])
    p = np.clip(p / np.where(total > EDGE, total, 1.0), EDGE, 1.0 - EDGE)
    return np.log(p) - np.log1p(-p)


def ranked(
    knowledge: "Knowledge", figures: Parameters, by_parameter: Array, cases: int
) -> FigureInfluence:
    """Return figures with their influence, from that of the parameters that rest on them."""
    places = [(place.where, place.figure) for place in knowledge.figures()]
    index = {id(figure): i for i, (_, figure) in enumerate(places)}
    influence = np.zeros(len(places))
    network = figures.network
    for i in np.flatnonzero(by_parameter > 0).tolist():
        variable, state, parents = figures.labels[i]
        if network.states(variable)[resting_state(network, variable)] == state:
            continue
        behind = [f for f in figures_behind(knowledge, variable, state, parents)
                  if id(f) in index]  # fmt: skip
        for figure in behind:
            influence[index[id(figure)]] += by_parameter[i] / len(behind)
    order = np.argsort(-influence, kind="stable")
    chosen = [places[int(i)] for i in order]
    return FigureInfluence(
        tuple(where for where, _ in chosen), influence[order],
        tuple(f.source for _, f in chosen), tuple(f.grade for _, f in chosen),
        tuple(_studies(f) for _, f in chosen), tuple(bool(f.where) for _, f in chosen), cases,
    )  # fmt: skip


def _studies(figure: "Cited") -> int:
    listed = len(getattr(figure, "studies", ()))
    return listed or int(figure.source != EXPERT)


def _logit(p: float) -> float:
    p = min(max(p, EDGE), 1.0 - EDGE)
    return float(np.log(p) - np.log1p(-p))
