"""What the reading of cases needs of a knowledge base and its network."""

from functools import lru_cache
from typing import TYPE_CHECKING

from fascinet.engine.analyses.hypotheses import resting_state
from fascinet.model.case import CaseRules
from fascinet.model.gates import NoisyMax
from fascinet.model.hpo import shipped_map
from fascinet.model.network import Network

if TYPE_CHECKING:
    from fascinet.model.schema import Knowledge

HIDDEN = frozenset({"trigger", "mechanism"})


@lru_cache(maxsize=8)
def rules_of(knowledge: "Knowledge", network: Network) -> CaseRules:
    """Return the rules by which cases are read."""
    exposures, reasons = exposure_table(knowledge)
    return CaseRules(
        states={v: network.states(v) for v in network.variables},
        resting={v: network.states(v)[resting_state(network, v)] for v in network.variables},
        ordered=frozenset(v for v in network.variables if isinstance(network.gate(v), NoisyMax)),
        hpo=shipped_map(),
        exposures=exposures,
        exposure_reasons=reasons,
    )
