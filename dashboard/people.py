"""Natural frequencies as a tree of people, in HTML."""

import math
from html import escape

from fascinet.dashboard.reasons import Reasons
from fascinet.dashboard.words import mid, number, percent

WORDS = {6: "1 million", 9: "1 billion", 12: "1,000 billion"}
MOST = 15
LEAST = 10  # people with these very findings, so that the counts mean something


def frequency_tree(found: Reasons, log_prob_findings: float) -> str:
    """Return people before and after the findings as a tree of counts.

    Parameters
    ----------
    found : Reasons
    log_prob_findings : float
        ln P(age, sex, findings | setting, complaint).

    Notes
    -----
    P(findings | cause) = P(cause | findings) P(findings) / P(cause). The number of people to
    start with is the power of ten that leaves ten or more with these very findings, and at least
    one of them with the cause where the two can be had.
    """
    both = math.exp(log_prob_findings)
    rarer = both * min(found.posterior, 1 - found.posterior)
    power = next(
        (n for n in range(3, MOST) if 10**n * both >= LEAST and 10**n * rarer >= 0.5), MOST
    )
    total = 10.0**power
    ill = total * found.prior
    hit = total * both * found.posterior
    alarm = total * both * (1 - found.posterior)
    name = escape(mid(found.name))
    return (
        "<div class='fn-tree'>"
        f"<div class='fn-node'><b>{_crowd(power)}</b> people with this complaint in this setting"
        "</div><div class='fn-branches'>"
        f"{_branch(ill, f'have {name}', hit, 'ill')}"
        f"{_branch(total - ill, f'do not have {name}', alarm, 'well')}"
        f"</div><div class='fn-node'>Of all <b>{_count(hit + alarm)}</b> with this age, sex and "
        f"these findings, <b>{_count(hit)}</b> have {name}: "
        f"<b>{percent(found.posterior)}</b></div></div>"
    )


def _crowd(power: int) -> str:
    return WORDS.get(power, f"{10**power:,}")


def _branch(people: float, what: str, seen: float, kind: str) -> str:
    return (
        f"<div class='fn-branch {kind}'><div class='fn-node'><b>{_count(people)}</b> {what}</div>"
        f"<div class='fn-node'><b>{_count(seen)}</b> of them are of this age and sex and have "
        "exactly these findings</div></div>"
    )


def _count(people: float) -> str:
    """Return a whole number of people; only one rarer than all crowds is "fewer than 1"."""
    return number(round(people), 4) if people >= 0.5 else "fewer than 1"
