"""Why: what each finding adds to the case for or against a hypothesis.

Weight of evidence is the log likelihood ratio, in decibans: 10 log10 [P(f | h, c) / P(f | ¬h, c)]
with c what is already known (Good 1985; I. J. Good, "Weight of evidence: a brief survey").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses import shapley
from fascinet.engine.analyses.access import (
    Evidence,
    Soft,
    Vectors,
    log_probs,
    require_possible,
    vectors_of,
    with_hypothesis,
)
from fascinet.engine.analyses.coalitions import Coalitions
from fascinet.engine.analyses.hypotheses import Hypothesis, State, is_state
from fascinet.engine.analyses.results import DB_PER_NAT, Array, Columns, Result, frozen
from fascinet.model.errors import EvidenceError
from fascinet.model.lazy import Lazy
from fascinet.model.network import Network
from fascinet.model.plural import counted

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine

wording_room = Lazy("fascinet.engine.analyses.wording")
plots_room = Lazy("fascinet.engine.display.plots")

EXACT_TO = 12
WORK = 12_000_000
"""Table entries, over all subsets, that the Shapley values may cost: well under a second."""


@dataclass(frozen=True, eq=False, repr=False)
class Explanation(Result):
    """What each finding adds to one hypothesis.

    Attributes
    ----------
    findings, states : tuples of str
        The findings in the order given, context first; a soft finding's state is "soft".
    prior, posterior : float
        P(h) and P(h | e).
    base : float
        P(h | context): the probability before any finding; P(h) if there is no context.
    context : int
        How many of the findings, the first ones, are context.
    weight_db : array, shape (n,)
        Weight of each finding given those before it; they sum to the change of log odds.
    shapley_db : array
        Mean weight over all orders; the same sum, free of order.
    shapley_error_db : array
        Standard error of the mean; 0 where exact.
    textbook_lr : array
        P(f | h) / P(f | ¬h), nothing else known.
    in_context_lr : array
        P(f | h, all others) / P(f | ¬h, all others).
    exact : bool
        Whether the Shapley values are exact.

    Notes
    -----
    Context (setting, complaint, age, sex: what `is_ground` says) comes first, in the order given,
    and is always known: its Shapley values are its weights, and the textbook ratio of a finding is
    that in this context. Log odds
    are capped at ± 150 dB, so that a certainty has a weight. `textbook_lr` far above
    `in_context_lr` says that the finding tells again what the others told (double counting), or
    that another cause explains it away.
    """

    hypothesis: Hypothesis
    findings: tuple[str, ...]
    states: tuple[str, ...]
    prior: float
    posterior: float
    base: float
    context: int
    weight_db: Array
    shapley_db: Array
    shapley_error_db: Array
    textbook_lr: Array
    in_context_lr: Array
    exact: bool

    @property
    def gap_db(self) -> Array:
        """Textbook weight less in-context weight: what simple multiplication would overstate."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return 10.0 * (np.log10(self.textbook_lr) - np.log10(self.in_context_lr))

    @property
    def supporting(self) -> tuple[str, ...]:
        """Findings for the hypothesis (Shapley above 0), strongest first."""
        order = np.argsort(-self.shapley_db, kind="stable")
        return tuple(self.findings[i] for i in order if self.shapley_db[i] > 1e-9)

    @property
    def opposing(self) -> tuple[str, ...]:
        """Findings against the hypothesis (Shapley below 0), strongest first."""
        order = np.argsort(self.shapley_db, kind="stable")
        return tuple(self.findings[i] for i in order if self.shapley_db[i] < -1e-9)

    def columns(self) -> Columns:
        """Return the columns of the contract, one row a finding."""
        return {
            "finding": list(self.findings),
            "state": list(self.states),
            "weight_db": self.weight_db,
            "shapley_db": self.shapley_db,
            "textbook_lr": self.textbook_lr,
            "in_context_lr": self.in_context_lr,
        }

    def title(self) -> str:
        """Return the hypothesis with its way from prior to posterior."""
        return (
            f"Why P({self.hypothesis.name}) goes from {self.prior:.4g} to {self.posterior:.4g}: "
            f"{float(self.weight_db.sum()):+.1f} dB from {counted(len(self.findings), 'finding')}"
        )

    def summary(self) -> dict[str, Any]:
        """Return hypothesis, prior and posterior."""
        return {
            "hypothesis": self.hypothesis.name,
            "prior": self.prior,
            "base": self.base,
            "posterior": self.posterior,
            "shapley_exact": self.exact,
            "shapley_error_db": self.shapley_error_db,
        }

    def in_words(self, reader: str = "student", network: Network | None = None) -> tuple[str, ...]:
        """Return the explanation in plain sentences, for a "student" or a "clinician"."""
        return wording_room.sentences(self, reader, network)

    def plot(self, count: int = 40) -> Any:
        """Return a waterfall of the first `count` weights in the order entered (Altair)."""
        return plots_room.waterfall(self, count)


def explain(
    engine: "Engine",
    target: str,
    state: State | Sequence[State],
    evidence: Evidence | None = None,
    *,
    soft: Soft | None = None,
    samples: int | None = None,
    seed: int = 0,
) -> Explanation:
    """Return what every finding adds to target = state.

    Parameters
    ----------
    engine : Engine
    target : str
    state : str or sequence of str
        The hypothesis; several states mean "any of them".
    evidence : mapping of str to str
        Findings; their order is the order of `weight_db`.
    soft : mapping, optional
        Soft findings, after the hard ones.
    samples : int, optional
        Pairs of orders drawn for the Shapley values. Default: exact up to 12 findings if the
        work allows, else as many pairs as it allows, 2 to 64; `shapley_error_db` tells.
    seed : int

    Raises
    ------
    EvidenceError
        If the target is among the findings.
    ImpossibleEvidenceError
        If P(evidence) = 0.
    """
    network = engine.network
    hypothesis = is_state(network, network.check(target), state)
    vectors = vectors_of(network, evidence or {}, soft)
    if target in vectors:
        raise EvidenceError(f"{target!r} is the hypothesis and a finding at once: leave one out")
    require_possible(engine, evidence or {}, soft)
    return explain_vectors(engine, hypothesis, vectors, dict(evidence or {}), samples, seed)


