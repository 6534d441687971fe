"""What a question can tell: its expected information about the causes that are still open.

bits(X) = Σ_c I(c; X | e) over the causes c that hold most of what is open (`SHARE` of the entropy,
at most `MOST` of them), present or not. A step is judged by Σ_c harm_c I(c; X | e) / price: harm is
that of missing the cause, a question has the price 1 and a test cost + burden − 1 of its session,
as in `clinic.next_tests`, whose quick screen chooses what is computed exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fascinet.engine.clinic.exact_gains import Exact
from fascinet.engine.clinic.lanes import Lanes, open_lanes
from fascinet.engine.clinic.next_tests import Unit
from fascinet.engine.clinic.screen import screened
from fascinet.engine.teaching.encounter import session_of
from fascinet.engine.teaching.practice import KEPT, Evidence, Practice, entropy
from fascinet.model.gates import Array

SHARE, MOST = 0.98, 16
EXACT = 16  # questions and tests that the screen lets through
POSSIBLE = 1e-9
IDLE = 0.005  # half a point: a result that moves no probability by more changes nothing


@dataclass(frozen=True)
class Option:
    """An open question or test.

    Attributes
    ----------
    variable, way : str
    bits : float
        Expected information about the open causes.
    worth : float
        The same, each cause weighted by the harm of missing it.
    price : float
        1 for a question; of a test the cost + burden − 1 of its session.
    largest : float
        The most that any possible result changes any open cause's probability.
    moves : str
        The cause that it changes so; "" if it changes none.
    """

    variable: str
    way: str
    bits: float
    worth: float
    price: float
    largest: float
    moves: str = ""

    @property
    def score(self) -> float:
        """Harm-weighted bits per price, what the best step is the best by."""
        return self.worth / self.price


def leading(rooms: Practice, evidence: Evidence, first: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the causes that hold most of what is open, `first` before all."""
    belief = rooms.belief(evidence)
    open_ = rooms.open_causes(evidence)
    bits = entropy([belief[c] for c in open_])
    order = np.argsort(-bits, kind="stable")
    held = np.cumsum(bits[order]) / max(float(bits.sum()), 1e-12)
    enough = int(np.searchsorted(held, SHARE)) + 1
    most = [open_[int(i)] for i in order[: min(enough, MOST)]]
    return tuple(dict.fromkeys([*(c for c in first if c in open_), *most]))[:MOST]


def options(
    rooms: Practice,
    evidence: Evidence,
    *,
    causes: Sequence[str] | None = None,
    also: Sequence[str] = (),
    count: int = EXACT,
) -> tuple[Option, ...]:
    """Return the most telling questions and tests, best score first.

    Parameters
    ----------
    rooms : Practice
    evidence : mapping
    causes : sequence of str, optional
        What to learn about; default: the causes that hold most of what is open.
    also : sequence of str
        What to value whatever the screen says.
    count : int
        How many the screen lets through.

    Raises
    ------
    ImpossibleEvidenceError

    Examples
    --------
    >>> from fascinet.teaching import options, practice
    >>> best = options(practice(), {"setting": "primary_care", "twitching": "yes"})[0]
    >>> best.bits > 0, best.way
    (True, 'examine')
    """
    asked = None if causes is None else tuple(causes)
    return _options(rooms, tuple(sorted(evidence.items())), asked, tuple(also), count)


@lru_cache(maxsize=KEPT)
def _options(
    rooms: Practice,
    known: tuple[tuple[str, str], ...],
    causes: tuple[str, ...] | None,
    also: tuple[str, ...],
    count: int,
) -> tuple[Option, ...]:
    evidence = dict(known)
    belief = rooms.belief(evidence)
    chosen = leading(rooms, evidence) if causes is None else causes
    names = tuple(c for c in chosen if c not in evidence and 0.0 < belief[c] < 1.0)
    if not names:
        return ()
    reasoner = rooms.reasoner
    lanes = open_lanes(rooms.engine, reasoner.evidence(evidence), reasoner.askable,
                       reasoner.rules.resting, reasoner.targets)  # fmt: skip
    posterior = lanes.run()
    assert posterior is not None  # the belief was asked first
    before = np.array([lanes.present(posterior, c) for c in names])
    wanted = dict.fromkeys([*_screened(rooms, lanes, before, names, count), *also])
    exact = Exact(lanes, posterior, names, before)
    told = exact.bits([v for v in wanted if v not in evidence])
    found = [_option(rooms, exact, v, bits) for v, bits in told.items()]
    return tuple(sorted(found, key=lambda o: (-o.score, -o.bits)))


def _screened(
    rooms: Practice, lanes: Lanes, before: Array, causes: Sequence[str], count: int
) -> list[str]:
    """Return the open questions and tests with the best estimated score."""
    asked = [v for v in rooms.askable if v not in lanes.case.hard and v not in rooms.habits]
    every = [Unit(v, (v,), 1.0, price_of(rooms, v), False) for v in asked]
    harm = np.array([rooms.script(c).harm for c in causes])
    rough = screened(lanes, causes, before, harm, every, causes)
    return [asked[i] for i in rough.order[:count]]


def _option(rooms: Practice, exact: Exact, variable: str, bits: Array) -> Option:
    """Return what one question or test tells, exactly."""
    about = np.array([c != variable for c in exact.causes])
    harm = np.array([rooms.script(c).harm for c in exact.causes])
    p, joint = exact.outcomes[variable]
    seen = p > POSSIBLE
    moved = np.abs(joint[seen] / p[seen, None] - exact.before).max(axis=0, initial=0.0) * about
    told = bits * about
    return Option(variable, rooms.way_of(variable), float(told.sum()), float(told @ harm),
                  price_of(rooms, variable), float(moved.max(initial=0.0)),
                  exact.causes[int(moved.argmax())] if moved.any() else "")  # fmt: skip


def price_of(rooms: Practice, variable: str) -> float:
    """Return the price of a step."""
    test = rooms.knowledge.tests.get(variable)
    if test is None:
        return 1.0
    record = session_of(rooms, variable) or test
    return float(max(1, record.cost + record.burden - 1))


def outcomes(rooms: Practice, evidence: Evidence, variable: str, cause: str) -> Mapping[str, float]:
    """Return P(cause | evidence, result) of each possible result of a question or test."""
    chances = rooms.posterior(evidence)[variable]
    return {
        s: rooms.belief({**evidence, variable: s})[cause] for s, p in chances.items() if p > 1e-9
    }
