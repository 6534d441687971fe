"""The rows of a differential: causes and groups with all that is said of each, best first."""

from collections.abc import Mapping, Sequence
from typing import Literal

from fascinet.engine.clinic.differential import CauseEntry, GroupEntry
from fascinet.engine.clinic.ranking import weight_of_evidence
from fascinet.model.digest import Digest

Rank = Literal["responsibility", "posterior", "harm"]
RANKS = ("responsibility", "posterior", "harm")
OTHER = "other"
GROUPS = (
    "muscle_fatigue_overexertion", "electrolyte_imbalance", "stress_anxiety", "drugs_substances",
    "als", "peripheral_neuropathy", "multiple_sclerosis", "dystonia",
    "nerve_compression_radiculopathy", "benign_fasciculation_syndrome", OTHER,
)  # fmt: skip


def cause_entries(
    digest: Digest,
    before: Mapping[str, float],
    after: Mapping[str, float],
    scores: Mapping[str, float],
    spans: Mapping[str, tuple[float, float]],
    rank: str,
) -> tuple[CauseEntry, ...]:
    """Return all causes, the best first.

    Parameters
    ----------
    before, after : mapping of cause to float
        P(present | ground) and P(present | all evidence).
    scores : mapping of cause to float
        Responsibility.
    spans : mapping of cause to (low, high)
        Of the posterior; the posterior itself where there is none.
    rank : str
        One of `RANKS`.
    """
    entries: list[CauseEntry] = []
    for cause, p in after.items():
        script = digest.causes[cause]
        entries.append(CauseEntry(
            cause=cause, label=script.label, group=script.group, prior=before[cause],
            posterior=p, interval=spans.get(cause, (p, p)), responsibility=scores[cause],
            weight_of_evidence_db=weight_of_evidence(before[cause], p),
            must_not_miss=script.must_not_miss, harm=script.harm,
        ))  # fmt: skip
    return tuple(sorted(entries, key=lambda e: (-_key(e, rank), -e.posterior)))


def _key(entry: CauseEntry, rank: str) -> float:
    if rank == "posterior":
        return entry.posterior
    return entry.responsibility * (entry.harm if rank == "harm" else 1.0)


def group_entries(
    digest: Digest,
    members: Mapping[str, Sequence[str]],
    present: Mapping[str, float],
    scores: Mapping[str, float],
    rank: str,
) -> tuple[GroupEntry, ...]:
    """Return all groups, the best first.

    Parameters
    ----------
    members : mapping of group to causes
    present : mapping of group to float
        P(any of its causes present | all evidence).
    scores : mapping of group to float
        Responsibility.
    rank : str
        One of `RANKS`; a group's harm is the largest among its causes.
    """
    harm = {
        g: max((digest.causes[c].harm for c in causes), default=0.0)
        for g, causes in members.items()
    }
    keys = {
        "posterior": present,
        "responsibility": scores,
        "harm": {g: scores[g] * harm[g] for g in GROUPS},
    }[rank]
    entries = [GroupEntry(g, keys[g], present[g], g.replace("_", " ")) for g in GROUPS]
    return tuple(sorted(entries, key=lambda e: -e.score))
