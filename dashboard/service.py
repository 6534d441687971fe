"""The one place where the dashboard asks the model and the engine; everything here is cached.

Streamlit runs the page again at each click, in one thread per session. What is loaded once for
the process lies here: knowledge, network, engine, and the latest answers by case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

from fascinet.dashboard.catalogue import Catalogue, make_catalogue, payload
from fascinet.dashboard.entries import entries_of
from fascinet.dashboard.layout import GraphLayout, arrange
from fascinet.dashboard.state import Case
from fascinet.engine.engine import Engine
from fascinet.engine.posterior import Posterior
from fascinet.engine.differential import Differential
from fascinet.engine.reasoner import diagnose
from fascinet.model.build import build_network
from fascinet.model.case import COMPLAINT
from fascinet.model.case import Case as ModelCase
from fascinet.model.load import load_knowledge
from fascinet.model.network import Network
from fascinet.model.schema import Knowledge

CACHED = 256
_lock = Lock()
_loaded: list["Resources"] = []


@dataclass(frozen=True)
class Resources:
    """What every page works with.

    Attributes
    ----------
    knowledge : Knowledge
    network : Network
    engine : Engine
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
    knowledge = load_knowledge()
    network = build_network(knowledge)
    catalogue = make_catalogue(network, entries_of(knowledge, network))
    blank = Case(hard=((COMPLAINT, "yes"),) if COMPLAINT in network.index else ())
    return Resources(
        knowledge, network, Engine(network), catalogue, payload(catalogue), arrange(network),
        blank, network.hash,
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
    """Return the ranked differential of a case.

    Raises
    ------
    ImpossibleEvidenceError
        If the findings exclude each other.
    """
    known = resources()
    return diagnose(model_case(case), case.setting, knowledge=known.knowledge, engine=known.engine)


def evidence_of(case: Case) -> dict[str, str]:
    """Return the hard evidence with the setting, as the engine takes it."""
    known = resources()
    context = {"setting": case.setting} if "setting" in known.network.index else {}
    return {**context, **case.evidence}


@lru_cache(maxsize=CACHED)
def beliefs(case: Case) -> Posterior:
    """Return the posterior of every variable."""
    return resources().engine.posterior(evidence_of(case), soft=case.soft_evidence)


@lru_cache(maxsize=8)
def prior_beliefs(setting: str) -> Posterior:
    """Return every marginal in a setting for someone who comes with the complaint only."""
    known = resources()
    return beliefs(Case(setting=setting, hard=known.blank.hard))


def present(marginal: Mapping[str, float], states: tuple[str, ...]) -> float:
    """Return P(not in the first state), which is what a bar shows."""
    return max(0.0, 1.0 - marginal[states[0]])
