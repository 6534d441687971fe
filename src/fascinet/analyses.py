"""Analyses beyond the methods of `Engine`: tuning, several parameters, distances, thresholds.

>>> import fascinet as fn
>>> from fascinet.analyses import Statement, is_state, single_changes
>>> network = fn.example("asia")
>>> goal = Statement(is_state(network, "lung", "yes"), ">=", 0.5)
>>> single_changes(fn.Engine(network), goal, {"dysp": "yes"}).title()
'4 parameters could each, alone, bring about P(lung=yes) ≥ 0.5'
"""

from fascinet.engine.analyses.distance import bound_on_change, cd_distance, kl_divergence
from fascinet.engine.analyses.expected_utility import expected_utility
from fascinet.engine.analyses.explain import contrast
from fascinet.engine.analyses.hypotheses import Hypothesis, is_state
from fascinet.engine.analyses.influence import poorly_sourced
from fascinet.engine.analyses.inverse import Statement, joint_change, single_changes
from fascinet.engine.analyses.meter import outside_meter
from fascinet.engine.analyses.multiway import changed, multiway
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.pathway import pathway
from fascinet.engine.analyses.thresholds import thresholds

__all__ = [
    "Hypothesis", "Statement", "bound_on_change", "cd_distance", "changed", "contrast",
    "expected_utility", "is_state", "joint_change", "kl_divergence", "multiway", "outside_meter",
    "parameters_of", "pathway", "poorly_sourced", "single_changes", "thresholds",
]  # fmt: skip
