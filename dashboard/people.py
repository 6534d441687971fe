"""Natural frequencies as a tree of people, in HTML."""

import math
from html import escape

from fascinet.dashboard.reasons import Reasons

WORDS = {6: "1 million", 9: "1 billion", 12: "1,000 billion"}
MOST = 12


def frequency_tree(found: Reasons, log_prob_findings: float) -> str:
    """Return people before and after the findings as a tree of counts.

    Parameters
    ----------
    found : Reasons
    log_prob_findings : float
        ln P(findings | setting, age, sex, complaint).

    Notes
    -----
    P(findings | cause) = P(cause | findings) P(findings) / P(cause). The number of people to
    start with is the power of ten that leaves ten or more with these very findings.
    """
    both = math.exp(log_prob_findings)
    power = next((n for n in range(3, MOST) if 10**n * both >= 10), MOST)
    total = 10.0**power
    ill = total * found.prior
    hit = total * both * found.posterior
    alarm = total * both * (1 - found.posterior)
    name = escape(found.name)
    return (
        "<div class='fn-tree'>"
        f"<div class='fn-node'><b>{WORDS.get(power, f'{total:,.0f}')}</b> people like this, "
        "before the findings</div><div class='fn-branches'>"
        f"{_branch(ill, f'have {name}', hit, 'ill')}"
        f"{_branch(total - ill, f'do not have {name}', alarm, 'well')}"
        f"</div><div class='fn-node'>Of all <b>{_count(hit + alarm)}</b> with exactly these "
        f"findings, <b>{_count(hit)}</b> have {name}: "
        f"<b>{100 * found.posterior:.3g}%</b></div></div>"
    )


def _branch(people: float, what: str, seen: float, kind: str) -> str:
    return (
        f"<div class='fn-branch {kind}'><div class='fn-node'><b>{_count(people)}</b> {what}</div>"
        f"<div class='fn-node'><b>{_count(seen)}</b> of them show exactly these findings</div>"
        "</div>"
    )


def _count(n: float) -> str:
    return f"{n:,.0f}" if n >= 10 else f"{n:.2g}"
