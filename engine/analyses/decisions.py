"""What to consider: the actions of the knowledge base by expected utility.

    EU(a) = benefit_a · Σ_c stake_ac P(c is at work | e) - burden_a        (the sum at most its max)

with "at work" the cause's trigger (present and making the muscle twitch) and the causes taken as
one gain: stake-weighted, no more than if the most important were certain. Doing nothing is 0.
Utilities are declared in `data/utilities.yaml` with ranges; the interval of EU takes benefit and
burden at the ends of theirs. An urgent red flag puts its referral first, whatever the utilities.
Advice says "consider" or "discuss", never "do".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fascinet.engine.analyses.hypotheses import differential
from fascinet.engine.analyses.results import Columns, Result
from fascinet.model.errors import KnowledgeError
from fascinet.model.load import read_yaml, shipped_folder
from fascinet.model.schema import Action, Knowledge

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

REFERRAL = "A7"


@dataclass(frozen=True)
class Range:
    """A declared figure with its range."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Utility:
    """What an action is worth.

    Attributes
    ----------
    action : str
    benefit, burden : Range
    stakes : mapping of cause to float
        Multiplies the benefit; 1 where not given.
    """

    action: str
    benefit: Range
    burden: Range
    stakes: Mapping[str, float]


def load_utilities(path: str | Path | None = None) -> dict[str, Utility]:
    """Return the declared utilities by action.

    Raises
    ------
    KnowledgeError
        If a figure lies outside its range or below zero; all issues at once.
    """
    file = shipped_folder() / "utilities.yaml" if path is None else Path(path)
    out: dict[str, Utility] = {}
    issues: list[str] = []
    for record in read_yaml(file):
        name = str(record["action"])
        benefit, burden = (_range(record[k]) for k in ("benefit", "burden"))
        for key, x in (("benefit", benefit), ("burden", burden)):
            if not 0.0 <= x.low <= x.value <= x.high:
                issues.append(f"{file.name}: {name}.{key}: expected 0 ≤ low ≤ p ≤ high, got {x}")
        stakes = {str(k): float(v) for k, v in (record.get("stakes") or {}).items()}
        out[name] = Utility(name, benefit, burden, stakes)
    if issues:
        raise KnowledgeError(issues)
    return out


def _range(figure: Mapping[str, Any]) -> Range:
    low, high = figure["range"]
    return Range(float(figure["p"]), float(low), float(high))


@dataclass(frozen=True)
class Advice:
    """One action.

    Attributes
    ----------
    action : Action
    utility, low, high : float
        EU and its range.
    basis : tuple of (cause, probability)
        The target causes at work, most probable first.
    first : bool
        Put first by an urgent red flag.
    """

    action: Action
    utility: float
    low: float
    high: float
    basis: tuple[tuple[str, float], ...]
    first: bool

    def text(self) -> str:
        """Return the advice as a sentence with its basis."""
        why = ", ".join(f"{c} {p:.0%}" for c, p in self.basis[:3] if p >= 0.005)
        if self.first:
            return f"Discuss without delay: {self.action.label} (red flag)."
        verb = "Consider" if self.low > 0 else "Discuss"
        return f"{verb}: {self.action.label} ({why})." if why else f"{verb}: {self.action.label}."


@dataclass(frozen=True, eq=False, repr=False)
class Decisions(Result):
    """Actions, best first; those of utility at most 0 are no better than waiting."""

    advice: tuple[Advice, ...]

    def columns(self) -> Columns:
        """Return one row an action."""
        return {
            "action": [a.action.id for a in self.advice],
            "label": [a.action.label for a in self.advice],
            "utility": [a.utility for a in self.advice],
            "low": [a.low for a in self.advice],
            "high": [a.high for a in self.advice],
            "first": [a.first for a in self.advice],
            "basis": [", ".join(f"{c} {p:.2f}" for c, p in a.basis[:3]) for a in self.advice],
        }

    def title(self) -> str:
        """Return the first advice."""
        worth = [a for a in self.advice if a.first or a.utility > 0]
        return worth[0].text() if worth else "Nothing is better than waiting and watching"


def decide(
    engine: "Engine",
    knowledge: Knowledge,
    evidence: Mapping[str, str],
    *,
    soft: Mapping[str, Any] | None = None,
    urgent: bool = False,
    utilities: Mapping[str, Utility] | None = None,
) -> Decisions:
    """Return the actions by expected utility.

    Parameters
    ----------
    engine : Engine
        Of the network built from `knowledge`.
    urgent : bool
        Whether an urgent red flag is up; referral then comes first.
    utilities : mapping, optional
        Default: those of `data/utilities.yaml`.
    """
    hypotheses = differential(engine.network)
    posterior = engine.posterior(evidence, soft=soft, targets=[h.variable for h in hypotheses])
    at_work = {h.name: float(h.probability(posterior.array(h.variable))) for h in hypotheses}
    declared = load_utilities() if utilities is None else utilities
    rows = [
        advise(action, declared[action.id], at_work, urgent and action.id == REFERRAL)
        for action in knowledge.actions
        if action.id in declared
    ]
    return Decisions(tuple(sorted(rows, key=lambda a: (not a.first, -a.utility))))


def advise(action: Action, utility: Utility, at_work: Mapping[str, float], first: bool) -> Advice:
    """Return one action with its expected utility."""
    basis = sorted(
        ((c, at_work[c]) for c in action.targets if c in at_work), key=lambda item: -item[1]
    )
    gain = expected_gain(basis, utility.stakes)
    return Advice(
        action,
        utility.benefit.value * gain - utility.burden.value,
        utility.benefit.low * gain - utility.burden.high,
        utility.benefit.high * gain - utility.burden.low,
        tuple(basis),
        first,
    )


def expected_gain(basis: Sequence[tuple[str, float]], stakes: Mapping[str, float]) -> float:
    """Return the stake-weighted sum of probabilities, at most the largest stake among them."""
    weighted = [stakes.get(c, 1.0) * p for c, p in basis]
    return min(sum(weighted), max((stakes.get(c, 1.0) for c, _ in basis), default=0.0))
