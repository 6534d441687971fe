"""The k most probable joint explanations over the causes, and the minimal ones.

A joint explanation gives every cause a state. Found level by level: each partial explanation is
extended by the next cause, P(c_1 … c_j | e) only falls, so a partial one below the k-th best is
dropped for good. If the beam overflows and something dropped could have won, the k best are
searched one by one (see `search.ranked`), within the budget; `exact` says whether they are
certainly the best. Explanations of all variables together are searched so from the start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.access import (
    Evidence,
    Soft,
    Vectors,
    batch_marginals,
    require_possible,
    vectors_of,
)
from fascinet.engine.analyses.bundle import run_bundle
from fascinet.engine.analyses.hypotheses import causes, resting_state
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.engine.run.evidence import read_request
from fascinet.engine.search.ranked import ranked
from fascinet.model.arguments import whole_number
from fascinet.model.errors import BudgetError, OptionError
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

Partial = tuple[float, tuple[int, ...]]


@dataclass(frozen=True, eq=False, repr=False)
class Explanations(Result):
    """Joint explanations, most probable first.

    Attributes
    ----------
    variables : tuple of str
        The causes.
    states : tuple of tuples of str
        One explanation a row: the state of every cause.
    probability : array, shape (k,)
        P(explanation | e): its share of the posterior probability.
    exact : bool
        Whether these are certainly the k best.
    """

    variables: tuple[str, ...]
    states: tuple[tuple[str, ...], ...]
    probability: Array
    exact: bool
    present: tuple[tuple[str, ...], ...]

    @property
    def share(self) -> float:
        """Posterior probability that the listed explanations cover together."""
        return float(self.probability.sum())

    @property
    def ties(self) -> int:
        """How many of those listed are as probable as the first, to within rounding."""
        return int((self.probability >= self.probability[0] * (1.0 - 1e-9)).sum())

    @property
    def minimal(self) -> tuple[tuple[str, ...], ...]:
        """Sets of present causes none of whose proper subsets is listed: the fewest causes."""
        sets = [frozenset(p) for p in self.present]
        return tuple(
            p for p, s in zip(self.present, sets, strict=True) if not any(o < s for o in sets)
        )

    def columns(self) -> Columns:
        """Return one row an explanation: the causes present, and its probability."""
        return {
            "present": [", ".join(p) or "none" for p in self.present],
            "probability": self.probability,
            "causes": [len(p) for p in self.present],
        }

    def title(self) -> str:
        """Return how much of the probability is covered."""
        sure = "" if self.exact else " (others may be as likely)"
        cover = "explanation covers" if len(self.states) == 1 else "explanations cover"
        tie = f"; the first {self.ties} are equally likely" if self.ties > 1 else ""
        count, share = len(self.states), f"{self.share:.1%} of the probability"
        return f"The {count} likeliest {cover} {share}{sure}{tie}"

    def summary(self) -> dict[str, Any]:
        """Return coverage and exactness."""
        told = {"share": self.share, "exact": self.exact, "ties": self.ties}
        return {**told, "variables": list(self.variables)}


def most_probable_explanations(
    engine: "Engine",
    evidence: Evidence | None = None,
    variables: Sequence[str] | None = None,
    *,
    soft: Soft | None = None,
    count: int = 5,
    beam: int = 256,
) -> Explanations:
    """Return the `count` most probable joint states of the causes.

    Parameters
    ----------
    variables : sequence of str, optional
        Default: the causes of the network; of a plain network, all variables.
    beam : int
        Most partial explanations kept at each level.
    """
    network, count = engine.network, whole_number("count", count)
    beam, known = whole_number("beam", beam), set(evidence or {})
    if variables is None:
        variables = causes(network) or network.variables
    names = tuple(v for v in map(network.check, variables) if v not in known)
    if not names:
        raise OptionError("variables", "None", network.variables)
    require_possible(engine, evidence or {}, soft)
    if len(names) + len(known) == len(network.variables):
        return _by_search(engine, evidence, soft, names, count)
    base = vectors_of(network, evidence or {}, soft)
    first, _ = batch_marginals(engine, [base], names)
    order = sorted(range(len(names)), key=lambda i: -float(first[names[i]].max()))
    asked = tuple(names[i] for i in order)
    rough, _ = _search(engine, base, asked, count, min(beam, 2 * count), 0.0)
    least = rough[-1][0] * (1.0 - 1e-9) if len(rough) == count else 0.0
    best, dropped = _search(engine, base, asked, count, beam, least)
    exact = dropped <= best[-1][0] and (len(best) == count or dropped == 0.0)
    if not exact:
        try:
            return _by_search(engine, evidence, soft, names, count)
        except BudgetError:
            pass  # what the beam found stands, and is told not to be certain
    back = np.argsort(order)
    turned = [(w, tuple(p[i] for i in back)) for w, p in best]
    return Explanations(
        names, tuple(_named(network, names, p) for _, p in turned),
        frozen([w for w, _ in turned]), exact,
        tuple(_present(network, names, p) for _, p in turned),
    )  # fmt: skip


def _by_search(
    engine: "Engine", evidence: Evidence | None, soft: Soft | None, names: tuple[str, ...],
    count: int,
) -> Explanations:  # fmt: skip
    """Return the k best joint states, searched one by one."""
    network = engine.network
    request = read_request(network, evidence, soft, None)
    wanted = [network.index[v] for v in names]
    best = ranked(engine.solver, request, frozenset(wanted), count)
    total = engine.solver.log_prob(request)
    rows = [tuple(states[v] for v in wanted) for states, _ in best]
    return Explanations(
        names, tuple(_named(network, names, row) for row in rows),
        frozen([np.exp(log - total) for _, log in best]), True,
        tuple(_present(network, names, row) for row in rows),
    )  # fmt: skip


def _search(
    engine: "Engine",
    base: Vectors,
    names: Sequence[str],
    count: int,
    beam: int,
    least: float,
) -> "tuple[list[Partial], float]":
    """Return the best joint states, and the largest probability of a partial one that was lost.

    Partial states below `least`, which `count` whole ones are known to reach, cannot win.
    """
    partials: list[Partial] = [(1.0, ())]
    dropped = 0.0
    for level in range(len(names)):
        rows = _side_by_side(engine, base, names, level, partials)
        grown = [
            (weight * float(q), (*p, state))
            for (weight, p), row in zip(partials, rows, strict=True)
            for state, q in enumerate(row)
            if q > 0.0 and weight * q >= least
        ]
        grown.sort(key=lambda item: -item[0])
        if len(grown) > beam:
            dropped = max(dropped, grown[beam][0])
        partials = grown[:beam]
    return partials[:count], dropped


def _one_by_one(
    engine: "Engine", base: Vectors, names: Sequence[str], level: int, partials: "list[Partial]"
) -> Array:
    """Return the next variable's posterior given each partial state, one inference each."""
    cases = [base | _points(engine.network, names[:level], p) for _, p in partials]
    return batch_marginals(engine, cases, [names[level]])[0][names[level]]


