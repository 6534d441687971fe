"""What to ask or test next, and what each result would make of the case."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from fascinet.dashboard import service
from fascinet.dashboard.state import Case
from fascinet.dashboard.words import label, state_name
from fascinet.engine.analyses.value_of_information import value_of_information
from fascinet.model.case import contains

TOP = 3
POSSIBLE = 1e-12


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
    by : str
        Who can tell: "history" (the patient) or "examination".
    rules_out : tuple of str
        Causes that must not be missed, whose decisive test it is.
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
    by: str = "history"
    rules_out: tuple[str, ...] = ()

    @property
    def way(self) -> str:
        """How it is learned: "ask", "examine" or "test"."""
        if self.kind == "test":
            return "test"
        return "examine" if self.by == "examination" else "ask"


@dataclass(frozen=True)
class Result:
    """One result of a test and what it would make of every cause.

    Attributes
    ----------
    state, text : str
    probability : float
        P(result | case).
    present : mapping of cause to P(present | case, result)
    """

    state: str
    text: str
    probability: float
    present: Mapping[str, float]


@dataclass(frozen=True)
class Outcome:
    """One result of a test, two steps ahead.

    Attributes
    ----------
    result : Result
    leader : str
        The cause that is first in the ranking then.
    share : float
        How far it accounts for the findings.
    next_step : str
        What would be best to do after that result, empty when nothing is left.
    """

    result: Result
    leader: str
    share: float
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
        return tuple(_option(t.finding, t.expected_gain_bits, t.score, t.rules_out) for t in tests)
    known = service.resources()
    open_ = [e.id for e in known.catalogue.entries if e.id not in case.entered]
    causes = [c for c in known.reasoner.causes if c not in case.entered]
    found = value_of_information(
        known.engine, target or causes, service.evidence_of(case), open_,
        soft=case.soft_evidence, mode=mode,
    )  # fmt: skip
    rows = zip(found.variables, found.bits, found.score, strict=True)
    return tuple(_option(v, float(bits), float(score)) for v, bits, score in rows)


def _option(variable: str, bits: float, score: float, rules_out: tuple[str, ...] = ()) -> Option:
    known = service.resources()
    entry, test = known.catalogue.by_id[variable], known.knowledge.tests.get(variable)
    return Option(
        variable, entry.label, entry.kind, bits, score,
        test.cost if test else None, test.burden if test else None,
        test.turnaround if test else "now", test.pitfalls if test else "", entry.question, entry.by,
        rules_out,
    )  # fmt: skip


@lru_cache(maxsize=256)
def results(case: Case, test: str) -> tuple[Result, ...]:
    """Return the results that a test can have, and what each would make of every cause."""
    known = service.resources()
    case = case.with_state(test, "")  # what is entered of it is left out
    belief, states = service.beliefs(case), known.network.states(test)
    given = [c for c in known.reasoner.causes if c == test or c in case.evidence]
    open_ = [c for c in known.reasoner.causes if c not in given]
    # from the tree of the case as it is: a result entered would need a larger one for each test
    pairs = value_of_information(
        known.engine, open_, service.evidence_of(case), [test], soft=case.soft_evidence
    ).pairs
    absent = {c: known.network.states(c).index(known.resting[c]) for c in open_}
    out: list[Result] = []
    for x, state in enumerate(states):
        chance = float(belief[test][state])
        if chance <= POSSIBLE:
            continue
        present = {c: service.presence(belief, c) for c in given}
        present |= {test: float(state != known.resting[test])} if test in given else {}
        if _says_again(case, test, state):
            entered = service.beliefs(case.with_state(test, state))
            present |= {c: service.presence(entered, c) for c in open_}
        else:
            columns = {c: pairs[c, test][:, x] for c in open_}
            present |= {c: float(1.0 - y[absent[c]] / y.sum()) for c, y in columns.items()}
        text = state_name(known.network, test, state)
        out.append(Result(state, text, chance, present))
    return tuple(out)


def _says_again(case: Case, test: str, state: str) -> bool:
    """Whether a result contains what is entered already, which then counts once."""
    again = {v for v, _ in contains(test, state, service.resources().reasoner.rules)}
    return not again.isdisjoint(case.evidence)


def touched(case: Case, test: str, count: int = TOP) -> tuple[str, ...]:
    """Return the causes that a test would change most: by the expected change of P(present)."""
    known = service.resources()
    now = {c: service.presence(service.beliefs(case), c) for c in known.reasoner.causes}
    found = results(case, test)
    moved = {
        c: sum(r.probability * abs(r.present[c] - now[c]) for r in found)
        for c in now
        if c not in case.entered and c != test
    }
    return tuple(sorted(moved, key=lambda c: -moved[c])[:count])


@lru_cache(maxsize=64)
def outcomes(case: Case, test: str) -> tuple[Outcome, ...]:
    """Return what every result of a test would do, and what would be best after it."""
    return tuple(_outcome(case.with_state(test, r.state), r) for r in results(case, test))


def _outcome(after: Case, result: Result) -> Outcome:
    answer = service.with_next(after)
    first = next((e for e in answer.differential if e.cause not in after.evidence),
                 answer.differential[0])  # fmt: skip
    return Outcome(
        result,
        first.cause,
        first.responsibility,
        answer.next_tests[0].label if answer.next_tests else "",
    )


def name_of(variable: str) -> str:
    """Return the clinician's name of a variable."""
    return label(service.resources().network, variable)
