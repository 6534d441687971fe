"""Why a cause stands where it stands: weights of evidence, in numbers and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fascinet.dashboard import service
from fascinet.dashboard.catalogue import CONTEXT_LABELS
from fascinet.dashboard.charts import decibans
from fascinet.dashboard.state import Case
from fascinet.dashboard.words import (
    NOTHING,
    absent_state,
    first_up,
    is_binary,
    label,
    listed,
    mid,
    number,
    odds,
    percent,
    state_name,
    times,
)
from fascinet.model.case import CaseRules, contains

QUIET_DB = 0.5
STRENGTHS = ((20.0, "very strongly"), (10.0, "strongly"), (5.0, "moderately"), (0.0, "slightly"))


@dataclass(frozen=True)
class Weight:
    """What one finding does to one cause.

    Attributes
    ----------
    finding, state, text : str
        The variable, its state, and both in words.
    db : float
        Shapley share of the weight of evidence, 10 log10 of the odds ratio; shares sum to the
        whole.
    textbook : float
        Likelihood ratio of the finding alone, in this setting, age and sex.
    in_context : float
        Likelihood ratio given all other findings.
    ground : bool
        Age or sex: known before any finding, so its weight is what it adds to the setting and
        the complaint, not a Shapley share.
    """

    finding: str
    state: str
    text: str
    db: float
    textbook: float
    in_context: float
    ground: bool = False


@dataclass(frozen=True)
class Reasons:
    """The whole explanation of one cause.

    Attributes
    ----------
    cause, name : str
    prior, posterior : float
        *Before*: P(cause | setting, complaint), as everywhere; and *now*, with age, sex and
        findings.
    weights : tuple of Weight
        Age and sex first, then the findings, strongest first. They sum to the way from before to
        now.
    """

    cause: str
    name: str
    prior: float
    posterior: float
    weights: tuple[Weight, ...]

    @property
    def ratio(self) -> float:
        """Odds now over odds before: the likelihood ratio of all findings together."""
        return odds(self.posterior) / odds(self.prior)


@lru_cache(maxsize=256)
def reasons(case: Case, cause: str) -> Reasons:
    """Return why `cause` has its probability in this case.

    One ladder, the same on every page: the setting and the complaint (*before*), then age and sex,
    then the findings, each with its Shapley share of what is left of the way.
    """
    known = service.resources()
    network = known.network
    states = tuple(s for s in network.states(cause) if s != known.resting[cause])
    found = known.engine.explain(
        service.evidence_of(case), target=cause, state=states, soft=case.soft_evidence
    )
    rows: list[dict[str, Any]] = found.to_frame().to_dict("records")
    start = odds(found.prior)
    for row in rows[: found.context]:
        if row["finding"] in service.BEFORE:
            start *= 10 ** (float(row["shapley_db"]) / 10)
    weights = [_weight(r, i < found.context) for i, r in enumerate(rows)
               if r["finding"] not in service.BEFORE]  # fmt: skip
    weights.sort(key=lambda w: (not w.ground, 0.0 if w.ground else -abs(w.db)))
    return Reasons(
        cause, label(network, cause), start / (1 + start), found.posterior, tuple(weights)
    )


def _weight(row: Mapping[str, Any], ground: bool) -> Weight:
    finding, state = str(row["finding"]), str(row["state"])
    return Weight(
        finding, state, describe(finding, state), float(row["shapley_db"]),
        float(row["textbook_lr"]), float(row["in_context_lr"]), ground,
    )  # fmt: skip


def contained(case: Case) -> str:
    """Return what findings say that others already say, in a sentence; empty if none does.

    Only what was entered: a weak hand shows weakness whether or not somebody ticked weakness too.
    """
    rules = service.resources().reasoner.rules
    general = service.differential(case).contained
    said = [v for v in case.evidence if v in general]
    by = {v: _tell(v, case, rules) for v in said}
    names = {f: _in_sentence(describe(f, s)) for f, s in case.evidence.items()}
    told = [
        f"{first_up(names[v])} is already told by {listed([names[f] for f in by[v]])}" for v in said
    ]
    return f"{'. '.join(told)}: one sign, counted once." if told else ""


def _tell(told: str, case: Case, rules: CaseRules) -> list[str]:
    """Return the findings entered that say one: they contain it, or deny what it contains."""
    special = [f for f, s in case.evidence.items() if told in dict(contains(f, s, rules))]
    parts = {v for s in rules.states[told] for v, _ in contains(told, s, rules)}
    return special or [f for f in case.evidence if f in parts]


def describe(variable: str, state: str) -> str:
    """Return a finding in words: "Weakness: objective", "no Tremor"."""
    network = service.resources().network
    name = CONTEXT_LABELS.get(variable) or label(network, variable)
    states = network.states(variable)
    if is_binary(states):
        return name if state != absent_state(states) else f"No {mid(name)}"
    return f"{name}: {state_name(network, variable, state)}" if state in states else name


def strength(db: float) -> str:
    """Return how strongly a weight speaks, in words."""
    return next(word for least, word in STRENGTHS if abs(db) >= least)


def in_words(found: Reasons, *, clinician: bool) -> list[str]:
    """Return the explanation as paragraphs, for a student or for a clinician."""
    pro = [w for w in found.weights if w.db >= QUIET_DB]
    con = [w for w in found.weights if w.db <= -QUIET_DB]
    name = mid(found.name)
    out = [
        f"Among people who come with this complaint in this setting, {percent(found.prior)} have "
        f"{name}. In this person it is {percent(found.posterior)}: {_by(found.ratio)}."
    ]
    if pro:
        out.append(_listed("for it", pro, clinician))
    if con:
        out.append(_listed("against it", con, clinician))
    shifted = [w for w in found.weights if _depends(w)]
    if shifted and clinician:
        out.append(
            "Worth less or more here than in a textbook, because other findings already say part "
            f"of it: {', '.join(f'{w.text} ({_pair(w)})' for w in shifted[:4])}."
        )
    if not pro and not con:
        out.append("No finding entered so far speaks clearly for or against it.")
    return out


def _by(ratio: float) -> str:
    """Return what everything told does to the odds, in words."""
    text = times(ratio)
    if text == NOTHING:
        return "what is known changes its odds little"
    verb = "multiplies" if text[0] == "×" else "divides"
    return f"what is known {verb} its odds by {text[2:]}"


def _listed(side: str, weights: Sequence[Weight], clinician: bool) -> str:
    """Return findings as a sentence: each with its figures, or grouped by how strongly they speak.

    "Strongly for it: brisk reflexes. Moderately: muscle atrophy and weakness."
    """
    if clinician:
        each = (
            f"{w.text} ({decibans(w.db)}, LR in context {number(w.in_context)})" for w in weights
        )
        return f"{first_up(side)}: {'; '.join(each)}."
    groups: dict[str, list[str]] = {}
    for weight in sorted(weights, key=lambda w: -abs(w.db)):
        groups.setdefault(strength(weight.db), []).append(_in_sentence(weight.text))
    told = [f"{word}: {listed(names)}" for word, names in groups.items()]
    told[0] = told[0].replace(":", f" {side}:", 1)
    return " ".join(f"{first_up(text)}." for text in told)


def _in_sentence(text: str) -> str:
    """Return a finding within a sentence: "weakness (found on examination)"."""
    name, colon, state = mid(text).partition(": ")
    return f"{name} ({state})" if colon else name


def _depends(weight: Weight) -> bool:
    low, high = sorted((weight.textbook, weight.in_context))
    return low <= 0 or high / low > 2


def _pair(weight: Weight) -> str:
    return f"textbook {times(weight.textbook)}, here {times(weight.in_context)}"