def explain_vectors(
    engine: "Engine",
    hypothesis: Hypothesis,
    vectors: Vectors,
    hard: dict[str, str],
    samples: int | None = None,
    seed: int = 0,
) -> Explanation:
    """Return the explanation of findings given as likelihood vectors."""
    context = tuple(v for v in vectors if is_ground(engine.network, v))
    names = (*context, *(v for v in vectors if v not in context))
    worth = Coalitions(engine, hypothesis, {v: vectors[v] for v in names})
    n, k = len(names), len(context)
    prefix = np.tril(np.ones((n + 1, n), dtype=bool), -1)
    alone = np.eye(n, dtype=bool)
    alone[k:, :k] = True
    plan = _draws(worth, n - k, samples)
    basic = np.concatenate([prefix, alone, ~np.eye(n, dtype=bool)])
    wanted = shapley.all_masks(n - k) if plan is None else shapley.drawn(n - k, plan, seed)[1]
    known = worth(np.concatenate([basic, np.pad(wanted, ((0, 0), (k, 0)), constant_values=True)]))
    chain, single, but_one = np.split(known[: len(basic)], [n + 1, 2 * n + 1])
    shares = _shares(worth, n, k, plan, seed)
    prior, base, posterior = (
        float(1.0 / (1.0 + np.exp(-x))) for x in (chain[0], chain[k], chain[-1])
    )
    step = np.diff(chain) * DB_PER_NAT
    before = np.where(np.arange(n) < k, chain[0], chain[k])
    return Explanation(
        hypothesis, names, tuple(hard.get(v, "soft") for v in names), prior, posterior, base, k,
        frozen(step), frozen(np.concatenate([step[:k], shares.values * DB_PER_NAT])),
        frozen(np.concatenate([np.zeros(k), shares.error * DB_PER_NAT])),
        frozen(np.exp(single - before)), frozen(np.exp(chain[-1] - but_one)), shares.exact,
    )  # fmt: skip


def is_ground(network: Network, variable: str) -> bool:
    """Say whether a variable is what every case stands on: setting, age, sex, the complaint."""
    meta = network.meta.get(variable, {})
    return meta.get("kind") == "context" or bool(meta.get("complaint"))


def _draws(worth: Coalitions, free: int, samples: int | None) -> int | None:
    """Return how many pairs of orders to draw; None if all sets of findings are valued."""
    if free == 0:
        return None
    sets = WORK // worth.entries()
    if samples is None and free <= EXACT_TO and 2**free <= max(sets, 2 * free):
        return None
    return int(np.clip(sets // (2 * free), 2, 64)) if samples is None else samples


def _shares(
    worth: Coalitions, count: int, fixed: int, pairs: int | None, seed: int
) -> shapley.Shares:
    """Return Shapley values of all but the first `fixed` findings, which are always present."""

    def beyond(masks: shapley.Masks) -> Array:
        return worth(np.pad(masks, ((0, 0), (fixed, 0)), constant_values=True))

    if pairs is None:
        return shapley.exact(beyond, count - fixed)
    return shapley.sampled(beyond, count - fixed, pairs, seed)


def contrast(
    engine: "Engine",
    first: Hypothesis,
    second: Hypothesis,
    evidence: Evidence,
    *,
    soft: Soft | None = None,
) -> "Contrast":
    """Return which findings tell two hypotheses apart, in the order given.

    The weight of f is 10 log10 [P(f | h1, before) / P(f | h2, before)].
    """
    vectors = vectors_of(engine.network, evidence, soft)
    names = list(vectors)
    prefixes = [{v: vectors[v] for v in names[:k]} for k in range(len(names) + 1)]
    cases = [with_hypothesis(c, h) for c in prefixes for h in (first, second)]
    logs = log_probs(engine, cases).reshape(-1, 2)
    with np.errstate(invalid="ignore"):
        ratio = logs[:, 0] - logs[:, 1]
    weights = frozen(np.diff(ratio) * DB_PER_NAT)
    states = tuple(evidence.get(v, "soft") for v in names)
    return Contrast(first, second, tuple(names), states, weights, float(ratio[-1] * DB_PER_NAT))


@dataclass(frozen=True, eq=False, repr=False)
class Contrast(Result):
    """Two hypotheses side by side: weight_db above 0 speaks for the first.

    `balance_db` is 10 log10 [P(h1 | e) / P(h2 | e)].
    """

    first: Hypothesis
    second: Hypothesis
    findings: tuple[str, ...]
    states: tuple[str, ...]
    weight_db: Array
    balance_db: float

    def columns(self) -> Columns:
        """Return one row a finding."""
        return {
            "finding": list(self.findings),
            "state": list(self.states),
            "weight_db": self.weight_db,
        }

    def title(self) -> str:
        """Return which of the two is ahead, and by how much."""
        return f"{self.first.name} against {self.second.name}: {self.balance_db:+.1f} dB"

    def summary(self) -> dict[str, Any]:
        """Return the two names and the balance."""
        return {
            "first": self.first.name,
            "second": self.second.name,
            "balance_db": self.balance_db,
        }
