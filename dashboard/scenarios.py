"""What if: another finding, an intervention, another past, another prior, another figure."""

from functools import lru_cache

from fascinet.dashboard import service
from fascinet.dashboard.reasons import odds
from fascinet.dashboard.state import Case
from fascinet.dashboard.sureness import functions
from fascinet.engine.analyses.counterfactual import counterfactual
from fascinet.engine.analyses.covariation import vary
from fascinet.engine.api.engine import Engine
from fascinet.engine.api.posterior import Posterior

WORLDS = ("observed", "intervened", "counterfactual")
Beliefs = dict[str, float]


def current(case: Case) -> Beliefs:
    """Return P(present) of every cause as the case stands."""
    belief = service.beliefs(case)
    return {c: service.presence(belief, c) for c in service.resources().reasoner.causes}


@lru_cache(maxsize=64)
def worlds(case: Case, variable: str, state: str) -> dict[str, Beliefs]:
    """Return P(present) of every cause in the three worlds of one change.

    Returns
    -------
    dict
        observed, intervened and counterfactual; NaN where the change is impossible.
    """
    known = service.resources()
    causes = [c for c in known.reasoner.causes if c != variable]
    evidence = service.evidence_of(case)
    found = counterfactual(
        known.engine, evidence, {variable: state}, causes, soft=case.soft_evidence
    )
    frame = found.to_frame()
    rest = frame[[known.resting[v] == s for v, s in zip(frame.variable, frame.state, strict=True)]]
    return {w: dict(zip(rest["variable"], 1.0 - rest[w], strict=True)) for w in WORLDS}


def with_prior(case: Case, cause: str, prior: float) -> Beliefs:
    """Return P(present) of every cause had `cause` another prior in this setting.

    The prior odds are multiplied by one factor whatever age and sex, which is what likelihood
    evidence of that ratio on the cause does.
    """
    known = service.resources()
    base = service.presence(service.prior_beliefs(case.setting), cause)
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
