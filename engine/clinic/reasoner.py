"""From a case to a ranked differential: the one place that joins knowledge, network and engine."""

from collections import deque
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from fascinet.engine.api.engine import Engine
from fascinet.engine.api.posterior import Posterior
from fascinet.engine.clinic.case_folder import Told
from fascinet.engine.clinic.case_rules import SETTING, check_pair, open_case, rules_of
from fascinet.engine.clinic.conditions import possible_states
from fascinet.engine.clinic.decisions import decide
from fascinet.engine.clinic.differential import Differential, GroupEntry
from fascinet.engine.clinic.divorce import Owner, owned
from fascinet.engine.clinic.entries import GROUPS, RANKS, Rank, cause_entries, group_entries
from fascinet.engine.clinic.evaluate import Answer, Evaluation, answer_of
from fascinet.engine.clinic.evaluate import evaluate as evaluate_cases
from fascinet.engine.clinic.follow_up import followed
from fascinet.engine.clinic.intervals import cause_intervals
from fascinet.engine.clinic.lanes import Lanes, open_lanes
from fascinet.engine.clinic.next_tests import Unit, all_units, expected_gains
from fascinet.engine.clinic.outlook import Outlook, outlook
from fascinet.engine.clinic.ranking import (
    conflict,
    group_posteriors,
    kind,
    positive,
    responsibility_scores,
    surprisal,
    without_tests,
)
from fascinet.engine.clinic.red_flags import REASSURE, out_of_rest, red_flags
from fascinet.model.case import Case, CaseRules, counted_once
from fascinet.model.digest import Digest, digest_of
from fascinet.model.errors import OptionError
from fascinet.model.hpo import COMPLAINT
from fascinet.model.network import Network
from fascinet.model.phenopackets import Packet
from fascinet.model.read_case import Source, read_case
from fascinet.model.shipped import shipped_digest, shipped_knowledge, shipped_network

if TYPE_CHECKING:
    from fascinet.model.schema import Knowledge

Index: TypeAlias = NDArray[np.int64]
Setting = Literal["general", "primary_care", "neuromuscular_clinic"]
TESTS_SHOWN = 10


