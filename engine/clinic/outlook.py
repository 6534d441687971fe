"""Is the person one that the network describes? A warning where no cause makes sense of a conflict.

With conf(e) = ln [ Π_i P(e_i | g) / P(e | g) ], g the setting and the complaint, the expectation of
exp(conf) over all persons of the network is Σ_e Π_i P(e_i | g) ≤ 1. So by Markov's inequality

    P( conf(e) ≥ c | g ) ≤ exp(-c):

of the persons that the network describes, at most that share has findings that fit together as
badly. A rare illness is no reason for a warning: a cause h resolves the conflict if
ln P(h | e) / P(h | g) ≥ conf(e) (Jensen et al. 1990, arXiv:1304.1146).
"""

from collections.abc import Mapping
from math import exp, log

SHARE = 1 / 3  # of random mixtures of findings few reach it, of published cases none
SURE = 1e-12


def outside(conflict: float, before: Mapping[str, float], after: Mapping[str, float]) -> str | None:
    """Return a warning if the findings fit together badly and no cause resolves it, else None.

    Parameters
    ----------
    conflict : float
        In nats, given the ground.
    before, after : mapping of cause to float
        P(present | ground) and P(present | all evidence).

    Examples
    --------
    >>> outside(4.0, {"als": 0.005}, {"als": 0.9}) is None
    True
    >>> outside(4.0, {"als": 0.005}, {"als": 0.02})[:41]
    'the findings fit together badly: at most '
    """
    if conflict < -log(SHARE) or any(
        log(max(after[c], SURE) / max(before[c], SURE)) >= conflict for c in before
    ):
        return None
    return (
        f"the findings fit together badly: at most {percent_of(conflict)} of the persons that the "
        "network describes have such, and no cause makes sense of them; "
        "something may be wrong with a finding, or not in the network"
    )


def percent_of(conflict: float) -> str:
    """Return exp(-conflict) in percent, one digit of it.

    >>> percent_of(3.0), percent_of(7.0)
    ('5%', '0.09%')
    """
    return f"{100 * exp(-conflict):.1g}%"
