"""Looking further than one test: the best pair, and a policy of several steps.

Ranking single tests is myopic: two tests that say nothing apart may say much together. A pair is
valued jointly, I(T; X, Y | e) = I(T; X | e) + Σ_x P(x | e) I(T; Y | e, x), and a policy chooses the
next test after each result (Heckerman, Horvitz & Middleton 1993, doi:10.1109/34.204912). Pruned to
the `width` best single tests at each step; results less probable than `rare` are not followed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.access import Evidence, Soft
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.engine.analyses.value_of_information import (
    ValueOfInformation,
    cost_of,
    value_of_information,
)
from fascinet.model.lazy import Lazy

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from fascinet.engine.api.engine import Engine

report_charts_room = Lazy("fascinet.engine.display.report_charts")
charts_room = Lazy("fascinet.engine.display.charts")
reports_room = Lazy("fascinet.engine.display.reports")

Targets = str | Sequence[str] | None


@dataclass(frozen=True, eq=False, repr=False)
class Pairs(Result):
    """Pairs of tests, best score first.

    Attributes
    ----------
    first, second : tuples of str
    bits : array
        I(T; X, Y | e), summed over the targets.
    synergy : array
        bits less the two single values: above 0 they are complementary, below 0 redundant.
    score : array
        bits / max(cost of both, 1).
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    bits: Array
    synergy: Array
    score: Array

    def columns(self) -> Columns:
        """Return one row a pair."""
        return {
            "first": list(self.first),
            "second": list(self.second),
            "bits": self.bits,
            "synergy": self.synergy,
            "score": self.score,
        }

    def title(self) -> str:
        """Return what is listed, and the best."""
        best = f": {self.first[0]} and {self.second[0]}" if self.first else ""
        return f"Best pairs of tests{best}"


def best_pairs(
    engine: "Engine",
    targets: Targets = None,
    evidence: Evidence | None = None,
    candidates: Sequence[str] | None = None,
    costs: Mapping[str, float] | None = None,
    *,
    soft: Soft | None = None,
    width: int = 6,
) -> Pairs:
    """Return pairs of tests with their joint information.

    Parameters
    ----------
    width : int
        The first of each pair is one of the `width` best singles; the second may be any candidate.
    """
    now = value_of_information(engine, targets, evidence, candidates, costs, soft=soft)
    single = dict(zip(now.variables, now.bits, strict=True))
    seen: dict[tuple[str, str], tuple[float, float]] = {}
    for x in now.variables[:width]:
        later = _after(engine, now, x, evidence or {}, soft, costs)
        for y in now.variables:
            if x == y or (y, x) in seen:
                continue
            bits = single[x] + sum(p * found.get(y, 0.0) for p, found in later)
            seen[(x, y)] = (bits, bits - single[x] - single[y])
    network = engine.network
    rows = [
        (bits / max(cost_of(network, x, costs) + cost_of(network, y, costs), 1.0), bits, s, x, y)
        for (x, y), (bits, s) in seen.items()
    ]
    rows.sort(key=lambda r: (-r[0], -r[1]))
    return Pairs(
        tuple(r[3] for r in rows), tuple(r[4] for r in rows), frozen([r[1] for r in rows]),
        frozen([r[2] for r in rows]), frozen([r[0] for r in rows]),
    )  # fmt: skip


def _after(
    engine: "Engine",
    now: ValueOfInformation,
    x: str,
    evidence: Evidence,
    soft: Soft | None,
    costs: Mapping[str, float] | None,
) -> list[tuple[float, dict[str, float]]]:
    """Return P(outcome) and the bits of all other candidates, for each outcome of `x`."""
    out: list[tuple[float, dict[str, float]]] = []
    rest = [v for v in now.variables if v != x]
    for outcome, p in outcome_probabilities(now, x):
        found = value_of_information(
            engine, now.targets, {**evidence, x: outcome}, rest, costs, soft=soft
        )
        out.append((p, dict(zip(found.variables, found.bits.tolist(), strict=True))))
    return out


def outcome_probabilities(
    now: ValueOfInformation, x: str, rare: float = 0.0
) -> list[tuple[str, float]]:
    """Return the outcomes of a test with P(outcome | e), those above `rare`."""
    marginal = now.pairs[(now.targets[0], x)].sum(axis=0)
    pairs = zip(now.network.states(x), marginal.tolist(), strict=True)
    return [(s, p) for s, p in pairs if p > rare]


