"""How sure: posteriors when the parameters themselves are uncertain (second order).

Each row of parameters with a cited range is a Dirichlet with mean θ and concentration ν (`beta`).

Delta method   var p ≈ Σ_rows g' [diag(θ) - θ θ'] g / (ν + 1),   g = ∂p/∂θ from one reverse pass;
               the interval is symmetric in the log odds (Oakley & O'Hagan's first-order case;
               for networks Van Allen, Singh, Greiner & Hooper 2008,
               doi:10.1016/j.artint.2007.09.004).
Monte Carlo    networks drawn from the Dirichlets, each solved exactly: right in the limit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.access import Evidence, Gradients, Soft, gradients
from fascinet.engine.analyses.beta import concentration
from fascinet.engine.analyses.hypotheses import Hypothesis, differential, is_state
from fascinet.engine.analyses.parameters import Parameters, parameters_of
from fascinet.engine.analyses.ranges import cited_ranges
from fascinet.engine.analyses.redraw import posteriors_of
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.engine.analyses.scratch import scratch
from fascinet.model.arguments import number_of, whole_number
from fascinet.model.errors import OptionError
from fascinet.model.lazy import Lazy
from fascinet.model.network import Network
from fascinet.model.plural import counted

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

plots_room = Lazy("fascinet.engine.display.plots")

METHODS = ("delta", "monte_carlo")
Z = 1.959963984540054


@dataclass(frozen=True, eq=False, repr=False)
class Uncertainty(Result):
    """Posteriors with credible intervals.

    Attributes
    ----------
    hypotheses : tuple of Hypothesis
    posterior : array, shape (H,)
        P(h | e) at the parameters' own values.
    low, high : arrays
        2.5% and 97.5% points of P(h | e).
    p_top : array
        Probability that h has the highest posterior among these hypotheses (of one variable: among
        its states).
    draws : array, shape (draws, H)
        The posteriors drawn: of whole networks, or of the delta method's normal log odds.
    uncertain : int
        Number of parameters with a cited range; the others are taken as exact.
    """

    hypotheses: tuple[Hypothesis, ...]
    evidence: dict[str, str]
    posterior: Array
    low: Array
    high: Array
    p_top: Array
    draws: Array
    uncertain: int
    method: str
    labels: tuple[tuple[str, str], ...]

    def columns(self) -> Columns:
        """Return the columns of the contract, one row a hypothesis."""
        return {
            "variable": [v for v, _ in self.labels],
            "state": [s for _, s in self.labels],
            "posterior": self.posterior,
            "low": self.low,
            "high": self.high,
            "p_top": self.p_top,
        }

    def title(self) -> str:
        """Return the method and how many parameters are uncertain."""
        if not self.uncertain:
            return (
                "No parameter has a cited range, so the intervals have no width; "
                "sample_size= gives every row an equivalent sample size"
            )
        ranges = counted(self.uncertain, "parameter")
        return f"95% credible intervals ({self.method}), {ranges} with a range"

    def summary(self) -> dict[str, Any]:
        """Return the method and its inputs."""
        return {
            "method": self.method,
            "evidence": self.evidence,
            "uncertain_parameters": self.uncertain,
            "draws": len(self.draws),
        }

    def plot(self, count: int = 60) -> Any:
        """Return the first `count` posteriors with their intervals (Altair)."""
        return plots_room.intervals(self, count)


@lru_cache(maxsize=8)
def row_sizes(network: Network) -> Array:
    """Return the concentration ν of every row, shape (R,); ∞ where no entry has a range.

    A row takes the smallest ν of its entries: the widest of its cited ranges.
    """
    figures = parameters_of(network)
    low, high = cited_ranges(figures)
    entries = concentration(figures.values, low, high)
    rows = np.minimum.reduceat(entries, figures.starts)
    return frozen(np.where(figures.widths > 1, rows, np.inf))


def uncertainty(
    engine: "Engine",
    evidence: Evidence | None = None,
    targets: str | Sequence[str] | None = None,
    draws: int = 1000,
    seed: int = 0,
    *,
    soft: Soft | None = None,
    method: str = "delta",
    sample_size: float | None = None,
) -> Uncertainty:
    """Return credible intervals of the targets' posteriors.

    Parameters
    ----------
    engine : Engine
    evidence, soft : mapping, optional
        Findings.
    targets : str or sequence of str, optional
        Variables, all states of each; default: the differential.
    draws : int
        Draws for `p_top` (and, by Monte Carlo, of whole networks).
    seed : int
    method : {"delta", "monte_carlo"}
    sample_size : float, optional
        Concentration of rows without a cited range; default: they are exact.

    Raises
    ------
    UnknownVariableError, OptionError, ImpossibleEvidenceError
    """
    if method not in METHODS:
        raise OptionError("method", method, METHODS)
    network, draws, seed = (
        engine.network, whole_number("draws", draws), whole_number("seed", seed, 0)
    )  # fmt: skip
    hypotheses, labels = _asked(network, targets)
    sizes = row_sizes(network)
    if sample_size is not None:
        sizes = np.where(np.isinf(sizes), number_of("sample_size", sample_size), sizes)
    evidence = dict(evidence or {})
    found = gradients(engine, evidence, soft, hypotheses)
    figures = parameters_of(network)
    if method == "delta":
        sample = normal_draws(figures, found, sizes, draws, seed)
        low, high = delta_bounds(figures, found, sizes)
    else:
        sample = network_draws(engine, evidence, soft, hypotheses, sizes, draws, seed)
        low, high = np.quantile(sample, [0.025, 0.975], axis=0)
    uncertain = int(figures.widths[np.isfinite(sizes)].sum())
    return Uncertainty(
        hypotheses, evidence, frozen(found.posterior), frozen(low), frozen(high),
        frozen(_top(sample, labels, targets is None)), frozen(sample), uncertain, method, labels,
    )  # fmt: skip


def _asked(
    network: Network, targets: str | Sequence[str] | None
) -> tuple[tuple[Hypothesis, ...], tuple[tuple[str, str], ...]]:
    if targets is None:
        hypotheses = differential(network)
        if not hypotheses:
            raise OptionError("targets", "None", network.variables)
        return hypotheses, tuple((h.name, "present") for h in hypotheses)
    names = (targets,) if isinstance(targets, str) else tuple(targets)
    labels = tuple((v, s) for v in names for s in network.states(v))
    return tuple(is_state(network, v, s) for v, s in labels), labels


def _top(sample: Array, labels: tuple[tuple[str, str], ...], together: bool) -> Array:
    """Return how often each hypothesis is highest: among all, or among its variable's states."""
    out = np.zeros(sample.shape[1])
    groups = np.zeros(len(labels)) if together else np.unique(
        [v for v, _ in labels], return_inverse=True
    )[1]  # fmt: skip
    for g in np.unique(groups):
        members = np.flatnonzero(groups == g)
        winner = members[np.argmax(sample[:, members], axis=1)]
        out += np.bincount(winner, minlength=len(labels)) / max(len(sample), 1)
    return out


