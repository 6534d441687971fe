"""Causes that must not be missed keep their decisive test until they are improbable.

Ranked by expected information, a test for a rare and grave cause sinks below those that tell common
and harmless ones apart. So a cause c that must not be missed (`meta` "must_not_miss") with

    P(c | e) ≥ T_c

keeps one test among those suggested: the one most likely to take it below its threshold,

    argmax_x Σ_o P(x = o | e) [P(c | e, x = o) < T_c]

and, among equals, that with the most information from outcomes that rule it out. T_c is the
probability at which one would stop looking: a testing threshold (Pauker & Kassirer 1980,
doi:10.1056/NEJM198005153022003; `thresholds`), by default 1 in 100.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fascinet.engine.analyses.hypotheses import causes, differential
from fascinet.engine.analyses.results import Array
from fascinet.model.arguments import number_of
from fascinet.model.network import Network

THRESHOLD = 0.01
LEAST = 1e-9  # bits below which a test says nothing


@dataclass(frozen=True)
class Kept:
    """A test that a cause keeps among those suggested.

    Attributes
    ----------
    cause, test : str
    probability, threshold : float
        P(c | e), or that it is at work where its trigger is the target; T_c.
    p_below : float
        Probability that the result takes the cause below its threshold.
    bits : float
        Information about the cause from outcomes that lower it.
    """

    cause: str
    test: str
    probability: float
    threshold: float
    p_below: float
    bits: float


def guarded(
    network: Network, given: Mapping[str, float] | None, targets: Iterable[str]
) -> dict[str, tuple[str, float]]:
    """Return cause and threshold of every target that must not be missed.

    A target stands for a cause if it is the cause itself, or its trigger in the differential.

    Parameters
    ----------
    given : mapping of cause to float, optional
        Thresholds; default: `THRESHOLD` for those marked in the network, else none.

    Raises
    ------
    UnknownVariableError, ArgumentError
        If a name is unknown, or a threshold is no probability.
    """
    owner, marked = owners(network)
    if given is None:
        given = dict.fromkeys(marked, THRESHOLD)
    for c, line in given.items():
        network.check(c)
        number_of(f"threshold of {c}", line, 0.0, 1.0)
    named = [(t, t if t in given else owner.get(t, "")) for t in targets]
    return {t: (c, float(given[c])) for t, c in named if c in given}


@lru_cache(maxsize=8)
def owners(network: Network) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the cause of each variable of the differential, and the causes that are marked."""
    marked = [c for c in causes(network) if network.meta.get(c, {}).get("must_not_miss")]
    return {h.variable: h.name for h in differential(network)}, tuple(marked)


def decisive(cause: str, threshold: float, tests: Mapping[str, Array]) -> Kept | None:
    """Return the test that a cause keeps, None if it is below its threshold or none tells.

    Parameters
    ----------
    tests : mapping of name to array, shape (2, outcomes)
        P(c absent, x | e) and P(c present, x | e) of each candidate x.

    Examples
    --------
    >>> emg = np.array([[0.72, 0.08], [0.01, 0.19]])
    >>> kept = decisive("als", 0.05, {"emg": emg, "colour": emg.sum(1)[:, None] * [[0.5, 0.5]]})
    >>> kept.test, round(kept.p_below, 2)
    ('emg', 0.73)
    """
    if not tests:
        return None
    joint = np.concatenate(list(tests.values()), axis=1)
    widths = [x.shape[1] for x in tests.values()]
    starts = np.cumsum([0, *widths[:-1]])
    share, p = next(iter(tests.values())).sum(axis=1), joint.sum(axis=0)
    if share[1] < threshold:
        return None
    after = joint[1] / np.where(p > 0.0, p, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(joint > 0.0, joint * np.log2(joint / (share[:, None] * p)), 0.0)
    told = np.add.reduceat(np.where(after < share[1], terms.sum(axis=0), 0.0), starts)
    below = np.add.reduceat(np.where(after < threshold, p, 0.0), starts)
    best = int(np.lexsort((told, np.where(told > LEAST, below, -1.0)))[-1])
    if told[best] <= LEAST:
        return None
    name = list(tests)[best]
    return Kept(cause, name, float(share[1]), threshold, float(below[best]), float(told[best]))


def in_sight(best: Sequence[str], kept: Sequence[Kept], count: int) -> tuple[str, ...]:
    """Return the first `count` names, kept tests in the place of the last ones where absent.

    All kept tests stay, even where they are more than `count`.

    Examples
    --------
    >>> in_sight(["a", "b", "c"], [Kept("als", "emg", 0.1, 0.01, 0.5, 0.1)], 2)
    ('a', 'emg')
    """
    names = list(dict.fromkeys(k.test for k in kept))
    free = [v for v in best if v not in names]
    room = max(count - len(names), 0)
    chosen = {*free[:room], *names}
    return tuple([*(v for v in best if v in chosen), *(v for v in names if v not in best)])
