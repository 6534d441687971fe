"""One-way sensitivity: how an answer depends on every single parameter.

Under proportional co-variation P(e, h) and P(e) are linear in a parameter t, so the posterior is

    p(t) = (a t + b) / (c t + d)

(Castillo, Gutiérrez & Hadi 1997; van der Gaag & Coupé 2000; Laskey 1995,
doi:10.1109/21.384252). One reverse pass per hypothesis gives a, b, c, d of all parameters. All four
are divided by P(e), so that c t + d = 1 at the parameter's own value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses import covariation
from fascinet.engine.analyses.access import Evidence, Gradients, Soft, gradients
from fascinet.engine.analyses.hypotheses import Hypothesis, State, competitors, is_state
from fascinet.engine.analyses.parameters import Parameters, parameters_of
from fascinet.engine.analyses.ranges import ranges_of
from fascinet.engine.analyses.results import NOISE, Array, Columns, Result, frozen
from fascinet.engine.analyses.scratch import scratch
from fascinet.model.arguments import instances_of
from fascinet.model.lazy import Lazy
from fascinet.model.plural import counted

if TYPE_CHECKING:
    import pandas as pd

    from fascinet.engine.api.engine import Engine

plots_room = Lazy("fascinet.engine.display.plots")


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity(Result):
    """The sensitivity functions of one answer; arrays run over `index`.

    Attributes
    ----------
    hypothesis : Hypothesis
        h, the answer under study.
    posterior : float
        P(h | e).
    index : array of int, shape (N,)
        The parameters reported, as indices into `parameters`.
    a, b, c, d : arrays, shape (N,)
        p(t) = (a t + b) / (c t + d), scaled so that c θ + d = 1.
    derivative : array
        p'(θ) = a - c P(h | e). Its absolute value is the *sensitivity value*.
    low, high : arrays
        Cited range of the parameter; see `ranges_of` for those without one.
    posterior_low, posterior_high : arrays
        p(low) and p(high); p is monotone, so no value between lies outside.
    flip_low, flip_high : arrays
        The nearest values below and above θ at which another hypothesis takes the top; NaN where
        none does.
    vertex_proximity : array
        Distance of θ from the bend of the hyperbola (van der Gaag, Renooij & Coupé 2007,
        doi:10.1007/978-3-540-68996-6_5): near the bend a small sensitivity value may mislead.
        Infinite for a straight line.
    """

    parameters: Parameters
    hypothesis: Hypothesis
    evidence: dict[str, str]
    posterior: float
    index: NDArray[np.int64]
    a: Array
    b: Array
    c: Array
    d: Array
    derivative: Array
    low: Array
    high: Array
    posterior_low: Array
    posterior_high: Array
    flip_low: Array
    flip_high: Array
    vertex_proximity: Array
    gradients: Gradients

    @property
    def value(self) -> Array:
        """θ of every parameter reported."""
        return self.parameters.values[self.index]

    @property
    def sensitivity_value(self) -> Array:
        """|p'(θ)| (Laskey 1995)."""
        return np.abs(self.derivative)

    @property
    def admissible_deviation(self) -> tuple[Array, Array]:
        """How far θ may fall and rise before the top changes; ∞ where it never does.

        van der Gaag & Renooij (2001, UAI, arXiv:1301.2314).
        """
        down, up = self.value - self.flip_low, self.flip_high - self.value
        return np.where(np.isnan(down), np.inf, down), np.where(np.isnan(up), np.inf, up)

    def curve(self, position: int, t: Array, scheme: str = "proportional") -> Array:
        """Return p(t) of one reported parameter under any scheme of co-variation."""
        j = int(self.index[position])
        cut, entry = self.parameters.place(j)
        values = self.parameters.values[cut]
        moved = [covariation.vary(values, entry, float(x), scheme) - values for x in t]
        change = np.array(moved).reshape(len(moved), -1)
        top = self.posterior + change @ self.gradients.joint[0, cut]
        return top / (1.0 + change @ self.gradients.evidence[cut])

    def columns(self) -> Columns:
        """Return the columns of the contract, one row a parameter, in network order."""
        return {
            **self.parameters.named(self.index),
            "derivative": self.derivative,
            "a": self.a, "b": self.b, "c": self.c, "d": self.d,
            "low": self.low, "high": self.high,
            "posterior_low": self.posterior_low, "posterior_high": self.posterior_high,
            "flip_low": self.flip_low, "flip_high": self.flip_high,
        }  # fmt: skip

    def tornado(self, count: int = 15) -> "pd.DataFrame":
        """Return the rows whose range moves the posterior most, widest first."""
        frame = self.to_frame()
        frame["swing"] = np.abs(self.posterior_high - self.posterior_low)
        # equal but for rounding, as the states of a pair are: in the network's order
        swing = np.round(frame["swing"].fillna(-1.0).to_numpy(), 12)
        order = np.lexsort((-np.round(self.sensitivity_value, 12), -swing))[:count]
        return frame.iloc[order].reset_index(drop=True)

    def shown(self) -> "pd.DataFrame":
        """Return the parameters with an influence, the widest range of answers first."""
        frame: Any = self.tornado(len(self.index))
        frame = frame[np.abs(frame["derivative"]) > NOISE]
        return frame[["variable", "state", "parents", "value", "derivative", "low", "high",
                      "posterior_low", "posterior_high"]]  # fmt: skip

    def title(self) -> str:
        """Return what was asked and how many parameters matter."""
        moving = int((self.sensitivity_value > NOISE).sum())
        return (
            f"Sensitivity of P({self.hypothesis.name} | {counted(len(self.evidence), 'finding')}) "
            f"= {self.posterior:.4g}: it depends on {moving} of "
            f"{counted(len(self.index), 'parameter')}"
        )

    def summary(self) -> dict[str, Any]:
        """Return the answer under study."""
        return {
            "hypothesis": self.hypothesis.name,
            "evidence": self.evidence,
            "posterior": self.posterior,
        }

    def plot(self, count: int = 15) -> Any:
        """Return a tornado chart (Altair)."""
        return plots_room.tornado(self, count)


