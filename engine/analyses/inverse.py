"""The inverse query: the smallest change of the figures that makes a statement true.

A statement is P(h | e) ≥ x, P(h | e) ≤ x, or h above g. Each is linear in a single parameter t
under proportional co-variation, so each parameter has one threshold. Changes are compared in log
odds, |logit t - logit θ|: for a binary row this is the Chan–Darwiche distance of the change.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.access import Evidence, Gradients, Soft, gradients
from fascinet.engine.analyses.covariation import slopes
from fascinet.engine.analyses.hypotheses import Hypothesis
from fascinet.engine.analyses.parameters import Parameters, parameters_of
from fascinet.engine.analyses.redraw import posteriors_of
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.model.errors import OptionError
from fascinet.model.plural import counted

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

EDGE = 1e-9
FARTHEST = 64.0  # times the linear guess that a ray is followed


@dataclass(frozen=True)
class Statement:
    """P(h | e) - Σ weight · P(g | e) compared with `level`.

    Attributes
    ----------
    hypothesis : Hypothesis
    relation : {">=", "<="}
    level : float
        Right-hand side.
    other : Hypothesis or None
        With it the statement is about P(h | e) - P(other | e); "h above g" is level 0.
    """

    hypothesis: Hypothesis
    relation: str = ">="
    level: float = 0.0
    other: Hypothesis | None = None

    def __post_init__(self) -> None:
        if self.relation not in (">=", "<="):
            raise OptionError("relation", self.relation, (">=", "<="))

    def margin(self, posterior: Sequence[float] | Array) -> float:
        """Return by how much the statement holds; below 0 it does not."""
        value = posterior[0] - (posterior[1] if self.other else 0.0) - self.level
        return float(value if self.relation == ">=" else -value)

    def __str__(self) -> str:
        sign = "≥" if self.relation == ">=" else "≤"
        other = f" − P({self.other.name})" if self.other else ""
        return f"P({self.hypothesis.name}){other} {sign} {self.level:.4g}"

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """The hypotheses that the statement names."""
        return (self.hypothesis, self.other) if self.other else (self.hypothesis,)


@dataclass(frozen=True, eq=False, repr=False)
class SingleChanges(Result):
    """Every parameter that could, alone, make a statement true, smallest change first.

    Attributes
    ----------
    index : array of int
        Parameters.
    needed : array
        The threshold: with the parameter there, the statement just holds.
    log_odds_change : array
        |logit needed - logit θ|.
    holds : bool
        Whether the statement already holds (then there is nothing to change).
    statement : str
        In words.
    """

    parameters: Parameters
    index: NDArray[np.int64]
    needed: Array
    log_odds_change: Array
    holds: bool
    statement: str = ""

    def columns(self) -> Columns:
        """Return one row a parameter."""
        return {
            **self.parameters.named(self.index),
            "needed": self.needed,
            "log_odds_change": self.log_odds_change,
        }

    def title(self) -> str:
        """Return whether any single change does it."""
        if self.holds:
            return f"{self.statement} holds already"
        number = counted(len(self.index), "parameter")
        return f"{number} could each, alone, bring about {self.statement}"


def single_changes(
    engine: "Engine", statement: Statement, evidence: Evidence, *, soft: Soft | None = None
) -> SingleChanges:
    """Return all single changes that make the statement true, smallest first.

    A threshold at 0 or 1 is none: there a row that the evidence fixes makes the evidence itself
    impossible, and the posterior stays what it is all the way.
    """
    figures = parameters_of(engine.network)
    found = gradients(engine, evidence, soft, statement.hypotheses)
    margin = statement.margin(found.posterior)
    theta = figures.values
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = theta - margin / margin_slope(figures, found, statement)
        left = 1.0 + slopes(found.evidence, theta, figures.row) * (needed - theta)
    size = np.abs(_logit(needed) - _logit(theta))
    usable = np.zeros(len(theta), dtype=bool)
    usable[figures.free] = True
    usable &= np.isfinite(needed) & (needed > EDGE) & (needed < 1.0 - EDGE)
    usable &= left > EDGE  # P(e) there over P(e) here
    keep = np.flatnonzero(usable) if margin < 0 else np.zeros(0, dtype=np.int64)
    keep = keep[np.argsort(size[keep], kind="stable")]
    return SingleChanges(
        figures, keep, frozen(needed[keep]), frozen(size[keep]), bool(margin >= 0), str(statement)
    )


def margin_slope(figures: Parameters, found: Gradients, statement: Statement) -> Array:
    """Return d/dt of the margin times P(e), along co-variation, for every parameter."""
    joint = slopes(found.joint, figures.values, figures.row)
    evidence = slopes(found.evidence, figures.values, figures.row)
    value = joint[0] - (joint[1] if statement.other else 0.0) - statement.level * evidence
    return value if statement.relation == ">=" else -value


@dataclass(frozen=True, eq=False, repr=False)
class JointChange(Result):
    """A change of many parameters at once that makes a statement true.

    Attributes
    ----------
    index, new : arrays
        Parameters changed and their new values.
    distance : float
        √ Σ (logit new - logit θ)².
    margin : float
        By how much the statement holds after the change, by inference in the changed network.
    """

    parameters: Parameters
    index: NDArray[np.int64]
    new: Array
    distance: float
    margin: float

    def columns(self) -> Columns:
        """Return one row a parameter, largest change first."""
        return {
            **self.parameters.named(self.index),
            "new": self.new,
        }

    def summary(self) -> dict[str, Any]:
        """Return size and effect of the change."""
        return {"distance": self.distance, "margin": self.margin}


def joint_change(
    engine: "Engine",
    statement: Statement,
    evidence: Evidence,
    *,
    soft: Soft | None = None,
    among: Sequence[int] | None = None,
    rounds: int = 4,
) -> JointChange | None:
    """Return a smallest change of several parameters that makes the statement true.

    One entry a row moves (its largest slope). Each round goes along the gradient in log odds to the
    nearest point of the linearised statement, then along that ray, by bisection, to where the
    statement just holds: at the end a local minimum of the Euclidean distance in log odds. None if
    no ray reaches the statement.

    Parameters
    ----------
    among : sequence of int, optional
        Only these parameters; default all.
    rounds : int
        Most rounds; fewer if the change gets no smaller.
    """
    figures, probe = parameters_of(engine.network), _probe(engine, statement, evidence, soft)
    here, now, best = engine, figures, None
    moved, shift = np.zeros(0, dtype=np.int64), np.zeros(0)
    for turn in range(rounds):
        found = gradients(here, evidence, soft, statement.hypotheses)
        margin = statement.margin(found.posterior)
        if turn == 0 and margin >= 0.0:
            return JointChange(figures, moved, frozen(shift), 0.0, margin)
        gap, slope = _log_margin(now, found, statement, margin)
        slope = slope * now.values * (1.0 - now.values)
        if turn == 0:
            moved = _one_a_row(figures, slope, _allowed(figures, among))
            shift = np.zeros(len(moved))
        norm = float(slope[moved] @ slope[moved])
        if norm < 1e-20:
            break
        ray = slope[moved] * ((slope[moved] @ shift - gap) / norm)
        reached = _along(figures, moved, ray, probe)
        if reached is None:
            break
        if best is not None and reached.distance > best.distance * (1.0 - 1e-3):
            break
        best = reached
        shift = _logit(best.new) - _logit(figures.values[best.index])
        moved = best.index
        network = figures.rebuild(_moved(figures, moved, shift))
        here = type(engine)(network, budget=engine.budget, backend=engine.backend)
        now = parameters_of(network)
    return best


Probe = Callable[[Array], float]


def _probe(engine: "Engine", statement: Statement, evidence: Evidence, soft: Soft | None) -> Probe:
    """Return the statement's margin as a function of all parameters; -inf where impossible."""
    asked = tuple(h.variable for h in statement.hypotheses)

    def margin(values: Array) -> float:
        flat = next(posteriors_of(engine, evidence, soft, asked, iter([values])))
        if flat is None:
            return -np.inf
        parts = [flat[engine.layout.slices[v]] for v in asked]
        pairs = zip(statement.hypotheses, parts, strict=True)
        return statement.margin([float(h.probability(x)) for h, x in pairs])

    return margin


