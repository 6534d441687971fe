"""Score the differential on published cases.

The definitions are those of the contract: a case's rank is the best place among the groups of its
primary or accepted causes; the log score and the Brier score are taken after the groups' scores
are normalised to one. The answer is stripped before a case is read: of a packet only the subject,
the features and the exposures are looked at.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fascinet.engine.clinic.calibration import Bin, BrierParts, brier_parts, pairs, reliability
from fascinet.engine.clinic.case_folder import (
    Told,
    Truth,
    id_of,
    named,
    places_of,
    read_cases,
    read_singles,
    read_truth,
)
from fascinet.engine.clinic.differential import Differential
from fascinet.engine.clinic.outlook import OUTSIDE
from fascinet.engine.clinic.red_flags import URGENT
from fascinet.model.errors import CaseError, kind_of
from fascinet.model.lazy import Lazy
from fascinet.model.phenopackets import Packet

reports_room = Lazy("fascinet.engine.display.reports")

SERIOUS = frozenset(
    ("als", "multiple_sclerosis", "peripheral_neuropathy", "nerve_compression_radiculopathy",
     "electrolyte_imbalance")
)  # fmt: skip
BENIGN = frozenset(
    ("muscle_fatigue_overexertion", "stress_anxiety", "benign_fasciculation_syndrome")
)
ALARMS = frozenset(("als", "multiple_sclerosis"))
DRUGS = "drugs_substances"
SUBSTANCES = frozenset(
    "caffeine stimulant diuretic corticosteroid beta_agonist cannabis herbal_remedy laxative "
    "liquorice opioid other_drug proton_pump_inhibitor serotonergic_drug alcohol recent_vaccine "
    "antipsychotic_or_antiemetic tobacco".split()
)
FLOOR = 1e-12


@dataclass(frozen=True)
class Answer:
    """What was said of a case.

    Attributes
    ----------
    scores : mapping of group to float
    red_flag : bool
        Whether any was raised.
    urgent, reassured, outside : bool
        Whether an urgent one was, whether it was reassured, and whether the case was said to lie
        outside the model.
    causes : tuple of str
        The single causes, best first.
    """

    scores: Mapping[str, float]
    red_flag: bool
    urgent: bool = False
    reassured: bool = False
    outside: bool = False
    causes: tuple[str, ...] = ()


def answer_of(found: Differential) -> Answer:
    """Return what is scored of a differential."""
    return Answer(
        {g.group: g.score for g in found.groups}, bool(found.red_flags),
        any(flag.level == URGENT for flag in found.red_flags), bool(found.reassurance),
        any(warning.startswith(OUTSIDE) for warning in found.warnings),
        tuple(e.cause for e in found.differential),
    )  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """One case.

    Attributes
    ----------
    id, truth : str
        The case and its primary cause.
    rank : int
        Best place of a right group, from 1.
    score : float
        The score of that group.
    probability : float
        Its share of all groups' scores.
    brier : float
        Σ_groups (share − [group is that one])².
    first : str
        The group ranked first.
    missed : bool
        Serious, not in the top three, and no red flag.
    false_alarm : bool
        Benign, with ALS or MS first.
    low_ranked : bool
        Serious, and not in the top three, whatever the flags.
    urgent, reassured, outside : bool
        As the answer says.
    single_rank : int
        Place of the right single cause among all, from 1; 0 where the truth names none.
    right : str
        The right group that came out best.
    shares : mapping of group to float
        The scores, normalised to one.
    """

    id: str
    truth: str
    rank: int
    score: float
    probability: float
    brier: float
    first: str
    serious: bool
    benign: bool
    missed: bool
    false_alarm: bool
    twitch_status: str = ""
    low_ranked: bool = False
    urgent: bool = False
    reassured: bool = False
    outside: bool = False
    single_rank: int = 0
    right: str = ""
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """All cases scored.

    Attributes
    ----------
    n : int
    top1, top3 : float
        Shares of cases with a right group in the first, or first three, places.
    mrr : float
        Mean of 1 / rank.
    mean_log_score : float
        Mean ln of the true group's share of the scores.
    brier : float
        Mean multi-class Brier score of the shares.
    serious_missed, benign_false_alarm : float
        Shares of the serious, and of the benign, cases.
    serious_low_ranked, serious_reassured : float
        Shares of the serious cases with no right group in the top three, by rank alone, and of
        those that were reassured.
    benign_urgent : float
        Share of the benign cases with an urgent red flag.
    outside_warned : float
        Share of the cases that were said to lie outside the model.
    single_top1, n_single : float, int
        Share, of the cases whose truth names a single cause, with that cause first; how many.
    reliability : tuple of Bin
        Forecast shares against what came true; see `calibration`.
    brier_parts : BrierParts
    by_cause, by_twitch_status : mapping of str to mapping
        The same measures within a cause, or a way of presenting.
    cases : tuple of Scored
    """

    n: int
    top1: float
    top3: float
    mrr: float
    mean_log_score: float
    brier: float
    serious_missed: float
    benign_false_alarm: float
    serious_low_ranked: float = 0.0
    serious_reassured: float = 0.0
    benign_urgent: float = 0.0
    outside_warned: float = 0.0
    single_top1: float = 0.0
    n_single: int = 0
    reliability: tuple[Bin, ...] = ()
    brier_parts: BrierParts = BrierParts(0.0, 0.0, 0.0, 0.0, 0.0)
    by_cause: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    by_twitch_status: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    cases: tuple[Scored, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as the contract's JSON object."""
        shown = ("id", "truth", "rank", "score", "first", "single_rank", "urgent", "reassured",
                 "outside")  # fmt: skip
        out = asdict(self)
        out["cases"] = [{key: getattr(c, key) for key in shown} for c in self.cases]
        return out

    def to_json(self) -> str:
        """Return the evaluation as JSON text."""
        return json.dumps(self.to_dict(), indent=1)

    def to_frame(self) -> Any:
        """Return one row a case."""
        import pandas as pd

        rows = [{k: v for k, v in asdict(c).items() if k != "shares"} for c in self.cases]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        return reports_room.evaluation_html(self)


