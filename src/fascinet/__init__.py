"""fascinet: exact, explained differential reasoning with Bayesian networks.

>>> import fascinet as fn
>>> network = fn.load(setting="primary_care")  # the shipped network, or fn.load("alarm.bif")
>>> engine = fn.Engine(network)
>>> engine.posterior({"weakness": "objective"})["als"]["yes"] > 0
True

Names are imported when first used, so that the package itself costs little to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fascinet.engine.analyses.audit import audit
    from fascinet.engine.analyses.draw_cases import simulate
    from fascinet.engine.analyses.dynamic import DynamicNetwork
    from fascinet.engine.api.engine import Engine
    from fascinet.engine.api.posterior import Posterior
    from fascinet.engine.clinic.decision_layer import decision_layer
    from fascinet.engine.clinic.differential import Differential
    from fascinet.engine.clinic.reasoner import diagnose, evaluate
    from fascinet.engine.influence_diagrams.solving import solve
    from fascinet.engine.learning.discretise import discretise
    from fascinet.engine.learning.learn import learn
    from fascinet.model import errors
    from fascinet.model.builder import NetworkBuilder
    from fascinet.model.case import Case
    from fascinet.model.diagram import InfluenceDiagram
    from fascinet.model.examples import example
    from fascinet.model.find import find, findings
    from fascinet.model.network import Network
    from fascinet.model.shipped import load

__version__ = "0.1.0"
__all__ = [
    "Case", "Differential", "DynamicNetwork", "Engine", "InfluenceDiagram", "Network",
    "NetworkBuilder", "Posterior", "__version__", "audit", "decision_layer", "diagnose",
    "discretise", "errors",
    "evaluate", "example", "find", "findings", "learn", "load", "simulate", "solve",
]  # fmt: skip

_HOMES = {
    "Case": "fascinet.model.case",
    "Differential": "fascinet.engine.clinic.differential",
    "DynamicNetwork": "fascinet.engine.analyses.dynamic",
    "Engine": "fascinet.engine.api.engine",
    "InfluenceDiagram": "fascinet.model.diagram",
    "Network": "fascinet.model.network",
    "NetworkBuilder": "fascinet.model.builder",
    "Posterior": "fascinet.engine.api.posterior",
    "audit": "fascinet.engine.analyses.audit",
    "decision_layer": "fascinet.engine.clinic.decision_layer",
    "diagnose": "fascinet.engine.clinic.reasoner",
    "discretise": "fascinet.engine.learning.discretise",
    "evaluate": "fascinet.engine.clinic.reasoner",
    "example": "fascinet.model.examples",
    "find": "fascinet.model.find",
    "findings": "fascinet.model.find",
    "learn": "fascinet.engine.learning.learn",
    "load": "fascinet.model.shipped",
    "simulate": "fascinet.engine.analyses.draw_cases",
    "solve": "fascinet.engine.influence_diagrams.solving",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name == "errors":
        return import_module("fascinet.model.errors")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'fascinet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
