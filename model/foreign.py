"""What is handed over in place of a network, and what to do instead."""

import os
from typing import Any

from fascinet.model.errors import FormatError, kind_of
from fascinet.model.examples import EXAMPLES

ONLY = "only discrete Bayesian networks are supported"
HINTS = {
    ("pgmpy", "DiscreteBayesianNetwork"): "call Network.from_pgmpy(model)",
    ("pgmpy", "LinearGaussianBayesianNetwork"): f"it has continuous variables; {ONLY}",
    ("pgmpy", "FunctionalBayesianNetwork"): f"it has continuous variables; {ONLY}",
    ("pgmpy", "DynamicBayesianNetwork"): f"it is dynamic; {ONLY}: unroll it into time slices",
    ("pgmpy", "SEM"): f"it has continuous variables; {ONLY}",
    ("pyagrum", "BayesNet"): "call Network.from_pyagrum(net)",
    ("pyagrum", "InfluenceDiagram"): f"it has decisions and utilities; {ONLY}",
    ("pyagrum", "MarkovRandomField"): f"it has no directions; {ONLY}",
    ("pyagrum", "CredalNet"): f"it has intervals for tables; {ONLY}",
}
UNDIRECTED = (
    "DiscreteMarkovNetwork",
    "MarkovNetwork",
    "FactorGraph",
    "ClusterGraph",
    "MarkovChain",
)


def hint_of(value: Any) -> str:
    """Return what to do with a value that is no network; empty if there is nothing to say."""
    if isinstance(value, str) and value in EXAMPLES:
        return f"call fascinet.example({value!r})"
    if isinstance(value, str | os.PathLike):
        return "call fascinet.load(path)"
    if isinstance(value, dict):
        return "build one with fascinet.NetworkBuilder.from_dict(...)"
    package = type(value).__module__.partition(".")[0].lower()
    names = [c.__name__ for c in type(value).__mro__]
    if package == "fascinet" and "Engine" in names:
        return "pass its .network"
    if package == "pgmpy" and any(name in UNDIRECTED for name in names):
        return f"it has no directions; {ONLY}"
    return next((HINTS[package, name] for name in names if (package, name) in HINTS), "")


def refusal(expected: str, value: object) -> FormatError:
    """Return the error for a value that is not what was expected.

    >>> str(refusal("a Network", "alarm.bif"))
    'expected a Network, got str; call fascinet.load(path)'
    """
    hint = hint_of(value)
    return FormatError(f"expected {expected}, got {kind_of(value)}" + (f"; {hint}" if hint else ""))