def posterior_gradient(found: Gradients) -> Array:
    """Return ∂P(h | e)/∂θ up to a constant in each row, shape (H, P), until the next call."""
    out = scratch("posterior gradient", *found.joint.shape)
    np.multiply(found.posterior[:, None], found.evidence, out=out)
    return np.subtract(found.joint, out, out=out)


def factor(figures: Parameters, gradient: Array, sizes: Array) -> Array:
    """Return B, shape (H, P), with B B' the covariance of the hypotheses' posteriors.

    B_hj = √(θ_j / (ν+1)) (g_hj - Σ_k θ_k g_hk): the row's Dirichlet covariance, taken apart. The
    table serves the next call again.
    """
    theta, row = figures.values, figures.row
    out = np.multiply(gradient, theta, out=scratch("spread", *gradient.shape))
    means = np.add.reduceat(out, figures.starts, axis=1)
    np.take(means, row, axis=1, out=out, mode="clip")
    np.subtract(gradient, out, out=out)
    weight = np.where(np.isfinite(sizes), 1.0 / (sizes + 1.0), 0.0)[row]
    return np.multiply(out, np.sqrt(theta * weight), out=out)


def delta_bounds(figures: Parameters, found: Gradients, sizes: Array) -> tuple[Array, Array]:
    """Return 2.5% and 97.5% points of every posterior by the delta method on the log odds."""
    parts = factor(figures, posterior_gradient(found), sizes)
    return log_odds_bounds(found.posterior, np.sqrt(np.einsum("hp,hp->h", parts, parts)))