def _along(
    figures: Parameters, moved: NDArray[np.int64], ray: Array, probe: Probe
) -> JointChange | None:
    """Return the point of a ray in log odds where the statement just holds; None if nowhere."""
    short, long = 0.0, 1.0
    while probe(_moved(figures, moved, long * ray)) < 0.0:
        short, long = long, 2.0 * long
        if long > FARTHEST:
            return None
    while long - short > 1e-6 * long:
        middle = (short + long) / 2.0
        if probe(_moved(figures, moved, middle * ray)) < 0.0:
            short = middle
        else:
            long = middle
    values = _moved(figures, moved, long * ray)
    change = _logit(values[moved]) - _logit(figures.values[moved])
    order = np.argsort(-np.abs(change), kind="stable")
    index = moved[order]
    distance = float(np.sqrt((change**2).sum()))
    return JointChange(figures, index, frozen(values[index]), distance, probe(values))


def _log_margin(
    figures: Parameters, found: Gradients, statement: Statement, margin: float
) -> tuple[float, Array]:
    """Return the margin in log odds and its slopes, where it has one; else as it stands.

    P(h | e) against x as logit P - logit x, and h against g as ln P(h, e) - ln P(g, e): in log odds
    of the parameters these are all but straight lines, so that few steps lead far.
    """
    joint = slopes(found.joint, figures.values, figures.row)
    evidence = slopes(found.evidence, figures.values, figures.row)
    sign, p = 1.0 if statement.relation == ">=" else -1.0, found.posterior
    if statement.other is None and 0.0 < p[0] < 1.0 and 0.0 < statement.level < 1.0:
        x = statement.level
        gap = np.log(p[0]) - np.log1p(-p[0]) - np.log(x) + np.log1p(-x)
        return sign * float(gap), sign * (joint[0] / p[0] - (evidence - joint[0]) / (1.0 - p[0]))
    if statement.other is not None and statement.level == 0.0 and p[:2].min() > 0.0:
        gap = np.log(p[0]) - np.log(p[1])
        return sign * float(gap), sign * (joint[0] / p[0] - joint[1] / p[1])
    return margin, margin_slope(figures, found, statement)


