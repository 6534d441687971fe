"""What to consider: the actions of the knowledge base by expected utility.

    EU(a) = benefit_a · G_a − burden_a        G_a = max(Σ_c stake_ac P_a(c), P(flag means it))

the sum at most its largest stake. P_a(c) is the probability that the cause c is at work (its
trigger: present and making the muscle twitch) or, for an action that counts what is present, that
it is there beyond what the setting makes likely, (P(c | e) − P(c | ground)) / (1 − P(c | ground)),
at least 0; this also where a cause has no trigger, and where nothing twitches. An urgent flag that
asks for an action raises G_a to the declared probability that the flag means it, and puts the
action before the others if its utility is above 0: the soonest first, then in the order in which
the flag names them. Doing nothing is 0. The range of EU takes benefit and
burden at the ends of theirs.

Utilities are declared in `data/utilities.yaml`. Advice says "consider" or "discuss", never "do".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from fascinet.engine.analyses.results import Columns, Result
from fascinet.engine.clinic.conditions import Marginals, any_holds
from fascinet.engine.clinic.differential import RedFlag
from fascinet.engine.clinic.red_flags import URGENT, WITHIN
from fascinet.model.case import COMPLAINT

if TYPE_CHECKING:
    from fascinet.model.cited import Figure
    from fascinet.model.digest import ActionFacts, Digest, Range, UtilityFacts
    from fascinet.model.schema import Action, Knowledge, Utility

PRESENT = "present"
SOONEST = {"hours": "at once", "day": "the same day", "weeks": "without delay"}
LATER = "weeks"
SHOWN = 0.005


@dataclass(frozen=True)
class Advice:
    """One action.

    Attributes
    ----------
    action : str
        Its id.
    label, text, caution : str
    utility, low, high : float
        EU and its range.
    basis : tuple of (cause, probability)
        The target causes, most probable first.
    flag : str
        The urgent red flag that asks for it, "" for none.
    within : str
        How soon that flag wants it: hours, day, weeks, or "".
    article : tuple of str
    """

    action: str
    label: str
    text: str
    caution: str
    utility: float
    low: float
    high: float
    basis: tuple[tuple[str, float], ...]
    flag: str = ""
    within: str = ""
    article: tuple[str, ...] = ()

    @property
    def first(self) -> bool:
        """Whether an urgent flag puts it first."""
        return bool(self.flag) and self.utility > 0

    def sentence(self) -> str:
        """Return the advice as a sentence with its basis."""
        if self.first:
            return f"Discuss {SOONEST[self.within]}: {self.label} (red flag {self.flag})."
        why = ", ".join(f"{c} {p:.0%}" for c, p in self.basis[:3] if p >= SHOWN)
        verb = "Consider" if self.low > 0 else "Discuss"
        return f"{verb}: {self.label} ({why})." if why else f"{verb}: {self.label}."


@dataclass(frozen=True, eq=False, repr=False)
class Decisions(Result):
    """Actions, best first; those of utility at most 0 are no better than waiting."""

    advice: tuple[Advice, ...]

    def columns(self) -> Columns:
        """Return one row an action."""
        return {
            "action": [a.action for a in self.advice],
            "label": [a.label for a in self.advice],
            "utility": [a.utility for a in self.advice],
            "low": [a.low for a in self.advice],
            "high": [a.high for a in self.advice],
            "first": [a.first for a in self.advice],
            "basis": [", ".join(f"{c} {p:.2f}" for c, p in a.basis[:3]) for a in self.advice],
        }

    def title(self) -> str:
        """Return the first advice."""
        worth = [a for a in self.advice if a.utility > 0]
        return worth[0].sentence() if worth else "Nothing is better than waiting and watching"


def decide(
    knowledge: "Knowledge | Digest",
    posterior: Marginals,
    prior: Marginals,
    known: Mapping[str, frozenset[str]],
    flags: Sequence[RedFlag] = (),
) -> Decisions:
    """Return the actions that may be considered, by expected utility.

    Parameters
    ----------
    knowledge : Knowledge or Digest
    posterior, prior : mapping of variable to mapping of state to probability
        Of causes and triggers, given all evidence and given setting and complaint.
    known : mapping of variable to states
        What is left open, and the likely states of causes; see `possible_states`.
    flags : sequence of RedFlag
        Those raised, most urgent first.
    """
    declared, asked, places = knowledge.utilities, called_for(flags), order_of(flags)
    still = known.get(COMPLAINT) == frozenset({knowledge.resting[COMPLAINT]})
    worth = cast("Mapping[str, Figure | Range]", declared.flags)  # by how soon
    rows: list[tuple[tuple[int, int, float], Advice]] = []
    for action in knowledge.actions:
        if not offered(action, known):
            continue
        flag = asked.get(action.id)
        present = still or action.by == PRESENT
        basis = [(c, counted(c, posterior, prior, knowledge.resting, present=present))
                 for c in action.targets]  # fmt: skip
        least = worth[flag.within or LATER].p if flag else 0.0
        found = advise(action, declared.actions[action.id], basis, flag, least)
        soon = WITHIN.index(found.within) if found.first else len(WITHIN)
        rows.append(((soon, places[action.id] if found.first else 0, -found.utility), found))
    return Decisions(tuple(found for _, found in sorted(rows, key=lambda row: row[0])))


def called_for(flags: Sequence[RedFlag]) -> dict[str, RedFlag]:
    """Return the most urgent flag that asks for each action."""
    out: dict[str, RedFlag] = {}
    for flag in flags:
        for action in flag.actions:
            out.setdefault(action, flag)
    return out


def order_of(flags: Sequence[RedFlag]) -> dict[str, int]:
    """Return the first place that flags as soon as the soonest give to each action."""
    soonest = called_for(flags)
    return {
        action: min(f.actions.index(action) for f in flags
                    if action in f.actions and f.within == flag.within and f.level == flag.level)
        for action, flag in soonest.items()
    }  # fmt: skip


def offered(action: "Action | ActionFacts", known: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether an action's own conditions hold."""
    wanted = not action.when or any_holds(action.when, known)
    return wanted and not any_holds(action.unless, known)


