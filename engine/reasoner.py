"""From a case to a ranked differential: the one place that joins knowledge, network and engine."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.case_rules import rules_of
from fascinet.engine.differential import (
    CauseEntry,
    Differential,
    GroupEntry,
    NextTest,
)
from fascinet.engine.engine import Engine
from fascinet.engine.evaluate import Answer, Evaluation
from fascinet.engine.evaluate import evaluate as evaluate_cases
from fascinet.engine.intervals import cause_intervals
from fascinet.engine.next_tests import expected_gains
from fascinet.engine.posterior import Posterior
from fascinet.engine.red_flags import red_flags
from fascinet.engine.responsibility import (
    Evidence,
    Owner,
    disablement,
    responsibility,
)
from fascinet.model.case import Case, CaseRules
from fascinet.model.errors import EvidenceError, OptionError
from fascinet.model.gates import Array
from fascinet.model.hpo import COMPLAINT
from fascinet.model.network import Network
from fascinet.model.phenopackets import Packet
from fascinet.model.read_case import Source, read_case

if TYPE_CHECKING:
    from fascinet.model.schema import Knowledge

RANKS = ("responsibility", "posterior", "harm")
SETTING = "setting"
DEFAULT_SETTING = "primary_care"
OTHER = "other"
GROUPS = (
    "muscle_fatigue_overexertion", "electrolyte_imbalance", "stress_anxiety", "drugs_substances",
    "als", "peripheral_neuropathy", "multiple_sclerosis", "dystonia",
    "nerve_compression_radiculopathy", "benign_fasciculation_syndrome", OTHER,
)  # fmt: skip
DECIBAN = 10 / np.log(10)
# context and modifiers of twitching account for nothing themselves
MODIFIERS = frozenset({"twitch_duration", "twitch_spread"})
SIGNS = frozenset({"finding", "test"})
EDGE = 1e-12
TESTS_SHOWN = 10
URGENT, REASSURE = "urgent", "reassure"
TEST_KINDS = frozenset({"test"})


class Reasoner:
    """Reads cases and ranks causes, with one knowledge base.

    Parameters
    ----------
    knowledge : Knowledge
    network : Network
        Built from it.
    engine : Engine, optional
        Of that network.
    """

    def __init__(
        self, knowledge: "Knowledge", network: Network, engine: Engine | None = None
    ) -> None:
        self.knowledge, self.network = knowledge, network
        self.engine = engine or Engine(network)

    @cached_property
    def rules(self) -> CaseRules:
        """How cases are read."""
        return rules_of(self.knowledge, self.network)

    @cached_property
    def causes(self) -> tuple[str, ...]:
        """All causes that the differential ranks."""
        return tuple(c for c in self.knowledge.causes if c in self.network.index)

    @cached_property
    def owners(self) -> tuple[Owner, ...]:
        """Causes, then groups, each with the variables whose links it owns."""
        mine = {c: {c, f"trigger_{c}"} for c in self.causes}
        groups = {g: {c for c in self.causes if self.group(c) == g} for g in GROUPS}
        singles = [Owner(c, frozenset(names)) for c, names in mine.items()]
        return (*singles, *(
            Owner(g, frozenset().union(*(mine[c] for c in members)) | {f"trigger_{g}"}, g == OTHER)
            for g, members in groups.items()
        ))  # fmt: skip

    def group(self, cause: str) -> str:
        """Return the group of a cause."""
        return self.knowledge.causes[cause].group

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The causes, as query targets."""
        return self.causes

    def engine_for(self, do: Mapping[str, str]) -> Engine:
        """Return the engine under interventions."""
        return Engine(self.network.do(do)) if do else self.engine

    def read(self, case: Source, *, strict: bool = True) -> Case:
        """Read a case; see `fascinet.model.read_case`."""
        return read_case(case, self.rules, strict=strict)

    # ---------------------------------------------------------------- diagnosing

    def diagnose(
        self,
        case: Source,
        setting: str | None = None,
        *,
        rank: str = "responsibility",
        do: Mapping[str, str] | None = None,
        strict: bool = True,
        tests: int | None = TESTS_SHOWN,
        intervals: bool = True,
    ) -> Differential:
        """Return the ranked differential of a case; see `fascinet.engine.reasoner.diagnose`.

        Parameters
        ----------
        strict : bool
            Refuse a case that says nothing the network knows.
        tests : int or None
            How many next tests to list; None for all, 0 to leave them out.
        intervals : bool
            Whether to compute intervals; else they are the posterior itself.
        """
        if rank not in RANKS:
            raise OptionError("rank", rank, RANKS)
        opened = self._open(self.read(case, strict=strict), setting, do or {})
        engine = self.engine_for(opened.do)
        posterior = engine.posterior(opened.hard, soft=opened.soft)
        prior = engine.posterior(
            {k: v for k, v in opened.hard.items() if k in (SETTING, COMPLAINT)},
            targets=[*self.causes, *_positive(self, opened)],
        )
        matrix = self._scores(engine, opened, posterior, prior)
        groups = self._groups(engine, opened, posterior, matrix, rank)
        spans = self._intervals(engine, opened, posterior, intervals)
        entries = self._causes(posterior, prior, matrix, spans, rank)
        flags = red_flags(self.knowledge, opened, posterior)
        alarms = tuple(flag for flag in flags if flag.level != REASSURE)
        calm = not any(flag.level == URGENT for flag in alarms)
        return Differential(
            model=self._model(), setting=opened.hard[SETTING], rank=rank, hard=opened.hard,
            soft=opened.soft, do=opened.do, unmapped=opened.unmapped,
            log_prob_evidence=float(posterior.log_prob_evidence),
            conflict=self._conflict(engine, opened, posterior),
            differential=entries, groups=groups,
            red_flags=alarms,
            reassurance=tuple(f for f in flags if f.level == REASSURE) if calm else (),
            next_tests=self._next(engine, opened, posterior, tests),
            warnings=opened.warnings, posterior=posterior,
        )  # fmt: skip

    def _open(self, case: Case, setting: str | None, do: Mapping[str, str]) -> Case:
        """Return the case with its setting as evidence, and without what is intervened on."""
        hard = dict(case.hard)
        for name, state in {**case.do, **do}.items():
            self.rules.check(name, state)
        place = setting or hard.get(SETTING) or case.setting or DEFAULT_SETTING
        if place not in self.rules.states[SETTING]:
            raise OptionError(SETTING, place, self.rules.states[SETTING])
        hard[SETTING] = place
        done = {**case.do, **do}
        twice = [name for name in done if name in case.hard and name != COMPLAINT]
        if twice:
            raise EvidenceError(f"{twice[0]} is both a finding and an intervention")
        kept = {k: v for k, v in hard.items() if k not in done}
        return replace(case, hard=kept | {k: v for k, v in done.items() if k == SETTING}, do=done)

    def _model(self) -> dict[str, str]:
        net = self.network
        return {"name": net.name, "version": net.version, "hash": net.hash}

    # ---------------------------------------------------------------- scores

    def _scores(
        self, engine: Engine, case: Case, posterior: Posterior, prior: Posterior
    ) -> dict[str, float]:
        """Return the responsibility of every cause and group."""
        found = _positive(self, case)
        likelihoods = _likelihoods(self.network, case)
        evidence = Evidence(likelihoods, float(posterior.log_prob_evidence))
        weights = np.array(
            [-np.log(max(prior.array(f) @ _top(likelihoods[f]), EDGE)) for f in found]
        )
        matrix = disablement(engine, found, evidence, self.owners)
        scores = responsibility(matrix, weights)
        return {owner.name: float(s) for owner, s in zip(self.owners, scores, strict=True)}

    def _groups(
        self,
        engine: Engine,
        case: Case,
        posterior: Posterior,
        scores: Mapping[str, float],
        rank: str,
    ) -> tuple[GroupEntry, ...]:
        present = self._group_posteriors(engine, case, posterior)
        keys = {
            "posterior": present,
            "responsibility": scores,
            "harm": {g: scores[g] * self._group_harm(g) for g in GROUPS},
        }[rank]
        entries = [GroupEntry(g, keys[g], present[g], self._group_label(g)) for g in GROUPS]
        return tuple(sorted(entries, key=lambda e: -e.score))

    def _group_posteriors(
        self, engine: Engine, case: Case, posterior: Posterior
    ) -> dict[str, float]:
        """Return P(any cause of the group present | e) = 1 − P(all at rest, e) / P(e)."""
        queries: list[tuple[dict[str, str], Mapping[str, Any]]] = []
        for group in GROUPS:
            members = [c for c in self.causes if self.group(c) == group]
            rest = {c: self.rules.resting[c] for c in members if c not in case.do}
            soft = {k: v for k, v in case.soft.items() if k not in rest}
            queries.append(({**case.hard, **rest}, soft))
        logs = engine.batch_log_prob(queries)
        log_prob = float(posterior.log_prob_evidence)
        gone = np.exp(np.minimum(logs - log_prob, 0.0))
        return {g: float(1.0 - p) for g, p in zip(GROUPS, gone, strict=True)}

    def _group_harm(self, group: str) -> float:
        weights = [self.knowledge.causes[c].harm for c in self.causes if self.group(c) == group]
        return max(weights, default=1.0)

    def _group_label(self, group: str) -> str:
        return group.replace("_", " ")

    def _causes(
        self,
        posterior: Posterior,
        prior: Posterior,
        scores: Mapping[str, float],
        spans: Mapping[str, tuple[float, float]],
        rank: str,
    ) -> tuple[CauseEntry, ...]:
        entries = [self._cause(c, posterior, prior, scores[c], spans[c]) for c in self.causes]
        keys = {
            "posterior": lambda e: e.posterior,
            "responsibility": lambda e: e.responsibility,
            "harm": lambda e: e.responsibility * e.harm,
        }
        return tuple(sorted(entries, key=lambda e: (-keys[rank](e), -e.posterior)))

    def _cause(
        self,
        cause: str,
        posterior: Posterior,
        prior: Posterior,
        score: float,
        span: tuple[float, float],
    ) -> CauseEntry:
        script = self.knowledge.causes[cause]
        before, after = self.present(prior, cause), self.present(posterior, cause)
        return CauseEntry(
            cause=cause, label=script.label, group=script.group, prior=before, posterior=after,
            interval=span, responsibility=score,
            weight_of_evidence_db=float(DECIBAN * (log_odds(after) - log_odds(before))),
            must_not_miss=bool(script.must_not_miss), harm=script.harm,
        )  # fmt: skip

    def present(self, posterior: Posterior, cause: str) -> float:
        """Return P(cause in any state but its resting one)."""
        return float(1.0 - posterior[cause][self.rules.resting[cause]])

    # ---------------------------------------------------------------- beside the ranking

    def _intervals(
        self, engine: Engine, case: Case, posterior: Posterior, wanted: bool
    ) -> dict[str, tuple[float, float]]:
        if wanted:
            return cause_intervals(self, engine, case, posterior)
        return {c: (p, p) for c in self.causes for p in [self.present(posterior, c)]}

    def _conflict(self, engine: Engine, case: Case, posterior: Posterior) -> float:
        """Return Σ_f log2 P(f | context) − log2 P(findings | context)."""
        context = {k: v for k, v in case.hard.items() if self._kind(k) == "context"}
        findings = [(k, {k: v}, {}) for k, v in case.hard.items() if k not in context]
        findings += [(k, {}, {k: v}) for k, v in case.soft.items()]
        base = engine.log_prob_evidence(context)
        marginals = engine.posterior(context)
        total = sum(self._log_marginal(marginals, k, h, s) for k, h, s in findings)
        return float((total - (posterior.log_prob_evidence - base)) / np.log(2))

    def _log_marginal(
        self, marginals: Posterior, name: str, hard: Mapping[str, str], soft: Mapping[str, Any]
    ) -> float:
        if name in hard:
            return float(np.log(max(marginals[name][hard[name]], EDGE)))
        vector = np.array([soft[name][s] for s in self.network.states(name)])
        return float(np.log(max(marginals.array(name) @ vector, EDGE)))

    def _kind(self, name: str) -> str:
        return str(self.network.meta.get(name, {}).get("kind", ""))

    def _next(
        self, engine: Engine, case: Case, posterior: Posterior, count: int | None
    ) -> tuple[NextTest, ...]:
        if count == 0:
            return ()
        return expected_gains(self, engine, case, posterior)[:count]

    # ---------------------------------------------------------------- evaluating

    def evaluate(
        self,
        folder: str | Path,
        *,
        rank: str = "responsibility",
        setting: str | None = None,
        blank_tests: bool = False,
    ) -> Evaluation:
        """Score the differential on the published cases of a folder.

        Parameters
        ----------
        blank_tests : bool
            Leave out laboratory, EMG, nerve-conduction and imaging findings.
        """

        def answer(packet: Packet) -> Answer:
            case = self.read(packet, strict=False)
            case = self.without_tests(case) if blank_tests else case
            found = self.diagnose(case, setting, rank=rank, strict=False, tests=0, intervals=False)
            return Answer({g.group: g.score for g in found.groups}, bool(found.red_flags))

        return evaluate_cases(folder, answer)

    def without_tests(self, case: Case) -> Case:
        """Return the case without results of tests."""
        hard = {k: v for k, v in case.hard.items() if self._kind(k) not in TEST_KINDS}
        soft = {k: v for k, v in case.soft.items() if self._kind(k) not in TEST_KINDS}
        return replace(case, hard=hard, soft=soft)


