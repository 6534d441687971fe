"""The one place where the dashboard asks the model and the engine; everything here is cached.

Streamlit runs the page again at each click, in one thread per session. What is loaded once for
the process lies here: knowledge, network, engine, and the latest answers by case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock, Semaphore
from typing import Any

from fascinet.dashboard.catalogue import CONTEXT, Catalogue, make_catalogue, payload
from fascinet.dashboard.entries import entries_of, resting
from fascinet.dashboard.layout import GraphLayout, arrange
from fascinet.dashboard.state import Case
from fascinet.engine.api.engine import Engine
from fascinet.engine.api.posterior import Posterior
from fascinet.engine.clinic.differential import CauseEntry, Differential, GroupEntry, NextTest
from fascinet.engine.clinic.reasoner import Reasoner
from fascinet.model.case import COMPLAINT
from fascinet.model.case import Case as ModelCase
from fascinet.model.network import Network
from fascinet.model.schema import Knowledge
from fascinet.model.shipped import shipped_knowledge, shipped_network

CACHED = 256
SUGGESTED = 24  # enough for the three best questions and the three best tests
PROGRAMS = (256, 8e6)  # programs and entries kept: a server runs for days, each case adds two
BEFORE = ("setting", COMPLAINT)  # what *before* knows, on every page: where, and that it twitches
GROUND = (*BEFORE, *(v for v in CONTEXT if v not in BEFORE))  # the ladder, rung by rung
_lock = Lock()
# Python runs one thread at a time: ten diagnoses begun together would all end late. Two take
# turns, so that a hard case does not stop an easy one; the others wait in line.
_turn = Semaphore(2)
_loaded: list["Resources"] = []


@dataclass(frozen=True)
class Resources:
    """What every page works with.

    Attributes
    ----------
    knowledge : Knowledge
    network : Network
    engine : Engine
    reasoner : Reasoner
    resting : mapping of variable to state
        The state that means absent or normal.
    catalogue : Catalogue
        What can be entered.
    groups : list of dict
        The catalogue as the findings component wants it.
    graph : GraphLayout
    blank : Case
        An empty case: the complaint only.
    key : str
        Changes with the knowledge.
    """

    knowledge: Knowledge
    network: Network
    engine: Engine
    reasoner: Reasoner
    resting: Mapping[str, str]
    catalogue: Catalogue
    groups: list[dict[str, Any]]
    graph: GraphLayout
    blank: Case
    key: str


def resources() -> Resources:
    """Return the process's knowledge, network and engine; loaded once, under a lock."""
    with _lock:
        if not _loaded:
            _loaded.append(_load())
        return _loaded[0]


def _load() -> Resources:
    knowledge, network = shipped_knowledge(), shipped_network()
    engine = Engine(network)
    engine.solver.kept = PROGRAMS
    catalogue = make_catalogue(network, entries_of(knowledge, network))
    rest = {v: network.states(v)[0] for v in network.variables}
    rest |= {v: resting(record) for v, record in knowledge.tests.items()}
    blank = Case(hard=((COMPLAINT, "yes"),) if COMPLAINT in network.index else ())
    return Resources(
        knowledge, network, engine, Reasoner(knowledge, network, engine), rest, catalogue,
        payload(catalogue), arrange(network), blank, network.hash,
    )  # fmt: skip


def warm() -> None:
    """Load everything and answer one case, so that the first visitor does not wait."""
    known = resources()
    differential(known.blank)
    beliefs(known.blank)


def model_case(case: Case) -> ModelCase:
    """Return the case as the reasoner reads it: paused findings are left out."""
    return ModelCase(hard=case.evidence, soft=case.soft_evidence, setting=case.setting)


@lru_cache(maxsize=CACHED)
def differential(case: Case) -> Differential:
    """Return the ranked differential of a case, without groups, intervals and next tests.

    Raises
    ------
    ImpossibleEvidenceError
        If the findings exclude each other.
    """
    known = resources()
    with _turn:
        return known.reasoner.diagnose(
            model_case(case), case.setting, strict=False, tests=0, intervals=False, groups=False
        )