def counted(
    cause: str,
    posterior: Marginals,
    prior: Marginals,
    resting: Mapping[str, str],
    *,
    present: bool,
) -> float:
    """Return the probability with which a target counts: that it is present, or else at work."""
    trigger = f"trigger_{cause}"
    if not present and trigger in posterior:
        return 1.0 - next(iter(posterior[trigger].values()))
    if cause not in posterior:
        return 0.0
    now, before = (1.0 - p[cause][resting[cause]] for p in (posterior, prior))
    return max(0.0, (now - before) / (1.0 - before)) if before < 1.0 else 1.0


def advise(
    action: "Action | ActionFacts",
    utility: "Utility | UtilityFacts",
    basis: Iterable[tuple[str, float]],
    flag: RedFlag | None = None,
    least: float = 0.0,
) -> Advice:
    """Return one action with its expected utility, its gain at least what a flag makes of it."""
    ranked = sorted(basis, key=lambda item: -item[1])
    gain = max(expected_gain(ranked, utility.stakes), least)
    benefit, burden = utility.benefit, utility.burden
    urgent = flag if flag is not None and flag.level == URGENT else None
    return Advice(
        action.id, action.label, action.text, action.caution,
        benefit.p * gain - burden.p, benefit.low * gain - burden.high,
        benefit.high * gain - burden.low, tuple(ranked), urgent.id if urgent else "",
        urgent.within if urgent else "", tuple(action.article),
    )  # fmt: skip


def expected_gain(basis: Sequence[tuple[str, float]], stakes: Mapping[str, float]) -> float:
    """Return the stake-weighted sum of probabilities, at most the largest stake among them."""
    weighted = [stakes.get(c, 1.0) * p for c, p in basis]
    return min(sum(weighted), max((stakes.get(c, 1.0) for c, _ in basis), default=0.0))