def _allowed(figures: Parameters, among: Sequence[int] | None) -> NDArray[np.bool_]:
    allowed = np.zeros(len(figures.values), dtype=bool)
    allowed[figures.free if among is None else list(among)] = True
    return allowed & (figures.values > EDGE) & (figures.values < 1.0 - EDGE)


def _one_a_row(figures: Parameters, slope: Array, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    weight = np.where(allowed, np.abs(slope), 0.0)
    order = np.lexsort((-weight, figures.row))
    first = order[np.searchsorted(figures.row[order], np.arange(len(figures.starts)))]
    return np.sort(first[weight[first] > 1e-12])


def _moved(figures: Parameters, index: NDArray[np.int64], shift: Array) -> Array:
    out = figures.values.copy()
    for i, s in zip(index, np.clip(shift, -30.0, 30.0), strict=True):
        cut, entry = figures.place(int(i))
        row = figures.values[cut]
        t = 1.0 / (1.0 + np.exp(-(_logit(row[entry : entry + 1])[0] + s)))
        new = row * (1.0 - t) / max(1.0 - row[entry], EDGE)
        new[entry] = t
        out[cut] = new / new.sum()
    return out


def _logit(p: Array) -> Array:
    p = np.clip(p, EDGE, 1.0 - EDGE)
    return np.log(p) - np.log1p(-p)