@dataclass(frozen=True, repr=False)
class Policy:
    """A decision tree of tests.

    Attributes
    ----------
    test : str or None
        What to do now; None means stop.
    bits : float
        Expected information of the whole tree from here, less nothing for cost.
    net : float
        bits - price · expected cost.
    then : mapping of outcome to (probability, Policy)
    """

    test: str | None
    bits: float = 0.0
    net: float = 0.0
    then: Mapping[str, tuple[float, "Policy"]] = field(
        default_factory=dict[str, tuple[float, "Policy"]]
    )

    def lines(self, indent: int = 0) -> list[str]:
        """Return the tree as indented text."""
        space = "  " * indent
        if self.test is None:
            return [f"{space}stop"]
        out = [f"{space}{self.test} ({self.bits:.3g} bits)"]
        for outcome, (p, policy) in self.then.items():
            out.append(f"{space}  {outcome} ({p:.0%}):")
            out += policy.lines(indent + 2)
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return the tree as plain dictionaries."""
        return {
            "test": self.test,
            "bits": self.bits,
            "net": self.net,
            "then": {s: {"probability": p, **q.to_dict()} for s, (p, q) in self.then.items()},
        }

    def to_json(self, indent: int | None = None) -> str:
        """Return the tree as a JSON text."""
        return json.dumps(self.to_dict(), indent=indent)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row a step: results so far, test, probability of coming to it, bits."""
        import pandas as pd

        rows = list(self._steps("", 1.0))
        return pd.DataFrame(rows, columns=["given", "test", "probability", "bits"])

    def _steps(self, given: str, p: float) -> Iterator[tuple[str, str, float, float]]:
        if self.test is None:
            return
        yield given or "now", self.test, p, self.bits
        for outcome, (share, policy) in self.then.items():
            known = f"{given}, " if given else ""
            yield from policy._steps(f"{known}{self.test} {outcome}", p * share)

    def plot(self, count: int = 15) -> Any:
        """Return bars of how probable each step is (Altair)."""
        return report_charts_room.report_chart(self, count)  # pyright: ignore[reportArgumentType]  # has a frame

    def save(self, path: "str | Path") -> None:
        """Write the chart as .svg or .png, or the tree as an .html page, without a browser."""
        if charts_room.check_kind(path).suffix == ".html":
            charts_room.save_html(self._repr_html_(), path)
        else:
            charts_room.save_chart(self.plot(), path)

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        return reports_room.policy_html(self)


def best_policy(
    engine: "Engine",
    targets: Targets = None,
    evidence: Evidence | None = None,
    candidates: Sequence[str] | None = None,
    costs: Mapping[str, float] | None = None,
    *,
    soft: Soft | None = None,
    steps: int = 3,
    width: int = 3,
    rare: float = 0.02,
    price: float = 0.005,
) -> Policy:
    """Return the policy of at most `steps` tests with the largest expected net information.

    Parameters
    ----------
    width : int
        Tests tried at each step: the best singles by bits less price · cost.
    rare : float
        Outcomes less probable are not followed further.
    price : float
        Bits that one unit of cost is worth; a test that does not earn its price is not done.
    """
    now = value_of_information(engine, targets, evidence, candidates, costs, soft=soft)
    if steps == 0 or not now.variables:
        return Policy(None)
    worth = now.bits - price * now.cost
    tried = [i for i in np.argsort(-worth, kind="stable")[:width] if now.bits[i] > 1e-9]
    best = Policy(None)
    for i in tried:
        x, net = now.variables[i], float(worth[i])
        then: dict[str, tuple[float, Policy]] = {}
        for outcome, p in outcome_probabilities(now, x):
            policy = Policy(None)
            if p > rare and steps > 1:
                policy = best_policy(
                    engine, now.targets, {**(evidence or {}), x: outcome},
                    [v for v in now.variables if v != x], costs,
                    soft=soft, steps=steps - 1, width=width, rare=rare, price=price,
                )  # fmt: skip
            then[outcome] = (p, policy)
        net += sum(p * q.net for p, q in then.values())
        bits = float(now.bits[i]) + sum(p * q.bits for p, q in then.values())
        if net > best.net:
            best = Policy(x, bits, net, then)
    return best
