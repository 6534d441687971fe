"""Learn the figures of a network from cases: counts, EM for what is missing, new ranges."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.analyses.parameters import Parameters, gate_figures, parameters_of
from fascinet.engine.analyses.ranges import cited_ranges
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.engine.analyses.uncertainty import row_sizes
from fascinet.engine.api.engine import Engine
from fascinet.engine.learning.cases import Cases, read_cases
from fascinet.engine.learning.certainty import Certainty, certainty
from fascinet.engine.learning.em import NOTHING, Fit, Progress, iterate
from fascinet.engine.learning.expected import row_totals
from fascinet.engine.run.evidence import names_of
from fascinet.model.arguments import number_of, whole_number
from fascinet.model.errors import LearningError
from fascinet.model.gates import Function
from fascinet.model.lazy import Lazy
from fascinet.model.network import Network
from fascinet.model.plural import counted

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from fascinet.engine.learning import knowledge as knowledge_room
    from fascinet.engine.learning.knowledge import WrittenKnowledge
else:
    knowledge_room = Lazy("fascinet.engine.learning.knowledge")

Rows = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class Learned(Result):
    """A network with learnt figures, and what changed.

    Attributes
    ----------
    network : Network
        With the new figures and their 95% ranges.
    before : Network
    cases : int
        Rows of the data.
    log_likelihood : tuple of float
        Σ ln P(case) before each step of EM and after the last.
    objective : tuple of float
        ln L + Σ ν θ⁰ ln θ, which no step lowers.
    converged : bool
    index : array of int
        Which parameters were learnt, among `values`.
    values, counts : arrays
        Every parameter of the new network, and the expected number of cases that used it.
    found : Certainty
        Its standard error, range and worth.
    """

    network: Network
    before: Network
    cases: int
    log_likelihood: tuple[float, ...]
    objective: tuple[float, ...]
    converged: bool
    index: NDArray[np.int64]
    values: Array
    found: Certainty
    counts: Array

    @property
    def silent(self) -> "tuple[dict[str, Any], ...]":
        """Rows of which the data say nothing; their figures and ranges stay as they were."""
        figures = parameters_of(self.before)
        learnt = np.zeros(len(figures.starts), dtype=bool)
        learnt[figures.row[self.index]] = True
        silent = np.flatnonzero(~learnt & (figures.widths > 1) & ~figures.structural)
        labels = [figures.labels[int(figures.starts[r])] for r in silent]
        return tuple({"variable": v, "parents": parents} for v, _, parents in labels)

    def write_knowledge(
        self, out: "str | Path", *, folder: "str | Path | None" = None, source: str = "learned",
        title: str = "", least: float = 1.0,
    ) -> "WrittenKnowledge":  # fmt: skip
        """Write the learnt figures back as a knowledge base, each where it stands.

        All else in the files stays to the letter: `diff -r` shows figure by figure what changed,
        and `fascinet diff` what that does to the teaching cases.

        Parameters
        ----------
        out : path
            A new or empty folder.
        folder : path, optional
            The knowledge base that was learnt; default: the shipped one.
        source : str
            Key of the source that the figures cite from now on.
        title : str
            Of that source: which data they are.
        least : float
            Expected cases below which a row of figures stays as it is cited.

        Raises
        ------
        LearningError
            If this is not the knowledge of the network, or nothing can be written.
        FormatError
        """
        return knowledge_room.write_knowledge(
            self, out, folder=folder, source=source, title=title, least=least
        )

    def columns(self) -> Columns:
        """Return one row a learnt figure, in the order of the network."""
        figures = parameters_of(self.before)
        named = figures.named(self.index)
        return {
            "variable": named["variable"],
            "state": named["state"],
            "parents": named["parents"],
            "before": named["value"],
            "value": self.values[self.index],
            "low": self.found.low[self.index],
            "high": self.found.high[self.index],
            "count": self.counts[self.index],
            "worth": self.found.worth[self.index],
        }

    def shown(self) -> "pd.DataFrame":
        """Return the rows, those that moved farthest first."""
        frame = self.to_frame()
        moved = np.abs(frame["value"].to_numpy() - frame["before"].to_numpy())
        return frame.iloc[np.argsort(-moved, kind="stable")]

    def title(self) -> str:
        """Return what was learnt."""
        steps = counted(len(self.log_likelihood) - 1, "step")
        end = "" if self.converged else ", not converged"
        told = f"{len(self.silent)} rows of figures without data" if self.silent else ""
        learnt = counted(len(self.index), "figure")
        return f"{learnt} learnt from {counted(self.cases, 'case')} in {steps}{end}" + (
            f"; {told}" if told else ""
        )

    def summary(self) -> dict[str, Any]:
        """Return the likelihood before and after, and how it ended."""
        return {
            "cases": self.cases,
            "log_likelihood_before": self.log_likelihood[0],
            "log_likelihood": self.log_likelihood[-1],
            "steps": len(self.log_likelihood) - 1,
            "converged": self.converged,
            "silent": [dict(row) for row in self.silent],
        }


def learn(
    network: Network,
    data: "pd.DataFrame | Any",
    *,
    variables: str | Iterable[str] | None = None,
    sample_size: float = 1.0,
    fading: float = 1.0,
    iterations: int = 500,
    tolerance: float = 1e-6,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Learned:
    """Learn the figures of a network from cases; missing cells are unknown.

    Tables, links and leaks are learnt alike, functions stay. Complete data are counted; where
    cells are missing, or gates hide which cause acted, EM finds the figures, exactly: no case is
    sampled or filled in.

    Parameters
    ----------
    network : Network
        Its structure is kept. Its figures are where EM begins, and what was known before: a row
        with a cited range counts as many observations as the range is worth.
    data : DataFrame
        A column a variable (some may lack), the cells states.
    variables : str or iterable of str, optional
        Only the figures of these; default: all.
    sample_size : float
        How many observations the figures of a row without a cited range are worth. 0 means
        maximum likelihood.
    fading : float
        Multiplies the worth of cited ranges, 0 to 1: less than 1 forgets, for figures that are
        learnt again and again from new cases.
    iterations : int
        Most steps of EM.
    tolerance : float
        EM ends when no figure changes by more.
    seed : int, optional
        Begin at figures drawn at random: with hidden variables whose figures are all equal EM
        could not move.
    progress : callable, optional
        Called with step and log likelihood.

    Returns
    -------
    Learned
        The new network, its figures beside the old ones with 95% ranges, and the rows of which
        the data say nothing. `low` and `high` become the ranges of the new network.

    Raises
    ------
    LearningError
        If the data say nothing of any figure asked for, or contradict the network (a probability
        of 0 stays 0), with the row.
    UnknownVariableError, UnknownStateError, EvidenceError, BudgetError

    Examples
    --------
    >>> import fascinet as fn, pandas as pd
    >>> b = fn.NetworkBuilder().variable("flu").variable("cough").table("flu", 0.5)
    >>> b = b.table("cough", {"no": 0.5, "yes": 0.5}, parents=["flu"])
    >>> data = pd.DataFrame({"flu": ["no"] * 6 + ["yes"] * 4, "cough": ["no"] * 5 + ["yes"] * 5})
    >>> found = fn.learn(b.build(), data, sample_size=0)
    >>> found.network.cpt("cough").round(3).tolist()
    [[0.833, 0.167], [0.0, 1.0]]
    >>> found.log_likelihood[-1] > found.log_likelihood[0]
    True
    """
    engine = Engine(network)
    number_of("sample_size", sample_size)
    number_of("fading", fading, 0.0, 1.0)
    number_of("tolerance", tolerance)
    whole_number("iterations", iterations, 0)
    if seed is not None:
        whole_number("seed", seed, 0)
    if all(isinstance(network.gate(v), Function) for v in network.variables):
        raise LearningError("nothing can be learnt: there is no figure to learn (functions stay)")
    cases, figures = read_cases(network, data), parameters_of(network)
    free = _free(network, figures, variables)
    pseudo = _pseudo_counts(network, figures, sample_size, fading)
    start = engine if seed is None else Engine(_jittered(figures, free, seed))
    fit = iterate(start, cases, pseudo, free, iterations, tolerance, progress)
    rests = row_totals(figures, fit.expected.counts)
    learnt = free & (rests > NOTHING)
    _refuse(network, figures, free, learnt, variables)
    return _result(network, cases, fit, pseudo, learnt)


def _free(network: Network, figures: Parameters, variables: str | Iterable[str] | None) -> Rows:
    """Return the rows that may be learnt: of the variables asked for, and no structure."""
    free = ~figures.structural & (figures.widths > 1)
    if variables is None:
        return free
    places = [network.index[network.check(v)] for v in names_of(variables)]
    return free & np.isin(figures.owner, places)


def _pseudo_counts(
    network: Network, figures: Parameters, sample_size: float, fading: float
) -> Array:
    sizes = row_sizes(network)
    rows = np.where(np.isfinite(sizes), fading * sizes, sample_size)
    return rows[figures.row] * figures.values


def _jittered(figures: Parameters, free: Rows, seed: int) -> Network:
    """Return the network with free rows drawn at random, zeros kept."""
    noise = np.random.default_rng(seed).gamma(2.0, size=len(figures.values))
    drawn = np.where(figures.values > 0.0, noise, 0.0)
    total = np.add.reduceat(drawn, figures.starts)[figures.row]
    return figures.rebuild(np.where(free[figures.row], drawn / total, figures.values))


def _refuse(
    network: Network, figures: Parameters, free: Rows, learnt: Rows, variables: Any
) -> None:
    """Raise if nothing can be learnt of what was asked for."""
    if not free.any():
        raise LearningError("nothing can be learnt: there is no figure to learn (functions stay)")
    if variables is not None:
        for v in names_of(variables):
            own = free & (figures.owner == network.index[v])
            if own.any() and not (own & learnt).any():
                raise LearningError(
                    f"the data say nothing of {v!r}: neither it nor a descendant is ever observed"
                )
    if not learnt.any():
        raise LearningError("the data say nothing of any figure of the network")


def _result(network: Network, cases: Cases, fit: Fit, pseudo: Array, learnt: Rows) -> Learned:
    # rows without data keep their figures, whatever the start was
    figures = parameters_of(network)
    values = np.where(learnt[figures.row], fit.step.values, figures.values)
    step = fit.step.moved(values)
    before = figures.values
    found = certainty(step, pseudo, learnt, (before > 0.0) & (before < 1.0))
    learned = _with_ranges(step.network, found)
    index = np.flatnonzero(learnt[figures.row])
    return Learned(
        learned, network, cases.total, fit.log_likelihood, fit.objective, fit.converged,
        index, frozen(values), found, frozen(fit.expected.counts),
    )  # fmt: skip


def _with_ranges(network: Network, found: Certainty) -> Network:
    """Return the network with new ranges where figures were learnt, the old ones elsewhere."""
    old_low, old_high = cited_ranges(parameters_of(network))
    low = np.where(np.isnan(found.low), old_low, found.low)
    high = np.where(np.isnan(found.high), old_high, found.high)
    meta = {v: dict(network.meta.get(v, {})) for v in network.variables}
    at = 0
    for v in network.variables:
        parts = gate_figures(network.gate(v))
        ends: list[tuple[Array, ...]] = []
        for flat in (low, high):
            place, arrays = at, list[Array]()
            for part in parts:
                arrays.append(flat[place : place + part.size].reshape(part.shape))
                place += part.size
            ends.append(tuple(arrays))
        at += sum(part.size for part in parts)
        if parts and not all(np.isnan(x).all() for x in ends[0]):
            meta[v]["ranges"] = tuple(ends)
    return network.replace(meta={v: m for v, m in meta.items() if m})
