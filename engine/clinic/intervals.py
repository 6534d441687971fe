"""Intervals of posteriors from the ranges of the parameters, by the delta method.

Each row of parameters counts once, as the Dirichlet whose variances its cited ranges give; see
`fascinet.engine.analyses.uncertainty` for the formula. A range is taken as a 95% interval, so that
its standard deviation is (high − low) / 3.92 and ν + 1 = θ (1 − θ) / sd²; the row has the least ν
of its entries. `Engine.uncertainty` fits each Beta's quantiles instead, which takes longer and
differs where a range is wide.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from fascinet.engine.analyses import uncertainty
from fascinet.engine.analyses.access import Gradients
from fascinet.engine.analyses.hypotheses import Hypothesis, present
from fascinet.engine.analyses.joint import joint_slopes
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.ranges import cited_ranges
from fascinet.engine.analyses.reverse import Jacobian, jacobian
from fascinet.engine.clinic.ranking import likelihoods
from fascinet.engine.engine import Engine
from fascinet.engine.posterior import Posterior
from fascinet.engine.request import Request, pattern_of
from fascinet.model.case import Case
from fascinet.model.gates import Array
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.clinic.reasoner import Reasoner

WIDTH = 2 * 1.959964
LEAST = 1e-3
TABLES = 2**26  # entries of all tables of a joint pass: hypotheses are taken in lots beyond it
LEAST_WIDTH = 4


def cause_intervals(
    reasoner: "Reasoner", engine: Engine, case: Case, posterior: Posterior
) -> Mapping[str, tuple[float, float]]:
    """Return the 95% interval of P(cause present | evidence) for every cause."""
    unknown = [c for c in reasoner.causes if c not in case.hard and c not in case.do]
    hypotheses = [_present(reasoner, c) for c in unknown]
    table = reasoner.jacobian if engine is reasoner.engine else jacobian(engine.network)
    spans = dict(zip(unknown, delta_intervals(engine, case, hypotheses, table), strict=True))
    known = {c: reasoner.present(posterior, c) for c in reasoner.causes if c not in spans}
    return spans | {c: (p, p) for c, p in known.items()}


def _present(reasoner: "Reasoner", cause: str) -> Hypothesis:
    return present(reasoner.network, cause)


def delta_intervals(
    engine: Engine, case: Case, hypotheses: list[Hypothesis], table: Jacobian
) -> list[tuple[float, float]]:
    """Return the interval of P(h | evidence) for each hypothesis."""
    found = gradients(engine, case, hypotheses, table)
    sizes = row_sizes(engine.network)
    low, high = uncertainty.delta_bounds(parameters_of(engine.network), found, sizes)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def gradients(
    engine: Engine, case: Case, hypotheses: list[Hypothesis], table: Jacobian
) -> Gradients:
    """Return ∂P(e)/∂θ and ∂P(e, h)/∂θ of every hypothesis, divided by P(e).

    By one program, in which every hypothesis is a soft finding, flat but in its own turn: all
    together where the compiled kernels are at hand, else one reverse pass for each. `table` turns
    the derivatives by the engine's base into those by the parameters.
    """
    network = engine.network
    given = likelihoods(network, case)
    states = {network.index[v]: network.state_index(v, s) for v, s in case.hard.items()}
    flat = {network.index[v]: given[v] for v in case.soft}
    for h in hypotheses:
        flat.setdefault(network.index[h.variable], np.ones(len(h.indicator)))
    together = _together(engine, states, flat, hypotheses) if engine.numba_solver.native else None
    return together or _in_turn(engine, states, flat, hypotheses, table)


def _together(
    engine: Engine, states: dict[int, int], flat: dict[int, Array], hypotheses: list[Hypothesis]
) -> Gradients | None:
    """Return the gradients by joint passes; None if their numbers leave the range of a double."""
    request = Request(states, flat, frozenset())
    plan = engine.solver.program(pattern_of(engine.arrays, request, frozenset())).plan
    width = max(LEAST_WIDTH, int(TABLES // plan.entries))
    found = [
        joint_slopes(engine, states, flat, hypotheses[i : i + width])
        for i in range(0, max(len(hypotheses), 1), width)
    ]
    parts = [part for part in found if part is not None]
    if len(parts) < len(found):
        return None
    log_prob, _, slopes = parts[0]
    return Gradients(
        log_prob, np.concatenate([p for _, p, _ in parts]), slopes[-1],
        np.concatenate([s[:-1] for _, _, s in parts]),
    )  # fmt: skip


def _in_turn(
    engine: Engine,
    states: dict[int, int],
    flat: dict[int, Array],
    hypotheses: list[Hypothesis],
    table: Jacobian,
) -> Gradients:
    """Return the gradients by one reverse pass a hypothesis."""
    index = engine.network.index
    logs: list[float] = []
    rows: list[Array] = []
    for h in (None, *hypotheses):
        soft = dict(flat)
        if h is not None:
            soft[index[h.variable]] = flat[index[h.variable]] * h.indicator
        log_prob, row = engine.numba_solver.derivatives(Request(states, soft, frozenset()))
        logs.append(log_prob)
        rows.append(row.copy())
    share = np.exp(np.array(logs) - logs[0])
    slopes = table.pull(np.array(rows)) * share[:, None]
    return Gradients(logs[0], share[1:], slopes[0], slopes[1:])


def row_sizes(network: Network) -> Array:
    """Return ν of every row of parameters, shape (R,); ∞ where no entry has a range."""
    figures = parameters_of(network)
    low, high = cited_ranges(figures)
    deviation = np.nan_to_num(high - low) / WIDTH
    theta = figures.values
    entries = np.full(theta.shape, np.inf)
    open_ = (deviation > 0) & (theta > 0) & (theta < 1)
    entries[open_] = theta[open_] * (1 - theta[open_]) / deviation[open_] ** 2 - 1
    rows = np.minimum.reduceat(np.maximum(entries, LEAST), figures.starts)
    return np.where(figures.widths > 1, rows, np.inf)