def log_odds(p: float) -> float:
    """Return ln p / (1 − p), p kept away from 0 and 1 by 1e-12."""
    p = min(max(p, EDGE), 1.0 - EDGE)
    return float(np.log(p) - np.log1p(-p))


def _top(likelihood: Array) -> Array:
    return likelihood / likelihood.max()


def _likelihoods(network: Network, case: Case) -> dict[str, Array]:
    hard = {
        k: np.eye(len(network.states(k)))[network.state_index(k, v)] for k, v in case.hard.items()
    }
    soft = {k: np.array([v[s] for s in network.states(k)]) for k, v in case.soft.items()}
    return hard | soft


def _positive(reasoner: Reasoner, case: Case) -> Sequence[str]:
    """Return the findings out of their resting state, modifiers of twitching left out."""
    likelihoods = _likelihoods(reasoner.network, case)
    states = reasoner.rules.states
    return [
        name
        for name, vector in likelihoods.items()
        if reasoner._kind(name) in SIGNS
        and name not in MODIFIERS
        and vector[states[name].index(reasoner.rules.resting[name])] < vector.max()
    ]


@lru_cache(maxsize=1)
def shipped_reasoner() -> Reasoner:
    """Return the reasoner of the shipped knowledge base."""
    from fascinet.model.shipped import shipped_knowledge, shipped_network

    return Reasoner(shipped_knowledge(), shipped_network())


