"""The answer in one sentence, and what stays without an explanation."""

from collections.abc import Sequence

from fascinet.dashboard import service
from fascinet.dashboard.catalogue import CONTEXT
from fascinet.dashboard.state import Case
from fascinet.dashboard.words import listed, mid, percent
from fascinet.engine.clinic.differential import CauseEntry, Differential
from fascinet.model.case import COMPLAINT
from fascinet.model.errors import ImpossibleEvidenceError

CLEAR = 0.5  # a share of the findings from which a cause, or nothing, is the answer
AHEAD = (0.25, 2.0)  # or it accounts for a quarter, and for twice as much as any other or nothing
NAMED = 3
WEAK = 0.01  # a cause that accounts for less is not named beside others


def unaccounted(answer: Differential) -> float:
    """Return the share of the findings that no cause of the network accounts for."""
    return max(0.0, 1.0 - sum(e.responsibility for e in answer.differential))


def stands_out(share: float, next_best: float, left: float) -> bool:
    """Say whether the first cause is the answer, by what it and the others account for."""
    least, ratio = AHEAD
    return share >= CLEAR or (share >= least and share >= ratio * next_best and share >= left)


def sentence(case: Case) -> str:
    """Return the answer in words; empty where the findings exclude each other."""
    try:
        answer = service.differential(case)
    except ImpossibleEvidenceError:
        return ""
    ranked = service.ranked(case)
    entered = [e for e in answer.differential if e.cause in case.evidence]
    if not service.findings_of(case):
        return _nothing_yet(case, ranked)
    first, left = ranked[0], unaccounted(answer)
    rest = max(e.responsibility for e in (*ranked[1:], *entered))
    if stands_out(first.responsibility, rest, left):
        return (
            f"Most likely {mid(first.label)}: it accounts for {percent(first.responsibility)} of "
            f"the findings (present: {percent(first.posterior)}); no other cause accounts for "
            f"more than {percent(rest)}."
        )
    if left >= CLEAR:
        return (
            f"No cause of this network explains these findings: {percent(left)} of them is left to "
            f"chance or to a cause it does not know. The first, {mid(first.label)}, accounts for "
            f"{percent(first.responsibility)}."
        )
    return f"No single cause stands out: {_shares(ranked, 'the findings')}.{_told(entered)}"


def _nothing_yet(case: Case, ranked: Sequence[CauseEntry]) -> str:
    known = {"age_group": "age", "sex": "sex"}
    told = ["the complaint"] if case.evidence.get(COMPLAINT) == "yes" else []
    told += [known[v] for v in CONTEXT if v in known and v in case.evidence]
    if "the complaint" not in told:
        return "Nothing that has to be explained is entered yet."
    return f"Nothing is known yet but {listed(told)}: {_shares(ranked, 'it')}."


def _shares(ranked: Sequence[CauseEntry], of: str) -> str:
    """Return "a accounts for 30% of the findings, b for 20% and c for 10%"."""
    first, *others = [e for e in ranked[:NAMED] if e is ranked[0] or e.responsibility >= WEAK]
    start = f"{mid(first.label)} accounts for {percent(first.responsibility)} of {of}"
    return listed([start, *(f"{mid(e.label)} for {percent(e.responsibility)}" for e in others)])


def _told(entered: Sequence[CauseEntry]) -> str:
    """Name the causes that were entered and account for something: they are no news."""
    names = [f"{mid(e.label)} for {percent(e.responsibility)}" for e in entered
             if e.responsibility >= WEAK]  # fmt: skip
    return f" Of what was entered, {listed(names)}." if names else ""
