"""P(event | condition): probabilities of states joined by and, or, not; exact.

P(A | B) = Σ_t P(t) / Σ_u P(u) over the disjoint terms t of A ∧ B and u of B (`events`); each term
is one evidence query, and all go through the engine together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.access import Vectors, log_probs
from fascinet.engine.analyses.events import Event, Query, Term, joined, read_query, terms
from fascinet.engine.analyses.results import Array, Columns, Result
from fascinet.engine.api.conflict_set import minimal_conflict
from fascinet.engine.run.evidence import Soft, warn_unset
from fascinet.model.errors import BudgetError, ImpossibleEvidenceError
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

TERMS = 2**20
"""Most disjoint terms of one event; each is an evidence query."""


@dataclass(frozen=True, eq=False, repr=False)
class Answer(Result):
    """The probability of an event.

    Attributes
    ----------
    query : str
        As asked.
    probability : float
        P(event | condition).
    unconditional : float
        P(event), under the same interventions.
    log_prob_condition : float
        ln P(condition).
    terms : int
        How many disjoint terms the event came to.
    """

    query: str
    probability: float
    unconditional: float
    log_prob_condition: float
    terms: int

    def __float__(self) -> float:
        return self.probability

    def columns(self) -> Columns:
        """Return one row."""
        return {
            "query": [self.query],
            "probability": [self.probability],
            "unconditional": [self.unconditional],
        }

    def title(self) -> str:
        """Return the question and its answer."""
        return f"P({self.query}) = {self.probability:.6g}"

    def summary(self) -> dict[str, Any]:
        """Return ln P(condition)."""
        return {"log_prob_condition": self.log_prob_condition}


def ask(engine: "Engine", text: str) -> Answer:
    """Return the probability of an event; see `Engine.ask`."""
    network = engine.network
    query = read_query(text, network)
    warn_condition(engine, query)
    condition = joined(True, [e for _, e in query.condition])
    both, above = (
        listed(joined(True, [query.event, condition]), network),
        listed(condition, network),
    )
    alone = both if condition is True else listed(query.event, network)
    log_condition = log_sum(term_logs(engine, above, query.do))
    if log_condition == -np.inf:
        raise impossible(engine, query)
    log_both = log_sum(term_logs(engine, both, query.do))
    unconditional = log_both if condition is True else log_sum(term_logs(engine, alone, query.do))
    p = min(float(np.exp(log_both - log_condition)), 1.0)
    return Answer(text, p, min(float(np.exp(unconditional)), 1.0), log_condition, len(both))


def warn_condition(engine: "Engine", query: Query) -> None:
    """Warn of a condition that leaves open what one picks (the setting)."""
    known = joined(True, [e for _, e in query.condition])
    fixed = _fixed(known)
    warn_unset(engine.chosen, dict.fromkeys(fixed), query.do)


def _fixed(event: Event) -> Iterable[str]:
    parts = getattr(event, "parts", (event,)) if getattr(event, "is_and", True) else ()
    return [x.variable for x in parts if hasattr(x, "variable")]


def listed(event: Event, network: Network) -> list[Term]:
    """Return the disjoint terms of an event.

    Raises
    ------
    BudgetError
        If there are more than 2^20.
    """
    found = list[Term]()
    for term in terms(event, network):
        found.append(term)
        if len(found) > TERMS:
            raise BudgetError(len(term), len(found), TERMS, "ask for fewer variables at once")
    return found


def vectors_of_term(network: Network, term: Term) -> Vectors:
    """Return a term as likelihoods: one for its states, zero for the others."""
    out: Vectors = {}
    for v, states in term.items():
        out[v] = np.zeros(len(network.states(v)))
        out[v][list(states)] = 1.0
    return out


def term_logs(engine: "Engine", found: Sequence[Term], do: Mapping[str, str]) -> Array:
    """Return ln P of each term, -inf where it is impossible."""
    cases = [vectors_of_term(engine.network, term) for term in found]
    if not do:
        return log_probs(engine, cases)
    return np.array([_log_under(engine, case, do) for case in cases])


def _log_under(engine: "Engine", case: Vectors, do: Mapping[str, str]) -> float:
    """Return ln P of a term under an intervention, which decides the terms on what it sets."""
    network, soft = engine.network, dict[str, Any]()
    for v, vector in case.items():
        if v not in do:
            soft[v] = vector
        elif not vector[network.state_index(v, do[v])]:
            return -np.inf
    hard, likely = split(network, soft)
    return engine.log_prob_evidence(hard, likely, do)


def split(network: Network, vectors: Vectors) -> "tuple[dict[str, str], Soft]":
    """Return vectors of zeros and ones as hard evidence where one state is left, and soft."""
    hard, soft = dict[str, str](), dict[str, Any]()
    for v, x in vectors.items():
        some = np.flatnonzero(x)
        if len(some) == 1:
            hard[v] = network.states(v)[int(some[0])]
        else:
            soft[v] = x
    return hard, soft


def log_sum(logs: Array) -> float:
    """Return ln Σ exp; -inf of nothing."""
    top = float(logs.max(initial=-np.inf))
    return top if top == -np.inf else top + float(np.log(np.exp(logs - top).sum()))


def impossible(engine: "Engine", query: Query) -> ImpossibleEvidenceError:
    """Return the error for a condition of probability zero, with a smallest part that is so."""

    def is_possible(parts: Sequence[tuple[str, Event]]) -> bool:
        event = joined(True, [e for _, e in parts])
        return log_sum(term_logs(engine, listed(event, engine.network), query.do)) > -np.inf

    found = minimal_conflict(list(query.condition), is_possible)
    pairs = [text.partition("=") for text, _ in found]
    return ImpossibleEvidenceError({
        (left.strip() if mark and "!" not in left and "(" not in text else text):
        (right.strip() if mark and "!" not in left and "(" not in text else "true")
        for (left, mark, right), (text, _) in zip(pairs, found, strict=True)
    })  # fmt: skip