def score_case(
    truth: Truth, answer: Answer, is_benign: bool, single: frozenset[str] = frozenset()
) -> Scored:
    """Return the measures of one case; `single` are the single causes that are right, if told."""
    order = sorted(answer.scores, key=lambda g: -answer.scores[g])
    right = {truth.primary, *truth.accepted} & set(order)
    if not right:
        raise CaseError(f"truth of {truth.id!r}: expected one of {order}, got {truth.primary!r}")
    best = min(right, key=order.index)
    rank = order.index(best) + 1
    shares = normalised(answer.scores)
    serious = truth.primary in SERIOUS
    return Scored(
        truth.id, truth.primary, rank, float(answer.scores[best]), shares[best],
        sum((share - (group == best)) ** 2 for group, share in shares.items()), order[0],
        serious, is_benign, serious and rank > 3 and not answer.red_flag,
        is_benign and order[0] in ALARMS, truth.twitch_status, serious and rank > 3,
        answer.urgent, answer.reassured, answer.outside, _single_rank(answer.causes, single),
        best, shares,
    )  # fmt: skip


def _single_rank(causes: Sequence[str], right: frozenset[str]) -> int:
    return next((i for i, cause in enumerate(causes, start=1) if cause in right), 0)


def normalised(scores: Mapping[str, float]) -> dict[str, float]:
    """Return scores that sum to one; equal shares if all are zero."""
    total = sum(scores.values())
    if total <= 0:
        return {group: 1 / len(scores) for group in scores}
    return {group: float(score / total) for group, score in scores.items()}


def benign(truth: Truth, told: Told) -> bool:
    """Tell whether the answer is benign; drugs count only if caffeine is the only exposure."""
    if truth.primary != DRUGS:
        return truth.primary in BENIGN
    if isinstance(told, Packet):
        taken = {e.name for e in told.exposures if e.present}
    else:
        taken = {k for k, v in (told.get("exposures") or {}).items() if v == "present"}
    return taken & SUBSTANCES == {"caffeine"}


def measures(cases: Sequence[Scored]) -> dict[str, float]:
    """Return the means of a set of cases; a rate over no case is zero."""
    return {
        "n": len(cases),
        "top1": _mean([c.rank == 1 for c in cases]),
        "top3": _mean([c.rank <= 3 for c in cases]),
        "mrr": _mean([1 / c.rank for c in cases]),
        "mean_log_score": _mean([np.log(max(c.probability, FLOOR)) for c in cases]),
        "brier": _mean([c.brier for c in cases]),
        "serious_missed": _mean([c.missed for c in cases if c.serious]),
        "benign_false_alarm": _mean([c.false_alarm for c in cases if c.benign]),
        "serious_low_ranked": _mean([c.low_ranked for c in cases if c.serious]),
        "serious_reassured": _mean([c.reassured for c in cases if c.serious]),
        "benign_urgent": _mean([c.urgent for c in cases if c.benign]),
        "outside_warned": _mean([c.outside for c in cases]),
        "single_top1": _mean([c.single_rank == 1 for c in cases if c.single_rank]),
        "n_single": sum(c.single_rank > 0 for c in cases),
    }


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def summarise(cases: Sequence[Scored]) -> Evaluation:
    """Return all measures, over all cases and within each cause and way of presenting."""
    forecast, outcome = pairs((c.shares, c.right) for c in cases)
    return Evaluation(
        reliability=reliability(forecast, outcome),
        brier_parts=brier_parts(forecast, outcome),
        **measures(cases),  # pyright: ignore[reportArgumentType]  (all floats)
        by_cause=_within(cases, "truth"),
        by_twitch_status=_within(cases, "twitch_status"),
        cases=tuple(cases),
    )


def _within(cases: Sequence[Scored], key: str) -> dict[str, dict[str, float]]:
    values = sorted({getattr(c, key) for c in cases} - {""})
    return {v: measures([c for c in cases if getattr(c, key) == v]) for v in values}


def evaluate(folder: str | Path, answer: Callable[[Any], Answer]) -> Evaluation:
    """Score all cases of a folder with `packets/*.json` and `truth.csv`.

    Parameters
    ----------
    folder : path
        Also a folder of packets with `truth.csv` in it, or `truth_NAME.csv` beside it. A case
        whose packet is missing is an error; packets without a row are left out. A file holds a
        Phenopacket or a native case.
    answer : callable
        From a `Packet`, or the object of a native case, to the groups' scores.

    Raises
    ------
    CaseError
    """
    if not isinstance(folder, str | Path):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise CaseError(f"expected the folder of cases, got {kind_of(folder)}")
    answers, cases = places_of(Path(folder))
    truths, told = read_truth(answers), read_cases(cases)
    told |= {id_of(case): case for case in told.values() if id_of(case)}
    missing = [t.id for t in truths if t.id not in told]
    if missing:
        raise CaseError(f"{cases}: no packet for {', '.join(missing[:5])}")
    singles, none = read_singles(answers), frozenset[str]()
    scored: list[Scored] = []
    for truth in truths:
        with named(cases / truth.id):
            case = told[truth.id]
            right = singles.get(truth.id, none)
            scored.append(score_case(truth, answer(case), benign(truth, case), right))
    return summarise(scored)
