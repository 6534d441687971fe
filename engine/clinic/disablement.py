"""Which findings would vanish without a cause: each cause taken away in turn.

    d(c, f) = P(f_{c at rest} ≠ f as observed | e)

the *expected disablement* of Richens, Lee & Johri (2020, doi:10.1038/s41467-020-17419-7), finding
by finding. Where a cause acts on a finding by one noisy link of its own (straight, by its trigger,
or by a deterministic mechanism), one reverse pass gives d for all such causes and findings at once
(the formula is told in `clinic.responsibility`). A cause that brings about other causes
needs its own twin network; both are exact and agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from fascinet.engine.analyses.access import Evidence, require_possible
from fascinet.engine.analyses.hypotheses import causes as causes_of
from fascinet.engine.analyses.hypotheses import resting_state
from fascinet.engine.analyses.results import Array, Columns, Result, frozen
from fascinet.engine.analyses.twin import TwinBuilder
from fascinet.engine.clinic.divorce import Owner, divorce, flatten
from fascinet.engine.clinic.responsibility import shares
from fascinet.model.errors import OptionError
from fascinet.model.gates import NoisyMax
from fascinet.model.network import Network
from fascinet.model.plural import counted

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine


@dataclass(frozen=True, eq=False, repr=False)
class Disablement(Result):
    """What would vanish without each cause.

    Attributes
    ----------
    causes, findings : tuples of str
    states : tuple of str
        The findings as observed.
    gone : array, shape (causes, findings)
        d(c, f).
    """

    causes: tuple[str, ...]
    findings: tuple[str, ...]
    states: tuple[str, ...]
    gone: Array

    def columns(self) -> Columns:
        """Return one row a cause and finding."""
        seen = list(zip(self.findings, self.states, strict=True))
        rows = [(c, f, s) for c in self.causes for f, s in seen]
        return {
            "cause": [c for c, _, _ in rows],
            "finding": [f for _, f, _ in rows],
            "state": [s for _, _, s in rows],
            "gone": self.gone.ravel(),
        }

    def title(self) -> str:
        """Return the cause without which most would vanish."""
        if not self.gone.size:
            return "No cause is open, or no finding out of its resting state"
        best = int(self.gone.sum(axis=1).argmax())
        return (
            f"Without {self.causes[best]}, {self.gone[best].sum():.2f} of "
            f"{counted(len(self.findings), 'finding')} would be expected to vanish: "
            "the most of any cause"
        )

    def summary(self) -> dict[str, Any]:
        """Return what was asked."""
        return {"causes": list(self.causes), "findings": list(self.findings)}


def without_each_cause(
    engine: "Engine",
    evidence: Evidence,
    causes: Sequence[str] | None = None,
    findings: Sequence[str] | None = None,
) -> Disablement:
    """For each cause, return the probability that each finding would vanish without it.

    Parameters
    ----------
    engine : Engine
    evidence : mapping of str to str
    causes : sequence of str, optional
        Default: all causes of the network that are not in the evidence.
    findings : sequence of str, optional
        Observed variables; default: noisy gates out of their resting state with a cause above
        them. A finding that is a table costs a twin network for each cause, so it must be asked.

    Raises
    ------
    OptionError
        If a finding is not in the evidence.
    UnknownVariableError, UnknownStateError, ImpossibleEvidenceError
    """
    network = engine.network
    require_possible(engine, evidence, None)
    named = causes_of(network) if causes is None else tuple(network.check(c) for c in causes)
    named = tuple(c for c in named if c not in evidence)
    asked = _findings(network, evidence, named) if findings is None else tuple(findings)
    for f in asked:
        if f not in evidence:
            raise OptionError("finding", f, sorted(evidence))
    gone = np.zeros((len(named), len(asked)))
    direct = np.array([[_acts_alone(network, c, f, frozenset(evidence)) for f in asked]
                       for c in named], dtype=bool).reshape(gone.shape)  # fmt: skip
    gates = [j for j, f in enumerate(asked) if isinstance(network.gate(f), NoisyMax)]
    if direct.any():
        owners = [Owner(c, frozenset({c, f"trigger_{c}"})) for c in named]
        flat = [asked[j] for j in gates]
        apart = _flat_engine(
            type(engine), network, tuple(flat), frozenset(evidence), engine.budget, engine.backend
        )
        gone[:, gates] = shares(
            apart.network, apart.derivatives(evidence), flat, evidence, {}, owners
        )
    for i, c in enumerate(named):
        rest = [j for j in range(len(asked)) if not direct[i, j]]
        if rest:
            gone[i, rest] = _by_twin(engine, evidence, c, [asked[j] for j in rest])
    return Disablement(named, asked, tuple(evidence[f] for f in asked), frozen(gone))


def _findings(network: Network, evidence: Evidence, named: Sequence[str]) -> tuple[str, ...]:
    """Return the noisy findings out of their resting state that some cause may bring about."""
    out: list[str] = []
    for v, s in evidence.items():
        moved = network.state_index(v, s) != resting_state(network, v)
        moved &= isinstance(network.gate(v), NoisyMax)
        if moved and not nx.ancestors(network.graph, v).isdisjoint(named):
            out.append(v)
    return tuple(out)


@lru_cache(maxsize=4096)
def _acts_alone(network: Network, cause: str, finding: str, observed: frozenset[str]) -> bool:
    """Whether the cause acts on the finding by one noisy link of its own, or not at all."""
    flat = flatten(network, finding, observed)
    if flat is None or resting_state(network, cause) != 0:
        return False
    trigger = f"trigger_{cause}"
    mine = {p for p in flat.parents if p in (cause, trigger)}
    if len(mine) > 1 or (trigger in observed):
        return False
    if trigger in mine:
        gate = network.gate(trigger)
        if network.parents(trigger) != (cause,) or gate.to_table()[0, 0] != 1.0:
            return False
    for p in mine:
        if flat.links[flat.parents.index(p)][0, 0] != 1.0:
            return False
    below = nx.descendants(network.graph, cause)
    others = [p for p in flat.parents if p in below and p not in mine]
    return not others


def _by_twin(
    engine: "Engine", evidence: Evidence, cause: str, findings: Sequence[str]
) -> list[float]:
    """Return d of one cause from its own twin network."""
    network = engine.network
    rest = network.states(cause)[resting_state(network, cause)]
    twin, others = _twin_engine(
        type(engine), network, (cause, rest), tuple(findings), tuple(evidence), engine.budget,
        engine.backend,
    )  # fmt: skip
    found = twin.posterior(evidence, targets=others)
    return [
        0.0 if o == f else 1.0 - float(found.array(o)[network.state_index(f, evidence[f])])
        for f, o in zip(findings, others, strict=True)
    ]


@lru_cache(maxsize=64)
def _flat_engine(
    make: Any,
    network: Network,
    findings: tuple[str, ...],
    observed: frozenset[str],
    budget: int,
    backend: str,
) -> Any:
    """Return the engine of the network with the findings' mechanisms replaced by their parents."""
    return make(divorce(network, findings, observed, ()), budget=budget, backend=backend)


@lru_cache(maxsize=256)
def _twin_engine(
    make: Any,
    network: Network,
    change: tuple[str, str],
    findings: tuple[str, ...],
    observed: tuple[str, ...],
    budget: int,
    backend: str,
) -> tuple[Any, tuple[str, ...]]:
    """Return the engine of a twin network, and the findings' names in the other world."""
    builder = TwinBuilder(network, dict([change]), findings, observed)
    twin = make(builder.build(), budget=budget, backend=backend)
    return twin, tuple(builder.other(f) for f in findings)
