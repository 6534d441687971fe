"""The analyses on the shipped network: milliseconds of a call, first and warm."""

from collections.abc import Callable
from typing import Any

from benchmarks.clock import once, shortest
from fascinet.engine.analyses.hypotheses import differential
from fascinet.engine.analyses.policy import best_pairs
from fascinet.engine.analyses.uncertainty import delta_intervals
from fascinet.engine.engine import Engine
from fascinet.model.build import build_network
from fascinet.model.load import load_knowledge

TYPICAL = {
    "setting": "primary_care", "age_group": "60+", "sex": "male", "twitching": "yes",
    "twitch_duration": "months", "twitch_spread": "focal_limb", "diabetes": "yes",
    "numbness_tingling": "distal", "hyporeflexia": "yes", "weakness": "none", "atrophy": "no",
    "umn_signs": "no", "bulbar": "no", "cramps": "no", "tremor": "no",
}  # fmt: skip
"""Fifteen findings: a neuropathy, four of them out of their resting state."""


def analyses() -> list[dict[str, Any]]:
    """Return first and warm milliseconds of each analysis with 15 findings."""
    network = build_network(load_knowledge())
    engine = Engine(network, backend="numba")
    case = {v: s for v, s in TYPICAL.items() if v in network.index and s in network.states(v)}
    engine.posterior(case, targets=["als"])
    tests = [v for v in network.variables if network.meta[v].get("kind") == "test"]
    rivals = differential(network)
    causes = [h.name for h in rivals if h.name not in case]
    target = "peripheral_neuropathy"
    calls: dict[str, Callable[[], object]] = {
        "sensitivity, all parameters": lambda: engine.sensitivity(target, "yes", case),
        "intervals, delta method, all causes": lambda: delta_intervals(engine, case, rivals),
        "explanation": lambda: engine.explain(target, "yes", case),
        "value of information, one target": lambda: engine.value_of_information(
            target, case, tests
        ),
        "value of information, differential": lambda: engine.value_of_information(
            None, case, tests
        ),
        "best pairs, one target": lambda: best_pairs(engine, target, case, tests, width=3),
        "conflict": lambda: engine.conflict(case),
        "counterfactual of every cause": lambda: [
            engine.counterfactual(case, {c: network.states(c)[0]}, ["twitching"]) for c in causes
        ],
    }
    return [
        {"analysis": name, "findings": len(case), "first ms": 1e3 * once(call),
         "warm ms": 1e3 * shortest(call, rounds=2)}
        for name, call in calls.items()
    ]  # fmt: skip