class Reasoner:
    """Reads cases and ranks causes, with one knowledge base.

    Parameters
    ----------
    knowledge : Knowledge or Digest
    network : Network
        Built from it.
    engine : Engine, optional
        Of that network.
    """

    def __init__(
        self, knowledge: "Knowledge | Digest", network: Network, engine: Engine | None = None
    ) -> None:
        is_digest = isinstance(knowledge, Digest)
        self.digest = knowledge if is_digest else digest_of(knowledge)
        self.network = network
        self.engine = engine or Engine(network)
        self._priors: dict[tuple[tuple[str, str], ...], tuple[Posterior, dict[str, float]]] = {}

    @cached_property
    def rules(self) -> CaseRules:
        """How cases are read."""
        return rules_of(self.digest, self.network)

    @cached_property
    def causes(self) -> tuple[str, ...]:
        """All causes that the differential ranks."""
        return tuple(c for c in self.digest.causes if c in self.network.index)

    @cached_property
    def members(self) -> dict[str, tuple[str, ...]]:
        """The causes of each group."""
        of = {c: self.digest.causes[c].group for c in self.causes}
        return {g: tuple(c for c in self.causes if of[c] == g) for g in GROUPS}

    @cached_property
    def mechanisms(self) -> tuple[str, ...]:
        """What the red flags may ask of beside causes: deterministic summaries of them."""
        return tuple(m for m, r in self.digest.mechanisms.items() if r.of)

    @cached_property
    def askable(self) -> tuple[str, ...]:
        """Causes, and the other variables that findings depend on."""
        kinds = ("risk", "trigger", "context")
        others = (v for v in self.network.variables if kind(self.network, v) in kinds)
        return (*self.causes, *others)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """What every run answers: what one may ask about, and the summaries of causes."""
        return (*self.askable, *self.mechanisms)

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """What can be asked or tested."""
        return all_units(self.digest, self.network)

    @cached_property
    def owners(self) -> tuple[Owner, ...]:
        """Each cause with the variables whose links it owns.

        The leaks of the findings belong to nobody: they are what chance adds, not a cause of the
        complaint.
        """
        return tuple(Owner(c, owned(c)) for c in self.causes)

    @cached_property
    def group_owners(self) -> tuple[Owner, ...]:
        """Each group with the variables whose links it owns.

        The ordinary, unexplained twitch belongs to the group `other`.
        """
        return tuple(
            Owner(g, owned(*causes) | {f"trigger_{g}"}, True) for g, causes in self.members.items()
        )

    def engine_for(self, do: Mapping[str, str]) -> Engine:
        """Return the engine under interventions."""
        return Engine(self.network.do(do)) if do else self.engine

    def read(self, case: Source, *, strict: bool = True) -> Case:
        """Read a case; see `fascinet.model.read_case`."""
        return read_case(case, self.rules, strict=strict)

    def present(self, posterior: Posterior, cause: str) -> float:
        """Return P(cause in any state but its resting one)."""
        return float(1.0 - posterior[cause][self.rules.resting[cause]])

    def presence(self, posterior: Posterior) -> dict[str, float]:
        """Return P(present) of every cause."""
        return dict(zip(self.causes, (1.0 - posterior.flat[self._rest]).tolist(), strict=True))

    @cached_property
    def _rest(self) -> Index:
        """Where an answer has the resting state of every cause."""
        places, resting = self.engine.layout.places, self.rules.resting
        return np.array([places[c][resting[c]] for c in self.causes], np.int64)

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
        groups: bool = True,
    ) -> Differential:
        """Return the ranked differential of a case; see `fascinet.engine.clinic.reasoner.diagnose`.

        Parameters
        ----------
        strict : bool
            Refuse a case that says nothing the network knows.
        tests : int or None
            How many next tests to list; None for all, 0 to leave them out.
        intervals : bool
            Whether to compute intervals; else they are the posterior itself.
        groups : bool
            Whether to rank the groups of causes too; else `groups` is empty.
        """
        if rank not in RANKS:
            raise OptionError("rank", rank, RANKS)
        opened = self.open(self.read(case, strict=strict), setting, {} if do is None else do)
        engine, net = self.engine_for(opened.do), self.network
        lanes = open_lanes(engine, opened, self.askable, self.rules.resting, self.targets)
        posterior = self._posterior(lanes)
        log_prob = float(posterior.log_prob_evidence)
        prior, complaint = self.ground(engine, opened)
        alone = surprisal(self.network, opened, prior)
        found = positive(self.network, opened, self.rules.resting)
        slopes = lanes.slopes()[2][-1]
        spans = cause_intervals(self, lanes, posterior) if intervals else {}
        owners = (*self.owners, *self.group_owners) if groups else self.owners
        shares = responsibility_scores(lanes, slopes, complaint | alone, owners, found).tolist()
        scores = dict(zip(self.causes, shares, strict=False))
        ranked: tuple[GroupEntry, ...] = ()
        if groups:
            present = group_posteriors(lanes, log_prob, self.members)
            joint = dict(zip(self.members, shares[len(self.causes) :], strict=True))
            ranked = group_entries(self.digest, self.members, present, joint, rank)
        flags = red_flags(self.digest, opened, posterior)
        alarms = tuple(flag for flag in flags if flag.level != REASSURE)
        open_states = possible_states(self.digest, opened, posterior)
        advice = decide(self.digest, posterior, prior, open_states, alarms).advice
        gains = () if tests == 0 else expected_gains(self, lanes, posterior, tests)
        seen = self._outlook(opened, prior, posterior, alone)
        return Differential(
            model={"name": net.name, "version": net.version, "hash": net.hash},
            setting=opened.hard[SETTING], rank=rank, hard=opened.hard,
            soft=opened.soft, do=opened.do, unmapped=opened.unmapped,
            log_prob_evidence=log_prob,
            conflict=seen.conflict,
            differential=cause_entries(
                self.digest, seen.before, seen.after, scores, spans, rank
            ),
            groups=ranked, red_flags=alarms,
            reassurance=tuple(f for f in flags if f.level == REASSURE), next_tests=gains,
            warnings=(*opened.warnings, *seen.warnings),
            advice=advice, contained=opened.contained, posterior=posterior,
        )  # fmt: skip

    def open(self, case: Case, setting: str | None, do: Mapping[str, str]) -> Case:
        """Return the case as evidence: with its setting, without what is intervened on.

        A finding that another one contains is counted once; see `counted_once`.
        """
        return counted_once(open_case(self.rules, case, setting, do), self.rules)

    def evidence(
        self, hard: Mapping[str, str], soft: Mapping[str, Mapping[str, float]] | None = None
    ) -> Case:
        """Return findings as evidence, each counted once; see `counted_once`."""
        return counted_once(Case(hard=hard, soft={} if soft is None else soft), self.rules)

    def _posterior(self, lanes: Lanes) -> Posterior:
        """Return the posterior of all targets, or raise with the findings in conflict."""
        found = lanes.run()
        if found is None:
            case, engine = lanes.case, lanes.coarse.fine
            return engine.posterior(case.hard, soft=case.soft, targets=self.causes)
        return found

    def outlook(self, case: Case, setting: str | None = None) -> "Outlook":
        """Return what the warnings outside the model rest on, without the rest of a diagnosis."""
        opened = self.open(case, setting, {})
        lanes = open_lanes(self.engine, opened, self.askable, self.rules.resting, self.targets)
        posterior = self._posterior(lanes)
        prior, _ = self.ground(self.engine, opened)
        return self._outlook(opened, prior, posterior, surprisal(self.network, opened, prior))

    def _outlook(
        self, case: Case, prior: Posterior, posterior: Posterior, alone: Mapping[str, float]
    ) -> "Outlook":
        odd = conflict(alone, posterior, prior)
        before, after = self.presence(prior), self.presence(posterior)
        told = len(out_of_rest(case, self.rules.resting))
        count = len(alone)
        found = outlook(told, case.unmapped, odd, before, after, count)
        return Outlook(odd, before, after, count, found)

    def ground(self, engine: Engine, case: Case) -> tuple[Posterior, dict[str, float]]:
        """Return the marginals before any finding, and what the complaint tells in the setting."""
        ground = {k: v for k, v in case.hard.items() if k in (SETTING, COMPLAINT)}
        key = tuple(sorted(ground.items()))
        if engine is not self.engine:
            return self._ground(engine, ground)
        if key not in self._priors:
            self._priors[key] = self._ground(engine, ground)
        return self._priors[key]

    def _ground(
        self, engine: Engine, ground: Mapping[str, str]
    ) -> tuple[Posterior, dict[str, float]]:
        prior = engine.posterior(ground)
        place = {k: v for k, v in ground.items() if k == SETTING}
        told = engine.log_prob_evidence(place) - float(prior.log_prob_evidence)
        return prior, {name: told for name in ground if name != SETTING}

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

        def answer(told: Told) -> Answer:
            # a packet without features may be a case to score; a native case without is a mistake
            case = self.read(told, strict=not isinstance(told, Packet))
            case = without_tests(self.network, case) if blank_tests else case
            found = self.diagnose(case, setting, rank=rank, strict=False, tests=0, intervals=False)
            return answer_of(found)

        return evaluate_cases(folder, answer)


