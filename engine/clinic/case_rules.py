"""What the reading of cases needs of a knowledge base and its network."""

from collections.abc import Mapping

from fascinet.engine.analyses.hypotheses import resting_state
from fascinet.model.case import CaseRules
from fascinet.model.digest import Digest
from fascinet.model.gates import NoisyMax
from fascinet.model.hpo import shipped_map
from fascinet.model.network import Network


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
