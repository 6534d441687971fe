"""What the reading of cases needs of a knowledge base, and how a case is opened for diagnosis."""

from collections.abc import Mapping
from dataclasses import replace

from fascinet.engine.analyses.hypotheses import resting_state
from fascinet.engine.api.engine import Engine
from fascinet.model.case import Case, CaseRules
from fascinet.model.digest import Digest
from fascinet.model.errors import CaseError, EvidenceError, OptionError, kind_of
from fascinet.model.gates import NoisyMax
from fascinet.model.hpo import COMPLAINT, shipped_map
from fascinet.model.network import Network
from fascinet.model.shipped import shipped_knowledge

SETTING, DEFAULT_SETTING = "setting", "primary_care"


def rules_of(knowledge: Digest, network: Network) -> CaseRules:
    """Return the rules by which cases are read."""
    exposures = knowledge.exposures
    return CaseRules(
        states={v: network.states(v) for v in network.variables},
        resting=resting_states(knowledge, network),
        ordered=frozenset(v for v in network.variables if isinstance(network.gate(v), NoisyMax)),
        hpo=shipped_map(),
        exposures={k: {True: e.present, False: e.absent} for k, e in exposures.items()},
        exposure_reasons={k: e.reason for k, e in exposures.items() if e.reason},
        suggest=_suggest,
        renamed=knowledge.renamed,
        implies=knowledge.implies,
        coarse=knowledge.coarse,
        measured={code: name for name, t in knowledge.tests.items() for code in t.loinc},
        quantities={name: t.quantity for name, t in knowledge.tests.items() if t.quantity},
    )


def resting_states(knowledge: Digest, network: Network) -> Mapping[str, str]:
    """Return the state of each variable that means absent or normal."""
    resting = {v: network.states(v)[resting_state(network, v)] for v in network.variables}
    return resting | {name: t.normal for name, t in knowledge.tests.items() if name in resting}


def _suggest(name: str) -> tuple[str, ...]:
    from fascinet.model.find import suggest  # only for an error: it reads the knowledge base

    return suggest(name)


def open_case(rules: CaseRules, case: Case, setting: str | None, do: Mapping[str, str]) -> Case:
    """Return the case with its setting as evidence, and without what is intervened on."""
    if not isinstance(do, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  (callers err)
        raise CaseError(f"do: expected a mapping of variable to state, got {kind_of(do)}")
    done = {**case.do, **do}
    for name, state in done.items():
        rules.check(name, state)
    twice = [name for name in done if name in case.hard and name != COMPLAINT]
    if twice:
        raise EvidenceError(f"{twice[0]} is both a finding and an intervention")
    told = case.hard.get(SETTING) or case.setting or DEFAULT_SETTING
    place = told if setting is None else setting
    if place not in rules.states[SETTING]:
        raise OptionError(SETTING, place, rules.states[SETTING])
    hard = {k: v for k, v in case.hard.items() if k not in done} | {SETTING: place}
    return replace(case, hard=hard, do={k: v for k, v in done.items() if k != SETTING})


def check_pair(knowledge: object, engine: object) -> None:
    """Check what a reasoner is to be made of: a knowledge base, an engine of its network, or None.

    Raises
    ------
    CaseError
    """
    from fascinet.model.schema import Knowledge  # only where one is given: it takes long to import

    if knowledge is not None and not isinstance(knowledge, Knowledge):
        raise CaseError(
            f"knowledge: expected a Knowledge, as load_knowledge gives, got {kind_of(knowledge)}"
        )
    if engine is None:
        return
    if not isinstance(engine, Engine):
        raise CaseError(f"engine: expected an Engine, got {kind_of(engine)}")
    known = knowledge if knowledge is not None else shipped_knowledge()
    lacking = [v for v in known.variables if v not in engine.network.index]
    if lacking:
        raise CaseError(
            f"engine: expected an engine of the knowledge base's network, got one of "
            f"{engine.network.name!r}, which lacks {lacking[0]!r}; for other networks use "
            "engine.posterior"
        )