_kept: deque[tuple["Knowledge | None", Engine | None, Reasoner]] = deque(maxlen=4)
"""The latest reasoners with what they were made of: held, so that none outlives its own."""


def reasoner_for(knowledge: "Knowledge | None" = None, engine: Engine | None = None) -> Reasoner:
    """Return the reasoner of a knowledge base and engine; kept, since its tables are derived."""
    if knowledge is None and engine is None:
        return shipped_reasoner()
    for known, asked, reasoner in tuple(_kept):
        if known is knowledge and asked is engine:
            return reasoner
    made = _make(knowledge, engine)
    _kept.append((knowledge, engine, made))
    return made


def _make(knowledge: "Knowledge | None", engine: Engine | None) -> Reasoner:
    check_pair(knowledge, engine)
    known = knowledge if knowledge is not None else shipped_knowledge()
    if engine is not None:
        return Reasoner(known, engine.network, engine)
    from fascinet.model.build import build_network

    return Reasoner(known, build_network(known))


@lru_cache(maxsize=1)
def shipped_reasoner() -> Reasoner:
    """Return the reasoner of the shipped knowledge base."""
    return Reasoner(shipped_digest(), shipped_network(), Engine(shipped_network()))


def diagnose(
    case: Source | Sequence[Source],
    setting: Setting | str | None = None,
    *,
    rank: Rank = "responsibility",
    do: Mapping[str, str] | None = None,
    knowledge: "Knowledge | None" = None,
    engine: Engine | None = None,
) -> Differential:
    """Return the ranked differential of a case.

    Parameters
    ----------
    case : mapping, path, "-", Case or Packet
        Findings by variable, native JSON, or a GA4GH Phenopacket. A list of these is several visits
        of one person, from the first; see `fascinet.engine.clinic.follow_up`.
    setting : str, optional
        general, primary_care (unless the case names one) or neuromuscular_clinic: which priors
        hold.
    rank : {"responsibility", "posterior", "harm"}
        responsibility: expected disablement, which causes produce the findings at hand; see
        `fascinet.engine.clinic.responsibility` for formula and source. posterior: which causes are
        present. harm: responsibility times the weight of missing the cause.
    do : mapping of variable to state, optional
        Interventions.
    knowledge, engine : optional
        Another knowledge base, and an engine of its network.

    Raises
    ------
    CaseError, UnknownVariableError, UnknownStateError, OptionError, ImpossibleEvidenceError

    Examples
    --------
    >>> import fascinet as fn
    >>> found = fn.diagnose({"findings": {"weakness": "objective", "bulbar": "yes"}})
    >>> found.differential[0].cause
    'als'
    """
    reasoner = reasoner_for(knowledge, engine)
    if isinstance(case, list | tuple):
        case = followed(reasoner, cast("Sequence[Source]", case))
    return reasoner.diagnose(cast("Source", case), setting, rank=rank, do=do)


def evaluate(
    folder: str | Path,
    *,
    rank: Rank = "responsibility",
    setting: Setting | str | None = None,
    blank_tests: bool = False,
) -> Evaluation:
    """Score the shipped differential on the published cases of a folder.

    Parameters
    ----------
    folder : path
        It holds `truth.csv` and `packets/`.
    rank : {"responsibility", "posterior", "harm"}
    setting : str, optional
        As for `diagnose`.
    blank_tests : bool
        Leave out laboratory, EMG, nerve-conduction and imaging findings.

    Examples
    --------
    With a folder that holds `truth.csv` and `packets/`:

    >>> import fascinet as fn
    >>> found = fn.evaluate(folder)
    >>> 0.0 <= found.top1 <= found.top3 <= 1.0
    True
    """
    return shipped_reasoner().evaluate(folder, rank=rank, setting=setting, blank_tests=blank_tests)
