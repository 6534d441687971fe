"""What if: another finding, a treatment, another past, another prior, another figure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from fascinet.dashboard import service
from fascinet.dashboard.catalogue import CONTEXT
from fascinet.dashboard.plans import results
from fascinet.dashboard.state import Case
from fascinet.dashboard.sureness import functions
from fascinet.dashboard.words import odds
from fascinet.engine.analyses.counterfactual import counterfactual
from fascinet.engine.analyses.covariation import vary
from fascinet.engine.api.engine import Engine
from fascinet.engine.api.posterior import Posterior
from fascinet.model.case import COMPLAINT

Beliefs = dict[str, float]


def current(case: Case) -> Beliefs:
    """Return P(present) of every cause as the case stands."""
    belief = service.beliefs(case)
    return {c: service.presence(belief, c) for c in service.resources().reasoner.causes}


@dataclass(frozen=True)
class Otherwise:
    """What would be different had one thing been otherwise, in this very person.

    Attributes
    ----------
    causes : mapping of cause to P(present)
        In the imagined world; those that the change cannot reach stay as they are.
    findings : mapping of finding to P(still there)
        The complaint first, then the findings that were found.
    anyone : (float, float)
        P(twitches) among people of this setting, age and sex: as they are, and had all of them
        been treated so.
    """

    causes: Beliefs
    findings: Mapping[str, float]
    anyone: tuple[float, float]


@lru_cache(maxsize=64)
def otherwise(case: Case, variable: str, state: str) -> Otherwise:
    """Return the counterfactual world of one change: P(. | findings, had `variable` been `state`).

    Raises
    ------
    FascinetError
        If the change is impossible in this case.
    """
    known = service.resources()
    causes = [c for c in known.reasoner.causes if c != variable]
    found = [v for v in (COMPLAINT, *service.findings_of(case)) if _is_found(case, v, variable)]
    frame = counterfactual(
        known.engine, service.evidence_of(case), {variable: state}, [*causes, *found],
        soft=case.soft_evidence,
    ).to_frame()  # fmt: skip
    rest = frame[[known.resting[v] == s for v, s in zip(frame.variable, frame.state, strict=True)]]
    present = dict(zip(rest["variable"], 1.0 - rest["counterfactual"], strict=True))
    return Otherwise(
        {c: present[c] for c in causes}, {v: present[v] for v in found},
        _in_anyone(case, variable, state),
    )  # fmt: skip


def _is_found(case: Case, finding: str, variable: str) -> bool:
    """Say whether a finding is there now, so that one can ask if it still would be."""
    known = service.resources()
    state = case.evidence.get(finding)
    is_effect = str(known.network.meta.get(finding, {}).get("kind")) in {"finding", "test"}
    return finding != variable and is_effect and state not in {None, known.resting.get(finding)}


def _in_anyone(case: Case, variable: str, state: str) -> tuple[float, float]:
    """Return P(twitches) in people of this setting, age and sex, and under the intervention."""
    known = service.resources()
    ground = {v: s for v, s in service.evidence_of(case).items() if v in CONTEXT and v != variable}
    now = known.engine.posterior(ground, targets=[COMPLAINT])
    after = known.engine.posterior(ground, do={variable: state}, targets=[COMPLAINT])
    return service.presence(now, COMPLAINT), service.presence(after, COMPLAINT)


def actionable(case: Case) -> tuple[str, ...]:
    """Return the causes for which something may be done, those that account for most first."""
    known = service.resources()
    targets = {t for action in known.knowledge.actions for t in action.targets}
    groups = {known.knowledge.causes[c].group for c in known.reasoner.causes} & targets
    return tuple(
        e.cause for e in service.differential(case).differential
        if e.cause in targets or e.group in groups
    )  # fmt: skip


def learned(case: Case, variable: str, state: str) -> Beliefs:
    """Return P(present) of every cause if `variable` were seen to be `state`.

    Raises
    ------
    ImpossibleEvidenceError
        If the other findings exclude it.
    """
    for result in results(case, variable):
        if result.state == state:
            return dict(result.present)
    return current(case.with_state(variable, state))


def chances(case: Case, variable: str) -> dict[str, float]:
    """Return how likely each state of a variable is in this case, whatever was entered for it."""
    return dict(service.beliefs(case.with_state(variable, ""))[variable])


def with_prior(case: Case, cause: str, prior: float) -> Beliefs:
    """Return P(present) of every cause had `cause` another prior in this setting.

    The prior odds are multiplied by one factor whatever age and sex, which is what likelihood
    evidence of that ratio on the cause does.
    """
    known = service.resources()
    base = service.presence(service.before(case), cause)
    ratio = odds(prior) / odds(base)
    top = max(1.0, ratio)
    rest = known.resting[cause]
    vector = {s: (1.0 if s == rest else ratio) / top for s in known.network.states(cause)}
    soft = {**case.soft_evidence, cause: vector}
    return _presences(known.engine.posterior(service.evidence_of(case), soft=soft))


@lru_cache(maxsize=32)
def with_figure(case: Case, cause: str, index: int, value: float) -> Beliefs:
    """Return P(present) of every cause had one parameter of the network another value.

    Parameters
    ----------
    case : Case
    cause : str
        The cause in focus, whose parameters `index` counts in.
    index : int
        Position among all parameters.
    value : float
        The others of its row keep their proportions.
    """
    figures = functions(case, cause).parameters
    cut, entry = figures.place(index)
    values = figures.values.copy()
    values[cut] = vary(values[cut], entry, value)
    engine = Engine(figures.rebuild(values))
    return _presences(engine.posterior(service.evidence_of(case), soft=case.soft_evidence))


def _presences(belief: Posterior) -> Beliefs:
    return {c: service.presence(belief, c) for c in service.resources().reasoner.causes}