def sensitivity(
    engine: "Engine",
    target: str,
    state: State | Sequence[State],
    evidence: Evidence | None = None,
    *,
    soft: Soft | None = None,
    against: Sequence[Hypothesis] | None = None,
    ranges: Mapping[int, tuple[float, float]] | None = None,
) -> Sensitivity:
    """Return the sensitivity function of P(target = state | evidence) in every parameter.

    Parameters
    ----------
    engine : Engine
    target : str
    state : str, or several
        The answer under study: the target is in this state, or in any of these.
    evidence : mapping of str to str
        Findings.
    soft : mapping, optional
        Likelihoods of soft findings.
    against : sequence of Hypothesis, optional
        Whose top place the flips watch. Default: the differential if the target is a cause, else
        the target's states.
    ranges : mapping of int to (low, high), optional
        Ranges by parameter index instead of the cited ones.

    Raises
    ------
    UnknownVariableError, UnknownStateError
        For names that the network does not have.
    ImpossibleEvidenceError
        If P(evidence) = 0.
    """
    network = engine.network
    hypothesis = is_state(network, network.check(target), state)
    if against is None:
        rivals = competitors(network, target)
    else:
        rivals = instances_of("against", against, Hypothesis)
    found = gradients(engine, dict(evidence or {}), soft, (hypothesis, *rivals))
    return assemble(parameters_of(network), hypothesis, dict(evidence or {}), found, ranges)


def assemble(
    figures: Parameters,
    hypothesis: Hypothesis,
    evidence: dict[str, str],
    found: Gradients,
    ranges: Mapping[int, tuple[float, float]] | None = None,
) -> Sensitivity:
    """Return the result from derivatives: row 0 is the hypothesis, the rest are the rivals."""
    keep = figures.free
    theta = figures.values[keep]
    joint = scratch("joint slopes", *found.joint.shape)
    covariation.slopes(found.joint, figures.values, figures.row, joint)
    c = covariation.slopes(found.evidence, figures.values, figures.row)[keep]
    p, a = float(found.posterior[0]), joint[0, keep]
    b, d = p - a * theta, 1.0 - c * theta
    low, high = ranges_of(figures, ranges)
    low, high = low[keep], high[keep]
    flip = flips(found.posterior[1:], joint[1:], figures.values)
    return Sensitivity(
        figures, hypothesis, evidence, p, keep,
        frozen(a), frozen(b), frozen(c), frozen(d), frozen(a - c * p), frozen(low), frozen(high),
        frozen(ratio(a, b, c, d, low, theta, p)), frozen(ratio(a, b, c, d, high, theta, p)),
        frozen(flip[0][keep]), frozen(flip[1][keep]), frozen(vertex_proximity(a, b, c, d, theta)),
        found,
    )  # fmt: skip


def ratio(
    a: Array, b: Array, c: Array, d: Array, t: Array, theta: Array, posterior: float
) -> Array:
    """Return p(t); NaN where the evidence becomes impossible, the posterior at t = θ."""
    below = c * t + d
    possible = np.abs(below) > 1e-13
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.clip((a * t + b) / np.where(possible, below, 1.0), 0.0, 1.0)
    return np.where(t == theta, posterior, np.where(possible & ~np.isnan(t), value, np.nan))


def vertex_proximity(a: Array, b: Array, c: Array, d: Array, theta: Array) -> Array:
    """Return |θ - t*|, t* the vertex of the hyperbola; ∞ for a straight line.

    With s = -d/c and r = (b c - a d)/c², p(t) = r/(t - s) + a/c, and t* = s ± √|r| on θ's side.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        s, r = -d / c, (b * c - a * d) / c**2
        vertex = s + np.sign(theta - s) * np.sqrt(np.abs(r))
        distance = np.abs(theta - vertex)
    return np.where(np.abs(c) > 1e-12, distance, np.inf)


def flips(posterior: Array, slopes: Array, theta: Array) -> tuple[Array, Array]:
    """Return where the top hypothesis changes, below and above every parameter.

    Parameters
    ----------
    posterior : array, shape (H,)
        P(h | e).
    slopes : array, shape (H, N)
        Of P(e, h) / P(e) along co-variation.
    theta : array, shape (N,)

    Notes
    -----
    P(e, top)(t) - P(e, h)(t) is linear in t: its root is θ - Δ/Δ'. A root at 0 or 1 is a tie at
    the end of the line, no change of place.
    """
    if len(posterior) < 2:
        return np.full_like(theta, np.nan), np.full_like(theta, np.nan)
    top = int(np.argmax(posterior))
    closing = np.subtract(slopes[top], slopes, out=scratch("closing", *slopes.shape))
    root = scratch("root", *slopes.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        np.divide((posterior - posterior[top])[:, None], closing, out=root)
    root += theta
    inside = (root > 1e-12) & (root < 1.0 - 1e-12)
    below = np.max(root, axis=0, where=inside & (closing > 1e-14), initial=-np.inf)
    above = np.min(root, axis=0, where=inside & (closing < -1e-14), initial=np.inf)
    return np.where(np.isinf(below), np.nan, below), np.where(np.isinf(above), np.nan, above)
