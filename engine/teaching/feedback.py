"""What the engine says of a finished (or running) consultation, with the figures that show it.

Everything here is computed from the record and the exact posterior; nothing is a judgement of ours
but the lines (`habits`) from which a habit is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fascinet.engine.analyses.must_not_miss import THRESHOLD
from fascinet.engine.teaching.encounter import Encounter, Step
from fascinet.engine.teaching.information import IDLE, Option, options
from fascinet.engine.teaching.patient import chief, known_truth
from fascinet.engine.teaching.practice import Practice, entropy
from fascinet.engine.teaching.scores import Scores, score
from fascinet.engine.teaching.weights import DECIBAN, textbook

DECIDING, TRIED = 3, 6
SCRIPT = 6


@dataclass(frozen=True)
class Valued:
    """What a step was worth, beside the best one then.

    Attributes
    ----------
    step : Step
    bits, score : float
        Expected before the answer was known; the score is harm-weighted bits per price.
    best : str
        The variable that was best then, and its `best_bits` and `best_score`.
    largest : float
        The most that any result could have changed any open cause.
    learned : float
        By how many bits the entropy of the open causes fell; below zero where the answer opened
        the case again.
    """

    step: Step
    bits: float
    score: float
    best: str
    best_bits: float
    best_score: float
    largest: float
    learned: float

    @property
    def is_idle(self) -> bool:
        """Whether no result of a test could have changed anything."""
        return self.step.way == "order" and self.largest < IDLE


@dataclass(frozen=True)
class Deciding:
    """A finding and its weight for the cause, in decibans, given all the others."""

    variable: str
    state: str
    weight_db: float


@dataclass(frozen=True)
class ScriptLine:
    """One line of an illness script: how often the cause alone shows a finding."""

    variable: str
    state: str
    p: float
    low: float
    high: float
    source: str
    grade: str
    here: str | None


def value_steps(here: Encounter) -> tuple[Valued, ...]:
    """Return what each step was worth when it was taken, and what would have been best then."""
    out: list[Valued] = []
    for k, step in enumerate(here.steps):
        known = here.evidence_after(k)
        found = options(here.rooms, known, also=[step.variable])
        own = next(o for o in found if o.variable == step.variable)
        out.append(_valued(here.rooms, step, own, found[0], known))
    return tuple(out)


def _valued(
    rooms: Practice, step: Step, own: Option, best: Option, known: Mapping[str, str]
) -> Valued:
    after = {**known, step.variable: step.state}
    left = [c for c in rooms.open_causes(known) if c != step.variable]
    before, now = rooms.belief(known), rooms.belief(after)
    return Valued(
        step, own.bits, own.score, best.variable, best.bits, best.score, own.largest,
        _entropy(before, left) - _entropy(now, left),
    )  # fmt: skip


def _entropy(belief: Mapping[str, float], causes: list[str]) -> float:
    return float(entropy([belief[c] for c in causes]).sum())


def score_of(here: Encounter, place: int = -1) -> Scores:
    """Return the scores of a statement; the last by default.

    Brier and log score are of the causes of which the patient's truth tells whether they are there
    (`known_truth`): all of a drawn patient, most of a published case, none where the cause was
    chosen; then they are None.
    """
    rooms, said = here.rooms, here.statements[place]
    known = here.evidence_after(said.after)
    causes = rooms.open_causes(known)
    truth = known_truth(rooms, here.patient)
    base = rooms.belief(rooms.start(known))
    return score(said.belief, rooms.belief(known), base, causes, truth)


def deciding(here: Encounter, cause: str | None = None) -> tuple[Deciding, ...]:
    """Return the findings that decided: those whose absence would change the odds most.

    The weight is 10 log10 of P(f | cause, all others) / P(f | not cause, all others), computed for
    the `TRIED` findings that weigh most when they stand alone.
    """
    rooms, known = here.rooms, here.evidence
    about = chief(rooms, here.patient) if cause is None else cause
    if about is None or about in known:
        return ()
    now = _log_odds(rooms.belief(known)[about])
    rows: list[Deciding] = []
    alone = textbook(rooms, known, about)
    for v in sorted(alone, key=lambda v: -abs(alone[v]))[:TRIED]:
        rest = {u: s for u, s in known.items() if u != v}
        weight = float(DECIBAN * (now - _log_odds(rooms.belief(rest)[about])))
        rows.append(Deciding(v, known[v], weight))
    rows.sort(key=lambda d: -abs(d.weight_db))
    return tuple(rows[:DECIDING])


def left_open(here: Encounter) -> tuple[tuple[str, float], ...]:
    """Return the causes that must not be missed, are still probable enough, and were not named."""
    rooms, known = here.rooms, here.evidence
    belief = rooms.belief(known)
    named = {here.verdict.cause} if here.verdict else set[str | None]()
    rows = [
        (c, belief[c])
        for c in rooms.open_causes(known)
        if rooms.script(c).must_not_miss and belief[c] >= THRESHOLD and c not in named
    ]
    return tuple(sorted(rows, key=lambda r: -r[1]))


def illness_script(here: Encounter, cause: str | None = None) -> tuple[ScriptLine, ...]:
    """Return what the cause shows most often, each with what was found here (None: not asked)."""
    rooms, known = here.rooms, here.evidence
    about = chief(rooms, here.patient) if cause is None else cause
    if about is None:
        return ()
    script = rooms.script(about)
    state = here.patient.fixed.get(about, "")
    own = state if state in script.findings_by_state else ""
    lines = [
        ScriptLine(v, s, f.p, f.low, f.high, f.source, f.grade, known.get(v))
        for v, link in script.links(own).items()
        for s, f in link.items()
    ]
    return tuple(sorted(lines, key=lambda x: -x.p)[:SCRIPT])


def _log_odds(p: float) -> float:
    p = min(max(p, 1e-9), 1.0 - 1e-9)
    return float(np.log(p) - np.log1p(-p))
