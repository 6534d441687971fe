"""Why a cause stands where it stands: weights of evidence, in numbers and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from fascinet.dashboard import service
from fascinet.dashboard.charts import decibans
from fascinet.dashboard.state import Case
from fascinet.dashboard.words import absent_state, is_binary, label, percent, state_words, times
from fascinet.engine.analyses import shapley
from fascinet.engine.analyses.access import vectors_of
from fascinet.engine.analyses.explain import worth_of
from fascinet.engine.analyses.hypotheses import present
from fascinet.engine.analyses.results import DB_PER_NAT

QUIET_DB = 0.5
EXACT, SAMPLES = 7, 12
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
    """

    finding: str
    state: str
    text: str
    db: float
    textbook: float
    in_context: float


@dataclass(frozen=True)
class Reasons:
    """The whole explanation of one cause.

    Attributes
    ----------
    cause, name : str
    prior, posterior : float
        Before the findings (setting, age, sex and complaint known), and with them.
    weights : tuple of Weight
        Strongest first.
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


def odds(p: float) -> float:
    """Return p / (1 - p), with p kept away from 0 and 1."""
    p = min(1 - 1e-9, max(1e-9, p))
    return p / (1 - p)


@lru_cache(maxsize=256)
def reasons(case: Case, cause: str) -> Reasons:
    """Return why `cause` has its probability in this case.

    Setting, age, sex and the complaint are the ground that everything stands on; all other
    findings get a weight. Their Shapley shares (mean over orders, Lundberg and Lee 2017) sum to
    the change of the log odds.
    """
    known = service.resources()
    network = known.network
    ground, findings = service.ground_and_findings(case)
    vectors = vectors_of(network, {**ground, **findings}, case.soft_evidence)
    names = [v for v in vectors if v not in ground]
    hypothesis = present(network, cause)
    whole = worth_of(known.engine, hypothesis, vectors)
    order = list(vectors)
    column = [order.index(v) for v in names]

    def worth(masks: shapley.Masks) -> shapley.Array:
        full = np.ones((len(masks), len(order)), dtype=bool)
        full[:, column] = masks
        return whole(full)

    return _assembled(cause, findings, names, worth)


def _assembled(
    cause: str, findings: Mapping[str, str], names: Sequence[str], worth: shapley.Worth
) -> Reasons:
    n = len(names)
    alone = np.eye(n, dtype=bool)
    empty, full = np.zeros((1, n), dtype=bool), np.ones((1, n), dtype=bool)
    values = worth(np.concatenate([empty, full, alone, ~alone]))
    start, end, single, but_one = values[0], values[1], values[2 : n + 2], values[n + 2 :]
    shares = _shares(worth, n)
    weights = [
        Weight(
            v, findings.get(v, "soft"), describe(v, findings.get(v, "soft")), float(db),
            float(np.exp(x - start)), float(np.exp(end - y)),
        )
        for v, db, x, y in zip(names, shares * DB_PER_NAT, single, but_one, strict=True)
    ]  # fmt: skip
    prior, posterior = (float(1 / (1 + np.exp(-x))) for x in (start, end))
    name = label(service.resources().network, cause)
    return Reasons(cause, name, prior, posterior, tuple(sorted(weights, key=lambda w: -abs(w.db))))


def _shares(worth: shapley.Worth, n: int) -> Any:
    if n == 0:
        return np.zeros(0)
    if n <= EXACT:
        return shapley.exact(worth, n).values
    return shapley.sampled(worth, n, SAMPLES, 0).values


def describe(variable: str, state: str) -> str:
    """Return a finding in words: "Weakness: objective", "no Tremor"."""
    network = service.resources().network
    name = label(network, variable)
    states = network.states(variable)
    if is_binary(states):
        return name if state != absent_state(states) else f"No {name[:1].lower()}{name[1:]}"
    return f"{name}: {state_words(state)}" if state in states else name


def strength(db: float) -> str:
    """Return how strongly a weight speaks, in words."""
    return next(word for least, word in STRENGTHS if abs(db) >= least)


def in_words(found: Reasons, *, clinician: bool) -> list[str]:
    """Return the explanation as paragraphs, for a student or for a clinician."""
    pro = [w for w in found.weights if w.db >= QUIET_DB]
    con = [w for w in found.weights if w.db <= -QUIET_DB]
    name = found.name
    out = [
        f"{name} stood at {percent(found.prior)} before the findings and stands at "
        f"{percent(found.posterior)} now: the findings together multiply its odds "
        f"{_by(found.ratio)}."
    ]
    if pro:
        out.append(f"For it: {_listed(pro, clinician)}.")
    if con:
        out.append(f"Against it: {_listed(con, clinician)}.")
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
    if ratio >= 1:
        return f"by {ratio:.3g}"
    return f"by {ratio:.2g}, that is, divide them by {1 / ratio:.3g}"


def _listed(weights: Sequence[Weight], clinician: bool) -> str:
    if clinician:
        return "; ".join(
            f"{w.text} ({decibans(w.db)}, LR in context {w.in_context:.3g})" for w in weights
        )
    return "; ".join(f"{w.text} ({strength(w.db)})" for w in weights)


def _depends(weight: Weight) -> bool:
    low, high = sorted((weight.textbook, weight.in_context))
    return low <= 0 or high / low > 2


def _pair(weight: Weight) -> str:
    return f"textbook {times(weight.textbook)}, here {times(weight.in_context)}"
