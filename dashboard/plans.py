"""What to ask or test next, and what each result would make of the case."""

from dataclasses import dataclass
from functools import lru_cache

from fascinet.dashboard import service
from fascinet.dashboard.state import Case
from fascinet.dashboard.words import label, state_words
from fascinet.engine.analyses.value_of_information import value_of_information
from fascinet.engine.clinic.differential import Differential

TOP = 3


@dataclass(frozen=True)
class Option:
    """One open question or test.

    Attributes
    ----------
    id, name, kind : str
    bits : float
        Expected information about the targets.
    score : float
        Bits per unit of cost.
    cost, burden : int or None
        1 (little) to 5, for tests.
    turnaround, pitfalls, question : str
    """

    id: str
    name: str
    kind: str
    bits: float
    score: float
    cost: int | None
    burden: int | None
    turnaround: str
    pitfalls: str
    question: str


@dataclass(frozen=True)
class Outcome:
    """One result of a test.

    Attributes
    ----------
    state, text : str
    probability : float
        P(result | case).
    after : float
        The posterior of the cause in focus, given the result.
    leaders : tuple of (cause, posterior)
        The first of the ranking then.
    next_step : str
        What would be best to do after that result, empty when nothing is left.
    """

    state: str
    text: str
    probability: float
    after: float
    leaders: tuple[tuple[str, float], ...]
    next_step: str


@lru_cache(maxsize=64)
def options(case: Case, target: str | None, mode: str) -> tuple[Option, ...]:
    """Return all open questions and tests, best information per cost first.

    Parameters
    ----------
    case : Case
    target : str or None
        The cause to learn about; None for the whole differential.
    mode : {"both", "rule_in", "rule_out"}
    """
    if target is None and mode == "both":
        tests = service.every_test(case)
        return tuple(_option(t.finding, t.expected_gain_bits, t.score) for t in tests)
    known = service.resources()
    open_ = [e.id for e in known.catalogue.entries if e.id not in case.entered]
    causes = [c for c in known.reasoner.causes if c not in case.entered]
    found = value_of_information(
        known.engine, target or causes, service.evidence_of(case), open_,
        soft=case.soft_evidence, mode=mode,
    )  # fmt: skip
    rows = zip(found.variables, found.bits, found.score, strict=True)
    return tuple(_option(v, float(bits), float(score)) for v, bits, score in rows)


def _option(variable: str, bits: float, score: float) -> Option:
    known = service.resources()
    entry, test = known.catalogue.by_id[variable], known.knowledge.tests.get(variable)
    return Option(
        variable, entry.label, entry.kind, bits, score,
        test.cost if test else None, test.burden if test else None,
        test.turnaround if test else "now", test.pitfalls if test else "", entry.question,
    )  # fmt: skip


@lru_cache(maxsize=64)
def outcomes(case: Case, test: str, cause: str) -> tuple[Outcome, ...]:
    """Return what every result of a test would do; impossible results are left out."""
    known = service.resources()
    marginal = service.beliefs(case)[test]
    out: list[Outcome] = []
    for state in known.network.states(test):
        if marginal[state] > 1e-12:
            out.append(_outcome(case.with_state(test, state), test, state, marginal[state], cause))
    return tuple(out)


def _outcome(after: Case, test: str, state: str, p: float, cause: str) -> Outcome:
    answer = service.with_next(after)
    leaders = tuple((e.label, e.posterior) for e in answer.differential[:TOP])
    step = answer.next_tests[0].label if answer.next_tests else ""
    return Outcome(state, state_words(state), p, _posterior(after, answer, cause), leaders, step)


def _posterior(case: Case, answer: Differential, cause: str) -> float:
    """Return P(cause present); a cause that was entered is not in the ranking's gift."""
    found = next((e.posterior for e in answer.differential if e.cause == cause), None)
    return service.presence(service.beliefs(case), cause) if found is None else found


def name_of(variable: str) -> str:
    """Return the clinician's name of a variable."""
    return label(service.resources().network, variable)