def diagnose(
    case: Source,
    setting: str | None = None,
    *,
    rank: str = "responsibility",
    do: Mapping[str, str] | None = None,
    knowledge: "Knowledge | None" = None,
    engine: Engine | None = None,
) -> Differential:
    """Return the ranked differential of a case.

    Parameters
    ----------
    case : mapping, path, "-", Case or Packet
        Findings by variable, native JSON, or a GA4GH Phenopacket.
    setting : str, optional
        general, primary_care (unless the case names one) or neuromuscular_clinic: which priors
        hold.
    rank : {"responsibility", "posterior", "harm"}
        responsibility: expected disablement, which causes produce the findings at hand; see
        `fascinet.engine.responsibility` for formula and source. posterior: which causes are
        present. harm: responsibility times the weight of missing the cause.
    do : mapping of variable to state, optional
        Interventions.
    knowledge, engine : optional
        Another knowledge base, and an engine of its network.

    Raises
    ------
    CaseError, UnknownVariableError, UnknownStateError, OptionError, ImpossibleEvidenceError
    """
    reasoner = shipped_reasoner()
    if knowledge is not None:
        from fascinet.model.build import build_network

        network = engine.network if engine is not None else build_network(knowledge)
        reasoner = Reasoner(knowledge, network, engine)
    elif engine is not None:
        reasoner = Reasoner(reasoner.knowledge, engine.network, engine)
    return reasoner.diagnose(case, setting, rank=rank, do=do)


def evaluate(folder: str | Path, **options: Any) -> Evaluation:
    """Score the shipped differential on published cases; see `Reasoner.evaluate`."""
    return shipped_reasoner().evaluate(folder, **options)
