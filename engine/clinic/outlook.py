"""Is the person one that the network describes? Two warnings, each with a calibrated meaning.

*Much has no place.* Of the findings that are there, at least half, and at least three, have no
variable in the network.

*The findings fit together badly.* With conf(e) = ln [ Π_i P(e_i | g) / P(e | g) ], g the setting
and the complaint, a cause h resolves as much of it as ln P(h | e) / P(h | g) (Jensen et al. 1990,
arXiv:1304.1146; a rare illness is no reason for a warning). What is left,

    T(e) = conf(e) − max_h ln P(h | e) / P(h | g)

is compared with T of cases that the network itself makes, with as many findings: `LINE` holds for
each number of findings what 1 in 50 of them exceed (`python -m tools.calibrate_outlook`). Findings
that are not in conflict at all (conf(e) ≤ 0) fit, however little any cause explains them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log

from fascinet.model.case import Unmapped

OUTSIDE = "outside the model"
SHARE, LEAST = 0.5, 3
SURE = 1e-12
LINE = ((0, -0.42), (6, -0.31), (9, -0.28), (12, -0.56))
"""(at least so many findings, T that 1 in 50 simulated cases exceed)."""


@dataclass(frozen=True)
class Outlook:
    """What the warnings outside the model rest on, and those raised.

    Attributes
    ----------
    conflict : float
        In nats, given the setting and the complaint.
    before, after : mapping of cause to float
        P(present | ground) and P(present | all evidence).
    findings : int
    warnings : tuple of str
    """

    conflict: float
    before: Mapping[str, float]
    after: Mapping[str, float]
    findings: int
    warnings: tuple[str, ...]


def outlook(
    known: int,
    unmapped: Iterable[Unmapped],
    conflict: float,
    before: Mapping[str, float],
    after: Mapping[str, float],
    findings: int,
) -> tuple[str, ...]:
    """Return the warnings that a case lies outside the model.

    Parameters
    ----------
    known : int
        Findings that are there and have a variable.
    unmapped : iterable of Unmapped
    conflict : float
        conf(e) in nats.
    before, after : mapping of cause to float
        P(present | ground) and P(present | all evidence).
    findings : int
        Findings observed, present or not.
    """
    gap = without_place(known, unmapped)
    odd = bad_fit(conflict, before, after, findings)
    return tuple(w for w in (gap, odd) if w)


def without_place(known: int, unmapped: Iterable[Unmapped]) -> str | None:
    """Return a warning if most of what is there has no variable.

    >>> rash = [Unmapped("HP:1", "a"), Unmapped("HP:2", "b"), Unmapped("HP:3", "c")]
    >>> without_place(2, rash)[:17], without_place(4, rash)
    ('outside the model', None)
    """
    gaps = sum(not u.excluded and not u.code.startswith("exposure:") for u in unmapped)
    if gaps < LEAST or gaps < SHARE * (gaps + known):
        return None
    return (
        f"{OUTSIDE}: {gaps} of {gaps + known} findings have no place in the network; "
        "it may not know this disease"
    )


def bad_fit(
    conflict: float, before: Mapping[str, float], after: Mapping[str, float], findings: int
) -> str | None:
    """Return a warning if the findings fit together badly and no cause resolves it."""
    if conflict <= SURE or unresolved(conflict, before, after) <= line(findings):
        return None
    return (
        f"{OUTSIDE}: the findings fit together worse than in 98% of the cases with as many "
        "findings that the network makes, and no cause makes sense of them; one may be wrong"
    )


def unresolved(conflict: float, before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Return T(e) in nats: the conflict less what the best cause resolves.

    >>> round(unresolved(4.0, {"als": 0.01}, {"als": 0.5}), 2)
    0.09
    """
    most = max((log(max(after[c], SURE) / max(p, SURE)) for c, p in before.items()), default=0.0)
    return conflict - max(most, 0.0)


def line(findings: int) -> float:
    """Return what T may reach with so many findings."""
    return LINE[max(bisect_right([n for n, _ in LINE], findings) - 1, 0)][1]
