"""The analyses: milliseconds of a call, first and warm, beside what the peers would need.

No peer has these analyses on noisy gates, so their figure is an estimate: the CPU time of one of
their inferences (measured, one target, the shortest of a few) times the number of inferences that
the plain way takes: a finite difference a parameter, one inference a set of findings, an outcome, a
pair of outcomes, a cause. Where a peer cannot do one inference at all, its column is empty and the
note says why; it is tried in a process of its own with bounded memory and time.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from benchmarks.clock import once, shortest
from benchmarks.networks import subject
from fascinet.engine.analyses.hypotheses import Hypothesis, differential, states_of
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.policy import best_pairs
from fascinet.engine.analyses.uncertainty import delta_intervals, row_sizes
from fascinet.engine.api.engine import Engine
from fascinet.model.network import Network
from fascinet.model.shipped import shipped_network

TYPICAL = {
    "setting": "primary_care", "age_group": "60+", "sex": "male", "twitching": "yes",
    "twitch_duration": "months", "twitch_spread": "focal_limb", "diabetes": "yes",
    "numbness_tingling": "distal", "hyporeflexia": "yes", "weakness": "none", "atrophy": "no",
    "umn_signs": "no", "bulbar": "no", "cramps": "no", "tremor": "no",
}  # fmt: skip
"""Fifteen findings: a neuropathy, four of them out of their resting state."""

MONITOR = {
    "HISTORY": "FALSE", "BP": "LOW", "HRBP": "HIGH", "EXPCO2": "LOW", "CVP": "LOW",
    "PRESS": "NORMAL", "MINVOL": "NORMAL",
}  # fmt: skip
SECONDS, BYTES = 120, 8 * 2**30


@dataclass(frozen=True)
class Job:
    """One analysis: the call, the goal in milliseconds, how many inferences it would take."""

    name: str
    call: Callable[[], object]
    goal: float | None
    inferences: int


@dataclass(frozen=True)
class Setting:
    """A network with a case and what is asked of it."""

    network: Network
    case: dict[str, str]
    target: str
    state: str
    tests: list[str]
    rivals: tuple[Hypothesis, ...]


def analyses(quick: bool = False) -> list[dict[str, Any]]:
    """Return the rows of both networks; `quick` leaves out the slowest and the peers."""
    rows: list[dict[str, Any]] = []
    for name, setting in (("shipped", _shipped()), ("alarm", _alarm())):
        peers = {} if quick else _peers(name, setting)
        for job in _jobs(setting, quick):
            row: dict[str, Any] = {
                "network": name, "analysis": job.name, "findings": len(setting.case),
                "first_ms": 1e3 * once(job.call), "warm_ms": 1e3 * shortest(job.call, 3),
                "goal_ms": job.goal if name == "shipped" else None,
                "inferences_instead": job.inferences,
            }  # fmt: skip
            for peer, found in peers.items():
                ms = found["ms"]
                row[f"{peer}_estimate_ms"] = None if ms is None else ms * job.inferences
                row[f"{peer}_note"] = found["note"]
            rows.append(row)
    return rows


def _shipped() -> Setting:
    network = shipped_network()
    tests = [v for v in network.variables if network.meta[v].get("kind") == "test"]
    rivals = tuple(h for h in differential(network) if h.variable not in TYPICAL)
    return Setting(network, TYPICAL, "peripheral_neuropathy", "yes", tests, rivals)


def _alarm() -> Setting:
    network = subject("alarm").network
    target = "HYPOVOLEMIA"
    tests = [v for v in network.variables if v not in MONITOR and v != target]
    return Setting(network, MONITOR, target, "TRUE", tests, states_of(network, target))


def _jobs(s: Setting, quick: bool) -> list[Job]:
    engine = Engine(s.network, backend="core")
    figures, case = parameters_of(s.network), dict(s.case)
    uncertain = int(figures.widths[row_sizes(s.network) < float("inf")].sum())
    outcomes = {v: len(s.network.states(v)) for v in s.tests}
    pairs = sum(outcomes[x] * outcomes[y] for x, y in combinations(s.tests, 2))
    jobs = [
        Job("sensitivity, every parameter",
            lambda: engine.sensitivity(s.target, s.state, case), 20, 1 + len(figures.free)),
        Job("explanation", lambda: engine.explain(s.target, s.state, case), 20, _sets(s, engine)),
        Job("value of information, one target",
            lambda: engine.value_of_information(s.target, case, s.tests), 5,
            1 + sum(outcomes.values())),
        Job("value of information, all rivals",
            lambda: engine.value_of_information([h.variable for h in s.rivals], case, s.tests),
            None, 1 + sum(outcomes.values())),
        Job("conflict", lambda: engine.conflict(case), None, 1 + 2 * len(case)),
    ]  # fmt: skip
    if uncertain:
        jobs.append(Job("intervals, delta method, all rivals",
                        lambda: delta_intervals(engine, case, s.rivals), 20,
                        1 + uncertain))  # fmt: skip
    if not quick:
        jobs.append(Job("best pairs of tests",
                        lambda: best_pairs(engine, s.target, case, s.tests), 200,
                        1 + pairs))  # fmt: skip
        jobs.append(Job("Monte Carlo, 100 networks drawn",
                        lambda: engine.uncertainty(case, s.target, 100, method="monte_carlo"),
                        None, 100))  # fmt: skip
    open_ = [c for c in dict.fromkeys(h.name for h in differential(s.network)) if c not in case]
    if open_:
        jobs.append(Job("every cause imagined away, for the twitching",
                        lambda: engine.without_each_cause(case, findings=["twitching"]), 50,
                        len(open_)))  # fmt: skip
    return jobs


def _sets(s: Setting, engine: Engine) -> int:
    """Return how many sets of findings the explanation values."""
    from fascinet.engine.analyses import explain as module

    seen: list[int] = []

    class Counted(module.Coalitions):
        def __call__(self, masks: Any) -> Any:
            found = super().__call__(masks)
            seen.append(len(self.known))
            return found

    plain, module.Coalitions = module.Coalitions, Counted
    try:
        engine.explain(s.target, s.state, s.case)
    finally:
        module.Coalitions = plain
    return seen[-1]


# ---------------------------------------------------------------- peers, one inference


def _peers(name: str, setting: Setting) -> dict[str, dict[str, Any]]:
    """Return milliseconds of one inference of each peer, or why there is none."""
    return {peer: _try(peer, name) for peer in ("pyagrum", "pgmpy")}


def _try(peer: str, name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.analyses", peer, name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return {"ms": None, "note": f"no answer in {SECONDS} s"}
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        return {"ms": None, "note": f"fails: {lines[-1][:60] if lines else done.returncode}"}
    return {"ms": json.loads(done.stdout.splitlines()[-1]), "note": "estimate"}


def one_inference(peer: str, name: str) -> float:
    """Return milliseconds of one posterior of the target by a peer."""
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    s = _shipped() if name == "shipped" else _alarm()
    if peer == "pgmpy":
        from pgmpy.inference import VariableElimination

        engine = VariableElimination(s.network.to_pgmpy())
        return 1e3 * shortest(
            lambda: engine.query([s.target], evidence=s.case, show_progress=False), 3
        )
    import pyagrum as gum

    from fascinet.model.formats.pyagrum_bridge import to_pyagrum

    lazy = gum.LazyPropagation(to_pyagrum(s.network))
    lazy.setNumberOfThreads(1)

    def run() -> object:
        lazy.eraseAllEvidence()
        lazy.setEvidence(s.case)
        lazy.setTargets({s.target})
        lazy.makeInference()
        return lazy.posterior(s.target)

    return 1e3 * shortest(run, 3)


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    print(json.dumps(one_inference(*sys.argv[1:3])))