def log_odds_bounds(p: Array, spread: Array) -> tuple[Array, Array]:
    """Return 2.5% and 97.5% points of posteriors of some standard deviation, on the log odds."""
    room = p * (1.0 - p)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log(p) - np.log1p(-p)
        width = np.where(room > 0, Z * spread / np.where(room > 0, room, 1.0), 0.0)
        low, high = (1.0 / (1.0 + np.exp(-(odds + s * width))) for s in (-1, 1))
    return np.where(room > 0, low, p), np.where(room > 0, high, p)


def normal_draws(
    figures: Parameters, found: Gradients, sizes: Array, draws: int, seed: int
) -> Array:
    """Return posteriors whose log odds are jointly normal, shape (draws, H)."""
    p = np.clip(found.posterior, 1e-15, 1.0 - 1e-15)
    scaled = factor(figures, posterior_gradient(found), sizes) / (p * (1.0 - p))[:, None]
    values, vectors = np.linalg.eigh(scaled @ scaled.T)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    noise = np.random.default_rng(seed).standard_normal((draws, len(p))) @ root.T
    odds = np.clip(np.log(p) - np.log1p(-p) + noise, -700.0, 700.0)
    return 1.0 / (1.0 + np.exp(-odds))


def draw_rows(figures: Parameters, sizes: Array, rng: np.random.Generator) -> Array:
    """Return one draw of all parameters: Dirichlet rows, exact ones unchanged."""
    size = np.where(np.isfinite(sizes), sizes, 0.0)[figures.row]
    shape = size * figures.values
    shape = np.where((figures.values <= 0.0) & _opened(figures, sizes), 1.0, shape)
    gamma = rng.standard_gamma(np.where(shape > 0, shape, 1.0))
    gamma = np.where(shape > 0, gamma, 0.0)
    total = np.add.reduceat(gamma, figures.starts)[figures.row]
    live = (size > 0) & (total > 0)
    return np.where(live, gamma / np.where(live, total, 1.0), figures.values)


def _opened(figures: Parameters, sizes: Array) -> NDArray[np.bool_]:
    """Return which zero parameters have a range of their own above zero."""
    _, high = cited_ranges(figures)
    return np.nan_to_num(high) > 0.0


def network_draws(
    engine: "Engine",
    evidence: Evidence,
    soft: Soft | None,
    hypotheses: Sequence[Hypothesis],
    sizes: Array,
    draws: int,
    seed: int,
) -> Array:
    """Return the exact posteriors of networks drawn from the parameters, shape (draws, H)."""
    figures, rng = parameters_of(engine.network), np.random.default_rng(seed)
    names = sorted({h.variable for h in hypotheses})
    rows = (draw_rows(figures, sizes, rng) for _ in range(draws))
    out = [x for x in _by_base(engine, evidence, soft, hypotheses, names, rows) if x is not None]
    return np.array(out).reshape(len(out), len(hypotheses))


Draws = Iterator[Array]


def _by_base(
    engine: "Engine",
    evidence: Evidence,
    soft: Soft | None,
    hypotheses: Sequence[Hypothesis],
    names: Sequence[str],
    rows: Draws,
) -> Iterator[list[float] | None]:
    """Yield the hypotheses' posteriors a draw: one program, a new base each."""
    slices = engine.layout.slices
    for found in posteriors_of(engine, evidence, soft, names, rows):
        yield (
            found
            if found is None
            else [float(h.probability(found[slices[h.variable]])) for h in hypotheses]
        )


def delta_intervals(
    engine: "Engine",
    evidence: Evidence,
    targets: Sequence[Hypothesis],
    *,
    soft: Soft | None = None,
) -> tuple[Array, Array]:
    """Return (low, high), each of shape (targets,): 95% intervals of P(h | evidence), fast.

    Exact parameters (no cited range) add nothing; without any range low = high = P(h | e).
    """
    found = gradients(engine, evidence, soft, targets)
    return delta_bounds(parameters_of(engine.network), found, row_sizes(engine.network))