def ranked(case: Case) -> tuple[CauseEntry, ...]:
    """Return the causes that were not themselves entered, best first: what *first* means here."""
    return tuple(e for e in differential(case).differential if e.cause not in case.evidence)


@lru_cache(maxsize=CACHED)
def grouped(case: Case) -> tuple[GroupEntry, ...]:
    """Return the groups of causes, best first."""
    found = resources().reasoner.diagnose(
        model_case(case), case.setting, strict=False, tests=0, intervals=False
    )
    return found.groups


@lru_cache(maxsize=CACHED)
def whole(case: Case) -> Differential:
    """Return the differential with intervals and the best next tests, which cost most.

    Without the posterior of every variable, so that it can travel between processes.
    """
    found = resources().reasoner.diagnose(
        model_case(case), case.setting, strict=False, tests=SUGGESTED, groups=False
    )
    return replace(found, posterior=None)


@lru_cache(maxsize=CACHED)
def every_test(case: Case) -> tuple[NextTest, ...]:
    """Return all open questions and tests, the most bits per cost first."""
    found = resources().reasoner.diagnose(
        model_case(case), case.setting, strict=False, tests=None, intervals=False, groups=False
    )
    return found.next_tests


@lru_cache(maxsize=CACHED)
def with_next(case: Case) -> Differential:
    """Return the differential with the one best next step."""
    found = resources().reasoner.diagnose(
        model_case(case), case.setting, strict=False, tests=1, intervals=False, groups=False
    )
    # what must stay in sight stands first in so short a list: the best is the best by score
    return replace(found, next_tests=tuple(sorted(found.next_tests, key=lambda t: -t.score)))


def evidence_of(case: Case) -> dict[str, str]:
    """Return the hard evidence and the setting, the ladder's rungs first.

    A finding that another one contains is not evidence of its own.
    """
    known = resources()
    context = {"setting": case.setting} if "setting" in known.network.index else {}
    told = known.reasoner.evidence(case.evidence, case.soft_evidence).hard
    whole = {**context, **told}
    return {**{v: whole[v] for v in GROUND if v in whole}, **whole}


@lru_cache(maxsize=CACHED)
def beliefs(case: Case) -> Posterior:
    """Return the posterior of every variable."""
    return resources().engine.posterior(evidence_of(case), soft=case.soft_evidence)


@lru_cache(maxsize=8)
def beliefs_before(setting: str, complaint: str | None) -> Posterior:
    """Return every marginal in a setting for someone with this complaint, nothing else known."""
    return beliefs(Case(setting=setting, hard=((COMPLAINT, complaint),) if complaint else ()))


def before(case: Case) -> Posterior:
    """Return what was believed *before*: P(. | setting, complaint), the same on every page."""
    return beliefs_before(case.setting, case.evidence.get(COMPLAINT))


def ground_and_findings(case: Case) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a case stands on (setting, age, sex, complaint), and its other hard findings."""
    whole = evidence_of(case)
    ground = {v: s for v, s in whole.items() if v in GROUND}
    return ground, {v: s for v, s in whole.items() if v not in GROUND}


def findings_of(case: Case) -> list[str]:
    """Return what is in evidence beside the ladder's rungs (setting, complaint, age, sex)."""
    return [v for v in (*case.evidence, *case.soft_evidence) if v not in GROUND]


def log_prob_findings(case: Case) -> float:
    """Return ln P(age, sex, findings | setting, complaint): how rare such a person is."""
    before = {v: s for v, s in evidence_of(case).items() if v in BEFORE}
    return beliefs(case).log_prob_evidence - resources().engine.log_prob_evidence(before)


def presence(belief: Posterior, variable: str) -> float:
    """Return P(not in the resting state), which is what a bar shows."""
    return max(0.0, 1.0 - belief[variable][resources().resting[variable]])
