"""The shipped network: a case, the published ones, and the value of information of all tests."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.clock import once, shortest
from benchmarks.shipped_batch import handed_over, typical_cases, whole_network
from fascinet.engine.api.engine import Engine
from fascinet.model.build import build_network
from fascinet.model.load import load_knowledge

CASE = {
    "setting": "primary_care", "age_group": "40-59", "sex": "male", "twitching": "yes",
    "weakness": "objective", "atrophy": "yes", "cramps": "yes", "numbness_tingling": "none",
    "bulbar": "no", "visual": "no", "tremor": "no", "pain": "no", "insomnia": "no",
    "fatigue": "yes", "eyelid_twitch": "no", "soreness": "no",
}  # fmt: skip


def batches(engine: Engine, case: dict[str, str], count: int = 1000) -> list[dict[str, Any]]:
    """Return milliseconds a row of frames of one pattern and of as many patterns as rows."""
    network = engine.network
    causes = [v for v in network.variables if network.meta[v].get("kind") == "cause"]
    alike = pd.DataFrame([case] * count)
    alike["age_group"] = [network.states("age_group")[i % 3] for i in range(count)]
    alike["weakness"] = ["subjective" if i % 2 else "objective" for i in range(count)]
    rng = np.random.default_rng(0)
    mixed = pd.DataFrame([case] * 60).where(rng.random((60, len(case))) < 0.8, None)
    rows: list[dict[str, Any]] = []
    for name, frame in (("one pattern", alike), ("a pattern a row", mixed)):
        first = once(lambda f=frame: engine.posteriors(f, causes, impossible="nan"))
        warm = once(lambda f=frame: engine.posteriors(f, causes, impossible="nan"))
        rows += [
            {"workload": f"row of a batch, all causes, {name}, {when}", "findings": len(case),
             "ms": 1e3 * spent / len(frame)}
            for when, spent in (("first", first), ("warm", warm))
        ]  # fmt: skip
    return rows


def beside_pyagrum(engine: Engine, case: dict[str, str], ours: float) -> list[dict[str, Any]]:
    """Return pyAgrum's milliseconds: the expanded network, then the case's tables ready made."""
    network = engine.network
    inner = frozenset(v for v, kids in enumerate(engine.arrays.children) if kids)
    above = [network.variables[v] for v in sorted(inner) if network.variables[v] not in case]
    whole = whole_network([case], above, "all above the leaves")
    given = 1e3 * min(shortest(call, 2, 0.0) for call in handed_over(engine, case, inner))
    answered = whole.get("cases_per_second")
    beyond = f"{whole['largest_clique']:.3g} entries in one clique, out of memory"
    return [
        {"workload": str(whole["workload"]), "findings": len(case),
         "ms": 1e3 / answered if answered else None, "note": None if answered else beyond},
        {"workload": "pyAgrum, the case's tables given, all above the leaves",
         "findings": len(case), "ms": given, "ratio": given / ours},
    ]  # fmt: skip


def shipped(packets: Path) -> list[dict[str, Any]]:
    """Return milliseconds of a case of 15 findings and of all tests' value of information."""
    network = build_network(load_knowledge())
    engine = Engine(network, backend="core")
    case = {v: s for v, s in CASE.items() if v in network.variables and s in network.states(v)}
    _ = engine.posterior({"twitching": "yes"}).flat
    calls: list[tuple[str, Callable[..., float], Callable[[], object]]] = [
        ("first call, every value read", once, lambda: engine.posterior(case).flat),
        ("warm, result object out", shortest, lambda: engine.posterior(case)),
        ("warm, every value read", shortest, lambda: engine.posterior(case).flat),
    ]  # leaves wait until one of them is read: the last row is the whole work
    rows: list[dict[str, Any]] = [
        {"workload": name, "findings": len(case), "ms": 1e3 * clock(call)}
        for name, clock, call in calls
    ]
    rows += beside_pyagrum(engine, case, rows[-1]["ms"])
    rows += batches(engine, case)
    tests = [v for v in network.variables if network.meta[v].get("kind") == "test"]
    rows.append(
        {
            "workload": f"value of information, {len(tests)} tests",
            "findings": len(case),
            "ms": 1e3 * shortest(lambda: engine.value_of_information(["als"], case, tests)),
        }
    )
    return rows + published(engine, packets, tests)


def published(engine: Engine, packets: Path, tests: list[str]) -> list[dict[str, Any]]:
    """Return the medians over the published cases with many findings."""
    cases = typical_cases(engine.network, packets)
    size = int(np.median([len(c) for c in cases]))

    def value(case: dict[str, str]) -> object:
        return engine.value_of_information(["als"], case, [t for t in tests if t not in case])

    works: dict[str, Callable[[dict[str, str]], object]] = {
        "warm, result object out": engine.posterior,
        "warm, every value read": lambda case: engine.posterior(case).flat,
        "value of information": value,
    }
    return [
        {
            "workload": f"median of {len(cases)} published cases, {name}",
            "findings": size,
            "ms": 1e3 * float(np.median([shortest(partial(work, c), 3) for c in cases])),
        }
        for name, work in works.items()
    ]
