"""What if: seeing, doing, and imagining, kept apart.

observed        P(t | e, x)         *learning* that X = x, of someone like this.
intervened      P(t | e; do(x))     *making* X = x in someone else with the same findings after it.
counterfactual  P(t_x | e)          *this* person, all else as it was, had X been x (Pearl 2009).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fascinet.engine.analyses.access import Evidence, Soft, require_possible
from fascinet.engine.analyses.hypotheses import causes
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.engine.analyses.twin import TwinBuilder
from fascinet.model.errors import EvidenceError, ImpossibleEvidenceError
from fascinet.model.network import Network
from fascinet.model.plural import counted

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine


MOST_DOUBLED = 8


@dataclass(frozen=True, eq=False, repr=False)
class Counterfactual(Result):
    """The same question asked of three worlds.

    Attributes
    ----------
    do : dict
        x, the change.
    variables, states : tuples of str
        One row a state of each target.
    posterior : array
        P(t | e), nothing changed.
    observed : array
        P(t | e, x); NaN if e and x exclude each other. A finding on X itself is replaced.
    intervened : array
        P(t | e; do(x)), e read as findings made after the intervention; NaN if they exclude it.
    counterfactual : array
        P(t_x | e): the twin network, noise shared.
    """

    do: dict[str, str]
    evidence: dict[str, str]
    variables: tuple[str, ...]
    states: tuple[str, ...]
    posterior: Array
    observed: Array
    intervened: Array
    counterfactual: Array

    @property
    def effect(self) -> Array:
        """Counterfactual - posterior: what the change would have done for this person."""
        return self.counterfactual - self.posterior

    def columns(self) -> Columns:
        """Return one row a state of each target."""
        return {
            "variable": list(self.variables),
            "state": list(self.states),
            "posterior": self.posterior,
            "observed": self.observed,
            "intervened": self.intervened,
            "counterfactual": self.counterfactual,
        }

    def in_words(self) -> tuple[str, ...]:
        """Return one sentence a row whose three answers differ or move."""
        out: list[str] = []
        change = " and ".join(f"{v}={s}" for v, s in self.do.items())
        for i, (v, s) in enumerate(zip(self.variables, self.states, strict=True)):
            if abs(self.effect[i]) < 5e-4:
                continue
            out.append(
                f"Given these findings, P({v}={s}) is {self.posterior[i]:.3f}. "
                f"Had {change} held for this person, all else equal, it would be "
                f"{self.counterfactual[i]:.3f}. In another person with these findings of whom "
                f"we learn {change}, it is {_shown(self.observed[i])}; in someone who shows these "
                f"findings after {change} was brought about, {_shown(self.intervened[i])}."
            )
        return tuple(out)

    def title(self) -> str:
        """Return the change."""
        change = ", ".join(f"{v}={s}" for v, s in self.do.items())
        return f"Counterfactual: {change} instead, given {counted(len(self.evidence), 'finding')}"

    def summary(self) -> dict[str, Any]:
        """Return the change and the findings."""
        return {"do": self.do, "evidence": self.evidence}


def _shown(p: float) -> str:
    return "impossible" if np.isnan(p) else f"{p:.3f}"


def counterfactual(
    engine: "Engine",
    evidence: Evidence,
    do: Mapping[str, str],
    targets: str | Sequence[str] | None = None,
    *,
    soft: Soft | None = None,
) -> Counterfactual:
    """Return P(targets) as they are, observed, intervened on, and in the counterfactual world.

    Parameters
    ----------
    engine : Engine
    evidence : mapping of str to str
        What was found in the actual world.
    do : mapping of str to str
        What is different in the counterfactual world.
    targets : str or sequence of str, optional
        Default: the descendants of `do`; of a network with causes those that are observed or
        causes themselves, since each variable between the worlds costs.

    Raises
    ------
    UnknownVariableError, UnknownStateError
    EvidenceError
        If `do` is empty.
    ImpossibleEvidenceError
        If P(evidence) = 0.
    """
    if not do:
        raise EvidenceError("counterfactual: expected at least one change in do")
    network = engine.network
    require_possible(engine, evidence, soft)
    if targets is None:
        targets = _told(network, TwinBuilder(network, do).doubled, evidence)
    names = (targets,) if isinstance(targets, str) else tuple(network.check(t) for t in targets)
    imagined = _imagined(engine, evidence, soft, do, names)
    now = engine.posterior(evidence, soft=soft, targets=names)
    free = {v: s for v, s in evidence.items() if v not in do}
    loose = {v: x for v, x in (soft or {}).items() if v not in do}
    seen = _try(engine, free | dict(do), loose, None, names)
    made = _try(engine, free, loose, do, names)
    return Counterfactual(
        dict(do), dict(evidence),
        tuple(t for t in names for _ in network.states(t)),
        tuple(s for t in names for s in network.states(t)),
        frozen(_flat([now.array(t) for t in names])), frozen(seen), frozen(made),
        frozen(imagined),
    )  # fmt: skip


def _told(network: Network, below: frozenset[str], evidence: Evidence) -> list[str]:
    """Return the targets that are told of by default."""
    known = {*causes(network), *evidence}
    found = [v for v in network.variables if v in below]
    return [v for v in found if v in known] if causes(network) else found


def _imagined(
    engine: "Engine",
    evidence: Evidence,
    soft: Soft | None,
    do: Mapping[str, str],
    names: tuple[str, ...],
) -> Array:
    """Return P(t_x | e) of all targets, end to end.

    Only what lies between the change and the targets is doubled, so that a twin network of many
    targets may be far wider than one of each: then each target is asked on its own.
    """
    builder = TwinBuilder(engine.network, do, names, (*evidence, *(soft or {})))
    if len(names) > 1 and len(builder.doubled) > MOST_DOUBLED:
        return np.concatenate([_imagined(engine, evidence, soft, do, (t,)) for t in names])
    twin = type(engine)(builder.build(), budget=engine.budget, backend=engine.backend)
    others = [builder.other(t) for t in names]
    found = twin.posterior(evidence, soft=soft, targets=others)
    return _flat([found.array(o) for o in others])


def _try(
    engine: "Engine",
    evidence: Evidence,
    soft: Soft,
    do: Mapping[str, str] | None,
    names: Sequence[str],
) -> Array:
    """Return posteriors of the targets, NaN if the evidence is impossible there."""
    try:
        found = engine.posterior(evidence, soft=soft, do=do, targets=names)
    except ImpossibleEvidenceError:
        return np.full(sum(len(engine.network.states(t)) for t in names), np.nan)
    return _flat([found.array(t) for t in names])


def _flat(parts: list[Array]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(0)


def twin_network(network: Network, do: Mapping[str, str]) -> Network:
    """Return the twin network of a change; counterfactual variables carry a prime."""
    return TwinBuilder(network, do).build()