def _side_by_side(
    engine: "Engine", base: Vectors, names: Sequence[str], level: int, partials: "list[Partial]"
) -> Array:
    """Return the same, all partial states through one tree."""
    network, index = engine.network, engine.network.index
    if any(v in base for v in names):
        return _one_by_one(engine, base, names, level, partials)
    flat = {index[v]: np.ones(len(network.states(v))) for v in names[level:]}
    hard, states = dict[int, Array](), dict[int, int]()
    for v, x in base.items():
        if np.count_nonzero(x) == 1:
            states[index[v]] = int(np.flatnonzero(x)[0])
        else:
            hard[index[v]] = x
    lanes = {
        index[v]: np.eye(len(network.states(v)))[[p[i] for _, p in partials]]
        for i, v in enumerate(names[:level])
    }
    if not lanes:
        return _one_by_one(engine, base, names, level, partials)
    v = index[names[level]]
    _, found = run_bundle(engine, states, flat | hard, lanes, asked=[v])
    return np.nan_to_num(found[v])


def _points(network: Network, names: Sequence[str], states: tuple[int, ...]) -> dict[str, Array]:
    pairs = zip(names, states, strict=True)
    return {v: np.eye(len(network.states(v)))[s] for v, s in pairs}


def _named(network: Network, names: Sequence[str], states: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(network.states(v)[s] for v, s in zip(names, states, strict=True))


def _present(network: Network, names: Sequence[str], states: tuple[int, ...]) -> tuple[str, ...]:
    out: list[str] = []
    for v, s in zip(names, states, strict=True):
        if s != resting_state(network, v):
            name = network.states(v)[s]
            out.append(v if name == "yes" else f"{v}={name}")
    return tuple(out)
